"""Stage credit: which objects are excluded, who is credited with what, and what nobody was credited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import LIMIT, LineNumber, bound_of
from .contracts import NOBODY, WHOLE, Facts, IntColumn, Splits
from .errors import InputError
from .exact import from_integer
from .line_formula import Lines, condition, number, unstated
from .plan import CreditRule
from .prepare import Cells, Prepared
from .results import ExclusionCount, Uncredited
from .rounding import divide_round, round_number, round_quotients, scaled, split_columns, split_largest_remainder
from .syntax import Node

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Credited:
    """The credits of one rule: row of the facts, unit (local number), cell, and the two numbers of the credit, in
    order of (unit, date, object id) wherever splits are involved, else in order of the facts."""

    rows: IntColumn
    units: IntColumn
    cells: IntColumn
    pay: LineNumber
    quota: LineNumber


@dataclass(frozen=True)
class CreditStage:
    """All that crediting finds for a chunk. `units` are the global unit numbers behind the local ones."""

    facts: Facts
    units: IntColumn
    cells: Cells
    by_rule: dict[str, Credited]
    exclusions: tuple[ExclusionCount, ...]
    uncredited: tuple[Uncredited, ...]
    credited_objects: int


def facts_sorted(facts: Facts) -> Facts:
    """The same facts in order of (payee, date, id): row order cannot matter after this."""
    if facts.is_sorted or len(facts) < 2:
        return facts
    order = np.lexsort((facts.object_id, facts.event_date, facts.payee))
    return facts.taken(order, is_sorted=True)


def lines_of(prepared: Prepared, facts: Facts) -> Lines:
    """The facts as columns for line formulas. A column that the plan reads must be there."""
    plan = prepared.plan
    for name in sorted(plan.number_columns - {"pay_credit", "quota_credit"}):
        if name not in facts.numbers:
            raise InputError(f"facts: column {name} is missing; the plan {plan.key} reads it")
    for name in sorted(plan.code_columns):
        if name not in facts.codes:
            raise InputError(f"facts: column {name} is missing; the plan {plan.key} reads it")
    numbers = {name: LineNumber(c.values, 10**c.scale, bound_of(c.values)) for name, c in facts.numbers.items() if name in plan.number_columns}
    numbers["amount"] = LineNumber(facts.amount, 10**facts.amount_scale, bound_of(facts.amount))
    stated = {name: c.stated for name, c in facts.numbers.items() if name in plan.number_columns and c.stated is not None}
    return Lines(
        len(facts),
        numbers,
        facts.codes,
        facts.event_date,
        prepared.inputs.vocabulary,
        plan.tables,
        mode=plan.rounding.mode,
        stated=stated,
        tree=prepared.categories,
    )


class _Chunk:
    def __init__(self, prepared: Prepared, facts: Facts, splits: Splits, payees: Iterable[int] | None) -> None:
        self.prepared, self.facts = prepared, facts_sorted(facts)
        people = prepared.people
        if payees is None:
            self.owned: Bools = np.ones(len(facts), dtype=bool)
            self.units = np.arange(len(people.assignments), dtype=np.int64)
        else:
            wanted = np.array(sorted(set(payees)), dtype=np.int64)
            self.owned = np.isin(self.facts.payee, wanted)
            self.units = np.flatnonzero(np.isin(people.payees, wanted))
        self.local = np.full(len(people.assignments) + 1, -1, dtype=np.int64)
        self.local[self.units] = np.arange(len(self.units))
        cuts: set[int] = set()
        if prepared.plan.needs_team_cells:
            for unit in self.units:
                cuts |= people.chain_cuts(int(people.ids[unit]))
        for name in {rollup.relation for rollup in prepared.plan.rollups if rollup.relation and rollup.as_of == "event"}:
            for unit in self.units:
                cuts |= people.relation_cuts(int(people.ids[unit]), name)
        if prepared.team_days is not None and prepared.plan.rollups:
            cuts |= {day for days in prepared.team_days.values() for edges in days for day in edges}
        self.cells = prepared.cells(cuts)
        self.lines = lines_of(prepared, self.facts)
        self.lost: list[tuple[int, int, int, int]] = []
        """Shares of participants without an assignment: row, payee, pay credit, its denominator."""
        self.missed: list[tuple[IntColumn, str, LineNumber]] = []
        """What rules gave to nobody, for a failed split or an owner without an assignment: rows, reason, their credit."""
        self.row_cells = self.cells.of(self.facts.event_date)
        self.owner_units = self._owner_units()
        self._join_splits(splits)

    def _owner_units(self) -> IntColumn:
        facts, people = self.facts, self.prepared.people
        units = people.resolve(facts.payee, facts.event_date)
        if facts.assignment is not None and len(people.ids):
            at = np.clip(np.searchsorted(people.ids, facts.assignment), 0, len(people.ids) - 1)
            known = (facts.assignment >= 0) & (people.ids[at] == facts.assignment)
            units = np.where(known, at, units)
        return units

    def _join_splits(self, splits: Splits) -> None:
        """Split rows in order of (object, payee, role), each with the row of its object."""
        self.has_split: Bools = np.zeros(len(self.facts), dtype=bool)
        self.split_rows = np.empty(0, dtype=np.int64)
        self.splits = splits
        if not len(splits) or not len(self.facts):
            self.splits = Splits.none()
            return
        order = np.lexsort((splits.role, splits.payee, splits.object_id))
        by_id = np.argsort(self.facts.object_id, kind="stable")
        ids = self.facts.object_id[by_id]
        at = np.clip(np.searchsorted(ids, splits.object_id[order]), 0, len(ids) - 1)
        known = ids[at] == splits.object_id[order]
        order, self.split_rows = order[known], by_id[at[known]]
        self.splits = Splits(splits.object_id[order], splits.payee[order], splits.quota_share[order], splits.pay_share[order], splits.role[order])
        self.has_split[self.split_rows] = True
        dates = self.facts.event_date[self.split_rows]
        by_payee = np.lexsort((dates, self.splits.payee))
        self.split_units = np.empty(len(order), dtype=np.int64)
        self.split_units[by_payee] = self.prepared.people.resolve(self.splits.payee[by_payee], dates[by_payee])


def credit(prepared: Prepared, facts: Facts, splits: Splits, payees: Iterable[int] | None) -> CreditStage:
    """Credit the objects of a chunk (see `Facts`) by the plan's rules; amounts are rounded here if the plan says so."""
    chunk = _Chunk(prepared, facts, splits, payees)
    facts = chunk.facts
    count = len(facts)
    active: Bools = np.ones(count, dtype=bool)
    exclusions = []
    for name, where in prepared.plan.exclusions:
        hit = active & met(where, chunk.lines)
        active = active & ~hit
        hit = hit & chunk.owned
        mine = facts.amount[hit]
        exclusions.append(ExclusionCount(name, facts.objects(hit), scaled(int(mine.astype(object).sum()) if len(mine) else 0, facts.amount_scale)))
    credited: Bools = np.zeros(count, dtype=bool)
    reasons = np.full(count, "no_rule", dtype=object)
    reasons[facts.payee == NOBODY] = "no_owner"
    by_rule = {}
    taken: dict[str, Bools] = {}
    for rule in prepared.credit_order:
        here = active if rule.where is None else active & met(rule.where, chunk.lines)
        here = _stated(chunk, rule, here, active, reasons)
        if rule.choose:
            before = taken.get(rule.choose)
            here = here if before is None else here & ~before
            taken[rule.choose] = here if before is None else before | here
        by_rule[rule.name] = _apply(chunk, rule, here, credited, reasons)
    by_rule = {rule.name: by_rule[rule.name] for rule in prepared.plan.credits}
    outside = active & (chunk.row_cells < 0)
    reasons[outside] = "outside_calendar"
    left = active & (~credited | outside) & chunk.owned
    uncredited = [
        Uncredited(int(facts.object_id[i]), int(facts.payee[i]), int(facts.event_date[i]), scaled(int(facts.amount[i]), facts.amount_scale), str(reasons[i]))
        for i in np.flatnonzero(left)
    ]
    for row, payee, amount, denominator in chunk.lost:
        if chunk.owned[row] and not left[row]:
            share = round_number(from_integer(amount, denominator), facts.amount_scale, prepared.plan.rounding.mode)
            uncredited.append(Uncredited(int(facts.object_id[row]), payee, int(facts.event_date[row]), share, "no_assignment"))
    uncredited += _missed(chunk, chunk.owned & ~left)
    uncredited.sort(key=lambda item: (item.object_id, item.payee))
    done = facts.objects(active & credited & ~outside & chunk.owned)
    return CreditStage(facts, chunk.units, chunk.cells, by_rule, tuple(exclusions), tuple(uncredited), done)


