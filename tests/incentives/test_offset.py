"""Debts across plans in real runs: set off, recovered in a stated order, rolled over a plan year; against figures computed by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from incentives.models import LedgerEntry
from incentives.opening import openings_known
from incentives.selectors.payments import balances_after
from incentives.selectors.receivables import receivables
from incentives.services import plan_create, seat_enrol, version_activate
from spm.people.models import PayTerms
from spm.tenancy.changes import change
from tests.incentives.test_payments import FEB, JAN, MAR, close, paid, payable
from tests.incentives.world import PLAN, World, make_calendar, make_world, put_order

SECOND = """\
engine: 1
plan: second
title: Second plan
currency: USD
calendar: month
credits: [{name: sale, to: owner_or_splits}]
measures: [{name: sales}]
components: [{name: bonus, base: sales, pay_rate: {flat: 1%}}]
"""


def add_second(world: World, text: str = SECOND) -> None:
    version = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=dt.date(2024, 1, 1)))
    with change(reason="a second plan") as changeset:
        seat_enrol(plan=version.plan, seats=world.seats, start=dt.date(2024, 1, 1), changeset=changeset)


def balances(payee, period) -> dict[str, Decimal]:
    return {one.kind: one.amount for one in balances_after([payee.pk], period, openings_known(number=None, payees=[payee.pk])).get(payee.pk, [])}


def with_debt(world: World, payment: str = "") -> None:
    """Earns 3,000 under the first plan in January, which is reversed after January was paid; sells 30,000 in February and in March."""
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 60_000_00)
    world.run(business_date=JAN)
    close(world, "2024-01")
    put_order("jan", ann, "2024-01-10", 0, gone=True)
    for month in (2, 3):
        put_order(f"m{month}", ann, f"2024-{month:02}-10", 30_000_00)
    world.run(business_date=MAR)


def test_a_debt_under_one_plan_is_taken_from_the_other_plans_pay_and_the_rest_is_carried(scope):
    world = make_world(1, text=PLAN + "payment: {negative: offset}\n")
    add_second(world)
    ann = world.payees[0]
    with_debt(world)
    # The first plan: 1,500 less 3,000 in February; the second one 300 less 600. 1,500 of debt, nothing to take it from: the second
    # is kept below zero at -300 by its own terms. March: 1,500 of the first pay the debt.
    assert paid(ann, world.period("2024-02")) == {
        ("earned", "commission"): Decimal(1500), ("reversed", "commission"): Decimal(-3000), ("carried", "@carried_out"): Decimal(1500),
        ("earned", "bonus"): Decimal(300), ("reversed", "bonus"): Decimal(-600),
    }  # fmt: skip
    assert payable(ann, world.period("2024-03")) == Decimal(300)
    put_order("m2", ann, "2024-02-10", 90_000_00)
    world.run(business_date=MAR)
    # February: 4,500 - 3,000 and 900 - 600; nothing is left to be set off.
    assert payable(ann, world.period("2024-02")) == Decimal(1800)
    assert not any(component.startswith("@offset") for _, component in paid(ann, world.period("2024-02")))


def test_what_is_set_off_stands_under_both_plans_and_sums_to_nothing(scope):
    world = make_world(1, text=PLAN.replace('channel = "online"', 'channel = "online" or amount > 50000') + "payment: {negative: offset}\n")
    add_second(world, SECOND.replace("1%", "4%"))
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 50_000_00)  # 2,500 and 2,000
    world.run(business_date=JAN)
    close(world, "2024-01")
    put_order("jan", ann, "2024-01-10", 50_000_01)  # the first plan excludes it now
    put_order("feb", ann, "2024-02-10", 20_000_00)  # 1,000 and 800
    put_order("mar", ann, "2024-03-10", 20_000_00)
    world.run(business_date=MAR)
    # February: 1,000 - 2,500 = -1,500, of which the second plan's 800 are taken; March: 1,000 - 700, and 800.
    february = paid(ann, world.period("2024-02"))
    assert february["carried", "@offset:second"] == Decimal(800)
    assert february["carried", "@offset:direct"] == Decimal(-800)
    assert february["carried", "@carried_out"] == Decimal(700)
    assert payable(ann, world.period("2024-02")) == 0
    assert balances(ann, world.period("2024-02")) == {"owed_by_payee": Decimal(700)}
    assert payable(ann, world.period("2024-03")) == Decimal(1100)
    assert balances(ann, world.period("2024-03")) == {}
    count = LedgerEntry.objects.count()
    world.run(business_date=MAR, is_full=True)
    assert LedgerEntry.objects.count() == count


IN_ORDER = """\
payment: {negative: carry, recovery: [draws, carried, clawback, maximum], recovery_limit: 50%, year_end: bill}
draws: [{name: ramp, amount: attr.draw, year_end: forgive}]
"""


def test_debts_are_taken_back_in_the_plans_order_and_the_years_end_bills_what_is_left(scope):
    text = (PLAN + IN_ORDER).replace("  - name: commission_pct\n", "  - name: commission_pct\n  - {name: draw, default: 0}\n")
    world = make_world(2, text=text, calendar=make_calendar(months=3))
    ann, bob = world.payees
    for seat, draw in zip(world.seats, (800, 0), strict=True):
        PayTerms.objects.filter(seat=seat).update(attributes={"commission_pct": "0.05", "draw": str(draw)})
    put_order("jan bob", bob, "2024-01-10", 100_000_00)  # 5,000
    world.run(business_date=JAN)
    assert payable(ann, world.period("2024-01")) == Decimal(800)
    close(world, "2024-01")
    put_order("jan bob", bob, "2024-01-10", 0, gone=True)
    put_order("feb ann", ann, "2024-02-10", 20_000_00)  # 1,000
    put_order("mar bob", bob, "2024-03-10", 40_000_00)  # 2,000
    world.run(business_date=MAR)
    # Ann: 200 above her draw of 800 pay it back in February; March draws 800 more; 1,400 are forgiven at the year's end.
    assert [payable(ann, world.period(f"2024-0{month}")) for month in (1, 2, 3)] == [800, 800, 800]
    march = paid(ann, world.period("2024-03"))
    assert march == {("drawn", "@ramp"): Decimal(800), ("recovered", "@ramp"): Decimal(-1400), ("written_off", "@forgiven"): Decimal(1400)}
    assert balances(ann, world.period("2024-03")) == {}
    # Bob: -5,000 in February; March pays half of 2,000; 4,000 are billed.
    assert [payable(bob, world.period(f"2024-0{month}")) for month in (2, 3)] == [0, 1000]
    assert paid(bob, world.period("2024-03"))["carried", "@billed"] == Decimal(4000)
    assert balances(bob, world.period("2024-02")) == {"owed_by_payee": Decimal(5000)}
    assert balances(bob, world.period("2024-03")) == {"billed": Decimal(4000)}
    assert [(row.payee.pk, row.left_on, row.kind, row.amount) for row in receivables(on=MAR)] == [(bob.pk, None, "billed", Decimal(4000))]
    assert receivables(on=FEB) == [], "nothing was billed yet"
    count = LedgerEntry.objects.count()
    world.run(business_date=MAR, is_full=True)
    assert LedgerEntry.objects.count() == count
