"""`manage.py replay` and its API: a past run comes out the same whatever came later, and a result that was lost is found."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command

from incentives.models import Run, RunResult
from incentives.services.replays import replay_start
from spm.access.models import Role
from spm.jobs.execution import job_run_here
from spm.jobs.models import Job
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import make_world, put_order
from tests.support.factories import make_member, make_tenant, make_user

# Recorded from a run of the first release: (payee, period, run) -> the first half of what the result was hashed to.
KEPT = {
    (0, "2024-01", 1): "b7943fb9696ce1ab",
    (0, "2024-01", 2): "5d2c5dfb7560c1d4",
    (0, "2024-02", 2): "7a4c84239055c2b3",
    (1, "2024-01", 1): "b20d73927605166f",
    (1, "2024-02", 2): "7a4c84239055c2b3",
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm():
    """Two runs, an order and a correction between them."""
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(2)
        put_order("1", world.payees[0], "2024-01-10", 10_000_00)
        put_order("2", world.payees[1], "2024-01-11", 4_000_00)
        world.run(business_date=dt.date(2024, 1, 31))
        put_order("1", world.payees[0], "2024-01-10", 12_000_00)
        world.run(business_date=dt.date(2024, 2, 29))
    return tenant


def replay(number: int) -> dict:
    out = io.StringIO()
    call_command("replay", "acme", str(number), stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_a_run_leaves_what_runs_of_earlier_releases_left(firm) -> None:
    """By hash of everything that results keep. Another hash is another pay for old plans: that takes a new `engine` number."""
    with tenant_scope(firm.pk):
        payees = sorted(RunResult.objects.order_by().values_list("payee_id", flat=True).distinct())
        kept = {
            (payees.index(row.payee_id), row.period.code, row.run_from.number): bytes(row.hash).hex()[:16]
            for row in RunResult.objects.select_related("period", "run_from")
        }
    assert kept == KEPT


def test_a_past_run_comes_out_the_same_by_hash_and_posts_nothing(firm) -> None:
    for number in (1, 2):
        found = replay(number)
        assert found["same"] is True
        assert found["kept_hash"] == found["found_hash"]
        assert (found["different"], found["results"]) == (0, 2 * number)
    with tenant_scope(firm.pk):
        assert Run.objects.count() == 2


def test_a_result_that_was_lost_is_found_and_the_command_fails(firm) -> None:
    with tenant_scope(firm.pk):
        lost = RunResult.objects.filter(run_to=None).first()
        RunResult.objects.filter(pk=lost.pk).update(run_to=Run.objects.get(number=2))
    with pytest.raises(CommandError, match="1 results of run 2 differ"):
        replay(2)


@pytest.mark.parametrize(("args", "why"), [(("nobody", "1"), "no tenant 'nobody'"), (("acme", "9"), "no run 9; the newest is 2")])
def test_what_does_not_exist_is_named(firm, args, why) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("replay", *args)


def test_the_api_queues_a_replay_and_says_what_it_found(firm) -> None:
    with tenant_scope(firm.pk):
        run = Run.objects.get(number=1)
        caller, rep = make_caller(firm, Role.COMP_ADMIN), make_caller(firm, Role.REP)
        assert caller.get(f"runs/{run.uid}/replay/").json()["job"] is None
        assert rep.post(f"runs/{run.uid}/replay/", {}).status_code == 403
        assert caller.post(f"runs/{run.uid}/replay/", {}).status_code == 202
        assert caller.get(f"runs/{run.uid}/replay/").json()["same"] is None
        job = Job.objects.get(kind="replay")
    job_run_here(tenant_id=firm.pk, job_id=job.pk)
    with tenant_scope(firm.pk):
        found = caller.get(f"runs/{run.uid}/replay/").json()
        assert (found["same"], found["different"], found["kept_hash"]) == (True, 0, run.results_hash)
        assert RunResult.objects.exists()


def test_in_the_browser_an_admin_replays_a_run_and_others_only_read_what_came_out(firm, client) -> None:
    admin, finance = make_user(), make_user()
    with tenant_scope(firm.pk):
        make_member(admin, Role.COMP_ADMIN)
        make_member(finance, Role.FINANCE)
        run, last = Run.objects.get(number=1), Run.objects.get(number=2)
    url = f"/t/acme/runs/{run.uid}/replay/"
    client.force_login(finance)
    assert "This run was not replayed yet" in client.get(url).content.decode()
    assert client.post(url).status_code == 403
    client.force_login(admin)
    assert url in client.get(f"/t/acme/runs/{run.uid}/").content.decode()
    assert client.post(url).status_code == 302
    assert f"{url}job/" in client.get(url).content.decode()
    with tenant_scope(firm.pk):
        job = Job.objects.get(kind="replay")
    job_run_here(tenant_id=firm.pk, job_id=job.pk)
    assert client.get(f"{url}job/").headers["HX-Refresh"] == "true"
    client.force_login(finance)
    page = client.get(url).content.decode()
    assert "The same to the byte" in page
    assert run.results_hash in page
    with tenant_scope(firm.pk):
        lost = RunResult.objects.filter(run_from=run, run_to=None).first()
        RunResult.objects.filter(pk=lost.pk).update(run_to=last)
        found = replay_start(run=last)
    job_run_here(tenant_id=firm.pk, job_id=found.pk)
    assert "the replay finds a result that the run did not leave" in client.get(f"/t/acme/runs/{last.uid}/replay/").content.decode()
