"""What the system before this one paid under clawback, and what it held of the year before: taken back and paid by the real run."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry
from incentives.selectors import statement_get
from spm.calendars.models import Period
from spm.sales.models import Order
from tests.incentives.test_opening import CLAWED, JULY, paid, put_clawback, put_openings, refused
from tests.incentives.test_payments import close, give_back
from tests.incentives.world import PLAN, make_world, put_order


def clawed(payee) -> dict[str, Decimal]:
    """Pay period -> what is clawed back in it."""
    rows = LedgerEntry.objects.filter(payee=payee, verb="clawed_back").order_by("pay_period__starts")
    return {row.pay_period.code: Decimal(row.amount).scaleb(-row.scale) for row in rows}


def open_to_clawback(payee, period) -> list[Decimal]:
    return [one.amount for one in statement_get(payee, period).balances if one.kind == "open_to_clawback"]


@pytest.fixture
def imported(scope):
    """June sold 20,000 in the old system, which paid 1,000 for it; ours begins on 1 July."""
    world = make_world(1, text=PLAN + CLAWED)
    put_order("deal", world.payees[0], "2024-06-10", 20_000_00)
    assert refused(put_clawback(world, ("deal", "commission", "1000", ""))) == []
    return world


def test_an_imported_deal_is_clawed_back_when_it_is_returned(imported):
    """Half of it 15 days after June: 1,000 x 1/2 x 100 %. A quarter after 60 days: 1,000 x 1/4 x (1 - 30/60)."""
    ann, order = imported.payees[0], Order.objects.get(external_id="deal")
    imported.run(business_date=JULY)
    assert clawed(ann) == {}
    assert open_to_clawback(ann, imported.period("2024-07")) == [Decimal(1000)]
    give_back(order, "2024-07-15", 10_000_00)
    imported.run(business_date=JULY)
    assert clawed(ann) == {"2024-07": Decimal(-500)}
    assert statement_get(ann, imported.period("2024-07")).total == {"USD": Decimal(-500)}
    close(imported, "2024-07")
    give_back(order, "2024-08-29", 5_000_00)
    imported.run(business_date=dt.date(2024, 8, 31))
    assert clawed(ann) == {"2024-07": Decimal(-500), "2024-08": Decimal(-125)}
    assert open_to_clawback(ann, imported.period("2024-08")) == [Decimal(375)]
    [entry] = LedgerEntry.objects.filter(payee=ann, pay_period__code="2024-08")
    assert (entry.earning_period.code, entry.component) == ("2024-06", "commission")
    count = LedgerEntry.objects.count()
    imported.run(business_date=dt.date(2024, 8, 31), is_full=True)
    assert LedgerEntry.objects.count() == count


def test_an_imported_deal_is_clawed_back_in_instalments(scope):
    """100.01 in three: 33.34 by July, 66.67 by August, 100.01 by September."""
    world = make_world(1, text=PLAN + CLAWED.replace("{table: window}", "{table: window, instalments: 3}"))
    ann, order = world.payees[0], put_order("deal", world.payees[0], "2024-06-10", 20_000_00)
    put_clawback(world, ("deal", "commission", "100.01", ""))
    give_back(order, "2024-07-10", 20_000_00)
    world.run(business_date=dt.date(2024, 10, 31))
    assert clawed(ann) == {"2024-07": Decimal("-33.34"), "2024-08": Decimal("-33.33"), "2024-09": Decimal("-33.34")}


def test_two_deals_of_one_month_are_taken_back_each_by_its_own_returns(scope):
    world = make_world(1, text=PLAN + CLAWED)
    ann = world.payees[0]
    orders = [put_order(name, ann, "2024-06-10", 10_000_00) for name in ("a", "b")]
    put_clawback(world, ("a", "commission", "700", ""), ("b", "commission", "300", ""))
    give_back(orders[1], "2024-07-02", 10_000_00)
    world.run(business_date=JULY)
    assert clawed(ann) == {"2024-07": Decimal(-300)}


def test_what_was_returned_before_the_day_is_the_old_systems_and_a_deal_of_the_year_before_is_ours(scope):
    world = make_world(1, text=PLAN + CLAWED)
    Period.objects.create(calendar=world.calendar, code="2023-12", starts=dt.date(2023, 12, 1), ends=dt.date(2024, 1, 1), quarter="Q4", year="2023")
    order = put_order("deal", world.payees[0], "2023-12-20", 20_000_00)
    assert refused(put_clawback(world, ("deal", "commission", "600", ""), day="2024-01-01")) == []
    give_back(order, "2023-12-28", 8_000_00)
    world.run(business_date=dt.date(2024, 1, 31))
    assert clawed(world.payees[0]) == {}
    give_back(order, "2024-01-10", 5_000_00)  # a quarter of the deal
    world.run(business_date=dt.date(2024, 1, 31))
    assert clawed(world.payees[0]) == {"2024-01": Decimal(-150)}


def test_what_was_held_of_the_year_before_is_paid_on_its_day(scope):
    world = make_world(1)
    Period.objects.create(calendar=world.calendar, code="2023-12", starts=dt.date(2023, 12, 1), ends=dt.date(2024, 1, 1), quarter="Q4", year="2023")
    put_openings(world, (world.payees[0], "held", "commission", "450", "", "2024-02-15", "2024-01-01"))
    world.run(business_date=dt.date(2024, 2, 29))
    assert paid(world.payees[0], world.period("2024-02")) == {("released", "commission"): Decimal(450)}
    assert paid(world.payees[0], world.period("2024-01")) == {}


@pytest.mark.parametrize(("row", "cause"), [
    (("", "commission", "10", ""), "does not name the order that was paid"),
    (("strange", "commission", "10", ""), "neither owns order strange nor has a share in it"),
    (("late", "commission", "10", ""), "order late is in no period before 2024-07-01"),
])  # fmt: skip
def test_what_is_open_to_clawback_names_a_deal_of_the_payee(imported, row, cause):
    put_order("strange", None, "2024-06-10", 10_00)
    put_order("late", imported.payees[0], "2024-07-10", 10_00)
    [(found, mend)] = refused(put_clawback(imported, row))
    assert cause in found
    assert mend


def test_a_plan_without_clawback_has_nothing_open_to_it(scope):
    world = make_world(1)
    put_order("deal", world.payees[0], "2024-06-10", 20_000_00)
    [(cause, _mend)] = refused(put_clawback(world, ("deal", "commission", "10", "")))
    assert "it has no clawback" in cause
