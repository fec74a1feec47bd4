"""Which local day an instant belongs to, and when a local day begins. Pure: the zone and the instant are arguments."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext_noop as _n

from spm.told import ToldError


class ZoneUnknown(ToldError, ValueError):
    """The name is not one of the IANA time zones."""


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as Europe/Berlin; raises ZoneUnknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneUnknown(_n("Time zone '%(name)s' is not known; use an IANA name such as Europe/Berlin."), name=name) from error


def local_date(instant: dt.datetime, zone_name: str) -> dt.date:
    """The date on the wall at `instant` (which must carry its zone).

    >>> local_date(dt.datetime(2024, 1, 31, 23, 30, tzinfo=dt.UTC), "Europe/Berlin")
    datetime.date(2024, 2, 1)
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} carries no time zone; a date cannot be told from it.")
    return instant.astimezone(zone(zone_name)).date()


def day_start(day: dt.date, zone_name: str) -> dt.datetime:
    """The first instant of a local day, in UTC. Where a clock change skips midnight, the first moment that exists.

    >>> day_start(dt.date(2024, 3, 10), "America/New_York").isoformat()
    '2024-03-10T05:00:00+00:00'
    """
    tz = zone(zone_name)
    # fold=0 takes the offset before the change. Going to UTC and back lands on or after midnight when midnight was skipped.
    instant = dt.datetime.combine(day, dt.time(0), tzinfo=tz).astimezone(dt.UTC)
    while instant.astimezone(tz).date() < day:
        instant += dt.timedelta(minutes=15)
    while (instant - dt.timedelta(minutes=15)).astimezone(tz).date() >= day:
        instant -= dt.timedelta(minutes=15)
    return instant


def day_bounds(day: dt.date, zone_name: str) -> tuple[dt.datetime, dt.datetime]:
    """[first instant, first instant of the next day) of a local day, in UTC: 23, 24 or 25 hours long."""
    return day_start(day, zone_name), day_start(day + dt.timedelta(days=1), zone_name)
