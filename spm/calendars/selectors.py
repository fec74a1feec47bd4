"""Reads about periods: those that touch a span, the one a day falls into, the default calendar, the tenant's own date."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from spm.calendars.generate import CalendarError
from spm.calendars.models import FiscalCalendar, Period
from spm.calendars.zones import local_date
from spm.tenancy.models import Tenant


def calendar_default() -> FiscalCalendar:
    """The tenant's default calendar; raises CalendarError when there is none."""
    found = FiscalCalendar.objects.filter(is_default=True).first()
    if found is None:
        raise CalendarError("This tenant has no default calendar; create one, or mark one as the default.")
    return found


def periods_for(*, calendar: FiscalCalendar, start: dt.date, end: dt.date) -> QuerySet[Period]:
    """The periods that touch [start, end), in order."""
    return calendar.periods.filter(starts__lt=end, ends__gt=start).order_by("starts")


def period_on(*, calendar: FiscalCalendar, day: dt.date) -> Period:
    """The period that holds the day; raises CalendarError when the calendar does not reach it."""
    found = calendar.periods.filter(starts__lte=day, ends__gt=day).first()
    if found is None:
        raise CalendarError(f"Calendar {calendar.code} has no period that holds {day}; extend the calendar by the years it lacks.")
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
