"""How far a quota is met, and where today's speed ends: the one place in which these figures are made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from incentives.engine.contracts import day_number
from incentives.engine.rounding import round_number
from incentives.selectors.results import Result, results_load
from spm.calendars.models import Period


@dataclass(frozen=True)
class QuotaState:
    """A quota in its window. Amounts to two decimals, shares of 1 to six; None where there is no quota.

    elapsed: share of the window gone at the end of the day. pace: what a straight line to the quota asks for by then.
    projected: what the speed so far makes by the window's end.
    """

    currency: str
    over: str
    """period, quarter or year: the window of the measure."""
    actual: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    elapsed: Decimal
    pace: Decimal | None
    projected: Decimal
    projected_attainment: Decimal | None
    gap: Decimal | None


def quota_state(*, currency: str, over: str, actual: Fraction, quota: Fraction | None, low: int, high: int, today: int) -> QuotaState:
    """The state at the end of day `today` of a quota over [low, high) (day numbers); a quota of 0 is none."""
    elapsed = Fraction(min(max(today + 1 - low, 0), high - low), high - low)
    projected = actual / elapsed if elapsed else actual
    of = quota or None
    return QuotaState(
        currency, over, money(actual), None if of is None else money(of), None if of is None else share(actual / of), share(elapsed),
        None if of is None else money(of * elapsed), money(projected), None if of is None else share(projected / of),
        None if of is None else money(max(of - actual, Fraction(0))),
    )  # fmt: skip


def quota_states(results: Sequence[Result], *, today: dt.date) -> dict[tuple[int, int], QuotaState]:
    """The first quota of each (payee, seat), from results of one period. One query, for the windows."""
    rows = [(row, spec) for row in results for spec in row.plan.attainments[:1]]
    windows = _windows({row.period.pk: row.period for row, _ in rows}.values())
    found: dict[tuple[int, int], QuotaState] = {}
    for row, spec in rows:
        over = row.plan.measures[row.plan.measure_index(spec.measure)].over
        low, high = windows.get((row.period.pk, over)) or windows[row.period.pk, "period"]
        actual, quota = row.figures.get(spec.measure) or Decimal(0), row.figures.get(f"quota.{spec.quota}")
        state = quota_state(
            currency=row.currency, over=over, actual=Fraction(actual), quota=None if quota is None else Fraction(quota), low=low, high=high,
            today=day_number(today),
        )  # fmt: skip
        key = (row.payee_id, row.seat_id)
        # Under two plans the first that has a quota speaks for the seat.
        if key not in found or found[key].quota is None:
            found[key] = state
    return found


def period_quotas(payee_ids: Sequence[int], *, period: Period, today: dt.date) -> dict[tuple[int, int], QuotaState]:
    """The first quota of each (payee, seat) in a period. Three queries."""
    return quota_states(results_load(payee_ids=payee_ids, periods=[period]), today=today)


def _windows(periods: object) -> dict[tuple[int, str], tuple[int, int]]:
    """First day and end of the period itself, of its quarter and of its year."""
    wanted: list[Period] = list(periods)  # type: ignore[call-overload]
    rows = list(Period.objects.filter(calendar_id__in={p.calendar_id for p in wanted}, year__in={p.year for p in wanted}))
    found = {}
    for period in wanted:
        year = [p for p in rows if (p.calendar_id, p.year) == (period.calendar_id, period.year)]
        # A calendar without quarters has the period alone as its quarter, as the engine has it.
        quarter = [p for p in year if p.quarter == period.quarter] if period.quarter else [period]
        for over, inside in (("period", [period]), ("quarter", quarter), ("year", year)):
            found[period.pk, over] = (min(day_number(p.starts) for p in inside), max(day_number(p.ends) for p in inside))
    return found


def money(value: Fraction | Decimal) -> Decimal:
    """To two decimals, half even."""
    return round_number(value, 2, "half_even")


def share(value: Fraction | Decimal) -> Decimal:
    """To six decimals, half even."""
    return round_number(value, 6, "half_even")
