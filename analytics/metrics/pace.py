"""How sure a projection is, from what earlier windows came to. Pure."""

from __future__ import annotations

from decimal import Decimal


def projection_interval(*, actual: Decimal, projected: Decimal, elapsed: Decimal, history: list[Decimal]) -> tuple[Decimal, Decimal] | None:
    """The 80 % interval of a window's finish, in the measure's unit: 1.28 times the deviation of past windows' finishes relative
    to their mean, shrinking with the square root of what is left (1 - elapsed). Fewer than three past windows: None.

    >>> projection_interval(actual=Decimal(50), projected=Decimal(100), elapsed=Decimal("0.5"), history=[]) is None
    True
    >>> projection_interval(actual=Decimal(50), projected=Decimal(100), elapsed=Decimal(1), history=[Decimal(90)] * 3)
    (Decimal('100'), Decimal('100'))
    """
    if elapsed <= 0 or len(history) < 3 or not sum(history):
        return None
    mean = sum(history, Decimal(0)) / len(history)
    deviation = (sum(((value - mean) ** 2 for value in history), Decimal(0)) / (len(history) - 1)).sqrt() / mean
    spread = projected * deviation * (1 - elapsed).sqrt() * Decimal("1.28")
    return max(actual, projected - spread) if projected >= actual else projected, projected + spread
