"""What a handler holds while it works: the lease on its job, and the only way to commit under it."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from spm.jobs.clock import DatabaseNow
from spm.jobs.models import Job, JobState
from spm.tenancy.scope import required_tenant_id, tenant_scope

logger = logging.getLogger(__name__)


class LeaseLost(RuntimeError):
    """Another worker has taken the job over, or it was ended; what this one has not committed is rolled back."""


class JobCancelled(RuntimeError):
    """Somebody asked for the job to stop."""


class JobFailed(Exception):
    """Raised by a handler when trying again cannot help; the text is shown to people and says what, where, how to mend."""


class Step:
    """One call of one handler: a stage of a job, or one chunk of a stage.

    `key` and `params` are the job's, also in a chunk; `chunk` is the chunk's own dict or None; `cursor` is what
    `commit(cursor=...)` kept last in this stage or chunk, so that a restart goes on from there; `result` is what earlier
    stages returned.
    """

    def __init__(self, job: Job, *, parent: Job | None = None) -> None:
        whole = parent or job
        self.tenant_id = required_tenant_id()
        self.job_id = int(whole.pk)
        self.kind, self.key, self.stage = job.kind, whole.key, job.stage
        self.params, self.result = whole.params, whole.result
        self.chunk: dict[str, Any] | None = job.params if job.parent_id else None
        self.chunk_number = job.chunk_number
        self.cursor: dict[str, Any] = job.cursor
        self.requested_by_id = job.requested_by_id
        self.attempt = job.attempts
        self.fence = job.fence
        self._row_id = job.pk
        self._progress: tuple[int, int | None] | None = None
        self._lost = threading.Event()
        self._cancelled = threading.Event()

    def progress(self, done: int, total: int | None = None) -> None:
        """Says how far the stage is; shown within seconds, also while a long transaction is open."""
        self._progress = (done, total)

    def check(self) -> None:
        """Raises LeaseLost or JobCancelled when the heartbeat has seen it; for long computations between commits."""
        if self._lost.is_set():
            raise LeaseLost(f"{self}: taken over by another worker")
        if self._cancelled.is_set():
            raise JobCancelled(f"{self}: cancelled")

    @contextmanager
    def commit(self, *, done: int | None = None, total: int | None = None, cursor: dict[str, Any] | None = None) -> Iterator[None]:
        """A transaction in the tenant's scope that commits only while this worker holds the job.

        The last statement before the commit locks the job's row and compares the fencing token, and nobody can claim the
        job until the commit is through. Raises LeaseLost or JobCancelled, and then nothing of the block is kept.
        """
        self.check()
        with tenant_scope(self.tenant_id):
            yield
            job = self.locked()
            if done is not None:
                self._progress = (done, total)
            if cursor is not None:
                job.cursor = cursor
            self.renew(job)
        if cursor is not None:
            self.cursor = cursor

    def locked(self) -> Job:
        """The job's row, locked until the transaction ends, if the fencing token is still ours. Needs the scope."""
        job = Job.objects.select_for_update(no_key=True, of=("self",)).filter(pk=self._row_id).first()
        if job is None or job.fence != self.fence or job.state != JobState.RUNNING:
            self._lost.set()
            raise LeaseLost(f"{self}: taken over by another worker; nothing of this attempt is kept")
        if job.cancel_requested:
            self._cancelled.set()
            raise JobCancelled(f"{self}: cancelled")
        return job

    def renew(self, job: Job) -> None:
        """Prolongs the lease and writes the progress. A job that got further than ever has its attempts counted anew."""
        fields = ["heartbeat_at", "lease_until", "cursor"]
        if self._progress is not None:
            done, total = self._progress
            known = job.progress.get(self.stage, {})
            if done > known.get("committed", 0):
                job.attempts = 1
            job.progress[self.stage] = {"done": done, "total": total if total is not None else known.get("total"), "committed": done}
            fields += ["progress", "attempts"]
        job.heartbeat_at = DatabaseNow()
        job.lease_until = DatabaseNow() + dt.timedelta(seconds=settings.JOBS_LEASE_SECONDS)
        job.save(update_fields=fields)

    def beat(self) -> None:
        """One heartbeat in a transaction of its own: prolongs the lease, shows progress, looks for a wish to cancel."""
        with tenant_scope(self.tenant_id):
            try:
                job = self.locked()
            except (LeaseLost, JobCancelled):
                return
            fields = ["heartbeat_at", "lease_until"]
            if self._progress is not None:
                done, total = self._progress
                known = job.progress.get(self.stage, {})
                job.progress[self.stage] = {**known, "done": done, "total": total if total is not None else known.get("total")}
                fields.append("progress")
            job.heartbeat_at = DatabaseNow()
            job.lease_until = DatabaseNow() + dt.timedelta(seconds=settings.JOBS_LEASE_SECONDS)
            job.save(update_fields=fields)

    def __str__(self) -> str:
        chunk = f", chunk {self.chunk_number}" if self.chunk is not None else ""
        return f"{self.kind} {self.key}, stage {self.stage}{chunk}"


@contextmanager
def heartbeat(step: Step) -> Iterator[None]:
    """Beats in a thread of its own, with a database connection of its own, while the block runs.

    A process that is stopped, or whose machine sleeps, stops beating too: its lease runs out and the fence shuts it out.
    Inside a caller's transaction (a test) no other connection could see the job, so nothing beats.
    """
    if connection.in_atomic_block:
        yield
        return
    done = threading.Event()

    def loop() -> None:
        interval, shown, waited = settings.JOBS_LEASE_SECONDS / 3, step._progress, 0.0
        pause = min(1.0, interval)
        try:
            while not done.wait(pause):
                waited += pause
                if waited < interval and (step._progress == shown or waited < 2):
                    continue
                shown, waited = step._progress, 0.0
                try:
                    step.beat()
                except Exception:  # the database may be restarting; the next beat tries again
                    logger.warning("%s: heartbeat not written", step, exc_info=True)
                    connection.close()
                if step._lost.is_set():
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=loop, name=f"heartbeat-{step.fence}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=10)
