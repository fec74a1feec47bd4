"""The queue's own rules: no task without a tenant, none inside a left-open scope, settings under which nothing is lost."""

from __future__ import annotations

import pytest
from celery import shared_task
from django.conf import settings as configured

from spm.celery import SystemTask, TenantMissing, TenantTask, app
from spm.jobs import beat
from spm.jobs.tasks import run, sweep
from spm.tenancy.scope import tenant_scope


@pytest.mark.parametrize("tenant_id", [None, "7", 0, True, -1])
def test_a_task_refuses_to_run_without_a_tenant(tenant_id):
    with pytest.raises(TenantMissing, match=r"spm\.jobs\.run"):
        run(tenant_id=tenant_id, job_id=1)


def test_a_task_written_without_thought_refuses_too():
    @shared_task(name="test.thoughtless", ignore_result=True)
    def thoughtless(**_):
        return "ran"

    with pytest.raises(TenantMissing):
        thoughtless()
    assert thoughtless(tenant_id=1) == "ran"
    app.tasks.unregister("test.thoughtless")


def test_every_task_of_ours_is_of_one_of_the_two_kinds():
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert {"spm.jobs.run", "spm.jobs.tick", "spm.jobs.relay", "spm.jobs.sweep"} <= set(ours)
    assert [name for name, task in ours.items() if not isinstance(task, TenantTask | SystemTask)] == []
    assert sorted(entry["task"] for entry in configured.CELERY_BEAT_SCHEDULE.values()) == ["spm.jobs.relay", "spm.jobs.sweep", "spm.jobs.tick"]


def test_a_task_does_not_inherit_a_scope(tenant):
    with tenant_scope(tenant.pk):
        with pytest.raises(RuntimeError, match="left open"):
            run(tenant_id=tenant.pk, job_id=1)
        with pytest.raises(RuntimeError, match="left open"):
            sweep()


def test_settings_under_which_nothing_is_lost():
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.accept_content == ["json"]
    options = (app.conf.broker_transport_options, app.conf.result_backend_transport_options)
    timeouts = {app.conf.visibility_timeout, *(option["visibility_timeout"] for option in options)}
    assert len(timeouts) == 1, "the shortest one would win"
    assert timeouts.pop() > app.conf.task_time_limit > app.conf.task_soft_time_limit > configured.JOBS_LEASE_SECONDS


@pytest.fixture
def locks():
    made = [beat.BeatLock(seconds=0.5), beat.BeatLock(seconds=0.5)]
    made[0].redis.delete(made[0].key)
    yield made
    made[0].redis.delete(made[0].key)


def test_of_two_schedulers_one_leads_and_the_other_takes_over_when_it_is_gone(locks):
    import time

    first, second = locks
    assert (first.hold(), second.hold(), first.hold()) == (True, False, True)
    time.sleep(0.7)
    assert (second.hold(), first.hold()) == (True, False)


def test_after_redis_was_emptied_still_only_one_leads(locks):
    first, second = locks
    first.hold()
    first.redis.delete(first.key)
    assert [second.hold(), first.hold(), second.hold()] == [True, False, True]


def test_a_scheduler_without_redis_does_not_lead(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert not beat.BeatLock(seconds=1).hold()
