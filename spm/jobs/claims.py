"""Who may work on a job: claiming it, and every way in which it leaves a worker's hands. All need the tenant's scope."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_noop

from spm.jobs.clock import database_now
from spm.jobs.kinds import UnknownKind, exclusive_kinds, job_kind_get
from spm.jobs.models import ENDED, Job, JobState
from spm.jobs.relay import outbox_put
from spm.tenancy.scope import required_tenant_id
from spm.told import shown, told, told_in_turn, told_of

logger = logging.getLogger(__name__)
SILENT = gettext_noop("The worker stopped without a word in stage “%(stage)s”, attempts: %(n)s (killed, out of memory, or longer than the lease allows).")
GIVEN_UP = gettext_noop("Given up after %(n)s attempts.")
IN_PART = gettext_noop("Stage “%(stage)s”, part %(part)s of %(total)s: %(error)s")
NOT_FOLLOWED = gettext_noop("(What should follow a failure failed too: %(error)s)")
HELD = ["state", "lease_owner", "lease_until", "fence", "due_at", "published_at", "publishes", "error"]


def job_claim(*, job_id: int, owner: str) -> Job | None:
    """Takes the job if it is queued and due, or if its lease has run out; None when it is not to be had.

    The claim raises the fencing token, so that whoever held the job before can no longer commit, and counts an attempt.
    A job that has used up its attempts is given up here instead.
    """
    with connection.cursor() as cursor:
        # A stopped process may hold the row; better a failed message (the sweeper sends it again) than a stuck worker.
        cursor.execute("SET LOCAL lock_timeout = '10s'")
    job = _parent_first(job_id)
    now = database_now()
    if job is None or not ((job.state == JobState.QUEUED and job.due_at <= now) or is_expired(job, now)):
        return None
    if job.cancel_requested:
        job_end(job, state=JobState.CANCELLED)
        return None
    if job.attempts >= job.max_attempts:
        job_give_up(job)
        return None
    if not _may_start(job):
        job_release(job, delay=settings.JOBS_RETRY_SECONDS)
        return None
    job.state, job.lease_owner = JobState.RUNNING, owner[:200]
    job.fence += 1
    job.attempts += 1
    job.started_at = job.started_at or now
    job.heartbeat_at, job.lease_until = now, now + dt.timedelta(seconds=settings.JOBS_LEASE_SECONDS)
    job.save()
    return job


def is_expired(job: Job, now: dt.datetime) -> bool:
    """True for a job whose worker has not renewed its lease in time."""
    return job.state == JobState.RUNNING and (job.lease_until is None or job.lease_until < now)


def _parent_first(job_id: int, *, skip_locked: bool = False) -> Job | None:
    """The job, locked; a chunk's parent is locked before it, everywhere in this order, so that no two workers deadlock."""
    parent_id = Job.objects.filter(pk=job_id).values_list("parent_id", flat=True).first()
    if parent_id is not None and not Job.objects.select_for_update(no_key=True, skip_locked=skip_locked).filter(pk=parent_id):
        return None
    return Job.objects.select_for_update(no_key=True, skip_locked=skip_locked).filter(pk=job_id).first()


def job_lock(job_id: int) -> Job | None:
    """For the sweeper: the job locked, or None when it is gone or in somebody's hands this very moment."""
    return _parent_first(job_id, skip_locked=True)


def _may_start(job: Job) -> bool:
    """Of an exclusive group, one job at a time is between its first start and its end."""
    try:
        group = job_kind_get(job.kind).exclusive
    except UnknownKind:
        return True
    if not group or job.parent_id is not None or job.started_at is not None:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"jobs exclusive {group}", required_tenant_id()])
    others = Job.objects.filter(kind__in=exclusive_kinds(group), parent=None, started_at__isnull=False).exclude(state__in=ENDED)
    return not others.exclude(pk=job.pk).exists()


def job_release(job: Job, *, delay: float = 0, error: str | None = None) -> None:
    """Back to the queue, to be taken after `delay` seconds. The fence moves on, so that the former holder is out."""
    job.state, job.lease_owner, job.lease_until = JobState.QUEUED, "", None
    job.fence += 1
    job.due_at = database_now() + dt.timedelta(seconds=delay)
    job.published_at, job.publishes = None, 0
    if error is not None:
        job.error = error
    job.save(update_fields=HELD)
    outbox_put(job)


def job_give_up(job: Job) -> None:
    """Dead letter: too many attempts. The job stays visible with the last error, and nobody starts it by himself."""
    text = job.error or told(SILENT, n=job.attempts, stage=job.stage)
    job_end(job, state=JobState.DEAD, error=told_in_turn(text, given_up(job)))


def given_up(job: Job) -> str:
    """The told sentence that closes the story of a job which has used up its attempts."""
    return told(GIVEN_UP, n=job.attempts)


def job_end(job: Job, *, state: JobState, error: str = "") -> None:
    """The job has ended. A chunk tells its job; a job's failure is told to its kind."""
    job.state, job.lease_owner, job.lease_until = state, "", None
    job.fence += 1
    job.error = error
    job.finished_at = timezone.now()
    job.save(update_fields=["state", "lease_owner", "lease_until", "fence", "error", "finished_at", "result"])
    if state in (JobState.FAILED, JobState.DEAD):
        logger.error("%s %s of tenant %s: %s. %s", job.kind, job.key, job.tenant_id, state.value, shown(error))
    if job.parent_id is not None:
        job_gather(Job.objects.select_for_update(no_key=True).get(pk=job.parent_id))
    elif state in (JobState.FAILED, JobState.DEAD, JobState.CANCELLED):
        _tell_kind(job)


def _tell_kind(job: Job) -> None:
    try:
        hook = job_kind_get(job.kind).on_failure
        if hook is not None:
            with transaction.atomic():
                hook(job)
    except Exception as error:  # it must not keep the job from ending
        logger.exception("%s %s: on_failure failed", job.kind, job.key)
        job.error = told_in_turn(job.error, told(NOT_FOLLOWED, error=told_of(error)))
        job.save(update_fields=["error"])


def job_gather(parent: Job) -> None:
    """Looks at the chunks of a waiting job, whose row the caller has locked: goes on, goes on waiting, or fails with them."""
    if parent.state != JobState.WAITING:
        return
    chunks = Job.objects.filter(parent=parent, stage=parent.stage)
    number = dict(chunks.order_by().values_list("state").annotate(Count("pk")))
    done, total = number.get(JobState.SUCCEEDED, 0), sum(number.values())
    parent.progress[parent.stage] = {"done": done, "total": total, "committed": done}
    parent.save(update_fields=["progress"])
    if done == total:
        job_release(parent)
        return
    broken = chunks.filter(state__in=[JobState.FAILED, JobState.DEAD]).order_by("chunk_number").first()
    if broken is not None:
        chunks.filter(state=JobState.QUEUED).update(state=JobState.CANCELLED, finished_at=timezone.now())
        chunks.filter(state=JobState.RUNNING).update(cancel_requested=True)
        text = told(IN_PART, stage=parent.stage, part=broken.chunk_number or 0, total=total, error=broken.error)
        job_end(parent, state=JobState(broken.state), error=text)
    elif set(number) <= set(ENDED):
        job_end(parent, state=JobState.CANCELLED)
