"""Rate limits: calls per member and minute, failed tokens per address. Counted in the cache by one atomic step."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger("spm.api")
WINDOW = 60
SAFE = {"GET", "HEAD"}


def _limit(kind: str) -> int:
    return settings.SPM_API_LIMITS[kind]


def _count(key: str) -> int | None:
    """Calls in this minute, or None when the cache is away: a limit is a courtesy, and its loss must not stop payroll."""
    full = f"api:{key}:{int(time.time()) // WINDOW}"
    try:
        cache.add(full, 0, timeout=2 * WINDOW)
        return cache.incr(full)
    except Exception:  # noqa: BLE001 the cache's client raises errors of many libraries
        logger.warning("The rate limit could not be counted: the cache does not answer.")
        return None


def _wait() -> int:
    return WINDOW - int(time.time()) % WINDOW


def failure_note(request: Any) -> None:
    """Counts a wrong token of an address and refuses from the limit on. Right tokens pass all the same: behind a proxy all
    callers may have one address, and a guesser must not shut the others out. The secret's 256 bits are the guard."""
    count = _count(f"failed:{request.META.get('REMOTE_ADDR', '')}")
    if count is not None and count > _limit("failed"):
        raise exceptions.Throttled(wait=_wait())


class MemberThrottle(BaseThrottle):
    """Reads and writes are counted apart, per tenant and member (all tokens of a member together)."""

    def allow_request(self, request: Request, view: Any) -> bool:
        principal = getattr(view, "principal", None)
        who = f"{principal.tenant.pk}:{principal.user.pk}" if principal else f"user:{request.user.pk}"
        kind = "read" if request.method in SAFE else "write"
        count = _count(f"{who}:{kind}")
        return count is None or count <= _limit(kind)

    def wait(self) -> float:
        return _wait()
