"""Stages pay_rate and pay: measures of an assignment -> figures and earnings, period by period, exactly.

The same code computes the amount and its explanation: `record` keeps the additive parts of which an amount is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from . import exact
from .contracts import Earning, Figure, Issue, Outcome, Totals
from .errors import OverflowGuard
from .exact import ONE, ZERO, Number
from .grid import table_at
from .people import Interval
from .period_formula import DAY, MISSING, MissingInput, Unusable, truth
from .plan import Component
from .prepare import Prepared
from .rounding import round_number
from .tables import Points, Steps

TeamPay = Mapping[tuple[int, str, int], Number]
"""(assignment, component, period position) -> earned; what team_overrides on commission are paid on."""


class Part(NamedTuple):
    """An additive part of an amount. kind: rate, slice, step, formula, lines, multiplier, floor, cap, gate, undefined,
    earlier, rounding."""

    kind: str
    label: str
    amount: Number
    detail: dict[str, Any] = {}


@dataclass
class PeriodRecord:
    """What was computed for one assignment and period; position counts the calendar's periods from 0."""

    position: int
    env: dict[str, Any]
    earned: dict[str, Number] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    issues: dict[str, str] = field(default_factory=dict)


class Undefined(Exception):
    """A formula of a component is undefined."""


def totals_matrix(prepared: Prepared, totals: Totals, assignments: Iterable[int] | None = None) -> dict[int, list[list[int]]]:
    """Per assignment: [measure][period] as integers, the team's contributions added."""
    wanted = None if assignments is None else set(assignments)
    picked = slice(None) if wanted is None else np.isin(totals.assignments, list(wanted))
    found: dict[int, list[list[int]]] = dict(zip(totals.assignments[picked].tolist(), totals.own[picked].tolist(), strict=True))
    shape = (len(prepared.plan.measures), len(prepared.periods))
    copied: set[int] = set()
    for row in totals.team:
        if wanted is not None and row.manager not in wanted:
            continue
        if row.manager not in copied:
            have = found.get(row.manager)
            found[row.manager] = [list(line) for line in have] if have else [[0] * shape[1] for _ in range(shape[0])]
            copied.add(row.manager)
        found[row.manager][row.measure][row.period] += row.amount
    return found


