"""What pages and commands show of jobs, and what is kept of them."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.kinds import Stage
from spm.jobs.models import Job
from spm.jobs.nightly import jobs_tick
from spm.jobs.selectors import job_chunks, job_get, job_latest, job_list, job_progress
from spm.jobs.steps import JobFailed
from spm.tenancy.scope import tenant_scope
from tests.jobs.conftest import fresh, queued


@pytest.fixture
def three_stages(kind):
    stages = [Stage("load", lambda step: None), Stage("spread", lambda step: None, chunks=lambda step: [{}] * 4), Stage("post", lambda step: None)]
    return kind("t", stages, label="Nightly job")


def shown(job: Job):
    with tenant_scope(job.tenant_id):
        found = job_progress(Job.objects.get(pk=job.pk))
    return found.percent, [(stage.state, stage.done, stage.total) for stage in found.stages]


def test_progress_is_told_stage_by_stage_and_reaches_100_only_at_the_end(firm, three_stages):
    job = queued(firm, "t")
    assert shown(job) == (0, [("current", None, None), ("ahead", None, None), ("ahead", None, None)])
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    assert shown(job) == (33, [("done", None, None), ("current", 0, 4), ("ahead", None, None)])
    with tenant_scope(firm.pk):
        parts = list(job_chunks(fresh(job)).values_list("pk", flat=True))
    for done, pk in enumerate(parts[:2], start=1):
        job_execute(tenant_id=firm.pk, job_id=pk)
        assert shown(job)[1][1] == ("current", done, 4)
    assert shown(job)[0] == 50
    job_run_here(tenant_id=firm.pk, job_id=job.pk)
    assert shown(job)[0] == 100


def test_lists_show_jobs_without_their_parts_and_a_part_has_no_address(firm, three_stages):
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    with tenant_scope(firm.pk):
        assert Job.objects.count() == 5
        assert (list(job_list()), job_latest("t"), job_get(job.uid)) == ([job], job, job)
        assert list(job_list(kinds=["other"])) == []
        with pytest.raises(Job.DoesNotExist):
            job_get(Job.objects.exclude(parent=None).first().uid)


def test_another_tenants_job_has_no_address_here(firm, three_stages, other_tenant):
    job = queued(firm, "t")
    with tenant_scope(other_tenant.pk), pytest.raises(Job.DoesNotExist):
        job_get(job.uid)


def test_the_command_lists_shows_and_mends(firm, kind):
    broken = [True]

    def work(step):
        if broken:
            raise JobFailed("row 3: unknown payee E9")

    kind("t", work=work)
    job = job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t", "2026-01-01").pk)

    def said(*args: str) -> str:
        out = io.StringIO()
        call_command("jobs", *args, stdout=out)
        return out.getvalue()

    assert f"{job.uid}  failed     t 2026-01-01  work  row 3: unknown payee E9" in said("list", "acme", "--attention")
    assert "row 3: unknown payee E9" in said("show", "acme", str(job.uid))
    broken.clear()
    assert "Queued" in said("retry", "acme", str(job.uid))
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk).state == "succeeded"
    with pytest.raises(CommandError, match="ended already"):
        said("cancel", "acme", str(job.uid))
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        said("list", "nobody")


def test_parts_of_old_jobs_go_their_jobs_and_recent_parts_stay(firm, three_stages, kind):
    kind("test nightly", a=lambda step: None, nightly=True)
    old, recent = (job_run_here(tenant_id=firm.pk, job_id=queued(firm, "t", key).pk) for key in ("old", "recent"))
    with tenant_scope(firm.pk):
        Job.objects.filter(pk=old.pk).update(finished_at=timezone.now() - dt.timedelta(days=31))
    jobs_tick(now=dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))
    with tenant_scope(firm.pk):
        assert set(Job.objects.filter(kind="t", parent=None)) == {old, recent}
        assert set(Job.objects.exclude(parent=None).values_list("parent", flat=True)) == {recent.pk}
