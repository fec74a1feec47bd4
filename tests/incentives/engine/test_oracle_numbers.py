"""The numbers under every amount, value by value against the plain oracle: forms, rounding, fair division, tables per period and per line."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine import exact
from incentives.engine.columns import LineNumber
from incentives.engine.errors import OverflowGuard
from incentives.engine.exact import MAX_BITS
from incentives.engine.grid import Dated, Dimension, Grid, number_places, table_at, table_sample
from incentives.engine.rounding import allocate, divide_round, minor_units, round_column, round_number, scaled, split_largest_remainder
from incentives.engine.tables import Points, Steps

from . import oracle
from .oracle import Tiers
from .test_oracle import ROUNDINGS, tried

NUMBERS = [Fraction(n, d) for n in (-7, -1, 0, 1, 3, 10**20) for d in (1, 2, 3, 5, 7, 8, 10, 16, 125, 1000)]


# ---------------------------------------------------------------- exact


def test_one_value_has_one_form() -> None:
    """A quotient that ends is a Decimal, one that does not a Fraction, however it came about."""
    for a, b in itertools.product(NUMBERS, NUMBERS):
        x, y = exact.simple(a), exact.simple(b)
        results = [(exact.add(x, y), a + b), (exact.sub(x, y), a - b), (exact.mul(x, y), a * b)]
        results += [(exact.div(x, y), a / b)] if b else []
        for found, expected in results:
            assert Fraction(found) == expected
            rest = expected.denominator
            for prime in (2, 5):
                while rest % prime == 0:
                    rest //= prime
            assert isinstance(found, Decimal) == (rest == 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(1, 8), "0.125"), (Fraction(1, 2), "0.5"), (Fraction(3, 25), "0.12"), (Fraction(-7, 40), "-0.175"), (Fraction(6), "6"), (Fraction(0), "0")],
)
def test_a_fraction_that_ends_becomes_the_shortest_decimal(value: Fraction, text: str) -> None:
    assert str(exact.simple(value)) == text


def test_long_denominators_of_fives_and_twos_end() -> None:
    for prime in (2, 5):
        found = exact.simple(Fraction(3, prime**60))
        assert isinstance(found, Decimal)
        assert Fraction(found) == Fraction(3, prime**60)


def test_numbers_beyond_120_digits_stay_exact_and_beyond_300_are_refused_by_name() -> None:
    long = Decimal(10**100 + 1)
    assert Fraction(exact.mul(long, long)) == Fraction(10**100 + 1) ** 2
    assert Fraction(exact.add(long, Decimal("1e-100"))) == 10**100 + 1 + Fraction(1, 10**100)
    assert Fraction(exact.sub(Decimal("1e-100"), long)) == Fraction(1, 10**100) - 10**100 - 1
    assert exact.simple(Fraction(2**MAX_BITS - 1)) == 2**MAX_BITS - 1
    with pytest.raises(OverflowGuard, match="more than 300 digits"):
        exact.simple(Fraction(2**MAX_BITS))
    with pytest.raises(OverflowGuard):
        exact.simple(Fraction(1, 2**MAX_BITS))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("10.500"), "10.5"), (Decimal("-0"), "0"), (Decimal("0.00"), "0"), (Decimal("-0.00"), "0"), (Decimal("1E+3"), "1000"), (Decimal(100), "100"),
        (Decimal("1E-7"), "0.0000001"), (Decimal("-12.0"), "-12"), (Fraction(1, 3), "1/3"), (Fraction(-2, 6), "-1/3"),
        (Fraction(3, 4), "0.75"), (Fraction(6, 3), "2"),
    ],
)  # fmt: skip
def test_the_canonical_text(value: Any, text: str) -> None:
    assert exact.text(value) == text


def test_integers_over_a_denominator() -> None:
    for value, denominator in itertools.product((-1234, 0, 5, 10**25), (1, 10, 1000, 10**30, 8, 3)):
        assert Fraction(exact.from_integer(value, denominator)) == Fraction(value, denominator)
    assert isinstance(exact.from_integer(1, 8), Decimal)
    assert exact.neg(Decimal("1.5")) == Decimal("-1.5")


@pytest.mark.parametrize(
    ("base", "exponent", "digits", "expected"),
    [
        (Decimal(2), Decimal(10), 4, Decimal(1024)), (Decimal(2), Decimal(10), 3, Decimal(1020)), (Fraction(1, 3), Decimal(2), 5, Decimal("0.11111")),
        (Decimal(2), Fraction(1, 3), 8, Decimal("1.2599210")), (Decimal(0), Decimal(0), 5, None), (Decimal(-2), Decimal("0.5"), 5, None),
        (Decimal(10), Decimal(301), 5, None), (Decimal(10), Decimal(300), 5, Decimal("1e300")), (Decimal(10), Decimal(-301), 5, None),
        (Decimal(-2), Decimal(3), 5, Decimal(-8)),
        (Decimal(10), Decimal(10**7), 5, None), (Decimal(2), Decimal("0.5"), 40, Decimal("1.414213562373095048801688724209698078570")),
        (Decimal(0), Decimal(-1), 5, None), (Decimal("1.5"), Decimal(0), 5, Decimal(1)), (Decimal(15), Decimal(1), 1, Decimal("2E+1")),
        (Decimal(25), Decimal(1), 1, Decimal("2E+1")),
    ],
)  # fmt: skip
def test_powers(base: Any, exponent: Any, digits: int, expected: Decimal | None) -> None:
    found = exact.power(base, exponent, digits)
    assert found == expected
    assert expected is None or (found is not None and len(found.as_tuple().digits) <= digits)


@pytest.mark.parametrize(
    ("value", "degree", "expected"),
    [
        (Decimal(27), Decimal(3), Decimal(3)), (Decimal(0), Decimal(2), Decimal(0)), (Decimal(-8), Decimal(3), None), (Decimal(5), Decimal(1), Decimal(5)),
        (Decimal(5), Decimal("0.5"), None), (Decimal(5), Decimal(0), None),
    ],
)  # fmt: skip
def test_roots(value: Any, degree: Any, expected: Decimal | None) -> None:
    found = exact.root(value, degree, 12)
    assert (None if found is None else round(found, 10)) == expected


# ---------------------------------------------------------------- rounding


@tried(150)
@given(st.integers(-(10**6), 10**6), st.sampled_from([1, 2, 3, 4, 5, 8, 10, 40, 1000]), st.integers(0, 4), st.sampled_from(ROUNDINGS))
def test_rounding_is_the_oracles(numerator: int, denominator: int, places: int, mode: str) -> None:
    value = Fraction(numerator, denominator)
    expected = oracle.rounded(value, places, mode)
    assert Fraction(round_number(value, places, mode)) == expected
    assert divide_round(numerator * 10**places, denominator, mode) == expected * 10**places
    column = np.array([numerator, -numerator, 0], dtype=np.int64)
    for kind in (np.int64, object):
        found = round_column(column.astype(kind), denominator, places, mode)
        assert found.tolist() == [expected * 10**places, -expected * 10**places, 0]
        assert found.dtype == kind
    ended = exact.simple(value)
    if isinstance(ended, Decimal):
        rounded = round_number(ended, places, mode)
        assert Fraction(rounded) == expected
        assert rounded.as_tuple().exponent == -places


def test_ties_one_by_one() -> None:
    for mode, expected in (("half_up", [3, 4, -3, 3, 1]), ("half_even", [2, 4, -2, 3, 0]), ("down", [2, 3, -2, 2, 0]), ("up", [3, 4, -3, 3, 1])):
        ties = [25, 35, -25, 26, 5]
        assert [divide_round(n, 10, mode) for n in ties] == expected
        assert [int(round_number(Decimal(n).scaleb(-1), 0, mode)) for n in ties] == expected
        assert round_column(np.array(ties), 10, 0, mode).tolist() == expected
    assert round_number(Decimal(1), 15, "half_up") == 1
    assert round_number(Decimal("1.00000000000000049"), 15, "half_up").as_tuple().exponent == -15
    assert round_number(Decimal("1.0000000000005"), 12, "half_up") == Decimal("1.000000000001")
    assert scaled(1234, 2) == Decimal("12.34")


def test_every_currencys_smallest_coin() -> None:
    assert [minor_units(code) for code in ("USD", "EUR", "JPY", "KRW", "ISK", "KWD", "BHD", "TND", "XYZ")] == [2, 2, 0, 0, 0, 3, 3, 3, 2]


@tried(150)
@given(st.integers(-(10**6), 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=7).filter(any))
def test_fair_division_is_the_oracles(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    floors = [abs(total) * weight // whole for weight in weights]
    rests = [Fraction(abs(total) * weight, whole) - floor for weight, floor in zip(weights, floors, strict=True)]
    for i in sorted(range(len(weights)), key=lambda i: (-rests[i], i))[: abs(total) - sum(floors)]:
        floors[i] += 1
    assert split_largest_remainder(total, weights) == [floor if total >= 0 else -floor for floor in floors]


def test_fair_division_of_nothing_and_to_nobody() -> None:
    assert split_largest_remainder(0, [1, 2]) == [0, 0]
    assert split_largest_remainder(1, [1]) == [1]
    assert split_largest_remainder(-1, [1, 1]) == [-1, 0]
    for weights in ([0, 0], [1, -1], [3, -1], [-2]):
        with pytest.raises(ValueError, match="weights must be non-negative with a sum above zero"):
            split_largest_remainder(10, weights)


@tried(100)
@given(st.integers(-(10**5), 10**5), st.lists(st.integers(-50, 400), min_size=1, max_size=6), st.sampled_from([0, 2, 3]))
def test_amounts_given_back_to_lines_sum_and_stay_within_a_coin(cents: int, weights: list[int], places: int) -> None:
    total, whole = Decimal(cents).scaleb(-2), sum(weights)
    parts = allocate(total, [Fraction(w) for w in weights], places, "half_up")
    if whole == 0:
        assert parts is None
        return
    assert parts is not None
    target = oracle.rounded(Fraction(total), places, "half_up")
    assert Fraction(sum(parts)) == target
    coin = Fraction(1, 10**places)
    order = []
    for i, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        share = target * weight / whole
        assert abs(Fraction(part) - share) < coin
        floor = share // coin * coin
        order.append((-(share - floor), i, Fraction(part) > floor))
    up = [raised for _, _, raised in sorted(order)]
    assert up == sorted(up, reverse=True)  # the largest remainders first, ties to the earlier part
    assert allocate(Decimal(1), [Fraction(1)], 2, "half_up") == [Decimal("1.00")]
    long = Decimal("12345678901234567890123456789012345.67")
    assert allocate(long, [Fraction(1), Fraction(0)], 2, "half_up") == [long, Decimal("0.00")]


# ---------------------------------------------------------------- tables, per period and per line


@st.composite
def step_tables(draw: Any, *, from_zero: bool) -> tuple[Steps, Tiers]:
    count = draw(st.integers(1, 4))
    bounds = sorted(draw(st.sets(st.integers(1, 480), min_size=count - 1, max_size=count - 1)))
    starts = [0 if from_zero else draw(st.sampled_from([-3, Fraction(1, 16)])), *(Fraction(bound, 8) for bound in bounds)]
    values = [Fraction(draw(st.integers(-40, 400)), 100) for _ in starts]
    below = Fraction(0) if from_zero else Fraction(draw(st.integers(-5, 5)), 10)
    includes = draw(st.sampled_from(["lower", "upper"]))
    steps = Steps("t", tuple(map(decimal, starts)), tuple(map(decimal, values)), includes, None if from_zero else decimal(below))
    return steps, Tiers(tuple(map(Fraction, starts)), tuple(values), includes, below)


def decimal(value: Any) -> Decimal:
    found = exact.simple(Fraction(value))
    assert isinstance(found, Decimal)
    return found


def with_bounds(tiers: Tiers, units: list[int], scale: int) -> tuple[list[Fraction], LineNumber]:
    """The amounts (tenths), and those at and beside every bound; as numbers and as a column."""
    xs = [Fraction(unit, 10) for unit in units]
    xs += [bound * factor + beside for bound in tiers.bounds for factor in {1, scale, -1} for beside in (0, Fraction(1, 80), -Fraction(1, 80))]
    return xs, LineNumber.of(np.array([int(x * 80) for x in xs], dtype=np.int64), 80)


XS = st.lists(st.integers(-700, 700), min_size=1, max_size=6)


def as_fractions(column: LineNumber) -> list[Fraction]:
    return [Fraction(int(value), column.denominator) for value in column.values]


@tried(150)
@given(step_tables(from_zero=True), XS, st.sampled_from([1, 2, 3]))
def test_steps_from_zero_are_the_oracles(tables: tuple[Steps, Tiers], units: list[int], scale: int) -> None:
    steps, tiers = tables
    xs, column = with_bounds(tiers, units, scale)
    for mode in ("marginal", "proportional", "excess", "stacked", "fixed"):
        method = getattr(steps, mode)
        assert [Fraction(method(decimal(x), Decimal(scale))) for x in xs] == [tiers.pay(mode, x, Fraction(scale)) for x in xs], mode
        assert [Fraction(method(decimal(x))) for x in xs] == [tiers.pay(mode, x, Fraction(1)) for x in xs], mode
        assert as_fractions(getattr(steps, f"{mode}_lines")(column)) == [tiers.pay(mode, x, Fraction(1)) for x in xs], mode
    rates = [tiers.values[tiers.step(abs(x), Fraction(1))] for x in xs]
    assert [Fraction(steps.rate(decimal(x))) for x in xs] == as_fractions(steps.rate_lines(column)) == rates
    for x in xs:
        for proportional in (False, True):
            slices = steps.slices(decimal(x), Decimal(scale), proportional)
            mode = "proportional" if proportional else "marginal"
            assert sum((Fraction(s.amount) for s in slices), Fraction(0)) == tiers.pay(mode, x, Fraction(scale))
            assert sum((Fraction(s.covered) for s in slices), Fraction(0)) == x
            bounds = [bound * scale for bound in tiers.bounds]
            assert [Fraction(s.start) for s in slices] == bounds[: len(slices)]
            assert [None if s.end is None else Fraction(s.end) for s in slices] == [*bounds[1:], None][: len(slices)]
            assert [Fraction(s.value) for s in slices] == list(tiers.values[: len(slices)])
            assert len(slices) == max(1, sum(bound < abs(x) for bound in bounds))


@tried(100)
@given(step_tables(from_zero=False), XS, st.sampled_from([1, 2]))
def test_steps_from_elsewhere_are_the_oracles(tables: tuple[Steps, Tiers], units: list[int], scale: int) -> None:
    steps, tiers = tables
    xs, column = with_bounds(tiers, units, scale)
    for mode in ("fixed", "stacked"):
        assert [Fraction(getattr(steps, mode)(decimal(x), Decimal(scale))) for x in xs] == [tiers.pay(mode, x, Fraction(scale)) for x in xs]
        assert as_fractions(getattr(steps, f"{mode}_lines")(column)) == [tiers.pay(mode, x, Fraction(1)) for x in xs]
    rates = [tiers.below if (at := tiers.step(x, Fraction(1))) < 0 else tiers.values[at] for x in xs]
    assert [Fraction(steps.rate(decimal(x))) for x in xs] == as_fractions(steps.rate_lines(column)) == rates


def test_columns_and_bounds_of_any_size() -> None:
    wide = Steps("t", (Decimal(0), Decimal(2**62)), (Decimal("0.5"), Decimal(3)))
    units = [0, 5, 2**62, 2**62 + 7, -(2**62) - 9]
    column = LineNumber.of(np.array(units, dtype=np.int64), 1)
    tiers = Tiers((Fraction(0), Fraction(2**62)), (Fraction(1, 2), Fraction(3)))
    for mode in ("marginal", "proportional", "excess", "stacked", "fixed"):
        assert as_fractions(getattr(wide, f"{mode}_lines")(column)) == [tiers.pay(mode, Fraction(unit), Fraction(1)) for unit in units], mode
    assert as_fractions(wide.rate_lines(column)) == [Fraction(1, 2), Fraction(1, 2), 3, 3, 3]


def test_bounds_values_and_sums_beyond_64_bits() -> None:
    far = Steps("t", (Decimal(0), Decimal(2**70)), (Decimal(2**65), Decimal(-(2**66))))
    tiers = Tiers((Fraction(0), Fraction(2**70)), (Fraction(2**65), Fraction(-(2**66))))
    units = [0, 1, 2**62, -5]
    column = LineNumber.of(np.array(units, dtype=np.int64), 1)
    for mode in ("marginal", "excess", "stacked", "fixed"):
        for given_column in (column, column.as_objects()):
            assert as_fractions(getattr(far, f"{mode}_lines")(given_column)) == [tiers.pay(mode, Fraction(unit), Fraction(1)) for unit in units], mode
    assert as_fractions(far.rate_lines(column)) == [2**65] * 4
    fine = Steps("t", (Decimal(0), Decimal(5)), (Decimal("0.12345678901234567891"), Decimal(7)))
    assert as_fractions(fine.rate_lines(column)) == [Fraction("0.12345678901234567891")] * 2 + [Fraction(7), Fraction(7)]
    for value in (2, 3, 4, 7):  # sums just beyond what 64 bits hold
        one = Steps("t", (Decimal(0),), (Decimal(value),))
        assert as_fractions(one.marginal_lines(column)) == [Fraction(unit * value) for unit in units]


def test_a_table_without_anything_below_gives_nothing_there() -> None:
    steps = Steps("t", (Decimal(10), Decimal(20)), (Decimal(1), Decimal(2)))
    column = LineNumber.of(np.array([-5, 9, 10, 20], dtype=np.int64), 1)
    assert [steps.rate(Decimal(x)) for x in (-5, 9, 10, 20)] == as_fractions(steps.rate_lines(column)) == [0, 0, 1, 2]
    assert [steps.stacked(Decimal(x)) for x in (-5, 9, 10, 20)] == as_fractions(steps.stacked_lines(column)) == [0, 0, 1, 3]
    assert [steps.fixed(Decimal(x)) for x in (-5, 9, 10, 20)] == as_fractions(steps.fixed_lines(column)) == [0, 0, 1, 2]
    assert steps.marginal(Decimal(15)) == 5
    assert steps.marginal(Decimal(5)) == 0
    assert steps.slices(Decimal(5)) == []
    assert as_fractions(steps.marginal_lines(column)) == [0, 0, 0, 10]


@tried(100)
@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=5, unique=True),
    st.lists(st.integers(-30, 30), min_size=5, max_size=5),
    st.integers(-100, 700),
    st.booleans(),
)
def test_curves_are_the_oracles(xs: list[int], ys: list[int], x: int, extend: bool) -> None:
    points = [(Fraction(a), Fraction(b)) for a, b in zip(sorted(xs), ys, strict=False)]
    curve = Points("c", tuple(decimal(a) for a, _ in points), tuple(decimal(b) for _, b in points), Decimal("-7.5"), extend)
    assert Fraction(curve.curve(decimal(Fraction(x, 10)))) == oracle.on_line(points, Fraction(x, 10), Fraction(-15, 2), extend)


def test_a_curve_of_one_point() -> None:
    for extend in (False, True):
        one = Points("c", (Decimal(3),), (Decimal(9),), Decimal(1), extend)
        assert [one.curve(Decimal(x)) for x in (2, 3, 4)] == [1, 9, 9]


# ---------------------------------------------------------------- grids


def axis_oracle(at: list[int], includes: str, x: Fraction) -> int:
    """The cell of x within the bounds."""
    return max(i for i, bound in enumerate(at) if bound < x or (bound == x and (includes == "lower" or i == 0)))


@tried(120)
@given(st.sampled_from(["lower", "upper"]), st.sampled_from(["edge", "undefined", "7"]), st.sampled_from(["edge", "undefined", "8"]), XS)
def test_grids_of_figures_and_texts(includes: str, below: str, above: str, units: list[int]) -> None:
    at = [0, 10, 30]
    rules: dict[str, Any] = {"7": Decimal(7), "8": Decimal(8)}
    number = Dimension("x", tuple(map(Decimal, at)), includes=includes, below=rules.get(below, below), above=rules.get(above, above))
    code = Dimension("r", labels=("north", "south"), below="undefined")
    grid = Grid("g", (number, code), tuple(Decimal(n) for n in (1, 2, 3, 4, 5, 6)))
    assert (number.kind, number.size, code.kind, code.size) == ("number", 3, "code", 2)
    units = [*units, -1, 0, 1, 99, 100, 101, 299, 300, 301]  # at and beside every bound
    for unit in units:
        x = Fraction(unit, 10)
        for place, region in enumerate(("north", "south")):
            rule = below if x < 0 else above if x > 30 else None
            cell = 0 if x < 0 else 2 if x > 30 else axis_oracle(at, includes, x)
            expected = {None: Decimal(2 * cell + place + 1), "edge": Decimal(2 * cell + place + 1), "undefined": None}.get(rule, rules.get(rule or ""))
            assert grid.lookup([decimal(x), region]) == expected
    assert grid.lookup([Decimal(5), "west"]) is None
    assert grid.can_be_undefined
    column = LineNumber.of(np.array(units, dtype=np.int64), 10)
    expected_places = [-1 if u < 0 else 3 if u > 300 else axis_oracle(at, includes, Fraction(u, 10)) for u in units]
    assert number_places(number, column).tolist() == expected_places


@pytest.mark.parametrize("includes", ["lower", "upper"])
def test_lines_between_three_points(includes: str) -> None:
    """On a straight line it makes no difference to which side a point belongs."""
    points = [(Fraction(0), Fraction(5)), (Fraction(10), Fraction(25)), (Fraction(14), Fraction(-3))]
    axis = Dimension("x", tuple(decimal(x) for x, _ in points), between="linear", includes=includes, below="edge", above=Decimal(77))
    grid = Grid("g", (axis,), tuple(decimal(y) for _, y in points))
    for x in (0, 3, 10, 11, 13, 14):
        assert Fraction(grid.lookup([Decimal(x)]) or 0) == oracle.on_line(points, Fraction(x), Fraction(0), False)
    assert (grid.lookup([Decimal(-1)]), grid.lookup([Decimal(15)])) == (5, 77)
    assert axis.find(Decimal(10)) == [(1, Decimal(1))]
    curve = Points("c", tuple(decimal(x) for x, _ in points), tuple(decimal(y) for _, y in points), Decimal(0), True)
    assert curve.curve(Decimal(20)) == -45


def test_places_along_an_axis_of_any_size_and_scale() -> None:
    for bounds in ((0, 10, 2**62), (-(2**63) + 5, 0, 3), (0, 1, 2**70)):
        axis = Dimension("x", tuple(map(Decimal, bounds)))
        for units, denominator in (([0, 3, 10, 2**62 - 1, -7, -(2**62)], 1), ([0, 35, 100, 2**61, -70], 10), ([0, 7, 30, 31, -1], 3)):
            column = LineNumber.of(np.array(units, dtype=np.int64), denominator)
            expected = []
            for unit in units:
                x = Fraction(unit, denominator)
                expected.append(-1 if x < bounds[0] else 3 if x > bounds[-1] else axis_oracle(list(bounds), "lower", x))
            assert number_places(axis, column).tolist() == expected
    halves = Dimension("x", (Decimal("0.5"), Decimal("1.25")))
    assert number_places(halves, LineNumber.of(np.array([4, 5, 12, 13], dtype=np.int64), 10)).tolist() == [-1, 0, 0, 2]


def test_lines_between_points_of_two_axes() -> None:
    flat = {"between": "linear", "below": "edge", "above": "edge"}
    grid = Grid(
        "g",
        (Dimension("x", (Decimal(0), Decimal(10)), **flat), Dimension("y", (Decimal(0), Decimal(4)), **flat)),  # type: ignore[arg-type]
        (Decimal(0), Decimal(8), Decimal(100), Decimal(208)),
    )
    for x, y in itertools.product((-5, 0, 3, 10, 11), (-1, 0, 1, 4, 9)):
        a, b = Fraction(min(max(x, 0), 10), 10), Fraction(min(max(y, 0), 4), 4)
        expected = (1 - a) * (1 - b) * 0 + (1 - a) * b * 8 + a * (1 - b) * 100 + a * b * 208
        assert Fraction(grid.lookup([Decimal(x), Decimal(y)]) or 0) == expected
    assert not grid.can_be_undefined
    assert not grid.whole_cells


def test_what_stands_outside_per_line_and_undefined_cells() -> None:
    x = Dimension("x", (Decimal(0), Decimal(10)), below=Decimal("-1.5"), above="edge")
    y = Dimension("y", (Decimal(0), Decimal(5)), below="edge", above=Decimal(99))
    r = Dimension("r", labels=("a", "b"), below=Decimal(50))
    grid = Grid("g", (x, y, r), tuple(Decimal(n) for n in range(8)))
    assert grid.whole_cells
    spots = list(itertools.product((-1, 0, 1, 2), (-1, 0, 1, 2), (-1, 0, 1)))
    values = (
        {-1: Decimal(-3), 0: Decimal(1), 1: Decimal(10), 2: Decimal(20)},
        {-1: Decimal(-3), 0: Decimal(1), 1: Decimal(5), 2: Decimal(20)},
        {-1: "z", 0: "a", 1: "b"},
    )
    one_by_one = [grid.lookup([axis[place] for axis, place in zip(values, spot, strict=True)]) for spot in spots]  # type: ignore[index]
    lines = grid.lookup_lines([np.array(column) for column in zip(*spots, strict=True)])
    assert as_fractions(lines) == [Fraction(value) for value in one_by_one if value is not None]
    assert len(one_by_one) == len(spots)
    holes = Grid("g", (x,), (None, Decimal(4)))
    assert (holes.can_be_undefined, holes.whole_cells) == (True, False)
    assert (holes.lookup([Decimal(3)]), holes.lookup([Decimal(10)]), holes.lookup([Decimal(-3)])) == (None, 4, Decimal("-1.5"))
    big = Grid("g", (x,), (Decimal(2**62), Decimal(4)))
    assert as_fractions(big.lookup_lines([np.array([0, 1])])) == [2**62, 4]


def test_a_table_that_changes_at_a_date() -> None:
    old, new = Points("c", (Decimal(0),), (Decimal(1),), Decimal(0)), Points("c", (Decimal(0),), (Decimal(2),), Decimal(0))
    dated = Dated("c", (0, 100), (old, new))
    assert [table_at(dated, day) for day in (0, 99, 100, 101)] == [old, old, new, new]
    assert table_at(new, 5) is new
    assert (table_sample(dated), table_sample(new)) == (old, new)
