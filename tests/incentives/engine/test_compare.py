"""The comparison of two plans ties: totals by payee, period and component are one sum, and nobody is left out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compare import BANDS, PERCENTILES, Earned, band_counts, compare, percentiles

amounts = st.decimals(min_value=-1000, max_value=1000, places=2)
rows = st.lists(st.builds(Earned, st.integers(1, 6), st.sampled_from(["base", "kicker"]), st.sampled_from(["2024-01", "2024-02"]), amounts), max_size=30)


def compared(first: list[Earned], second: list[Earned]):  # type: ignore[no-untyped-def]
    return compare(first, second, payees=range(1, 9), periods=["2024-01", "2024-02"], components=["base"], attainment=({}, {}))


@given(rows, rows)
def test_every_view_of_a_comparison_sums_to_the_same_totals(first: list[Earned], second: list[Earned]) -> None:
    found = compared(first, second)
    for side, earned, told in (("first", first, found.total[0]), ("second", second, found.total[1])):
        total = sum((row.amount for row in earned), Decimal(0))
        assert told == total
        for view in (found.periods, found.components, found.payees):
            assert sum((getattr(pair, side) for pair in view), Decimal(0)) == total
    assert sum(found.gains) + sum(found.losses) == found.total[1] - found.total[0]
    assert len(found.payees) == 8, "also those who earned nothing"
    assert [abs(pair.change) for pair in found.payees] == sorted((abs(pair.change) for pair in found.payees), reverse=True)


@given(rows, rows)
def test_exchanging_the_plans_exchanges_winners_and_losers(first: list[Earned], second: list[Earned]) -> None:
    one, other = compared(first, second), compared(second, first)
    assert (sorted(one.gains), sorted(one.losses)) == (sorted(-loss for loss in other.losses), sorted(-gain for gain in other.gains))


@given(rows)
def test_a_plan_compared_with_itself_changes_nobody(first: list[Earned]) -> None:
    found = compared(first, list(reversed(first)))
    assert (found.gains, found.losses) == ([], [])


@given(st.lists(amounts, min_size=1, max_size=40))
def test_a_percentile_is_somebodys_own_value_with_its_share_at_or_below(values: list[Decimal]) -> None:
    for percent, found in zip(PERCENTILES, percentiles(values), strict=True):
        assert found in values
        assert 100 * sum(value <= found for value in values) >= percent * len(values)
        assert 100 * sum(value < found for value in values) < percent * len(values)


@given(st.lists(st.decimals(min_value=0, max_value=3, places=2), max_size=40))
def test_each_attainment_is_in_one_band_and_a_bound_in_the_band_above(values: list[Decimal]) -> None:
    counts = band_counts(values)
    assert sum(counts) == len(values)
    assert sum(counts[: BANDS.index(Decimal(1)) + 1]) == sum(value < 1 for value in values)