def _missed(chunk: _Chunk, elsewhere: Bools) -> list[Uncredited]:
    """What a rule gave to nobody of objects that another rule credits: each once, with the credit of the first such rule."""
    found: dict[tuple[int, str], Uncredited] = {}
    facts = chunk.facts
    for rows, reason, amount in chunk.missed:
        for row in np.unique(rows[elsewhere[rows]]).tolist():
            whole = round_number(from_integer(int(amount.values[row]), amount.denominator), facts.amount_scale, chunk.prepared.plan.rounding.mode)
            found.setdefault((row, reason), Uncredited(int(facts.object_id[row]), int(facts.payee[row]), int(facts.event_date[row]), whole, reason))
    return list(found.values())


def met(where: Node, lines: Lines) -> Bools:
    """The lines that meet a condition; one that reads a number which the source does not give is not met."""
    unknown = unstated(where, lines)
    return condition(where, lines) if unknown is None else condition(where, lines) & ~unknown


def _stated(chunk: _Chunk, rule: CreditRule, here: Bools, active: Bools, reasons: npt.NDArray[Any]) -> Bools:
    """The lines for which all is given that the rule reads; the others are named."""
    open_where = unstated(rule.where, chunk.lines)
    if open_where is not None:
        reasons[active & open_where & (reasons == "no_rule")] = "not_stated"
    for formula in (rule.amount, rule.quota_amount):
        unknown = unstated(formula, chunk.lines)
        if unknown is not None:
            reasons[here & unknown & (reasons == "no_rule")] = "not_stated"
            here = here & ~unknown
    return here


