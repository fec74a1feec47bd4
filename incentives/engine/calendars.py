"""Calendars by kind: the periods between two days, with the quarter and year to which each belongs.

biweekly are fourteen-day windows counted from an anchor (default: the first Monday of 1970, 1970-01-05); semi-monthly
are 1-15 and 16-end. A fortnight belongs to the year (and quarter) of its last day.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from .contracts import Calendar, Period, day_number, day_text
from .errors import InputError

Stretch = tuple[str, int, int, str, str]
ANCHOR = day_number("1970-01-05")


def calendar_make(kind: str, first: int, last: int, anchor: int = ANCHOR) -> Calendar:
    """All periods of whole years (January to December) that hold the days first to last.

    >>> [period.key for period in calendar_make("quarter", day_number("2025-02-01"), day_number("2025-02-01")).periods]
    ['2025-Q1', '2025-Q2', '2025-Q3', '2025-Q4']
    """
    years = range(int(day_text(first)[:4]), int(day_text(last)[:4]) + 1)
    makers = {"month": _months, "quarter": _quarters, "year": _years, "semi_monthly": _halves}
    if kind == "biweekly":
        stretches = list(_fortnights(_day(years[0], 1), _day(years[-1] + 1, 1), anchor))
    elif kind in makers:
        stretches = [item for year in years for item in makers[kind](year)]
    else:
        raise InputError(f"calendar: {kind} has no rule; give its periods")
    return Calendar(kind, tuple(Period(i, key, start, end, quarter, year) for i, (key, start, end, quarter, year) in enumerate(stretches)))


def _day(year: int, month: int) -> int:
    return day_number(datetime.date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1))


def _quarter(year: int, month: int) -> str:
    return f"{year}-Q{(month - 1) // 3 + 1}"


def _months(year: int) -> Iterator[Stretch]:
    for month in range(1, 13):
        yield f"{year}-{month:02}", _day(year, month), _day(year, month + 1), _quarter(year, month), str(year)


def _quarters(year: int) -> Iterator[Stretch]:
    for month in (1, 4, 7, 10):
        yield _quarter(year, month), _day(year, month), _day(year, month + 3), _quarter(year, month), str(year)


def _years(year: int) -> Iterator[Stretch]:
    yield str(year), _day(year, 1), _day(year + 1, 1), str(year), str(year)


def _halves(year: int) -> Iterator[Stretch]:
    for month in range(1, 13):
        middle = _day(year, month) + 15
        yield f"{year}-{month:02}a", _day(year, month), middle, _quarter(year, month), str(year)
        yield f"{year}-{month:02}b", middle, _day(year, month + 1), _quarter(year, month), str(year)


def _fortnights(low: int, high: int, anchor: int) -> Iterator[Stretch]:
    start = low - (low - anchor) % 14
    while start < high:
        last = day_text(start + 13)
        yield day_text(start), start, start + 14, _quarter(int(last[:4]), int(last[5:7])), last[:4]
        start += 14
