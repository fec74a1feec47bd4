"""Imports through the API: dry run first, errors with line and cure, imported once, taken back; by a key once."""

from __future__ import annotations

import base64

import pytest

from spm.access.models import Role
from spm.jobs.execution import job_run_here
from spm.jobs.models import Job
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.api.support import Caller, make_caller
from tests.support.factories import make_tenant

MAPPING = """\
import: 1
source: crm
target: account
fields:
  external_id: Id
  name: Name
  employees: Employees
"""
FILE = b"Id,Name,Employees\nA1,Acme,10\nA2,Globex,many\nA3,Initech,30\n"


def _upload(caller: Caller, content: bytes = FILE, **headers: str):
    file = {"name": "accounts.csv", "content": base64.b64encode(content).decode()}
    return caller.post("imports/", {"mapping": MAPPING, "files": [file]}, **headers)


def _work(tenant: Tenant) -> None:
    """Does the queued jobs here, as a worker would."""
    with tenant_scope(tenant.pk):
        ids = list(Job.objects.filter(parent=None, state="queued").values_list("pk", flat=True))
    for job_id in ids:
        job_run_here(tenant_id=tenant.pk, job_id=job_id)


@pytest.mark.django_db(transaction=True)
def test_a_file_is_checked_first_then_imported_told_and_taken_back() -> None:
    tenant = make_tenant("acme")
    loader = make_caller(tenant, Role.COMP_ADMIN)
    uid = _upload(loader).json()["uid"]
    _work(tenant)
    checked = loader.get(f"imports/{uid}/").json()
    assert (checked["state"], checked["rows"]["accepted"], checked["rows"]["rejected"]) == ("previewed", 2, 1)
    assert [row["values"]["name"] for row in loader.get(f"imports/{uid}/preview/").json()] == ["Acme", "Initech"]
    refused = loader.get(f"imports/{uid}/rejected-rows/").json()["results"][0]
    assert (refused["line"], refused["column"], bool(refused["cause"]), bool(refused["mend"])) == (3, "Employees", True, True)
    assert loader.get("accounts/").json()["results"] == []
    assert loader.post(f"imports/{uid}/start/").status_code == 200
    _work(tenant)
    assert loader.get(f"imports/{uid}/").json()["state"] == "imported"
    assert [row["external_id"] for row in loader.get("accounts/").json()["results"]] == ["A1", "A3"]
    assert loader.post(f"imports/{uid}/roll-back/").status_code == 200
    _work(tenant)
    assert loader.get("accounts/").json()["results"] == []


def test_a_key_makes_one_import_and_another_file_under_it_is_refused(tenant) -> None:
    loader = make_caller(tenant, Role.COMP_ADMIN)
    first, second = (_upload(loader, **{"Idempotency-Key": "k"}) for _i in range(2))
    assert first.json()["uid"] == second.json()["uid"]
    assert _upload(loader, FILE + b"A4,Umbrella,1\n", **{"Idempotency-Key": "k"}).status_code == 422
    assert len(loader.get("imports/").json()["results"]) == 1


def test_a_broken_mapping_is_refused_with_its_place(tenant) -> None:
    loader = make_caller(tenant, Role.COMP_ADMIN)
    assert loader.post("import-mappings/", {"code": "crm", "text": MAPPING}).status_code == 200
    broken = loader.post("import-mappings/", {"code": "crm", "text": "source: x"})
    assert (broken.status_code, broken.json()["code"]) == (409, "refused")
    assert "import" in broken.json()["detail"]


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.FINANCE, Role.AUDITOR, Role.TENANT_ADMIN])
def test_others_import_nothing(tenant, role) -> None:
    assert _upload(make_caller(tenant, role)).status_code == 403
