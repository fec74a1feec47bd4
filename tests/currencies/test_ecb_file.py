"""The bank's whole file of daily rates since 1999, imported as people do it and compared with a plain reading of the same file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from spm.access.models import Role, User
from spm.currencies.ecb import NAME, ecb_csv, mapping_for
from spm.currencies.models import FxRate
from spm.currencies.selectors import rates_on
from spm.imports.models import Batch
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.jobs.execution import job_run_here
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_member

pytestmark = pytest.mark.django_db
D = dt.date


@pytest.fixture
def bank_file(shared_dir) -> Path:
    return shared_dir / "data" / "fx" / "eurofxref_hist.csv"


def plainly(path: Path, since: str = "") -> dict[tuple[str, dt.date], Decimal]:
    """(currency, day) -> rate, by the csv module alone."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Date"] >= since]
    return {(code, D.fromisoformat(row["Date"])): Decimal(rate) for row in rows for code, rate in row.items() if code != "Date" and rate}


def test_the_one_form_holds_every_rate_of_the_file(bank_file):
    expected = plainly(bank_file)
    assert len(expected) > 200_000
    assert len({code for code, _day in expected}) == 41
    made = csv.DictReader(io.StringIO(ecb_csv(bank_file.read_bytes()).decode()))
    assert {(code, D.fromisoformat(row["Date"])): Decimal(rate) for row in made for code, rate in row.items() if code != "Date" and rate} == expected


def test_every_rate_of_five_years_is_in_the_record_and_no_other(scope, bank_file):
    """The years hold the last rouble (1 March 2022) and the last kuna (end of 2022)."""
    since = D(2021, 11, 1)
    expected = plainly(bank_file, since.isoformat())
    batch = import_run(mapping_text=mapping_for("ecb-daily"), files=[Source(NAME, content=ecb_csv(bank_file.read_bytes(), since=since))])
    assert (batch.rows_file, batch.rows_new, batch.rows_rejected, batch.rows_left_out) == (len(expected), len(expected), 0, 0)
    found = FxRate.objects.filter(base="EUR", rate_type="ecb-daily", known_to=None)
    assert {(quote, day): rate for quote, day, rate in found.values_list("quote", "valid_from", "fx_rate")} == expected
    for code in ("USD", "RUB", "HRK"):
        days = sorted(day for quote, day in expected if quote == code)
        assert found.filter(quote=code).count() == len(days)
    assert max(day for quote, day in expected if quote == "RUB") == D(2022, 3, 1)
    # As the bank published them.
    assert ecb_on(D(2022, 3, 1)) == {"USD": Decimal("1.1162"), "RUB": Decimal("117.201")}
    friday = {code: expected[code, D(2026, 10, 23)] for code in ("USD", "JPY")}
    assert {rate.quote: rate.fx_rate for rate in rates_on(day=D(2026, 10, 25)) if rate.quote in friday} == friday, "a Friday's rate holds over the weekend"


def ecb_on(day: dt.date) -> dict[str, Decimal]:
    return {rate.quote: rate.fx_rate for rate in rates_on(day=day) if rate.quote in {"USD", "RUB"}}


def test_the_rates_page_takes_the_file_and_the_import_is_previewed_then_done(tenant, bank_file):
    expected = plainly(bank_file, "2026-09-01")
    with tenant_scope(tenant.pk):
        user = User.objects.create_user("fx@example.com", None)
        make_member(user, Role.COMP_ADMIN)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    file = SimpleUploadedFile("eurofxref-hist.csv", bank_file.read_bytes())
    answer = client.post(f"/t/{tenant.slug}/fx-rates/ecb/", {"file": file, "rate_type": "month-end", "since": "2026-09-01"})
    assert answer.status_code == 302
    for state, written in (("previewed", 0), ("imported", len(expected))):
        with tenant_scope(tenant.pk):
            job = Batch.objects.get().job_id
        job_run_here(tenant_id=tenant.pk, job_id=job)
        with tenant_scope(tenant.pk):
            batch = Batch.objects.get()
            assert (batch.state, batch.rows_accepted, FxRate.objects.count()) == (state, len(expected), written)
        if state == "previewed":
            assert client.post(answer["Location"] + "start/").status_code == 302
    with tenant_scope(tenant.pk):
        assert {(r.quote, r.valid_from): r.fx_rate for r in FxRate.objects.all()} == expected
