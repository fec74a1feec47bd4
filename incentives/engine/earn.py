"""Stages pay_rate and pay: measures of an assignment -> figures and earnings, period by period, exactly.

The same code computes the amount and its explanation: `record` keeps the additive parts of which an amount is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from . import exact
from .contracts import day_text
from .errors import OverflowGuard
from .exact import ZERO, Number
from .opening import Opening
from .pay_rates import component_due
from .pay_steps import Part, Undefined
from .pay_to_date import PayToDate, same_window
from .people import Interval
from .period_formula import DAY, MISSING, MissingInput, Unusable
from .plan import AttributeSpec, Component, KpiSpec
from .prepare import Prepared
from .prorated import attainments_read, component_env, draw_paused, ramps_read
from .proration import SeatDays
from .results import Earning, Figure, Issue, Outcome, PriorPay, Totals
from .rounding import round_number
from .said import said, said_by
from .windows import COVERED, covered_share, prior_paid, quota_of

Crossing = Mapping[tuple[int, str, int], Any]
"""(assignment, name, period position) -> what crosses from others: the team's commission and shares of pools by component,
rank.X, tied.X, peers.X and total.X of comparisons (`crossing`)."""


LARGEST = 10**12
"""Pay from here on fits into no book: a named exception of its payee."""


@dataclass
class PeriodRecord:
    """What was computed for one assignment and period; position counts the calendar's periods from 0."""

    position: int
    env: dict[str, Any]
    earned: dict[str, Number] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    issues: dict[str, str] = field(default_factory=dict)


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

    def __init__(
        self,
        prepared: Prepared,
        totals: Totals,
        unit: int,
        matrix: list[list[int]] | None,
        team_pay: Crossing | None,
        record: bool,
        only: frozenset[str] | None = None,
        currency: int = 0,
    ) -> None:
        self.prepared, self.plan = prepared, prepared.plan
        self.assignment = prepared.people.assignments[unit]
        self.intervals: list[Interval] = prepared.people.enrolled(unit)
        offset, size = currency * self.plan.block, self.plan.block
        self.matrix = matrix if matrix is None or len(matrix) == size else matrix[offset : offset + size]
        self.denominators = totals.denominators[offset : offset + size]
        self.currency = self.plan.currencies[currency] if currency else ""
        """The currency of this calculation where the plan earns in several apart; "": the plan's."""
        self.team_pay = team_pay
        self.record = record
        self.components = [c for c in self.plan.components if (only is None or c.name in only) and not (c.late and team_pay is None)]
        """Those that are computed: all, or those that what crosses needs."""
        self.earlier: dict[str, tuple[str, Number]] = {}
        """Component -> (window, earned so far in it)."""
        self.pay_to_date = PayToDate(self)
        self.days_of: dict[bool, SeatDays] = {}
        self.led = prepared.led.get(self.assignment.id, [])
        self.prior: Sequence[PriorPay] = [item for item in totals.prior if item.assignment == self.assignment.id] if totals.prior else ()
        self.opening = prepared.openings.get(self.assignment.id)
        self.opened: dict[str, tuple[str, Number]] = {}
        """Component -> (window, paid in it by the system before this one)."""
        self.opening_led = self.opening is not None and any(low <= self.opening.day < high for low, high in self.led)
        """Is the opening balance one of an earlier version? Then only what carries knows it."""
        if self.opening is not None:
            self._opened(self.opening)

    def _opened(self, opening: Opening) -> None:
        for component in self.components:
            if self.opening_led and component.on_change != "carry":
                continue
            labels = self.prepared.windows[component.settle]
            paid = opening.paid_in(component.name, self.currency, labels) if component.settle != "period" else ZERO
            if paid:
                self.opened[component.name] = self.earlier[component.name] = (labels[opening.first], paid)

    def run(self, upto: int | None = None) -> list[PeriodRecord]:
        """All periods in which the assignment is in force or has totals (up to a position)."""
        return [self.step(*item) for item in self.steps(upto)]

    def steps(self, upto: int | None = None) -> Iterator[tuple[int, dict[str, Any], int, bool]]:
        """The periods of `run`, not computed yet: position, measures, last day in force, and whether it is in force at all.
        What was sold in periods before it came under the version counts, but is not paid."""
        running: dict[int, tuple[str, int]] = {}
        last = len(self.prepared.periods) - 1 if upto is None else upto
        # Periods before an opening balance's day are those of the system before this one.
        for position in range(0 if self.opening is None else self.opening.first, last + 1):
            period = self.prepared.periods[position]
            in_force = [(max(low, period.start), min(high, period.end)) for low, high in self.intervals if low < period.end and period.start < high]
            values, any_total = self._measures(position, running)
            if not in_force and (not any_total or any(low < period.end and period.start < high for low, high in self.led)):
                continue
            day = (max(high for _, high in in_force) if in_force else period.end) - 1
            yield position, values, day, bool(in_force)

    def step(self, position: int, values: dict[str, Any], day: int, in_force: bool) -> PeriodRecord:
        """Computes one of the `steps`, which are taken in order."""
        return self._period(position, values, day, in_force)

    def _measures(self, position: int, running: dict[int, tuple[str, int]]) -> tuple[dict[str, Any], bool]:
        env: dict[str, Any] = {}
        any_total = False
        for index, name, over, rolling in self.prepared.measures:
            value = self.matrix[index][position] if self.matrix else 0
            any_total = any_total or value != 0
            if over == "period":
                pass
            elif rolling:
                start = 0 if self.opening is None else self.opening.first
                value = sum(self.matrix[index][max(start, position + 1 - rolling) : position + 1]) if self.matrix else 0
            else:
                label = self.prepared.windows[over][position]
                before = running.get(index)
                if before is not None and before[0] == label:
                    value += before[1]
                running[index] = (label, value)
            env[name] = exact.from_integer(value, self.denominators[index])
            if self.opening is not None and not (self.opening_led and self.plan.measures[index].on_change != "carry"):
                opened = self.opening.credited(name, self.currency, self.prepared.windows[over], position, rolling)
                if opened:
                    env[name] = exact.add(env[name], opened)
                    env[f"@opening:{name}"] = opened
        return env, any_total

    def _period(self, position: int, env: dict[str, Any], day: int, in_force: bool = True) -> PeriodRecord:
        prepared, plan, seat = self.prepared, self.plan, self.assignment
        for spec in plan.quotas:
            holder = (seat.position, seat.start, seat.end)
            env[f"quota.{spec.name}"] = quota_of(prepared, spec, holder, self.intervals, position, self.currency)
        if plan.ramps:
            ramps_read(self, env, position)
        for over in plan.prorated:
            env[COVERED + over] = covered_share(prepared, self.intervals, over, position)
        for attribute in plan.attributes:
            env[f"attr.{attribute.name}"] = _usable(self._attribute(attribute, position, day, env), attribute)
        for kpi in plan.kpis:
            low, _ = prepared.span(kpi.over, position)
            score = prepared.people.kpi(seat.payee, kpi.kpi, kpi.read, low, prepared.periods[position].end)
            env[f"kpi.{kpi.name}"] = _usable(score, kpi)
        attainments_read(self, env, position)
        env[DAY] = day
        result = PeriodRecord(position, env)
        if self.team_pay is not None:
            for peer in plan.peers:
                for kind in ("rank", "tied", "peers", "total"):
                    env[f"{kind}.{peer.name}"] = self.team_pay.get((seat.id, f"{kind}.{peer.name}", position))
        for named in plan.values:
            if named.late and self.team_pay is None:
                continue
            if not in_force and named.name.startswith("draw."):
                env[named.name] = ZERO  # who has left the plan draws no more
                continue
            try:
                env[named.name] = draw_paused(self, named, named.formula(env), position)
            except (MissingInput, OverflowGuard) as error:
                env[named.name] = Unusable(said("needs %(what)s", what=said_by(error)) if isinstance(error, MissingInput) else said_by(error))
        for component in self.components:
            self._component(component, position, result)
        return result

    def _attribute(self, spec: AttributeSpec, position: int, day: int, env: dict[str, Any]) -> Number | None:
        people, seat = self.prepared.people, self.assignment.id
        if spec.read == "last_day":
            return people.attribute(seat, spec.name, day)
        low, high = self.prepared.span(spec.over, position)
        if spec.read == "first_day":
            return people.attribute(seat, spec.name, max(low, self.assignment.start))
        parts = people.weighed(seat, spec.name, low, high, day)
        days = sum(end - start for start, end, _ in parts)
        total: Number = ZERO
        shown = []
        for start, end, value in parts:
            part = exact.mul(value, exact.simple(Fraction(end - start, days)))
            if spec.rounding is not None:
                part = round_number(part, spec.rounding.places, spec.rounding.mode)
            total = exact.add(total, part)
            shown.append({"from": day_text(start), "days": end - start, "value": exact.text(value), "part": exact.text(part)})
        if self.record:
            env[f"@weighed:attr.{spec.name}"] = shown
        return total if parts else None

    def _component(self, component: Component, position: int, result: PeriodRecord) -> None:
        env = result.env
        if component.team is not None:
            env = dict(env)
            env["team"] = self._team_base(component, position, env)
            if self.record:
                result.env[f"team:{component.name}"] = env["team"]
        if component.pool is not None:
            assert self.team_pay is not None
            env = dict(env)
            env[component.name] = self.team_pay.get((self.assignment.id, component.name, position))
        if component.settle != "period":
            env = self.pay_to_date.env(component, position, env, result.env if self.record else None)
        if component.proration is not None:
            env = component_env(self, component, position, env, result.env if self.record else None)
        parts: list[Part] | None = [] if self.record else None
        due: Number = ZERO
        window = self.prepared.windows[component.settle][position]
        before = self.earlier.get(component.name)
        own: Number = before[1] if before is not None and before[0] == window else ZERO
        prior: Number = ZERO
        try:
            prior = prior_paid(self.prepared, self.prior, component, window, env[DAY], self.currency or self.plan.currency)
        except MissingInput as error:
            result.issues[component.name] = said_by(error)
        earned_before = exact.add(own, prior) if prior else own
        try:
            due = earned_before if component.name in result.issues else component_due(self.plan.tables, component, env, parts)
            if not -LARGEST < due < LARGEST:
                raise OverflowGuard(said("the amount has more than 12 digits before the decimals"))
        except Undefined as error:
            parts = [Part("undefined", str(error), ZERO)]
            if component.when_undefined == "exception":
                result.issues[component.name] = said("%(what)s is undefined (a quota is zero or missing)", what=said_by(error))
                due = earned_before
        except (MissingInput, OverflowGuard) as error:
            parts = [Part("undefined", str(error), ZERO)]
            result.issues[component.name] = said_by(error)
            due = earned_before
        if component.name in result.issues and (component.settle != "period" or prior) and earned_before:
            parts = [Part("earlier", "kept as earned", earned_before)]
        rounded = round_number(due, component.rounding.places, component.rounding.mode)
        if parts is not None and rounded != due:
            parts.append(Part("rounding", f"{component.rounding.mode} to {component.rounding.places} decimals", exact.sub(rounded, due)))
        earned: Number = rounded
        if prior:
            if parts is not None:
                parts.append(Part("carried", "earned before the change", exact.neg(prior)))
            earned = exact.sub(earned, prior)
        if component.settle != "period":
            if parts is not None and own != 0:
                opened = self.opened.get(component.name)
                before_us: Number = opened[1] if opened is not None and opened[0] == window else ZERO
                if before_us:
                    parts.append(Part("opening", f"paid before in {window}, opening balance", exact.neg(before_us)))
                if own != before_us:
                    parts.append(Part("earlier", f"earned earlier in {window}", exact.neg(exact.sub(own, before_us))))
            earned = exact.sub(earned, own)
            self.earlier[component.name] = (window, exact.add(own, earned) if prior else rounded)
        result.earned[component.name] = earned
        result.env[f"pay.{component.name}"] = earned
        self.pay_to_date.add(component, position, earned, rounded)
        if parts is not None:
            result.parts[component.name] = parts

    def _team_base(self, component: Component, position: int, env: Mapping[str, Any]) -> Number:
        team = component.team
        assert team is not None
        if team.measure is not None:
            value: Number = env[self.plan.measures[team.measure].name]
            return value
        assert self.team_pay is not None
        commission: Number = ZERO
        for at in same_window(self.prepared, component.settle, position):
            commission = exact.add(commission, self.team_pay.get((self.assignment.id, component.name, at), ZERO))
        return commission


