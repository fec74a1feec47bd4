"""Reads about periods: those that touch a span, the one a day falls into, the default calendar, the tenant's own date."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Max, Min, QuerySet
from django.utils.translation import gettext_noop as _n

from spm.calendars.generate import CalendarError
from spm.calendars.models import FiscalCalendar, Period
from spm.calendars.zones import local_date
from spm.tenancy.models import Tenant


def calendar_default() -> FiscalCalendar:
    """The tenant's default calendar; raises CalendarError when there is none."""
    found = FiscalCalendar.objects.filter(is_default=True).first()
    if found is None:
        raise CalendarError(_n("This company has no default calendar; create one, or mark one as the default."))
    return found


def periods_for(*, calendar: FiscalCalendar, start: dt.date, end: dt.date) -> QuerySet[Period]:
    """The periods that touch [start, end), in order."""
    return calendar.periods.filter(starts__lt=end, ends__gt=start).order_by("starts")


def calendars_spanned() -> QuerySet[FiscalCalendar]:
    """All calendars, the default first, each with `from_day`, `to_day` (the day after its last) and `periods_count`."""
    found = FiscalCalendar.objects.annotate(from_day=Min("periods__starts"), to_day=Max("periods__ends"), periods_count=Count("periods"))
    return found.order_by("-is_default", "name", "code")


def period_on(*, calendar: FiscalCalendar, day: dt.date) -> Period:
    """The period that holds the day; raises CalendarError when the calendar does not reach it."""
    found = calendar.periods.filter(starts__lte=day, ends__gt=day).first()
    if found is None:
        raise CalendarError(_n("Calendar %(code)s has no period that holds %(day)s; extend the calendar by the years it lacks."), code=calendar.code, day=day)
    return found


def quarter_window(*, period: Period) -> tuple[dt.date, dt.date]:
    """[start, end) of the fiscal quarter of a period; of its year where the calendar has no quarters."""
    same = period.calendar.periods.filter(year=period.year)
    if period.quarter:
        same = same.filter(quarter=period.quarter)
    rows = list(same.order_by("starts"))
    return rows[0].starts, rows[-1].ends


def year_window(*, period: Period) -> tuple[dt.date, dt.date]:
    """[start, end) of the fiscal year of a period."""
    rows = list(period.calendar.periods.filter(year=period.year).order_by("starts"))
    return rows[0].starts, rows[-1].ends


def tenant_date(*, tenant: Tenant, instant: dt.datetime) -> dt.date:
    """The tenant's local date at an instant."""
    return local_date(instant, tenant.time_zone)
