"""Rewards that are not money, and components that are evaluated and not paid: in the run, on the statement, hidden from whom they are hidden."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from incentives.models import LedgerEntry
from incentives.selectors import component_traces, line_trace, statement_get
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.rewards import EvaluatedTotal, evaluated_totals
from spm.access.models import Role
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import PLAN, World, make_world, put_order

TEXT = (
    PLAN
    + """\
  - name: points
    label: Club points
    formula: round(sales / 100, 0, "down")
    unit: points
  - {name: richer, label: Richer plan, base: sales, pay_rate: {flat: 7%}, hidden: true}
  - {name: shadow, label: Shown only, base: sales, pay_rate: {flat: 1%}, paid: false}
"""
)
JAN = dt.date(2024, 1, 31)


@pytest.fixture
def world(scope: Any) -> World:
    world = make_world(2, text=TEXT)
    put_order("1", world.payees[0], "2024-01-10", 1234_56)
    put_order("2", world.payees[1], "2024-01-10", 200_00)
    world.run(business_date=JAN)
    return world


def test_points_stand_on_the_statement_beside_its_sums(world: World) -> None:
    view = statement_get(world.payees[0], world.period("2024-01"))
    assert view.total == {"USD": Decimal("61.73")}
    assert [(item.label, item.unit, item.amount) for item in view.rewards] == [("Club points", "points", Decimal(12))]


def test_only_money_enters_the_ledger(world: World) -> None:
    assert set(LedgerEntry.objects.values_list("component", flat=True)) == {"commission"}


def test_an_administrator_sees_what_is_evaluated_with_totals(world: World) -> None:
    assert evaluated_totals(world.version) == [
        EvaluatedTotal("points", "Club points", "points", False, "2024-01", 2, Decimal(14)),
        EvaluatedTotal("richer", "Richer plan", "", True, "2024-01", 2, Decimal("100.42")),  # 86.42 + 14.00
        EvaluatedTotal("shadow", "Shown only", "", False, "2024-01", 2, Decimal("14.35")),
    ]


def test_what_is_hidden_is_in_no_trace_and_what_is_only_not_paid_is(world: World) -> None:
    period = world.period("2024-01")
    [trace] = component_traces(world.payees[0], period=period)
    assert "richer" not in repr(trace.tree)
    assert {node["name"] for node in trace.tree["aside"]} == {"points", "shadow"}
    seen = line_trace(world.payees[0], period=period, version_id=world.version.pk, seat_id=world.seats[0].pk, component="richer")
    assert seen is None


def test_nothing_is_posted_by_hand_to_what_is_not_money(world: World) -> None:
    period = world.period("2024-01")
    assert [place.component for place in adjustment_places(world.payees[0], [period])[period.pk]] == ["commission"]


def test_who_reads_the_totals_and_the_rewards_by_api(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1, text=TEXT)
        put_order("1", world.payees[0], "2024-01-10", 1234_56)
        world.run(business_date=JAN)
        version, payee, period = world.version.uid, world.payees[0], world.period("2024-01").uid
    rows = make_caller(tenant, Role.COMP_ADMIN).get(f"plan-versions/{version}/evaluated/").json()
    assert [(row["component"], row["is_hidden"], row["amount"]) for row in rows] == [
        ("points", False, "12"), ("richer", True, "86.42"), ("shadow", False, "12.35"),
    ]  # fmt: skip
    rep = make_caller(tenant, Role.REP, payee=payee)
    assert rep.get(f"plan-versions/{version}/evaluated/").status_code == 403
    answer = rep.get(f"payees/{payee.uid}/statements/{period}/")
    assert [(row["component"], row["amount"], row["unit"]) for row in answer.json()["rewards"]] == [("points", "12", "points")]
    assert "richer" not in answer.content.decode()
