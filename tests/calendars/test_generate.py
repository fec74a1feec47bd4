"""The laws of a fiscal calendar: its periods tile the year, half-open, without a gap; and the cases a finance person would check."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.calendars.generate import CalendarError, CalendarRules, Window, week_year_start, windows_for_years, year_start

D = dt.date
years = st.integers(1990, 2060)
starts = st.integers(1, 12)


def rules() -> st.SearchStrategy[CalendarRules]:
    weeks = st.builds(
        CalendarRules,
        kind=st.just("445"),
        year_start_month=starts,
        pattern=st.sampled_from(["4-4-5", "4-5-4", "5-4-4"]),
        year_end_weekday=st.integers(0, 6),
        year_end_rule=st.sampled_from(["last", "nearest"]),
        week53=st.integers(1, 12),
    )
    plain = st.builds(CalendarRules, kind=st.sampled_from(["month", "quarter", "semi_monthly"]), year_start_month=starts)
    biweekly = st.builds(CalendarRules, kind=st.just("biweekly"), year_start_month=starts, anchor=st.dates(D(1980, 1, 1), D(2070, 1, 1)))
    return st.one_of(weeks, plain, biweekly)


@given(rules(), years, st.integers(0, 4))
def test_periods_tile_their_years_without_gap_or_overlap(rule: CalendarRules, first: int, more: int) -> None:
    windows = windows_for_years(rule, first, first + more)
    assert all(a.ends == b.starts for a, b in pairwise(windows))
    assert all(w.starts < w.ends for w in windows)
    assert len({w.code for w in windows}) == len(windows)
    assert [w.year for w in windows] == sorted(w.year for w in windows)


@given(rules(), years)
def test_a_year_cut_alone_equals_the_same_year_cut_among_others(rule: CalendarRules, year: int) -> None:
    among = [w for w in windows_for_years(rule, year - 1, year + 1) if w.year == str(year)]
    assert windows_for_years(rule, year, year) == among


@given(rules(), years)
def test_four_quarters_in_order(rule: CalendarRules, year: int) -> None:
    seen = list(dict.fromkeys(w.quarter for w in windows_for_years(rule, year, year)))
    assert seen == [f"{year}-Q{n}" for n in (1, 2, 3, 4)]


@given(starts, years)
def test_calendars_by_months_cover_the_fiscal_year_exactly(month: int, year: int) -> None:
    for kind in ("month", "quarter", "semi_monthly"):
        rule = CalendarRules(kind, year_start_month=month)
        windows = windows_for_years(rule, year, year)
        assert (windows[0].starts, windows[-1].ends) == (year_start(rule, year), year_start(rule, year + 1))


@given(st.integers(0, 6), st.sampled_from(["last", "nearest"]), starts, years)
def test_week_years_have_52_or_53_weeks_and_end_on_their_weekday(weekday: int, how: str, month: int, year: int) -> None:
    rule = CalendarRules("445", year_start_month=month, year_end_weekday=weekday, year_end_rule=how)
    start, end = week_year_start(rule, year), week_year_start(rule, year + 1)
    assert (end - start).days in {364, 371}
    assert (end - dt.timedelta(days=1)).weekday() == weekday
    month_end = year_start(rule, year + 1) - dt.timedelta(days=1)
    distance = (month_end - (end - dt.timedelta(days=1))).days
    assert 0 <= distance <= 6 if how == "last" else -3 <= distance <= 3


def test_retail_calendar_has_its_53rd_week_where_the_policy_puts_it() -> None:
    """Fiscal years that end on the Saturday nearest to 31 January: 2023 ended 2024-02-03 and had 53 weeks."""
    rule = CalendarRules("445", year_start_month=2, pattern="4-5-4", year_end_weekday=5, year_end_rule="nearest")
    windows = windows_for_years(rule, 2024, 2024)
    assert (windows[0].starts, windows[-1].ends) == (D(2023, 1, 29), D(2024, 2, 4))
    assert [(w.ends - w.starts).days // 7 for w in windows] == [4, 5, 4] * 3 + [4, 5, 5]
    first = CalendarRules("445", year_start_month=2, pattern="4-5-4", year_end_weekday=5, year_end_rule="nearest", week53=1)
    assert (windows_for_years(first, 2024, 2024)[0].ends - D(2023, 1, 29)).days == 35


def test_months_of_a_july_year_carry_the_fiscal_year_in_which_they_end() -> None:
    windows = windows_for_years(CalendarRules("month", year_start_month=7), 2025, 2025)
    assert (windows[0].code, windows[0].starts, windows[0].quarter, windows[0].year) == ("FY2025-P01", D(2024, 7, 1), "2025-Q1", "2025")
    assert windows[-1].ends == D(2025, 7, 1)


def test_semi_monthly_cuts_on_the_sixteenth_also_in_february_of_a_leap_year() -> None:
    february = windows_for_years(CalendarRules("semi_monthly"), 2024, 2024)[2:4]
    assert [(w.code, w.starts, w.ends) for w in february] == [("2024-02A", D(2024, 2, 1), D(2024, 2, 16)), ("2024-02B", D(2024, 2, 16), D(2024, 3, 1))]


def test_a_fortnight_counts_to_the_year_in_which_its_last_day_falls() -> None:
    windows = windows_for_years(CalendarRules("biweekly", anchor=D(2024, 1, 8)), 2024, 2024)
    assert (windows[0].starts, windows[0].ends, windows[0].code) == (D(2023, 12, 25), D(2024, 1, 8), "2024-B01")
    assert len(windows) == 26


def custom(*cuts: D) -> tuple[Window, ...]:
    return tuple(Window(f"W{n}", a, b, "", "2024") for n, (a, b) in enumerate(pairwise(cuts)))


def test_custom_windows_are_taken_as_given() -> None:
    windows = custom(D(2024, 1, 1), D(2024, 1, 20), D(2024, 3, 1))
    assert windows_for_years(CalendarRules("custom", windows=windows), 2024, 2024) == list(windows)


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ((Window("A", D(2024, 1, 1), D(2024, 2, 1), "", "2024"), Window("B", D(2024, 2, 2), D(2024, 3, 1), "", "2024")), "leaves a gap after A"),
        ((Window("A", D(2024, 1, 1), D(2024, 2, 1), "", "2024"), Window("B", D(2024, 1, 31), D(2024, 3, 1), "", "2024")), "overlaps A"),
        ((Window("A", D(2024, 1, 1), D(2024, 1, 1), "", "2024"),), "not after its start"),
        ((Window("A", D(2024, 1, 1), D(2024, 2, 1), "", "2024"), Window("A", D(2024, 2, 1), D(2024, 3, 1), "", "2024")), "used twice"),
        ((), "at least one window"),
    ],
)
def test_custom_windows_with_a_gap_or_an_overlap_are_refused(windows: tuple[Window, ...], said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        CalendarRules("custom", windows=windows)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "lunar"}, "not known"),
        ({"kind": "month", "year_start_month": 13}, "from 1 to 12"),
        ({"kind": "445", "pattern": "5-5-3"}, "Week pattern"),
        ({"kind": "445", "week53": 13}, "extra week"),
        ({"kind": "445", "year_end_rule": "first"}, "end of the year"),
        ({"kind": "biweekly"}, "anchor"),
    ],
)
def test_rules_that_cannot_be_cut_are_refused_with_the_mend(values: dict, said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        CalendarRules(**values)
