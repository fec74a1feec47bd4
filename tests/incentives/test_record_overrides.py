"""One deal's result set by hand: the old value stays known, the difference stands by itself, and all of it follows later changes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from incentives.models import Cause, LedgerEntry, PeriodState, ResultOverride, RunIssue
from incentives.selectors import line_trace, statement_get
from incentives.services import period_state_set
from incentives.services.overrides import OverrideRefused, result_override_lift, result_override_place
from spm.people.models import Payee
from tests.incentives.world import PLAN, World, make_world, put_order

JAN, FEB = dt.date(2024, 1, 31), dt.date(2024, 2, 29)


def paid(payee: Payee, period: str = "2024-01") -> Decimal:
    """What the statement of the period pays."""
    rows = LedgerEntry.objects.filter(payee=payee, pay_period__code=period).values_list("amount", "scale")
    return sum((Decimal(amount).scaleb(-scale) for amount, scale in rows), Decimal(0))


@pytest.fixture
def world(scope: Any) -> World:
    world = make_world(2)
    put_order("1", world.payees[0], "2024-01-10", 1000_00)  # 5 %: 50.00
    put_order("2", world.payees[0], "2024-01-20", 3000_01)  # 150.0005: 150.00
    put_order("3", world.payees[1], "2024-01-20", 400_00)
    world.run(business_date=JAN)
    return world


def place(world: World, amount: str, order: Any = None, **values: Any) -> ResultOverride:
    order = order or put_order("2", world.payees[0], "2024-01-20", 3000_01)
    return result_override_place(
        order=order, component="commission", payee=world.payees[0], amount=Decimal(amount), reason=values.pop("reason", "agreed by letter"), **values
    )


def test_the_deal_pays_what_was_set_and_the_old_value_is_kept(world: World) -> None:
    ann, bob = world.payees
    item = place(world, "120")
    assert Decimal(item.calculated or 0).scaleb(-item.amount_scale) == Decimal("150.00")
    assert paid(ann) == Decimal("200.00"), "nothing is posted before the run"
    run = world.run(business_date=JAN)
    assert paid(ann) == Decimal("170.00")
    [entry] = LedgerEntry.objects.filter(run=run)
    assert (entry.payee_id, entry.cause, entry.verb, Decimal(entry.amount).scaleb(-entry.scale)) == (ann.pk, Cause.MANUAL, "adjusted", Decimal("-30.00"))
    assert paid(bob) == Decimal("20.00")
    view = statement_get(ann, world.period("2024-01"))
    assert view.earned["USD"] == Decimal("200.00")
    assert view.total["USD"] == Decimal("170.00")
    [line] = view.adjustments
    assert line.note == "Result of 2 set by hand to 120 in place of 150: agreed by letter"
    assert line.amount == Decimal("-30.00")


def test_the_trace_shows_what_was_set_beside_what_was_calculated(world: World) -> None:
    place(world, "120")
    run = world.run(business_date=JAN)
    trace = line_trace(world.payees[0], period=world.period("2024-01"), version_id=world.version.pk, seat_id=world.seats[0].pk, component="commission", run=run)
    assert trace is not None
    assert [(line.external_id, line.result_set) for line in trace.lines] == [("1", None), ("2", Decimal("120.00"))]
    assert trace.lines[1].pay == Decimal("150.0005")
    assert trace.lines[1].result_reason == "agreed by letter"


def test_a_second_run_posts_nothing_and_lifting_gives_the_calculated_value_back(world: World) -> None:
    item = place(world, "120")
    world.run(business_date=JAN)
    again = world.run(business_date=JAN, is_full=True)
    assert not LedgerEntry.objects.filter(run=again).exists()
    result_override_lift(item=item, note="letter withdrawn")
    world.run(business_date=JAN)
    assert paid(world.payees[0]) == Decimal("200.00")
    assert statement_get(world.payees[0], world.period("2024-01")).adjustments[-1].note == "A result set by hand was taken back."


def test_the_difference_follows_when_the_deal_changes(world: World) -> None:
    ann = world.payees[0]
    place(world, "120")
    world.run(business_date=JAN)
    put_order("2", ann, "2024-01-20", 5000_00)
    world.run(business_date=JAN)
    assert paid(ann) == Decimal("170.00"), "50.00 of the first deal, 120.00 of the second, whatever it is worth"
    by_hand = LedgerEntry.objects.filter(payee=ann, cause=Cause.MANUAL).aggregate(total=Sum("amount"))["total"]
    assert by_hand == -130_00
    put_order("1", ann, "2024-01-10", 2000_00)
    world.run(business_date=JAN)
    assert paid(ann) == Decimal("220.00"), "the other deal is paid as calculated"


def test_a_closed_period_stays_and_the_next_open_one_pays_the_difference(world: World) -> None:
    ann = world.payees[0]
    period_state_set(period=world.period("2024-01"), pay_group=ann.pay_group, legal_entity=ann.legal_entity, state=PeriodState.State.CLOSED)
    place(world, "0")
    world.run(business_date=FEB)
    assert paid(ann) == Decimal("200.00")
    assert paid(ann, "2024-02") == Decimal("-150.00")


def test_a_draw_and_a_carry_see_the_result_that_was_set(scope: Any) -> None:
    """1,500 a month is drawn; January's 200.00 becomes 170.00, so the draw tops up by 30.00 more."""
    world = make_world(1, text=PLAN + "draws:\n  - {name: ramp, label: Ramp draw, amount: 1500}\npayment: {negative: carry}\n")
    put_order("1", world.payees[0], "2024-01-10", 4000_00)
    world.run(business_date=JAN)
    order = put_order("1", world.payees[0], "2024-01-10", 4000_00)
    place(world, "170", order)
    world.run(business_date=JAN)
    drawn = LedgerEntry.objects.filter(verb="drawn").aggregate(total=Sum("amount"))["total"]
    assert drawn == 1330_00
    assert paid(world.payees[0]) == Decimal("1500.00")


