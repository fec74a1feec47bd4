"""Contracts over several years, credited year by year: a line becomes one row for each year of its service, dated by anniversary.

The rows of a line sum to it, to the minor unit. A line that changes another one within its service (its predecessor: an expansion, a
reduction, a cancellation) keeps that contract's years, so that what a cancellation takes back meets what it was credited for.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from .contracts import Facts, IntColumn, NumberColumn, Splits, day_number

SERVICE = ("service_from", "service_to", "anchor_from", "anchor_day")
"""Columns of days that are read for it: the line's service; where its contract's years begin, and the day of the order that began it."""
YEAR = "contract_year"
DIVIDED = ("tcv", "cost")
ONCE = ("quantity", "arr_change")
"""Stand in a line's first row alone; the amount and DIVIDED are divided; all else stands in each."""
_PART = 48
"""Bits above which the number of a row within its line stands in its id; the first has none."""


@dataclass(frozen=True)
class ContractYears:
    """on: order (anniversaries of the order's day) or service (the first day of each year of service). since: orders from this day
    number on; earlier ones are credited whole, on their day. unit: decimals to which amounts are divided."""

    on: str
    since: int
    unit: int


class Part(NamedTuple):
    """One year's part of a line: number of the year in the contract from 1, the day on which it is credited, its weight up to its end
    and that of the whole."""

    year: int
    day: int
    upto: Fraction
    whole: Fraction


def record_of(row: int) -> int:
    """The line of a row, or what the row stands for."""
    return row & ~(0xFFF << _PART)


def part_of(row: int) -> int:
    """Which of its line's rows it is, from 0."""
    return (row >> _PART) & 0xFFF


def later(day: int, years: int) -> int:
    """The same day so many years later; 29 February becomes 28 in other years."""
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    year = date.year + years
    return day_number(date.replace(year=year, day=min(date.day, calendar.monthrange(year, date.month)[1])))


def months(start: int, end: int) -> Fraction:
    """Months in [start, end): whole ones, and the days left as a part of theirs."""
    first, last = (dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in (start, end))
    whole = (last.year - first.year) * 12 + last.month - first.month
    reached = _month(first, whole)
    if reached > last:
        whole -= 1
        reached = _month(first, whole)
    return whole + Fraction((last - reached).days, (_month(first, whole + 1) - reached).days)


