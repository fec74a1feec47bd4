"""Survey scores, KPI values and objectives of the record, through the run: as measures, gates, weights and caps, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.errors import PlanError
from incentives.engine.plan_check import plan_check
from incentives.models import LedgerEntry, RunIssue
from spm.people.models import Payee
from spm.sales.models import KpiValue, KpiValueVersion
from spm.tenancy.changes import change
from tests.incentives.world import World, make_world, put_order
from tests.support.factories import make_payee

pytestmark = pytest.mark.django_db

PLAN = """\
engine: 1
plan: objectives
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
kpis:
  - {name: calls, read: sum, over: quarter}
  - {name: nps, kpi: NPS, read: average, over: quarter, minimum: -100, maximum: 100}
  - {name: plan_quality, read: last, maximum: 150%}
  - {name: pipeline, read: last, default: 0%}
attributes:
  - {name: commission_pct}
measures:
  - {name: sales}
values:
  - name: reached
    formula: 60% * min(kpi.plan_quality, 120%) + 40% * min(kpi.pipeline, 120%)
components:
  - {name: commission, base: sales, pay_rate: {flat: attr.commission_pct}}
  - {name: calls_bonus, formula: kpi.calls * 0.5, settle: quarter}
  - name: objectives
    formula: 1000 * reached
    cap: 1100
    gate: kpi.nps >= 30
tests:
  - name: two objectives by their weights, one of them over its cap; the gate is the quarter's average score
    transactions: [{id: 1, date: 2025-01-05, payee: ann, amount: 100}]
    attributes: [{payee: ann, name: commission_pct, value: 0.05}]
    kpis:
      - {payee: ann, kpi: calls, date: 2025-01-05, value: 40}
      - {payee: ann, kpi: calls, date: 2025-01-06, value: 3}
      - {payee: ann, kpi: NPS, date: 2025-01-31, value: 20}
      - {payee: ann, kpi: NPS, date: 2025-01-15, value: 41}
      - {payee: ann, kpi: plan_quality, date: 2025-01-31, value: 1.3}
      - {payee: ann, kpi: pipeline, date: 2025-01-31, value: 0.5}
    expect:
      - {payee: ann, component: calls_bonus, period: 2025-01, amount: 21.5}
      - {payee: ann, component: objectives, period: 2025-01, amount: 920}
      - {payee: ann, figure: kpi.nps, period: 2025-01, amount: 30.5}
"""


def put_kpi(external_id: str, payee: Payee, kpi: str, day: str, value: str, *, moved_from: Payee | None = None) -> None:
    """Publishes a version of a KPI value; moved from another payee, with a tombstone under the old one."""
    record, _ = KpiValue.objects.get_or_create(source="test", external_id=external_id)
    values = {"kpi": kpi, "measured_on": dt.date.fromisoformat(day), "value": int(Decimal(value).scaleb(4)), "value_scale": 4}
    with change(reason=f"kpi {external_id}") as changeset:
        if moved_from is not None:
            KpiValueVersion.objects.create(record=record, change_set=changeset, payee=moved_from, tombstone=1, **values)
        KpiValueVersion.objects.create(record=record, change_set=changeset, payee=payee, **values)


def earned(payee: Payee, component: str, period: str) -> Decimal:
    rows = LedgerEntry.objects.filter(payee=payee, component=component, earning_period__code=period)
    return sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0))


@pytest.fixture
def world(scope: Any) -> World:
    world = make_world(2, text=PLAN)
    ann, bob = world.payees
    put_order("1", ann, "2024-01-10", 200_00)
    put_kpi("c1", ann, "calls", "2024-01-10", "41")
    put_kpi("c2", ann, "calls", "2024-02-10", "10")
    put_kpi("n1", ann, "NPS", "2024-01-31", "30")
    put_kpi("q1", ann, "plan_quality", "2024-01-31", "1.3")
    put_kpi("p1", ann, "pipeline", "2024-01-31", "0.75")
    put_kpi("n2", bob, "NPS", "2024-01-31", "29.9")
    put_kpi("q2", bob, "plan_quality", "2024-01-31", "1")
    return world


def test_the_plans_own_test_holds() -> None:
    assert plan_check(PLAN).problems == ()


def test_scores_of_the_record_pay_and_gate_in_the_run(world: World) -> None:
    ann, bob = world.payees
    world.run(business_date=dt.date(2024, 2, 29))
    assert earned(ann, "commission", "2024-01") == Decimal("10.00")
    assert earned(ann, "calls_bonus", "2024-01") == Decimal("20.50")
    assert earned(ann, "calls_bonus", "2024-02") == Decimal("5.00")  # 51 x 0.5 - 20.50: to date, less what was paid
    # 60 % x 120 % (capped) + 40 % x 75 % = 102 % of 1,000.
    assert earned(ann, "objectives", "2024-01") == Decimal("1020.00")
    assert earned(bob, "objectives", "2024-01") == 0  # 29.9 stays below the gate


def test_nothing_measured_is_a_named_exception_on_that_payee_alone(world: World) -> None:
    ann, bob = world.payees
    world.run(business_date=dt.date(2024, 1, 31))
    issues = RunIssue.objects.filter(run_to__isnull=True).values_list("payee_id", "component")
    assert set(issues) == {(bob.pk, "calls_bonus")}
    assert earned(ann, "objectives", "2024-01") == Decimal("1020.00")


def test_a_corrected_score_is_paid_by_the_next_run_to_those_it_concerns(world: World) -> None:
    ann, bob = world.payees
    world.run(business_date=dt.date(2024, 1, 31))
    put_kpi("n2", bob, "NPS", "2024-01-31", "60")
    put_kpi("c1", bob, "calls", "2024-01-10", "41", moved_from=ann)
    run = world.run(business_date=dt.date(2024, 1, 31))
    assert not run.is_full
    assert earned(bob, "objectives", "2024-01") == Decimal("600.00")
    assert earned(bob, "calls_bonus", "2024-01") == Decimal("20.50")
    assert earned(ann, "calls_bonus", "2024-01") == 0
    assert set(LedgerEntry.objects.filter(run=run).values_list("payee_id", "cause")) == {(ann.pk, "data"), (bob.pk, "data")}
    assert RunIssue.objects.filter(run_to__isnull=True).values_list("payee_id", "component").get() == (ann.pk, "calls_bonus")


def test_a_stranger_s_score_changes_nothing(world: World) -> None:
    world.run(business_date=dt.date(2024, 1, 31))
    put_kpi("x", make_payee(), "NPS", "2024-01-31", "-100")
    run = world.run(business_date=dt.date(2024, 1, 31))
    assert not LedgerEntry.objects.filter(run=run).exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("  - {name: nps, minimum: 5, maximum: 4}", "limits_crossed"),
        ("  - {name: nps}\n  - {name: nps}", "name_taken"),
        ("  - {name: nps, read: median}", "not_one_of"),
    ],
)
def test_a_wrong_kpi_is_found_with_its_line(line: str, code: str) -> None:
    text = PLAN.split("kpis:\n")[0] + "kpis:\n" + line + "\nmeasures:\n  - {name: sales}\ncomponents:\n  - {name: a, base: sales, pay_rate: {flat: 1%}}\n"
    with pytest.raises(PlanError) as error:
        plan_load(text)
    assert next((p.code, p.line >= 8) for p in error.value.problems) == (code, True)
