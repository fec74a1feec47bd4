"""Reads the texts of cells as typed values. Pure; each reader returns the value or raises ValueError with cause and mend."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%Y/%m/%d")
TRUE = frozenset({"1", "true", "yes", "y", "t", "да", "истина"})
FALSE = frozenset({"0", "false", "no", "n", "f", "", "нет", "ложь"})
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class CellError(ValueError):
    """A cell that cannot be read: cause and mend."""

    def __init__(self, cause: str, mend: str) -> None:
        super().__init__(cause)
        self.cause, self.mend = cause, mend


def number_read(text: str, *, decimal: str = ".") -> Decimal:
    """An exact number: spaces (also no-break) group digits, `decimal` is the mark, brackets or a minus make it negative.

    >>> number_read("1\\u00a0234,56", decimal=","), number_read("(5.10)")
    (Decimal('1234.56'), Decimal('-5.10'))
    """
    if decimal == "." and _PLAIN.fullmatch(text):
        return Decimal(text)
    bare = text.translate(_SPACES).translate(_MINUS)
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    if decimal == ",":
        if "." in bare and "," in bare and bare.rindex(".") > bare.rindex(","):
            raise CellError(f"{text!r} has a comma before a point, but the decimal mark is a comma", "set `decimal: '.'` in the mapping's format")
        bare = bare.replace(".", "") if "," in bare else bare
        bare = bare.replace(",", ".")
    elif "," in bare:
        if not re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", bare):
            raise CellError(f"{text!r} has a comma where no group of three digits ends", "set `decimal: ','` in the mapping's format, or take the comma out")
        bare = bare.replace(",", "")
    try:
        value = Decimal(bare)
    except InvalidOperation:
        raise CellError(f"{text!r} is not a number", "write digits with the decimal mark that the mapping names") from None
    if not value.is_finite():
        raise CellError(f"{text!r} is not a number", "write digits with the decimal mark that the mapping names")
    return value


def scaled_read(text: str, *, scale: int, decimal: str = ".") -> int:
    """A number as an int at a scale; refuses more decimals than the scale has, and what does not fit 64 bits.

    >>> scaled_read("20565.6206", scale=4)
    205656206
    """
    value = number_read(text, decimal=decimal)
    # scaleb and % would round to the context's 28 digits: refuse what is longer before.
    if value and value.adjusted() + scale > 18:
        raise CellError(f"{text!r} is too large", f"amounts have at most {18 - scale} digits before the decimal mark")
    exact = value.scaleb(scale)
    whole = int(exact)
    if whole != exact:
        raise CellError(f"{text!r} has more than {scale} decimals", "set a larger `scale` (up to 6) for this field in the mapping, or round at the source")
    if abs(whole) >= 2**63:
        raise CellError(f"{text!r} is too large", f"amounts have at most {18 - scale} digits before the decimal mark")
    return whole


def date_read(text: str, *, form: str = "") -> dt.date:
    """A day: ISO, or by the format the mapping names. Times of day after it are dropped."""
    bare = text.strip()
    if not form:
        try:
            return dt.date.fromisoformat(bare[:10])
        except ValueError:
            raise CellError(f"{text!r} is not a date as YYYY-MM-DD", "name the date's form in the mapping, for example `date: '%d.%m.%Y'`") from None
    try:
        return dt.datetime.strptime(bare, form).date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        pass
    try:
        return dt.datetime.strptime(bare.split()[0] if bare else bare, form).date()  # noqa: DTZ007
    except ValueError:
        raise CellError(f"{text!r} is not a date of the form {form}", "mend the cell, or the form in the mapping") from None


def flag_read(text: str) -> bool:
    """Yes or no, in the words that exports use."""
    bare = text.strip().lower()
    if bare in TRUE:
        return True
    if bare in FALSE:
        return False
    raise CellError(f"{text!r} is neither yes nor no", "write 1 or 0, true or false, yes or no")


def salesforce_id(text: str) -> str:
    """The 18-character form of a Salesforce id. Fifteen characters are case-sensitive; the last three tell the case of the rest.

    >>> salesforce_id("0012800000ABCDe")
    '0012800000ABCDeAAP'
    """
    bare = text.strip()
    if not (bare.isascii() and bare.isalnum() and len(bare) in {15, 18}):
        raise CellError(f"{text!r} is not a Salesforce id", "a Salesforce id has 15 or 18 letters and digits")
    head = bare[:15]
    tail = "".join(_BASE32[sum(1 << i for i in range(5) if head[start + i].isupper())] for start in (0, 5, 10))
    if len(bare) == 18 and bare[15:].upper() != tail:
        raise CellError(f"{text!r} has lost the case of its letters", "export the id again; do not change its letters in a spreadsheet")
    return head + tail
