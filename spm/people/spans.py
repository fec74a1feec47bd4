"""Dated series as plain data: put a value over a span, keep what is outside it, join what touches and is equal. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

FOREVER = dt.date.max


@dataclass(frozen=True)
class Dated:
    """A value in [start, end); an open end is FOREVER."""

    start: dt.date
    end: dt.date
    value: Hashable


def spliced(series: Sequence[Dated], start: dt.date, end: dt.date, value: Hashable | None) -> list[Dated]:
    """The series with `value` over [start, end); None empties the span. Days outside it keep their value.

    The new piece is joined with neighbours that touch it and are equal. `series` must not overlap itself.

    >>> d = dt.date
    >>> [p.value for p in spliced([Dated(d(2024, 1, 1), FOREVER, "a")], d(2024, 2, 1), d(2024, 3, 1), "b")]
    ['a', 'b', 'a']
    """
    if start >= end:
        raise ValueError(f"A span ends after it starts; {start} to {end} does not.")
    out: list[Dated] = []
    for piece in series:
        if piece.start < start:
            out.append(Dated(piece.start, min(piece.end, start), piece.value))
        if piece.end > end:
            out.append(Dated(max(piece.start, end), piece.end, piece.value))
        # What lies inside the span goes; a piece on both sides was cut in two above.
    if value is not None:
        joined = Dated(start, end, value)
        for piece in list(out):
            if piece.value == value and (piece.end == joined.start or piece.start == joined.end):
                out.remove(piece)
                joined = Dated(min(piece.start, joined.start), max(piece.end, joined.end), value)
        out.append(joined)
    return sorted(out, key=lambda piece: piece.start)


def value_on(series: Sequence[Dated], day: dt.date) -> Hashable | None:
    """The value in force on a day, or None."""
    return next((piece.value for piece in series if piece.start <= day < piece.end), None)


def covered(series: Sequence[Dated], start: dt.date, end: dt.date) -> tuple[dt.date, dt.date] | None:
    """The first gap of the series within [start, end), or None when every day has a value."""
    at = start
    for piece in sorted(series, key=lambda p: p.start):
        if piece.end <= at:
            continue
        if piece.start > at:
            break
        at = piece.end
        if at >= end:
            return None
    if at >= end:
        return None
    following = min((p.start for p in series if p.start > at), default=end)
    return at, min(following, end)
