"""Cuts time into the periods of a fiscal calendar. Pure: no database, no clock.

Every kind tiles its years: periods are half-open [starts, ends), the next one starts where the last one ends.
A fiscal year is named after the calendar year in which most of its last month falls (FY2025 of a July start ends 2025-07-01).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _n

from spm.told import ToldError

KINDS = ("month", "quarter", "445", "biweekly", "semi_monthly", "custom")
PATTERNS = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
OLDEST, NEWEST, MOST_YEARS = 1970, 2200, 50
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


class CalendarError(ToldError, ValueError):
    """A calendar cannot be cut as asked: which value is wrong and how to mend it, said in the reader's language when it is shown.

    `field` names the value at fault.
    """

    def __init__(self, message: str, /, *, field: str = "", **given: Any) -> None:
        super().__init__(message, **given)
        self.field = field


@dataclass(frozen=True)
class Window:
    """One period: [starts, ends), the fiscal quarter ("" where none applies) and the fiscal year it counts to."""

    code: str
    starts: dt.date
    ends: dt.date
    quarter: str
    year: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.ends - self.starts).days


@dataclass(frozen=True)
class CalendarRules:
    """How a calendar is cut.

    year_start_month: 1..12, the month in which the fiscal year starts (for weeks: the month after the one its end falls in).
    pattern, year_end_weekday (0 = Monday), year_end_rule, week53: of 4-4-5 calendars. `year_end_rule` "last" ends the year on the
    last such weekday of its last month, "nearest" on the one nearest to that month's end. `week53` names the period (1..12) that
    takes the extra week of a long year.
    anchor: first day of any one window of a biweekly calendar.
    windows: (code, starts, ends, quarter, year) of a custom calendar.
    """

    kind: str
    year_start_month: int = 1
    pattern: str = "4-4-5"
    year_end_weekday: int = 5
    year_end_rule: str = "last"
    week53: int = 12
    anchor: dt.date | None = None
    windows: tuple[Window, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CalendarError(_n("Calendar kind '%(kind)s' is not known; use one of %(known)s."), field="kind", kind=self.kind, known=", ".join(KINDS))
        if not 1 <= self.year_start_month <= 12:
            raise CalendarError(
                _n("The year cannot start in month %(month)s; give a month from 1 to 12."), field="year_start_month", month=self.year_start_month
            )
        if self.kind == "445":
            if self.pattern not in PATTERNS:
                raise CalendarError(
                    _n("Week pattern '%(pattern)s' is not known; use one of %(known)s."), field="pattern", pattern=self.pattern, known=", ".join(PATTERNS)
                )
            if not 0 <= self.year_end_weekday <= 6:
                raise CalendarError(_n("%(day)s is no weekday; give 0 (Monday) to 6 (Sunday)."), field="year_end_weekday", day=self.year_end_weekday)
            if self.year_end_rule not in {"last", "nearest"}:
                raise CalendarError(
                    _n("The rule for the end of the year is '%(rule)s'; use 'last' or 'nearest'."), field="year_end_rule", rule=self.year_end_rule
                )
            if not 1 <= self.week53 <= 12:
                raise CalendarError(_n("Period %(number)s cannot take the extra week; give a period from 1 to 12."), field="week53", number=self.week53)
        if self.kind == "biweekly" and self.anchor is None:
            raise CalendarError(_n("A calendar of fourteen days needs an anchor: the first day of any one of its windows."), field="anchor")
        if self.kind == "custom":
            _check_custom(self.windows)


def _check_custom(windows: Sequence[Window]) -> None:
    if not windows:
        raise CalendarError(_n("A custom calendar needs at least one window."), field="windows")
    codes: set[str] = set()
    for before, window in zip([None, *windows], windows, strict=False):
        if window.ends <= window.starts:
            raise CalendarError(
                _n("Window %(code)s ends %(ends)s, which is not after its start %(starts)s."),
                field="windows", code=window.code, ends=window.ends, starts=window.starts,
            )  # fmt: skip
        if before is not None and window.starts != before.ends:
            overlap = _n("Window %(code)s starts %(starts)s and overlaps %(before)s, which ends %(ends)s; start it on that day.")
            gap = _n("Window %(code)s starts %(starts)s and leaves a gap after %(before)s, which ends %(ends)s; start it on that day.")
            message = overlap if window.starts < before.ends else gap
            raise CalendarError(message, field="windows", code=window.code, starts=window.starts, before=before.code, ends=before.ends)
        if window.code in codes:
            raise CalendarError(_n("Window code %(code)s is used twice; give each window its own."), field="windows", code=window.code)
        codes.add(window.code)


def year_start(rules: CalendarRules, year: int) -> dt.date:
    """First day of fiscal year `year` for calendars by months."""
    return dt.date(year if rules.year_start_month == 1 else year - 1, rules.year_start_month, 1)


def add_months(day: dt.date, months: int) -> dt.date:
    """The first of the month `months` after the month of `day`."""
    total = day.year * 12 + day.month - 1 + months
    return dt.date(total // 12, total % 12 + 1, 1)


def week_year_start(rules: CalendarRules, year: int) -> dt.date:
    """First day of fiscal year `year` of a calendar by weeks: the day after the year before ended."""
    end_month = add_months(year_start(rules, year), -1)
    last = dt.date(end_month.year, end_month.month, calendar.monthrange(end_month.year, end_month.month)[1])
    back = (last.weekday() - rules.year_end_weekday) % 7
    end = last - back * DAY
    if rules.year_end_rule == "nearest" and back > 3:
        end += WEEK
    return end + DAY


def windows_for_years(rules: CalendarRules, first: int, last: int) -> list[Window]:
    """All periods of fiscal years first..last in order. Custom calendars give their own windows, whatever the years.

    >>> [w.code for w in windows_for_years(CalendarRules("quarter"), 2024, 2024)]
    ['2024-Q1', '2024-Q2', '2024-Q3', '2024-Q4']
    """
    if rules.kind == "custom":
        return list(rules.windows)
    if not OLDEST <= first <= NEWEST or not OLDEST <= last <= NEWEST:
        raise CalendarError(_n("Give years from %(first)s to %(last)s."), field="first_year", first=OLDEST, last=NEWEST)
    if last - first >= MOST_YEARS:
        raise CalendarError(_n("A calendar is made for at most %(count)s years at once."), field="last_year", count=MOST_YEARS)
    if first > last:
        raise CalendarError(_n("The first year %(first)s is after the last year %(last)s."), field="last_year", first=first, last=last)
    if rules.kind == "biweekly":
        return _biweekly(rules, first, last)
    build = {"month": _months, "quarter": _quarters, "445": _weeks, "semi_monthly": _semi_monthly}[rules.kind]
    return [window for year in range(first, last + 1) for window in build(rules, year)]


def _quarter(year: int, month_index: int) -> str:
    return f"{year}-Q{month_index // 3 + 1}"


def _months(rules: CalendarRules, year: int) -> list[Window]:
    start = year_start(rules, year)
    edges = [add_months(start, n) for n in range(13)]
    # A calendar year's months carry the month's own number, a fiscal year's the period's.
    code = "{year}-{n:02d}" if rules.year_start_month == 1 else "FY{year}-P{n:02d}"
    return [Window(code.format(year=year, n=n + 1), edges[n], edges[n + 1], _quarter(year, n), str(year)) for n in range(12)]


def _quarters(rules: CalendarRules, year: int) -> list[Window]:
    start = year_start(rules, year)
    edges = [add_months(start, 3 * n) for n in range(5)]
    return [Window(_quarter(year, 3 * n), edges[n], edges[n + 1], _quarter(year, 3 * n), str(year)) for n in range(4)]


def _weeks(rules: CalendarRules, year: int) -> list[Window]:
    start, end = week_year_start(rules, year), week_year_start(rules, year + 1)
    weeks = (end - start).days // 7
    if weeks not in {52, 53}:
        raise CalendarError(
            _n("Fiscal year %(year)s would have %(weeks)s weeks; check the month, the weekday and the rule of its end."), year=year, weeks=weeks
        )
    out, day = [], start
    for n, length in enumerate(PATTERNS[rules.pattern] * 4):
        ends = day + WEEK * (length + (1 if weeks == 53 and n + 1 == rules.week53 else 0))
        out.append(Window(f"FY{year}-P{n + 1:02d}", day, ends, _quarter(year, n), str(year)))
        day = ends
    return out


def _semi_monthly(rules: CalendarRules, year: int) -> list[Window]:
    out = []
    for n, month in enumerate(_months(rules, year)):
        middle = month.starts.replace(day=16)
        out.append(Window(f"{month.code}A", month.starts, middle, _quarter(year, n), str(year)))
        out.append(Window(f"{month.code}B", middle, month.ends, _quarter(year, n), str(year)))
    return out


def _biweekly(rules: CalendarRules, first: int, last: int) -> list[Window]:
    """Fourteen-day windows; a window counts to the fiscal year and quarter in which it ends (its last day falls)."""
    assert rules.anchor is not None
    step = 14
    opening, closing = year_start(rules, first), year_start(rules, last + 1)
    # The first window is the first whose last day falls into the opening year.
    first_last_day = rules.anchor + (step - 1) * DAY
    day = rules.anchor - ((first_last_day - opening).days // step) * step * DAY
    out: list[Window] = []
    counts: dict[int, int] = {}
    while day + (step - 1) * DAY < closing:
        final = day + (step - 1) * DAY
        year = fiscal_year_of(rules, final)
        counts[year] = counts.get(year, 0) + 1
        months = (final.year - year_start(rules, year).year) * 12 + final.month - year_start(rules, year).month
        out.append(Window(f"{year}-B{counts[year]:02d}", day, day + step * DAY, _quarter(year, months), str(year)))
        day += step * DAY
    return out


def fiscal_year_of(rules: CalendarRules, day: dt.date) -> int:
    """The fiscal year, by months, that a day belongs to."""
    return day.year + (1 if rules.year_start_month > 1 and day.month >= rules.year_start_month else 0)
