"""What each tenant forgets once a night: apps register a function that deletes what is past its time, in the tenant's scope."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from django.db import transaction

logger = logging.getLogger(__name__)
Housekeeper = Callable[[dt.datetime], int]
_keepers: dict[str, Housekeeper] = {}


def housekeeping_register(name: str, keeper: Housekeeper) -> None:
    """Adds what forgets: it gets the present instant, works in the tenant in scope, and returns how many rows went.

    Call it in AppConfig.ready(). It may be called any number of times a night.
    """
    _keepers[name] = keeper


def housekeeping_run(*, now: dt.datetime) -> dict[str, int]:
    """Runs all, each in a savepoint: one that fails is logged and stops neither the others nor the nightly job."""
    gone: dict[str, int] = {}
    for name, keeper in _keepers.items():
        try:
            with transaction.atomic():
                gone[name] = keeper(now)
        except Exception:
            logger.exception("housekeeping %s: nothing was deleted", name)
    return gone
