"""The order lines behind a component of one payee, derived again when someone looks: nothing per line is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from . import exact
from .contracts import Facts, Splits
from .credit import credit
from .earn import Crossing, UnitRun, totals_matrix
from .errors import InputError
from .exact import ONE, ZERO, Number
from .grid import table_at
from .measure import credited_lines, lead_facts
from .period_formula import DAY
from .plan import Component, Measure
from .prepare import Prepared
from .results import Totals
from .rounding import allocate
from .tables import Steps
from .windows import COVERED


@dataclass(frozen=True)
class Line:
    """One credited object in a measure. value: what it adds to the measure. pay: its part of the component before
    multipliers, floor, cap and rounding; None where the formula does not say (a rate on the whole, a free formula)."""

    object_id: int
    event_date: int
    rule: str
    pay_credit: Number
    quota_credit: Number
    value: Number
    pay: Number | None
    share: Number | None = None
    """Its part of the component, where the component allocates its pay back to lines."""


def component_lines(
    prepared: Prepared, totals: Totals, facts: Facts, splits: Splits, assignment: int, period: int, component: str, team_pay: Crossing | None = None
) -> tuple[Line, ...]:
    """The lines of one assignment, period (id) and component in order of (date, object).

    facts and splits: those of the payee (see `Facts`). Where the component pays flat or marginal on a measure, or per
    line, the lines' pay sums exactly to that part of the component; marginal slices are given in order of date.
    """
    plan = prepared.plan
    found = next((item for item in plan.components if item.name == component), None)
    if found is None:
        raise InputError(f"component {component} is not in plan {plan.key}")
    position = next((i for i, item in enumerate(prepared.periods) if item.id == period), None)
    if position is None or assignment not in prepared.people.unit_of:
        raise InputError(f"assignment {assignment} or period {period} is not part of this run")
    index = found.line_measure if found.line_measure is not None else found.base_measure
    indexes = [index] if index is not None else [i for i, m in enumerate(plan.measures) if m.name in found.uses and not m.hidden]
    unit = prepared.people.unit_of[assignment]
    payee = prepared.people.assignments[unit].payee
    if found.allocation is not None:
        return _allocated(prepared, totals, facts, splits, unit, position, found, team_pay)
    lines: list[Line] = []
    for i in indexes:
        lines += _measure_lines(prepared, facts, splits, payee, unit, position, plan.measures[i])
    lines = sorted(set(lines), key=lambda line: (line.event_date, line.object_id, line.rule))
    if found.line_measure is not None:
        return tuple(_paid(line, line.value) for line in lines)
    if index is None or found.pay_rate is None:
        return tuple(lines)
    matrix = totals_matrix(prepared, totals, [assignment])
    records = UnitRun(prepared, totals, unit, matrix.get(assignment), team_pay, True).run(position)
    env = records[-1].env if records else {}
    return tuple(_attribute(found, prepared, env, index, lines))


def _allocated(
    prepared: Prepared, totals: Totals, facts: Facts, splits: Splits, unit: int, position: int, component: Component, team_pay: Crossing | None
) -> tuple[Line, ...]:
    """What the component earned in the period, given back to its lines so that the parts sum to it."""
    assert component.allocation is not None
    seat = prepared.people.assignments[unit]
    weights = prepared.plan.measures[component.allocation.weights]
    lines = _measure_lines(prepared, facts, splits, seat.payee, unit, position, weights)
    lines.sort(key=lambda line: (line.event_date, line.object_id, line.rule))
    matrix = totals_matrix(prepared, totals, [seat.id])
    records = UnitRun(prepared, totals, unit, matrix.get(seat.id), team_pay, True).run(position)
    earned = records[-1].earned.get(component.name, ZERO) if records and records[-1].position == position else ZERO
    rounding, values = component.allocation.rounding, [Fraction(line.value) for line in lines]
    parts = allocate(earned, values, rounding.places, rounding.mode)
    whole = sum(values, Fraction(0))
    return tuple(lines) if parts is None else tuple(
        replace(line, pay=part, share=exact.simple(Fraction(line.value) / whole)) for line, part in zip(lines, parts, strict=True)
    )  # fmt: skip


def measure_lines(
    prepared: Prepared, facts: Facts, splits: Splits, assignment: int, period: int, measure: str, before: tuple[Facts, Splits] | None = None
) -> tuple[Line, ...]:
    """The lines of one assignment, period (id) and measure by name; their values sum to the measure's own total of that
    period (contributions of a team are not among them). before: facts and splits of the days of lead-ins, where the plan carries."""
    position = next((i for i, item in enumerate(prepared.periods) if item.id == period), None)
    spec = next((item for item in prepared.plan.measures if item.name == measure), None)
    if spec is None or position is None or assignment not in prepared.people.unit_of:
        raise InputError(f"measure {measure}, assignment {assignment} or period {period} is not part of this run")
    unit = prepared.people.unit_of[assignment]
    payee = prepared.people.assignments[unit].payee
    lines = _measure_lines(prepared, facts, splits, payee, unit, position, spec)
    if before is not None and prepared.lead is not None and spec.on_change == "carry" and assignment in prepared.led:
        lines += _measure_lines(prepared.lead, lead_facts(prepared, before[0]), before[1], payee, unit, position, spec)
    return tuple(sorted(lines, key=lambda line: (line.event_date, line.object_id, line.rule)))


def _paid(line: Line, pay: Number) -> Line:
    return Line(line.object_id, line.event_date, line.rule, line.pay_credit, line.quota_credit, line.value, pay)


def _attribute(component: Component, prepared: Prepared, env: dict[str, Any], index: int, lines: list[Line]) -> list[Line]:
    rate = component.pay_rate
    if rate is None or not env:
        return lines
    if rate.kind == "flat" and rate.flat is not None:
        flat = rate.flat(env)
        return lines if flat is None else [_paid(line, exact.mul(line.value, flat)) for line in lines]
    if rate.kind != "marginal":
        return lines
    table = table_at(prepared.plan.tables[rate.table], env[DAY])
    scale = env.get(COVERED + component.bounds_over, ONE) if rate.scale is None else rate.scale(env)
    if not isinstance(table, Steps) or scale is None or scale <= 0:
        return lines
    total = env[prepared.plan.measures[index].name]
    own: Number = ZERO
    for line in lines:
        own = exact.add(own, line.value)
    running = exact.sub(total, own)
    found = []
    for line in lines:
        after = exact.add(running, line.value)
        found.append(_paid(line, exact.sub(table.marginal(after, scale), table.marginal(running, scale))))
        running = after
    return found


def _measure_lines(prepared: Prepared, facts: Facts, splits: Splits, payee: int, unit: int, position: int, measure: Measure) -> list[Line]:
    opening = prepared.openings.get(prepared.people.assignments[unit].id)
    if opening is not None and position < opening.first:
        return []  # before the day of an opening balance: the old system's
    stage = credit(prepared, facts, splits, [payee])
    local = int(np.searchsorted(stage.units, unit))
    found = []
    for name, lines in credited_lines(prepared, stage).items():
        if name not in measure.rules or not lines.count:
            continue
        credited = lines.credited
        mine = (credited.units == local) & (stage.cells.period[credited.cells] == position)
        mine &= lines.counted(measure)
        values = lines.values(measure)
        for i in np.flatnonzero(mine):
            row = int(credited.rows[i])
            found.append(
                Line(
                    int(stage.facts.object_id[row]),
                    int(stage.facts.event_date[row]),
                    name,
                    exact.from_integer(int(credited.pay.values[i]), credited.pay.denominator),
                    exact.from_integer(int(credited.quota.values[i]), credited.quota.denominator),
                    exact.from_integer(int(values.values[i]), values.denominator),
                    None,
                )
            )
    return found