class UnitRun:
    """Computes one assignment through its periods."""

    def __init__(self, prepared: Prepared, totals: Totals, unit: int, matrix: list[list[int]] | None, team_pay: TeamPay | None, record: bool) -> None:
        self.prepared, self.plan = prepared, prepared.plan
        self.assignment = prepared.people.assignments[unit]
        self.intervals: list[Interval] = prepared.people.enrolled(unit)
        self.matrix = matrix
        self.denominators = totals.denominators
        self.team_pay = team_pay
        self.record = record
        self.earlier: dict[str, tuple[str, Number]] = {}
        """Component -> (window, earned so far in it)."""

    def run(self, upto: int | None = None) -> list[PeriodRecord]:
        """All periods in which the assignment is in force or has totals (up to a position)."""
        found = []
        running: dict[int, tuple[str, int]] = {}
        last = len(self.prepared.periods) - 1 if upto is None else upto
        for position in range(last + 1):
            period = self.prepared.periods[position]
            in_force = [(max(low, period.start), min(high, period.end)) for low, high in self.intervals if low < period.end and period.start < high]
            values, any_total = self._measures(position, running)
            if not in_force and not any_total:
                continue
            day = (max(high for _, high in in_force) if in_force else period.end) - 1
            found.append(self._period(position, values, day))
        return found

    def _measures(self, position: int, running: dict[int, tuple[str, int]]) -> tuple[dict[str, Any], bool]:
        env: dict[str, Any] = {}
        any_total = False
        for index, measure in enumerate(self.plan.measures):
            value = self.matrix[index][position] if self.matrix else 0
            any_total = any_total or value != 0
            if measure.over != "period":
                label = self.prepared.windows[measure.over][position]
                before = running.get(index)
                if before is not None and before[0] == label:
                    value += before[1]
                running[index] = (label, value)
            env[measure.name] = exact.from_integer(value, self.denominators[index])
        return env, any_total

    def _period(self, position: int, env: dict[str, Any], day: int) -> PeriodRecord:
        prepared, plan, seat = self.prepared, self.plan, self.assignment
        for spec in plan.quotas:
            low, high = prepared.span(spec.over, position)
            if spec.prorate == "calendar_days":
                low, high = max(low, seat.start), min(high, seat.end)
            env[f"quota.{spec.name}"] = prepared.quota(seat.position, spec.name, low, high)
        for attribute in plan.attributes:
            value: Any = prepared.people.attribute(seat.id, attribute.name, day)
            if value is None:
                value = attribute.default if attribute.default is not None else MISSING
            elif attribute.minimum is not None and value < attribute.minimum:
                value = Unusable(f"is {exact.text(value)}, below its least value {exact.text(attribute.minimum)}")
            elif attribute.maximum is not None and value > attribute.maximum:
                value = Unusable(f"is {exact.text(value)}, above its greatest value {exact.text(attribute.maximum)}")
            env[f"attr.{attribute.name}"] = value
        for attainment in plan.attainments:
            quota = env[f"quota.{attainment.quota}"]
            env[attainment.name] = exact.div(env[attainment.measure], quota) if quota is not None and quota != 0 else attainment.when_zero
        env[DAY] = day
        result = PeriodRecord(position, env)
        for named in plan.values:
            try:
                env[named.name] = named.formula(env)
            except (MissingInput, OverflowGuard) as error:
                env[named.name] = Unusable(f"needs {error}" if isinstance(error, MissingInput) else str(error))
        for component in plan.components:
            if component.late and self.team_pay is None:
                continue
            self._component(component, position, result)
        return result

    def _component(self, component: Component, position: int, result: PeriodRecord) -> None:
        env = result.env
        if component.team is not None:
            env = dict(env)
            env["team"] = self._team_base(component, position, env)
            if self.record:
                result.env[f"team:{component.name}"] = env["team"]
        parts: list[Part] | None = [] if self.record else None
        due: Number = ZERO
        window = self.prepared.windows[component.settle][position]
        before = self.earlier.get(component.name)
        earned_before: Number = before[1] if before is not None and before[0] == window else ZERO
        try:
            due = self._due(component, env, parts)
        except Undefined as error:
            parts = [Part("undefined", str(error), ZERO)]
            if component.when_undefined == "exception":
                result.issues[component.name] = f"{error} is undefined (a quota is zero or missing)"
                due = earned_before
        except (MissingInput, OverflowGuard) as error:
            parts = [Part("undefined", str(error), ZERO)]
            result.issues[component.name] = str(error)
            due = earned_before
        if component.name in result.issues and component.settle != "period" and earned_before:
            parts = [Part("earlier", "kept as earned", earned_before)]
        rounded = round_number(due, component.rounding.places, component.rounding.mode)
        if parts is not None and rounded != due:
            parts.append(Part("rounding", f"{component.rounding.mode} to {component.rounding.places} decimals", exact.sub(rounded, due)))
        earned: Number = rounded
        if component.settle != "period":
            if parts is not None and earned_before != 0:
                parts.append(Part("earlier", f"earned earlier in {window}", exact.neg(earned_before)))
            earned = exact.sub(rounded, earned_before)
            self.earlier[component.name] = (window, rounded)
        result.earned[component.name] = earned
        result.env[f"pay.{component.name}"] = earned
        if parts is not None:
            result.parts[component.name] = parts

    def _team_base(self, component: Component, position: int, env: Mapping[str, Any]) -> Number:
        team = component.team
        assert team is not None
        if team.measure is not None:
            value: Number = env[self.plan.measures[team.measure].name]
            return value
        assert self.team_pay is not None
        return self.team_pay.get((self.assignment.id, component.name, position), ZERO)

    def _due(self, component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
        if component.gate is not None and not truth(component.gate(env)):
            if parts is not None:
                parts.append(Part("gate", component.texts.get("gate", ""), ZERO))
            return ZERO
        pay = self._rated(component, env, parts) if component.pay_rate is not None else self._free(component, env, parts)
        for name, formula in component.multiply:
            factor = _defined(formula(env), name)
            product = exact.mul(pay, factor)
            if parts is not None:
                parts.append(Part("multiplier", name, exact.sub(product, pay), {"factor": factor, "of": pay}))
            pay = product
        if component.floor is not None:
            floor = _defined(component.floor(env), "floor")
            if pay < floor:
                if parts is not None:
                    parts.append(Part("floor", component.texts["floor"], exact.sub(floor, pay), {"floor": floor}))
                pay = floor
        if component.cap is not None:
            cap = _defined(component.cap(env), "cap")
            if pay > cap:
                if parts is not None:
                    parts.append(Part("cap", component.texts["cap"], exact.sub(cap, pay), {"cap": cap}))
                pay = cap
        return pay

    def _free(self, component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
        assert component.formula is not None
        pay = _defined(component.formula(env), "formula")
        if component.line_measure is not None:
            if parts is not None:
                parts.append(Part("lines", component.texts["per_line.pay"], pay))
        else:
            if parts is not None:
                parts.append(Part("formula", component.texts["formula"], pay))
        return pay

    def _rated(self, component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
        rate = component.pay_rate
        assert rate is not None
        assert component.base is not None
        base = _defined(component.base(env), "base")
        if rate.kind == "flat":
            assert rate.flat is not None
            value = _defined(rate.flat(env), "pay_rate")
            pay = exact.mul(base, value)
            if parts is not None:
                parts.append(Part("rate", component.texts["pay_rate.flat"], pay, {"base": base, "rate": value}))
            return pay
        table = table_at(self.plan.tables[rate.table], env[DAY])
        scale = ONE if rate.scale is None else _defined(rate.scale(env), "scale")
        if scale <= 0:
            raise Undefined(component.texts.get("pay_rate.scale", "scale"))
        if rate.kind in ("marginal", "proportional"):
            assert isinstance(table, Steps)
            if parts is None and rate.rounding is None:
                return table.marginal(base, scale) if rate.kind == "marginal" else table.proportional(base, scale)
            total: Number = ZERO
            for piece in table.slices(base, scale, rate.kind == "proportional"):
                if rate.rounding is not None:
                    piece = piece._replace(amount=round_number(piece.amount, rate.rounding.places, rate.rounding.mode))
                total = exact.add(total, piece.amount)
                detail = {"from": piece.start, "to": piece.end, "covered": piece.covered, "value": piece.value}
                if parts is not None:
                    parts.append(Part("slice", rate.table, piece.amount, detail))
            return total
        by = base if rate.by is None else _defined(rate.by(env), "by")
        if rate.kind in ("fixed", "stacked", "excess"):
            assert isinstance(table, Steps)
            method: Any = getattr(table, rate.kind)
            pay = method(by, scale)
            if parts is not None:
                parts.append(Part("step", rate.table, pay, {"base": base, "by": by, "rate": table.rate(by, scale), "scale": scale}))
            return pay
        if rate.kind == "whole":
            assert isinstance(table, Steps)
            value = table.rate(by, scale)
        else:
            assert isinstance(table, Points)
            value = table.curve(by)
        pay = exact.mul(base, value)
        if parts is not None:
            parts.append(Part("step", rate.table, pay, {"base": base, "by": by, "rate": value, "scale": scale}))
        return pay


def _defined(value: Any, what: str) -> Number:
    if value is None:
        raise Undefined(what)
    number: Number = value
    return number


def earn(prepared: Prepared, totals: Totals, assignments: Sequence[int] | None = None, team_pay: TeamPay | None = None) -> Outcome:
    """Earnings and figures of assignments (None: all). Components on the team's commission need `team_pay`
    (`team_pay_of`) and are left out without it."""
    matrix = totals_matrix(prepared, totals, assignments)
    people = prepared.people
    units = range(len(people.assignments)) if assignments is None else sorted(people.unit_of[a] for a in set(assignments))
    earnings: list[Earning] = []
    figures: list[Figure] = []
    issues: list[Issue] = []
    names = figure_names(prepared)
    for unit in units:
        seat = people.assignments[unit]
        if not people.enrolled(unit):
            continue
        for record in UnitRun(prepared, totals, unit, matrix.get(seat.id), team_pay, False).run():
            period = prepared.periods[record.position].id
            for name, amount in record.earned.items():
                earnings.append(Earning(seat.payee, seat.id, name, period, amount))  # type: ignore[arg-type]
            for name in names:
                value = record.env.get(name)
                figures.append(Figure(seat.payee, seat.id, name, period, shown_figure(value)))
            for name, cause in record.issues.items():
                issues.append(Issue(seat.payee, seat.id, name, period, cause))
    return Outcome(tuple(earnings), tuple(figures), tuple(issues))


def shown_figure(value: Any) -> Decimal | None:
    """A figure for keeping and showing: exact, or to 12 decimals (half even) where a quotient does not end. Pay is
    computed from the exact value, not from this one."""
    if value is None or isinstance(value, Unusable):
        return None
    return value if isinstance(value, Decimal) else round_number(value, 12, "half_even")


def figure_names(prepared: Prepared) -> list[str]:
    """Measures, quotas, attainments and values in the plan's order."""
    plan = prepared.plan
    names = [measure.name for measure in plan.measures if not measure.hidden]
    names += [f"quota.{quota.name}" for quota in plan.quotas]
    return names + [a.name for a in plan.attainments] + [v.name for v in plan.values]


def team_pay_of(prepared: Prepared, earnings: Iterable[Earning]) -> dict[tuple[int, str, int], Number]:
    """What each manager's team earned of the components on which team_overrides are paid, by the reporting line as of
    each period's end."""
    wanted = [(c.name, c.team) for c in prepared.plan.components if c.team is not None and c.team.base == "commission"]
    positions = {period.id: i for i, period in enumerate(prepared.periods)}
    found: dict[tuple[int, str, int], Number] = defaultdict(lambda: ZERO)
    for earning in earnings:
        for name, team in wanted:
            if team is None or earning.component != team.name or earning.amount == 0:
                continue
            position = positions[earning.period]
            for manager in prepared.people.chain(earning.assignment, prepared.periods[position].end - 1, team.levels):
                found[manager, name, position] = exact.add(found[manager, name, position], earning.amount)
    return dict(found)
