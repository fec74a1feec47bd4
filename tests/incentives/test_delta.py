"""An incremental run reads the orders that changed, and no others: what it leaves is what a full run does, to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from incentives import delta
from incentives.additive import adds_up
from incentives.engine.compile import plan_load
from incentives.models import ChunkTotals, Run, RunChunk
from incentives.replay import run_replay
from spm.sales.models import Channel
from tests.incentives.histories import left_behind
from tests.incentives.world import PLAN, World, add_manager, make_world, put_order

RUNNING = PLAN.replace("  - name: sales\nattainments", '  - name: sales\n    value: running(pay_credit, "period")\nattainments')


def _company(text: str = PLAN) -> World:
    world = make_world(3, text=text)
    one, two, three = world.payees
    put_order("own", one, "2024-03-05", 1000_00)
    put_order("shared", one, "2024-03-06", 900_01, splits=[(one, 600_000), (two, 400_000)])
    put_order("moves", two, "2024-04-07", 700_00)
    put_order("online", two, "2024-04-08", 500_00, channel=Channel.ONLINE)
    put_order("nobody", None, "2024-04-09", 300_00)
    put_order("quiet", three, "2024-05-09", 200_00)
    return world


def _late(world: World) -> None:
    """A late order, a correction, a new split, a move in time and to somebody else, one that is deleted, one excluded and one taken in."""
    one, two, _ = world.payees
    put_order("late", one, "2024-01-15", 444_44)
    put_order("own", one, "2024-03-05", 1100_00)
    put_order("shared", one, "2024-03-06", 900_01, splits=[(one, 333_333), (two, 666_667)])
    put_order("moves", one, "2024-06-07", 700_00)
    put_order("online", two, "2024-04-08", 500_00)
    put_order("quickly", two, "2024-07-01", 80_00, channel=Channel.ONLINE)
    put_order("nobody", two, "2024-04-09", 300_00)
    put_order("lost", None, "2024-04-10", 30_00)
    put_order("own", one, "2024-03-05", 0, gone=True)


def _bodies(run: Run) -> dict[Any, bytes]:
    return {(row.plan_version_id, row.number): bytes(row.body) for row in ChunkTotals.objects.filter(run=run)}


def _no_whole_chunks(*args: Any, **values: Any) -> Any:
    raise AssertionError("a whole chunk was read")


def test_late_changes_are_put_on_what_the_last_run_kept(scope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = _company()
    world.run(chunk_size=2)
    _late(world)
    with monkeypatch.context() as blocked:
        blocked.setattr(delta, "chunk_compute_all", _no_whole_chunks)
        run = world.run(chunk_size=2)
    touched = set(RunChunk.objects.filter(run=run, totals_of=run).values_list("number", flat=True))
    incremental, bodies = left_behind(), _bodies(run)
    assert list(run_replay(run)) == []
    full = world.run(chunk_size=2, is_full=True)
    assert (full.summary["posted"], left_behind()) == (0, incremental)
    assert {key: body for key, body in _bodies(full).items() if key[1] in touched} == bodies
    assert touched < set(RunChunk.objects.filter(run=full).values_list("number", flat=True))  # the third payee's chunk was taken over


def test_what_a_team_contributes_follows_its_orders(scope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = _company()
    add_manager(world)
    world.run()
    _late(world)
    monkeypatch.setattr(delta, "MOST", 50)
    world.run()
    incremental = left_behind()
    assert (world.run(is_full=True).summary["posted"], left_behind()) == (0, incremental)


@pytest.mark.parametrize("case", ["running", "many", "gone"])
def test_where_orders_do_not_add_up_whole_chunks_are_measured(scope: Any, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    world = _company(RUNNING if case == "running" else PLAN)
    base = world.run()
    _late(world)
    if case == "many":
        monkeypatch.setattr(delta, "MOST", 3)
    if case == "gone":
        ChunkTotals.objects.filter(run=base).delete()
    whole: list[int] = []

    def counted(inputs: Any, *, chunk: RunChunk, **values: Any) -> Any:
        whole.append(chunk.number)
        return compute(inputs, chunk=chunk, **values)

    compute = delta.chunk_compute_all
    monkeypatch.setattr(delta, "chunk_compute_all", counted)
    run = world.run()
    assert set(whole) >= {1}
    incremental = left_behind()
    assert not run.is_full
    assert (world.run(is_full=True).summary["posted"], left_behind()) == (0, incremental)


def test_a_running_sum_does_not_add_up() -> None:
    assert adds_up(plan_load(PLAN))
    assert not adds_up(plan_load(RUNNING))
