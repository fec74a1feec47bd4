"""Import pages in the order of a person's steps: upload, dry run, preview, import, errors, take back."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from spm.imports.models import Batch
from spm.jobs.execution import job_run_here
from spm.people.models import Payee
from spm.sales.models import Order
from spm.tenancy.scope import tenant_scope
from tests.imports.conftest import ORDERS
from tests.support.factories import make_entity, make_member, make_user

pytestmark = pytest.mark.django_db


def run_job(tenant) -> Batch:
    with tenant_scope(tenant.pk):
        batch = Batch.objects.select_related("job").get()
    job_run_here(tenant_id=tenant.pk, job_id=batch.job_id)
    with tenant_scope(tenant.pk):
        return Batch.objects.get()


@pytest.fixture
def address(tenant, client) -> str:
    with tenant_scope(tenant.pk):
        user = make_user()
        make_member(user, "comp_admin")
        Payee.objects.create(source="crm", external_id="ann", legal_entity=make_entity(), pay_currency="USD")
    client.force_login(user)
    return f"/t/{tenant.slug}/imports/"


def test_upload_preview_import_and_take_back(tenant, client, address):
    assert b"Nothing was imported yet" in client.get(address).content
    assert client.get(address + "new/").status_code == 200
    file = SimpleUploadedFile("orders.csv", b"Id,Date,Owner,Amount\n1,2024-03-05,ann,10.50\n2,2024-03-05,zoe,1\n")
    answer = client.post(address + "new/", {"files": [file], "text": ORDERS, "code": "crm-orders"})
    assert answer.status_code == 302
    page = answer["Location"]
    batch = run_job(tenant)
    assert batch.state == "previewed"
    shown = client.get(page).content.decode()
    assert "there is no payee zoe" in shown
    assert "Import now" in shown
    with tenant_scope(tenant.pk):
        assert Order.objects.count() == 0
    assert client.post(page + "start/").status_code == 302
    assert run_job(tenant).state == "imported"
    assert "Take back" in client.get(page).content.decode()
    errors = client.get(page + "errors.csv").content.decode("utf-8-sig").splitlines()
    assert errors[1].startswith("orders.csv,3,Owner,there is no payee zoe,")
    assert client.post(page + "roll-back/").status_code == 302
    assert b"Rolled back" in client.get(page).content
    assert b"crm-orders" in client.get(address + "new/").content


def test_a_mapping_that_does_not_fit_is_told_on_the_page(client, address):
    file = SimpleUploadedFile("orders.csv", b"Id\n1\n")
    answer = client.post(address + "new/", {"files": [file], "text": ORDERS.replace("target: order", "target: ordre")})
    assert answer.status_code == 422
    assert b"There is no target" in answer.content


def test_a_rep_may_neither_see_nor_start_imports(tenant, client, address):
    with tenant_scope(tenant.pk):
        user = make_user()
        make_member(user, "rep")
    client.force_login(user)
    assert client.get(address).status_code == 403
    assert client.post(address + "new/").status_code == 403
