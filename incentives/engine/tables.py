"""Rate tables: steps (tiers) and points (curves), read exactly per period and vectorised per line.

Steps are contiguous; `includes` says to which step a bound belongs: `lower` (from <= x < to) or `upper`
(from < x <= to). When the first step starts at 0, a negative x mirrors the positive one, f(-x) = -f(x) in the sums
and rate(-x) = rate(x), so that a refund takes back what the sale gave. What chooses the rate of a base that is not negative
(`by`: growth, a margin) mirrors nothing: below 0 it is in no step above 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from .columns import LineNumber, common
from .exact import ONE, ZERO, Number, add, div, mul, neg, sub


class Slice(NamedTuple):
    """The part of x that fell into one step: `covered` x `value` = `amount` (x / width when proportional)."""

    start: Number
    end: Number | None
    covered: Number
    value: Number
    amount: Number


@dataclass(frozen=True)
class Steps:
    """Tiers: starts ascending, each step ending where the next starts, the last one open."""

    name: str
    starts: tuple[Decimal, ...]
    values: tuple[Decimal, ...]
    includes: str = "lower"
    below: Decimal | None = None

    @property
    def mirrored(self) -> bool:
        """Does a negative x mirror the positive one?"""
        return self.starts[0] == 0

    def rate(self, x: Number, scale: Number = ONE) -> Number:
        """The value of the step in which x lies, bounds multiplied by `scale`."""
        if x < 0 and self.mirrored:
            x = neg(x)
        starts = self.starts if scale == 1 else [mul(start, scale) for start in self.starts]
        find = bisect_right if self.includes == "lower" else bisect_left
        index = find(starts, x) - 1
        if index < 0 and x == starts[0]:
            index = 0
        if index < 0:
            return self.below if self.below is not None else ZERO
        return self.values[index]

    def rate_by(self, x: Number, scale: Number = ONE) -> Number:
        """The rate that x chooses for a base that is not negative: below a table from 0 its `below`, else its first step."""
        if x < 0 and self.mirrored:
            return self.values[0] if self.below is None else self.below
        return self.rate(x, scale)

    def slices(self, x: Number, scale: Number = ONE, proportional: bool = False) -> list[Slice]:
        """x cut at the bounds (multiplied by `scale`), each part with its value. Amounts add up to the result.

        A negative scale (a negative quota) has no meaning and gives no slices.
        """
        if x < 0 and self.mirrored:
            return [Slice(s.start, s.end, neg(s.covered), s.value, neg(s.amount)) for s in self.slices(neg(x), scale, proportional)]
        found = []
        for i, start in enumerate(self.starts):
            low = mul(start, scale)
            next_start = self.starts[i + 1] if i + 1 < len(self.starts) else None
            high = None if next_start is None else mul(next_start, scale)
            if x <= low and i > 0:
                break
            covered = sub(x if high is None or x < high else high, low)
            if covered < 0:
                break
            if proportional:
                share = ZERO if high is None else div(covered, sub(high, low))
                amount = mul(share, self.values[i])
            else:
                amount = mul(covered, self.values[i])
            found.append(Slice(low, high, covered, self.values[i], amount))
        return found

    def marginal(self, x: Number, scale: Number = ONE) -> Number:
        """Sum over the steps of (part of x in the step) x (value of the step)."""
        if x < 0 and self.mirrored:
            return neg(self.marginal(neg(x), scale))
        total: Number = ZERO
        low = mul(self.starts[0], scale)
        for i, value in enumerate(self.values):
            last = i + 1 == len(self.values)
            high = x if last else mul(self.starts[i + 1], scale)
            if last or x <= high:
                return add(total, mul(sub(x, low), value)) if x > low else total
            total = add(total, mul(sub(high, low), value))
            low = high
        return total

    def stacked(self, x: Number, scale: Number = ONE) -> Number:
        """Sum of the values of all steps that x has reached; below 0 as at 0."""
        reached = self._reached(x, scale)
        total: Number = ZERO if reached >= 0 or self.below is None else self.below
        for value in self.values[: reached + 1]:
            total = add(total, value)
        return total

    def fixed(self, x: Number, scale: Number = ONE) -> Number:
        """The value of the highest step that x has reached, as an amount; below 0 as at 0."""
        return self.rate(ZERO if x < 0 and self.mirrored else x, scale)

    def excess(self, x: Number, scale: Number = ONE) -> Number:
        """What lies in the first step at its value, all above it at the value of the step in which x lies."""
        if x < 0 and self.mirrored:
            return neg(self.excess(neg(x), scale))
        bound = None if len(self.starts) < 2 else mul(self.starts[1], scale)
        if bound is None or x <= bound:
            return mul(x, self.values[0])
        return add(mul(bound, self.values[0]), mul(sub(x, bound), self.rate(x, scale)))

    def _reached(self, x: Number, scale: Number) -> int:
        x = ZERO if x < 0 and self.mirrored else x
        starts = self.starts if scale == 1 else [mul(start, scale) for start in self.starts]
        index = (bisect_right if self.includes == "lower" else bisect_left)(starts, x) - 1
        return 0 if index < 0 and x == starts[0] else index

    def proportional(self, x: Number, scale: Number = ONE) -> Number:
        """Sum over the steps of (value) x (covered share of the step's width); the open step adds nothing."""
        total: Number = ZERO
        for part in self.slices(x, scale, proportional=True):
            total = add(total, part.amount)
        return total

    # ---- per line

    def rate_lines(self, x: LineNumber) -> LineNumber:
        """`rate` for a column."""
        x, starts = self._common(x)
        values, denominator = integers((self.below if self.below is not None else ZERO, *self.values))
        numbers = np.abs(x.values) if self.mirrored else x.values
        side: Any = "right" if self.includes == "lower" else "left"
        keys = np.array(starts, dtype=object if np.asarray(numbers).dtype == object else np.int64)
        index = np.searchsorted(keys, numbers, side=side)
        index = np.where(numbers == keys[0], 1, index)
        kind: Any = np.int64 if max(map(abs, values)) < 2**62 else object
        return LineNumber.of(np.array(values, dtype=kind)[index], denominator)

    def stacked_lines(self, x: LineNumber) -> LineNumber:
        """`stacked` for a column."""
        below = self.below if self.below is not None else ZERO
        sums: list[Number] = [below]
        for value in self.values:
            sums.append(add(sums[-1] if len(sums) > 1 else ZERO, value))
        return self._read(x, tuple(sums), self.mirrored)

    def fixed_lines(self, x: LineNumber) -> LineNumber:
        """`fixed` for a column."""
        return self._read(x, (self.below if self.below is not None else ZERO, *self.values), self.mirrored)

    def excess_lines(self, x: LineNumber) -> LineNumber:
        """`excess` for a column."""
        size = LineNumber(np.abs(x.values), x.denominator, x.bound) if self.mirrored else x
        if len(self.starts) < 2:
            return x.times(self._constant(self.values[0]))
        a, b = common(size, self._constant(self.starts[1]))
        first = LineNumber(np.minimum(a.values, b.values), a.denominator, max(a.bound, b.bound))
        rest = size.plus(first, -1)
        total = first.times(self._constant(self.values[0])).plus(rest.times(self.rate_lines(size)))
        return LineNumber(np.where(x.values < 0, -total.values, total.values), total.denominator, total.bound) if self.mirrored else total

    @staticmethod
    def _constant(value: Decimal) -> LineNumber:
        (whole,), denominator = integers([value])
        return LineNumber.constant(whole, denominator)

    def _read(self, x: LineNumber, values: tuple[Number, ...], at_zero: bool) -> LineNumber:
        """The value of the step of each line, `values[0]` below the first."""
        x, starts = self._common(x)
        whole, denominator = integers(values)
        column = np.maximum(x.values, 0) if at_zero else x.values
        keys = np.array(starts, dtype=object if np.asarray(column).dtype == object else np.int64)
        side: Any = "right" if self.includes == "lower" else "left"
        index = np.where(column == keys[0], 1, np.searchsorted(keys, column, side=side))
        kind: Any = np.int64 if max(map(abs, whole)) < 2**62 else object
        return LineNumber.of(np.array(whole, dtype=kind)[index], denominator)

    def marginal_lines(self, x: LineNumber) -> LineNumber:
        """`marginal` for a column."""
        return self._sum_lines(x, list(self.values))

    def proportional_lines(self, x: LineNumber) -> LineNumber:
        """`proportional` for a column."""
        ends = [*self.starts[1:], None]
        weights = [
            Fraction(0) if end is None else Fraction(value) / (Fraction(end) - Fraction(start))
            for start, end, value in zip(self.starts, ends, self.values, strict=True)
        ]
        return self._sum_lines(x, weights)

    def _sum_lines(self, x: LineNumber, weights: list[Any]) -> LineNumber:
        x, starts = self._common(x)
        factors, denominator = integers(weights)
        if x.bound * max(1, sum(abs(factor) for factor in factors)) >= 2**63:
            x = x.as_objects()
        size = np.abs(x.values) if self.mirrored else x.values
        total: Any = np.zeros_like(size)
        for i, factor in enumerate(factors):
            high = starts[i + 1] if i + 1 < len(starts) else None
            part = np.maximum(size, starts[i]) - starts[i] if high is None else np.clip(size, starts[i], high) - starts[i]
            if factor:
                total = total + part * factor
        if self.mirrored:
            total = np.where(x.values < 0, -total, total)
        return LineNumber.of(total, x.denominator * denominator)

    def _common(self, x: LineNumber) -> tuple[LineNumber, list[int]]:
        whole, denominator = integers(self.starts)
        both = lcm(denominator, x.denominator)
        x = x.over(both)
        whole = [value * (both // denominator) for value in whole]
        return (x.as_objects() if any(abs(value) >= 2**62 for value in whole) else x), whole


@dataclass(frozen=True)
class Points:
    """A curve: straight lines between points; `below` the first; the last value (or `extend` its slope) beyond."""

    name: str
    xs: tuple[Decimal, ...]
    ys: tuple[Decimal, ...]
    below: Decimal
    extend: bool = False

    def curve(self, x: Number) -> Number:
        """The value at x, exactly."""
        if x < self.xs[0]:
            return self.below
        if x >= self.xs[-1]:
            if not self.extend or len(self.xs) < 2:
                return self.ys[-1]
            index = len(self.xs) - 2
        else:
            index = bisect_right(self.xs, x) - 1
        x0, y0 = self.xs[index], self.ys[index]
        slope = div(sub(self.ys[index + 1], y0), sub(self.xs[index + 1], x0))
        return add(y0, mul(slope, sub(x, x0)))


def integers(numbers: Any) -> tuple[list[int], int]:
    """Numbers as integers over their least common denominator."""
    fractions = [Fraction(number) for number in numbers]
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    return [fraction.numerator * (denominator // fraction.denominator) for fraction in fractions], denominator
