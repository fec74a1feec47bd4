"""The scorecard of a payee: attainment per quota, the pace to it, what is earned, and what the next tier would be worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db.models import Sum

from incentives.engine.contracts import day_number, day_text
from incentives.engine.lines import measure_lines
from incentives.explain import PayeeBook, VersionBook, book_of
from incentives.models import EARNED_VERBS, LedgerEntry, PeriodState, Statement, Verb
from incentives.opening import OpeningSum
from incentives.selectors.openings import OpeningLine, opening_lines
from incentives.selectors.quotas import QuotaState, money, quota_state, share
from incentives.selectors.runs import Freshness, freshness
from spm.calendars.models import Period
from spm.people.models import Payee, Seat


@dataclass(frozen=True)
class PacePoint:
    """Credited up to and including a day."""

    day: dt.date
    actual: Decimal


@dataclass(frozen=True, kw_only=True)
class QuotaGauge(QuotaState):
    """One quota of the payee in the window that is running: how far, how fast, what is missing, and the orders behind it."""

    plan_code: str
    plan_title: str
    version_id: int
    seat_id: int
    position_title: str
    period_id: int
    name: str
    label: str
    measure: str
    window_start: dt.date
    window_end: dt.date
    orders: int
    average_order: Decimal | None
    series: tuple[PacePoint, ...]


@dataclass(frozen=True)
class TierAhead:
    """The next tier of a component: the measure is at `now`, the tier begins at `bound`; `distance` more would earn `worth`
    more. Tiers that are worth nothing more are left out."""

    plan_code: str
    component: str
    label: str
    currency: str
    now: Decimal
    bound: Decimal
    distance: Decimal
    worth: Decimal
    rate_now: Decimal
    rate_next: Decimal


@dataclass(frozen=True)
class Scorecard:
    """All of it, as of the last run. Amounts by currency.

    earned_period, earned_before and earned_year are by the period in which it was earned; due is what the statement of the
    period says (late changes of earlier periods are in it), held what of it is held and what of all pay is on hold, pending what stands in statements that
    are not approved yet, of whatever period.
    """

    payee_id: int
    business_date: dt.date
    gauges: tuple[QuotaGauge, ...]
    tiers: tuple[TierAhead, ...]
    earned_period: dict[str, Decimal]
    earned_before: dict[str, Decimal]
    earned_year: dict[str, Decimal]
    due: dict[str, Decimal]
    held: dict[str, Decimal]
    pending: dict[str, Decimal]
    freshness: Freshness
    opening: tuple[OpeningLine, ...] = ()
    """What the system before this one credited and paid to date."""


@dataclass
class _Frame:
    """What the day means to the plans of the payee: ids of the periods that hold it, those before, those of the year."""

    current: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    year: set[int] = field(default_factory=set)


def scorecard_get(payee: Payee, *, business_date: dt.date) -> Scorecard:
    """The payee's scorecard on a day. The number of queries does not grow with orders, plans or periods."""
    fresh = freshness(payee.pk)
    gauges: list[QuotaGauge] = []
    tiers: list[TierAhead] = []
    frame, openings = _Frame(), list[OpeningSum]()
    if fresh.run is not None:
        book = book_of(payee_id=payee.pk, run=fresh.run)
        titles = dict(Seat.objects.filter(payee=payee).values_list("pk", "position__title"))  # a title may be mended any day
        openings = book.inputs.openings
        today = day_number(business_date)
        for part in book.books.values():
            # The day's period; after the last one (a calendar that ended), that last one.
            begun = [p for p in part.version.periods if p.start <= today]
            if not begun:
                continue
            period = begun[-1]
            frame.current.add(period.id)
            frame.before |= {p.id for p in begun[-2:-1]}
            frame.year |= {p.id for p in begun if p.year == period.year}
            for seat, (owner, _) in book.inputs.seats.items():
                if owner == payee.pk and seat in part.version.paid:
                    _seat(book, part, seat, period.id, today, gauges, tiers, titles.get(seat, ""))
    current = Period.objects.filter(pk__in=frame.current).order_by("-starts").first() if frame.current and openings else None
    opening = opening_lines(openings, current).get(payee.pk, []) if current is not None else []
    return Scorecard(payee.pk, business_date, tuple(gauges), tuple(tiers), **_pay(payee, frame), freshness=fresh, opening=tuple(opening))


