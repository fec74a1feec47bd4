"""A rep's scorecard for a chosen period: incentives' figures of its last day that has come, the line over the year, the trend."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from analytics.metrics.pace import projection_interval
from analytics.selectors.periods import PeriodChoice
from incentives.models import Run
from incentives.selectors.openings import OpeningLine
from incentives.selectors.results import Result, results_load
from incentives.selectors.scorecards import QuotaGauge, TierAhead, scorecard_get
from spm.calendars.models import Period
from spm.people.models import Payee


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
    """Pay in one currency: earned by period of origin, due as the statement of the period has it; see incentives' Scorecard."""

    currency: str
    earned: Decimal
    before: Decimal
    year: Decimal
    due: Decimal
    held: Decimal
    pending: Decimal


@dataclass(frozen=True)
class ComponentShare:
    """What a component of a seat earned in the period; share: of what was earned in its currency, of amounts above 0."""

    name: str
    label: str
    seat_id: int
    amount: Decimal
    currency: str
    share: Decimal


@dataclass(frozen=True)
class Scorecard:
    payee: Payee
    choice: PeriodChoice
    run: Run | None
    gauges: tuple[QuotaGauge, ...]
    pace: PaceLine | None
    steps: tuple[TierAhead, ...]
    money: list[Money]
    trend: list[tuple[Period, Decimal]]
    """Earned by period, in `trend_currency` alone."""
    trend_currency: str
    components: list[ComponentShare]
    """Earned in the period by component, the largest first; they sum to what was earned."""
    is_computed: bool
    opening: tuple[OpeningLine, ...] = ()


def scorecard(*, payee: Payee, choice: PeriodChoice, today: dt.date) -> Scorecard:
    """Everything the page shows for a payee and period. A fixed number of queries, whatever the size of the tenant."""
    card = scorecard_get(payee, business_date=choice.day(today))
    run = card.freshness.run
    index = choice.recent.index(choice.period) if choice.period in choice.recent else len(choice.recent) - 1
    recent = choice.recent[max(0, index - 11) : index + 1]
    results = results_load(payee_ids=[payee.pk], periods=[*choice.year, *choice.recent, choice.period])
    here = [row for row in results if row.period.pk == choice.period.pk]
    zero = Decimal(0)
    money = [
        Money(
            currency, card.earned_period.get(currency, zero), card.earned_before.get(currency, zero), card.earned_year.get(currency, zero),
            card.due.get(currency, zero), card.held.get(currency, zero), card.pending.get(currency, zero),
        )
        for currency in sorted({*card.earned_year, *card.due, *card.pending})
    ]  # fmt: skip
    trend_currency = here[0].currency if here else (money[0].currency if money else "")
    by_period: dict[int, Decimal] = defaultdict(Decimal)
    for row in results:
        if row.currency == trend_currency:
            by_period[row.period.pk] += row.earned
    return Scorecard(
        payee=payee,
        choice=choice,
        run=run,
        gauges=card.gauges,
        pace=_pace_line(next((g for g in card.gauges if g.quota), None), results, choice),
        steps=card.tiers,
        money=money,
        trend=[(p, by_period[p.pk]) for p in recent],
        trend_currency=trend_currency,
        components=_components(here),
        is_computed=bool(run and here),
        opening=card.opening,
    )


def _components(here: list[Result]) -> list[ComponentShare]:
    found = []
    above: dict[str, Decimal] = defaultdict(Decimal)
    for row in here:
        labels = {component.name: component.label or component.name for component in row.plan.components}
        for name, amount in row.components.items():
            if amount:
                found.append((name, labels.get(name, name), row.seat_id, amount, row.currency))
                above[row.currency] += max(amount, Decimal(0))
    shares = [ComponentShare(*item, max(item[3], Decimal(0)) / above[item[4]] if above[item[4]] else Decimal(0)) for item in found]
    return sorted(shares, key=lambda item: (item.currency, -item.amount, item.label))


def _finishes(mine: list[Result], measure: str, over: str, choice: PeriodChoice) -> list[Decimal]:
    """What the seat's earlier windows came to: the last period's figure of each."""
    ends: dict[tuple[str, str], Decimal] = {}
    for row in mine:
        if row.period.starts < choice.window(over)[0].starts:
            ends[_window_key(row.period, over)] = row.figures.get(measure) or Decimal(0)
    return list(ends.values())


def _pace_line(gauge: QuotaGauge | None, results: list[Result], choice: PeriodChoice) -> PaceLine | None:
    """A quota's line over the year. Figures to date become increments, increments a cumulative line."""
    rows = [r for r in results if gauge and (r.seat_id, r.version_id) == (gauge.seat_id, gauge.version_id)]
    if gauge is None or not rows:
        return None
    over, measure = gauge.over, gauge.measure
    quota_name = next(f"quota.{spec.quota}" for spec in rows[0].plan.attainments if spec.name == gauge.name)
    window = choice.window(over)
    periods = [p for p in choice.year if p.starts <= window[-1].starts]
    mine = {r.period.pk: r for r in rows}
    actual: list[Decimal | None] = []
    planned: list[Decimal | None] = []
    total = target = Decimal(0)
    for n, period in enumerate(periods):
        inside = [p for p in periods if _window_key(p, over) == _window_key(period, over)]
        found = mine.get(period.pk)
        quota_row = found or next((mine[p.pk] for p in inside if p.pk in mine), None)
        quota = (quota_row.figures.get(quota_name) if quota_row else None) or Decimal(0)
        whole = [p for p in choice.year if _window_key(p, over) == _window_key(period, over)]
        target += quota / len(whole)
        planned.append(target.quantize(Decimal("0.01")))
        if found is None or period.starts > choice.period.starts:
            actual.append(None)
            continue
        value = found.figures.get(measure) or Decimal(0)
        before = mine.get(periods[n - 1].pk) if n else None
        same_window = before is not None and _window_key(before.period, over) == _window_key(period, over)
        total += value - (before.figures.get(measure) or Decimal(0)) if same_window and before else value
        actual.append(total)
    known = [n for n, value in enumerate(actual) if value is not None]
    blank: list[Decimal | None] = [None] * len(periods)
    projection, low, high = list(blank), list(blank), list(blank)
    interval = None
    if known and known[-1] < len(periods) - 1 and gauge.elapsed:
        history = _finishes(rows, measure, over, choice)
        interval = projection_interval(actual=gauge.actual, projected=gauge.projected, elapsed=gauge.elapsed, history=history)
        last = known[-1]
        start = actual[last] or Decimal(0)
        rest = len(periods) - 1 - last
        for line, finish in ((projection, gauge.projected), *zip((low, high), interval or (), strict=False)):
            gain = finish - gauge.actual
            for step in range(rest + 1):
                line[last + step] = (start + gain * step / rest).quantize(Decimal("0.01"))
    return PaceLine([p.code for p in periods], actual, planned, projection, low if interval else [], high if interval else [], gauge.currency)


def _window_key(period: Period, over: str) -> tuple[str, str]:
    return (period.year, period.quarter if over == "quarter" else period.code if over == "period" else "")
