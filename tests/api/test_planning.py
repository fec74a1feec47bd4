"""Quotas and territories through the API: exact, dated, by planning alone."""

from __future__ import annotations

import pytest

from spm.access.models import Role
from spm.jobs.models import Job
from spm.sales.models import Account
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.factories import make_position


@pytest.fixture
def planner(tenant):
    with tenant_scope(tenant.pk):
        make_position("AE")
    return make_caller(tenant, Role.PLANNING_ADMIN)


QUOTA = {"position": "AE", "measure": "sales", "start": "2024-01-01", "end": "2025-01-01", "amount": "120000.005", "currency": "USD"}


def test_a_quota_is_set_read_as_known_then_and_ended(tenant, planner) -> None:
    made = planner.post("quotas/set/", QUOTA).json()
    assert [(row["amount"], row["currency"], row["valid_from"], row["valid_to"]) for row in made] == [("120000.005", "USD", "2024-01-01", "2025-01-01")]
    auditor = make_caller(tenant, Role.AUDITOR)
    assert planner.post("quotas/end/", {"position": "AE", "measure": "sales", "day": "2024-07-01"}).status_code == 204
    assert auditor.get("quotas/", on="2024-08-01").json()["results"] == []
    assert [row["valid_to"] for row in auditor.get("quotas/", on="2024-03-01").json()["results"]] == ["2024-07-01"]


def test_a_territory_is_made_changed_and_covered(planner) -> None:
    assert planner.post("territories/set/", {"code": "N", "name": "North"}).json()["name"] == "North"
    changed = planner.post("territories/set/", {"code": "N", "name": "Far north", "country": "NO"}).json()
    assert (changed["name"], changed["country"]) == ("Far north", "NO")
    cover = {"territory": "N", "position": "AE"}
    assert len(planner.post("territory-assignments/set/", {**cover, "start": "2024-01-01"}).json()) == 1
    assert planner.post("territory-assignments/end/", {**cover, "day": "2024-06-01"}).status_code == 204
    assert planner.get("territory-assignments/", on="2024-07-01").json()["results"] == []


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.FINANCE, Role.AUDITOR, Role.HR, Role.TENANT_ADMIN])
def test_others_set_no_quota(tenant, planner, role) -> None:
    assert make_caller(tenant, role).post("quotas/set/", QUOTA).status_code == 403
    assert planner.get("quotas/").json()["results"] == []


def test_an_accounts_territory_and_the_rule_are_set_read_and_ended(tenant, planner) -> None:
    with tenant_scope(tenant.pk):
        Account.objects.create(source="crm", external_id="acme")
    planner.post("territories/set/", {"code": "N", "name": "North"})
    account = {"source": "crm", "account": "acme"}
    [row] = planner.post("account-territories/set/", {**account, "territory": "N", "start": "2024-01-01"}).json()
    assert (row["account"]["external_id"], row["territory"]) == ("acme", "N")
    assert planner.post("account-territories/set/", {**account, "account": "other", "territory": "N", "start": "2024-01-01"}).status_code == 409
    assert planner.post("account-territories/end/", {**account, "day": "2024-06-01"}).status_code == 204
    assert [row["valid_to"] for row in planner.get("account-territories/", account="acme").json()["results"]] == ["2024-06-01"]
    [rule] = planner.post("territory-crediting/set/", {"source": "crm", "priority": "owner", "start": "2024-01-01"}).json()
    assert (rule["source"], rule["priority"]) == ("crm", "owner")
    assert planner.post("territory-crediting/end/", {"source": "crm", "day": "2024-09-01"}).status_code == 204
    assert [row["valid_to"] for row in planner.get("territory-crediting/").json()["results"]] == ["2024-09-01"]
    with tenant_scope(tenant.pk):
        assert Job.objects.filter(kind="crediting").exists(), "orders change hands without waiting for the night"


def test_others_move_no_account(tenant, planner) -> None:
    assert make_caller(tenant, Role.FINANCE).post("territory-crediting/set/", {"priority": "owner", "start": "2024-01-01"}).status_code == 403
