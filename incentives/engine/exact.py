"""Exact arithmetic per payee and period: Decimal while a result ends, Fraction where a quotient does not.

No operation here rounds. Powers and roots cannot be exact: they state their precision in significant digits.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from fractions import Fraction

from .errors import OverflowGuard
from .said import said

Number = Decimal | Fraction
MAX_BITS = 1000

ZERO, ONE = Decimal(0), Decimal(1)
_EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, Overflow, Clamped])
_QUOTIENT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, Overflow])
_POWERS = {10**places: places for places in range(31)}
_TRAPPED = (Inexact, Overflow, Rounded, Clamped)


def add(a: Number, b: Number) -> Number:
    """a + b"""
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return _EXACT.add(a, b)
        except _TRAPPED:
            pass
    return simple(Fraction(a) + Fraction(b))


def sub(a: Number, b: Number) -> Number:
    """a - b"""
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return _EXACT.subtract(a, b)
        except _TRAPPED:
            pass
    return simple(Fraction(a) - Fraction(b))


def mul(a: Number, b: Number) -> Number:
    """a x b"""
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return _EXACT.multiply(a, b)
        except _TRAPPED:
            pass
    return simple(Fraction(a) * Fraction(b))


def div(a: Number, b: Number) -> Number:
    """a / b for b other than zero.

    >>> div(Decimal(1), Decimal(8)), div(Decimal(1), Decimal(3))
    (Decimal('0.125'), Fraction(1, 3))
    """
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return _QUOTIENT.divide(a, b)
        except _TRAPPED:
            pass
    (n, d), (by, over) = a.as_integer_ratio(), b.as_integer_ratio()
    return simple(Fraction(n * over, d * by))


def neg(a: Number) -> Number:
    """-a"""
    return sub(ZERO, a)


def simple(value: Fraction) -> Number:
    """A Decimal when the fraction ends, else the fraction itself: one value has one form. OverflowGuard when it is
    beyond any money (300 digits)."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise OverflowGuard(said("a number has more than 300 digits"))
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest //= 2
        twos += 1
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    if rest != 1:
        return value
    places = max(twos, fives)
    integer = value.numerator * 10**places // value.denominator
    return Decimal((1 if integer < 0 else 0, tuple(map(int, str(abs(integer)))), -places))


def from_integer(value: int, denominator: int) -> Number:
    """An integer over a denominator as an exact number."""
    places = _POWERS.get(denominator)
    if places is not None:
        return _EXACT.scaleb(Decimal(value), -places)
    return simple(Fraction(value, denominator))


def power(base: Number, exponent: Number, digits: int) -> Decimal | None:
    """base ** exponent to `digits` significant digits, half even; None where it is not defined."""
    context = Context(prec=digits + 10, rounding=ROUND_HALF_EVEN, traps=[])
    try:
        result = context.power(_decimal(base, context), _decimal(exponent, context))
    except InvalidOperation:
        return None
    if not result.is_finite() or abs(result.adjusted()) > 300:
        return None
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, traps=[]).plus(result)


def root(value: Number, degree: Number, digits: int) -> Decimal | None:
    """The degree-th root to `digits` significant digits; None for a negative value or a degree below one."""
    if value < 0 or degree < 1:
        return None
    return power(value, div(ONE, degree), digits)


def _decimal(value: Number, context: Context) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def text(value: Number) -> str:
    """Canonical text: plain decimals without trailing zeros, "n/d" where the quotient does not end.

    >>> text(Decimal("10.500")), text(Decimal("-0")), text(Fraction(1, 3))
    ('10.5', '0', '1/3')
    """
    # By exact type first: asking for an abstract class, as Fraction has, costs more than the rest.
    if type(value) is not Decimal and isinstance(value, Fraction):
        value = simple(value)
        if isinstance(value, Fraction):
            return f"{value.numerator}/{value.denominator}"
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain
