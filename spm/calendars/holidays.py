"""Holidays of the company, by country of the legal entity: kept by hand, known by change number, read by plans that name the calendar's."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _n

from spm.calendars.generate import CalendarError
from spm.calendars.models import Holiday
from spm.people.acts import act_open, series_write
from spm.tenancy.changes import known_as_at, writers_lock

FIELDS = ("name",)


def holidays_known(*, number: int | None = None) -> QuerySet[Holiday]:
    """Holidays as known at a change number (None: now), in order of time."""
    return known_as_at(Holiday.objects.all(), number).order_by("valid_from", "country")


def holiday_set(
    *, day: dt.date, until: dt.date | None = None, name: str = "", country: str = "", actor_id: int | None = None, reason: str = ""
) -> list[Holiday]:  # fmt: skip
    """Nobody works in [day, until), in a country (two letters) or everywhere; without `until` it is the one day.

    What was known before stays readable. Repeating changes nothing. Returns the new rows. Raises CalendarError.
    """
    end = _end(day, until)
    with act_open(reason=reason, actor_id=actor_id) as act:
        writers_lock()
        made = series_write(act, Holiday, key={"country": _country(country)}, start=day, end=end, values={"name": name.strip()}, fields=FIELDS)
        for row in made[:1]:
            act.note("holiday.set", row, after={"from": str(day), "to": str(end), "country": country.upper()})
    return made  # type: ignore[return-value]


def holiday_remove(*, day: dt.date, until: dt.date | None = None, country: str = "", actor_id: int | None = None, reason: str = "") -> None:
    """These are working days again. Repeating changes nothing. Raises CalendarError where none of them was a holiday of the country."""
    end, key = _end(day, until), {"country": _country(country)}
    rows = Holiday.objects.filter(**key, known_to__isnull=True, valid_from__lt=end, valid_to__gt=day)
    found = rows.first()
    if found is None:
        if Holiday.objects.filter(**key, valid_from__lt=end, valid_to__gt=day).exists():
            return
        raise CalendarError(_n("%(day)s is no holiday here. Look at the list of holidays."), field="day", day=day)
    with act_open(reason=reason, actor_id=actor_id) as act:
        writers_lock()
        series_write(act, Holiday, key=key, start=day, end=end, values=None, fields=FIELDS)
        act.note("holiday.remove", found, after={"from": str(day), "to": str(end), "country": country.upper()})


def _end(day: dt.date, until: dt.date | None) -> dt.date:
    end = until or day + dt.timedelta(days=1)
    if end <= day:
        raise CalendarError(_n("It ends on %(day)s, not after its start. Give a later end, or none."), field="until", day=end)
    return end


def _country(code: str) -> str:
    country = code.strip().upper()
    if country and not re.fullmatch("[A-Z]{2}", country):
        raise CalendarError(_n("'%(code)s' is not a country code. Use two letters, such as DE, or none for all."), field="country", code=code)
    return country
