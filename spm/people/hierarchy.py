"""The reporting tree as plain data: who is below whom on a day, over a span, and whether it has a cycle. Pure."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[dt.date, dt.date]
FOREVER = dt.date.max


@dataclass(frozen=True)
class Line:
    """`child` reports to `parent` in [start, end); an open end is FOREVER."""

    child: int
    parent: int
    start: dt.date
    end: dt.date = FOREVER

    def on(self, day: dt.date) -> bool:
        return self.start <= day < self.end


def below(lines: Iterable[Line], roots: Iterable[int], day: dt.date) -> set[int]:
    """All nodes under the roots on a day, however deep, without the roots themselves (unless one is below another)."""
    children: dict[int, list[int]] = defaultdict(list)
    for line in lines:
        if line.on(day):
            children[line.parent].append(line.child)
    found: set[int] = set()
    open_nodes = list(roots)
    while open_nodes:
        for child in children[open_nodes.pop()]:
            if child not in found:
                found.add(child)
                open_nodes.append(child)
    return found


def chain_above(lines: Iterable[Line], node: int, day: dt.date) -> list[int]:
    """The managers of a node on a day, nearest first. Stops at the top, or where a cycle would begin."""
    parent = {line.child: line.parent for line in lines if line.on(day)}
    chain: list[int] = []
    while node in parent and parent[node] not in chain:
        node = parent[node]
        chain.append(node)
    return chain


def edges_of(spans: Iterable[Span], start: dt.date, end: dt.date) -> list[Span]:
    """Cuts [start, end) at every edge of the spans: within a piece nothing changes."""
    cuts = {start, end}
    for a, b in spans:
        cuts.update(day for day in (a, b) if start < day < end)
    days = sorted(cuts)
    return list(itertools.pairwise(days))


def first_cycle(lines: Sequence[Line], start: dt.date = dt.date.min, end: dt.date = FOREVER) -> tuple[dt.date, list[int]] | None:
    """The first day in [start, end) on which the lines have a cycle, with its nodes in order; None when there is none.

    A cycle can only begin on a day on which a line begins, so only those days are looked at.
    """
    days = sorted({start} | {line.start for line in lines if start < line.start < end})
    for day in days:
        parent = {line.child: line.parent for line in lines if line.on(day)}
        cleared: set[int] = set()
        for node in parent:
            path: list[int] = []
            while node in parent and node not in cleared and node not in path:
                path.append(node)
                node = parent[node]
            if node in path:
                return day, path[path.index(node) :]
            cleared.update(path)
    return None


def spans_merged(spans: Iterable[Span]) -> list[Span]:
    """The union of half-open spans as few spans in order.

    >>> d = dt.date
    >>> spans_merged([(d(2024, 1, 5), d(2024, 1, 9)), (d(2024, 1, 1), d(2024, 1, 5))])
    [(datetime.date(2024, 1, 1), datetime.date(2024, 1, 9))]
    """
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
