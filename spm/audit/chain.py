"""How an audit entry is sealed: canonical JSON, and HMAC-SHA256 over the entry and the seal before it. No Django, no database."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# Keys that would carry a person's name or address into a log that is never erased.
PERSONAL_KEYS = frozenset({"display_name", "first_name", "last_name", "full_name", "person_name", "email", "phone", "address", "birth_date", "password"})
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
GENESIS = "0" * 64


class NotForTheLog(ValueError):
    """A payload holds what must not be sealed; the text says where."""


def payload_check(value: Any, path: str = "payload") -> None:
    """Only what survives the database unchanged, and no personal data: str, int, bool, None, list, dict with str keys."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise NotForTheLog(f"{path}: the key {key!r} is not a text.")
            if key.lower() in PERSONAL_KEYS:
                raise NotForTheLog(f"{path}.{key}: personal data does not go into the audit log, which is never erased; give the object's uid.")
            payload_check(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            payload_check(inner, f"{path}[{position}]")
    elif isinstance(value, str):
        if "\x00" in value:
            raise NotForTheLog(f"{path}: a text with a NUL character cannot be stored.")
        if _MAIL.search(value):
            raise NotForTheLog(f"{path}: an e-mail address does not go into the audit log, which is never erased; give the user's id.")
    elif value is not None and not isinstance(value, bool | int):
        raise NotForTheLog(f"{path}: {type(value).__name__} is not sealed; give amounts and dates as text, ids as int or text.")


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value.

    >>> canonical({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def key_id(key: bytes) -> str:
    """A short public name of a key."""
    return hashlib.sha256(b"audit key id\0" + key).hexdigest()[:16]


def entry_mac(
    key: bytes, *, previous: str, tenant_id: int, sequence: int, at: datetime, actor_id: int | None, action: str,
    object_type: str, object_uid: str, before: Any, after: Any,
) -> str:  # fmt: skip
    """The seal of one entry, hex. `previous` is the seal of the entry before, GENESIS for the first."""
    body = [previous, tenant_id, sequence, at.astimezone(UTC).isoformat(timespec="microseconds"), actor_id, action, object_type, object_uid, before, after]
    return hmac.new(key, b"audit entry\0" + canonical(body), hashlib.sha256).hexdigest()


def head_mac(key: bytes, *, tenant_id: int, sequence: int, newest: str) -> str:
    """The seal of a chain's head. It differs from every entry's seal, so that an older entry cannot be passed off as the head."""
    return hmac.new(key, b"audit head\0" + canonical([tenant_id, sequence, newest]), hashlib.sha256).hexdigest()
