"""An instant belongs to one local day, also on days that a clock change makes longer, shorter or starts late."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.calendars.zones import ZoneUnknown, day_bounds, day_start, local_date

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"]


@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 12, 30)), st.sampled_from(ZONES))
def test_a_day_holds_exactly_the_instants_between_its_bounds(day: dt.date, name: str) -> None:
    start, end = day_bounds(day, name)
    tick = dt.timedelta(microseconds=1)
    assert local_date(start, name) == local_date(end - tick, name) == day
    assert local_date(start - tick, name) < day < local_date(end, name)
    assert dt.timedelta(hours=22) < end - start < dt.timedelta(hours=26)


def test_one_instant_is_two_dates_in_two_zones() -> None:
    instant = dt.datetime(2024, 3, 31, 22, 30, tzinfo=dt.UTC)
    assert local_date(instant, "Europe/Berlin") == dt.date(2024, 4, 1)
    assert local_date(instant, "America/New_York") == dt.date(2024, 3, 31)


def test_a_day_whose_midnight_was_skipped_starts_at_the_first_moment_that_exists() -> None:
    assert day_start(dt.date(2022, 3, 27), "Asia/Beirut").isoformat() == "2022-03-26T22:00:00+00:00"


def test_an_instant_without_zone_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        local_date(dt.datetime(2024, 1, 1), "UTC")
    with pytest.raises(ZoneUnknown, match="IANA"):
        day_start(dt.date(2024, 1, 1), "Mars/Base")