def _month(day: dt.date, count: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def parts(spec: ContractYears, day: int, start: int, end: int, anchor: int, anchor_day: int) -> tuple[Part, ...]:
    """The years of a service [start, end) that was ordered on `day`, in a contract whose years begin at `anchor`, ordered on `anchor_day`."""
    number = 0
    while later(anchor, number + 1) <= start:
        number += 1
    found: list[Part] = []
    whole = sum((months(low, high) for low, high, _ in _years(start, end, anchor, number)), Fraction(0))
    upto = Fraction(0)
    for low, high, year in _years(start, end, anchor, number):
        upto += months(low, high)
        anniversary = later(anchor_day, year) if found else day
        due = low if spec.on == "service" else anniversary
        found.append(Part(year + 1, max(due, day), upto, whole))  # never before the order
    return tuple(found)


def _years(start: int, end: int, anchor: int, number: int) -> list[tuple[int, int, int]]:
    """(first day, end, number from 0) of each year of the contract that the service reaches into."""
    found = []
    while start < end:
        high = min(end, later(anchor, number + 1))
        found.append((start, high, number))
        start, number = high, number + 1
    return found


def years_spread(spec: ContractYears, facts: Facts, splits: Splits) -> tuple[Facts, Splits]:
    """Facts and splits with a row for each contract year of each line; their numbers have the four columns of SERVICE."""
    days = {name: facts.numbers[name] for name in SERVICE}
    stated = np.logical_and.reduce([_stated(days[name], len(facts)) for name in ("service_from", "service_to")])
    concerned = np.flatnonzero(stated & (facts.event_date >= spec.since) & (days["service_to"].values > days["service_from"].values))
    anchored = _stated(days["anchor_from"], len(facts))
    start, end = days["service_from"].values, days["service_to"].values
    anchor = np.where(anchored, days["anchor_from"].values, start)
    anchor_day = np.where(anchored, days["anchor_day"].values, facts.event_date)
    keys = np.stack([np.asarray(c, dtype=np.int64)[concerned] for c in (facts.event_date, start, end, anchor, anchor_day)], axis=1)
    kinds, of_kind = np.unique(keys, axis=0, return_inverse=True)
    cut = [parts(spec, *(int(value) for value in kind)) for kind in kinds]
    times = np.ones(len(facts), dtype=np.int64)
    times[concerned] = np.array([len(item) for item in cut], dtype=np.int64)[of_kind.reshape(-1)] if len(cut) else 1
    of = np.repeat(np.arange(len(facts)), times)
    number = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    kind_of = np.full(len(facts), -1, dtype=np.int64)
    kind_of[concerned] = of_kind.reshape(-1)
    day, year = facts.event_date[of].astype(np.int64), np.ones(len(of), dtype=np.int64)
    lower, upper = _Share(len(of)), _Share(len(of))
    offsets = np.concatenate(([0], np.cumsum([len(item) for item in cut]))).astype(np.int64)
    flat = [part for item in cut for part in item]
    if flat:
        mine = np.flatnonzero(kind_of[of] >= 0)
        at = offsets[kind_of[of[mine]]] + number[mine]
        day[mine] = np.array([part.day for part in flat], dtype=np.int64)[at]
        year[mine] = np.array([part.year for part in flat], dtype=np.int64)[at]
        upto = [part.upto / part.whole for part in flat]
        first = set(offsets.tolist())
        before = [Fraction(0) if i in first else upto[i - 1] for i in range(len(flat))]
        upper.put(mine, at, upto)
        lower.put(mine, at, before)
    amount = facts.amount[of]
    numbers = {}
    for name, column in facts.numbers.items():
        if name in SERVICE:
            continue
        values = column.values[of]
        if name in DIVIDED:
            values = _divided(values, lower, upper, _quantum(column.scale, spec.unit))
        elif name in ONCE:
            values = np.where(number == 0, values, 0)
        numbers[name] = NumberColumn(values, column.scale, None if column.stated is None else column.stated[of], column.is_money)
    numbers[YEAR] = NumberColumn(year, 0)
    taken = facts.taken(of, is_sorted=False)
    ids = taken.object_id + (number << _PART)
    spread = replace(
        taken, object_id=ids, event_date=day.astype(np.int32), amount=_divided(amount, lower, upper, _quantum(facts.amount_scale, spec.unit)), numbers=numbers
    )
    return spread, _splits_spread(splits, facts.object_id, ids, of)


def _stated(column: NumberColumn, length: int) -> np.ndarray:
    return np.ones(length, dtype=bool) if column.stated is None else column.stated


class _Share:
    """A fraction per row; 0/1 before and 1/1 after what is not divided."""

    def __init__(self, length: int) -> None:
        self.top, self.bottom = np.zeros(length, dtype=object), np.ones(length, dtype=object)
        self.rows = np.zeros(length, dtype=bool)

    def put(self, rows: IntColumn, at: IntColumn, shares: list[Fraction]) -> None:
        """The shares of some rows."""
        self.top[rows] = np.array([share.numerator for share in shares], dtype=object)[at]
        self.bottom[rows] = np.array([share.denominator for share in shares], dtype=object)[at]
        self.rows[rows] = True

    def of(self, values: np.ndarray, quantum: int) -> np.ndarray:
        """Each value's share from its start, half up by size, at the quantum."""
        size, bottom = np.abs(values) * self.top, self.bottom * quantum
        return np.asarray(np.where(values < 0, -1, 1) * ((2 * size + bottom) // (2 * bottom)) * quantum)


def _quantum(scale: int, unit: int) -> int:
    return int(10 ** max(0, scale - unit))


def _divided(values: IntColumn, lower: _Share, upper: _Share, quantum: int) -> IntColumn:
    """The part of each value between two shares. What is finer than the unit is divided to its own decimals."""
    if not upper.rows.any():
        return values
    found = values.copy()
    for fine in (False, True):
        rows = np.flatnonzero(upper.rows & ((values % quantum != 0) == fine))
        if len(rows):
            low, high = (_taken(share, rows) for share in (lower, upper))
            step = 1 if fine else quantum
            wide = values[rows].astype(object)
            found[rows] = (high.of(wide, step) - low.of(wide, step)).astype(np.int64)
    return found


def _taken(share: _Share, rows: IntColumn) -> _Share:
    found = _Share(len(rows))
    found.top, found.bottom = share.top[rows], share.bottom[rows]
    return found


def _splits_spread(splits: Splits, ids: IntColumn, fresh: IntColumn, of: IntColumn) -> Splits:
    """The splits of a line, once for each of its rows."""
    if not len(splits) or len(ids) == len(fresh):
        return splits
    order = np.argsort(ids[of], kind="stable")
    owners = ids[of][order]
    first, last = np.searchsorted(owners, splits.object_id, "left"), np.searchsorted(owners, splits.object_id, "right")
    times = last - first
    which = np.repeat(np.arange(len(splits)), times)
    row = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    return Splits(fresh[order[row]], splits.payee[which], splits.quota_share[which], splits.pay_share[which], splits.role[which])
