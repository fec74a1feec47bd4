"""Bad input: each kind is found before a run, at its file, line and column with cause and mend, or is a named exception of its payee.

The first table is of plans that are refused before anything runs. The second goes through the real run: one payee's input is bad, the
run ends, the exception names him, and the other payee is paid to the cent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.plan_check import plan_check
from incentives.models import LedgerEntry, Run, RunIssue, UncreditedOrder
from incentives.services import PlanRefused, plan_create, version_activate
from planning.models import Quota
from spm.calendars.models import Period
from spm.people.models import PayTerms
from spm.tenancy.changes import change, dated_retire
from spm.told import shown
from tests.incentives.engine.test_plan_errors import BASE
from tests.incentives.world import PLAN, World, make_calendar, make_world, put_order
from tests.support.factories import make_payee

STEP = "      - {from: 100, value: 2%}\n"
NINES = "9" * 301

# kind: (text of the right plan, wrong text in its place, what is told)
PLANS: dict[str, tuple[str, str, str]] = {
    "cycle: a formula reads itself": (
        "components:\n", "values:\n  - {name: v, formula: v + 1}\ncomponents:\n",
        "p.yaml:23:24: values[0].formula: `v` is made here or further below, so that this would be a cycle; "
        "read what stands above, and put the formulas in that order",
    ),
    "cycle: pay that reads itself": (
        "    base: sales\n", "    base: pay.c\n",
        "p.yaml:24:11: components[0].base: `pay.c` is made here or further below, so that this would be a cycle; "
        "read what stands above, and put the formulas in that order",
    ),
    "cycle: comparisons of each other": (
        "components:\n", "peers:\n  - {name: a, of: total.b}\n  - {name: b, of: sales}\ncomponents:\n",
        "p.yaml:23:19: peers[0].of: compares `total.b`, which itself depends on others; compare a measure, or pay that depends on nobody else",
    ),
    "gap": (
        STEP, STEP.replace("100", "120"),
        "p.yaml:20:23: tables[0].steps[0].to: gap between 100 and 120; let each step start where the one before ends",
    ),
    "overlap": (
        STEP, STEP.replace("100", "90"),
        "p.yaml:20:23: tables[0].steps[0].to: overlap between 100 and 90; let each step start where the one before ends",
    ),
    "unknown name": ("base: sales", "base: saels", "p.yaml:24:11: components[0].base: `saels` is unknown; did you mean `sales`?"),
    "unknown key": ("    base: sales\n", "    bass: sales\n", "p.yaml:24:11: components[0].bass: unknown key `bass`; did you mean `base`?"),
    "unit: a line's figure in a period": (
        "base: sales", "base: amount",
        "p.yaml:24:11: components[0].base: mixes grains: `amount` is a value per line; take it through an aggregate: sum(amount)",
    ),
    "unit: a condition for a number": (
        "base: sales", "base: sales > 5",
        "p.yaml:24:11: components[0].base: a number is needed, this is a bool; use an amount, a measure or a formula of them",
    ),
    "unit: a date for a number": (
        "  - {name: sales}\n  - {name: ytd", "  - {name: sales, value: date}\n  - {name: ytd",
        "p.yaml:13:26: measures[0].value: a number is needed, this is a date; use an amount, a measure or a formula of them",
    ),
    "unit: a year against a month": (
        "measure: sales, quota", "measure: ytd, quota",
        "p.yaml:16:5: attainments[0]: measures over a year against a quota over a period; give both the same `over`",
    ),
    "division by zero": ("flat: 5%", "flat: 5 / 0", "p.yaml:25:26: components[0].pay_rate.flat: divides by zero; divide by another number"),
    "division that can be by zero": (
        "flat: 5%", "flat: 1 / sales",
        "p.yaml:23:5: components[0]: can be undefined (a quota may be zero or missing); state `when_undefined: zero` or `exception`, or use default(x, 0)",
    ),
    "quota that can be zero": (
        "base: sales", "base: att",
        "p.yaml:23:5: components[0]: can be undefined (a quota may be zero or missing); state `when_undefined: zero` or `exception`, or use default(x, 0)",
    ),
    "overflow: a number": (
        "flat: 5%", f"flat: {NINES}", "p.yaml:25:22: components[0].pay_rate.flat: the number has 301 digits; 300 are possible; write a smaller one",
    ),
    "overflow: a power": (
        "flat: 5%", "flat: 5 ^ 13",
        "p.yaml:25:22: components[0].pay_rate.flat: `^` takes a whole number up to 12; use power(x, y, digits) and state the precision",
    ),
    "currency": ("currency: USD", "currency: US", "p.yaml:3:11: currency: 'US' does not look right; it has to match ^[A-Z]{3}$"),
    "rate without a day": (
        "currency: USD", "currency: USD\nconversions: {payment: {rate_type: daily, to: EUR, as_of: event}}",
        "p.yaml:4:59: conversions.payment.as_of: payment has no event whose day it could use; use period_start, period_end or year_start",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(PLANS))
def test_a_bad_plan_is_told_at_its_line_and_column_with_what_would_be_right(kind: str) -> None:
    right, wrong, said = PLANS[kind]
    assert BASE.count(right) == 1
    assert plan_check(BASE).ok
    assert said in [problem.text("p.yaml") for problem in plan_check(BASE.replace(right, wrong)).problems]


@pytest.mark.parametrize("kind", sorted(PLANS))
def test_a_bad_plan_never_comes_into_force(scope: Any, kind: str) -> None:
    right, wrong, _ = PLANS[kind]
    with pytest.raises(PlanRefused):
        version_activate(version=plan_create(text=BASE.replace(right, wrong), calendar=make_calendar(), effective_from=dt.date(2024, 1, 1)))


@dataclass(frozen=True)
class Bad:
    """A payee's bad input: what is done to the first of two payees, and what the run says. `component`: of an exception; else the
    order is in the uncredited list under `said`."""

    spoil: Callable[[World], object]
    said: str
    component: str = ""
    text: str = PLAN


def _no_quota(world: World) -> None:
    with change(reason="quota") as changeset:
        for row in Quota.objects.filter(position_id=world.seats[0].position_id):
            dated_retire(row, changeset=changeset)


def _quota_zero(world: World) -> None:
    _no_quota(world)
    with change(reason="quota zero") as changeset:
        Quota.objects.create(
            position_id=world.seats[0].position_id, measure="sales", amount=0, currency="USD", valid_from=dt.date(2024, 1, 1),
            valid_to=dt.date(2024, 2, 1), known_from=changeset,
        )  # fmt: skip


def _terms(world: World, attributes: dict[str, str] | None) -> None:
    with change(reason="terms") as changeset:
        dated_retire(PayTerms.objects.get(seat=world.seats[0]), changeset=changeset)
        if attributes is not None:
            PayTerms.objects.create(seat=world.seats[0], currency="USD", valid_from=dt.date(2024, 1, 1), known_from=changeset, attributes=attributes)


def _component(text: str) -> str:
    return PLAN + f"  - name: other\n    {text}\n    when_undefined: exception\n"


RUNS: dict[str, Bad] = {
    "quota zero": Bad(_quota_zero, "formula is undefined (a quota is zero or missing)", "other", _component("formula: attainment * 0")),
    "quota missing": Bad(_no_quota, "formula is undefined (a quota is zero or missing)", "other", _component("formula: attainment * 0")),
    "division by zero": Bad(
        lambda world: None, "formula is undefined (a quota is zero or missing)", "other", _component("formula: 0 / (sales - 1000)"),
    ),
    "overflow": Bad(
        lambda world: None, "the amount has more than 12 digits before the decimals", "other",
        _component("formula: if(sales > 600, ((sales ^ 12) ^ 12) ^ 12, 0)"),
    ),
    "overflow of the books": Bad(
        lambda world: None, "the amount has more than 12 digits before the decimals", "other", _component("formula: if(sales > 600, 1000000000000, 0)")
    ),
    "overflow on the way": Bad(
        lambda world: None, "a number has more than 300 digits", "other",
        _component("formula: if(sales > 600, 1 / (((sales + 1) ^ 12) ^ 12 + 1 / 3), 0) * 0"),
    ),
    "pay rate missing": Bad(lambda world: _terms(world, None), "attr.commission_pct is missing on the period's last day", "commission"),
    "pay rate out of bounds": Bad(
        lambda world: _terms(world, {"commission_pct": "0.5"}), "attr.commission_pct is 0.5, above its greatest value 0.2", "commission",
        PLAN.replace("- name: commission_pct", "- {name: commission_pct, maximum: 20%}"),
    ),
    "score missing": Bad(
        lambda world: None, "kpi.nps is missing on the period's last day", "other",
        _component("formula: if(sales > 600, kpi.nps, 0) * 0").replace("measures:", "kpis:\n  - {name: nps}\nmeasures:"),
    ),
    "no rate of exchange": Bad(
        lambda world: put_order("1", world.payees[0], "2024-01-10", 1000_00, currency="EUR"), "no_fx_rate", "",
        PLAN.replace("calendar: month", "calendar: month\nconversions: {transaction: {rate_type: daily}}"),
    ),
    "unassigned person": Bad(lambda world: put_order("1", make_payee(), "2024-01-10", 1000_00), "no_plan"),
    "nobody's order": Bad(lambda world: put_order("1", None, "2024-01-10", 1000_00), "no_owner"),
    "before the calendar": Bad(lambda world: put_order("1", world.payees[0], "2023-12-20", 1000_00), "outside_calendar"),
    "nobody's before the calendar": Bad(lambda world: put_order("1", None, "2023-12-20", 1000_00), "outside_calendar"),
    "split that does not make 100 %": Bad(
        lambda world: put_order("1", world.payees[0], "2024-01-10", 1000_00, splits=[(world.payees[0], 600_000)]), "split_total",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(RUNS))
def test_bad_input_of_one_payee_is_named_and_stops_no_other(scope: Any, kind: str) -> None:
    bad = RUNS[kind]
    world = make_world(2, text=bad.text)
    ann, bob = world.payees
    put_order("1", ann, "2024-01-10", 1000_00)
    put_order("2", bob, "2024-01-10", 400_00)
    bad.spoil(world)
    run = world.run(business_date=dt.date(2024, 1, 31))
    assert run.state == Run.State.DONE
    paid = LedgerEntry.objects.get(payee=bob, component="commission")
    assert Decimal(paid.amount).scaleb(-paid.scale) == Decimal("20.00")
    if bad.component:
        named = {(row.payee_id, row.component): shown(row.problem) for row in RunIssue.objects.filter(run_to__isnull=True)}
        assert named.get((ann.pk, bad.component)) == bad.said
        assert not LedgerEntry.objects.filter(payee=ann, component=bad.component).exists()
    else:
        assert list(UncreditedOrder.objects.filter(run_to__isnull=True).values_list("order__external_id", "reason")) == [("1", bad.said)]
        assert not LedgerEntry.objects.filter(payee=ann).exists()


def test_what_the_calendar_comes_to_hold_leaves_the_list_with_the_next_run(scope: Any) -> None:
    world = make_world(1)
    put_order("1", world.payees[0], "2023-12-20", 1000_00)
    world.run(business_date=dt.date(2024, 1, 31))
    assert [row.reason for row in UncreditedOrder.objects.filter(run_to__isnull=True)] == ["outside_calendar"]
    Period.objects.create(calendar=world.calendar, code="2023-12", starts=dt.date(2023, 12, 1), ends=dt.date(2024, 1, 1), quarter="Q4", year="2023")
    world.run(business_date=dt.date(2024, 1, 31))
    assert not UncreditedOrder.objects.filter(run_to__isnull=True).exists(), "from before any plan: nobody's business"
