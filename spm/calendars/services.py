"""Writes fiscal calendars: one is created with its periods, and extended year by year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from spm.calendars.generate import CalendarError, CalendarRules, Window, windows_for_years
from spm.calendars.models import FiscalCalendar, Period

_RULE_FIELDS = ("pattern", "year_end_weekday", "year_end_rule", "week53", "anchor")


def rules_of(calendar: FiscalCalendar) -> CalendarRules:
    """The rules by which a stored calendar is cut. For a custom calendar: the windows it has."""
    stored = dict(calendar.rules)
    if "anchor" in stored:
        stored["anchor"] = dt.date.fromisoformat(stored["anchor"])
    windows = tuple(Window(p.code, p.starts, p.ends, p.quarter, p.year) for p in calendar.periods.order_by("starts")) if calendar.kind == "custom" else ()
    return CalendarRules(kind=calendar.kind, year_start_month=calendar.year_start_month, windows=windows, **stored)


@transaction.atomic
def calendar_create(
    *,
    code: str,
    name: str,
    kind: str,
    first_year: int,
    last_year: int,
    year_start_month: int = 1,
    is_default: bool = False,
    windows: Sequence[Window] = (),
    **rules: Any,
) -> FiscalCalendar:
    """A calendar with the periods of fiscal years first_year..last_year (of a custom one: `windows`).

    `rules` are the further fields of CalendarRules that the kind needs. Raises CalendarError when they do not fit.
    A new default takes the place of the former one.
    """
    unknown = set(rules) - set(_RULE_FIELDS)
    if unknown:
        raise CalendarError(f"{', '.join(sorted(unknown))}: not a rule of a calendar; use {', '.join(_RULE_FIELDS)}.")
    parsed = CalendarRules(kind=kind, year_start_month=year_start_month, windows=tuple(windows), **rules)
    if FiscalCalendar.objects.filter(code=code).exists():
        raise CalendarError(f"A calendar with the code {code} exists already; choose another code.")
    if is_default:
        FiscalCalendar.objects.filter(is_default=True).update(is_default=False)
    stored = {key: value.isoformat() if isinstance(value, dt.date) else value for key, value in rules.items() if value is not None}
    calendar = FiscalCalendar.objects.create(code=code, name=name, kind=kind, year_start_month=year_start_month, is_default=is_default, rules=stored)
    _periods_write(calendar, windows_for_years(parsed, first_year, last_year))
    return calendar


@transaction.atomic
def calendar_extend(*, calendar: FiscalCalendar, last_year: int) -> int:
    """Adds the periods of the years after the calendar's last one, through last_year; returns how many. Repeating adds none."""
    if calendar.kind == FiscalCalendar.Kind.CUSTOM:
        raise CalendarError(f"{calendar.code} has custom windows; add them with calendar_windows_add.")
    last = calendar.periods.order_by("-starts").first()
    have = int(last.year) if last else last_year
    if last is not None and have >= last_year:
        return 0
    return _periods_write(calendar, windows_for_years(rules_of(calendar), have + 1 if last else have, last_year))


@transaction.atomic
def calendar_windows_add(*, calendar: FiscalCalendar, windows: Sequence[Window]) -> int:
    """Adds windows to a custom calendar; the first must start where the last one ends. Returns how many."""
    if calendar.kind != FiscalCalendar.Kind.CUSTOM:
        raise CalendarError(f"{calendar.code} is cut by rule ({calendar.kind}); extend it by years instead.")
    rules = rules_of(calendar)
    replace(rules, windows=(*rules.windows, *windows))  # refuses a gap or an overlap
    return _periods_write(calendar, list(windows))


def _periods_write(calendar: FiscalCalendar, windows: Sequence[Window]) -> int:
    rows = [Period(calendar=calendar, code=w.code, starts=w.starts, ends=w.ends, quarter=w.quarter, year=w.year) for w in windows]
    return len(Period.objects.bulk_create(rows))
