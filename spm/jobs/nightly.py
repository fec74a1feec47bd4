"""The tick: starts each tenant's nightly jobs when its local hour has come, once per local business date."""

from __future__ import annotations

import datetime as dt
import logging
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from spm.jobs.clock import database_now
from spm.jobs.housekeeping import housekeeping_run
from spm.jobs.kinds import job_kinds
from spm.jobs.models import Job
from spm.jobs.services import chunks_prune, job_enqueue
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

logger = logging.getLogger(__name__)
CLOCKS_MAY_DIFFER = dt.timedelta(minutes=5)


class ClocksDisagree(RuntimeError):
    """The scheduler's clock and the database's differ by minutes: starting a business date by a wrong clock would use it up."""


def business_date_due(now: dt.datetime, *, time_zone: str, hour: int) -> dt.date | None:
    """The local business date whose nightly job should have begun by `now`, or None before the hour.

    The hour may be skipped or come twice when the clocks change: from the hour on, the date is due, and it stays the same date.

    >>> business_date_due(dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC), time_zone="Europe/Berlin", hour=2)
    datetime.date(2026, 3, 29)
    """
    local = now.astimezone(ZoneInfo(time_zone))
    return local.date() if local.hour >= hour else None


def jobs_tick(*, now: dt.datetime | None = None) -> list[tuple[str, str, str]]:
    """Starts what is due in every active tenant; returns (tenant slug, kind, business date) of the jobs that this call made.

    Safe to call at any time, any number of times, from anywhere: the job's key is the business date. Raises ClocksDisagree
    when this machine's clock and the database's differ by more than five minutes.
    """
    server, here = database_now(), now or dt.datetime.now(dt.UTC)
    if now is None and abs(server - here) > CLOCKS_MAY_DIFFER:
        raise ClocksDisagree(f"This machine says {here:%F %T} UTC, the database server {server:%F %T}; set the wrong clock. No nightly job was started.")
    started, broken = [], []
    for tenant in Tenant.objects.filter(is_active=True).order_by("pk"):
        try:
            due = business_date_due(here, time_zone=tenant.time_zone, hour=tenant.nightly_hour)
            if due is not None:
                started += [(tenant.slug, kind, due.isoformat()) for kind in _start(tenant.pk, due, server)]
        except ZoneInfoNotFoundError:
            logger.error("tenant %s: unknown time zone %r; give an IANA name such as Europe/Berlin", tenant.slug, tenant.time_zone)
            broken.append(tenant.slug)
        except Exception:
            logger.exception("tenant %s: the nightly job was not started", tenant.slug)
            broken.append(tenant.slug)
    if broken:
        raise RuntimeError(f"The nightly job of {', '.join(broken)} was not started; see the log above.")
    return started


def _start(tenant_id: int, due: dt.date, now: dt.datetime) -> list[str]:
    key, made = due.isoformat(), []
    with tenant_scope(tenant_id):
        for kind in job_kinds():
            if kind.nightly and not Job.objects.filter(kind=kind.name, key=key).exists():
                job_enqueue(kind=kind.name, key=key, params={"business_date": key})
                made.append(kind.name)
        if made:
            chunks_prune()
            housekeeping_run(now=now)
    return made
