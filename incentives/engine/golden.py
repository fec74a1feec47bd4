"""`golden`: published worked examples, each expressed as a plan document with data, compared figure by figure.

Under DIR/ID/ stand plan documents, folders of CSV files and checks.yaml, which says which result is which expected
figure of the case. The figures themselves are read from the published file, never retyped: a check names a JSON
pointer into the case's `expected`. Every figure there must be checked or named with a reason under `not_checked`.
DIR/index.yaml lists the cases that the plan language cannot express yet, each with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from . import exact
from .conversions import earnings_converted
from .errors import InputError, PlanError
from .exact import ZERO, Number
from .lines import measure_lines
from .plan_check import earned, figure, plan_check
from .rounding import round_number
from .simulate import Simulation, simulate
from .trace import explain


@dataclass(frozen=True)
class CaseResult:
    """status: passed, failed, not expressible. messages say what differs, or why it cannot be expressed."""

    id: str
    status: str
    messages: tuple[str, ...] = ()
    figures: int = 0


def golden_run(cases: list[dict[str, Any]], folder: Path) -> list[CaseResult]:
    """Run all cases against the plans in a folder."""
    index = _yaml(folder / "index.yaml") if (folder / "index.yaml").exists() else {}
    reasons = index.get("not_expressible") or {}
    known = {case["id"] for case in cases}
    results = [_case(case, folder / case["id"], reasons.get(case["id"])) for case in cases]
    results += [CaseResult(name, "failed", ("is listed in index.yaml but is no case",)) for name in reasons if name not in known]
    return results


def cases_read(file: Path) -> list[dict[str, Any]]:
    """The published cases; numbers keep the digits that are printed."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
    return found


