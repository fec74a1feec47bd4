"""What joining, moving, leaving, leave and ramping do to quota, target, bounds and cap of one component: shares of days, exactly.

A share is days under the plan over days of the window, both counted alike: all days, or Monday to Friday less the plan's holidays.
"""

from __future__ import annotations

import calendar
import datetime
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from .contracts import OPEN_END, EmploymentSpan, day_number
from .exact import Number

Interval = tuple[int, int]
TARGET = "attr.target_incentive"
WAYS = ("none", "calendar_days", "working_days")
LEAVE_KINDS = ("paid", "unpaid", "parental", "sick")
UNSTATED = "unstated"
"""How plans speak of leave of which the record does not say the kind."""
Kinds = frozenset[str]
_EPOCH = datetime.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Proration:
    """A component's policy: how quota, target incentive, bounds, cap and floor are counted (one of `WAYS`), and whether the first
    and last day under the plan and days of leave count. over: the window of target, bounds, cap and floor."""

    quota: str = "none"
    target: str = "none"
    bounds: str = "none"
    cap: str = "none"
    floor: str = "none"
    first_day: bool = True
    last_day: bool = True
    leave: bool = True
    over: str = "period"
    leave_out: Mapping[str, Kinds] = field(default_factory=dict, hash=False)
    """Figure (quota, target, bounds, cap, floor) -> kinds of leave whose days do not count for it."""

    def out(self, key: str) -> Kinds | None:
        """Kinds of leave whose days do not count for a figure; None: all leave."""
        return self.leave_out.get(key, frozenset()) if self.leave else None


@dataclass(frozen=True)
class Holiday:
    """No working day, in some countries (empty: in all)."""

    day: int
    name: str = ""
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ramp:
    """Shares by months, or by stretches of `days` days, since the hire or the start of the assignment; `after` holds then."""

    name: str
    since: str
    shares: tuple[Number, ...]
    after: Number
    days: int | None = None

    def steps(self, start: int) -> list[tuple[int, int, Number]]:
        """(first day, end, share) one after the other from a start; the last has no end."""
        found, low = [], start
        for i, share in enumerate(self.shares):
            high = start + self.days * (i + 1) if self.days else months_after(start, i + 1)
            found.append((low, high, share))
            low = high
        return [*found, (low, OPEN_END, self.after)]


class DayCount:
    """Counts working days: Monday to Friday, less holidays."""

    def __init__(self, holidays: Iterable[Holiday]) -> None:
        self._given = tuple(holidays)
        self._off: dict[str, list[int]] = {}

    def working(self, low: int, high: int, country: str = "") -> int:
        """Working days in `[low, high)`."""
        if low >= high:
            return 0
        off = self._holidays(country)
        return _weekdays(high) - _weekdays(low) - (bisect_left(off, high) - bisect_left(off, low))

    def _holidays(self, country: str) -> list[int]:
        if country not in self._off:
            days = {one.day for one in self._given if not one.countries or country in one.countries}
            self._off[country] = sorted(day for day in days if (day + 3) % 7 < 5)
        return self._off[country]

    def days(self, way: str, intervals: Iterable[Interval], country: str) -> int:
        """Days in intervals that lie apart, counted one way."""
        return sum(self.working(low, high, country) if way == "working_days" else max(0, high - low) for low, high in intervals)

    def weighed(self, way: str, pieces: Sequence[tuple[int, int, Decimal]], window: Interval, country: str) -> Fraction:
        """An amount of a window of which the pieces (first day, end, amount) say what holds when: each day the largest, by the days of the
        window. The largest of all where the window has no day that counts."""
        low, high = window
        inside = [(max(low, start), min(high, end), amount) for start, end, amount in pieces if max(low, start) < min(high, end)]
        whole = self.days(way, [window], country)
        if not whole:
            return Fraction(max((amount for _, _, amount in inside), default=0))
        cuts, total = sorted({day for start, end, _ in inside for day in (start, end)}), Fraction(0)
        for first, last in pairwise(cuts):
            amount = max((one for start, end, one in inside if start <= first and last <= end), default=Decimal(0))
            total += Fraction(amount) * self.days(way, [(first, last)], country) / whole
        return total


