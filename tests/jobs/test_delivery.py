"""Outbox, relay and sweeper: a message may be lost, late or doubled, and the job is done once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from spm.jobs import relay
from spm.jobs.claims import job_claim
from spm.jobs.execution import job_execute, job_run_here
from spm.jobs.kinds import Stage
from spm.jobs.models import Job, Outbox
from spm.jobs.relay import outbox_relay, outbox_relay_all
from spm.jobs.sweeping import jobs_sweep, jobs_sweep_all
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from spm.told import shown
from tests.jobs.conftest import expire, fresh, queued


@pytest.fixture
def broker_away(monkeypatch):
    """The queue takes nothing: requests must go through all the same."""

    def refuse(**_):
        raise ConnectionError("no broker")

    monkeypatch.setattr(relay, "message_send", refuse)
    monkeypatch.setattr(outbox_relay, "__kwdefaults__", {**outbox_relay.__kwdefaults__, "send": refuse})


def waiting(tenant: Tenant) -> int:
    with tenant_scope(tenant.pk):
        return Outbox.objects.count()


class Queue(list):
    def send(self, *, tenant_id: int, job_id: int) -> None:
        self.append((tenant_id, job_id))


def test_a_request_goes_through_without_a_broker_and_the_relay_sends_it_later(firm, kind, broker_away):
    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    assert waiting(firm) == 1
    sent = Queue()
    assert outbox_relay(tenant_id=firm.pk, send=sent.send) == 1
    assert (sent, waiting(firm)) == ([(firm.pk, job.pk)], 0)
    assert fresh(job).publishes == 1


def test_a_relay_that_dies_after_sending_sends_again_rather_than_never(firm, kind, broker_away):
    kind("t", a=lambda step: None)
    queued(firm, "t", "one"), queued(firm, "t", "two")
    sent = Queue()

    def dies_at_the_second(**message):
        sent.send(**message)
        if len(sent) == 2:
            raise SystemExit

    with pytest.raises(SystemExit):
        outbox_relay(tenant_id=firm.pk, send=dies_at_the_second)
    assert outbox_relay(tenant_id=firm.pk, send=sent.send) == 2
    assert len(sent) == 4


def test_two_relays_side_by_side_send_each_message_once(firm, kind, broker_away):
    kind("t", a=lambda step: None)
    for number in range(20):
        queued(firm, "t", str(number))
    sent, both = Queue(), threading.Barrier(2)

    def slow(**message):
        if not both.broken and len(sent) < 1:
            both.wait(1)
        sent.send(**message)

    def relay_some() -> None:
        try:
            outbox_relay(tenant_id=firm.pk, send=slow, limit=10)
        except threading.BrokenBarrierError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=relay_some) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(sent) == len(set(sent)) == 20


def test_ten_copies_of_a_message_run_the_job_once(firm, kind):
    runs = []
    kind("t", a=lambda step: runs.append(1))
    job = queued(firm, "t")
    came = [job_execute(tenant_id=firm.pk, job_id=job.pk) for _ in range(10)]
    assert (len(runs), came) == (1, ["succeeded"] + ["not to be had"] * 9)


def test_a_message_for_a_job_of_another_tenant_does_nothing(firm, kind, other_tenant):
    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    assert job_execute(tenant_id=other_tenant.pk, job_id=job.pk) == "not to be had"
    assert fresh(job).state == "queued"


def test_a_lost_message_is_sent_again_after_a_while_and_not_before(firm, kind):
    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    assert fresh(job).publishes == 1, "the broker of the tests took it"
    assert jobs_sweep(tenant_id=firm.pk)["resent"] == 0
    with tenant_scope(firm.pk):
        Job.objects.update(published_at=timezone.now() - dt.timedelta(seconds=121))
    assert jobs_sweep(tenant_id=firm.pk)["resent"] == 1
    assert fresh(job).publishes == 2
    with tenant_scope(firm.pk):
        Job.objects.update(published_at=timezone.now() - dt.timedelta(seconds=121))
    assert jobs_sweep(tenant_id=firm.pk)["resent"] == 0, "the second wait is longer: the queue may only be long"


def test_a_worker_killed_in_silence_costs_an_attempt_and_the_last_one_gives_the_job_up(firm, kind):
    kind("t", load=lambda step: None, max_attempts=3)
    job = queued(firm, "t")
    for attempt in (1, 2, 3):
        with tenant_scope(firm.pk):
            assert job_claim(job_id=job.pk, owner="killed").attempts == attempt
        expire(job)
        jobs_sweep(tenant_id=firm.pk)
    found = fresh(job)
    assert found.state == "dead"
    assert shown(found.error) == (
        "The worker stopped without a word in stage “load”, attempts: 3 (killed, out of memory, or longer than the lease allows). Given up after 3 attempts."
    )
    assert jobs_sweep(tenant_id=firm.pk)["requeued"] == 0


def test_negative_control_without_a_limit_the_killer_would_start_a_fourth_time(firm, kind):
    kind("t", load=lambda step: None, max_attempts=1000)
    job = queued(firm, "t")
    for _ in range(4):
        with tenant_scope(firm.pk):
            assert job_claim(job_id=job.pk, owner="killed") is not None
        expire(job)
        jobs_sweep(tenant_id=firm.pk)
    assert fresh(job).state == "queued"


def test_a_killed_chunk_given_up_by_the_sweeper_ends_its_job(firm, kind):
    kind("t", [Stage("spread", lambda step: None, chunks=lambda step: [{}, {}])], max_attempts=1)
    job = queued(firm, "t")
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    with tenant_scope(firm.pk):
        chunk = Job.objects.filter(parent=job).first()
        job_claim(job_id=chunk.pk, owner="killed")
    expire(chunk)
    jobs_sweep(tenant_id=firm.pk)
    assert (fresh(job).state, "part" in fresh(job).error) == ("dead", True)


def test_a_job_cancelled_while_its_worker_was_dead_is_not_started_again(firm, kind):
    from spm.jobs.services import job_cancel

    kind("t", a=lambda step: None)
    job = queued(firm, "t")
    with tenant_scope(firm.pk):
        job_claim(job_id=job.pk, owner="killed")
        job_cancel(job=job)
    expire(job)
    jobs_sweep(tenant_id=firm.pk)
    assert fresh(job).state == "cancelled"


def test_a_parent_that_nobody_released_is_found(firm, kind):
    kind("t", [Stage("spread", lambda step: None, chunks=lambda step: [{}]), Stage("after", lambda step: None)])
    job = queued(firm, "t")
    job_execute(tenant_id=firm.pk, job_id=job.pk)
    with tenant_scope(firm.pk):
        Job.objects.filter(parent=job).update(state="succeeded")
    assert jobs_sweep(tenant_id=firm.pk)["gathered"] == 1
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk).state == "succeeded"


def test_one_tenants_trouble_does_not_hold_up_the_others_and_is_not_hidden(firm, kind, other_tenant, monkeypatch, broker_away):
    kind("t", a=lambda step: None)
    queued(firm, "t"), queued(other_tenant, "t")
    sent = Queue()

    def only_the_second(*, tenant_id, job_id):
        if tenant_id == firm.pk:
            raise ConnectionError("no")
        sent.send(tenant_id=tenant_id, job_id=job_id)

    monkeypatch.setattr(outbox_relay, "__kwdefaults__", {**outbox_relay.__kwdefaults__, "send": only_the_second})
    with pytest.raises(RuntimeError, match=rf"tenants \[{firm.pk}\]"):
        outbox_relay_all()
    assert ([tenant for tenant, _ in sent], waiting(firm)) == ([other_tenant.pk], 1)
    assert jobs_sweep_all()["requeued"] == 0


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_a_web_server_with_a_wrong_clock_delays_no_job(firm, kind, monkeypatch, ahead):
    """Due times and leases are the database's."""
    real = timezone.now
    kind("t", [Stage("spread", lambda step: None, chunks=lambda step: [{}, {}])])
    monkeypatch.setattr(timezone, "now", lambda: real() + dt.timedelta(seconds=ahead))
    job = queued(firm, "t")
    assert job_run_here(tenant_id=firm.pk, job_id=job.pk, timeout=5).state == "succeeded"
    assert jobs_sweep(tenant_id=firm.pk)["requeued"] == 0


def test_more_chunks_than_one_batch_are_all_sent_without_waiting_for_the_next_relay(firm, kind):
    kind("t", [Stage("spread", lambda step: None, chunks=lambda step: [{}] * (relay.AT_ONCE + 1))])
    job_execute(tenant_id=firm.pk, job_id=queued(firm, "t").pk)
    assert waiting(firm) == 0
