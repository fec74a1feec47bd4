"""The nightly job through the job machinery, in one process: stages, resumption, exclusion of a second run."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import call_command

from incentives.models import LedgerEntry, Run
from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.models import Job, JobState
from spm.jobs.nightly import jobs_tick
from spm.jobs.services import job_enqueue
from spm.tenancy.scope import tenant_scope
from spm.told import shown
from tests.incentives.world import make_world, put_order


@pytest.fixture
def busy(tenant):
    """A tenant with one order."""
    with tenant_scope(tenant.pk):
        world = make_world(3)
        put_order("1", world.payees[0], "2024-03-05", 1000_00)
    return tenant


def test_recompute_prints_a_json_summary_and_a_second_one_posts_nothing(busy):
    def recompute() -> dict:
        out = io.StringIO()
        call_command("recompute", busy.slug, "--date", "2024-12-31", stdout=out)
        return json.loads(out.getvalue().splitlines()[-1])

    assert recompute()["posted"] == 1
    again = recompute()
    assert (again["posted"], again["full"], again["chunks_computed"]) == (0, False, 0)


def test_the_tick_starts_the_nightly_run_once_per_business_date(busy):
    now = dt.datetime(2024, 12, 31, 3, 0, tzinfo=dt.UTC)
    assert [(slug, kind) for slug, kind, _ in jobs_tick(now=now) if kind == "nightly"] == [(busy.slug, "nightly")]
    assert jobs_tick(now=now + dt.timedelta(minutes=1)) == []
    with tenant_scope(busy.pk):
        job = Job.objects.get(kind="nightly")
    assert job_run_here(tenant_id=busy.pk, job_id=job.pk).state == JobState.SUCCEEDED
    with tenant_scope(busy.pk):
        assert Run.objects.get().kind == "nightly"


def test_a_run_taken_up_after_every_stage_leaves_the_same_ledger(busy):
    with tenant_scope(busy.pk):
        job = job_enqueue(kind="recompute", params={"business_date": "2024-12-31"})
    # Each call runs one stage or chunk and then forgets everything, as a killed worker does.
    from incentives.services.runs import inputs_forget

    for _ in range(30):
        inputs_forget()
        with tenant_scope(busy.pk):
            todo = list(Job.objects.filter(parent=job).exclude(state=JobState.SUCCEEDED).values_list("pk", flat=True)) or [job.pk]
        if job_execute(tenant_id=busy.pk, job_id=todo[0]) == "succeeded" and todo == [job.pk]:
            break
    with tenant_scope(busy.pk):
        assert LedgerEntry.objects.count() == 1
        assert Run.objects.get().state == "done"


def test_a_second_run_waits_for_the_first(busy):
    with tenant_scope(busy.pk):
        first = job_enqueue(kind="recompute", params={"business_date": "2024-12-31"})
        second = job_enqueue(kind="recompute", params={"business_date": "2024-12-31"})
    assert job_execute(tenant_id=busy.pk, job_id=first.pk).startswith("to ")
    assert job_execute(tenant_id=busy.pk, job_id=second.pk) == "not to be had"
    assert job_run_here(tenant_id=busy.pk, job_id=first.pk).state == JobState.SUCCEEDED
    assert job_run_here(tenant_id=busy.pk, job_id=second.pk).state == JobState.SUCCEEDED


def test_a_run_that_cannot_go_on_fails_with_its_job_and_says_why(busy):

    with tenant_scope(busy.pk):
        put_order("big", None, "2024-03-05", 2**62, scale=0)
        job = job_enqueue(kind="recompute", params={"business_date": "2024-12-31"})
    ended = job_run_here(tenant_id=busy.pk, job_id=job.pk)
    assert ended.state == JobState.FAILED
    with tenant_scope(busy.pk):
        run = Run.objects.get()
        assert run.state == "failed"
        assert "too large" in shown(run.error)