def _yaml(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    return found


def _case(case: Mapping[str, Any], folder: Path, reason: str | None) -> CaseResult:
    name = case["id"]
    if reason is not None:
        if folder.exists():
            return CaseResult(name, "failed", ("has a plan and is listed as not expressible; take it out of one place",))
        return CaseResult(name, "not expressible", (reason,))
    if not (folder / "checks.yaml").exists():
        return CaseResult(name, "failed", ("has neither checks.yaml nor a reason in index.yaml",))
    spec = _yaml(folder / "checks.yaml")
    runs = spec.get("runs") or {"main": {}}
    simulations: dict[str, Simulation] = {}
    messages: list[str] = []
    for run, given in runs.items():
        given = given or {}
        text = (folder / given.get("plan", "plan.yaml")).read_text(encoding="utf-8")
        report = plan_check(text)
        messages += [f"{run}: {problem.text()}" for problem in report.problems]
        messages += [f"{run}: test {test.name}: {problem.text()}" for test in report.tests for problem in test.problems]
        if not report.ok:
            continue
        as_of = given.get("as_of")
        try:
            simulations[run] = simulate(text, folder / given.get("data", "data"), as_of)
        except (InputError, PlanError) as error:
            messages.append(f"{run}: {error}")
    if messages:
        return CaseResult(name, "failed", tuple(messages))
    left = {pointer: value for pointer, value, _ in leaves(case["expected"])}
    for item in spec.get("not_checked") or []:
        hits = [pointer for pointer in left if matches(item["expected"], pointer) is not None]
        if not hits or not item.get("reason"):
            messages.append(f"not_checked {item['expected']}: names no figure, or gives no reason")
        for pointer in hits:
            del left[pointer]
    checked = 0
    for check in spec["checks"]:
        found = [(pointer, bound) for pointer in left if (bound := matches(check["expected"], pointer)) is not None]
        if not found:
            messages.append(f"check {check['expected']}: names no figure that is left")
        for pointer, bound in found:
            message = _compare(simulations, check, bound, left.pop(pointer))
            checked += 1
            if message:
                messages.append(f"{pointer}: {message}")
    messages += [f"{pointer}: no check says which result this is" for pointer in left]
    return CaseResult(name, "failed" if messages or not checked else "passed", tuple(messages), checked)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any, None]]:
    """All figures of an `expected` object with their JSON pointers."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{pointer}/{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, f"{pointer}/{i}")
    else:
        yield pointer, value, None


def matches(pattern: str, pointer: str) -> list[str] | None:
    """What `*` stands for in each place, or None. A `*` is one whole step."""
    wanted, steps = pattern.strip("/").split("/"), pointer.strip("/").split("/")
    if len(wanted) != len(steps):
        return None
    bound = []
    for want, step in zip(wanted, steps, strict=True):
        if want == "*":
            bound.append(step)
        elif want != step:
            return None
    return bound


KINDS = ("earned", "paid", "figure", "line", "part", "weighed", "place", "converted", "open", "issue", "true_up", "periods_paid")


def _compare(simulations: Mapping[str, Simulation], check: Mapping[str, Any], bound: list[str], expected: Any) -> str:
    kinds = [kind for kind in KINDS if kind in check]
    if len(kinds) != 1:
        return f"a check has one of {', '.join(KINDS)}"
    given = {key: value.format(*bound) if isinstance(value, str) else value for key, value in check[kinds[0]].items()}
    run = given.pop("run", "main")
    if run not in simulations:
        return f"run {run} is not defined"
    try:
        if kinds[0] == "true_up":
            value: Any = _true_up(simulations[run], simulations[given["less"]], given)
        elif kinds[0] == "open":
            value = _open(simulations[run], simulations[given["settled"]] if "settled" in given else None)
        else:
            value = _VALUES[kinds[0]](simulations[run], given)
    except (InputError, KeyError) as error:
        return str(error)
    if kinds[0] == "place":
        return "" if value == expected else f"is {value!r}, expected {expected!r}"
    if kinds[0] == "issue":
        return "" if value else "nothing is reported"
    if value is None:
        return f"is undefined, expected {expected}"
    if not isinstance(expected, Decimal):
        return f"is {exact.text(value)}, the published figure {expected!r} is no number"
    value = exact.mul(value, Decimal(str(check.get("times", 1))))
    if check.get("printed"):
        exponent = expected.as_tuple().exponent
        rounded = round_number(value, -exponent if isinstance(exponent, int) and exponent < 0 else 0, "half_up")
        return "" if rounded == expected else f"is {exact.text(value)}, printed {expected}"
    return "" if Fraction(value) == Fraction(expected) else f"is {exact.text(value)}, expected {expected}"


def _earned(simulation: Simulation, given: Mapping[str, Any]) -> Number:
    return earned(simulation, given.get("payee"), given.get("component"), given.get("period"))


def _paid(simulation: Simulation, given: Mapping[str, Any]) -> Number:
    """What a period pays, holds, draws, or a balance after it."""
    return simulation.paid(given["payee"], given["name"], given["period"])


def _figure(simulation: Simulation, given: Mapping[str, Any]) -> Number | None:
    """A figure of one payee, or its sum over several `payees`."""
    if "payees" not in given:
        return figure(simulation, given["payee"], given["name"], given.get("period"))
    values = [figure(simulation, payee, given["name"], given.get("period")) for payee in given["payees"]]
    total: Number = ZERO
    for value in values:
        if value is None:
            return None
        total = exact.add(total, value)
    return total


def _true_up(after: Simulation, before: Simulation, given: Mapping[str, Any]) -> Number:
    """What a later state of the data adds to what an earlier one had earned."""
    payee, component, period = given["payee"], given.get("component"), given.get("period")
    return exact.sub(earned(after, payee, component, period), earned(before, payee, component, period))


def _periods_paid(simulation: Simulation, given: Mapping[str, Any]) -> Number:
    """In how many periods something was earned."""
    payee = simulation.data.payee_id(given["payee"])
    return Decimal(len({e.period for e in simulation.result.outcome.earnings if e.payee == payee and e.amount != 0}))


def _seat(simulation: Simulation, payee: Any) -> int:
    payee_id = simulation.data.payee_id(payee)
    seats = [a.id for a in simulation.prepared.people.assignments if a.payee == payee_id]
    if len(seats) != 1:
        raise InputError(f"{payee} has {len(seats)} assignments")
    return seats[0]


def _line(simulation: Simulation, given: Mapping[str, Any]) -> Number | None:
    """The pay (or another `field`) of one transaction within a component or measure."""
    assignment = _seat(simulation, given["payee"])
    total: Number | None = None
    for period in simulation.prepared.periods:
        if given.get("period") not in (None, period.key):
            continue
        if "measure" in given:
            lines = measure_lines(simulation.prepared, simulation.data.facts, simulation.data.splits, assignment, period.id, given["measure"])
        else:
            lines = simulation.lines(assignment, period.id, given["component"])
        for line in lines:
            if simulation.data.object_name(line.object_id) == given["transaction"]:
                part = getattr(line, given.get("field", "pay"))
                total = part if total is None else exact.add(total, part)
    return total


def _part(simulation: Simulation, given: Mapping[str, Any]) -> Number | None:
    """A part of a component's explanation: `kind` and `index` choose it, `field` is amount or a key of its detail."""
    tree = explain(simulation.prepared, simulation.result.totals, _seat(simulation, given["payee"]), simulation.period_id(given["period"]), simulation.team_pay)
    component = next((c for c in tree["children"] if c["name"] == given["component"]), None)
    if component is None:
        raise InputError(f"component {given['component']} is not in the explanation")
    if given["kind"] == "team":
        return next((_number(row["amount"]) for row in component["team"] if simulation.data.assignments[row["member"]] == given["member"]), ZERO)
    parts = [part for part in component["children"] if part["kind"] == given["kind"]]
    index = int(given.get("index", 0))
    if index >= len(parts):
        raise InputError(f"there are {len(parts)} parts of kind {given['kind']}")
    field = given.get("field", "amount")
    return _number(parts[index]["amount"] if field == "amount" else parts[index]["detail"][field])