def _apply(chunk: _Chunk, rule: CreditRule, here: Bools, credited: Bools, reasons: npt.NDArray[Any]) -> Credited:
    lines, facts = chunk.lines, chunk.facts
    pay = lines.numbers["amount"] if rule.amount is None else number(rule.amount, lines)
    quota = pay if rule.quota_amount is None else number(rule.quota_amount, lines)
    if rule.rounding is not None:
        pay = pay.rounded(rule.rounding.places, rule.rounding.mode)
        quota = pay if rule.quota_amount is None else quota.rounded(rule.rounding.places, rule.rounding.mode)
    whole = LineNumber(pay.wide(len(facts)), pay.denominator, pay.bound)
    whole_quota = whole if rule.quota_amount is None else LineNumber(quota.wide(len(facts)), quota.denominator, quota.bound)
    rows, units, pays, quotas = [], [], [], []
    if rule.to != "splits":
        mine = here & (facts.payee != NOBODY)
        if rule.to == "owner_or_splits":
            mine &= ~chunk.has_split
        seated = mine & (chunk.owner_units >= 0)
        credited |= seated
        reasons[mine & ~seated & (reasons == "no_rule")] = "no_assignment"
        chunk.missed.append((np.flatnonzero(mine & ~seated), "no_assignment", whole))
        take = seated & (chunk.row_cells >= 0) & (chunk.local[chunk.owner_units] >= 0)
        index = np.flatnonzero(take)
        rows.append(index)
        units.append(chunk.local[chunk.owner_units[index]])
        pays.append(_at(whole, index))
        quotas.append(_at(whole_quota, index))
    if rule.to != "owner":
        index, unit, part_pay, part_quota = _split(chunk, rule, here, credited, reasons, whole, whole_quota)
        rows.append(index)
        units.append(unit)
        pays.append(part_pay)
        quotas.append(part_quota)
    row, unit = np.concatenate(rows), np.concatenate(units)
    pay, quota = _joined(pays, rule), _joined(quotas, rule)
    if (len(rows) > 1 and len(rows[-1])) or rule.to == "splits":
        order = np.lexsort((facts.object_id[row], facts.event_date[row], unit))
        row, unit, pay, quota = row[order], unit[order], _at(pay, order), _at(quota, order)
    return Credited(row, unit, chunk.row_cells[row], pay, quota)


def _at(column: LineNumber, order: IntColumn) -> LineNumber:
    return LineNumber(column.values[order], column.denominator, column.bound)


