"""The pace to a quota: how far the window is, where it will end, and how sure that is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Pace:
    """elapsed: share of the window gone, 0..1. projected, low, high: the window's finish in the measure's unit, None when it
    has not begun. expected: attainment that a linear plan has by now."""

    elapsed: Decimal
    projected: Decimal | None
    low: Decimal | None
    high: Decimal | None


def elapsed_share(*, start: int, end: int, today: int) -> Decimal:
    """Share of [start, end) gone at the end of day `today` (day numbers).

    >>> elapsed_share(start=0, end=90, today=44)
    Decimal('0.5')
    """
    gone = min(max(today + 1 - start, 0), end - start)
    return Decimal(gone) / Decimal(end - start)


def pace_of(*, actual: Decimal, elapsed: Decimal, history: list[Decimal]) -> Pace:
    """Run rate to the end. The interval is 80 %: 1.28 times the deviation of past windows' finishes relative to their mean,
    shrinking with the square root of what is left. Fewer than three past windows: no interval.

    >>> pace_of(actual=Decimal(50), elapsed=Decimal("0.5"), history=[]).projected
    Decimal('100')
    """
    if elapsed <= 0:
        return Pace(elapsed, None, None, None)
    projected = actual / elapsed
    left = (1 - elapsed).sqrt()
    if len(history) < 3 or not sum(history):
        return Pace(elapsed, projected, None, None)
    mean = sum(history, Decimal(0)) / len(history)
    deviation = (sum(((value - mean) ** 2 for value in history), Decimal(0)) / (len(history) - 1)).sqrt() / mean
    spread = projected * deviation * left * Decimal("1.28")
    return Pace(elapsed, projected, max(actual, projected - spread) if projected >= actual else projected, projected + spread)
