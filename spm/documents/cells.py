"""Texts in tables that people open in a spreadsheet."""

from __future__ import annotations

import re

_RISKY = "=+\\-@\t＝＋－＠"
# A beginning is the beginning of the text or of any line in it, after spaces and no-break spaces.
_BEGINS = re.compile(rf"(^|[\r\n])(?=[ \u00a0]*[{_RISKY}])")
# What XML cannot hold, so that no spreadsheet could be opened with it.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def cell_safe(text: str) -> str:
    """A text that a spreadsheet does not take for a formula: each of its lines that begins like one gets an apostrophe.
    Control characters become the replacement character.

    >>> cell_safe("=1+1"), cell_safe("plain"), cell_safe("two\\n @SUM"), cell_safe("a\\x00b")
    ("'=1+1", 'plain', "two\\n' @SUM", 'a\ufffdb')
    """
    shown = _BEGINS.sub(r"\1'", _UNWRITABLE.sub("\ufffd", text))
    return f"'{shown}" if text[:1] in {"\r", "\n"} else shown
