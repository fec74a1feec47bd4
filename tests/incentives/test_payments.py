"""Payments in real runs: draws, holds, instalments, closed periods, cash and returns, in the ledger and on statements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Sum

from incentives.models import Hold, LedgerEntry, PeriodState
from incentives.services import hold_lift, hold_place, period_state_set, version_activate, version_draft, version_retire
from incentives.services.holds import HoldRefused
from spm.currencies.codes import currency_pack
from spm.sales.models import Return, ReturnVersion
from spm.tenancy.changes import change
from tests.incentives.world import PLAN, make_world, put_order

JAN, FEB, MAR, APR = (dt.date(2024, month, 28) for month in (1, 2, 3, 4))
DRAW = PLAN + "draws:\n  - {name: ramp, label: Ramp draw, amount: 1500}\npayment: {negative: carry}\n"


def paid(payee, period) -> dict[tuple[str, str], Decimal]:
    """(verb, component) -> sum of the ledger in a pay period."""
    rows = LedgerEntry.objects.filter(payee=payee, pay_period=period).order_by().values_list("verb", "component", "scale").annotate(total=Sum("amount"))
    found: dict[tuple[str, str], Decimal] = {}
    for verb, component, scale, total in rows:
        found[verb, component] = found.get((verb, component), Decimal(0)) + Decimal(total).scaleb(-scale)
    return {key: value for key, value in found.items() if value}


def payable(payee, period) -> Decimal:
    return sum(paid(payee, period).values(), Decimal(0))


def close(world, code):
    payee = world.payees[0]
    return period_state_set(period=world.period(code), pay_group=payee.pay_group, legal_entity=payee.legal_entity, state=PeriodState.State.CLOSED)


def test_a_draw_is_topped_up_recovered_and_posted_once(scope):
    world = make_world(1, text=DRAW)
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 10_000_00)  # earns 500
    put_order("feb", ann, "2024-02-10", 60_000_00)  # earns 3,000
    world.run(business_date=FEB)
    assert paid(ann, world.period("2024-01")) == {("earned", "commission"): Decimal(500), ("drawn", "@ramp"): Decimal(1000)}
    assert payable(ann, world.period("2024-02")) == Decimal(2000)
    count = LedgerEntry.objects.count()
    world.run(business_date=FEB)
    assert LedgerEntry.objects.count() == count


def test_nothing_is_drawn_in_a_period_that_has_not_begun(scope):
    world = make_world(1, text=DRAW)
    world.run(business_date=FEB)
    assert not LedgerEntry.objects.filter(pay_period__starts__gt=FEB).exists()
    assert payable(world.payees[0], world.period("2024-02")) == Decimal(1500)


def test_late_data_moves_draw_and_recovery_of_open_periods_and_leaves_closed_ones(scope):
    world = make_world(1, text=DRAW)
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 10_000_00)
    world.run(business_date=FEB)
    close(world, "2024-01")
    before = paid(ann, world.period("2024-01"))
    put_order("late", ann, "2024-01-20", 60_000_00)  # 3,000 more for January
    world.run(business_date=FEB)
    assert paid(ann, world.period("2024-01")) == before
    assert paid(ann, world.period("2024-02")) == {("adjusted", "commission"): Decimal(3000), ("recovered", "@ramp"): Decimal(-1000)}


def test_a_refund_in_a_closed_period_is_carried_not_paid_below_nothing(scope):
    world = make_world(1, text=PLAN + "payment: {negative: carry}\n")
    ann = world.payees[0]
    put_order("a", ann, "2024-01-10", 100_000_00)
    put_order("b", ann, "2024-02-10", 20_000_00)
    put_order("c", ann, "2024-03-10", 200_000_00)
    world.run(business_date=FEB)
    close(world, "2024-01")
    put_order("a", ann, "2024-01-10", 0, gone=True)
    world.run(business_date=MAR)
    assert payable(ann, world.period("2024-01")) == Decimal(5000)
    assert payable(ann, world.period("2024-02")) == Decimal(0)
    assert paid(ann, world.period("2024-02"))["carried", "@carried_out"] == Decimal(4000)
    assert payable(ann, world.period("2024-03")) == Decimal(6000)


def test_a_held_deal_waits_and_is_released_in_the_first_open_period(scope):
    world = make_world(1)
    ann = world.payees[0]
    held = put_order("held", ann, "2024-01-10", 30_000_00)
    put_order("free", ann, "2024-01-11", 70_000_00)
    hold = hold_place(order=held, reason="The customer has not signed yet")
    world.run(business_date=FEB)
    january, february = world.period("2024-01"), world.period("2024-02")
    assert paid(ann, january) == {("earned", "commission"): Decimal(5000), ("held", "commission"): Decimal(-1500)}
    close(world, "2024-01")
    hold_lift(hold=hold, note="signed")
    world.run(business_date=FEB)
    assert payable(ann, january) == Decimal(3500)
    assert paid(ann, february) == {("released", "commission"): Decimal(1500)}
    count = LedgerEntry.objects.count()
    world.run(business_date=FEB, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_a_hold_takes_back_nothing_that_was_paid(scope):
    world = make_world(1)
    order = put_order("a", world.payees[0], "2024-01-10", 30_000_00)
    world.run(business_date=FEB)
    close(world, "2024-01")
    hold_place(order=order, reason="too late")
    world.run(business_date=FEB)
    assert not LedgerEntry.objects.filter(verb="held").exists()


def test_a_hold_lifted_while_its_period_is_open_leaves_no_net_effect(scope):
    world = make_world(1)
    hold = hold_place(order=put_order("a", world.payees[0], "2024-01-10", 30_000_00), reason="check")
    world.run(business_date=FEB)
    hold_lift(hold=hold)
    world.run(business_date=FEB)
    assert payable(world.payees[0], world.period("2024-01")) == Decimal(1500)


def test_a_hold_needs_a_reason_is_placed_once_and_lifted_once(scope):
    world = make_world(1)
    order = put_order("a", world.payees[0], "2024-01-10", 30_000_00)
    with pytest.raises(HoldRefused, match="needs a reason"):
        hold_place(order=order, reason=" ")
    hold = hold_place(order=order, reason="check")
    with pytest.raises(HoldRefused, match="held already"):
        hold_place(order=order, reason="again")
    hold_lift(hold=hold)
    with pytest.raises(HoldRefused, match="lifted already"):
        hold_lift(hold=hold)
    assert Hold.objects.get().lifted_at is not None


def test_instalments_are_paid_in_the_periods_as_they_begin(scope):
    world = make_world(1, text=PLAN + "payment: {instalments: 3}\n")
    ann = world.payees[0]
    put_order("a", ann, "2024-01-10", 20_000_00)  # earns 1,000
    world.run(business_date=FEB)
    assert [payable(ann, world.period(code)) for code in ("2024-01", "2024-02", "2024-03")] == [Decimal("333.33"), Decimal("333.34"), Decimal(0)]
    world.run(business_date=MAR)
    assert [payable(ann, world.period(code)) for code in ("2024-01", "2024-02", "2024-03")] == [Decimal("333.33"), Decimal("333.34"), Decimal("333.33")]


CLAW = """\
tables:
  - name: window
    points: [{at: 0, value: 100%}, {at: 30, value: 100%}, {at: 90, value: 0}]
    below: 100%
    above: last
