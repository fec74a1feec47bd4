"""AdventureWorks end to end: one run credits, measures and pays what an independent computation says, to the cent."""

from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from django.db.models import F, Sum

from incentives.explain import body_read
from incentives.models import LedgerEntry, Run, RunExclusion, RunResult, UncreditedOrder
from incentives.services import period_state_set, recompute
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee
from tests.adventureworks.direct import Expected, expected_of, plan_enrol, record_write
from tests.incentives.world import put_order

TODAY = dt.date(2014, 7, 1)


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    return shared_dir / "data" / "adventureworks"


@pytest.fixture
def expected(folder: Path) -> Expected:
    return expected_of(folder)


@pytest.fixture
def calendar(scope, folder: Path):
    return record_write(folder)


def posted(plan: str, component: str) -> dict[tuple[str, str], Decimal]:
    """(sales person, window) -> sum of the ledger, zeros left out."""
    found = LedgerEntry.objects.filter(plan_version__plan__code=plan, component=component).values_list("payee__external_id", "earning_period__code")
    return {(who, window): Decimal(amount).scaleb(-2) for who, window, amount in found.annotate(total=Sum("amount")) if amount}


def without_zeros(amounts: dict[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    return {key: amount for key, amount in amounts.items() if amount}


def figures(plan: str, name: str) -> dict[tuple[str, str], Fraction]:
    """A figure of all results in force, where it is defined."""
    rows = RunResult.objects.filter(run_to=None, plan_version__plan__code=plan).values_list("payee__external_id", "period__code", "body")
    return {(who, window): Fraction(value) for who, window, body in rows if (value := body_read(body)["figures"][name]) is not None}


def test_the_run_credits_measures_and_pays_as_an_independent_computation_does(calendar, expected):
    plan_enrol("commission_pct", calendar)
    plan_enrol("accelerator", calendar)
    run = recompute(business_date=TODAY)

    for plan in run.summary["plans"]:
        assert (plan["orders_credited"], plan["amount_credited"]) == (3806, "80487704.29")
    assert {key: value for key, value in figures("aw-commission-pct", "sales").items() if value} == expected.sales

    attainment = figures("aw-commission-pct", "attainment")
    # Figures are kept to twelve decimals where a quotient does not end.
    assert attainment == {key: round(value, 12) for key, value in expected.attainment.items()}
    values = sorted(attainment.values())
    assert len(values) == 163
    shown = [float(f(values)) for f in (statistics.mean, statistics.median, min, max)]
    assert [round(value, 3) for value in shown] == [0.855, 0.848, 0.363, 2.041]

    assert posted("aw-commission-pct", "commission") == without_zeros(expected.flat)
    assert posted("aw-accelerator", "commission") == without_zeros(expected.accelerated)
    assert posted("aw-accelerator", "sales_override") == without_zeros(expected.sales_override)
    assert posted("aw-accelerator", "commission_override") == without_zeros(expected.commission_override)

    assert list(RunExclusion.objects.filter(run=run).values_list("name", "count").distinct()) == [("online orders", 27_659)]
    assert UncreditedOrder.objects.count() == 0


def test_the_second_run_posts_nothing_and_a_late_order_one_delta(calendar, expected):
    plan_enrol("commission_pct", calendar)
    recompute(business_date=TODAY)
    entries = LedgerEntry.objects.count()
    assert recompute(business_date=TODAY).summary["posted"] == 0
    assert recompute(business_date=TODAY, is_full=True).summary["posted"] == 0
    assert LedgerEntry.objects.count() == entries

    first = Period.objects.order_by("starts").first()
    period_state_set(period=first, pay_group="windows", legal_entity=LegalEntity.objects.get(), state="closed")
    blythe = Payee.objects.get(external_id="275")
    put_order("late", blythe, "2011-06-30", 1000_0000, scale=4)
    run = recompute(business_date=TODAY)
    (delta,) = LedgerEntry.objects.filter(run=run).select_related("earning_period", "pay_period")
    assert (delta.payee_id, delta.amount, delta.scale, delta.cause) == (blythe.pk, 12_00, 2, "data")
    assert (delta.earning_period.code, delta.pay_period.code) == ("2011-05-31", "2011-08-31")
    assert (run.is_full, run.summary["chunks_computed"]) == (False, 1)
    assert LedgerEntry.objects.exclude(earning_period=F("pay_period")).count() == 1
    assert Run.objects.filter(state="done").count() == 4
