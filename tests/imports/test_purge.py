"""Contents of imported rows are forgotten by age, at night: totals and counts stay, the page says so, and what is under way is left alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from spm.imports.drafts import batch_draft
from spm.imports.models import Batch, BatchFile, StagedRow, UndoRow
from spm.imports.purge import rows_purge
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back, can_roll_back
from spm.imports.selectors import batch_summary
from spm.imports.services import import_run
from spm.jobs.housekeeping import housekeeping_run
from spm.sales.models import OrderVersion
from spm.tenancy.scope import tenant_scope
from spm.told import shown
from tests.imports.conftest import ORDERS
from tests.imports.test_pages import address, run_job  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db
POSITIONS = "import: 1\nsource: hr\ntarget: position\nfields: {code: code, title: title}\n"


def later(days: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days)


def test_after_ninety_days_the_rows_are_gone_and_the_totals_stand(orders):
    batch = orders("1,2024-03-05,ann,10.50", "2,2024-03-05,nobody,1")
    before = batch_summary(batch)
    assert housekeeping_run(now=later(89))["import rows"] == 0
    assert StagedRow.objects.count() == 2
    assert housekeeping_run(now=later(91))["import rows"] == 2
    assert not StagedRow.objects.exists()
    batch.refresh_from_db()
    assert batch_summary(batch) == before
    assert (batch.rows_rejected, batch.state, batch.error) == (1, "imported", "")
    assert OrderVersion.objects.count() == 1, "the record is not touched"
    assert housekeeping_run(now=later(92))["import rows"] == 0


def test_the_age_is_a_setting(orders, settings):
    orders("1,2024-03-05,ann,10.50")
    settings.IMPORT_ROWS_DAYS = 7
    assert rows_purge(now=later(6)) == 0
    assert rows_purge(now=later(8)) == 1


def test_facts_are_taken_back_after_it_too_but_rows_without_a_history_are_not(orders):
    facts = orders("1,2024-03-05,ann,10.50")
    plain = import_run(mapping_text=POSITIONS, files=[Source("p.csv", content=b"code,title\nP1,Seller\n")])
    assert UndoRow.objects.exists()
    rows_purge(now=later(91))
    assert not UndoRow.objects.exists()
    assert batch_roll_back(batch=facts) == 1
    assert not can_roll_back(plain)


def test_a_file_that_nobody_imported_goes_with_a_reason(scope):
    draft = batch_draft(files=[Source("orders.csv", content=b"Id\n1\n")])
    fresh = batch_draft(files=[Source("later.csv", content=b"Id\n1\n")])
    Batch.objects.filter(pk=fresh.pk).update(created_at=later(50))
    assert rows_purge(now=later(91)) == 1
    draft.refresh_from_db()
    assert draft.state == "failed"
    assert shown(draft.error) == "This import was not finished within 90 days, so its file was dropped. Upload the file again."
    assert [file.batch_id for file in BatchFile.objects.all()] == [fresh.pk]


def test_the_page_says_so_and_what_is_queued_is_left_alone(tenant, client, address):  # noqa: F811
    file = SimpleUploadedFile("orders.csv", b"Id,Date,Owner,Amount\n1,2024-03-05,ann,10.50\n2,2024-03-05,zoe,1\n")
    page = client.post(address + "new/", {"files": [file], "text": ORDERS})["Location"]
    with tenant_scope(tenant.pk):
        assert rows_purge(now=later(91)) == 0, "its dry run is queued"
    run_job(tenant)
    client.post(page + "start/")
    run_job(tenant)
    assert "there is no payee zoe" in client.get(page).content.decode()
    with tenant_scope(tenant.pk):
        assert rows_purge(now=later(91)) == 2
    html = client.get(page).content.decode()
    assert "The contents of the rows were dropped" in html
    assert "older than 90 days. Totals and counts stay." in html
    assert "The refused rows are no longer kept" in html
    assert "zoe" not in html
    assert "Take back" in html
