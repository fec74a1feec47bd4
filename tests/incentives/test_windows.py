"""Accumulators over a change of plan version, plan, seat or currency within their window, through the nightly run."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry, Plan, RunIssue, RunResult
from incentives.replay import run_replay
from incentives.services import plan_create, seat_enrol, version_activate, version_draft
from incentives.summary import results_hash
from spm.calendars.models import Period
from spm.tenancy.changes import change
from tests.incentives.world import World, make_world, put_order

# Up to 10,000 a year 1 %, above 10 %; settled over the year.
TIERS = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
measures:
  - {name: ytd, over: year, on_change: CHANGE}
tables:
  - name: tiers
    steps:
      - {from: 0, to: 10000, value: 1%}
      - {from: 10000, value: HIGH}
components:
  - name: commission
    base: ytd
    pay_rate: {table: tiers, mode: marginal}
    settle: year
"""


def tiers(change_is: str = "carry", high: str = "10%") -> str:
    return TIERS.replace("CHANGE", change_is).replace("HIGH", high)


def tiers_world(text: str) -> World:
    world = make_world(1, text=text)
    for number, day in enumerate(("2024-01-10", "2024-02-10", "2024-02-20", "2024-03-10"), 1):
        put_order(str(number), world.payees[0], day, 6_000_00)
    return world


def next_version(world: World, text: str, start: str, plan: Plan | None = None) -> int:
    return version_activate(version=version_draft(plan=plan or world.plan, text=text, effective_from=dt.date.fromisoformat(start))).pk


def paid(world: World, *, by: str = "period", component: str = "commission") -> dict[object, Decimal]:
    """Sums of what runs posted as earned, by period or by (plan version, period)."""
    codes = dict(Period.objects.values_list("pk", "code"))
    sums: dict[object, Decimal] = {}
    for entry in LedgerEntry.objects.filter(component=component, verb__in=("earned", "adjusted", "reversed")):
        code = codes[entry.earning_period_id]
        key = code if by == "period" else (entry.plan_version_id, code)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(entry.amount).scaleb(-entry.scale)
    return {key: amount for key, amount in sums.items() if amount}


def test_whole(scope):
    world = tiers_world(tiers())
    world.run()
    # 6,000 x 1 %; then 4,000 x 1 % + 8,000 x 10 %; then 6,000 x 10 %
    assert paid(world) == {"2024-01": Decimal("60.00"), "2024-02": Decimal("840.00"), "2024-03": Decimal("600.00")}


@pytest.mark.parametrize("day", ["2024-02-01", "2024-03-01", "2024-02-15"])
def test_a_version_that_only_goes_on_changes_no_total(scope, day):
    world = tiers_world(tiers())
    later = next_version(world, tiers(), day)
    world.run()
    assert paid(world) == {"2024-01": Decimal("60.00"), "2024-02": Decimal("840.00"), "2024-03": Decimal("600.00")}
    assert {version for version, _ in paid(world, by="version")} == {world.version.pk, later}
    assert not RunIssue.objects.exists()
    assert list(run_replay(world.run())) == []


def test_restart_counts_anew_from_the_change(scope):
    """What documents without the key mean: each version measures its own days."""
    world = tiers_world(tiers("restart"))
    next_version(world, tiers("restart"), "2024-03-01")
    world.run()
    assert paid(world)["2024-03"] == Decimal("60.00")  # 6,000 x 1 %, though the year stands at 24,000


def test_new_rates_settle_the_whole_window_less_what_was_paid(scope):
    world = tiers_world(tiers())
    world.run()
    later = next_version(world, tiers(high="20%"), "2024-03-01")
    world.run()
    # January and February stay as paid: 900. Due by March at the new rates: 10,000 x 1 % + 14,000 x 20 % = 2,900.
    assert paid(world, by="version") == {
        (world.version.pk, "2024-01"): Decimal("60.00"), (world.version.pk, "2024-02"): Decimal("840.00"), (later, "2024-03"): Decimal("2000.00"),
    }  # fmt: skip


def test_a_late_order_of_an_origin_period_goes_through_the_window(scope):
    """Retro: the origin period by its own version and rates, then the window's later periods, by theirs."""
    world = tiers_world(tiers())
    next_version(world, tiers(high="20%"), "2024-03-01")
    world.run()
    put_order("late", world.payees[0], "2024-01-20", 2_000_00)
    run = world.run()
    assert not run.is_full
    # January 8,000 x 1 % = 80; February to date 20,000: 100 + 10,000 x 10 % = 1,100 less 80; March to date 26,000 at 20 %: 100 + 3,200 less 1,100.
    assert paid(world) == {"2024-01": Decimal("80.00"), "2024-02": Decimal("1020.00"), "2024-03": Decimal("2200.00")}
    left = results_hash()
    assert world.run(is_full=True).summary["posted"] == 0
    assert results_hash() == left


def test_the_seat_moves_to_another_plan_within_a_period(scope):
    """What is credited before the day is paid by the plan left, from the day by the new one; both stand in the same period."""
    world = make_world(1)  # 5 % flat
    other = version_activate(version=plan_create(text=flat("other", "7%"), calendar=world.calendar, effective_from=dt.date(2024, 1, 1)))
    with change(reason="moves") as changeset:
        move(world, other.plan, dt.date(2024, 2, 15), changeset)
    for number, day in enumerate(("2024-02-14", "2024-02-15"), 1):
        put_order(str(number), world.payees[0], day, 1_000_00)
    run = world.run()
    assert paid(world, by="version") == {(world.version.pk, "2024-02"): Decimal("50.00"), (other.pk, "2024-02"): Decimal("70.00")}
    assert RunResult.objects.filter(run_from=run, period=world.period("2024-02")).count() == 2


def flat(plan: str, share: str) -> str:
    from tests.incentives.world import PLAN

    return PLAN.replace("plan: direct", f"plan: {plan}").replace("flat: attr.commission_pct", f"flat: {share}")


def move(world: World, plan: Plan, day: dt.date, changeset) -> None:
    from incentives.models import PlanAssignment
    from spm.tenancy.changes import dated_end

    for seat in world.seats:
        dated_end(PlanAssignment.objects.get(plan=world.plan, seat=seat, known_to=None), changeset=changeset, day=day)
        seat_enrol(plan=plan, seats=[seat], start=day, changeset=changeset)
