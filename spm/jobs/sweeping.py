"""Finds work that fell out of somebody's hands: expired leases, lost messages, parents whose chunks have all ended."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.db.models import Q

from spm.jobs.claims import is_expired, job_end, job_gather, job_give_up, job_lock, job_release
from spm.jobs.clock import database_now
from spm.jobs.models import Job, JobState, Outbox
from spm.jobs.relay import outbox_put
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

logger = logging.getLogger(__name__)


def jobs_sweep(*, tenant_id: int) -> dict[str, int]:
    """One tenant's sweep, each job in a transaction of its own; returns how many were requeued, given up, resent, gathered."""
    count = {"requeued": 0, "given_up": 0, "resent": 0, "gathered": 0}
    with tenant_scope(tenant_id):
        now = database_now()
        expired = list(Job.objects.filter(state=JobState.RUNNING).filter(Q(lease_until__lt=now) | Q(lease_until=None)).values_list("pk", flat=True))
        waiting = list(Job.objects.filter(state=JobState.WAITING).values_list("pk", flat=True))
    for pk in expired:
        with tenant_scope(tenant_id):
            job = job_lock(pk)
            if job is None or not is_expired(job, database_now()):
                continue
            logger.warning("%s of tenant %s: the lease of %s ran out in stage %s", job, tenant_id, job.lease_owner, job.stage)
            if job.cancel_requested:
                job_end(job, state=JobState.CANCELLED)
            elif job.attempts >= job.max_attempts:
                job_give_up(job)
                count["given_up"] += 1
            else:
                job_release(job)
                count["requeued"] += 1
    for pk in waiting:
        with tenant_scope(tenant_id):
            job = job_lock(pk)
            if job is not None and job.state == JobState.WAITING:
                job_gather(job)
                count["gathered"] += job.state != JobState.WAITING
    with tenant_scope(tenant_id):
        lost = [job for job in _queued_and_due(now) if _was_lost(job, now)]
        outbox_put(*lost)
        count["resent"] = len(lost)
    return count


def _queued_and_due(now: dt.datetime) -> list[Job]:
    waiting_to_be_sent = Outbox.objects.values("job_id")
    return list(Job.objects.filter(state=JobState.QUEUED, due_at__lte=now).exclude(pk__in=waiting_to_be_sent).order_by("id")[:500])


def _was_lost(job: Job, now: dt.datetime) -> bool:
    """A message that nobody took in time is sent again, each time after a longer wait: the queue may only be long."""
    if job.published_at is None:
        return True
    patience = settings.JOBS_REPUBLISH_SECONDS * 2 ** min(max(job.publishes - 1, 0), 5)
    return job.published_at < now - dt.timedelta(seconds=patience)


def jobs_sweep_all() -> dict[str, int]:
    """Sweeps every active tenant. One tenant's trouble does not hold up another; it is raised at the end."""
    total: dict[str, int] = {}
    broken = []
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        try:
            for name, number in jobs_sweep(tenant_id=tenant_id).items():
                total[name] = total.get(name, 0) + number
        except Exception:
            logger.exception("tenant %s: sweep failed", tenant_id)
            broken.append(tenant_id)
    if broken:
        raise RuntimeError(f"The jobs of tenants {broken} were not swept; see the log above.")
    return total