def test_a_deal_that_left_the_payee_is_a_named_exception_and_pays_nothing(world: World) -> None:
    ann, bob = world.payees
    place(world, "120")
    world.run(business_date=JAN)
    put_order("2", bob, "2024-01-20", 3000_01)
    first = world.run(business_date=JAN)
    assert paid(ann) == Decimal("50.00")
    assert paid(bob) == Decimal("170.00")
    [issue] = RunIssue.objects.filter(payee=ann, run_to__isnull=True)
    assert "set by hand" in issue.problem
    world.run(business_date=JAN)
    assert [row.run_from_id for row in RunIssue.objects.filter(payee=ann)] == [first.pk], "an open exception is not told anew each night"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"reason": " "}, "reason"), ({"component": "other"}, "component"), ({"amount": Decimal("1.005")}, "amount"), ({"amount": Decimal("NaN")}, "amount")],
)
def test_what_cannot_be_set_is_refused_by_its_field(world: World, values: dict[str, Any], field: str) -> None:
    order = put_order("2", world.payees[0], "2024-01-20", 3000_01)
    given = {"order": order, "component": "commission", "payee": world.payees[0], "amount": Decimal(5), "reason": "letter"} | values
    with pytest.raises(OverrideRefused) as refused:
        result_override_place(**given)
    assert refused.value.field == field
    assert not ResultOverride.objects.exists()


def test_twice_and_of_a_strangers_deal_are_refused(world: World) -> None:
    place(world, "120")
    with pytest.raises(OverrideRefused):
        place(world, "110")
    stranger = put_order("3", world.payees[1], "2024-01-20", 400_00)
    with pytest.raises(OverrideRefused) as refused:
        place(world, "5", stranger)
    assert refused.value.field == "payee"
