"""Calendars in the record: created with their periods, extended without a seam, asked by day and span."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from spm.calendars import selectors, services
from spm.calendars.generate import CalendarError, Window
from spm.calendars.models import FiscalCalendar

D = dt.date


def months(**values):
    return services.calendar_create(**{"code": "m", "name": "Months", "kind": "month", "first_year": 2023, "last_year": 2024, "is_default": True} | values)


def test_a_calendar_is_created_with_its_periods(scope):
    calendar = months()
    assert calendar.periods.count() == 24
    period = selectors.period_on(calendar=calendar, day=D(2024, 2, 29))
    assert (period.code, period.quarter, period.year) == ("2024-02", "2024-Q1", "2024")
    assert selectors.quarter_window(period=period) == (D(2024, 1, 1), D(2024, 4, 1))
    assert selectors.year_window(period=period) == (D(2024, 1, 1), D(2025, 1, 1))


def test_periods_are_half_open_the_first_of_a_month_is_in_the_new_one(scope):
    calendar = months()
    assert selectors.period_on(calendar=calendar, day=D(2024, 3, 1)).code == "2024-03"
    assert [p.code for p in selectors.periods_for(calendar=calendar, start=D(2024, 1, 31), end=D(2024, 3, 1))] == ["2024-01", "2024-02"]


@pytest.mark.parametrize(
    "values",
    [{"kind": "445", "pattern": "4-4-5", "year_end_weekday": 5}, {"kind": "biweekly", "anchor": D(2024, 1, 5)}, {"kind": "quarter"}, {"kind": "semi_monthly"}],
)
def test_an_extension_continues_without_a_seam_and_repeating_it_adds_nothing(scope, values):
    calendar = months(**values)
    assert services.calendar_extend(calendar=calendar, last_year=2026) > 0
    assert services.calendar_extend(calendar=calendar, last_year=2026) == 0
    rows = list(calendar.periods.order_by("starts"))
    assert all(a.ends == b.starts for a, b in pairwise(rows))
    assert rows[-1].year == "2026"


def test_a_day_outside_the_calendar_says_how_to_mend_it(scope):
    with pytest.raises(CalendarError, match="extend the calendar"):
        selectors.period_on(calendar=months(), day=D(2025, 1, 1))


def test_custom_windows_are_added_only_where_the_last_one_ends(scope):
    calendar = months(kind="custom", windows=[Window("A", D(2024, 1, 1), D(2024, 1, 20), "", "2024")])
    with pytest.raises(CalendarError, match="gap"):
        services.calendar_windows_add(calendar=calendar, windows=[Window("B", D(2024, 1, 25), D(2024, 2, 1), "", "2024")])
    services.calendar_windows_add(calendar=calendar, windows=[Window("B", D(2024, 1, 20), D(2024, 2, 1), "", "2024")])
    assert calendar.periods.count() == 2


def test_a_tenant_has_one_default_calendar(scope):
    months()
    second = months(code="q", kind="quarter")
    assert selectors.calendar_default() == second
    with pytest.raises(IntegrityError, match="calendars_calendar_default"), transaction.atomic():
        FiscalCalendar.objects.update(is_default=True)


def test_a_second_calendar_of_the_same_code_and_an_unknown_rule_are_refused(scope):
    months()
    with pytest.raises(CalendarError, match="exists already"):
        months()
    with pytest.raises(CalendarError, match="not a rule"):
        months(code="x", moon="full")
