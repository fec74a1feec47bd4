"""Amounts posted by hand: exact, explained on the statement, paid in the first open period, never on one's own pay."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from incentives.models import LedgerEntry, PeriodState
from incentives.selectors import statement_get
from incentives.selectors.adjusting import adjustment_places
from incentives.services import AdjustmentRefused, adjustment_make, period_state_set
from spm.access.models import Role
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import World, make_world, put_order
from tests.support.desks import Desk, desk_build
from tests.support.factories import make_member, make_user


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


def place_of(world: World) -> str:
    [place] = adjustment_places(world.payees[0], [world.period("2024-03")])[world.period("2024-03").pk]
    return place.key


def make(world: World, **values):
    given = {"payee": world.payees[0], "place": place_of(world), "earning_period": world.period("2024-03"), "amount": Decimal("-12.34"), "note": "Agreed"}
    return adjustment_make(**{**given, **values})


def test_an_amount_is_posted_exactly_in_its_own_period_while_that_is_open(scope) -> None:
    world = make_world(1)
    entry = make(world)
    assert (entry.amount, entry.scale, entry.currency, entry.pay_period.code) == (-1234, 2, "USD", "2024-03")
    assert statement_get(world.payees[0], world.period("2024-03")).adjusted == {"USD": Decimal("-12.34")}


def test_for_a_closed_period_it_is_paid_in_the_first_open_one(scope) -> None:
    world = make_world(1)
    payee = world.payees[0]
    for code in ("2024-03", "2024-04"):
        period_state_set(period=world.period(code), pay_group=payee.pay_group, legal_entity=payee.legal_entity, state=PeriodState.State.CLOSED)
    entry = make(world)
    assert (entry.earning_period.code, entry.pay_period.code) == ("2024-03", "2024-05")
    world.run()
    assert statement_get(payee, world.period("2024-03")).adjusted == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": Decimal("0.00")}, "amount"), ({"amount": Decimal("1.005")}, "amount"), ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal(10) ** 12}, "amount"), ({"note": " "}, "note"), ({"place": "else/where/bonus"}, "component"),
    ],
)  # fmt: skip
def test_what_cannot_be_posted_is_refused_by_its_field(scope, given, field) -> None:
    world = make_world(1)
    with pytest.raises(AdjustmentRefused) as refused:
        make(world, **given)
    assert refused.value.field == field
    assert LedgerEntry.objects.count() == 0


def test_nobody_adjusts_his_own_pay(scope) -> None:
    world = make_world(2)
    user = make_user()
    make_member(user, Role.COMP_ADMIN, payee=world.payees[0])
    with pytest.raises(AdjustmentRefused, match="own pay"):
        make(world, actor_id=user.pk)
    own = adjustment_places(world.payees[1], [world.period("2024-03")])[world.period("2024-03").pk][0].key
    make(world, payee=world.payees[1], place=own, actor_id=user.pk)


def test_from_the_statement_in_the_browser(desk) -> None:
    statement = f"/t/acme/people/{desk.rep.uid}/statements/2026-02/"
    admin = desk.client(None, Role.COMP_ADMIN)

    def page(client: Client, path: str) -> str:
        return client.get(path).content.decode()

    assert f"{statement}adjustments/new/" in page(admin, statement)
    assert "adjustments/new" not in page(desk.client(desk.rep, Role.REP), statement)
    form = page(admin, f"{statement}adjustments/new/")
    assert "data-confirm" in form
    key = form.split('<select name="component"')[1].split('<option value="')[1].split('"')[0]
    answer = admin.post(f"{statement}adjustments/new/", {"component": key, "period": "2026-02", "amount": "-1.01", "note": "Agreed with Ava"})
    assert (answer.status_code, answer.url) == (302, statement)
    after = page(admin, statement)
    assert "it is paid with the statement of 2026-02" in after
    assert "by hand: Agreed with Ava" in after
    bad = admin.post(f"{statement}adjustments/new/", {"component": key, "period": "2026-02", "amount": "1.005", "note": "x"})
    assert (bad.status_code, "2 decimals at most" in bad.content.decode()) == (400, True)
    assert desk.client(None, Role.FINANCE).get(f"{statement}adjustments/new/").status_code == 403


def test_by_api(tenant) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("1", world.payees[0], "2024-03-05", 1000_00)
        world.run()
        march = world.period("2024-03").uid
    admin, payee = make_caller(tenant, Role.COMP_ADMIN), world.payees[0]
    given = {"component": "commission", "period": str(march), "amount": "-12.34", "note": "Agreed"}
    made = admin.post(f"payees/{payee.uid}/adjustments/", given)
    assert (made.status_code, made.json()["amount"], made.json()["plan"], made.json()["pay_period_code"]) == (201, "-12.34", "direct", "2024-03")
    statement = admin.get(f"payees/{payee.uid}/statements/{march}/").json()
    assert (statement["adjusted"], statement["total"]) == ({"USD": "-12.34"}, {"USD": "37.66"})
    refused = admin.post(f"payees/{payee.uid}/adjustments/", {**given, "component": "bonus"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "component")
    assert make_caller(tenant, Role.FINANCE).post(f"payees/{payee.uid}/adjustments/", given).status_code == 403