def _usable(value: Number | None, spec: AttributeSpec | KpiSpec) -> Any:
    """A figure of the payee, its default, or why a formula cannot use it."""
    if value is None:
        return spec.default if spec.default is not None else MISSING
    if spec.minimum is not None and value < spec.minimum:
        return Unusable(said("is %(value)s, below its least value %(limit)s", value=exact.text(value), limit=exact.text(spec.minimum)))
    if spec.maximum is not None and value > spec.maximum:
        return Unusable(said("is %(value)s, above its greatest value %(limit)s", value=exact.text(value), limit=exact.text(spec.maximum)))
    return value


def earn(prepared: Prepared, totals: Totals, assignments: Sequence[int] | None = None, team_pay: Crossing | None = None) -> Outcome:
    """Earnings and figures of assignments (None: all). Components on the team's commission need `team_pay`
    (`crossing`), as do places among peers and pools, and are left out without it."""
    matrix = totals_matrix(prepared, totals, assignments)
    people = prepared.people
    units = range(len(people.assignments)) if assignments is None else sorted(people.unit_of[a] for a in set(assignments))
    earnings: list[Earning] = []
    figures: list[Figure] = []
    issues: list[Issue] = []
    names, cash = figure_names(prepared), prepared.plan.cash
    for unit in units:
        seat = people.assignments[unit]
        if not people.enrolled(unit):
            continue
        for block in range(max(1, len(prepared.plan.currencies))):
            currency = prepared.plan.currencies[block] if block else ""
            mark = f"@{currency}" if currency else ""
            for record in UnitRun(prepared, totals, unit, matrix.get(seat.id), team_pay, False, currency=block).run():
                period = prepared.periods[record.position].id
                for name, amount in record.earned.items():
                    if name in cash:
                        earnings.append(Earning(seat.payee, seat.id, name, period, amount, currency))  # type: ignore[arg-type]
                for name in names:
                    figures.append(Figure(seat.payee, seat.id, name + mark, period, shown_figure(record.env.get(name))))
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
    names = [measure.name for measure in plan.measures[: plan.block] if not measure.hidden]
    names += [f"quota.{quota.name}" for quota in plan.quotas]
    names += [f"kpi.{kpi.name}" for kpi in plan.kpis]
    names += [a.name for a in plan.attainments] + [v.name for v in plan.values]
    names += [f"{kind}.{peer.name}" for peer in plan.peers for kind in ("rank", "total")]
    return names + [f"pay.{c.name}" for c in plan.components if c.name not in plan.cash]
