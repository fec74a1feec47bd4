"""What is undefined, and where: every place of a component that reads a formula names itself, and the formulas of floor, cap and share read
the month's own figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.trace import trees

PLAN = """\
engine: 1
plan: undefined
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
measures:
  - {{name: m, where: kind = "new"}}
  - {{name: z, where: kind = "none"}}
tables:
  - {{name: t, steps: [{{from: 0, to: 100, value: 10%}}, {{from: 100, value: 20%}}]}}
components:
  - name: pay
    when_undefined: {policy}
    round: {{places: 4}}
{body}
"""


def simulated(body: str, policy: str = "exception") -> Simulation:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    rows = [
        {"id": "T1", "date": "2025-01-05", "payee": "ann", "amount": "80", "kind": "new"},
        {"id": "T2", "date": "2025-02-05", "payee": "ann", "amount": "240", "kind": "new"},
    ]
    return simulation_run(plan_load(PLAN.format(policy=policy, body=lines)), {"transactions": rows})


RATED = "base: m\npay_rate: {flat: 10%}\n"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("formula: m / z", "formula"),
        ("base: m / z\npay_rate: {flat: 10%}", "base"),
        ("base: m\npay_rate: {flat: m / z}", "pay_rate"),
        ("base: m\npay_rate: {table: t, mode: whole, by: m / z}", "by"),
        ("base: m\npay_rate: {table: t, mode: marginal, scale: m / z}", "scale"),
        ("base: m\npay_rate: {table: t, mode: marginal, scale: z}", "z"),
        (RATED + "floor: m / z", "floor"),
        (RATED + "cap: m / z", "cap"),
        (RATED + "share: m / z", "share"),
        (RATED + "multiply: [{name: kicker, by: m / z}]", "kicker"),
    ],
)
def test_an_undefined_place_is_an_exception_that_names_it(body: str, what: str) -> None:
    simulation = simulated(body)
    issues = [issue for issue in simulation.result.outcome.issues if issue.period == 0]
    assert [(issue.component, str(issue.cause)) for issue in issues] == [("pay", f"{what} is undefined (a quota is zero or missing)")]
    assert {earning.amount for earning in simulation.result.outcome.earnings} == {Decimal(0)}
    tree = trees(simulation.prepared, simulation.result.totals, simulation.team_pay)[issues[0].assignment, 0]
    (component,) = tree["children"]
    assert [(part["kind"], part["label"], part["amount"]) for part in component["children"]] == [("undefined", what, "0")]
    quiet = simulated(body, "zero")
    assert quiet.result.outcome.issues == ()
    assert {earning.amount for earning in quiet.result.outcome.earnings} == {Decimal(0)}


@pytest.mark.parametrize(
    ("body", "january", "february"),
    [
        (RATED + "floor: m / 8", "10", "30"),
        (RATED + "cap: 2 + m / 80", "3", "5"),
        (RATED + "share: m / 800", "0.8", "7.2"),
        (RATED + "multiply: [{name: kicker, by: m / 80}]", "8", "72"),
        (RATED + "multiply: [{name: a, by: m / 80}, {name: b, by: 150%}]", "12", "108"),
        (RATED + "multiply: [{name: a, by: m / 80}, {name: b, by: 150%}]\ncombine: added", "12", "84"),
        (RATED + "gate: m > 100", "0", "24"),
        ("base: m\npay_rate: {flat: m / 1000}", "6.4", "57.6"),
        ("base: m - 80\npay_rate: {flat: 10%}", "0", "16"),
        ("base: m\npay_rate: {table: t, mode: whole, by: m / 2}", "8", "48"),
        ("base: m\npay_rate: {table: t, mode: marginal, scale: m / 80}", "8", "24"),
    ],
)
def test_formulas_read_the_months_own_figures(body: str, january: str, february: str) -> None:
    found = {e.period: e.amount for e in simulated(body).result.outcome.earnings}
    assert (found[0], found[1]) == (Decimal(january), Decimal(february))


@pytest.mark.parametrize(("step", "kind"), [("floor: 8", "floor"), ("cap: 8", "cap")])
def test_a_limit_that_is_just_reached_adds_nothing(step: str, kind: str) -> None:
    """January pays 8 by itself: neither floor nor cap has a part of its own then."""
    simulation = simulated(RATED + step)
    all_trees: dict[Any, Any] = trees(simulation.prepared, simulation.result.totals, simulation.team_pay)
    kinds = [[part["kind"] for part in all_trees[0, period]["children"][0]["children"]] for period in (0, 1, 2)]
    assert kinds[0] == ["rate"]
    assert (kind in kinds[1], kind in kinds[2]) == ((False, True) if kind == "floor" else (True, False))
