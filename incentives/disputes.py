"""The way of a dispute as plain rules: its states, what moves it, by when each desk answers, and which files may come with it. Pure."""

from __future__ import annotations

import datetime as dt

MANAGER, TEAM, ESCALATED = "manager", "team", "escalated"
APPROVED, PARTIAL, DENIED, WITHDRAWN = "approved", "partial", "denied", "withdrawn"
OPEN = frozenset({MANAGER, TEAM, ESCALATED})
RESOLVED = frozenset({APPROVED, PARTIAL, DENIED})
OUTCOMES = (APPROVED, PARTIAL, DENIED)

MOVES: dict[str, dict[str, frozenset[str]]] = {
    "pass": {MANAGER: frozenset({TEAM})},
    "resolve": {TEAM: RESOLVED, ESCALATED: RESOLVED},
    "withdraw": {state: frozenset({WITHDRAWN}) for state in OPEN},
    "escalate": {state: frozenset({ESCALATED}) for state in (MANAGER, TEAM, PARTIAL, DENIED)},
    "comment": {state: frozenset({state}) for state in OPEN | RESOLVED},
}
"""Act -> the state from which it goes -> those to which it goes. What is not here does not happen."""

WORKING_DAYS = {MANAGER: 3, TEAM: 5, ESCALATED: 5}
"""How many days from Monday to Friday a desk has, the day after it got the dispute being the first."""
DAYS_TO_ESCALATE = 30
"""Days after a decision in which the payee may still ask for another one, once."""


def due_on(state: str, since: dt.date) -> dt.date | None:
    """By when the desk that got the dispute on `since` answers; None where nobody has to.

    >>> due_on("manager", dt.date(2026, 2, 12))  # a Thursday
    datetime.date(2026, 2, 17)
    """
    left, day = WORKING_DAYS.get(state, 0), since
    if not left:
        return None
    while left:
        day += dt.timedelta(days=1)
        left -= day.weekday() < 5
    return day


LARGEST_FILE = 5 * 1024 * 1024
FILES_AT_ONCE = 3
# Ending -> media type, and how the content begins; texts have no such mark and must be texts.
KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    "csv": ("text/csv", ()),
    "txt": ("text/plain", ()),
    "eml": ("message/rfc822", ()),
}


def file_kind(name: str, content: bytes) -> str | None:
    """The media type of a file whose ending and content agree; None for every other file."""
    known = KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None
    if known is None:
        return None
    media_type, heads = known
    good = content.startswith(heads) if heads else b"\x00" not in content
    return media_type if good else None


def file_name(name: str) -> str:
    """The last part of a path, without characters that steer a header or a terminal, at most 120 long with its ending kept.

    >>> file_name("C:\\\\mail\\\\order\\r\\n 7.pdf")
    'order 7.pdf'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?').strip(" .")
    stem, dot, ending = clean.rpartition(".")
    return f"{stem[: 119 - len(ending)]}.{ending}" if dot and len(clean) > 120 else clean[:120]
