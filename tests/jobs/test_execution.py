"""Stages, chunks, retries, giving up, cancelling: what becomes of a job, run without a queue."""

from __future__ import annotations

import contextlib

import pytest

from spm.audit.models import AuditEntry
from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.kinds import Stage
from spm.jobs.models import Job, JobState
from spm.jobs.selectors import job_progress, jobs_needing_attention
from spm.jobs.services import JobNotAllowed, job_cancel, job_enqueue, job_retry
from spm.jobs.steps import JobFailed
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from spm.told import shown
from tests.jobs.conftest import fresh, queued


def codes(tenant) -> list[str]:
    with tenant_scope(tenant.pk):
        return sorted(LegalEntity.objects.values_list("code", flat=True))


def write(step, code: str) -> None:
    with step.commit():
        LegalEntity.objects.get_or_create(code=code, defaults={"name": code, "currency": "USD"})


def test_stages_run_in_order_and_hand_on_their_results(firm, kind):
    kind("t", load=lambda step: {"rows": step.params["rows"]}, post=lambda step: {"posted": step.result["rows"] * 2})
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t", rows=21).pk)
    assert (job.state, job.result) == ("succeeded", {"rows": 21, "posted": 42})
    assert [s.percent for s in job_progress(job).stages] == [100, 100]


def test_the_same_key_is_the_same_job_and_another_tenant_has_its_own(firm, kind, other_tenant):
    kind("t", only=lambda step: None)
    first = queued(firm, "t", "2026-01-01", a=1)
    assert queued(firm, "t", "2026-01-01", a=2).pk == first.pk
    assert fresh(first).params == {"a": 1}
    assert queued(other_tenant, "t", "2026-01-01").pk != first.pk


def test_a_request_that_rolls_back_leaves_neither_job_nor_message(firm, kind):
    from spm.jobs.models import Outbox

    kind("t", only=lambda step: None)
    with contextlib.suppress(ZeroDivisionError), tenant_scope(firm.pk):
        job_enqueue(kind="t")
        raise ZeroDivisionError
    with tenant_scope(firm.pk):
        assert (Job.objects.count(), Outbox.objects.count()) == (0, 0)


def test_chunks_are_planned_once_and_the_next_stage_waits_for_all(firm, kind):
    plans, seen = [], []

    def plan(step):
        plans.append(1)
        return [{"n": n} for n in range(1, 4)]

    def chunk(step):
        seen.append(step.chunk["n"])
        write(step, f"c{step.chunk['n']}")

    def after(step):
        assert codes(firm) == ["c1", "c2", "c3"]
        return {"after": sorted(seen)}

    kind("t", [Stage("spread", chunk, chunks=plan), Stage("after", after)])
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, job.result, plans) == ("succeeded", {"after": [1, 2, 3]}, [1])
    assert job.progress["spread"] == {"done": 3, "total": 3, "committed": 3}


def test_no_chunks_means_the_stage_is_done(firm, kind):
    kind("t", [Stage("spread", lambda step: 1 / 0, chunks=lambda step: []), Stage("after", lambda step: {"ok": True})])
    assert job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk).result == {"ok": True}


def test_an_error_is_shown_and_tried_again_from_the_stage_it_happened_in(firm, kind, quick):
    calls = []

    def second(step):
        calls.append(step.attempt)
        if step.attempt < 3:
            raise OSError("disk full")

    kind("t", first=lambda step: calls.append("first"), second=second)
    job = queued(firm, "t")
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    assert job_execute(tenant_id=firm.pk, job_id=job.pk) == "to be tried again"
    assert fresh(job).error == "OSError: disk full"
    with tenant_scope(firm.pk):
        assert list(jobs_needing_attention()) == [job]
    done = job_run_here(tenant_id=firm.pk, job_id=job.pk)
    assert (done.state, done.error, calls) == ("succeeded", "", ["first", 1, 2, 3])


def test_a_poison_job_is_given_up_visibly_and_does_not_loop(firm, kind, quick):
    calls, told = [], []

    def bad(step):
        calls.append(1)
        raise ValueError("row 7: no such currency XXX")

    kind("t", bad=bad, max_attempts=3, on_failure=lambda job: told.append(job.state))
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, len(calls), told) == ("dead", 3, ["dead"])
    assert shown(job.error) == "ValueError: row 7: no such currency XXX Given up after 3 attempts."
    assert job_execute(tenant_id=firm.pk, job_id=job.pk) == "not to be had"
    with tenant_scope(firm.pk):
        assert list(jobs_needing_attention()) == [job]


def test_a_failure_that_cannot_be_mended_by_trying_again_ends_the_job_at_once(firm, kind):
    def stop(step):
        raise JobFailed("The mapping names a column that the file lacks.")

    kind("t", stop=stop)
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, job.error, job.attempts) == ("failed", "The mapping names a column that the file lacks.", 1)


def test_a_handler_for_failures_that_fails_does_not_keep_the_job_alive(firm, kind):
    def stop(step):
        raise JobFailed("No.")

    kind("t", stop=stop, on_failure=lambda job: LegalEntity.objects.create(code="x", name="x", currency="too long for the column"))
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert job.state == "failed"
    assert "What should follow a failure failed too" in shown(fresh(job).error)


