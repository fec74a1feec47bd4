"""The scorecard of a payee: attainment per quota, the pace to it, what is earned, and what the next tier would be worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q, Sum

from incentives.engine.contracts import day_number, day_text
from incentives.engine.lines import measure_lines
from incentives.engine.rounding import round_number
from incentives.explain import PayeeBook, VersionBook
from incentives.models import LedgerEntry, PeriodState, Statement
from incentives.selectors.runs import Freshness, freshness
from spm.people.models import Payee


@dataclass(frozen=True)
class PacePoint:
    """Credited up to and including a day."""

    day: dt.date
    actual: Decimal


@dataclass(frozen=True)
class QuotaGauge:
    """One quota of the payee in the window that is running: how far, how fast, what is missing.

    attainment and projected_attainment are exact to six decimals (None: no quota). pace is what a straight line to the
    quota asks for today; projected is what today's speed makes by the window's end.
    """

    plan_code: str
    plan_title: str
    version_id: int
    seat_id: int
    period_id: int
    name: str
    label: str
    currency: str
    window_start: dt.date
    window_end: dt.date
    actual: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    pace: Decimal | None
    projected: Decimal
    projected_attainment: Decimal | None
    gap: Decimal | None
    orders: int
    average_order: Decimal | None
    series: tuple[PacePoint, ...]


@dataclass(frozen=True)
class TierAhead:
    """The next tier of a component: `distance` more of the measure would earn `worth` more."""

    plan_code: str
    component: str
    label: str
    currency: str
    distance: Decimal
    worth: Decimal
    rate_now: Decimal
    rate_next: Decimal


@dataclass(frozen=True)
class Scorecard:
    """All of it, as of the last run. Amounts by currency."""

    payee_id: int
    business_date: dt.date
    gauges: tuple[QuotaGauge, ...]
    tiers: tuple[TierAhead, ...]
    earned_period: dict[str, Decimal]
    earned_year: dict[str, Decimal]
    pending: dict[str, Decimal]
    """Posted to statements that are not approved yet."""
    freshness: Freshness


def scorecard_get(payee: Payee, *, business_date: dt.date) -> Scorecard:
    """The payee's scorecard on a day. The number of queries does not grow with orders, plans or periods."""
    fresh = freshness()
    gauges: list[QuotaGauge] = []
    tiers: list[TierAhead] = []
    current: set[int] = set()
    year: set[int] = set()
    if fresh.run is not None:
        book = PayeeBook(payee_id=payee.pk, run=fresh.run)
        today = day_number(business_date)
        for part in book.books.values():
            # The day's period; after the last one (a calendar that ended), that last one.
            begun = [p for p in part.version.periods if p.start <= today]
            if not begun:
                continue
            period = begun[-1]
            current.add(period.id)
            year |= {p.id for p in part.version.periods if p.year == period.year}
            for seat, (owner, _) in book.inputs.seats.items():
                if owner == payee.pk and seat in part.version.paid:
                    _seat(book, part, seat, period.id, today, gauges, tiers)
    sums = LedgerEntry.objects.filter(payee=payee).order_by()
    approved = Statement.objects.filter(payee=payee, state__in=[Statement.State.APPROVED, Statement.State.PAID]).values("period_id")
    closed = PeriodState.objects.filter(
        state__in=[PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID], pay_group=payee.pay_group,
        legal_entity_id=payee.legal_entity_id,
    ).values("period_id")  # fmt: skip
    return Scorecard(
        payee.pk, business_date, tuple(gauges), tuple(tiers), _by_currency(sums.filter(earning_period_id__in=current)),
        _by_currency(sums.filter(earning_period_id__in=year)),
        _by_currency(sums.exclude(Q(pay_period_id__in=approved) | Q(pay_period_id__in=closed))), fresh,
    )  # fmt: skip


def _seat(book: PayeeBook, part: VersionBook, seat: int, period: int, today: int, gauges: list[QuotaGauge], tiers: list[TierAhead]) -> None:
    version, plan = part.version, part.version.compiled
    record = book.record(version_id=version.id, seat_id=seat, period_id=period)
    if record is None:
        return
    for spec in plan.attainments:
        measure = plan.measures[plan.measure_index(spec.measure)]
        quota = record.env[f"quota.{spec.quota}"]
        low, high = version.prepared.span(measure.over, record.position)
        actual, elapsed = Fraction(record.env[measure.name]), Fraction(min(today + 1, high) - low, high - low)
        projected = actual / elapsed if elapsed > 0 else actual
        of = None if not quota else Fraction(quota)
        days, values = _series(part, seat, measure.name, low, high)
        gauges.append(
            QuotaGauge(
                version.plan_code, plan.title, version.id, seat, period, spec.name, spec.label, plan.currency, _date(low), _date(high), _money(actual),
                None if of is None else _money(of), None if of is None else round_number(actual / of, 6, "half_even"),
                None if of is None else _money(of * elapsed), _money(projected), None if of is None else round_number(projected / of, 6, "half_even"),
                None if of is None else _money(max(of - actual, Fraction(0))), len(values),
                _money(sum(values, Fraction(0)) / len(values)) if values else None, tuple(_points(days, values)),
            )
        )  # fmt: skip
    for component in plan.components:
        step = book.next_step(version_id=version.id, seat_id=seat, period_id=period, component=component.name)
        if step is not None:
            rates = (round_number(step.rate_now, 6, "half_even"), round_number(step.rate_next, 6, "half_even"))
            tiers.append(TierAhead(version.plan_code, component.name, component.label, plan.currency, _money(step.distance), _money(step.worth), *rates))


def _series(part: VersionBook, seat: int, measure: str, low: int, high: int) -> tuple[list[int], list[Fraction]]:
    """Days and values of the orders that the measure counted in [low, high)."""
    prepared = part.version.prepared
    found = [
        (line.event_date, Fraction(line.value))
        for period in prepared.periods
        if low <= period.start < high
        for line in measure_lines(prepared, part.facts, part.splits, seat, period.id, measure)
    ]
    found.sort(key=lambda item: item[0])
    return [day for day, _ in found], [value for _, value in found]


def _points(days: list[int], values: list[Fraction]) -> list[PacePoint]:
    points: dict[int, Fraction] = {}
    running = Fraction(0)
    for day, value in zip(days, values, strict=True):
        running += value
        points[day] = running
    return [PacePoint(_date(day), _money(total)) for day, total in points.items()]


def _by_currency(rows: object) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for currency, scale, amount in rows.values_list("currency", "scale").annotate(amount=Sum("amount")):  # type: ignore[attr-defined]
        found[currency] = found.get(currency, Decimal(0)) + Decimal(amount).scaleb(-scale)
    return found


def _money(value: Fraction | Decimal) -> Decimal:
    return round_number(value, 2, "half_even")


def _date(day: int) -> dt.date:
    return dt.date.fromisoformat(day_text(min(day, day_number(dt.date.max))))


__all__ = ["PacePoint", "QuotaGauge", "Scorecard", "TierAhead", "scorecard_get"]
