"""Who sits where and reports to whom, as of a day: indexes over the dated rows, built once per run."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from .contracts import Assignment, DayColumn, Enrolment, IntColumn, People, Relation, ReportingLine
from .errors import InputError
from .exact import ZERO, Number, add, simple
from .proration import employments_by_payee

Interval = tuple[int, int]


class PeopleIndex:
    """Look-ups by assignment and day. Assignments are numbered 0.. in ascending order of id ("units")."""

    def __init__(self, people: People) -> None:
        self.assignments = tuple(sorted(people.assignments, key=lambda a: a.id))
        self.ids = np.array([a.id for a in self.assignments], dtype=np.int64)
        if len(self.ids) != len(set(self.ids.tolist())):
            raise InputError("assignments: an id is given twice; ids are unique")
        self.unit_of = {a.id: i for i, a in enumerate(self.assignments)}
        self.payees = np.array([a.payee for a in self.assignments], dtype=np.int64)
        self._lines: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for line in people.reporting:
            self._lines[line.assignment].append((line.start, line.end, line.manager))
        for lines in self._lines.values():
            lines.sort()
        self._relations: dict[tuple[int, str], list[tuple[int, int, int]]] = defaultdict(list)
        for relation in people.relations:
            self._relations[relation.assignment, relation.name].append((relation.start, relation.end, relation.related))
        self._attributes: dict[tuple[int, str], list[tuple[int, int, Decimal]]] = defaultdict(list)
        for item in people.attributes:
            self._attributes[item.assignment, item.name].append((item.start, item.end, item.value))
        for values in self._attributes.values():
            values.sort()
        self._kpis: dict[tuple[int, str], list[tuple[int, Decimal]]] = defaultdict(list)
        for score in people.kpi_values:
            self._kpis[score.payee, score.kpi].append((score.day, score.value))
        for scores in self._kpis.values():
            scores.sort()
        self.employments = employments_by_payee(people.employments)
        self._enrolled = self._enrolled_intervals(people.enrolments)
        self._segments()

    def _enrolled_intervals(self, enrolments: tuple[Enrolment, ...] | None) -> list[list[Interval]]:
        if enrolments is None:
            return [[(a.start, a.end)] for a in self.assignments]
        given: dict[int, list[Interval]] = defaultdict(list)
        for item in enrolments:
            given[item.assignment].append((item.start, item.end))
        found = []
        for a in self.assignments:
            parts = [(max(start, a.start), min(end, a.end)) for start, end in sorted(given[a.id])]
            found.append([part for part in parts if part[0] < part[1]])
        return found

    def enrolled(self, unit: int) -> list[Interval]:
        """When the assignment is in force and under the plan."""
        return self._enrolled[unit]

    def _segments(self) -> None:
        """Per payee, without overlap: which unit takes the payee's credits when. Of several assignments at once the
        primary one does, then the one with the larger share, then the older id."""
        by_payee: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for unit, a in enumerate(self.assignments):
            for start, end in self._enrolled[unit]:
                by_payee[a.payee].append((start, end, unit))
        rows: list[tuple[int, int, int, int]] = []
        for payee in sorted(by_payee):
            parts = by_payee[payee]
            if len(parts) == 1:
                rows.append((payee, *parts[0]))
                continue
            cuts = sorted({day for start, end, _ in parts for day in (start, end)})
            for low, high in itertools.pairwise(cuts):
                here = [unit for start, end, unit in parts if start <= low and high <= end]
                if not here:
                    continue
                best = min(here, key=lambda u: (not self.assignments[u].primary, -self.assignments[u].fte, self.assignments[u].id))
                if rows and rows[-1][0] == payee and rows[-1][3] == best and rows[-1][2] == low:
                    rows[-1] = (payee, rows[-1][1], high, best)
                else:
                    rows.append((payee, low, high, best))
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        self._seg_payee, self._seg_start, self._seg_end, self._seg_unit = table.T

    def resolve(self, payees: IntColumn, dates: DayColumn) -> IntColumn:
        """Unit of each (payee, date); -1 where nobody sits anywhere. Rows sorted by payee, then date."""
        count = len(payees)
        result = np.full(count, -1, dtype=np.int64)
        if not count or not len(self._seg_payee):
            return result
        firsts = np.flatnonzero(np.concatenate(([True], payees[1:] != payees[:-1])))
        lengths = np.diff(np.append(firsts, count))
        low = np.searchsorted(self._seg_payee, payees[firsts], side="left")
        high = np.searchsorted(self._seg_payee, payees[firsts], side="right")
        single = np.repeat(np.where(high - low == 1, low, -1), lengths)
        safe = np.maximum(single, 0)
        inside = (single >= 0) & (dates >= self._seg_start[safe]) & (dates < self._seg_end[safe])
        np.copyto(result, self._seg_unit[safe], where=inside)
        for i in np.flatnonzero(high - low > 1):
            rows = slice(int(firsts[i]), int(firsts[i] + lengths[i]))
            part = slice(int(low[i]), int(high[i]))
            at = np.searchsorted(self._seg_start[part], dates[rows], side="right") - 1
            ok = (at >= 0) & (dates[rows] < self._seg_end[part][np.maximum(at, 0)])
            result[rows] = np.where(ok, self._seg_unit[part][np.maximum(at, 0)], -1)
        return result

    def attribute(self, assignment: int, name: str, day: int) -> Number | None:
        """The value in force on a day."""
        rows = self._attributes.get((assignment, name))
        if not rows:
            return None
        index = bisect_right(rows, day, key=lambda row: row[0]) - 1
        return rows[index][2] if index >= 0 and day < rows[index][1] else None

    def weighed(self, assignment: int, name: str, low: int, high: int, day: int) -> list[tuple[int, int, Decimal]]:
        """The values of a window `[low, high)` and the days on which each holds, as it stands on a day: what has not begun
        by then does not count, and the value before it is taken to hold on."""
        rows = [row for row in self._attributes.get((assignment, name), ()) if row[0] <= day]
        later = {row[0] for row in self._attributes.get((assignment, name), ()) if row[0] > day}
        found = []
        for i, (start, end, value) in enumerate(rows):
            if i + 1 == len(rows) and end in later:
                end = high
            first, last = max(start, low), min(end, high)
            if first < last:
                found.append((first, last, value))
        return found

    def kpi(self, payee: int, kpi: str, read: str, low: int, high: int) -> Number | None:
        """The payee's values measured on days in `[low, high)`, as one figure; None where there is none. Of several on one day the
        larger is the later."""
        values = [value for day, value in self._kpis.get((payee, kpi), ()) if low <= day < high]
        if not values:
            return None
        if read in ("last", "first"):
            return values[-1 if read == "last" else 0]
        if read in ("highest", "lowest"):
            return max(values) if read == "highest" else min(values)
        total: Number = ZERO
        for value in values:
            total = add(total, value)
        return total if read == "sum" else simple(Fraction(total) / len(values))

    def manager(self, assignment: int, day: int) -> int | None:
        """The assignment to which this one reports on a day."""
        for start, end, manager in self._lines.get(assignment, ()):
            if start <= day < end:
                return manager
        return None

    def related(self, assignment: int, name: str, day: int) -> tuple[int, ...]:
        """Who stands in a named relation to the assignment on a day, each once, ascending."""
        return tuple(sorted({who for start, end, who in self._relations.get((assignment, name), ()) if start <= day < end}))

    def relation_cuts(self, assignment: int, name: str) -> set[int]:
        """Days on which a named relation of the assignment changes."""
        return {day for start, end, _ in self._relations.get((assignment, name), ()) for day in (start, end)}

    def chain(self, assignment: int, day: int, levels: str) -> tuple[int, ...]:
        """Managers above, nearest first; a loop ends it."""
        found: list[int] = []
        current = self.manager(assignment, day)
        while current is not None and current != assignment and current not in found:
            found.append(current)
            if levels == "direct":
                break
            current = self.manager(current, day)
        return tuple(found)

    def chain_cuts(self, assignment: int) -> set[int]:
        """Days on which anything above the assignment changes."""
        cuts: set[int] = set()
        seen, todo = {assignment}, [assignment]
        while todo:
            for start, end, manager in self._lines.get(todo.pop(), ()):
                cuts |= {start, end}
                if manager not in seen:
                    seen.add(manager)
                    todo.append(manager)
        return cuts


@dataclass(frozen=True)
class PositionRelation:
    """`related` (a position) stands in a named relation to `position` over `[start, end)`."""

    name: str
    position: int
    related: int
    start: int
    end: int


def relations_from_positions(rows: Iterable[PositionRelation], assignments: Sequence[Assignment]) -> tuple[Relation, ...]:
    """Relations between assignments from those between positions: each who sits in the position, with whoever sits in the related
    one on the day (primary first, then the larger share, then the older id). A vacant seat is related to nobody."""
    seats: dict[int, list[Assignment]] = defaultdict(list)
    for a in assignments:
        seats[a.position].append(a)
    found: set[Relation] = set()
    for row in rows:
        for a in seats[row.position]:
            edges = {day for seat in (a, *seats[row.related]) for day in (seat.start, seat.end)} | {row.start, row.end}
            for low, high in itertools.pairwise(sorted(day for day in edges if max(a.start, row.start) <= day <= min(a.end, row.end))):
                here = [seat for seat in seats[row.related] if seat.start <= low < seat.end and seat.payee != a.payee]
                if here:
                    best = min(here, key=lambda seat: (not seat.primary, -seat.fte, seat.id))
                    found.add(Relation(row.name, a.id, best.id, low, high))
    return tuple(sorted(found, key=lambda item: (item.name, item.assignment, item.related, item.start)))


@dataclass(frozen=True)
class PositionLine:
    """A position reports to another over `[start, end)`."""

    position: int
    parent: int
    start: int
    end: int


def reporting_from_positions(lines: Iterable[PositionLine], assignments: Sequence[Assignment]) -> tuple[ReportingLine, ...]:
    """Reporting lines between assignments from a tree of positions: each assignment reports to whoever sits in the
    nearest filled position above (primary first, then the larger share, then the older id). Vacant seats are
    climbed over."""
    above: dict[int, list[PositionLine]] = defaultdict(list)
    for line in lines:
        above[line.position].append(line)
    seats: dict[int, list[Assignment]] = defaultdict(list)
    for a in assignments:
        seats[a.position].append(a)
    found: list[ReportingLine] = []
    for a in sorted(assignments, key=lambda item: item.id):
        cuts = {a.start, a.end}
        todo, seen = [a.position], {a.position}
        while todo:
            for line in above[todo.pop()]:
                cuts |= {line.start, line.end}
                for seat in seats[line.parent]:
                    cuts |= {seat.start, seat.end}
                if line.parent not in seen:
                    seen.add(line.parent)
                    todo.append(line.parent)
        days = sorted(day for day in cuts if a.start <= day <= a.end)
        for low, high in itertools.pairwise(days):
            manager = _nearest(a, low, above, seats)
            if manager is None:
                continue
            if found and found[-1].assignment == a.id and found[-1].manager == manager and found[-1].end == low:
                found[-1] = ReportingLine(a.id, manager, found[-1].start, high)
            else:
                found.append(ReportingLine(a.id, manager, low, high))
    return tuple(found)


def _nearest(a: Assignment, day: int, above: Mapping[int, list[PositionLine]], seats: Mapping[int, list[Assignment]]) -> int | None:
    position, seen = a.position, {a.position}
    rank: Callable[[Assignment], tuple[bool, int, int]] = lambda seat: (not seat.primary, -seat.fte, seat.id)  # noqa: E731
    while True:
        parent = next((line.parent for line in above.get(position, ()) if line.start <= day < line.end), None)
        if parent is None or parent in seen:
            return None
        here = [seat for seat in seats.get(parent, ()) if seat.start <= day < seat.end and seat.payee != a.payee]
        if here:
            return min(here, key=rank).id
        seen.add(parent)
        position = parent
