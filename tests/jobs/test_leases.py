"""Claims and the fence: one holder at a time, and whoever lost a job can keep nothing of his work."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from django.db import connection

from spm.jobs import steps
from spm.jobs.claims import job_claim
from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.kinds import Stage
from spm.jobs.models import Job
from spm.jobs.steps import LeaseLost, Step
from spm.jobs.sweeping import jobs_sweep
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from tests.jobs.conftest import expire, fresh, queued


def claim(job: Job) -> Job | None:
    with tenant_scope(job.tenant_id):
        return job_claim(job_id=job.pk, owner="test")


def in_thread(act) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def codes(firm) -> list[str]:
    with tenant_scope(firm.pk):
        return sorted(LegalEntity.objects.values_list("code", flat=True))


def test_a_claimed_job_cannot_be_claimed_again_until_its_lease_runs_out(firm, kind):
    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    first = claim(job)
    assert (first.fence, first.attempts) == (1, 1)
    assert claim(job) is None
    expire(job)
    second = claim(job)
    assert (second.fence, second.attempts) == (2, 2)


def test_of_many_workers_that_got_the_same_message_one_runs_the_job(firm, kind):
    runs = []
    kind("t", a=lambda step: (runs.append(1), time.sleep(0.2))[1])
    job, came = queued(firm, "t"), []
    threads = [in_thread(lambda: came.append(job_execute(tenant_id=firm.pk, job_id=job.pk))) for _ in range(8)]
    [thread.join() for thread in threads]
    assert (len(runs), sorted(set(came)), came.count("succeeded")) == (1, ["not to be had", "succeeded"], 1)


def paused_past_its_lease(firm, kind) -> Job:
    """The first attempt sleeps through its lease inside an open commit, while a second one does the work and ends."""
    first_is_in, second_is_done = threading.Event(), threading.Event()

    def work(step):
        with step.commit():
            LegalEntity.objects.create(code=f"by attempt {step.attempt}", name="x", currency="USD")
            if step.attempt == 1:
                first_is_in.set()
                second_is_done.wait(10)

    kind("t", work=work)
    job = queued(firm, "t")
    first = in_thread(lambda: job_execute(tenant_id=firm.pk, job_id=job.pk))
    assert first_is_in.wait(10)
    expire(job)
    jobs_sweep(tenant_id=firm.pk)
    assert job_execute(tenant_id=firm.pk, job_id=job.pk) == "succeeded"
    second_is_done.set()
    first.join()
    return job


def test_a_worker_that_was_paused_past_its_lease_commits_nothing(firm, kind):
    job = paused_past_its_lease(firm, kind)
    assert codes(firm) == ["by attempt 2"]
    assert fresh(job).state == "succeeded"


def test_negative_control_without_the_fence_the_paused_worker_would_commit(firm, kind, monkeypatch):
    monkeypatch.setattr(steps.Step, "locked", lambda self: Job.objects.get(pk=self._row_id))
    paused_past_its_lease(firm, kind)
    assert codes(firm) == ["by attempt 1", "by attempt 2"]


def test_a_loser_does_not_overwrite_what_the_winner_said_of_the_job(firm, kind):
    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    old = claim(job)
    expire(job)
    assert job_execute(tenant_id=firm.pk, job_id=job.pk) == "succeeded"
    with tenant_scope(firm.pk):
        step = Step(old)
    step.beat()
    assert fresh(job).state == "succeeded"
    with pytest.raises(LeaseLost):
        step.check()
    with pytest.raises(LeaseLost), step.commit():
        pass


def test_the_heartbeat_keeps_a_long_job_and_shows_progress_inside_an_open_transaction(firm, kind, settings):
    settings.JOBS_LEASE_SECONDS = 2
    seen = []

    def work(step):
        with step.commit():
            LegalEntity.objects.create(code="x", name="x", currency="USD")
            step.progress(3, 10)
            time.sleep(4)

    kind("t", work=work)
    job = queued(firm, "t")
    worker = in_thread(lambda: job_execute(tenant_id=firm.pk, job_id=job.pk))
    time.sleep(3.2)
    seen.append((jobs_sweep(tenant_id=firm.pk)["requeued"], fresh(job).progress["work"]["done"]))
    worker.join()
    assert (seen, fresh(job).state, fresh(job).attempts) == ([(0, 3)], "succeeded", 1)


def test_negative_control_without_the_heartbeat_the_long_job_is_taken_away(firm, kind, settings, monkeypatch):
    settings.JOBS_LEASE_SECONDS = 1
    monkeypatch.setattr("spm.jobs.execution.heartbeat", lambda step: contextlib.nullcontext())
    kind("t", work=lambda step: time.sleep(2))
    job = queued(firm, "t")
    worker = in_thread(lambda: job_execute(tenant_id=firm.pk, job_id=job.pk))
    time.sleep(1.3)
    assert jobs_sweep(tenant_id=firm.pk)["requeued"] == 1
    worker.join()
    assert fresh(job).state == "queued"


def test_the_last_two_chunks_ending_at_once_release_their_job(firm, kind):
    """Neither may think that the other is still running."""
    gate = threading.Barrier(4)
    kind("t", [Stage("spread", lambda step: gate.wait(10) and None, chunks=lambda step: [{}] * 4), Stage("after", lambda step: None)])
    job = queued(firm, "t")
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    with tenant_scope(firm.pk):
        chunks = list(Job.objects.filter(parent=job).values_list("pk", flat=True))
    threads = [in_thread(lambda pk=pk: job_execute(tenant_id=firm.pk, job_id=pk)) for pk in chunks]
    [thread.join() for thread in threads]
    assert fresh(job).state == "queued"
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk).state == "succeeded"
