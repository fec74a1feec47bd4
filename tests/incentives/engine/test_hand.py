"""The example of docs/calculation.md, worked by hand."""

from __future__ import annotations

from decimal import Decimal

from incentives.engine.compile import plan_load
from incentives.engine.plan_check import earned
from incentives.engine.simulate import simulation_run
from incentives.engine.trace import explain

PLAN = """
engine: 1
plan: hand
currency: USD
calendar: month
credits: [{name: direct, to: owner}]
quotas: [{name: sales, over: quarter}]
measures: [{name: sales, over: quarter}]
tables:
  - name: accelerator
    steps:
      - {from: 0, to: 80%, value: 1%}
      - {from: 80%, to: 100%, value: 1.25%}
      - {from: 100%, to: 120%, value: 1.5%}
      - {from: 120%, value: 2%}
components:
  - {name: commission, base: sales, pay_rate: {table: accelerator, mode: marginal, scale: quota.sales}, settle: quarter, when_undefined: zero}
"""
TABLES = {
    "transactions": [
        {"id": "1", "date": "2025-01-10", "payee": "ann", "amount": "700.005"},
        {"id": "2", "date": "2025-01-20", "payee": "ann", "amount": "200"},
        {"id": "3", "date": "2025-02-10", "payee": "ann", "amount": "400"},
    ],
    "quotas": [{"payee": "ann", "quota": "sales", "from": "2025-01-01", "to": "2025-04-01", "amount": "1000"}],
}


def test_the_documented_example() -> None:
    simulation = simulation_run(plan_load(PLAN), TABLES)
    assert earned(simulation, "ann", "commission", "2025-01") == Decimal("9.25")
    assert earned(simulation, "ann", "commission", "2025-02") == Decimal("6.25")
    (component,) = explain(simulation.prepared, simulation.result.totals, 0, 1)["children"]
    assert [(part["kind"], part["amount"]) for part in component["children"]] == [
        ("slice", "8"), ("slice", "2.5"), ("slice", "3"), ("slice", "2.0002"), ("rounding", "-0.0002"), ("earlier", "-9.25"),
    ]  # fmt: skip


def test_a_quota_row_over_the_edge_counts_by_calendar_days() -> None:
    tables = dict(TABLES, quotas=[{"payee": "ann", "quota": "sales", "from": "2024-10-01", "to": "2025-04-01", "amount": "1820"}])
    simulation = simulation_run(plan_load(PLAN), tables)
    figures = {f.period: f.value for f in simulation.result.outcome.figures if f.name == "quota.sales"}
    assert figures[0] == Decimal(900)  # 90 of 182 days
