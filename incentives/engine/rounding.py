"""The one home of rounding: modes, currency minor units, exact rounding of numbers and columns, fair splitting.

Modes: `half_up` (ties away from zero), `half_even` (ties to the even neighbour), `down` (towards zero), `up` (away
from zero). All of them are symmetric: rounding -x is minus rounding x, so that a reversal cancels its original.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, InvalidOperation, Overflow
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

MODES = ("half_up", "half_even", "down", "up")
INT64_MAX = 2**63 - 1
# Wide enough that nothing but the asked rounding ever happens; more digits than that raise InvalidOperation.
_WIDE = Context(prec=400, traps=[InvalidOperation, Overflow])
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(13))
_DECIMAL_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}

_ZERO = frozenset(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"])
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def minor_units(currency: str) -> int:
    """Decimals of the currency's minor unit.

    >>> [minor_units(code) for code in ("USD", "JPY", "KWD")]
    [2, 0, 3]
    """
    return 0 if currency in _ZERO else 3 if currency in _THREE else 2


def divide_round(numerator: int, denominator: int, mode: str) -> int:
    """`numerator / denominator` (denominator > 0) rounded to an integer.

    >>> [divide_round(n, 10, "half_up") for n in (25, -25, 24)]
    [3, -3, 2]
    >>> [divide_round(n, 10, "half_even") for n in (25, 35, -25)]
    [2, 4, -2]
    """
    quotient, rest = divmod(abs(numerator), denominator)
    if mode == "half_up":
        quotient += 2 * rest >= denominator
    elif mode == "half_even":
        quotient += 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1)
    elif mode == "up":
        quotient += rest > 0
    elif mode != "down":
        raise ValueError(f"rounding mode {mode!r} is unknown; use one of {', '.join(MODES)}")
    return -quotient if numerator < 0 else quotient


def round_number(value: Decimal | Fraction | int, places: int, mode: str) -> Decimal:
    """An exact number rounded to `places` decimals; the result always carries that many.

    >>> round_number(Decimal("4.525"), 2, "half_up"), round_number(Fraction(1, 3), 4, "up")
    (Decimal('4.53'), Decimal('0.3334'))
    """
    if isinstance(value, Decimal):
        if mode not in _DECIMAL_MODES:
            raise ValueError(f"rounding mode {mode!r} is unknown; use one of {', '.join(MODES)}")
        return value.quantize(_UNITS[places] if places < len(_UNITS) else Decimal(1).scaleb(-places), _DECIMAL_MODES[mode], _WIDE)
    numerator, denominator = value.as_integer_ratio()
    return scaled(divide_round(numerator * 10**places, denominator, mode), places)


def scaled(integer: int, places: int) -> Decimal:
    """The integer as a decimal with `places` decimals, exactly, however long.

    >>> scaled(1234, 2)
    Decimal('12.34')
    """
    return Decimal(integer).scaleb(-places, _WIDE)


def round_column(values: npt.NDArray[Any], denominator: int, places: int, mode: str) -> npt.NDArray[Any]:
    """A column of integers over `denominator` rounded to integers over 10**places.

    int64 columns stay int64; the caller has made sure that `|values| * 10**places` fits (or gives an object column
    of Python integers, which is exact at any size).
    """
    multiplier = 10**places
    if denominator == multiplier:
        return values
    if multiplier % denominator == 0:
        scaled_up: npt.NDArray[Any] = values * (multiplier // denominator)
        return scaled_up
    if denominator % multiplier == 0:
        denominator //= multiplier
    else:
        values = values * multiplier
    if values.dtype == object:
        return np.array([divide_round(int(v), denominator, mode) for v in values], dtype=object)
    return round_quotients(values, denominator, mode)


def round_quotients(values: npt.NDArray[Any], denominator: int | npt.NDArray[Any], mode: str) -> npt.NDArray[Any]:
    """Each of the int64 `values` over `denominator` (above zero; one for all, or each its own) rounded to an integer.

    >>> round_quotients(np.array([25, -25, 24]), np.array([10, 10, 5]), "half_up").tolist()
    [3, -3, 5]
    """
    size = np.abs(values)
    quotient = size // denominator
    rest = size - quotient * denominator
    if mode == "half_up":
        quotient += rest >= denominator - rest
    elif mode == "half_even":
        quotient += (rest > denominator - rest) | ((rest == denominator - rest) & (quotient % 2 == 1))
    elif mode == "up":
        quotient += rest > 0
    elif mode != "down":
        raise ValueError(f"rounding mode {mode!r} is unknown; use one of {', '.join(MODES)}")
    signed: npt.NDArray[Any] = np.where(values < 0, -quotient, quotient)
    return signed


def split_largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Split an integer in proportion to non-negative weights so that the parts sum to it exactly.

    Each part gets its share rounded towards zero; the units left over go to the largest remainders, ties to the
    earlier part.

    >>> split_largest_remainder(8400000, [200000, 300000, 220000])
    [2333333, 3500000, 2566667]
    >>> split_largest_remainder(-100, [1, 1, 1])
    [-34, -33, -33]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative with a sum above zero")
    sign, size = (-1 if total < 0 else 1), abs(total)
    parts = [size * weight // whole for weight in weights]
    left = size - sum(parts)
    order = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
    for i in order[:left]:
        parts[i] += 1
    return [sign * part for part in parts]


def split_columns(totals: npt.NDArray[Any], weights: npt.NDArray[Any], group: npt.NDArray[Any], whole: int) -> npt.NDArray[Any]:
    """`split_largest_remainder` for many groups of neighbouring rows at once: each row has its group's total and a weight of its own,
    and the weights of a group sum to `whole`. int64; the caller has made sure that `|totals| * whole` fits.

    >>> split_columns(np.array([100, 100, 100, -5, -5]), np.array([3, 3, 4, 5, 5]), np.array([0, 0, 0, 1, 1]), 10).tolist()
    [30, 30, 40, -3, -2]
    """
    if not len(totals):
        return totals
    product = np.abs(totals) * weights
    parts = product // whole
    rest = product - parts * whole
    first = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    counts = np.diff(np.append(first, len(group)))
    left = np.abs(totals[first]) - np.add.reduceat(parts, first)
    order = np.lexsort((np.arange(len(group)), -rest, group))
    rank = np.arange(len(group)) - np.repeat(first, counts)  # of the rows in that order: groups are together, and ascending
    parts[order] += rank < np.repeat(left, counts)
    signed: npt.NDArray[Any] = np.where(totals < 0, -parts, parts)
    return signed


def allocate(total: Decimal | Fraction, weights: Sequence[Fraction], places: int, mode: str) -> list[Decimal] | None:
    """An amount divided in proportion to weights of any sign into parts of `places` decimals that sum to it (rounded to
    them) exactly: each part is rounded down, what is left over goes to the largest remainders, ties to the earlier
    part. None where the weights sum to zero.

    >>> allocate(Decimal(100), [Fraction(1), Fraction(1), Fraction(1)], 2, "half_up")
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    whole = sum(weights, Fraction(0))
    if whole == 0:
        return None
    units = int(round_number(total, places, mode).scaleb(places, _WIDE))
    exact_parts = [units * weight / whole for weight in weights]
    parts = [part.numerator // part.denominator for part in exact_parts]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact_parts[i], i))
    for i in order[: units - sum(parts)]:
        parts[i] += 1
    return [scaled(part, places) for part in parts]