def _joined(parts: list[LineNumber], rule: CreditRule) -> LineNumber:
    denominator = parts[-1].denominator if rule.rounding is None else parts[0].denominator
    same = [part.over(denominator) for part in parts]
    return LineNumber(np.concatenate([part.values for part in same]), denominator, max(part.bound for part in same))


def _split(
    chunk: _Chunk, rule: CreditRule, here: Bools, credited: Bools, reasons: npt.NDArray[Any], pay: LineNumber, quota: LineNumber
) -> tuple[IntColumn, IntColumn, LineNumber, LineNumber]:
    """Credits of the split's participants. Shares that make the whole are split so that the parts sum to the object's
    rounded amount (largest remainder); others are rounded each by itself."""
    splits, rows = chunk.splits, chunk.split_rows
    use = here[rows] if len(rows) else np.empty(0, dtype=bool)
    if rule.roles is not None:
        codes = [chunk.prepared.inputs.vocabulary.get("role", {}).get(role, -2) for role in rule.roles]
        use &= np.isin(splits.role, codes)
    used = np.flatnonzero(use)
    row = rows[used]
    pay_share, quota_share = splits.pay_share[used], splits.quota_share[used]
    first = np.flatnonzero(np.concatenate(([True], row[1:] != row[:-1]))) if len(row) else np.empty(0, dtype=np.int64)
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(row)))) if len(row) else first
    whole_pay = np.add.reduceat(pay_share, first) == WHOLE if len(row) else np.empty(0, dtype=bool)
    whole_quota = np.add.reduceat(quota_share, first) == WHOLE if len(row) else np.empty(0, dtype=bool)
    good = np.ones(len(row), dtype=bool)
    if rule.must_total and len(row):
        good = (whole_pay & whole_quota)[group]
        reasons[row[~good]] = "split_total"
        chunk.missed.append((row[~good], "split_total", pay))
    part_pay = _shares(pay.taken(row) if len(row) else _none(pay), pay_share, group, whole_pay, rule)
    part_quota = _shares(quota.taken(row) if len(row) else _none(quota), quota_share, group, whole_quota, rule)
    unit = chunk.split_units[used] if len(row) else np.empty(0, dtype=np.int64)
    seated = good & (unit >= 0)
    credited[row[seated]] = True
    for i in np.flatnonzero(good & (unit < 0)):
        reasons[row[i]] = "no_assignment"
        chunk.lost.append((int(row[i]), int(splits.payee[used[i]]), int(part_pay.values[i]), part_pay.denominator))
    keep = np.flatnonzero(seated & (chunk.row_cells[row] >= 0) & (chunk.local[unit] >= 0))
    return row[keep], chunk.local[unit[keep]], _at(part_pay, keep), _at(part_quota, keep)


def _none(column: LineNumber) -> LineNumber:
    return LineNumber(column.values[:0], column.denominator, 1)


def _shares(amount: LineNumber, shares: IntColumn, group: IntColumn, is_whole: Bools, rule: CreditRule) -> LineNumber:
    if rule.rounding is None:
        return amount.times(LineNumber(shares, WHOLE, bound_of(shares)))
    if amount.values.dtype != object and amount.bound * bound_of(shares) <= LIMIT:
        whole = amount.wide(len(shares))
        even = is_whole[group] if len(group) else np.empty(0, dtype=bool)
        if len(group):
            even = even & (np.minimum.reduceat(shares, np.flatnonzero(np.diff(group, prepend=-1)))[group] >= 0)
        columns = round_quotients(whole * shares, WHOLE, rule.rounding.mode)
        columns[even] = split_columns(whole[even], shares[even], group[even], WHOLE)
        return LineNumber(columns, amount.denominator, amount.bound * max(1, bound_of(shares) // WHOLE + 1))
    values: list[int] = []
    position = 0
    totals = amount.wide(len(shares)).tolist()
    weights = shares.tolist()
    for complete in is_whole.tolist():
        end = position
        while end < len(weights) and group[end] == group[position]:
            end += 1
        total = int(totals[position])
        if complete and min(weights[position:end]) >= 0:
            values += split_largest_remainder(total, weights[position:end])
        else:
            values += [divide_round(total * weight, WHOLE, rule.rounding.mode) for weight in weights[position:end]]
        position = end
    kind: Any = amount.values.dtype
    return LineNumber(np.array(values, dtype=kind), amount.denominator, amount.bound * max(1, bound_of(shares) // WHOLE + 1))
