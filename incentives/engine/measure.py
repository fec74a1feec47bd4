"""Stage measure: credited lines -> integer totals per assignment, measure and period, and what goes up to managers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import LIMIT, LineNumber
from .contracts import Facts, IntColumn, Splits
from .credit import Credited, CreditStage, credit, lines_of
from .errors import InputError
from .exact import from_integer
from .line_formula import Lines, condition, number, unstated
from .plan import CompiledPlan, Measure
from .prepare import Prepared
from .results import ChunkResult, TeamRow, Totals, Uncredited
from .rounding import round_number


class CreditedLines:
    """The credits of one rule with their columns, and their grouping by (unit, cell)."""

    def __init__(self, prepared: Prepared, stage: CreditStage, all_lines: Lines, credited: Credited) -> None:
        self.prepared, self.stage, self.all_lines, self.credited = prepared, stage, all_lines, credited
        self.count = len(credited.rows)

    @cached_property
    def lines(self) -> Lines:
        """The columns of the credited lines, with pay_credit and quota_credit."""
        rows: Any = self.credited.rows
        if self.count == self.all_lines.length and self.count and rows[0] == 0 and bool((rows == np.arange(self.count)).all()):
            rows = slice(None)
        plan = self.prepared.plan
        numbers = {name: column.taken(rows) for name, column in self.all_lines.numbers.items()}
        numbers |= {"pay_credit": self.credited.pay, "quota_credit": self.credited.quota}
        codes = {name: codes[rows] for name, codes in self.all_lines.codes.items() if name in plan.code_columns}
        dates = self.all_lines.dates[rows]
        stated = {name: known[rows] for name, known in self.all_lines.stated.items()}
        return Lines(
            self.count, numbers, codes, dates, self.all_lines.vocabulary, plan.tables, _Windows(self, dates), plan.rounding.mode, stated, self.all_lines.tree
        )

    @cached_property
    def _groups(self) -> tuple[Any, IntColumn, IntColumn]:
        """(order or None, first row of each group in that order, key of each group)."""
        keys = self.credited.units * self.stage.cells.count + self.credited.cells
        order = None
        if self.count and not bool((keys[1:] >= keys[:-1]).all()):
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
        first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if self.count else np.empty(0, dtype=np.int64)
        return order, first, keys[first]

    def counted(self, measure: Measure) -> npt.NDArray[np.bool_]:
        """The lines that meet the measure's condition and state what it reads."""
        wanted = np.ones(self.count, dtype=bool) if measure.where is None else condition(measure.where, self.lines)
        unknown = self.unknown(measure)
        return wanted if unknown is None else wanted & ~unknown

    def unknown(self, measure: Measure) -> npt.NDArray[np.bool_] | None:
        """The lines that the measure would count if they stated what it reads; None: there is none."""
        where = unstated(measure.where, self.lines) if self.all_lines.stated else None
        value = unstated(measure.value, self.lines) if self.all_lines.stated else None
        if value is not None and measure.where is not None:
            value = value & condition(measure.where, self.lines)
        found = [part for part in (where, value) if part is not None]
        return np.logical_or.reduce(found) if found else None

    def values(self, measure: Measure) -> LineNumber:
        """The measure's value of each line; zero where its condition is not met."""
        lines = self.lines
        if measure.aggregate == "count":
            column = LineNumber(np.ones(1, dtype=np.int64), 1, 1)
        elif measure.value is None:
            column = lines.numbers["pay_credit"]
        else:
            column = number(measure.value, lines)
        if measure.rounding is not None:
            column = column.rounded(measure.rounding.places, measure.rounding.mode)
        values = column.wide(self.count)
        if measure.where is not None or self.all_lines.stated:
            values = np.where(self.counted(measure), values, 0)
        return LineNumber(values, column.denominator, column.bound)

    def sums(self, measure: Measure) -> tuple[IntColumn, npt.NDArray[Any], int]:
        """Keys (unit x cells + cell), their sums, and the denominator."""
        column = self.values(measure)
        order, first, keys = self._groups
        values = column.values
        if column.bound * max(1, self.count) > LIMIT:
            values = values.astype(object)
        if order is not None:
            values = values[order]
        return keys, np.add.reduceat(values, first) if self.count else values[:0], column.denominator


class _Windows(dict[str, npt.NDArray[np.int64]]):
    """Groups of lines for `running`, made when asked for."""

    def __init__(self, owner: CreditedLines, dates: Any) -> None:
        super().__init__()
        self._owner, self._dates = owner, dates

    def __missing__(self, window: str) -> npt.NDArray[np.int64]:
        owner = self._owner
        units = owner.credited.units
        groups: npt.NDArray[np.int64]
        if window == "day":
            groups = units * 2**23 + self._dates.astype(np.int64) + 2**21
        else:
            labels = owner.prepared.windows[window]
            numbers = {label: i for i, label in enumerate(dict.fromkeys(labels))}
            by_period = np.array([numbers[label] for label in labels], dtype=np.int64)
            groups = units * len(labels) + by_period[owner.stage.cells.period[owner.credited.cells]]
        self[window] = groups
        return groups


