"""A run for one payee as background work: its turn among other runs, its command, API and pages."""

from __future__ import annotations

import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from incentives.models import LedgerEntry, Run, RunResult
from incentives.services.payee_runs import payee_run_start
from spm.access.models import Role
from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.models import Job, JobState
from spm.jobs.services import job_enqueue
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import World, make_world, put_order
from tests.support.factories import make_member, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)
END = dt.date(2024, 12, 31)


@pytest.fixture
def firm(settings) -> tuple[Any, World]:
    """Two sellers with an order each, and a run; then an order more for each."""
    settings.JOBS_RETRY_SECONDS = 1
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(2)
        for i, payee in enumerate(world.payees):
            put_order(f"{i}", payee, "2024-01-10", 10_000_00)
        world.run(business_date=END)
        for i, payee in enumerate(world.payees):
            put_order(f"more {i}", payee, "2024-02-10", 4_000_00)
    return tenant, world


def posted(tenant: Any) -> list[tuple[Any, ...]]:
    with tenant_scope(tenant.pk):
        return sorted(LedgerEntry.objects.values_list("payee", "earning_period", "verb", "amount", "scale"))


def ask(tenant: Any, world: World) -> Job:
    with tenant_scope(tenant.pk):
        return payee_run_start(payee=world.payees[0], business_date=END)


def test_it_waits_for_a_nightly_run_under_way_and_then_finds_nothing_to_do(firm) -> None:
    tenant, world = firm
    with tenant_scope(tenant.pk):
        nightly = job_enqueue(kind="nightly", params={"business_date": END.isoformat()})
    assert [job_execute(tenant_id=tenant.pk, job_id=nightly.pk) for _ in range(2)] == ["to open", "to measure"]
    job = ask(tenant, world)
    assert job_execute(tenant_id=tenant.pk, job_id=job.pk) == "not to be had"
    assert job_run_here(tenant_id=tenant.pk, job_id=nightly.pk).state == JobState.SUCCEEDED
    after = posted(tenant)
    assert len(after) == 4
    ended = job_run_here(tenant_id=tenant.pk, job_id=job.pk, timeout=20)
    assert ended.state == JobState.SUCCEEDED
    assert (ended.result["summary"]["posted"], ended.result["summary"]["results_changed"]) == (0, 0)
    assert posted(tenant) == after


def test_a_nightly_run_waits_for_it_in_turn(firm) -> None:
    tenant, world = firm
    job = ask(tenant, world)
    assert [job_execute(tenant_id=tenant.pk, job_id=job.pk) for _ in range(2)] == ["to open", "to measure"]
    with tenant_scope(tenant.pk):
        nightly = job_enqueue(kind="nightly", params={"business_date": END.isoformat()})
    assert job_execute(tenant_id=tenant.pk, job_id=nightly.pk) == "not to be had"


def test_both_at_once_leave_what_the_nightly_run_alone_leaves(firm) -> None:
    tenant, world = firm
    with tenant_scope(tenant.pk):
        nightly = job_enqueue(kind="nightly", params={"business_date": END.isoformat()})
    jobs = [nightly, ask(tenant, world), ask(tenant, world)]

    def work(job: Job) -> str:
        try:
            return job_run_here(tenant_id=tenant.pk, job_id=job.pk, timeout=60).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, jobs)) == [JobState.SUCCEEDED] * 3
    first, second = (payee.pk for payee in world.payees)
    january, february = (world_period(tenant, world, code) for code in ("2024-01", "2024-02"))
    assert posted(tenant) == sorted([(p, at, "earned", amount, 2) for p in (first, second) for at, amount in ((january, 500_00), (february, 200_00))])
    with tenant_scope(tenant.pk):
        assert set(Run.objects.values_list("state", flat=True)) == {"done"}
        assert (
            RunResult.objects.filter(run_to=None).values("seat", "plan_version", "period").distinct().count() == RunResult.objects.filter(run_to=None).count()
        )


def world_period(tenant: Any, world: World, code: str) -> int:
    with tenant_scope(tenant.pk):
        return world.period(code).pk


def test_the_command_runs_one_payee_and_names_who_is_not_there(firm) -> None:
    tenant, world = firm
    out = io.StringIO()
    call_command("recompute", "acme", "--date", "2024-12-31", "--payee", world.payees[0].external_id, stdout=out)
    summary = json.loads(out.getvalue().splitlines()[-1])
    assert (summary["kind"], summary["posted"]) == ("payee", 1)
    assert {row[0] for row in posted(tenant)[2:]} | {world.payees[0].pk} == {payee.pk for payee in world.payees}
    with pytest.raises(CommandError, match="There is no payee with the number 'nobody'"):
        call_command("recompute", "acme", "--payee", "nobody")
    with pytest.raises(CommandError, match="without --full"):
        call_command("recompute", "acme", "--payee", world.payees[0].external_id, "--full")


def test_the_api_starts_it_for_admins_and_the_run_says_whose_it_is(firm) -> None:
    tenant, world = firm
    body = {"payee": str(world.payees[0].uid), "business_date": "2024-12-31"}
    with tenant_scope(tenant.pk):
        caller, rep = make_caller(tenant, Role.COMP_ADMIN), make_caller(tenant, Role.REP)
        assert rep.post("runs/", body).status_code == 403
        assert caller.post("runs/", {**body, "full": True}).status_code == 400
        assert caller.post("runs/", body).status_code == 202
        job = Job.objects.get(kind="recompute_payee")
    job_run_here(tenant_id=tenant.pk, job_id=job.pk)
    with tenant_scope(tenant.pk):
        assert caller.get("runs/").json()["results"][0]["payee"] == str(world.payees[0].uid)


def test_in_the_browser_an_admin_starts_it_from_the_statement_and_is_told_when_nothing_changed(firm, client) -> None:
    tenant, world = firm
    admin, rep = make_user(), make_user()
    with tenant_scope(tenant.pk):
        make_member(admin, "comp_admin")
        make_member(rep, "rep")
    url, statement = f"/t/acme/runs/one/{world.payees[0].uid}/", f"/t/acme/people/{world.payees[0].uid}/statements/2024-02/"
    client.force_login(rep)
    assert client.post(url).status_code == 403
    client.force_login(admin)
    assert url in client.get(statement).content.decode()
    for expected in ("$200.00", "Nothing changed for "):
        live = client.post(url)
        with tenant_scope(tenant.pk):
            job = Job.objects.latest("created_at")
        assert "Recompute of one payee" in client.get(live.url).content.decode()
        assert "HX-Refresh" not in client.get(f"/t/acme/runs/jobs/{job.uid}/").headers
        job_run_here(tenant_id=tenant.pk, job_id=job.pk)
        assert client.get(f"/t/acme/runs/jobs/{job.uid}/").headers["HX-Refresh"] == "true"
        assert expected in client.get(live.url, follow=True).content.decode()
    assert "One payee: " in client.get("/t/acme/runs/").content.decode()
