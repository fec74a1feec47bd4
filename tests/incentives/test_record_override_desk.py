"""Results set by hand at the desk and by the API: set from a form, shown to the payee with the old value, given back; who may not."""

from __future__ import annotations

from typing import Any

import pytest

from incentives.models import ResultOverride
from incentives.services import recompute
from spm.access.models import Role
from spm.audit.models import AuditEntry
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import make_world, put_order
from tests.support.desks import TODAY, Desk, desk_build

LIST = "/t/acme/holds/results/"


@pytest.fixture
def desk(scope: Any) -> Desk:
    return desk_build(scope)


def test_a_result_is_set_at_the_desk_and_the_payee_reads_why(desk: Desk) -> None:
    admin = desk.client(None, Role.COMP_ADMIN)
    assert "No result is set by hand" in admin.get(LIST).content.decode()
    given = {"order": "crm:S2", "component": "commission", "payee": desk.rep.external_id, "amount": "77.70", "reason": "Agreed with the customer"}
    assert admin.post(f"{LIST}new/", given).status_code == 302
    item = ResultOverride.objects.get()
    shown = admin.get(LIST).content.decode()
    assert "Agreed with the customer" in shown
    assert "77.70" in shown
    recompute(business_date=TODAY)
    own = desk.client(desk.rep, Role.REP)
    line = own.get(f"/t/acme/people/{desk.rep.uid}/statements/2026-02/commission/lines/crm:S2/").content.decode()
    assert "Result set by hand, for the whole order" in line
    assert "Agreed with the customer" in line
    assert "in place of" in own.get(f"/t/acme/people/{desk.rep.uid}/statements/2026-02/").content.decode()
    assert admin.post(f"{LIST}{item.uid}/back/", {"note": "withdrawn"}).status_code == 302
    assert "withdrawn" in admin.get(LIST).content.decode()
    assert list(AuditEntry.objects.filter(action__startswith="result.").values_list("action", flat=True).order_by("sequence")) == [
        "result.set",
        "result.give_back",
    ]


def test_a_wrong_form_names_its_field(desk: Desk) -> None:
    admin = desk.client(None, Role.COMP_ADMIN)
    given = {"order": "crm:S9", "component": "commission", "payee": desk.rep.external_id, "amount": "5", "reason": "x"}
    answer = admin.post(f"{LIST}new/", given)
    assert answer.status_code == 400
    assert "There is no order crm:S9" in answer.content.decode()
    assert not ResultOverride.objects.exists()


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER])
def test_who_may_not_adjust_pay_sees_no_desk(desk: Desk, role: str) -> None:
    client = desk.client(desk.rep, role)
    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}new/", {}).status_code == 403


def test_the_api_sets_lists_and_gives_back(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("1", world.payees[0], "2024-01-10", 1000_00)
        world.run()
        payee = str(world.payees[0].uid)
    caller = make_caller(tenant, Role.COMP_ADMIN)
    path = f"/api/v1/t/{tenant.slug}/result-overrides/"
    given = {"order": "test:1", "component": "commission", "payee": payee, "amount": "12.5", "reason": "letter"}
    made = caller.post(path, given)
    assert made.status_code == 201, made.content
    assert (made.json()["amount"], made.json()["calculated"], made.json()["currency"]) == ("12.50", "50.00", "USD")
    assert caller.post(path, given).status_code == 409
    assert [row["uid"] for row in caller.get(path, state="open").json()["results"]] == [made.json()["uid"]]
    assert caller.post(f"{path}{made.json()['uid']}/lift/", {}).json()["lifted_at"]
    assert caller.get(path, state="open").json()["results"] == []
    assert make_caller(tenant, Role.REP).post(path, given).status_code == 403
