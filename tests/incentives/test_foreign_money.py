"""Deals in another currency than the plan's: what is received and returned for them is compared with the deal in its own currency."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import RunIssue
from spm.currencies.codes import currency_pack
from spm.currencies.models import FxRate
from spm.sales.models import Payment, PaymentVersion, Return, ReturnVersion
from spm.tenancy.changes import change
from spm.told import shown
from tests.incentives.test_payments import CLAW, close, paid, payable
from tests.incentives.world import PLAN, make_world, put_order

JAN, FEB = dt.date(2024, 1, 31), dt.date(2024, 2, 29)
CASH = PLAN + "payment: {on: cash}\n"


def receive(order, day, amount, currency="EUR"):
    """Money for an order."""
    money = {"amount": amount, "amount_scale": 2, "currency_code": currency_pack(currency)}
    received = Payment.objects.create(source="test", external_id=f"p{day}")
    with change(reason="payment") as changeset:
        PaymentVersion.objects.create(record=received, change_set=changeset, order=order, paid_on=dt.date.fromisoformat(day), **money)


def give_back(order, day, amount):
    back = Return.objects.create(source="test", external_id=f"r{day}")
    with change(reason="return") as changeset:
        money = {"amount": amount, "amount_scale": 2, "currency_code": currency_pack("EUR")}
        ReturnVersion.objects.create(record=back, change_set=changeset, order=order, returned_on=dt.date.fromisoformat(day), **money)


def world_of(text, rate):
    """A seller with a deal of 1,000 euros on 10 January, and what a euro is worth."""
    world = make_world(1, text=text + "conversions: {transaction: {rate_type: daily, as_of: event}}\n")
    with change(kind="setup", reason="rates") as changeset:
        FxRate.objects.create(rate_type="daily", base="EUR", quote="USD", fx_rate=rate, valid_from="2024-01-01", valid_to=None, known_from=changeset)
    return world, put_order("euro", world.payees[0], "2024-01-10", 1_000_00, currency="EUR")


@pytest.mark.parametrize("rate", ["2", "0.5"])
def test_pay_on_cash_is_released_in_proportion_to_the_deal_in_its_own_currency(scope, rate):
    world, order = world_of(CASH, rate)
    earned = Decimal(50) * Decimal(rate)  # 5 % of 1,000 euros
    receive(order, "2024-01-20", 250_00)
    world.run(business_date=JAN)
    assert payable(world.payees[0], world.period("2024-01")) == earned / 4
    receive(order, "2024-02-20", 750_00)
    world.run(business_date=FEB)
    assert payable(world.payees[0], world.period("2024-01")) + payable(world.payees[0], world.period("2024-02")) == earned


@pytest.mark.parametrize("rate", ["2", "0.5"])
def test_a_whole_return_takes_back_the_whole_pay_whatever_the_rate(scope, rate):
    world, order = world_of(PLAN + CLAW, rate)
    world.run(business_date=JAN)
    close(world, "2024-01")
    give_back(order, "2024-02-01", 1_000_00)
    world.run(business_date=FEB)
    assert paid(world.payees[0], world.period("2024-02")) == {("clawed_back", "commission"): Decimal(-50) * Decimal(rate)}


def test_money_in_a_third_currency_is_not_counted_and_named(scope):
    world, order = world_of(CASH, "2")
    receive(order, "2024-01-20", 1_000_00, currency="USD")
    world.run(business_date=JAN)
    assert payable(world.payees[0], world.period("2024-01")) == 0
    (issue,) = RunIssue.objects.filter(run_to=None)
    assert str(shown(issue.problem)) == "order euro is in EUR, money for it in USD: it is not counted; give both in one currency"
