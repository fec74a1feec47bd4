"""Runs one stage or one chunk of a job under a lease. Called by the queue's task, and by `job_run_here` without a queue."""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from spm.jobs.claims import given_up, job_claim, job_end, job_release
from spm.jobs.clock import database_now
from spm.jobs.kinds import JobKind, Stage, job_kind_get
from spm.jobs.models import ENDED, Job, JobState
from spm.jobs.relay import outbox_put
from spm.jobs.steps import JobCancelled, JobFailed, LeaseLost, Step, heartbeat
from spm.tenancy.scope import tenant_scope
from spm.told import told, told_in_turn, told_of

logger = logging.getLogger(__name__)
STOPPED = gettext_noop("The worker was told to stop.")


def worker_name() -> str:
    """Host and process, to be read by people."""
    return f"{socket.gethostname()}:{os.getpid()}"


def job_execute(*, tenant_id: int, job_id: int, owner: str = "") -> str:
    """Claims the job and runs one stage or chunk of it; returns what came of it, for the log.

    Every handler error ends in the job's row: JobFailed ends the job at once, anything else is tried again later, at most
    `max_attempts` times without getting further. Errors of the database itself propagate; the sweeper takes it from there.
    """
    with tenant_scope(tenant_id):
        job = job_claim(job_id=job_id, owner=owner or worker_name())
        if job is None:
            return "not to be had"
        step = Step(job, parent=Job.objects.get(pk=job.parent_id) if job.parent_id else None)
    try:
        kind = job_kind_get(job.kind)
        with heartbeat(step):
            return _run(step, kind, kind.stage(job.stage))
    except LeaseLost as lost:
        logger.warning("%s", lost)
        return "lost"
    except JobCancelled:
        return _settle(step, JobState.CANCELLED)
    except JobFailed as failure:
        return _settle(step, JobState.FAILED, str(failure))
    except Exception as error:
        logger.exception("%s: attempt %s failed", step, step.attempt)
        return _settle(step, None, told_of(error)[:4000])
    except BaseException:
        # Ctrl-C or a shutdown: give the job back rather than let others wait for the lease to run out.
        _settle(step, None, told(STOPPED), delay=0)
        raise


def _run(step: Step, kind: JobKind, stage: Stage) -> str:
    if stage.chunks is not None and step.chunk is None:
        return _fan_out(step, kind, stage)
    found = stage.run(step) or {}
    return _finish(step, kind, stage, found)


def _finish(step: Step, kind: JobKind, stage: Stage, found: dict[str, Any]) -> str:
    """The stage is done: on to the next one, which is a message of its own, or the end."""
    with tenant_scope(step.tenant_id):
        if step.chunk is not None:  # parent before chunk, see claims._parent_first
            Job.objects.select_for_update(no_key=True).get(pk=step.job_id)
        job = step.locked()
        step.renew(job)
        job.refresh_from_db()
        job.result = {**job.result, **found}
        following = kind.after(stage) if step.chunk is None else None
        if following is None:
            job_end(job, state=JobState.SUCCEEDED)
            return "succeeded"
        job.stage, job.cursor, job.attempts = following.name, {}, 0
        job.save(update_fields=["stage", "cursor", "attempts", "result"])
        job_release(job, error="")
    return f"to {following.name}"


def _fan_out(step: Step, kind: JobKind, stage: Stage) -> str:
    """Plans a stage's chunks once and queues one job for each; called again when all have succeeded."""
    assert stage.chunks is not None
    with tenant_scope(step.tenant_id):
        states = list(Job.objects.filter(parent_id=step.job_id, stage=stage.name).values_list("state", flat=True))
    if states and all(state == JobState.SUCCEEDED for state in states):
        return _finish(step, kind, stage, {})
    planned = list(stage.chunks(step)) if not states else []
    if not states and not planned:
        return _finish(step, kind, stage, {})
    with tenant_scope(step.tenant_id):
        job, now = step.locked(), database_now()
        chunks = [
            Job(
                kind=job.kind, key=f"{job.key}/{stage.name}/{number}", params=params, stage=stage.name, parent=job, chunk_number=number,
                max_attempts=job.max_attempts, requested_by_id=job.requested_by_id, due_at=now,
            )
            for number, params in enumerate(planned, start=1)
        ]  # fmt: skip
        Job.objects.bulk_create(chunks)
        done = states.count(JobState.SUCCEEDED)
        job.progress[stage.name] = {"done": done, "total": len(chunks) or len(states), "committed": done}
        job.state, job.lease_owner, job.lease_until, job.attempts, job.error = JobState.WAITING, "", None, 0, ""
        job.fence += 1
        job.save()
        outbox_put(*chunks)
    return f"{len(chunks)} chunks"


def _settle(step: Step, state: JobState | None, error: str = "", *, delay: float | None = None) -> str:
    """Ends the job, or with state None gives it back for another attempt, if it is still ours."""
    with tenant_scope(step.tenant_id):
        if step.chunk is not None:
            Job.objects.select_for_update(no_key=True).get(pk=step.job_id)
        job = Job.objects.select_for_update(no_key=True).filter(pk=step._row_id, fence=step.fence, state=JobState.RUNNING).first()
        if job is None:
            return "lost"
        if state is None and job.attempts >= job.max_attempts:
            job_end(job, state=JobState.DEAD, error=told_in_turn(error, given_up(job)))
            return "dead"
        if state is None:
            job_release(job, delay=settings.JOBS_RETRY_SECONDS * 2 ** (job.attempts - 1) if delay is None else delay, error=error)
            return "to be tried again"
        job_end(job, state=state, error=error)
    return state.value


def job_run_here(*, tenant_id: int, job_id: int, timeout: float = 3600) -> Job:
    """Runs a job to its end in this process, without a queue, and returns it; workers may take parts of it meanwhile.

    Raises TimeoutError when it has not ended after `timeout` seconds. Call it outside any scope, after the job is committed.
    """
    deadline = time.monotonic() + timeout
    while True:
        with tenant_scope(tenant_id):
            job = Job.objects.get(pk=job_id)
            chunks = list(Job.objects.filter(parent=job).exclude(state__in=ENDED).order_by("chunk_number").values_list("pk", flat=True))
        if job.has_ended:
            return job
        if time.monotonic() > deadline:
            raise TimeoutError(f"{job.kind} {job.key} is still {job.get_state_display()} in stage {job.stage} after {timeout:.0f} s.")
        taken = [job_execute(tenant_id=tenant_id, job_id=pk) for pk in (chunks or [job_id])]
        if all(came == "not to be had" for came in taken):
            time.sleep(0.1)
