"""One arena for all chaos tests; each test finds the services up, a worker and a beat running, and a tenant of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.chaos.arena import Arena

_serial = itertools.count(1)


@pytest.fixture(scope="session")
def session_arena() -> Iterator[Arena]:
    arena = Arena()
    try:
        arena.database_make()
        arena.redis_start()
        arena.driver_start()
        yield arena
    finally:
        arena.close()


@pytest.fixture
def arena(session_arena: Arena) -> Arena:
    session_arena.clear_traps()
    for name, start in (("worker", session_arena.worker_start), ("beat", session_arena.beat_start)):
        if name not in session_arena.running:
            start()
    return session_arena


@pytest.fixture
def firm(arena: Arena) -> int:
    """The id of a tenant of this test's own."""
    return arena.ask(act="tenant", slug=f"firm{next(_serial)}")


@pytest.fixture(scope="session")
def undisturbed(session_arena: Arena) -> str:
    """The outcome of a run that nobody disturbed, under the same worker and beat."""
    session_arena.clear_traps()
    session_arena.worker_start()
    session_arena.beat_start()
    tenant = session_arena.ask(act="tenant", slug="undisturbed")
    job = session_arena.ask(act="enqueue", tenant=tenant, kind="chaos", key="calm")
    assert session_arena.end_of(job) == "succeeded"
    return session_arena.outcome(tenant, "calm")