def _weekdays(day: int) -> int:
    """Mondays to Fridays before a day, from a Monday far back."""
    weeks, rest = divmod(day + 3, 7)
    return weeks * 5 + min(rest, 5)


def months_after(day: int, months: int) -> int:
    """The same day of a later month; its last one where there is none such (31 January and a month: 28 February)."""
    date = datetime.date.fromordinal(day + _EPOCH)
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day_number(datetime.date(year, month + 1, min(date.day, last)))


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same days without overlap, ascending; what touches is one."""
    found: list[Interval] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif low < high:
            found.append((low, high))
    return found


def without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """Intervals less others."""
    parts = list(intervals)
    for low, high in taken:
        parts = [piece for start, end in parts for piece in ((start, min(end, low)), (max(start, high), end)) if piece[0] < piece[1]]
    return parts


class SeatDays:
    """The days on which one assignment is under the plan, and its payee's employment.

    intervals: days under the plan, those of earlier versions that a component carries included. employments: of the payee.
    """

    def __init__(
        self, *, intervals: Iterable[Interval], employments: Sequence[EmploymentSpan], start: int, country: str, count: DayCount,
    ) -> None:  # fmt: skip
        self.under, self.employments, self.start, self.country, self.count = joined(intervals), employments, start, country, count

    def leave(self, kinds: Kinds | None = None) -> list[Interval]:
        """Days of leave of these kinds; None: of all."""
        spans = [one for one in self.employments if one.status == "leave"]
        return [(one.start, one.end) for one in spans if kinds is None or (one.leave_kind or UNSTATED) in kinds]

    def hired(self, day: int) -> int:
        """First day of the employment in force on a day (else the last one before it, else the first); of the assignment where none is known."""
        spans = joined((one.start, one.end) for one in self.employments)
        if not spans:
            return self.start
        return max((low for low, _ in spans if low <= day), default=spans[0][0])

    def share(self, way: str, policy: Proration, low: int, high: int, key: str = "") -> Fraction:
        """Share of a window `[low, high)` on which the assignment is under the plan, for a figure (key): 0 where it is on no day, 1 where the window
        has no day that counts."""
        if way == "none":
            return Fraction(1)
        whole = self.count.days(way, [(low, high)], self.country)
        if not whole:
            return Fraction(1)
        edged = [(start + (not policy.first_day), end - (not policy.last_day and end < OPEN_END)) for start, end in self.under]
        days = [(max(low, start), min(high, end)) for start, end in edged if max(low, start) < min(high, end)]
        days = without(days, self.leave(policy.out(key)))
        return Fraction(self.count.days(way, days, self.country), whole)

    def ramped(self, ramp: Ramp, low: int, high: int) -> Fraction:
        """The ramp's share over a window: its shares weighed by the calendar days under the plan; on no such day that of the window's last."""
        start = self.start if ramp.since == "assignment" else self.hired(high - 1)
        days = [(max(low, first), min(high, end)) for first, end in self.under if max(low, first) < min(high, end)] or [(high - 1, high)]
        total, length = Fraction(0), sum(end - first for first, end in days)
        steps = ramp.steps(start)
        for i, (first, end, share) in enumerate(steps):
            first = -(2**31) if i == 0 else first  # before it begins its first share holds
            total += Fraction(share) * sum(max(0, min(end, last) - max(first, begin)) for begin, last in days)
        return total / length

    def worked(self, low: int, high: int, kinds: Kinds | None = None) -> Fraction:
        """Share of calendar days of a window's days under the plan that are not leave (of these kinds); 1 where there is none."""
        days = [(max(low, first), min(high, end)) for first, end in self.under if max(low, first) < min(high, end)]
        length = sum(end - first for first, end in days)
        return Fraction(sum(end - first for first, end in without(days, self.leave(kinds))), length) if length else Fraction(1)


def employments_by_payee(spans: Iterable[EmploymentSpan]) -> Mapping[int, tuple[EmploymentSpan, ...]]:
    """Spans of each payee in order of time."""
    found: dict[int, list[EmploymentSpan]] = {}
    for one in sorted(spans, key=lambda span: (span.payee, span.start)):
        found.setdefault(one.payee, []).append(one)
    return {payee: tuple(items) for payee, items in found.items()}
