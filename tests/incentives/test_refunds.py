"""Refunds, a family of their own: before pay, after pay, partial, in a closed period, twice; as a change of the order, as a credit
note, and as a return under a clawback. In each case the payee ends with what the deal is worth, and no paid period moves."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry
from tests.incentives.test_payments import CLAW, close, give_back, paid, payable
from tests.incentives.world import PLAN, make_world, put_order

JAN, FEB, MAR = dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)
DEAL, WORTH = 20_000_00, Decimal(1000)  # at 5 %


def by_change(world, amount):
    """The order itself is corrected to what is left of it."""
    put_order("deal", world.payees[0], "2024-01-10", amount, gone=amount == 0)


def by_note(world, amount):
    """A negative order of the same day, as a credit note."""
    notes = LedgerEntry.objects.count()  # a name of its own for each
    left = sum(by_note.given) if by_note.given else 0
    by_note.given.append(DEAL - left - amount)
    put_order(f"note{notes}", world.payees[0], "2024-01-10", amount - DEAL + left)


@pytest.fixture(params=["change", "note"])
def refund(request):
    """Makes a refund after which that much of the deal is left."""
    by_note.given = []
    return {"change": by_change, "note": by_note}[request.param]


@pytest.fixture
def world(scope):
    world = make_world(1)
    put_order("deal", world.payees[0], "2024-01-10", DEAL)
    return world


def everything(world) -> Decimal:
    return sum((payable(world.payees[0], world.period(f"2024-{month:02}")) for month in range(1, 13)), Decimal(0))


def test_before_pay_the_period_itself_shrinks(world, refund):
    world.run(business_date=JAN)
    refund(world, 0)
    world.run(business_date=JAN)
    assert payable(world.payees[0], world.period("2024-01")) == 0


def test_before_the_first_run_nothing_is_posted_at_all(world, refund):
    refund(world, 0)
    world.run(business_date=JAN)
    assert everything(world) == 0


def test_after_pay_the_closed_period_stays_and_the_open_one_takes_it_back(world, refund):
    world.run(business_date=JAN)
    close(world, "2024-01")
    refund(world, 0)
    world.run(business_date=FEB)
    assert payable(world.payees[0], world.period("2024-01")) == WORTH
    assert payable(world.payees[0], world.period("2024-02")) == -WORTH
    (entry,) = LedgerEntry.objects.filter(pay_period=world.period("2024-02"))
    assert (entry.earning_period.code, entry.cause) == ("2024-01", "data")


def test_a_partial_refund_takes_back_its_part(world, refund):
    world.run(business_date=JAN)
    close(world, "2024-01")
    refund(world, DEAL * 3 // 4)
    world.run(business_date=FEB)
    assert payable(world.payees[0], world.period("2024-02")) == -WORTH / 4


def test_twice_takes_back_the_deal_and_no_more(world, refund):
    world.run(business_date=JAN)
    close(world, "2024-01")
    refund(world, DEAL // 2)
    world.run(business_date=FEB)
    close(world, "2024-02")
    refund(world, 0)
    world.run(business_date=MAR)
    assert [payable(world.payees[0], world.period(code)) for code in ("2024-01", "2024-02", "2024-03")] == [WORTH, -WORTH / 2, -WORTH / 2]
    assert everything(world) == 0


def test_an_undone_refund_is_paid_again(world):
    world.run(business_date=JAN)
    close(world, "2024-01")
    by_change(world, 0)
    world.run(business_date=FEB)
    close(world, "2024-02")
    by_change(world, DEAL)
    world.run(business_date=MAR)
    assert everything(world) == WORTH
    assert payable(world.payees[0], world.period("2024-03")) == WORTH


@pytest.mark.parametrize(("day", "share"), [("2024-02-15", Decimal(1)), ("2024-03-31", Decimal("0.5")), ("2024-06-30", Decimal(0))])
def test_a_return_under_a_clawback_takes_back_by_its_days(scope, day, share):
    world = make_world(1, text=PLAN + CLAW)
    order = put_order("deal", world.payees[0], "2024-01-10", DEAL)
    world.run(business_date=JAN)
    close(world, "2024-01")
    give_back(order, day, DEAL)
    world.run(business_date=dt.date(2024, 6, 30))
    assert everything(world) == WORTH - WORTH * share
    assert payable(world.payees[0], world.period("2024-01")) == WORTH


def test_a_return_given_twice_claws_back_once(scope):
    world = make_world(1, text=PLAN + CLAW)
    order = put_order("deal", world.payees[0], "2024-01-10", DEAL)
    world.run(business_date=JAN)
    give_back(order, "2024-02-10", DEAL)
    give_back(order, "2024-02-11", DEAL)
    world.run(business_date=FEB)
    assert paid(world.payees[0], world.period("2024-02")) == {("clawed_back", "commission"): -WORTH}


def test_without_a_clawback_a_return_alone_takes_back_nothing(world):
    """Negative control of the family: what the plan does not say does not happen."""
    from spm.sales.models import Order

    world.run(business_date=JAN)
    give_back(Order.objects.get(external_id="deal"), "2024-02-10", DEAL)
    world.run(business_date=FEB)
    assert everything(world) == WORTH
