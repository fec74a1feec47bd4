"""What a statement's file holds: one or more periods, each amount down to the component, its parts and its orders.

Every amount is split into leaves that sum to it exactly, so that the file ties to the ledger at each level. The explanation
is the one that was in force when the amount was posted: the last run's where it says the same, else the posting run's.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from incentives.explain_words import exact_decimal, part_label
from incentives.models import Run
from incentives.selectors.late import Books, LateChange, posting_runs
from incentives.selectors.runs import Freshness, freshness
from incentives.selectors.statements import Adjustment, StatementPart, StatementView, statement_get
from incentives.selectors.trace_lines import TraceLine
from spm.access.models import Membership
from spm.access.selectors import visible_spans
from spm.calendars.models import Period
from spm.people.models import Payee

_PLACES = Decimal("0.000001")


class Span(StrEnum):
    """Which periods a file covers, seen from the one that it was asked for."""

    PERIOD = "period"
    YEAR = "year"
    """From the first period of its fiscal year up to it."""
    LAST = "last"
    """The period before it."""


@dataclass(frozen=True)
class Leaf:
    """An order's part of an amount, or what is left beside the orders (order is None): a label, a credited amount, and `amount`."""

    label: str
    amount: Decimal
    order: TraceLine | None = None
    credited: Decimal | None = None


@dataclass(frozen=True)
class BookPart:
    """An amount of the statement with what makes it: `parts` as the engine explains them (empty where the amount is a change
    of an earlier period; then `late` says what was before and after), `leaves` that sum to `part.amount` exactly."""

    part: StatementPart
    parts: tuple[dict[str, Any], ...]
    leaves: tuple[Leaf, ...]
    late: LateChange | None = None


@dataclass(frozen=True)
class BookPeriod:
    """The statement of one period. Its total by currency is the sum of its parts and adjustments."""

    view: StatementView
    parts: tuple[BookPart, ...]
    adjustments: tuple[Adjustment, ...]


@dataclass(frozen=True)
class StatementBook:
    """Statements of a payee, oldest first. hidden: periods of the span that the reader may not see."""

    payee: Payee
    company: str
    span: Span
    periods: tuple[BookPeriod, ...]
    hidden: tuple[Period, ...]
    total: dict[str, Decimal]
    freshness: Freshness

    @property
    def code(self) -> str:
        """The periods in a file name: one code, or the first and the last."""
        first, last = self.periods[0].view.period.code, self.periods[-1].view.period.code
        return first if first == last else f"{first}_{last}"


def statement_book(*, membership: Membership, payee: Payee | None, company: str, period: Period, span: Span, today: dt.date) -> StatementBook | None:
    """The book of `payee` for the span ending with `period`, as far as the member may see his pay by the reporting line of
    each period's last day (today while it runs). None: there is nothing that he may see, or no such payee or period."""
    if payee is None:
        return None
    wanted = span_periods(period, span)
    shown, hidden = _seen(membership, payee, wanted, today)
    if not shown:
        return None
    fresh = freshness(payee.pk)
    explained = _Explained(payee, fresh.run, shown)
    periods = []
    total: dict[str, Decimal] = defaultdict(Decimal)
    for item in shown:
        view = statement_get(payee, item)
        periods.append(BookPeriod(view, tuple(explained.part(item, part) for part in view.parts), view.adjustments))
        for currency, amount in view.total.items():
            total[currency] += amount
    return StatementBook(payee, company, span, tuple(periods), tuple(hidden), dict(sorted(total.items())), fresh)


def span_periods(period: Period, span: Span) -> list[Period]:
    """The periods of the span, oldest first; none where no period comes before. One query, for the period alone none."""
    if span is Span.PERIOD:
        return [period]
    same = Period.objects.filter(calendar_id=period.calendar_id)
    if span is Span.LAST:
        return list(same.filter(starts__lt=period.starts).order_by("-starts")[:1])
    return list(same.filter(year=period.year, starts__lte=period.starts).order_by("starts"))


def _seen(membership: Membership, payee: Payee, wanted: list[Period], today: dt.date) -> tuple[list[Period], list[Period]]:
    if not wanted:
        return [], []
    spans = visible_spans(membership=membership, start=wanted[0].starts, end=wanted[-1].ends)

    def seen(period: Period) -> bool:
        day = min(period.ends - dt.timedelta(days=1), max(today, period.starts))
        return spans is None or any(start <= day < end for start, end in spans.get(payee.pk, []))

    return [p for p in wanted if seen(p)], [p for p in wanted if not seen(p)]


class _Explained:
    """Explanations by the run that fits. One reading of the payee's orders for each run that is needed."""

    def __init__(self, payee: Payee, last: Run | None, periods: list[Period]) -> None:
        self.last, self.books = last, Books(payee)
        self.posted = posting_runs(payee, periods)
        self.runs = {run.number: run for run in Run.objects.filter(number__in={last for _, last in self.posted.values()})}

    def part(self, period: Period, part: StatementPart) -> BookPart:
        key = (period.pk, part.seat_id, part.plan_version_id, part.component, part.earning_period_id)
        first, last = self.posted.get(key, (-1, -1))
        posted = self.runs.get(last)
        if part.is_late:
            late = self.books.late(part, first=first, run=posted) if posted else None
            return BookPart(part, (), tuple(_late_leaves(late)) if late else (Leaf(_("Change of an earlier period"), part.amount),), late)
        for run in (self.last, posted):
            found = self.books.trace(run, part)
            if found is not None and found.amount == part.amount:
                return BookPart(part, tuple(found.parts), tuple(_leaves(part, found.lines, found.parts)))
        return BookPart(part, (), (Leaf(part.label, part.amount),))


def _late_leaves(late: LateChange) -> list[Leaf]:
    """The orders that changed, each with the change of its credit and of its part; what is left stands beside them."""
    found = [
        Leaf(change.line.title, _short(change.pay), change.line, change.credited_after - change.credited_before)
        for change in late.orders
    ]  # fmt: skip
    rest = late.part.amount - sum((leaf.amount for leaf in found), Decimal(0))
    return [*found, Leaf(_("Multipliers, bounds and rounding") if found else _("Change of an earlier period"), rest)] if rest or not found else found


def _leaves(part: StatementPart, lines: tuple[TraceLine, ...], parts: list[dict[str, Any]]) -> list[Leaf]:
    """Orders with their part of the pay; where orders have no part of their own, the engine's parts. What is left to the
    exact sum (multipliers, bounds, rounding) is a leaf."""
    found = [Leaf(line.title, _short(line.pay), line, exact_decimal(line.pay_credit)) for line in lines]
    if not lines or any(line.pay is None for line in lines):
        found += [Leaf(part_label(item), _short(item["amount"])) for item in parts]
    rest = part.amount - sum((leaf.amount for leaf in found), Decimal(0))
    return [*found, Leaf(_("Multipliers, bounds and rounding"), rest)] if rest else found


def _short(value: Decimal | str | None) -> Decimal:
    """To six decimals, half even; an order without a part of its own adds nothing."""
    return Decimal(0) if value is None else exact_decimal(value).quantize(_PLACES, ROUND_HALF_EVEN).normalize() + 0