def credited_lines(prepared: Prepared, stage: CreditStage) -> dict[str, CreditedLines]:
    """The credited lines of each rule."""
    all_lines = lines_of(prepared, stage.facts)
    return {name: CreditedLines(prepared, stage, all_lines, credited) for name, credited in stage.by_rule.items()}


def chunk_compute(prepared: Prepared, facts: Facts, splits: Splits | None = None, payees: Iterable[int] | None = None) -> ChunkResult:
    """Credit and measure one chunk of payees (None: everybody, and what nobody owns).

    Pure and deterministic: neither the order of rows nor the way payees are chunked changes a sum.
    """
    stage = credit(prepared, facts, splits or Splits.none(), payees)
    by_rule = credited_lines(prepared, stage)
    plan, cells = prepared.plan, stage.cells
    units, counts = stage.units, len(stage.units)
    by_cell: list[npt.NDArray[Any]] = []
    denominators: list[int] = []
    for measure in plan.measures:
        parts = [by_rule[name].sums(measure) for name in measure.rules]
        denominator = lcm(1, *(part[2] for part in parts))
        matrix = np.zeros(counts * cells.count, dtype=np.int64)
        for keys, sums, lower in parts:
            factor = denominator // lower
            if len(sums) and sums.dtype != object and factor > 1 and int(np.abs(sums).max()) * factor > LIMIT:
                sums = sums.astype(object)
            if sums.dtype == object and len(sums):
                matrix = matrix.astype(object)
            matrix[keys] += sums * factor
        by_cell.append(matrix.reshape(counts, cells.count))
        denominators.append(denominator)
    own_denominators = list(denominators)
    for rollup in plan.rollups:
        denominators[rollup.target] = lcm(denominators[rollup.target], denominators[rollup.source])
    team = _team(prepared, stage, by_cell, own_denominators, denominators)
    factors = [now // before for now, before in zip(denominators, own_denominators, strict=True)]
    own = np.stack([_by_period(prepared, cells.period, m) * f for m, f in zip(by_cell, factors, strict=True)], axis=1)
    credited = {name: (int(c.pay.values.astype(object).sum()) if len(c.rows) else 0, c.pay.denominator) for name, c in stage.by_rule.items()}
    totals = Totals(prepared.people.ids[units], own, tuple(denominators), team)
    uncredited = (*stage.uncredited, *_not_stated(prepared, stage, by_rule))
    return ChunkResult(totals, stage.exclusions, uncredited, stage.credited_objects, credited_amounts(plan, credited), credited)


def credited_amounts(plan: CompiledPlan, sums: Mapping[str, tuple[int, int]]) -> dict[str, Decimal]:
    """Sums of pay credits by rule, given as numerator and denominator, at six places or at those of the rule."""
    amounts = {name: round_number(from_integer(*parts), 6, "half_even") for name, parts in sums.items()}
    for rule in plan.credits:
        if rule.rounding is not None:
            amounts[rule.name] = round_number(amounts[rule.name], rule.rounding.places, "half_even")
    return amounts


def lead_compute(prepared: Prepared, facts: Facts, splits: Splits | None = None, payees: Iterable[int] | None = None) -> Totals | None:
    """What was sold on the days of lead-ins, in measures that carry alone: to be added to the totals of the same payees
    (`totals_add`). None where nobody has any. What was not credited then is the business of the version before."""
    lead = prepared.lead
    if lead is None:
        return None
    totals = chunk_compute(lead, lead_facts(prepared, facts), splits, payees).totals
    carries = np.array([measure.on_change == "carry" for measure in prepared.plan.measures], dtype=bool)
    led = np.isin(totals.assignments, np.array(sorted(prepared.led), dtype=np.int64))
    own = np.where(carries[None, :, None] & led[:, None, None], totals.own, 0)
    team = tuple(row for row in totals.team if carries[row.measure] and row.manager in prepared.led)
    return replace(totals, own=own, team=team)


def lead_facts(prepared: Prepared, facts: Facts) -> Facts:
    """The facts as they count on days of lead-ins: where the source names a seat that has gone, its successor takes the credit."""
    if facts.assignment is None:
        return facts
    known = np.isin(facts.assignment, np.array(sorted(prepared.led), dtype=np.int64))
    return replace(facts, assignment=np.where(known, facts.assignment, -1))


def totals_add(totals: Totals, lead: Totals | None) -> Totals:
    """Totals of the same assignments, summed."""
    if lead is None:
        return totals
    denominators = tuple(lcm(*pair) for pair in zip(totals.denominators, lead.denominators, strict=True))
    parts = [_over(item, denominators) for item in (totals, lead)]
    team: dict[tuple[int, int, int, int], int] = {}
    for row in itertools.chain(parts[0].team, parts[1].team):
        team[row[:4]] = team.get(row[:4], 0) + row.amount
    rows = tuple(TeamRow(*key, amount) for key, amount in sorted(team.items()))
    return Totals(totals.assignments, parts[0].own + parts[1].own, denominators, rows)


def _over(totals: Totals, denominators: tuple[int, ...]) -> Totals:
    factors = [now // before for now, before in zip(denominators, totals.denominators, strict=True)]
    if all(factor == 1 for factor in factors):
        return totals
    own = totals.own.astype(object) * np.array(factors, dtype=object)[None, :, None]
    return replace(totals, own=own, team=tuple(row._replace(amount=row.amount * factors[row.measure]) for row in totals.team))


def _not_stated(prepared: Prepared, stage: CreditStage, by_rule: dict[str, CreditedLines]) -> list[Uncredited]:
    """Credits that a measure cannot count, because they do not state what it reads: object and payee once, with the credit."""
    found: dict[tuple[int, int], Uncredited] = {}
    facts = stage.facts
    for measure in prepared.plan.measures:
        for name in measure.rules:
            lines = by_rule[name]
            unknown = lines.unknown(measure)
            for i in () if unknown is None else np.flatnonzero(unknown).tolist():
                row, payee = int(lines.credited.rows[i]), int(prepared.people.payees[stage.units[lines.credited.units[i]]])
                credit_given = from_integer(int(lines.credited.pay.values[i]), lines.credited.pay.denominator)
                amount = round_number(credit_given, facts.amount_scale, prepared.plan.rounding.mode)
                item = Uncredited(int(facts.object_id[row]), payee, int(facts.event_date[row]), amount, "not_stated")
                found.setdefault((item.object_id, payee), item)
    return [found[key] for key in sorted(found)]


def _by_period(prepared: Prepared, period_of: IntColumn, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if matrix.shape[1] == len(prepared.periods):
        return matrix
    result = np.zeros((matrix.shape[0], len(prepared.periods)), dtype=matrix.dtype)
    for cell, period in enumerate(period_of):
        result[:, period] += matrix[:, cell]
    return result


def _team(prepared: Prepared, stage: CreditStage, by_cell: list[npt.NDArray[Any]], own: list[int], final: list[int]) -> tuple[TeamRow, ...]:
    """Contributions of members to their managers' measures, cell by cell as of the rule's day."""
    people, cells = prepared.people, stage.cells
    rows: dict[tuple[int, int, int, int], int] = {}
    for rollup in prepared.plan.rollups:
        matrix, factor = by_cell[rollup.source], final[rollup.target] // own[rollup.source]
        for local, cell in zip(*(axis.tolist() for axis in np.nonzero(matrix)), strict=True):
            member = int(people.ids[stage.units[local]])
            period = int(cells.period[cell])
            day = cells.starts[cell] if rollup.as_of == "event" else prepared.periods[period].end - 1
            above = people.related(member, rollup.relation, day) if rollup.relation else people.chain(member, day, rollup.levels)
            for manager in above:
                days = prepared.team_days
                if days is not None and not any(low <= cells.starts[cell] < high for low, high in days.get(manager, ())):
                    continue
                key = (manager, rollup.target, period, member)
                rows[key] = rows.get(key, 0) + int(matrix[local, cell]) * factor
    return tuple(TeamRow(*key, amount) for key, amount in sorted(rows.items()))


def totals_merge(parts: Sequence[Totals]) -> Totals:
    """The totals of chunks as one, ascending by assignment; the same whatever the chunks were."""
    if not parts:
        raise InputError("there is no chunk to merge")
    denominators = parts[0].denominators
    for part in parts[1:]:
        if part.denominators != denominators:
            raise InputError("chunks differ in the scale of their columns; give all facts of a run at one scale")
    ids = np.concatenate([part.assignments for part in parts])
    order = np.argsort(ids, kind="stable")
    if len(ids) != len(np.unique(ids)):
        raise InputError("an assignment stands in two chunks; a payee belongs to one chunk")
    own = np.concatenate([part.own for part in parts])[order]
    team = sorted((row for part in parts for row in part.team), key=lambda row: (row.manager, row.measure, row.period, row.member))
    return Totals(ids[order], own, denominators, tuple(team))


def totals_split(totals: Totals, groups: Sequence[Sequence[int]]) -> list[Totals]:
    """The totals of each group of assignments, with the contributions that its managers receive: what `earn` needs for
    that group alone. Earning group by group keeps memory small."""
    group_of = {assignment: i for i, group in enumerate(groups) for assignment in group}
    team: list[list[TeamRow]] = [[] for _ in groups]
    for row in totals.team:
        index = group_of.get(row.manager)
        if index is not None:
            team[index].append(row)
    found = []
    for group, rows in zip(groups, team, strict=True):
        keep = np.isin(totals.assignments, np.array(group, dtype=np.int64))
        found.append(Totals(totals.assignments[keep], totals.own[keep], totals.denominators, tuple(rows)))
    return found