def _pay(payee: Payee, frame: _Frame) -> dict[str, dict[str, Decimal]]:
    """The ledger's sums by currency. Three queries."""
    states = dict(Statement.objects.filter(payee=payee).values_list("period_id", "state"))
    settled = {period for period, state in states.items() if state in (Statement.State.APPROVED, Statement.State.PAID)}
    settled |= set(
        PeriodState.objects.filter(
            state__in=[PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID], pay_group=payee.pay_group,
            legal_entity_id=payee.legal_entity_id,
        ).values_list("period_id", flat=True)
    )  # fmt: skip
    held = {period for period, state in states.items() if state == Statement.State.HELD}
    found: dict[str, dict[str, Decimal]] = {
        name: {} for name in ("earned_period", "earned_before", "earned_year", "due", "held", "pending")
    }  # fmt: skip
    sums = LedgerEntry.objects.filter(payee=payee).order_by().values_list("currency", "earning_period_id", "pay_period_id", "scale", "verb")
    for currency, earning, paying, scale, verb, amount in sums.annotate(amount=Sum("amount")):
        value, own = Decimal(amount).scaleb(-scale), verb in EARNED_VERBS
        if verb in (Verb.HELD, Verb.RELEASED):
            found["held"][currency] = found["held"].get(currency, Decimal(0)) - value
        for name, counts in (
            ("earned_period", own and earning in frame.current), ("earned_before", own and earning in frame.before),
            ("earned_year", own and earning in frame.year),
            ("due", paying in frame.current), ("held", paying in frame.current & held), ("pending", paying not in settled),
        ):  # fmt: skip
            if counts:
                found[name][currency] = found[name].get(currency, Decimal(0)) + value
    return found


def _seat(
    book: PayeeBook, part: VersionBook, seat: int, period: int, today: int, gauges: list[QuotaGauge], tiers: list[TierAhead], title: str
) -> None:  # fmt: skip
    version, plan = part.version, part.version.compiled
    record = book.record(version_id=version.id, seat_id=seat, period_id=period)
    if record is None:
        return
    for spec in plan.attainments:
        measure = plan.measures[plan.measure_index(spec.measure)]
        quota = record.env[f"quota.{spec.quota}"]
        low, high = version.prepared.span(measure.over, record.position)
        state = quota_state(
            currency=plan.currency, over=measure.over, actual=Fraction(record.env[measure.name]), quota=Fraction(quota) if quota else None, low=low,
            high=high, today=today,
        )  # fmt: skip
        days, values = _series(part, seat, measure.name, low, high)
        gauges.append(
            QuotaGauge(
                **vars(state), plan_code=version.plan_code, plan_title=plan.title, version_id=version.id, seat_id=seat, position_title=title,
                period_id=period, name=spec.name, label=spec.label or spec.name, measure=measure.name, window_start=_date(low), window_end=_date(high),
                orders=len(values), average_order=money(sum(values, Fraction(0)) / len(values)) if values else None, series=tuple(_points(days, values)),
            )
        )  # fmt: skip
    for component in plan.components:
        step = book.next_step(version_id=version.id, seat_id=seat, period_id=period, component=component.name)
        if step is not None and step.worth > 0:
            tiers.append(
                TierAhead(
                    version.plan_code, component.name, component.label or component.name, plan.currency, money(step.now), money(step.bound),
                    money(step.distance), money(step.worth), share(step.rate_now), share(step.rate_next),
                )
            )  # fmt: skip


def _series(part: VersionBook, seat: int, measure: str, low: int, high: int) -> tuple[list[int], list[Fraction]]:
    """Days and values of the orders that the measure counted in [low, high)."""
    prepared = part.version.prepared
    found = [
        (line.event_date, Fraction(line.value))
        for period in prepared.periods
        if low <= period.start < high
        for line in measure_lines(prepared, part.facts, part.splits, seat, period.id, measure, part.before)
    ]
    found.sort(key=lambda item: item[0])
    return [day for day, _ in found], [value for _, value in found]


def _points(days: list[int], values: list[Fraction]) -> list[PacePoint]:
    points: dict[int, Fraction] = {}
    running = Fraction(0)
    for day, value in zip(days, values, strict=True):
        running += value
        points[day] = running
    return [PacePoint(_date(day), money(total)) for day, total in points.items()]


def _date(day: int) -> dt.date:
    return dt.date.fromisoformat(day_text(min(day, day_number(dt.date.max))))


__all__ = ["PacePoint", "QuotaGauge", "Scorecard", "TierAhead", "scorecard_get"]
