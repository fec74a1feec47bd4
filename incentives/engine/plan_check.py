"""`plan check`: schema, names, types and grains of a plan document, then the plan's own tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import exact
from .compile import plan_compile
from .document import Document, document_read
from .errors import CellError, InputError, PlanError, Problem
from .exact import ZERO, Number
from .plan import CompiledPlan
from .simulate import Simulation, simulation_run
from .tabular import KNOWN


@dataclass(frozen=True)
class TestResult:
    """One of the plan's own tests; `problems` is empty when it passed."""

    __test__ = False

    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CheckReport:
    """What `plan check` found. ok: the plan may be activated."""

    plan: CompiledPlan | None
    problems: tuple[Problem, ...]
    tests: tuple[TestResult, ...]

    @property
    def ok(self) -> bool:
        """No problem and no failed test."""
        return not self.problems and not any(test.problems for test in self.tests)


def plan_check(text: str) -> CheckReport:
    """Check a plan document; never raises for what is wrong with it."""
    try:
        document = document_read(text)
        plan = plan_compile(document)
    except PlanError as error:
        return CheckReport(None, tuple(error.problems), ())
    return CheckReport(plan, (), plan_tests(document, plan))


def plan_tests(document: Document, plan: CompiledPlan) -> tuple[TestResult, ...]:
    """Run the tests that stand in the document."""
    return tuple(_test(document, plan, i, test) for i, test in enumerate(document.data.get("tests") or []))


def plan_tests_break(document: Document, plan: CompiledPlan) -> bool:
    """Does one of the plan's tests fail? Stops at the first that does."""
    return any(_test(document, plan, i, test).problems for i, test in enumerate(document.data.get("tests") or []))


def _test(document: Document, plan: CompiledPlan, index: int, test: Mapping[str, Any]) -> TestResult:
    path = ("tests", index)
    tables = {name: _texts(test[name]) for name in KNOWN if name in test}
    try:
        simulation = simulation_run(plan, tables)
    except CellError as error:
        place = (*path, error.table, error.row, error.column)
        return TestResult(test["name"], (document.problem(place, "test_rows", text=error.cause),))
    except InputError as error:
        return TestResult(test["name"], (document.problem(path, "test_rows", text=str(error)),))
    found = []
    for k, expected in enumerate(test["expect"]):
        try:
            code, params = expectation_failure(simulation, expected)
        except InputError as error:
            code, params = "test_rows", {"text": str(error)}
        if code:
            found.append(document.problem((*path, "expect", k), code, **params))
    return TestResult(test["name"], tuple(found))


def _texts(rows: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{key: exact.text(value) if isinstance(value, Decimal) else "" if value is None else str(value) for key, value in row.items()} for row in rows]


MET: tuple[str, dict[str, Any]] = ("", {})


def expectation_failure(simulation: Simulation, expected: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Why an expectation is not met: code and parameters; `MET` when it is."""
    if "excluded" in expected:
        have = next((e.count for e in simulation.result.exclusions if e.name == expected["excluded"]), None)
        if have is None:
            return "test_no_exclusion", {"name": expected["excluded"], "known": [e.name for e in simulation.result.exclusions]}
        return MET if have == expected.get("count") else ("test_excluded", {"found": have, "wanted": expected.get("count")})
    if "uncredited" in expected:
        count = len(simulation.result.uncredited)
        return MET if count == expected["uncredited"] else ("test_uncredited", {"found": count, "wanted": expected["uncredited"]})
    if "payee" not in expected or sum(key in expected for key in ("component", "figure", "paid")) != 1:
        return "test_names", {}
    if "paid" in expected:
        value: Number | None = simulation.paid(expected["payee"], expected["paid"], expected.get("period"))
    elif "component" in expected:
        value = earned(simulation, expected["payee"], expected["component"], expected.get("period"), expected.get("currency"))
    else:
        value = figure(simulation, expected["payee"], expected["figure"], expected.get("period"))
    if expected.get("undefined"):
        return MET if value is None else ("test_defined", {"found": exact.text(value)})
    if "amount" not in expected:
        return "test_no_amount", {}
    wanted = exact.text(Decimal(expected["amount"]))
    if value is None:
        return "test_undefined", {"wanted": wanted}
    return MET if value == expected["amount"] else ("test_amount", {"found": exact.text(value), "wanted": wanted})


def earned(simulation: Simulation, payee: Any, component: str | None = None, period: Any = None, currency: str | None = None) -> Number:
    """What a payee (None: everybody) earned: of one component or all, in one period or all, in the plan's currency or another
    in which it earns apart."""
    wanted = "" if currency in (None, simulation.plan.currency) else currency
    payee_id = None if payee is None else simulation.data.payee_id(payee)
    if component is not None and component not in {c.name for c in simulation.plan.components}:
        raise InputError(f"component {component} is not in plan {simulation.plan.key}")
    if component is not None and component not in simulation.plan.cash:
        return _aside(simulation, payee_id, f"pay.{component}", period)
    period_id = None if period is None else simulation.period_id(period)
    total: Number = ZERO
    for item in simulation.result.outcome.earnings:
        if payee_id in (None, item.payee) and component in (None, item.component) and period_id in (None, item.period) and item.currency == wanted:
            total = exact.add(total, item.amount)
    return total


def _aside(simulation: Simulation, payee: int | None, name: str, period: Any) -> Number:
    """The sum of what is evaluated but not paid, or paid in something else than money."""
    period_id = None if period is None else simulation.period_id(period)
    total: Number = ZERO
    for item in simulation.result.outcome.figures:
        if item.name == name and payee in (None, item.payee) and period_id in (None, item.period) and item.value is not None:
            total = exact.add(total, item.value)
    return total


def figure(simulation: Simulation, payee: Any, name: str, period: Any = None) -> Number | None:
    """A measure, quota, attainment or value of a payee; without a period there must be one only."""
    payee_id = simulation.data.payee_id(payee)
    if period is None and len(simulation.prepared.periods) > 1:
        raise InputError(f"figure {name}: name the period")
    period_id = simulation.prepared.periods[0].id if period is None else simulation.period_id(period)
    found = [f for f in simulation.result.outcome.figures if f.payee == payee_id and f.name == name and f.period == period_id]
    if not found:
        raise InputError(f"figure {name} of {payee} is not there; figures: {', '.join(sorted({f.name for f in simulation.result.outcome.figures}))}")
    if len(found) > 1:
        raise InputError(f"figure {name} of {payee} stands for several assignments")
    return found[0].value
