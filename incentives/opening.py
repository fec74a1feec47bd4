"""Opening balances as known at a change number: sums of their postings, for runs, statements and scorecards."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max

from incentives.engine.contracts import day_number
from incentives.engine.payment import Opened
from incentives.models import OpeningEntry, OpeningKind


@dataclass(frozen=True)
class OpeningSum:
    """One opening balance. amount: what is known of it; number: the newest change set that says so; source: the system it came from."""

    seat_id: int
    payee_id: int
    plan_id: int
    day: dt.date
    kind: str
    name: str
    period_id: int
    release_on: dt.date | None
    currency: str
    order_id: int | None
    amount: Decimal
    source: str
    number: int


_FIELDS = ("seat_id", "seat__payee_id", "plan_id", "day", "kind", "name", "period_id", "release_on", "currency", "order_id")


def openings_known(*, number: int | None, payees: Collection[int] | None = None, plan_id: int | None = None) -> list[OpeningSum]:
    """Opening balances that are not zero, as known at a change number (None: now), in a fixed order. One query."""
    rows = OpeningEntry.objects.filter(change_set__number__isnull=False)
    if number is not None:
        rows = rows.filter(change_set__number__lte=number)
    if payees is not None:
        rows = rows.filter(seat__payee_id__in=payees)
    if plan_id is not None:
        rows = rows.filter(plan_id=plan_id)
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    newest: dict[tuple[Any, ...], tuple[str, int]] = {}
    for row in rows.order_by("change_set__number", "pk").values_list(*_FIELDS, "amount", "scale", "source", "change_set__number"):
        key, (amount, scale, source, seen) = row[: len(_FIELDS)], row[len(_FIELDS) :]
        sums[key] += Decimal(amount).scaleb(-scale)
        newest[key] = (source, seen)
    found = [OpeningSum(*(*key, amount, *newest[key])) for key, amount in sums.items() if amount]
    return sorted(found, key=lambda one: (one.payee_id, one.seat_id, one.plan_id, one.kind, one.name, one.period_id, one.currency, one.order_id or 0))


def openings_newest(seats: Collection[int]) -> int:
    """The newest change number among the opening balances of these seats; 0 where there are none."""
    return OpeningEntry.objects.filter(seat_id__in=seats).aggregate(top=Max("change_set__number"))["top"] or 0


def by_plan(openings: Collection[OpeningSum]) -> dict[tuple[int, int], list[OpeningSum]]:
    """(payee, plan) -> the balances that payment has to do with."""
    found: dict[tuple[int, int], list[OpeningSum]] = defaultdict(list)
    for one in openings:
        if one.kind in (OpeningKind.DRAW, OpeningKind.HELD, OpeningKind.CARRIED, OpeningKind.CLAWBACK):
            found[one.payee_id, one.plan_id].append(one)
    return found


def opened(openings: Collection[OpeningSum], position_of: Callable[[int], int | None]) -> Opened | None:
    """Draws and what is carried, from the position of their day on; None where there are none. position_of: pay period of a day number."""
    days = [one.day for one in openings]
    first = position_of(day_number(max(days))) if days else None
    if first is None:
        return None
    draws: dict[str, Decimal] = defaultdict(Decimal)
    for one in openings:
        if one.kind == OpeningKind.DRAW:
            draws[f"@{one.name}"] += one.amount
    return Opened(first, sum((one.amount for one in openings if one.kind == OpeningKind.CARRIED), Decimal(0)), draws)
