"""A rep's scorecard: attainment per quota, pace, what the next tier is worth, earned and pending, trend."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from analytics.metrics.pace import Pace, elapsed_share, pace_of
from analytics.selectors.explain import next_steps
from analytics.selectors.periods import PeriodChoice
from analytics.selectors.results import Result, Results, last_run, results_load
from incentives.engine.outlook import NextStep
from incentives.models import LedgerEntry, Run, Statement
from spm.calendars.models import Period
from spm.people.models import Payee, Seat


@dataclass(frozen=True)
class Gauge:
    """One quota of one seat. actual and quota in the plan's currency (or plain counts); attainment their ratio, None without a quota."""

    label: str
    seat: str
    plan: str
    actual: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    pace: Pace
    gap: Decimal | None
    currency: str
    window: str


@dataclass(frozen=True)
class PaceLine:
    """Cumulative actual by period of the year up to now, the plan's line to the window's end, and the projection."""

    labels: list[str]
    actual: list[Decimal | None]
    plan: list[Decimal | None]
    projection: list[Decimal | None]
    low: list[Decimal | None]
    high: list[Decimal | None]
    currency: str


@dataclass(frozen=True)
class Money:
    """Pay of the period in one currency: earned in all, of that not yet approved (pending) and held."""

    currency: str
    earned: Decimal
    pending: Decimal
    held: Decimal
    before: Decimal
    year: Decimal


@dataclass(frozen=True)
class Scorecard:
    payee: Payee
    choice: PeriodChoice
    run: Run | None
    gauges: list[Gauge]
    pace: PaceLine | None
    steps: list[tuple[str, NextStep, str]]
    money: list[Money]
    trend: list[tuple[Period, Decimal]]
    trend_currency: str
    is_computed: bool


def scorecard(*, payee: Payee, choice: PeriodChoice, today: dt.date) -> Scorecard:
    """Everything the page shows for a payee and period. A fixed number of queries, whatever the size of the tenant."""
    run = last_run()
    index = choice.recent.index(choice.period) if choice.period in choice.recent else len(choice.recent) - 1
    recent = choice.recent[max(0, index - 11) : index + 1]
    wanted = {p.pk: p for p in [*choice.year, *choice.recent, choice.period]}
    results = results_load(payee_ids=[payee.pk], periods=list(wanted.values()))
    seats = {s.pk: s.position.title for s in Seat.objects.filter(payee=payee).select_related("position")}
    here = [row for row in results.rows if row.period.pk == choice.period.pk]
    gauges = [gauge for row in here for gauge in _gauges(row, results, choice, seats, today)]
    money = _money(payee, choice)
    by_period: dict[int, Decimal] = defaultdict(Decimal)
    for row in results.rows:
        by_period[row.period.pk] += row.earned
    return Scorecard(
        payee=payee,
        choice=choice,
        run=run,
        gauges=gauges,
        pace=_pace_line(here, results, choice, today) if here else None,
        steps=next_steps(payee=payee, period=choice.period, run=run) if run and here else [],
        money=money,
        trend=[(p, by_period[p.pk]) for p in recent],
        trend_currency=here[0].currency if here else (money[0].currency if money else ""),
        is_computed=bool(run and here),
    )


def _span(periods: list[Period], today: dt.date) -> Decimal:
    return elapsed_share(start=periods[0].starts.toordinal(), end=periods[-1].ends.toordinal(), today=today.toordinal())


def _gauges(row: Result, results: Results, choice: PeriodChoice, seats: dict[int, str], today: dt.date) -> list[Gauge]:
    plan, out = results.plans[row.version_id], []
    for spec in plan.attainments:
        measure = next(m for m in plan.measures if m.name == spec.measure)
        window = choice.window(measure.over)
        actual = row.figures.get(spec.measure) or Decimal(0)
        quota = row.figures.get(f"quota.{spec.quota}")
        history = _finishes(row, results, spec.measure, measure.over, choice)
        out.append(
            Gauge(
                label=spec.label or spec.name,
                seat=seats.get(row.seat_id, ""),
                plan=plan.title,
                actual=actual,
                quota=quota,
                attainment=row.figures.get(spec.name) if quota else None,
                pace=pace_of(actual=actual, elapsed=_span(window, today), history=history),
                gap=max(Decimal(0), quota - actual) if quota else None,
                currency=row.currency,
                window=window[0].code if len(window) == 1 else (choice.period.quarter if measure.over == "quarter" else choice.period.year),
            )
        )
    return out


def _same(row: Result, other: Result) -> bool:
    return (row.seat_id, row.version_id) == (other.seat_id, other.version_id)


