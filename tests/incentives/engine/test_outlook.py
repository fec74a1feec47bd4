"""Distance to the next step, and what reaching it is worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.outlook import next_step, what_if
from incentives.engine.simulate import simulation_run

PLAN = """
engine: 1
plan: p
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
quotas: [{{name: sales}}]
measures: [{{name: sales}}]
attainments: [{{name: att, measure: sales, quota: sales}}]
tables:
  - {{name: t, includes: {includes}, steps: [{{from: 0, to: 100%, value: 1%}}, {{from: 100%, value: 2%}}]}}
components:
  - {{name: c, base: sales, pay_rate: {{table: t, {rate}}}, when_undefined: zero, cap: 1000}}
"""


def step(rate: str, includes: str = "lower", amount: str = "400", quota: str = "1000") -> Any:
    tables = {
        "transactions": [{"id": "1", "date": "2025-01-10", "payee": "ann", "amount": amount}],
        "quotas": [{"payee": "ann", "quota": "sales", "from": "2025-01-01", "to": "2025-02-01", "amount": quota}],
    }
    simulation = simulation_run(plan_load(PLAN.format(rate=rate, includes=includes)), tables)
    return simulation, next_step(simulation.prepared, simulation.result.totals, 0, 0, "c")


@pytest.mark.parametrize(
    ("rate", "includes", "distance", "worth"),
    [
        ("mode: marginal, scale: quota.sales", "lower", "600", "6"),
        ("mode: whole, by: att", "lower", "600", "16"),
        ("mode: whole, by: att", "upper", "600.01", "16"),
        ("mode: whole, scale: quota.sales", "lower", "600", "16"),
    ],
)
def test_what_is_missing_to_the_next_step_and_what_it_pays(rate: str, includes: str, distance: str, worth: str) -> None:
    _, found = step(rate, includes)
    assert (found.now, found.bound, found.distance, found.worth) == (400, 1000, Decimal(distance), Decimal(worth))
    assert (found.rate_now, found.rate_next) == (Decimal("0.01"), Decimal("0.02"))


def test_above_the_last_step_or_without_a_quota_there_is_none() -> None:
    assert step("mode: whole, by: att", amount="1000")[1] is None
    assert step("mode: marginal, scale: quota.sales", quota="0")[1] is None


def test_what_if_changes_nothing_but_its_answer() -> None:
    simulation, _ = step("mode: marginal, scale: quota.sales")
    record = what_if(simulation.prepared, simulation.result.totals, 0, 0, Decimal(700))
    assert record is not None
    assert record.earned["c"] == Decimal(12)
    again = what_if(simulation.prepared, simulation.result.totals, 0, 0, Decimal(0))
    assert again is not None
    assert again.earned["c"] == Decimal(4)
