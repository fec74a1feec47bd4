"""The audit keys, which are never in the database: the current one seals, retired ones still verify."""

from __future__ import annotations

from django.conf import settings

from spm.audit.chain import key_id


def audit_key() -> tuple[str, bytes]:
    """(id, key) of the current key."""
    key = settings.AUDIT_KEY.encode()
    return key_id(key), key


def audit_keys() -> dict[str, bytes]:
    """All known keys by id."""
    keys = [text.encode() for text in (settings.AUDIT_KEY, *settings.AUDIT_RETIRED_KEYS)]
    return {key_id(key): key for key in keys}
