"""What a change within a window leaves of it: the covered days, their share of quota and bounds, and what was paid before."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from . import exact
from .exact import ONE, ZERO, Number
from .people import Interval
from .period_formula import MissingInput, Unusable
from .plan import Component, QuotaSpec
from .prepare import Prepared
from .results import PriorPay
from .said import said

COVERED = "@covered:"
"""Names in the environment of formulas: the covered share of the window period, quarter or year."""


def covered_share(prepared: Prepared, intervals: Sequence[Interval], over: str, position: int) -> Number:
    """Share of a window's calendar days on which an assignment is under the version; 1 where it is on none."""
    low, high = prepared.span(over, position)
    days = sum(max(0, min(high, end) - max(low, start)) for start, end in intervals)
    return exact.simple(Fraction(days, high - low)) if days else ONE


def quota_of(prepared: Prepared, spec: QuotaSpec, holder: tuple[int, int, int], intervals: Sequence[Interval], position: int, currency: str) -> Any:
    """A quota in a period: of the whole window, of the days of the assignment, or of those under the version, as the plan says.
    holder: position and days of the assignment."""
    low, high = prepared.span(spec.over, position)
    if spec.prorate == "calendar_days":
        low, high = max(low, holder[1]), min(high, holder[2])
    if spec.on_change != "prorate":
        return prepared.quota(holder[0], spec.name, low, high, currency)
    found: Number | None = None
    for start, end in intervals or [(low, high)]:
        part = prepared.quota(holder[0], spec.name, max(low, start), min(high, end), currency)
        if isinstance(part, Unusable):
            return part
        if part is not None:
            found = exact.add(found if found is not None else ZERO, part)
    return found


def prior_paid(prepared: Prepared, prior: Sequence[PriorPay], component: Component, window: str, day: int, currency: str) -> Number:
    """What earlier versions and seats paid of a component in a window up to the day before. Raises MissingInput where it cannot be known."""
    total: Number = ZERO
    if component.on_change != "carry":
        return total
    windows, currencies = prepared.windows[component.settle], prepared.plan.currencies
    for item in prior:
        position = prepared.position_of(item.day)
        if item.component != component.name or item.day >= day or position is None or windows[position] != window:
            continue
        if item.amount is None:
            raise MissingInput(said("what was paid for %(window)s before the change: the plan until then has no such component", window=window))
        if item.currency != currency and item.currency not in currencies:
            raise MissingInput(said("what was paid for %(window)s before the change in %(currency)s", window=window, currency=item.currency))
        if item.currency == currency:
            total = exact.add(total, item.amount)
    return total
