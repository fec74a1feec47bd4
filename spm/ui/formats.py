"""Numbers, money and dates as people read them, in the page's language. Pure: the locale is an argument.

Nothing is hidden: money shows every decimal that is not zero, at least the currency's minor units. A missing value is NIL, never 0.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_compact_currency, format_compact_decimal, format_currency, format_decimal, format_percent, get_currency_precision

NIL = "—"


def decimal_of(amount: int | Decimal, scale: int = 0) -> Decimal:
    """An integer at a scale as an exact Decimal; a Decimal stays as it is.

    >>> decimal_of(12345, 2)
    Decimal('123.45')
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        raise TypeError(f"Money is an int at a scale or a Decimal, not {type(amount).__name__}: {amount!r}")
    if isinstance(amount, Decimal):
        return amount
    return Decimal(amount).scaleb(-scale)


def _fraction_pattern(value: Decimal, at_least: int) -> str:
    exponent = value.normalize().as_tuple().exponent
    needed = max(-exponent if isinstance(exponent, int) and exponent < 0 else 0, at_least)
    return "#,##0" + ("." + "0" * needed if needed else "")


def money_text(value: Decimal | None, currency: str, locale: str, *, sign: bool = False) -> str:
    """Money in full: at least the currency's minor units, more when the value has them.

    >>> money_text(Decimal("80487704.1832"), "USD", "en")
    '$80,487,704.1832'
    >>> money_text(Decimal("0"), "USD", "en"), money_text(None, "USD", "en")
    ('$0.00', '—')
    >>> money_text(Decimal("-5"), "JPY", "en"), money_text(Decimal("5"), "USD", "en", sign=True)
    ('-¥5', '+$5.00')
    """
    if value is None:
        return NIL
    number = _fraction_pattern(value, get_currency_precision(currency))
    positive = f"¤{number}" if locale.startswith("en") else f"{number}\u00a0¤"
    text = format_currency(abs(value), currency, format=positive, locale=locale, currency_digits=False)
    return ("-" if value < 0 else "+" if sign and value > 0 else "") + text


def money_short(value: Decimal | None, currency: str, locale: str) -> str:
    """Money for a tight place, about three figures; give the full text in a title beside it.

    >>> money_short(Decimal("80487704.18"), "USD", "en"), money_short(None, "USD", "en")
    ('$80.5M', '—')
    """
    if value is None:
        return NIL
    if abs(value) < 1000:
        return money_text(value.quantize(Decimal(1)) if value == value.to_integral_value() else value, currency, locale)
    return str(format_compact_currency(value, currency, locale=locale, fraction_digits=1))


def number_text(value: Decimal | int | None, locale: str, *, digits: int | None = None, sign: bool = False) -> str:
    """A number with grouping; all its decimals, or `digits` of them rounded half up.

    >>> number_text(Decimal("1234.50"), "en"), number_text(0, "en"), number_text(None, "en")
    ('1,234.5', '0', '—')
    """
    if value is None:
        return NIL
    exact = Decimal(value)
    if digits is not None:
        exact = exact.quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
    else:
        pattern = _fraction_pattern(exact, 0)
    text = format_decimal(abs(exact), format=pattern, locale=locale, decimal_quantization=False)
    return ("-" if exact < 0 else "+" if sign and exact > 0 else "") + text


def number_short(value: Decimal | int | None, locale: str) -> str:
    """
    >>> number_short(1260000, "en")
    '1.3M'
    """
    return NIL if value is None else str(format_compact_decimal(value, locale=locale, fraction_digits=1))


def percent_text(ratio: Decimal | None, locale: str, *, digits: int = 1, sign: bool = False) -> str:
    """A ratio as a percentage, rounded half up: 0.8549 is 85.5%.

    >>> percent_text(Decimal("0.8545"), "en"), percent_text(Decimal("1"), "en", digits=0), percent_text(None, "en")
    ('85.5%', '100%', '—')
    """
    if ratio is None:
        return NIL
    rounded = Decimal(ratio).quantize(Decimal(1).scaleb(-digits - 2), rounding="ROUND_HALF_UP")
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + ("%" if locale.startswith("en") else "\u00a0%")
    text = str(format_percent(abs(rounded), format=pattern, locale=locale))
    return ("-" if rounded < 0 else "+" if sign and rounded > 0 else "") + text


def day_text(value: dt.date | None, locale: str, *, style: str = "medium") -> str:
    """
    >>> day_text(dt.date(2025, 3, 9), "en"), day_text(None, "en")
    ('Mar 9, 2025', '—')
    """
    return NIL if value is None else str(format_date(value, format=style, locale=locale))


def moment_text(value: dt.datetime | None, locale: str, zone: dt.tzinfo, *, style: str = "medium") -> str:
    """A moment in the given zone, to the minute."""
    if value is None:
        return NIL
    local = value.astimezone(zone)
    return f"{format_date(local, format=style, locale=locale)}, {format_time(local, format='short', locale=locale)}"


def moment_exact(value: dt.datetime, locale: str, zone: dt.tzinfo) -> str:
    """A moment with seconds and zone, for titles and machines that ask."""
    return str(format_datetime(value.astimezone(zone), format="long", locale=locale))


def span_text(start: dt.date | None, end: dt.date | None, locale: str) -> str:
    """A half-open [start, end) as people say it, with its last day named.

    >>> span_text(dt.date(2025, 1, 1), dt.date(2025, 4, 1), "en")
    'Jan 1, 2025 – Mar 31, 2025'
    >>> span_text(dt.date(2025, 1, 1), None, "en")
    'Jan 1, 2025 – …'
    """
    last = end - dt.timedelta(days=1) if end else None
    if start and last == start:
        return day_text(start, locale)
    return f"{day_text(start, locale) if start else '…'} – {day_text(last, locale) if last else '…'}"


def period_text(code: str, starts: dt.date, ends: dt.date, locale: str) -> str:
    """A pay period as people name it: a calendar month by name and year, anything else by its code.

    >>> period_text("2026-11", dt.date(2026, 11, 1), dt.date(2026, 12, 1), "en")
    'November 2026'
    >>> period_text("W1", dt.date(2011, 5, 31), dt.date(2011, 8, 31), "en")
    'W1'
    """
    month_end = dt.date(starts.year + starts.month // 12, starts.month % 12 + 1, 1)
    if starts.day == 1 and ends == month_end:
        text = format_date(starts, "LLLL y", locale=locale)
        return text[:1].upper() + text[1:]
    return code
