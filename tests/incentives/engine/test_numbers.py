"""Rounding, columns, tables and exact numbers agree with plain fractions, at any size."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incentives.engine import exact
from incentives.engine.columns import LineNumber
from incentives.engine.errors import InputError
from incentives.engine.line_formula import Lines, condition, number
from incentives.engine.post import post
from incentives.engine.results import EarningKey
from incentives.engine.rounding import MODES, round_column, round_number, split_columns, split_largest_remainder
from incentives.engine.syntax import parse
from incentives.engine.tables import Points, Steps
from incentives.engine.typing_rules import BOOL, NUMBER, Scope, check

PYTHON_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
WIDE = Context(prec=200)
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)


@given(st.integers(-(10**30), 10**30), st.integers(0, 9), st.integers(0, 6), st.sampled_from(MODES))
def test_rounding_is_pythons_decimal_rounding(integer: int, scale: int, places: int, mode: str) -> None:
    value = Decimal(integer).scaleb(-scale, WIDE)
    expected = value.quantize(Decimal(1).scaleb(-places), PYTHON_MODES[mode], WIDE)
    assert round_number(value, places, mode) == expected
    assert round_number(Fraction(value), places, mode) == expected
    assert round_number(value.copy_negate(), places, mode) == expected.copy_negate()


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.sampled_from([1, 3, 10, 1000, 10_000, 1_000_000]), st.integers(0, 4), st.sampled_from(MODES))
def test_a_column_is_rounded_like_its_numbers(values: list[int], denominator: int, places: int, mode: str) -> None:
    expected = [int(round_number(Fraction(v, denominator), places, mode).scaleb(places)) for v in values]
    assert round_column(np.array(values, dtype=np.int64), denominator, places, mode).tolist() == expected
    assert round_column(np.array(values, dtype=object), denominator, places, mode).tolist() == expected


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="rounding mode 'nearest' is unknown"):
        round_number(Decimal(1), 2, "nearest")
    with pytest.raises(ValueError, match="rounding mode 'nearest' is unknown"):
        round_column(np.array([1]), 100, 1, "nearest")


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_largest_remainder_parts_sum_and_are_within_a_unit_of_their_share(total: int, weights: list[int]) -> None:
    parts = split_largest_remainder(total, weights)
    assert sum(parts) == total
    assert all(abs(part - Fraction(total * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True))


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=4).filter(any)), min_size=1, max_size=5))
def test_groups_are_split_at_once_as_each_is_by_itself(groups: list[tuple[int, list[int]]]) -> None:
    # Weights that make the whole: each group's last one is what the others leave of it.
    shares = [[*(weight // len(weights) for weight in weights[:-1]), 0] for _, weights in groups]
    for part in shares:
        part[-1] = 10**6 - sum(part)
    expected = [one for (total, _), part in zip(groups, shares, strict=True) for one in split_largest_remainder(total, part)]
    group = np.repeat(np.arange(len(groups)), [len(part) for part in shares])
    totals = np.array([total for total, _ in groups])[group]
    assert split_columns(totals, np.concatenate(shares), group, 10**6).tolist() == expected


@settings(max_examples=200)
@given(INT64, INT64, st.sampled_from([1, 100, 10_000, 7]), st.sampled_from([1, 1000, 3]))
def test_columns_never_overflow(a: int, b: int, below: int, below_b: int) -> None:
    left = LineNumber.of(np.array([a, 0], dtype=np.int64), below)
    right = LineNumber.of(np.array([b, 1], dtype=np.int64), below_b)
    x, y = Fraction(a, below), Fraction(b, below_b)
    for column, expected in [(left.plus(right), x + y), (left.plus(right, -1), x - y), (left.times(right), x * y), (left.divided(-7, 3), x * Fraction(3, -7))]:
        assert Fraction(int(column.values[0]), column.denominator) == expected
        assert abs(int(column.values[0])) <= column.bound
    assert Fraction(int(left.rounded(2, "half_up").values[0]), 100) == Fraction(round_number(x, 2, "half_up"))


def test_without_the_guard_int64_would_wrap() -> None:
    with np.errstate(all="ignore"):
        assert int((np.array([2**62], dtype=np.int64) * 4)[0]) == 0


STEPS = Steps("t", (Decimal(0), Decimal("99.5"), Decimal(250)), (Decimal("0.01"), Decimal("0.025"), Decimal("0.1")))


@settings(max_examples=150)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=6), st.sampled_from(["lower", "upper"]))
def test_tables_say_the_same_per_line_and_per_period(values: list[int], includes: str) -> None:
    table = Steps("t", STEPS.starts, STEPS.values, includes)
    column = LineNumber.of(np.array(values, dtype=np.int64), 10_000)
    for lines, single in [(table.rate_lines, table.rate), (table.marginal_lines, table.marginal), (table.proportional_lines, table.proportional)]:
        result = lines(column)
        found = [Fraction(int(v), result.denominator) for v in result.values]
        assert found == [Fraction(single(Decimal(v).scaleb(-4))) for v in values]


@pytest.mark.parametrize(("includes", "expected"), [("lower", "0.1"), ("upper", "0.025")])
def test_the_inclusive_bound_decides_at_the_bound(includes: str, expected: str) -> None:
    assert Steps("t", STEPS.starts, STEPS.values, includes).rate(Decimal(250)) == Decimal(expected)
    assert Steps("t", STEPS.starts, STEPS.values, includes).rate(Decimal(0)) == Decimal("0.01")


def test_slices_add_up_to_the_marginal_pay_and_scale_with_the_quota() -> None:
    for x in ("0", "50", "99.5", "250.01", "-300"):
        value, scale = Decimal(x), Decimal(3)
        assert sum((part.amount for part in STEPS.slices(value, scale)), Decimal(0)) == STEPS.marginal(value, scale)
        assert sum((part.covered for part in STEPS.slices(value, scale)), Decimal(0)) == value


def test_a_curve_is_exact_between_points_and_flat_or_extended_beyond() -> None:
    flat = Points("c", (Decimal(0), Decimal(3)), (Decimal(0), Decimal(1)), Decimal(-1))
    assert flat.curve(Decimal(1)) == Fraction(1, 3)
    assert (flat.curve(Decimal(-5)), flat.curve(Decimal(9))) == (Decimal(-1), Decimal(1))
    assert Points("c", flat.xs, flat.ys, Decimal(-1), True).curve(Decimal(9)) == 3


@given(st.integers(-(10**40), 10**40), st.integers(1, 10**20), st.integers(-(10**40), 10**40))
def test_arithmetic_per_period_is_exact(a: int, b: int, c: int) -> None:
    quotient = exact.div(Decimal(a), Decimal(b))
    assert Fraction(quotient) == Fraction(a, b)
    assert Fraction(exact.mul(quotient, Decimal(c))) == Fraction(a * c, b)
    assert Fraction(exact.add(quotient, Decimal(c))) == Fraction(a, b) + c
    assert exact.text(exact.mul(quotient, Decimal(b))) == str(a)


def test_powers_and_roots_have_the_digits_they_state() -> None:
    assert exact.root(Decimal(2), Decimal(2), 10) == Decimal("1.414213562")
    assert exact.power(Decimal("0.8"), Decimal("1.9"), 5) == Decimal("0.65444")
    assert exact.root(Decimal(-1), Decimal(2), 10) is None


def lines(**numbers: list[int]) -> Lines:
    count = len(next(iter(numbers.values())))
    columns = {name: LineNumber.of(np.array(values, dtype=np.int64), 100) for name, values in numbers.items()}
    codes = {"channel": np.array([i % 2 for i in range(count)])}
    windows = {"day": np.zeros(count, dtype=np.int64)}
    return Lines(count, columns, codes, np.arange(count, dtype=np.int32), {"channel": {"web": 0, "shop": 1}}, {"t": STEPS}, windows)


SCOPE = Scope("line", {"amount": NUMBER, "gp": NUMBER, "channel": Any}, {"t": STEPS})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount * 10% + 1", [Fraction(11), Fraction(-19), Fraction(31, 2)]),
        ("max(amount, 0) - min(gp, 1)", [Fraction(99), Fraction(-1), Fraction(144)]),
        ("if(amount > 0 and not channel = 'shop', amount, 0 - 1)", [100, -1, 145]),
        ("round(amount / 3, 2)", [Fraction("33.33"), Fraction("-66.67"), Fraction("48.33")]),
        ("abs(amount) ^ 2", [10_000, 40_000, 145 * 145]),
        ("running(amount, 'day')", [100, -100, 45]),
        ("amount - -gp", [102, -198, 147]),
        ("2 + 3 * 4 - 10 / 4", [Fraction(23, 2)] * 3),
    ],
)
def test_line_formulas(text: str, expected: list[Any]) -> None:
    result = number(parse(text), lines(amount=[10_000, -20_000, 14_500], gp=[200, 200, 200]))
    assert [Fraction(int(v), result.denominator) for v in result.wide(3)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('channel = "web"', [True, False, True]),
        ('channel != "nowhere"', [True, True, True]),
        ('channel in ("web", "nowhere")', [True, False, True]),
        ("date >= 1970-01-02 and date < 1970-01-03", [False, True, False]),
        ("amount > gp or amount = -200", [True, True, True]),
        ("true and not false", [True, True, True]),
    ],
)
def test_line_conditions(text: str, expected: list[bool]) -> None:
    assert condition(parse(text), lines(amount=[10_000, -20_000, 14_500], gp=[200, 200, 200])).tolist() == expected


def test_precedence_and_nesting_are_bounded() -> None:
    from incentives.engine.syntax import SyntaxProblem

    assert check(parse("1 + 2 * 3 > 6 and true"), SCOPE) == BOOL
    with pytest.raises(SyntaxProblem, match="formula_too_deep"):
        parse("(-" * 70 + "1" + ")" * 70)
    with pytest.raises(SyntaxProblem, match="formula_too_long"):
        parse("1+" * 3000 + "1")
    with pytest.raises(SyntaxProblem):
        parse("__import__('os').system('true')")


KEY = EarningKey(1, 1, 1, "commission", 3, "USD")


def rows(earned: str, posted: str | None) -> list[tuple[int, str, int, str]]:
    ledger = {} if posted is None else {KEY: Decimal(posted)}
    found = post(earned={KEY: Decimal(earned)}, posted=ledger, pay_period=lambda period: max(period, 5), scale=2, cause="quota")
    return [(row.amount, row.verb, row.pay_period, row.cause) for row in found]


def test_only_the_difference_is_posted_in_the_open_period_with_its_cause() -> None:
    assert rows("10.00", None) == [(1000, "earned", 5, "quota")]
    assert rows("10.00", "8.50") == [(150, "adjusted", 5, "quota")]
    assert rows("0", "8.50") == [(-850, "reversed", 5, "quota")]
    assert rows("0", None) == rows("8.50", "8.50") == []


def test_a_key_that_is_no_longer_earned_is_taken_back() -> None:
    (row,) = post(earned={}, posted={KEY: Decimal(5)}, pay_period=lambda period: period, scale=2)
    assert (row.key, row.amount, row.verb, row.pay_period) == (KEY, -500, "reversed", 3)


def test_what_the_ledger_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match="more than 2 decimals"):
        rows("1.005", None)
    with pytest.raises(InputError, match="too large"):
        rows("1e20", None)
    with pytest.raises(InputError, match="cause 'whim' is unknown"):
        post(earned={KEY: Decimal(1)}, posted={}, pay_period=lambda period: period, scale=2, cause="whim")
