"""Writes fiscal calendars: one is created with its periods, extended year by year, renamed, made the default. Each write is audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _n

from spm.audit.services import audit_record
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


def windows_preview(*, kind: str, first_year: int, last_year: int, year_start_month: int = 1, windows: Sequence[Window] = (), **rules: Any) -> list[Window]:
    """The periods that calendar_create would make; nothing is written. Raises CalendarError when the rules do not fit."""
    return windows_for_years(_rules_given(kind, year_start_month, windows, rules), first_year, last_year)


def _rules_given(kind: str, year_start_month: int, windows: Sequence[Window], rules: dict[str, Any]) -> CalendarRules:
    unknown = set(rules) - set(_RULE_FIELDS)
    if unknown:
        raise CalendarError(_n("%(names)s: not a rule of a calendar; use %(known)s."), names=", ".join(sorted(unknown)), known=", ".join(_RULE_FIELDS))
    long = [window.code for window in windows if max(len(window.code), len(window.quarter), len(window.year)) > 32 or not window.code or not window.year]
    if long:
        raise CalendarError(_n("Window '%(code)s': code and year have 1 to 32 characters, a quarter at most 32."), field="windows", code=long[0])
    return CalendarRules(kind=kind, year_start_month=year_start_month, windows=tuple(windows), **rules)


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
    actor_id: int | None = None,
    **rules: Any,
) -> FiscalCalendar:
    """A calendar with the periods of fiscal years first_year..last_year (of a custom one: `windows`).

    `rules` are the further fields of CalendarRules that the kind needs. Raises CalendarError when they do not fit.
    A new default takes the place of the former one.
    """
    made = windows_preview(kind=kind, first_year=first_year, last_year=last_year, year_start_month=year_start_month, windows=windows, **rules)
    if FiscalCalendar.objects.filter(code=code).exists():
        raise CalendarError(_n("A calendar with the code %(code)s exists already; choose another code."), field="code", code=code)
    if is_default:
        FiscalCalendar.objects.filter(is_default=True).update(is_default=False)
    stored = {key: value.isoformat() if isinstance(value, dt.date) else value for key, value in rules.items() if value is not None}
    calendar = FiscalCalendar.objects.create(
        code=code, name=name.strip() or code, kind=kind, year_start_month=year_start_month, is_default=is_default, rules=stored
    )
    _periods_write(calendar, made)
    after = {"code": code, "kind": kind, "from": str(made[0].starts), "to": str(made[-1].ends), "periods": len(made), "default": is_default}
    audit_record(action="calendar.create", target=calendar, after=after, actor_id=actor_id)
    return calendar


@transaction.atomic
def calendar_extend(*, calendar: FiscalCalendar, last_year: int, actor_id: int | None = None) -> int:
    """Adds the periods of the years after the calendar's last one, through last_year; returns how many. Repeating adds none."""
    if calendar.kind == FiscalCalendar.Kind.CUSTOM:
        raise CalendarError(_n("%(code)s has custom windows; add windows to it instead of years."), field="last_year", code=calendar.code)
    locked = FiscalCalendar.objects.select_for_update().get(pk=calendar.pk)
    last = locked.periods.order_by("-starts").first()
    have = int(last.year) if last else last_year
    if last is not None and have >= last_year:
        return 0
    return _extended(locked, windows_for_years(rules_of(locked), have + 1 if last else have, last_year), actor_id)


@transaction.atomic
def calendar_windows_add(*, calendar: FiscalCalendar, windows: Sequence[Window], actor_id: int | None = None) -> int:
    """Adds windows to a custom calendar; the first must start where the last one ends. Returns how many."""
    if calendar.kind != FiscalCalendar.Kind.CUSTOM:
        raise CalendarError(_n("%(code)s is cut by a rule; extend it by years instead."), field="windows", code=calendar.code)
    locked = FiscalCalendar.objects.select_for_update().get(pk=calendar.pk)
    if not windows:
        raise CalendarError(_n("No window was given."), field="windows")
    have = rules_of(locked).windows if locked.periods.exists() else ()
    _rules_given(locked.kind, locked.year_start_month, (*have, *windows), {})  # refuses a gap or an overlap
    return _extended(locked, list(windows), actor_id)


def _extended(calendar: FiscalCalendar, windows: Sequence[Window], actor_id: int | None) -> int:
    count = _periods_write(calendar, windows)
    after = {"from": str(windows[0].starts), "to": str(windows[-1].ends), "periods": count}
    audit_record(action="calendar.extend", target=calendar, after=after, actor_id=actor_id)
    return count


@transaction.atomic
def calendar_default_set(*, calendar: FiscalCalendar, actor_id: int | None = None) -> FiscalCalendar:
    """Makes it the company's default; the former default is one no longer. Repeating changes nothing."""
    defaults = list(FiscalCalendar.objects.select_for_update().filter(is_default=True))
    if [row.pk for row in defaults] == [calendar.pk]:
        calendar.is_default = True
        return calendar
    FiscalCalendar.objects.filter(is_default=True).update(is_default=False)
    FiscalCalendar.objects.filter(pk=calendar.pk).update(is_default=True)
    calendar.is_default = True
    before = {"default": defaults[0].code} if defaults else {}
    audit_record(action="calendar.default", target=calendar, before=before, after={"default": calendar.code}, actor_id=actor_id)
    return calendar


@transaction.atomic
def calendar_rename(*, calendar: FiscalCalendar, name: str, actor_id: int | None = None) -> FiscalCalendar:
    """Another name; the code stays. An equal one changes nothing."""
    name = name.strip()
    if not name:
        raise CalendarError(_n("The calendar's name is missing."), field="name")
    if calendar.name != name:
        before = {"name": calendar.name}
        calendar.name = name
        calendar.save(update_fields=["name"])
        audit_record(action="calendar.rename", target=calendar, before=before, after={"name": name}, actor_id=actor_id)
    return calendar


def _periods_write(calendar: FiscalCalendar, windows: Sequence[Window]) -> int:
    rows = [Period(calendar=calendar, code=w.code, starts=w.starts, ends=w.ends, quarter=w.quarter, year=w.year) for w in windows]
    return len(Period.objects.bulk_create(rows))
