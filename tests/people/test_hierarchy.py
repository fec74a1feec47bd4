"""Laws of the reporting tree: descent is transitive, cycles are found on the day they begin, a tree has none."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spm.people.hierarchy import Line, below, chain_above, first_cycle, spans_merged

D = dt.date
DAY = D(2024, 1, 1)
days = st.dates(D(2020, 1, 1), D(2025, 1, 1))


@st.composite
def trees(draw) -> list[Line]:
    """Every node reports to a node of a smaller number: no cycle by construction."""
    size = draw(st.integers(1, 12))
    return [Line(n, draw(st.integers(0, n - 1)), DAY) for n in range(1, size)]


@given(trees())
def test_a_tree_has_no_cycle_and_below_is_the_converse_of_above(lines: list[Line]) -> None:
    assert first_cycle(lines) is None
    nodes = {line.child for line in lines} | {0}
    for node in nodes:
        assert below(lines, [node], DAY) == {n for n in nodes if node in chain_above(lines, n, DAY)}


@given(trees(), days)
def test_a_line_from_the_top_to_anything_below_closes_a_cycle_on_its_day(lines: list[Line], day: dt.date) -> None:
    if not lines or day < DAY:
        return
    under = max(below(lines, [0], day))
    found = first_cycle([*lines, Line(0, under, day)])
    assert found is not None
    assert found[0] == day
    assert {0, under} <= set(found[1])


def test_a_swap_of_roles_is_a_cycle_only_while_the_two_lines_overlap() -> None:
    swap = D(2024, 6, 1)
    assert first_cycle([Line(1, 2, DAY, swap), Line(2, 1, swap)]) is None
    assert first_cycle([Line(1, 2, DAY, D(2024, 6, 2)), Line(2, 1, swap)]) == (swap, [1, 2])


@given(st.lists(st.tuples(days, st.integers(1, 400)), max_size=8))
def test_merged_spans_cover_the_same_days(pairs: list[tuple[dt.date, int]]) -> None:
    spans = [(a, a + dt.timedelta(days=n)) for a, n in pairs]
    merged = spans_merged(spans)
    cover = lambda some: {a + dt.timedelta(days=k) for a, b in some for k in range((b - a).days)}  # noqa: E731
    assert cover(merged) == cover(spans)
    assert all(a[1] < b[0] for a, b in pairwise(merged))
