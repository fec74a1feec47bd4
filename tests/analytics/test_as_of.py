"""A statement as it was: after each run what it said then, whatever came later, two runs side by side, for those alone who may see it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import Run
from incentives.selectors import statement_as_of, statement_changed, statement_get, statement_runs
from incentives.services import adjustment_make, recompute
from spm.access.models import Role
from spm.calendars.models import Period
from tests.api.support import make_caller
from tests.incentives.test_adjustments import place_of
from tests.incentives.world import PLAN, World, make_world, put_order
from tests.support.desks import TODAY, Desk, desk_build, order_write

DRAW = PLAN + "draws:\n  - {name: ramp, label: Ramp draw, amount: 1500}\npayment: {negative: carry}\n"


@pytest.fixture
def desk(scope, monkeypatch) -> Desk:
    """January: 3,600.00 after run 1, 3,660.00 after run 2."""
    monkeypatch.setattr("analytics.pages.common.today_of", lambda request: TODAY)
    desk = desk_build(scope)
    order_write("LATE", desk.rep, dt.date(2026, 1, 25), 1_000_00)
    recompute(business_date=TODAY)
    return desk


def test_after_each_run_it_says_what_it_said_then_balances_included(scope) -> None:
    world: World = make_world(1, text=DRAW)
    ann, january = world.payees[0], world.period("2024-01")
    seen = []
    for number, cents in enumerate((10_000_00, 6_000_00, 30_000_00)):
        put_order(str(number), ann, "2024-01-10", cents)
        world.run(business_date=dt.date(2024, 1, 31))
        now = statement_get(ann, january)
        seen.append((now.parts, now.payments, now.total, now.balances))
    adjustment_make(payee=ann, place=place_of(world), earning_period=january, amount=Decimal("-1.01"), note="Agreed")
    runs = list(Run.objects.order_by("number"))
    for run, (parts, payments, total, balances) in zip(runs, seen, strict=True):
        then = statement_as_of(ann, january, run)
        assert (then.total, then.balances, then.adjustments) == (total, balances, ())
        assert [(p.component, p.amount) for p in then.parts] == [(p.component, p.amount) for p in parts]
        assert [(p.verb, p.amount) for p in then.payments] == [(p.verb, p.amount) for p in payments]
    # 500 earned and 1,000 drawn, then 800 and 700, then 2,300 and nothing.
    assert [(row.run.number, row.amount["USD"], row.total["USD"]) for row in statement_runs(ann, january)] == [
        (3, Decimal(800), Decimal(2300)), (2, Decimal(0), Decimal(1500)), (1, Decimal(1500), Decimal(1500)),
    ]  # fmt: skip
    changed = statement_changed(statement_as_of(ann, january, runs[0]), statement_as_of(ann, january, runs[2]))
    assert {line.label: (line.before, line.after, line.amount) for line in changed} == {
        "commission": (Decimal(500), Decimal(2300), Decimal(1800)), "Ramp draw": (Decimal(1000), Decimal(0), Decimal(-1000)),
    }  # fmt: skip


def test_the_page_shows_a_run_two_runs_and_the_list_at_addresses_of_their_own(desk) -> None:
    client = desk.client(desk.rep, Role.REP)
    address = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/as-of/"
    assert address in client.get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/").content.decode()
    first = client.get(address, {"run": 1}).content.decode()
    assert "$3,600.00" in first
    assert "after run 1" in first
    both = client.get(address, {"run": 2, "before": 1}).content.decode()
    for text in ("$3,600.00", "$3,660.00", "+$60.00"):
        assert text in both
    assert client.get(address, {"run": 1, "before": 2}).content.decode().count("+$60.00") == both.count("+$60.00")
    assert client.get(address, {"run": 9}).status_code == 404
    assert client.get(f"/t/{desk.tenant.slug}/people/{desk.other.uid}/statements/2026-01/runs/as-of/").status_code == 404
    assert "No run has posted" in client.get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-12/runs/as-of/").content.decode()


def test_the_api_says_the_same(desk) -> None:
    january = Period.objects.get(code="2026-01")
    caller = make_caller(desk.tenant, Role.REP, payee=desk.rep)
    base = f"payees/{desk.rep.uid}/statements/{january.uid}/"
    rows = caller.get(f"{base}runs/").json()
    assert [(row["run"], row["amount"], row["total"]) for row in rows] == [
        (2, {"USD": "60.00"}, {"USD": "3660.00"}), (1, {"USD": "3600.00"}, {"USD": "3600.00"}),
    ]  # fmt: skip
    assert caller.get(base, after_run=1).json()["total"] == {"USD": "3600.00"}
    assert caller.get(base).json()["total"] == {"USD": "3660.00"}
    assert caller.get(base, after_run=77).json()["errors"][0]["field"] == "after_run"
    assert caller.get(f"payees/{desk.other.uid}/statements/{january.uid}/runs/").status_code == 404
