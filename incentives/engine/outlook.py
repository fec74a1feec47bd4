"""What more sales would be worth: pay with an amount added, and the distance to the next step of a rate table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from . import exact
from .earn import Crossing, PeriodRecord, UnitRun, totals_matrix
from .errors import InputError
from .exact import ONE, ZERO, Number
from .grid import table_at
from .period_formula import DAY
from .plan import Component
from .prepare import Prepared
from .results import Totals
from .rounding import divide_round
from .tables import Steps
from .windows import COVERED


@dataclass(frozen=True)
class NextStep:
    """The next step of a component's table. `measure` runs from `now` to `bound`: `distance` is missing, with which the
    period would earn `worth` more (after multipliers, floor, cap and rounding). rate_now and rate_next are the steps'
    values."""

    component: str
    measure: str
    now: Number
    bound: Number
    distance: Number
    rate_now: Number
    rate_next: Number
    worth: Number


def what_if(prepared: Prepared, totals: Totals, assignment: int, period: int, amount: Number, team_pay: Crossing | None = None) -> PeriodRecord | None:
    """The period (by id) as if `amount` more had been credited: added to every sum of plain pay credits (measures without
    `value` and `where`). Filters and per-line pay need a real line: add it to the facts and compute the chunk anew.
    None when the assignment is not in force."""
    return _record(prepared, totals, assignment, period, amount, team_pay)


def next_step(prepared: Prepared, totals: Totals, assignment: int, period: int, component: str, team_pay: Crossing | None = None) -> NextStep | None:
    """The next step above, or None: no table, a base that is not one measure, nothing above, or an undefined scale."""
    found = next((item for item in prepared.plan.components if item.name == component), None)
    if found is None:
        raise InputError(f"component {component} is not in plan {prepared.plan.key}")
    if found.base_measure is None or found.pay_rate is None or found.pay_rate.kind not in ("marginal", "whole"):
        return None
    record = _record(prepared, totals, assignment, period, ZERO, team_pay)
    table = None if record is None else table_at(prepared.plan.tables[found.pay_rate.table], record.env[DAY])
    if record is None or not isinstance(table, Steps) or component in record.issues:
        return None
    measure = prepared.plan.measures[found.base_measure].name
    now: Number = record.env[measure]
    scale = _scale(prepared, found, record)
    if scale is None or scale <= 0:
        return None
    bounds = [exact.mul(start, scale) for start in table.starts]
    index = next((i for i, bound in enumerate(bounds) if bound > now), None)
    if index is None or index == 0:
        return None
    distance = _reach(exact.sub(bounds[index], now), table.includes, prepared)
    more = _record(prepared, totals, assignment, period, distance, team_pay)
    assert more is not None
    worth = exact.sub(more.earned[component], record.earned[component])
    return NextStep(component, measure, now, bounds[index], distance, table.values[index - 1], table.values[index], worth)


def _scale(prepared: Prepared, component: Component, record: PeriodRecord) -> Number | None:
    """What the table's bounds are multiplied by to stand on the base: its `scale`, or the quota when it is read by the
    attainment of the base itself."""
    rate = component.pay_rate
    assert rate is not None
    if rate.by is None:
        value: Number | None = record.env.get(COVERED + component.bounds_over, ONE) if rate.scale is None else rate.scale(record.env)
        return value
    base = prepared.plan.measures[component.base_measure].name if component.base_measure is not None else ""
    by = component.texts.get("pay_rate.by", "").strip()
    for attainment in prepared.plan.attainments:
        if attainment.name == by and attainment.measure == base and rate.scale is None:
            quota: Number | None = record.env[f"quota.{attainment.quota}"]
            return quota
    return None


def _reach(distance: Number, includes: str, prepared: Prepared) -> Number:
    """The least amount in the currency's smallest unit that reaches (or, upper bounds, passes) the bound."""
    places = prepared.plan.rounding.places
    scaled = Fraction(distance) * 10**places
    units = divide_round(scaled.numerator, scaled.denominator, "up")
    if includes == "upper" and scaled == units:
        units += 1
    return Decimal(units).scaleb(-places)


def _record(prepared: Prepared, totals: Totals, assignment: int, period: int, amount: Number, team_pay: Crossing | None) -> PeriodRecord | None:
    people = prepared.people
    position = next((i for i, item in enumerate(prepared.periods) if item.id == period), None)
    if position is None or assignment not in people.unit_of:
        raise InputError(f"assignment {assignment} or period {period} is not part of this run")
    unit = people.unit_of[assignment]
    if not people.enrolled(unit):
        return None
    shape = (len(prepared.plan.measures), len(prepared.periods))
    matrix = totals_matrix(prepared, totals, [assignment]).get(assignment) or [[0] * shape[1] for _ in range(shape[0])]
    if amount != 0:
        matrix = _added(prepared, totals.denominators, matrix, position, amount)
    records = UnitRun(prepared, totals, unit, matrix, team_pay, True).run(position)
    return records[-1] if records and records[-1].position == position else None


def _added(prepared: Prepared, denominators: Sequence[int], matrix: list[list[int]], position: int, amount: Number) -> list[list[int]]:
    result = [list(row) for row in matrix]
    for i, measure in enumerate(prepared.plan.measures):
        if measure.rules and measure.aggregate == "sum" and measure.value is None and measure.where is None:
            integer = Fraction(amount) * denominators[i]
            result[i][position] += divide_round(integer.numerator, integer.denominator, prepared.plan.rounding.mode)
    return result
