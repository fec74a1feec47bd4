"""Signs of life: a pulse that only a task executed end to end can write, and the lock of the one beat that schedules."""

from __future__ import annotations

import time

from django.core.cache import cache

PULSE, BEAT = "jobs:pulse", "jobs:beat"


def pulse_write() -> None:
    """Called at the end of the relay task: beat sent it, the broker carried it, a worker ran it, the database answered."""
    cache.set(PULSE, time.time(), timeout=None)


def beat_write() -> None:
    """Called by the beat that holds the lock."""
    cache.set(BEAT, time.time(), timeout=None)


def pulse_age(name: str = PULSE) -> float | None:
    """Seconds since the last sign of life, or None when there was never one (or Redis was emptied a moment ago)."""
    seen = cache.get(name)
    return None if seen is None else max(0.0, time.time() - seen)
