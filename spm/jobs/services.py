"""Asking for background work, stopping it, trying it again. All need the tenant's scope and write in the caller's transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from spm.audit.services import audit_record
from spm.jobs.clock import database_now
from spm.jobs.kinds import job_kind_get
from spm.jobs.models import ENDED, Job, JobState, Outbox
from spm.jobs.relay import outbox_put

__all__ = ["JobNotAllowed", "chunks_prune", "job_cancel", "job_enqueue", "job_retry"]
KEEP_CHUNKS = dt.timedelta(days=30)


class JobNotAllowed(ValueError):
    """The job's state does not allow what was asked for; the text says why."""


def job_enqueue(*, kind: str, key: str | None = None, params: dict[str, Any] | None = None, requested_by_id: int | None = None) -> Job:
    """Queues a job and its message in the caller's transaction; returns it.

    key: names the work. The same kind and key give the job that is there already, unchanged, whatever its state: that is
    how a double click, a repeated request and two schedulers start one job. None makes a new one each time.
    """
    known = job_kind_get(kind)
    key = key if key is not None else uuid.uuid4().hex
    job, created = Job.objects.get_or_create(
        kind=kind,
        key=key,
        defaults={
            "params": params or {},
            "stage": known.stages[0].name,
            "max_attempts": known.max_attempts,
            "requested_by_id": requested_by_id,
            "due_at": database_now(),
        },
    )
    if created:
        outbox_put(job)
    return job


def job_cancel(*, job: Job, actor_id: int | None = None) -> Job:
    """Stops a job: at once when it is not running, else at its next commit, of which nothing is kept.

    What earlier stages and chunks committed stays. Raises JobNotAllowed for a job that has ended or is a chunk.
    """
    job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if job.parent_id is not None:
        raise JobNotAllowed(_("This is one part of a job; cancel the job itself."))
    if job.has_ended:
        raise JobNotAllowed(_("The job has ended already (%(state)s); there is nothing to cancel.") % {"state": job.get_state_display()})
    job.cancel_requested = True
    fields = ["cancel_requested"]
    if job.state != JobState.RUNNING:
        job.state, job.finished_at = JobState.CANCELLED, timezone.now()
        fields += ["state", "finished_at"]
    job.save(update_fields=fields)
    chunks = Job.objects.filter(parent=job).exclude(state__in=ENDED)
    chunks.filter(state=JobState.RUNNING).update(cancel_requested=True)
    chunks.filter(state=JobState.QUEUED).update(state=JobState.CANCELLED, finished_at=timezone.now())
    audit_record(action="job.cancel", target=job, after={"kind": job.kind, "key": job.key}, actor_id=actor_id)
    return job


def job_retry(*, job: Job, actor_id: int | None = None) -> Job:
    """Takes up a failed, given-up or cancelled job where it stopped. Raises JobNotAllowed for any other."""
    job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if job.parent_id is not None:
        raise JobNotAllowed(_("This is one part of a job; try the job itself again."))
    if job.state not in (JobState.FAILED, JobState.DEAD, JobState.CANCELLED):
        raise JobNotAllowed(
            _("Only a job that failed, was given up or was cancelled can be tried again; this one is: %(state)s.") % {"state": job.get_state_display()}
        )
    again: dict[str, Any] = {"state": JobState.QUEUED, "attempts": 0, "error": "", "cancel_requested": False, "finished_at": None, "due_at": database_now()}
    again |= {"published_at": None, "publishes": 0}
    chunks = list(Job.objects.select_for_update(no_key=True).filter(parent=job, stage=job.stage).exclude(state=JobState.SUCCEEDED))
    Job.objects.filter(pk__in=[chunk.pk for chunk in chunks if chunk.has_ended]).update(**again)
    Job.objects.filter(pk=job.pk).update(**{**again, "state": JobState.WAITING if chunks else JobState.QUEUED})
    outbox_put(*(chunks or [job]))
    audit_record(action="job.retry", target=job, after={"kind": job.kind, "key": job.key, "stage": job.stage}, actor_id=actor_id)
    job.refresh_from_db()
    return job


def chunks_prune() -> int:
    """Deletes the chunk rows of jobs that were done or cancelled more than 30 days ago; the jobs themselves stay as history."""
    old = Job.objects.filter(parent=None, state__in=[JobState.SUCCEEDED, JobState.CANCELLED], finished_at__lt=timezone.now() - KEEP_CHUNKS)
    return Job.objects.filter(parent__in=old).exclude(pk__in=Outbox.objects.values("job_id")).delete()[0]
