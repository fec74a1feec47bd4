"""The nightly job's own stages on a company with plans and orders, killed at each of them: the books are the undisturbed ones."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.chaos.arena import Arena, wait_for

pytestmark = pytest.mark.xdist_group("chaos")
POINTS = [
    "recompute open in commit",
    "recompute open after commit",
    "publish measure",
    "recompute measure 1 in commit",
    "recompute measure 2 after commit",
    "recompute measure 3 in commit",
    "publish settle",
    "recompute settle 1 in commit",
    "recompute settle 1 after commit",
    "publish close",
    "recompute close in commit",
    "recompute close after commit",
]


def enqueue(arena: Arena, tenant: int, key: str) -> int:
    return arena.ask(act="enqueue", tenant=tenant, kind="recompute", key=key, params={"business_date": "2024-12-31"})


@pytest.fixture
def company(arena: Arena, firm: int) -> int:
    """A tenant with twelve sellers and 288 orders."""
    assert arena.ask(act="company", tenant=firm) == 288
    return firm


@pytest.fixture(scope="session")
def calm_books(session_arena: Arena, undisturbed: str) -> tuple[str, str]:
    """The books after a first run that nobody disturbed, and after a second one with a late order."""
    tenant = session_arena.ask(act="tenant", slug="calm-company")
    session_arena.ask(act="company", tenant=tenant)
    assert session_arena.end_of(enqueue(session_arena, tenant, "first")) == "succeeded"
    first = session_arena.books(tenant)
    session_arena.ask(act="late order", tenant=tenant)
    assert session_arena.end_of(enqueue(session_arena, tenant, "second")) == "succeeded"
    return first, session_arena.books(tenant)


def spring_all(arena: Arena, points: list[str], act) -> None:
    """Waits until a process sits in one of the traps, does the worst to it, and goes on until all have sprung."""
    left = list(points)
    while left:
        point = wait_for("a process in any trap", lambda: next((p for p in left if (arena.traps / f"in {p}").exists()), None), 40)
        act(point, arena.caught(point))
        left.remove(point)


def test_the_calm_books_are_complete(calm_books):
    first, second = calm_books
    assert first.endswith("(144 postings, 144 results, 144 statements, runs [('done', 1)])")
    assert second != first


def test_a_child_killed_at_every_stage_of_the_run(arena, company, calm_books):
    for point in POINTS:
        arena.set_trap(point)
    job = enqueue(arena, company, "first")
    spring_all(arena, POINTS, lambda point, pid: os.kill(pid, signal.SIGKILL))
    assert arena.end_of(job) == "succeeded"
    assert arena.books(company) == calm_books[0]


def test_redis_and_postgres_killed_in_turn_then_a_late_order(arena, company, calm_books):
    points = ["recompute measure 1 in commit", "recompute settle 1 in commit", "publish close"]

    def worst(point: str, pid: int) -> None:
        victim, start = ("redis", arena.redis_start) if point == "recompute settle 1 in commit" else ("postgres", arena.database_start)
        arena.kill(victim)
        arena.let_go(point)
        time.sleep(0.3)
        start()

    for point in points:
        arena.set_trap(point)
    job = enqueue(arena, company, "first")
    spring_all(arena, points, worst)
    assert arena.end_of(job) == "succeeded"
    assert arena.books(company) == calm_books[0]
    arena.ask(act="late order", tenant=company)
    arena.clear_traps()
    arena.set_trap("recompute settle 1 after commit")
    job = enqueue(arena, company, "second")
    arena.caught("recompute settle 1 after commit")
    arena.kill("worker")
    arena.worker_start()
    assert arena.end_of(job) == "succeeded"
    assert arena.books(company) == calm_books[1]
    copied = "tenant_id, payee_id, seat_id, plan_version_id, component, earning_period_id, pay_period_id, currency, legal_entity_id"
    copied += ", verb, amount, scale, cause, run_id, note"
    twice = (
        f"INSERT INTO incentives_ledgerentry ({copied}, uid, line_key, posted_at) SELECT {copied}, gen_random_uuid(), 'x', now()"
        " FROM incentives_ledgerentry WHERE tenant_id = %s LIMIT 1 RETURNING 1"
    )
    assert arena.query(twice, company) == [(1,)]
    assert arena.books(company) != calm_books[1], "negative control: a posting too many shows"
