"""Celery's Redis transport with one correction: a channel that outlives its connection fails like a lost connection.

When Redis goes away while messages are being worked on, kombu 5.7 closes the connection and then asks its channel to put
them back. The channel finds no connection there and raises AttributeError, which ends the whole worker instead of making
it connect again. As a connection error, it is expected: the messages come back by their visibility timeout, the jobs by
the sweeper. tests/chaos kills Redis and requires consumption to go on.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(redis.Channel):
    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        if self.connection is None or self.connection.client is None:
            raise RedisConnectionError("the connection of this channel has been closed")
        return super()._connparams(*args, **kwargs)


class Transport(redis.Transport):
    Channel = Channel
