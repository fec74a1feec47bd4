"""Celery beat's scheduler, of which only one sends at a time: the holder of a lock in Redis that it renews while it lives."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import redis
from celery.beat import Scheduler
from django.conf import settings

from spm.jobs.liveness import beat_write

logger = logging.getLogger(__name__)
# Renew if ours, take if free; one step in Redis, so that two schedulers cannot both succeed.
_HOLD = """
local holder = redis.call('get', KEYS[1])
if holder == ARGV[1] or not holder then redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1 end
return 0
"""


class BeatLock:
    """A lock with a time to live. Whoever stops renewing loses it; were it lost for a moment, two ticks start one job."""

    def __init__(self, *, seconds: float) -> None:
        self.key = f"{settings.CACHES['default']['KEY_PREFIX']}:beat-lock"
        self.token = uuid.uuid4().hex
        self.milliseconds = int(seconds * 1000)
        self.redis = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=5, socket_connect_timeout=5)

    def hold(self) -> bool:
        """Takes or renews the lock; False when another holds it or Redis does not answer."""
        try:
            return bool(self.redis.eval(_HOLD, 1, self.key, self.token, self.milliseconds))
        except redis.RedisError as error:
            logger.warning("beat: Redis does not answer (%s); nothing is scheduled until it does", error)
            return False


class SingleScheduler(Scheduler):
    """Sends what is due only while it holds the lock; a second one stands by and takes over when the first is gone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lock = BeatLock(seconds=settings.JOBS_BEAT_LOCK_SECONDS)
        self.leads: bool | None = None
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        leads = self.lock.hold()
        if leads != self.leads:
            logger.info("beat: %s", "this scheduler leads" if leads else "another scheduler leads; standing by")
            self.leads = leads
        if not leads:
            return 1.0
        beat_write()
        return min(super().tick(*args, **kwargs), settings.JOBS_BEAT_LOCK_SECONDS / 3)
