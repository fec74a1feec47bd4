"""Numbers per line: int64 columns over one denominator, with an overflow guard.

Every operation knows an upper bound of its result beforehand. A result that might not fit int64 is computed on
Python integers instead: slower, never wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .rounding import round_column

LIMIT = 2**63 - 1
MAX_BITS = 1000


def bound_of(values: Any) -> int:
    """Largest absolute value of a column, at least 1."""
    array = np.asarray(values)
    if array.size == 0:
        return 1
    return max(1, abs(int(array.max())), abs(int(array.min())))


@dataclass(frozen=True)
class LineNumber:
    """value = values / denominator; |values| <= bound. A constant is a column of length one."""

    values: npt.NDArray[Any]
    denominator: int
    bound: int

    @staticmethod
    def of(values: npt.NDArray[Any], denominator: int) -> LineNumber:
        """A column whose bound is measured."""
        return LineNumber(values, denominator, bound_of(values))

    @staticmethod
    def constant(numerator: int, denominator: int) -> LineNumber:
        """The same number on every line."""
        kind: Any = np.int64 if abs(numerator) <= LIMIT else object
        return LineNumber(np.array([numerator], dtype=kind), denominator, max(1, abs(numerator)))

    def as_objects(self) -> LineNumber:
        """The same column in Python integers."""
        return LineNumber(self.values.astype(object), self.denominator, self.bound)

    def over(self, denominator: int) -> LineNumber:
        """The same numbers over a multiple of the denominator."""
        factor = denominator // self.denominator
        if factor == 1:
            return self
        bound = self.bound * factor
        values = self.values.astype(object) if bound > LIMIT else self.values
        return LineNumber(values * factor, denominator, bound)

    def plus(self, other: LineNumber, sign: int = 1) -> LineNumber:
        """self + other (sign 1) or self - other (sign -1)."""
        a, b = common(self, other)
        bound = a.bound + b.bound
        left, right = _fit(bound, a.values, b.values)
        return LineNumber(left + right if sign > 0 else left - right, a.denominator, bound)

    def times(self, other: LineNumber) -> LineNumber:
        """self x other."""
        bound = self.bound * other.bound
        left, right = _fit(bound, self.values, other.values)
        return LineNumber(left * right, self.denominator * other.denominator, bound)

    def divided(self, numerator: int, denominator: int) -> LineNumber:
        """self / (numerator / denominator), the divisor being a constant other than zero."""
        sign = -1 if numerator < 0 else 1
        up, down = sign * denominator, abs(numerator)
        shared = gcd(up, down)
        up, down = up // shared, down // shared
        bound = self.bound * abs(up)
        (values,) = _fit(bound, self.values)
        return LineNumber(values * up, self.denominator * down, bound)

    def negated(self) -> LineNumber:
        """-self"""
        return LineNumber(-self.values, self.denominator, self.bound)

    def rounded(self, places: int, mode: str) -> LineNumber:
        """Rounded to `places` decimals."""
        if self.denominator == 10**places:
            return self
        bound = self.bound * 10**places
        (values,) = _fit(max(2 * bound, self.denominator), self.values)
        result = round_column(values, self.denominator, places, mode)
        return LineNumber(result, 10**places, bound // self.denominator + 1)

    def taken(self, keep: Any) -> LineNumber:
        """The lines selected by a mask, slice or index; constants stay constants."""
        return self if len(self.values) == 1 else LineNumber(self.values[keep], self.denominator, self.bound)

    def wide(self, length: int) -> npt.NDArray[Any]:
        """The column with one value per line."""
        return self.values if len(self.values) == length else np.broadcast_to(self.values, (length,))


def _fit(bound: int, *arrays: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    if bound.bit_length() > MAX_BITS:
        raise InputError("a line formula grows beyond 300 digits; lower its powers")
    return tuple(array.astype(object) for array in arrays) if bound > LIMIT else arrays


def common(a: LineNumber, b: LineNumber) -> tuple[LineNumber, LineNumber]:
    """Both over one denominator."""
    denominator = lcm(a.denominator, b.denominator)
    return a.over(denominator), b.over(denominator)