clawback: {table: window}
"""


def give_back(order, day, amount):
    back = Return.objects.create(source="test", external_id=f"r{day}")
    with change(reason="return") as changeset:
        money = {"amount": amount, "amount_scale": 2, "currency_code": currency_pack("USD")}
        ReturnVersion.objects.create(record=back, change_set=changeset, order=order, returned_on=dt.date.fromisoformat(day), **money)


def test_a_return_claws_back_by_its_days_in_the_period_of_the_return(scope):
    world = make_world(1, text=PLAN + CLAW)
    ann = world.payees[0]
    order = put_order("a", ann, "2024-01-10", 20_000_00)  # earns 1,000
    world.run(business_date=FEB)
    close(world, "2024-01")
    give_back(order, "2024-02-15", 10_000_00)  # half of it, 15 days after the period's end: all of the half
    world.run(business_date=FEB)
    assert paid(ann, world.period("2024-02")) == {("clawed_back", "commission"): Decimal(-500)}
    give_back(order, "2024-03-31", 10_000_00)  # the other half after 60 days: a half of it
    world.run(business_date=dt.date(2024, 3, 31))
    assert paid(ann, world.period("2024-03")) == {("clawed_back", "commission"): Decimal(-250)}


def test_an_incremental_run_posts_the_same_payments_as_a_full_one(scope):
    world = make_world(2, text=DRAW)
    ann, bob = world.payees
    put_order("a", ann, "2024-01-10", 10_000_00)
    put_order("b", bob, "2024-01-10", 90_000_00)
    world.run(business_date=APR)
    order = put_order("c", bob, "2024-02-10", 50_000_00)
    hold_place(order=order, reason="check")
    run = world.run(business_date=APR)
    assert not run.is_full
    count = LedgerEntry.objects.count()
    world.run(business_date=APR, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_a_version_that_takes_another_ones_place_draws_and_holds_no_second_time(scope):
    world = make_world(1, text=DRAW)
    ann = world.payees[0]
    hold_place(order=put_order("jan", ann, "2024-01-10", 10_000_00), reason="check")
    world.run(business_date=JAN)
    january = world.period("2024-01")
    assert payable(ann, january) == Decimal(1500)
    again = version_draft(plan=world.plan, text=DRAW.replace("1500", "1600"), effective_from=dt.date(2024, 1, 1))
    version_activate(version=again)
    world.run(business_date=JAN)
    assert payable(ann, january) == Decimal(1600)
    count = LedgerEntry.objects.count()
    world.run(business_date=JAN, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_what_was_drawn_under_an_earlier_version_is_recovered_under_the_new_one(scope):
    world = make_world(1, text=DRAW)
    ann = world.payees[0]
    world.run(business_date=JAN)
    close(world, "2024-01")
    put_order("feb", ann, "2024-02-10", 80_000_00)  # earns 4,000
    version_activate(version=version_draft(plan=world.plan, text=DRAW.replace("Ramp draw", "Draw"), effective_from=dt.date(2024, 1, 1)))
    world.run(business_date=FEB)
    assert payable(ann, world.period("2024-01")) == Decimal(1500)
    assert paid(ann, world.period("2024-02"))["recovered", "@ramp"] == Decimal(-1500)


def test_a_plan_taken_out_of_force_leaves_nothing_held_or_drawn_in_open_periods(scope):
    world = make_world(1, text=DRAW)
    ann = world.payees[0]
    hold_place(order=put_order("jan", ann, "2024-01-10", 10_000_00), reason="check")
    world.run(business_date=JAN)
    version_retire(version=world.version, lowering_reason="a mistake")
    world.run(business_date=JAN)
    assert payable(ann, world.period("2024-01")) == 0
    assert not {verb for verb, _ in paid(ann, world.period("2024-01"))} & {"held", "drawn"}
