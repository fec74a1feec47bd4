"""The explanation tree of what an assignment earned in a period: leaves sum to the total, rounding is a leaf.

A node is a plain mapping: kind, label, amount (exact text), children, and inputs or detail as evidence that is not
summed. `trace_bytes` is canonical: the same calculation always gives the same bytes and hash.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import Any

from . import exact
from .earn import Crossing, PeriodRecord, UnitRun, figure_names, totals_matrix
from .errors import InputError
from .exact import ZERO, Number
from .period_formula import Unusable
from .plan import Component
from .prepare import Prepared
from .results import Totals

Node = dict[str, Any]


def explain(prepared: Prepared, totals: Totals, assignment: int, period: int, team_pay: Crossing | None = None, currency: str = "") -> Node:
    """The tree for one assignment and period (by id). Needs the totals of that assignment alone (and its team rows).
    currency: one of those in which the plan earns apart; default its own."""
    people = prepared.people
    if assignment not in people.unit_of:
        raise InputError(f"assignment {assignment} is unknown")
    position = next((i for i, item in enumerate(prepared.periods) if item.id == period), None)
    if position is None:
        raise InputError(f"period {period} is not in the calendar of this run")
    matrix = totals_matrix(prepared, totals, [assignment])
    unit = people.unit_of[assignment]
    block = prepared.plan.currencies.index(currency) if currency in prepared.plan.currencies else 0
    records = UnitRun(prepared, totals, unit, matrix.get(assignment), team_pay, True, currency=block).run(position) if people.enrolled(unit) else []
    record = next((item for item in records if item.position == position), PeriodRecord(position, {}))
    return _tree(prepared, totals, assignment, record, block)


def trees(prepared: Prepared, totals: Totals, team_pay: Crossing | None = None) -> dict[tuple[int, int], Node]:
    """The trees of everybody by (assignment, period id)."""
    people, found = prepared.people, {}
    matrix = totals_matrix(prepared, totals)
    for unit, seat in enumerate(people.assignments):
        if people.enrolled(unit):
            for record in UnitRun(prepared, totals, unit, matrix.get(seat.id), team_pay, True).run():
                found[seat.id, prepared.periods[record.position].id] = _tree(prepared, totals, seat.id, record)
    return found


def _tree(prepared: Prepared, totals: Totals, assignment: int, record: PeriodRecord, block: int = 0) -> Node:
    plan, period = prepared.plan, prepared.periods[record.position]
    total: Number = ZERO
    children, aside = [], []
    for component in plan.components:
        if component.name not in record.earned:
            continue
        node = _component(prepared, totals, assignment, record, component, block)
        if component.name in plan.cash:
            total = exact.add(total, record.earned[component.name])
            children.append(node)
        else:
            aside.append(node | {"unit": component.unit, "paid": component.paid})
    extra = {"aside": aside} if aside else {}
    return extra | {
        "kind": "earned",
        "label": plan.title,
        "plan": plan.key,
        "plan_digest": plan.digest,
        "engine": plan.engine,
        "assignment": assignment,
        "period": period.key,
        "currency": plan.currencies[block] if block else plan.currency,
        "amount": exact.text(total),
        "children": children,
        "figures": {name: shown(record.env.get(name)) for name in figure_names(prepared)},
    }


def _component(prepared: Prepared, totals: Totals, assignment: int, record: PeriodRecord, component: Component, block: int) -> Node:
    node: Node = {
        "kind": "component",
        "name": component.name,
        "label": component.label,
        "amount": exact.text(record.earned[component.name]),
        "inputs": {name: shown(record.env.get(f"@{component.name}:{name}", record.env.get(name))) for name in sorted(component.uses - {"team"})},
        "children": [
            {"kind": part.kind, "label": part.label, "amount": exact.text(part.amount), "detail": {k: shown(v) for k, v in part.detail.items()}}
            for part in record.parts[component.name]
        ],
    }
    opening = {name: exact.text(record.env[f"@opening:{name}"]) for name in _measures_of(prepared, component) if f"@opening:{name}" in record.env}
    if opening:
        node["opening"] = opening
    weighed = {name: record.env[f"@weighed:{name}"] for name in sorted(component.uses) if f"@weighed:{name}" in record.env}
    if f"@prorated:{component.name}" in record.env:
        node["prorated"] = record.env[f"@prorated:{component.name}"]
    if weighed:
        node["weighed"] = weighed
    if component.name in record.issues:
        node["issue"] = record.issues[component.name]
    if component.team is not None:
        node["inputs"]["team"] = shown(record.env.get(f"team:{component.name}"))
        if component.team.measure is not None:
            measure = component.team.measure + block * prepared.plan.block
            denominator = totals.denominators[measure]
            node["team"] = [
                {"member": row.member, "amount": exact.text(exact.from_integer(row.amount, denominator))}
                for row in totals.team
                if row.manager == assignment and row.measure == measure and row.period == record.position
            ]
    return node


def _measures_of(prepared: Prepared, component: Component) -> list[str]:
    """Measures that the component reads, itself or through an attainment."""
    through = {attainment.measure for attainment in prepared.plan.attainments if attainment.name in component.uses}
    return sorted(measure.name for measure in prepared.plan.measures if measure.name in component.uses | through)


def shown(value: Any) -> Any:
    """A number as exact text; None for undefined, a mapping for an unusable attribute."""
    if value is None:
        return None
    if isinstance(value, Unusable):
        return {"unusable": value.cause}
    return exact.text(value)


def leaves_total(node: Node) -> Fraction:
    """Sum of the leaves' amounts, exactly."""
    if not node.get("children"):
        return Fraction(node["amount"])
    return sum((leaves_total(child) for child in node["children"]), Fraction(0))


def trace_bytes(node: Node) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(node, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def trace_hash(node: Node) -> bytes:
    """SHA-256 of the canonical bytes."""
    return hashlib.sha256(trace_bytes(node)).digest()