def _weighed(simulation: Simulation, given: Mapping[str, Any]) -> Number:
    """One part of an attribute that is weighed by days, as the explanation shows it."""
    tree = explain(simulation.prepared, simulation.result.totals, _seat(simulation, given["payee"]), simulation.period_id(given["period"]), simulation.team_pay)
    component = next(c for c in tree["children"] if c["name"] == given["component"])
    return _number(component["weighed"][given["attribute"]][int(given["index"])]["part"])


def _place(simulation: Simulation, given: Mapping[str, Any]) -> str:
    """Who holds a place of a comparison; several are named with commas."""
    wanted, period = Decimal(given["place"]), simulation.period_id(given["period"])
    found = [f for f in simulation.result.outcome.figures if f.name == f"rank.{given['peers']}" and f.period == period and f.value == wanted]
    return ", ".join(simulation.data.payees[f.payee] for f in found)


def _converted(simulation: Simulation, given: Mapping[str, Any]) -> Number:
    """What a payee earned, in the currency of payment or reporting."""
    found = earnings_converted(simulation.prepared, simulation.result.outcome.earnings, given.get("kind", "payment"))
    payee, total = simulation.data.payee_id(given["payee"]), ZERO
    for row in found.rows:
        if row.payee == payee and given.get("component") in (None, row.component) and given.get("currency") in (None, row.currency):
            total = exact.add(total, row.amount)  # type: ignore[assignment]
    return total


def _open(after: Simulation, before: Simulation | None) -> Number:
    """In how many (period, currency) something is due that an earlier state had not settled."""
    sums: dict[tuple[Any, ...], Number] = {}
    for simulation, sign in ((after, 1), (before, -1)):
        for e in simulation.result.outcome.earnings if simulation is not None else ():
            key = (e.payee, simulation.prepared.periods[e.period].key, e.currency)  # type: ignore[union-attr]
            sums[key] = exact.add(sums.get(key, ZERO), e.amount if sign > 0 else exact.neg(e.amount))
    return Decimal(len({key[1:] for key, amount in sums.items() if amount != 0}))


def _number(text: str) -> Number:
    return exact.simple(Fraction(text))


def _issue(simulation: Simulation, given: Mapping[str, Any]) -> Any:
    """Is the component a named exception for every one of the payees?"""
    found = {(issue.payee, issue.component) for issue in simulation.result.outcome.issues}
    return all((simulation.data.payee_id(payee), given["component"]) in found for payee in given["payees"])


_VALUES: Mapping[str, Any] = {
    "earned": _earned,
    "paid": _paid,
    "figure": _figure,
    "line": _line,
    "part": _part,
    "weighed": _weighed,
    "converted": _converted,
    "place": _place,
    "issue": _issue,
    "periods_paid": _periods_paid,
}


def golden_text(results: list[CaseResult]) -> str:
    """One line per case; the last line counts."""
    rows = []
    for result in results:
        rows.append(f"{result.status:16}{result.id}" + (f" ({result.figures} figures)" if result.status == "passed" else ""))
        rows += [f"                  {message}" for message in result.messages]
    count = {status: sum(result.status == status for result in results) for status in ("passed", "failed", "not expressible")}
    rows.append(f"{count['passed']} passed, {count['failed']} failed, {count['not expressible']} not expressible")
    return "\n".join(rows)
