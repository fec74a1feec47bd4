"""Quotas in another currency than the plan's: converted as the plan says, or a named exception of that payee alone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from incentives.models import LedgerEntry, RunIssue, RunResult
from planning.models import Quota
from spm.currencies.models import FxRate
from spm.tenancy.changes import change
from spm.told import shown
from tests.incentives.world import PLAN, make_world, put_order

JAN = dt.date(2024, 1, 31)
BY_TIER = PLAN.replace("    pay_rate: {flat: attr.commission_pct}", "    gate: attainment >= 1\n    when_undefined: exception\n    pay_rate: {flat: 5%}")
CONVERTED = BY_TIER + "conversions: {quota: {rate_type: plan, as_of: year_start}}\n"


def world_of(text: str):
    """Two sellers of whom each sells 9,000 dollars in January; the first one's quota is 8,000 euros, the second one's 8,000 dollars."""
    world = make_world(2, text=text)
    for payee, seat, currency in zip(world.payees, world.seats, ("EUR", "USD"), strict=True):
        put_order(f"of {currency}", payee, "2024-01-10", 9_000_00)
        with change(reason="quota") as changeset:
            Quota.objects.filter(position=seat.position).update(known_to=changeset)
            Quota.objects.create(
                position=seat.position, measure="sales", amount=8_000_00, currency=currency, valid_from=dt.date(2024, 1, 1), valid_to=dt.date(2024, 2, 1),
                known_from=changeset,
            )  # fmt: skip
    return world


def rate(value: str) -> None:
    with change(reason="rates") as changeset:
        FxRate.objects.create(rate_type="plan", base="EUR", quote="USD", fx_rate=value, valid_from="2024-01-01", valid_to=None, known_from=changeset)


def attainment(world) -> list[Decimal | None]:
    found = RunResult.objects.filter(run_to=None, period=world.period("2024-01")).order_by("payee_id")
    return [None if row.attainment is None else row.attainment.normalize() for row in found]


def test_a_quota_in_euros_counts_in_dollars_at_the_named_rate(scope) -> None:
    world = world_of(CONVERTED)
    rate("1.25")
    world.run(business_date=JAN)
    assert attainment(world) == [Decimal("0.9"), Decimal("1.125")]  # 9,000 of 10,000, and of 8,000
    assert [entry.payee for entry in LedgerEntry.objects.all()] == [world.payees[1]]
    rate_was = FxRate.objects.get()
    with change(reason="corrected") as changeset:
        FxRate.objects.filter(pk=rate_was.pk).update(known_to=changeset)
        FxRate.objects.create(rate_type="plan", base="EUR", quote="USD", fx_rate="1", valid_from="2024-01-01", valid_to=None, known_from=changeset)
    world.run(business_date=JAN)
    assert attainment(world) == [Decimal("1.125"), Decimal("1.125")]
    (late,) = LedgerEntry.objects.filter(payee=world.payees[0])
    assert (late.amount, late.cause) == (450_00, "fx_rate")


def test_without_a_rate_or_a_conversion_the_payee_alone_is_named(scope) -> None:
    world = world_of(CONVERTED)
    world.run(business_date=JAN)
    assert {entry.payee for entry in LedgerEntry.objects.all()} == {world.payees[1]}
    (issue,) = RunIssue.objects.filter(run_to=None, period=world.period("2024-01"))
    assert issue.payee == world.payees[0]
    assert "has no plan rate from EUR to USD on 2024-01-01" in str(shown(issue.problem))


def test_a_quota_in_another_currency_is_never_taken_for_one_in_the_plans(scope) -> None:
    world = world_of(BY_TIER)
    world.run(business_date=JAN)
    (issue,) = RunIssue.objects.filter(run_to=None, period=world.period("2024-01"))
    assert (issue.payee, "is in EUR, the plan in USD: state `conversions: quota`" in str(shown(issue.problem))) == (world.payees[0], True)
    assert {entry.payee for entry in LedgerEntry.objects.all()} == {world.payees[1]}
