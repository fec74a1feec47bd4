"""The law of a dated series: a change holds on its days, every other day keeps what it had, nothing overlaps."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spm.people.spans import FOREVER, Dated, covered, spliced, value_on

D = dt.date
ORIGIN = D(2024, 1, 1)
offsets = st.integers(0, 60)
changes = st.tuples(offsets, st.integers(1, 30), st.sampled_from(["a", "b", None]), st.booleans())


def span(offset: int, length: int, is_open: bool) -> tuple[dt.date, dt.date]:
    start = ORIGIN + dt.timedelta(days=offset)
    return start, FOREVER if is_open else start + dt.timedelta(days=length)


@given(st.lists(changes, max_size=8))
def test_each_day_has_the_value_of_the_last_change_that_covers_it(acts) -> None:
    series: list[Dated] = []
    for offset, length, value, is_open in acts:
        series = spliced(series, *span(offset, length, is_open), value)
    for n in range(-1, 100):
        day = ORIGIN + dt.timedelta(days=n)
        expected = None
        for offset, length, value, is_open in acts:
            start, end = span(offset, length, is_open)
            if start <= day < end:
                expected = value
        assert value_on(series, day) == expected
    assert all(a.end <= b.start for a, b in pairwise(series))
    assert all(p.start < p.end for p in series)


@given(st.lists(changes, max_size=6), changes)
def test_doing_a_change_twice_is_doing_it_once(acts, last) -> None:
    series: list[Dated] = []
    for offset, length, value, is_open in [*acts, last]:
        series = spliced(series, *span(offset, length, is_open), value)
    assert spliced(series, *span(last[0], last[1], last[3]), last[2]) == series


@given(st.lists(changes, max_size=6), offsets, st.integers(1, 40))
def test_a_gap_is_found_exactly_where_a_day_has_no_value(acts, offset: int, length: int) -> None:
    series: list[Dated] = []
    for o, n, value, is_open in acts:
        series = spliced(series, *span(o, n, is_open), value)
    start, end = span(offset, length, False)
    bare = [d for d in (start + dt.timedelta(days=k) for k in range((end - start).days)) if value_on(series, d) is None]
    gap = covered(series, start, end)
    assert (gap is None) == (not bare)
    if gap is not None:
        assert gap[0] == bare[0]
        assert all(value_on(series, gap[0] + dt.timedelta(days=k)) is None for k in range((gap[1] - gap[0]).days))