def test_one_bad_chunk_ends_the_job_naming_the_part_and_retry_runs_only_what_is_missing(firm, kind, quick):
    ran, broken = [], [2]

    def chunk(step):
        ran.append(step.chunk["n"])
        if step.chunk["n"] in broken:
            raise JobFailed("payee E2 has no plan")
        write(step, f"c{step.chunk['n']}")

    kind("t", [Stage("spread", chunk, chunks=lambda step: [{"n": n} for n in range(1, 5)]), Stage("after", lambda step: None)])
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, shown(job.error)) == ("failed", "Stage “spread”, part 2 of 4: payee E2 has no plan")
    assert ran == [1, 2]
    broken.clear()
    with tenant_scope(firm.pk):
        assert job_retry(job=job, actor_id=5).state == "waiting"
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk).state == "succeeded"
    assert ran == [1, 2, 2, 3, 4]
    assert codes(firm) == ["c1", "c2", "c3", "c4"]
    with tenant_scope(firm.pk):
        assert AuditEntry.objects.get().action == "job.retry"


def test_cancelling_a_running_job_keeps_nothing_of_its_open_commit(firm, kind):
    def work(step):
        write(step, "kept")
        with tenant_scope(firm.pk):
            job_cancel(job=Job.objects.get(pk=step.job_id), actor_id=1)
        write(step, "not kept")

    kind("t", work=work, never=lambda step: write(step, "never"))
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, codes(firm)) == ("cancelled", ["kept"])


def test_cancelling_a_queued_job_ends_it_and_an_ended_one_cannot_be_cancelled(firm, kind):
    kind("t", work=lambda step: write(step, "no"))
    job = queued(firm, "t")
    with tenant_scope(firm.pk):
        job_cancel(job=job)
    assert job_execute(tenant_id=firm.pk, job_id=job.pk) == "not to be had"
    assert (fresh(job).state, codes(firm)) == ("cancelled", [])
    with tenant_scope(firm.pk), pytest.raises(JobNotAllowed, match="ended already"):
        job_cancel(job=job)


def test_a_waiting_job_is_cancelled_with_its_chunks(firm, kind):
    kind("t", [Stage("spread", lambda step: write(step, "no"), chunks=lambda step: [{}, {}])])
    job = queued(firm, "t")
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    with tenant_scope(firm.pk):
        job_cancel(job=job)
        assert set(Job.objects.values_list("state", flat=True)) == {JobState.CANCELLED}


def test_a_restart_goes_on_from_the_cursor_and_progress_earns_new_attempts(firm, kind, quick):
    """Ten pages, each attempt dies after two more: five attempts, with a limit of two starts without getting further."""
    pages = []

    def work(step):
        start = step.cursor.get("page", 0)
        for page in range(start, 10):
            if page == start + 2:
                raise OSError("connection reset")
            with step.commit(done=page + 1, total=10, cursor={"page": page + 1}):
                pages.append(page)

    kind("t", work=work, max_attempts=2)
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert (job.state, pages) == ("succeeded", list(range(10)))


def test_jobs_of_an_exclusive_group_take_turns(firm, kind, settings):
    settings.JOBS_RETRY_SECONDS = 1
    kind("slow", a=lambda step: None, b=lambda step: None, exclusive="pay")
    kind("other", a=lambda step: None, exclusive="pay")
    kind("free", a=lambda step: None)
    first, second, third = queued(firm, "slow"), queued(firm, "other"), queued(firm, "free")
    assert job_execute(tenant_id=firm.pk, job_id=first.pk) == "to b"
    assert job_execute(tenant_id=firm.pk, job_id=second.pk) == "not to be had"
    assert (fresh(second).state, fresh(second).attempts) == ("queued", 0)
    assert job_execute(tenant_id=firm.pk, job_id=third.pk) == "succeeded"
    job_run_here(tenant_id=firm.pk, job_id=first.pk)
    assert job_run_here(tenant_id=firm.pk, job_id=second.pk, timeout=20).state == "succeeded"


def test_a_kind_that_nobody_registered_ends_with_an_error_that_says_so(firm, kind, quick):
    registered = kind("t", a=lambda step: None)
    job = queued(firm, "t")
    from spm.jobs.kinds import job_kind_forget

    job_kind_forget(registered.name)
    assert "No handler is registered for jobs of kind 't'" in job_run_here(tenant_id=firm.pk, job_id=job.pk).error


def test_ctrl_c_gives_the_job_back_at_once_and_shows_why(firm, kind):
    def interrupted(step):
        if step.attempt == 1:
            raise KeyboardInterrupt

    kind("t", a=interrupted)
    job = queued(firm, "t")
    with pytest.raises(KeyboardInterrupt):
        job_run_here(tenant_id=firm.pk, job_id=job.pk)
    assert (fresh(job).state, shown(fresh(job).error)) == ("queued", "The worker was told to stop.")
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk, timeout=2).state == "succeeded"


def test_waiting_for_a_job_that_does_not_end_has_an_end(firm, kind):
    from spm.jobs.claims import job_claim

    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    with tenant_scope(firm.pk):
        job_claim(job_id=job.pk, owner="a worker elsewhere")
    with pytest.raises(TimeoutError, match="still Running in stage a"):
        job_run_here(tenant_id=firm.pk, job_id=job.pk, timeout=0.3)
