"""Real processes, really killed: after the restart the outcome is that of a run that nobody disturbed, compared by hash."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.chaos.arena import Arena, wait_for

pytestmark = pytest.mark.xdist_group("chaos")
POINTS = ["load start", "load middle 1", "load end", "publish spread", "spread 2 end", "spread 3 middle 0", "post start"]


def enqueue(arena: Arena, tenant: int, kind: str = "chaos", key: str = "k") -> int:
    return arena.ask(act="enqueue", tenant=tenant, kind=kind, key=key)


def settled(arena: Arena, tenant: int, job: int, expected: str) -> None:
    assert arena.end_of(job) == "succeeded"
    assert arena.outcome(tenant, "k") == expected


def test_the_undisturbed_run_writes_everything_once(undisturbed):
    assert undisturbed.endswith("(18 rows, 5 jobs)")


@pytest.mark.parametrize(
    "harm",
    [
        "INSERT INTO people_legalentity (tenant_id, uid, code, name, currency, country) SELECT tenant_id, gen_random_uuid(), 'twice', name, currency, country"
        " FROM people_legalentity WHERE tenant_id = %s LIMIT 1 RETURNING 1",
        "DELETE FROM people_legalentity WHERE id = (SELECT max(id) FROM people_legalentity WHERE tenant_id = %s) RETURNING 1",
        "UPDATE jobs_job SET result = '{}' WHERE tenant_id = %s AND parent_id IS NULL RETURNING 1",
    ],
    ids=["counted twice", "lost", "other result"],
)
def test_negative_control_the_hash_sees_an_effect_too_many_or_too_few(arena, firm, undisturbed, harm):
    job = enqueue(arena, firm)
    settled(arena, firm, job, undisturbed)
    assert arena.query(harm, firm) == [(1,)]
    assert arena.outcome(firm, "k") != undisturbed


def test_a_child_killed_at_every_boundary_and_in_every_stage(arena, firm, undisturbed):
    for point in POINTS:
        arena.set_trap(point)
    job = enqueue(arena, firm)
    alive = set(POINTS)
    while alive:
        point = wait_for("a process in any trap", lambda: next((p for p in alive if (arena.traps / f"in {p}").exists()), None), 30)
        os.kill(arena.caught(point), signal.SIGKILL)
        alive.remove(point)
    settled(arena, firm, job, undisturbed)


@pytest.mark.parametrize("point", ["publish spread", "spread 3 middle 0", "post end"])
def test_the_whole_worker_killed(arena, firm, undisturbed, point):
    arena.set_trap(point)
    job = enqueue(arena, firm)
    arena.caught(point)
    arena.kill("worker")
    arena.worker_start()
    settled(arena, firm, job, undisturbed)


@pytest.mark.parametrize("point", ["spread 3 middle 0", "publish post"])
def test_redis_killed_and_empty_after_its_restart(arena, firm, undisturbed, point):
    """The worker must also take up consuming again by itself."""
    arena.set_trap(point)
    job = enqueue(arena, firm)
    arena.caught(point)
    arena.kill("redis")
    arena.let_go(point)
    time.sleep(0.5)
    arena.redis_start()
    settled(arena, firm, job, undisturbed)


def test_redis_emptied_while_messages_wait(arena, firm, undisturbed):
    arena.kill("worker")
    job = enqueue(arena, firm)
    deadline = time.monotonic() + 20
    while arena.redis_say("LLEN chaos:chaos") == ":0":
        assert time.monotonic() < deadline, "no message came to wait in the queue"
        time.sleep(0.1)
    assert arena.redis_say("FLUSHALL") == "+OK"
    arena.worker_start()
    settled(arena, firm, job, undisturbed)


@pytest.mark.parametrize("point", ["load middle 1", "spread 3 middle 0", "post end"])
def test_postgres_killed(arena, firm, undisturbed, point):
    arena.set_trap(point)
    job = enqueue(arena, firm)
    arena.caught(point)
    arena.kill("postgres")
    arena.let_go(point)
    time.sleep(0.3)
    arena.database_start()
    settled(arena, firm, job, undisturbed)


def test_every_message_ten_times(arena, firm, undisturbed):
    arena.set_trap("load middle 1")
    job = enqueue(arena, firm)
    arena.caught("load middle 1")
    arena.ask(act="send", tenant=firm, job=job, times=10)
    arena.let_go("load middle 1")
    settled(arena, firm, job, undisturbed)
    arena.ask(act="send", tenant=firm, job=job, times=10)
    time.sleep(0.5)
    assert arena.outcome(firm, "k") == undisturbed


def test_a_worker_stopped_past_its_lease_cannot_commit_when_it_wakes(arena, firm, undisturbed):
    """SIGSTOP is what a long garbage collection, a swapping machine or a sleeping laptop look like."""
    arena.set_trap("spread 3 middle 0")
    job = enqueue(arena, firm)
    sleeper = arena.caught("spread 3 middle 0")
    os.kill(sleeper, signal.SIGSTOP)
    try:
        assert arena.end_of(job) == "succeeded", "another process took the chunk over"
    finally:
        arena.let_go("spread 3 middle 0")
        os.kill(sleeper, signal.SIGCONT)
    wait_for("the sleeper to notice", lambda: "taken over by another worker" in arena.log("worker", 200))
    assert arena.outcome(firm, "k") == undisturbed


def test_a_job_that_kills_its_worker_is_given_up_and_others_go_on(arena, firm, undisturbed):
    poison = enqueue(arena, firm, kind="poison", key="p")
    job = enqueue(arena, firm)
    assert arena.end_of(poison) == "dead"
    assert arena.query("SELECT attempts, error LIKE '%%stopped without a word%%Given up%%' FROM jobs_job WHERE id = %s", poison) == [(3, True)]
    settled(arena, firm, job, undisturbed)


def test_two_beats_start_one_night_and_the_second_takes_over_from_a_killed_first(arena):
    arena.beat_start("second beat")
    try:
        tenant = arena.ask(act="tenant", slug="night", nightly_hour=0)
        nights = "SELECT count(*), count(DISTINCT key) FROM jobs_job WHERE kind = 'chaos nightly' AND tenant_id = %s"
        wait_for("the night to be started", lambda: arena.query(nights, tenant)[0][0])
        wait_for("one of the two to stand by", lambda: "standing by" in arena.log("second beat"))
        time.sleep(2)
        made, days = arena.query(nights, tenant)[0]
        assert made == days
        arena.kill("beat")
        wait_for("the second to lead", lambda: "this scheduler leads" in arena.log("second beat"))
        later = arena.ask(act="tenant", slug="later", nightly_hour=0)
        wait_for("the second to start another tenant's night", lambda: arena.query(nights, later)[0][0])
        assert arena.ask(act="pulse") < 5
    finally:
        arena.kill("second beat")
