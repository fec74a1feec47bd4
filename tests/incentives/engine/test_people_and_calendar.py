"""Reporting lines from a tree of positions, look-ups by day, and calendars."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from incentives.engine.calendars import calendar_make
from incentives.engine.contracts import OPEN_END, Assignment, Calendar, Enrolment, People, Period, ReportingLine, day_number, day_text
from incentives.engine.errors import InputError
from incentives.engine.people import PeopleIndex, PositionLine, reporting_from_positions
from incentives.engine.prepare import Cells, calendar_checked


def test_a_vacant_seat_is_climbed_over_for_as_long_as_it_is_vacant() -> None:
    lines = [PositionLine(10, 20, 0, OPEN_END), PositionLine(20, 30, 0, OPEN_END)]
    seats = [Assignment(1, 1, 10, 0), Assignment(2, 2, 20, 0, 50), Assignment(3, 3, 20, 70), Assignment(4, 4, 30, 0)]
    found = [line for line in reporting_from_positions(lines, seats) if line.assignment == 1]
    assert found == [ReportingLine(1, 2, 0, 50), ReportingLine(1, 4, 50, 70), ReportingLine(1, 3, 70, OPEN_END)]


def test_nobody_reports_to_themself_in_another_seat() -> None:
    lines = [PositionLine(10, 20, 0, OPEN_END), PositionLine(20, 30, 0, OPEN_END)]
    seats = [Assignment(1, 1, 10, 0), Assignment(2, 1, 20, 0), Assignment(3, 3, 30, 0)]
    assert [line.manager for line in reporting_from_positions(lines, seats)] == [3, 3]


def test_a_loop_of_positions_ends() -> None:
    lines = [PositionLine(10, 20, 0, OPEN_END), PositionLine(20, 10, 0, OPEN_END)]
    assert reporting_from_positions(lines, [Assignment(1, 1, 10, 0)]) == ()


def test_the_seat_of_a_day_is_half_open_and_needs_enrolment() -> None:
    people = People((Assignment(5, 1, 10, 0, 100), Assignment(6, 1, 11, 100, 200), Assignment(7, 2, 12, 0)), enrolments=(
        Enrolment(5, 0, OPEN_END), Enrolment(6, 150, OPEN_END), Enrolment(7, 10, 20)))  # fmt: skip
    index = PeopleIndex(people)
    payees = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3], dtype=np.int64)
    days = np.array([0, 99, 100, 150, 200, 9, 10, 20, 5], dtype=np.int32)
    assert index.resolve(payees, days).tolist() == [0, 0, -1, 1, -1, -1, 2, -1, -1]


def test_an_assignment_id_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        PeopleIndex(People((Assignment(1, 1, 1, 0), Assignment(1, 2, 2, 0))))


@pytest.mark.parametrize(("kind", "count"), [("month", 12), ("quarter", 4), ("year", 1), ("semi_monthly", 24)])
def test_a_calendar_covers_its_years_without_gaps(kind: str, count: int) -> None:
    day = day_number("2024-02-29")
    periods = calendar_make(kind, day, day).periods
    assert len(periods) == count
    assert (day_text(periods[0].start), day_text(periods[-1].end)) == ("2024-01-01", "2025-01-01")
    assert all(a.end == b.start for a, b in itertools.pairwise(periods))


def test_fortnights_have_fourteen_days_and_belong_to_the_year_of_their_last_day() -> None:
    periods = calendar_make("biweekly", day_number("2025-01-01"), day_number("2025-01-01")).periods
    assert {p.end - p.start for p in periods} == {14}
    assert periods[0].key == "2024-12-23"
    assert periods[0].year == "2025"


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        ((), "there is no period"),
        ((Period(1, "a", 0, 10), Period(2, "b", 9, 20)), "starts before a ends"),
        ((Period(1, "a", 5, 5),), "ends before it starts"),
        ((Period(1, "a", 0, 5), Period(1, "b", 5, 9)), "given twice"),
    ],
)
def test_a_broken_calendar_is_refused(periods: tuple[Period, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        calendar_checked(Calendar("custom", periods))


def test_cells_are_periods_cut_at_changes_and_gaps_belong_nowhere() -> None:
    cells = Cells((Period(1, "a", 0, 10), Period(2, "b", 20, 30)), {5, 20, 25, 99})
    assert list(zip(cells.starts, cells.ends, strict=True)) == [(0, 5), (5, 10), (20, 25), (25, 30)]
    assert cells.of(np.array([-1, 0, 4, 5, 9, 10, 19, 20, 29, 30], dtype=np.int32)).tolist() == [-1, 0, 0, 1, 1, -1, -1, 2, 3, -1]
