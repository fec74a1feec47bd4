"""Which pay period a page shows: the one asked for, else the one of the last run's business date; its neighbours; its year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from spm.calendars.models import FiscalCalendar, Period


@dataclass(frozen=True)
class PeriodChoice:
    """The period shown, those beside it, and all periods of its calendar, oldest first."""

    period: Period
    previous: Period | None
    next: Period | None
    year: list[Period]
    recent: list[Period]

    def day(self, today: dt.date) -> dt.date:
        """The day by which the period is shown and by which it is decided who may see it: today while it runs, else its last."""
        return min(self.period.ends - dt.timedelta(days=1), max(today, self.period.starts))

    def window(self, over: str) -> list[Period]:
        """The periods of the window that the period belongs to: itself, its quarter, or its year."""
        if over == "period":
            return [self.period]
        return [p for p in self.year if over == "year" or p.quarter == self.period.quarter]


def period_choose(*, code: str | None, today: dt.date) -> PeriodChoice | None:
    """The period of that code in the tenant's default calendar, else the one that holds `today`, else the last one begun.

    None when the tenant has no periods; an unknown code raises Period.DoesNotExist. Two queries.
    """
    calendar = FiscalCalendar.objects.order_by("-is_default", "pk").first()
    periods = list(Period.objects.filter(calendar=calendar).order_by("starts")) if calendar else []
    begun = [p for p in periods if p.starts <= today]
    if not periods:
        return None
    if code:
        shown = next((p for p in periods if p.code == code), None)
        if shown is None:
            raise Period.DoesNotExist(code)
    else:
        shown = (begun or periods)[-1]
    at = periods.index(shown)
    following = periods[at + 1] if at + 1 < len(periods) and periods[at + 1].starts <= today else None
    return PeriodChoice(
        period=shown,
        previous=periods[at - 1] if at else None,
        next=following,
        year=[p for p in periods if p.year == shown.year],
        recent=begun[-24:],
    )