def _finishes(row: Result, results: Results, measure: str, over: str, choice: PeriodChoice) -> list[Decimal]:
    """What the seat's earlier windows came to: the last period's figure of each."""
    ends: dict[tuple[str, str], Decimal] = {}
    for other in results.rows:
        if _same(row, other) and other.period.starts < choice.window(over)[0].starts:
            key = (other.period.year, other.period.quarter if over == "quarter" else other.period.code if over == "period" else "")
            ends[key] = other.figures.get(measure) or Decimal(0)
    return list(ends.values())


def _pace_line(here: list[Result], results: Results, choice: PeriodChoice, today: dt.date) -> PaceLine | None:
    """The first quota's line over the year. Figures to date become increments, increments a cumulative line."""
    row = next(
        (r for r in here if results.plans[r.version_id].attainments and r.figures.get(f"quota.{results.plans[r.version_id].attainments[0].quota}")), None
    )
    if row is None:
        return None
    plan = results.plans[row.version_id]
    spec = plan.attainments[0]
    over = next(m.over for m in plan.measures if m.name == spec.measure)
    window = choice.window(over)
    periods = [p for p in choice.year if p.starts <= window[-1].starts]
    mine = {r.period.pk: r for r in results.rows if _same(row, r)}
    labels, actual, planned = [p.code for p in periods], [], []
    total = target = Decimal(0)
    for n, period in enumerate(periods):
        inside = [p for p in periods if _window_key(p, over) == _window_key(period, over)]
        found = mine.get(period.pk)
        quota_row = found or next((mine[p.pk] for p in inside if p.pk in mine), None)
        quota = (quota_row.figures.get(f"quota.{spec.quota}") if quota_row else None) or Decimal(0)
        whole = [p for p in choice.year if _window_key(p, over) == _window_key(period, over)]
        target += quota / len(whole)
        planned.append(target.quantize(Decimal("0.01")))
        if found is None or period.starts > choice.period.starts:
            actual.append(None)
            continue
        value = found.figures.get(spec.measure) or Decimal(0)
        before = mine.get(periods[n - 1].pk) if n else None
        same_window = before is not None and _window_key(before.period, over) == _window_key(period, over)
        total += value - (before.figures.get(spec.measure) or Decimal(0)) if same_window and before else value
        actual.append(total)
    known = [n for n, value in enumerate(actual) if value is not None]
    blank: list[Decimal | None] = [None] * len(periods)
    projection, low, high = list(blank), list(blank), list(blank)
    if known and known[-1] < len(periods) - 1:
        pace = pace_of(
            actual=row.figures.get(spec.measure) or Decimal(0), elapsed=_span(window, today), history=_finishes(row, results, spec.measure, over, choice)
        )
        last = known[-1]
        start = actual[last] or Decimal(0)
        rest = len(periods) - 1 - last
        for line, finish in ((projection, pace.projected), (low, pace.low), (high, pace.high)):
            if finish is None:
                continue
            gain = finish - (row.figures.get(spec.measure) or Decimal(0))
            for step in range(rest + 1):
                line[last + step] = (start + gain * step / rest).quantize(Decimal("0.01"))
    has_interval = any(value is not None for value in low)
    return PaceLine(labels, actual, list(planned), projection, low if has_interval else [], high if has_interval else [], row.currency)


def _window_key(period: Period, over: str) -> tuple[str, str]:
    return (period.year, period.quarter if over == "quarter" else period.code if over == "period" else "")


def _money(payee: Payee, choice: PeriodChoice) -> list[Money]:
    """Sums of the ledger by currency: the period's, the one before, the year's so far."""
    year = [p for p in choice.year if p.starts <= choice.period.starts]
    wanted = {p.pk for p in year} | ({choice.previous.pk} if choice.previous else set())
    sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for currency, period, amount, scale in LedgerEntry.objects.filter(payee=payee, pay_period_id__in=wanted).values_list(
        "currency", "pay_period_id", "amount", "scale"
    ):
        sums[currency, period] += Decimal(amount).scaleb(-scale)
    statement = Statement.objects.filter(payee=payee, period=choice.period).first()
    state = statement.state if statement else Statement.State.OPEN
    settled = state in {Statement.State.APPROVED, Statement.State.PAID}
    out = []
    for currency in sorted({currency for currency, _ in sums}):
        earned = sums[currency, choice.period.pk]
        out.append(
            Money(
                currency=currency,
                earned=earned,
                pending=Decimal(0) if settled else earned,
                held=earned if state == Statement.State.HELD else Decimal(0),
                before=sums[currency, choice.previous.pk] if choice.previous else Decimal(0),
                year=sum((sums[currency, p.pk] for p in year), Decimal(0)),
            )
        )
    return out
