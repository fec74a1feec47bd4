"""Texts that are kept and read later by people of several languages: the words are chosen when they are shown, not when they are kept.

A told text is the English message with its parameters, as JSON in an ordinary text column. Parameters may be told texts themselves,
so that "part 3 of 8: {error}" reads in one language from end to end. Anything else in the column is shown as it is.
"""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext, gettext_noop

# As this module writes it, and as PostgreSQL's json_build_object does.
_HEADS = ('{"told": ', '{"told" : ')
# A parameter is a name, a number or a value of a cell; what is longer is cut, so that the whole always fits where it is kept.
LONGEST = 300


def told(message: str, /, **given: Any) -> str:
    """`message` (marked with gettext_noop where it is written, placeholders such as %(name)s) and its parameters, to be kept.

    >>> shown(told("Stage %(stage)s failed.", stage="load"))
    'Stage load failed.'
    """
    kept = {name: value if isinstance(value, int) or is_told(value) else _cut(str(value)) for name, value in given.items() if f"%({name})" in message}
    return json.dumps({"told": message, "with": kept}, ensure_ascii=False)


def told_in_turn(*texts: str) -> str:
    """Several sentences, told or not, one after another; empty ones are left out."""
    parts = [text for text in texts if text]
    return parts[0] if len(parts) == 1 else told(_PAIR, first=parts[0], rest=told_in_turn(*parts[1:])) if parts else ""


_PAIR = gettext_noop("%(first)s %(rest)s")


def is_told(text: Any) -> bool:
    """Whether the text was made by `told`."""
    return isinstance(text, str) and text.startswith(_HEADS)


def shown(text: str) -> str:
    """The text in the reader's language; one that was not told is returned as it is."""
    if not is_told(text):
        return text
    try:
        kept = json.loads(text)
    except ValueError:
        return text
    given = {name: shown(value) if isinstance(value, str) else value for name, value in kept["with"].items()}
    # A message without parameters is a plain text: a per cent sign in it is one.
    return gettext(kept["told"]) % given if given else gettext(kept["told"])


class ToldError(Exception):
    """An error with a message for people. `told` is what to keep; str() gives the words in the language of the moment."""

    def __init__(self, message: str, /, **given: Any) -> None:
        super().__init__(message, given)
        self.told = told(message, **given)

    def __str__(self) -> str:
        return shown(self.told)


def told_of(error: BaseException) -> str:
    """What to keep of an error: its told text, or for errors of other kinds their type and words."""
    return error.told if isinstance(error, ToldError) else f"{type(error).__name__}: {error}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
