"""Reading jobs for pages, the API and commands. All need the tenant's scope."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from spm.jobs.kinds import UnknownKind, job_kind_get
from spm.jobs.models import ENDED, Job, JobState
from spm.told import shown


@dataclass(frozen=True)
class StageProgress:
    """One stage: state is 'done', 'current' or 'ahead'; done and total count what the handler counts, None when it does not."""

    name: str
    state: str
    done: int | None
    total: int | None

    @property
    def percent(self) -> int | None:
        """0..100, rounded down, so that 100 means finished."""
        if self.state == "done":
            return 100
        return None if not self.total or self.done is None else min(100, self.done * 100 // self.total)


@dataclass(frozen=True)
class JobProgress:
    """What a page shows of a job. `error` is the last attempt's, also while the job is to be tried again."""

    uid: uuid.UUID
    kind: str
    label: str
    key: str
    state: str
    state_label: str
    stages: tuple[StageProgress, ...]
    attempts: int
    error: str
    requested_by_id: int | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    heartbeat_at: dt.datetime | None
    finished_at: dt.datetime | None
    result: dict

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def percent(self) -> int:
        """0..100 over all stages, each weighing the same."""
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(99, sum(stage.percent or 0 for stage in self.stages) // max(1, len(self.stages)))


def job_progress(job: Job) -> JobProgress:
    """The job as pages show it, stage by stage."""
    try:
        kind = job_kind_get(job.kind)
        names, label = [stage.name for stage in kind.stages], str(kind.label)
    except UnknownKind:
        names, label = [job.stage], job.kind
    here = names.index(job.stage) if job.stage in names else 0
    stages = []
    for position, name in enumerate(names):
        counted = job.progress.get(name, {})
        done = position < here or job.state == JobState.SUCCEEDED
        stages.append(StageProgress(name, "done" if done else "current" if position == here else "ahead", counted.get("done"), counted.get("total")))
    return JobProgress(
        uid=job.uid, kind=job.kind, label=label, key=job.key, state=job.state, state_label=str(job.get_state_display()), stages=tuple(stages),
        attempts=job.attempts, error=shown(job.error), requested_by_id=job.requested_by_id, created_at=job.created_at, started_at=job.started_at,
        heartbeat_at=job.heartbeat_at, finished_at=job.finished_at, result=job.result,
    )  # fmt: skip


def job_get(uid: uuid.UUID | str) -> Job:
    """The job of this address; Job.DoesNotExist for a stranger's or none."""
    return Job.objects.get(uid=uid, parent=None)


def job_list(*, kinds: Iterable[str] | None = None) -> QuerySet[Job]:
    """Jobs, newest first, without chunks."""
    found = Job.objects.filter(parent=None)
    return found if kinds is None else found.filter(kind__in=list(kinds))


def job_latest(kind: str) -> Job | None:
    """The newest job of a kind."""
    return job_list(kinds=[kind]).first()


def jobs_needing_attention() -> QuerySet[Job]:
    """Failed and given-up jobs, and those that failed at least once and will be tried again."""
    troubled = job_list()
    return troubled.filter(state__in=[JobState.FAILED, JobState.DEAD]) | troubled.exclude(state__in=ENDED).exclude(error="")


def job_chunks(job: Job) -> QuerySet[Job]:
    """The parts of the job's current stage, in order."""
    return Job.objects.filter(parent=job, stage=job.stage).order_by("chunk_number")
