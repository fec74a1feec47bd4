"""HR feeds between preview and applying: kept in the cache for an hour for the one who uploaded them, forgotten at an erasure."""

from __future__ import annotations

import secrets

from django.core.cache import cache

SECONDS = 3600


def _key(tenant_id: int, user_id: int, name: str) -> str:
    """Tenant and user are in the key: a file that one person uploaded is nobody else's. The epoch ends all of a tenant at once."""
    return f"hr-feed:{tenant_id}:{cache.get(_epoch(tenant_id), 0)}:{user_id}:{name}"


def _epoch(tenant_id: int) -> str:
    return f"hr-feed-epoch:{tenant_id}"


def file_keep(*, tenant_id: int, user_id: int, content: bytes) -> str:
    """Keeps the content; returns the name to ask for it by."""
    name = secrets.token_urlsafe(16)
    cache.set(_key(tenant_id, user_id, name), content, SECONDS)
    return name


def file_kept(*, tenant_id: int, user_id: int, name: str) -> bytes | None:
    """The content, or None when it was forgotten."""
    return cache.get(_key(tenant_id, user_id, name))


def file_drop(*, tenant_id: int, user_id: int, name: str) -> None:
    """Forgets one."""
    cache.delete(_key(tenant_id, user_id, name))


def files_forget(*, tenant_id: int) -> None:
    """Puts all kept files of a tenant out of reach at once; the cache lets them go within the hour."""
    cache.add(_epoch(tenant_id), 0, None)
    cache.incr(_epoch(tenant_id))
    cache.touch(_epoch(tenant_id), 2 * SECONDS)
