"""Reads the texts of cells as typed values. Pure; each reader returns the value or raises ValueError with cause and mend."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_noop

from spm.told import shown, told

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%Y/%m/%d")
TRUE = frozenset({"1", "true", "yes", "y", "t", "да", "истина"})
FALSE = frozenset({"0", "false", "no", "n", "f", "", "нет", "ложь"})
_GROUPED = {group: re.compile(rf"[-+]?[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+") for group in ",."}
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?[AP]M)?(Z| ?[+-][0-9]{2}:?[0-9]{2})?", re.IGNORECASE)
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class CellError(ValueError):
    """A cell that cannot be read: cause and mend, as texts to be told in the reader's language (spm.told)."""

    def __init__(self, cause: str, mend: str, /, **given: Any) -> None:
        super().__init__(cause, given)
        self.cause, self.mend = told(cause, **given), told(mend, **given)

    def __str__(self) -> str:
        return shown(self.cause)


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
    # The other mark may only group digits by three: 1.234 is a thousand and more where the decimal mark is a comma.
    group = "." if decimal == "," else ","
    whole, mark, fraction = bare.partition(decimal)
    if group in bare:
        if not _GROUPED[group].fullmatch(whole) or group in fraction:
            name, wanted = ("comma", ",") if group == "," else ("point", ".")
            raise CellError(
                gettext_noop("%(text)s has a %(name)s where no group of three digits ends"),
                gettext_noop("set `decimal: '%(wanted)s'` in the mapping's format, or take the %(name)s out"),
                text=repr(text),
                name=name,
                wanted=wanted,
            )
        whole = whole.replace(group, "")
    bare = whole + ("." if mark else "") + fraction
    try:
        value = Decimal(bare)
    except InvalidOperation:
        raise CellError(
            gettext_noop("%(text)s is not a number"), gettext_noop("write digits with the decimal mark that the mapping names"), text=repr(text)
        ) from None
    if not value.is_finite():
        raise CellError(gettext_noop("%(text)s is not a number"), gettext_noop("write digits with the decimal mark that the mapping names"), text=repr(text))
    return value


def scaled_read(text: str, *, scale: int, decimal: str = ".") -> int:
    """A number as an int at a scale; refuses more decimals than the scale has, and what does not fit 64 bits.

    >>> scaled_read("20565.6206", scale=4)
    205656206
    """
    value = number_read(text, decimal=decimal)
    # scaleb and % would round to the context's 28 digits: refuse what is longer before.
    if value and value.adjusted() + scale > 18:
        raise CellError(
            gettext_noop("%(text)s is too large"),
            gettext_noop("amounts have at most %(scale)s digits before the decimal mark"),
            text=repr(text),
            scale=18 - scale,
        )
    exact = value.scaleb(scale)
    whole = int(exact)
    if whole != exact:
        raise CellError(
            gettext_noop("%(text)s has more than %(scale)s decimals"),
            gettext_noop("set a larger `scale` (up to 6) for this field in the mapping, or round at the source"),
            text=repr(text),
            scale=scale,
        )
    if abs(whole) >= 2**63:
        raise CellError(
            gettext_noop("%(text)s is too large"),
            gettext_noop("amounts have at most %(scale)s digits before the decimal mark"),
            text=repr(text),
            scale=18 - scale,
        )
    return whole


def date_read(text: str, *, form: str = "") -> dt.date:
    """A day: ISO, or by the format the mapping names. Times of day after it are dropped."""
    bare = text.strip()
    # Only a time of day may follow the day: anything else is a damaged cell, not a date.
    clock = _TIME.search(bare)
    if clock and clock.end() == len(bare) and clock.start():
        try:
            return _day(bare, form)
        except ValueError:
            bare = bare[: clock.start()]
    try:
        return _day(bare, form)
    except ValueError:
        if not form:
            raise CellError(
                gettext_noop("%(text)s is not a date as YYYY-MM-DD"),
                gettext_noop("name the date's form in the mapping, for example `date: '%%d.%%m.%%Y'`"),
                text=repr(text),
            ) from None
        raise CellError(
            gettext_noop("%(text)s is not a date of the form %(form)s"), gettext_noop("mend the cell, or the form in the mapping"), text=repr(text), form=form
        ) from None


def _day(text: str, form: str) -> dt.date:
    if form:
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            # ISO cannot be mistaken for another form, and date cells of a workbook come so.
            pass
    if not _ISO.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def flag_read(text: str) -> bool:
    """Yes or no, in the words that exports use."""
    bare = text.strip().lower()
    if bare in TRUE:
        return True
    if bare in FALSE:
        return False
    raise CellError(gettext_noop("%(text)s is neither yes nor no"), gettext_noop("write 1 or 0, true or false, yes or no"), text=repr(text))


def salesforce_id(text: str) -> str:
    """The 18-character form of a Salesforce id. Fifteen characters are case-sensitive; the last three tell the case of the rest.

    >>> salesforce_id("0012800000ABCDe")
    '0012800000ABCDeAAP'
    """
    bare = text.strip()
    if not (bare.isascii() and bare.isalnum() and len(bare) in {15, 18}):
        raise CellError(gettext_noop("%(text)s is not a Salesforce id"), gettext_noop("a Salesforce id has 15 or 18 letters and digits"), text=repr(text))
    head = bare[:15]
    tail = "".join(_BASE32[sum(1 << i for i in range(5) if head[start + i].isupper())] for start in (0, 5, 10))
    if len(bare) == 18 and bare[15:].upper() != tail:
        raise CellError(
            gettext_noop("%(text)s has lost the case of its letters"),
            gettext_noop("export the id again; do not change its letters in a spreadsheet"),
            text=repr(text),
        )
    return head + tail
