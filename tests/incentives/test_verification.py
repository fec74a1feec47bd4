"""`verify` finds what is wrong with the books, and nothing when nothing is."""

from __future__ import annotations

import datetime as dt

import pytest

from incentives.models import LedgerEntry, PeriodState, Run, RunResult
from incentives.replay import run_replay
from incentives.services import period_state_set
from incentives.verification import closed_periods, ledger_against_results, plan_versions, replay_of_runs
from spm.people.models import LegalEntity
from tests.incentives.world import add_manager, make_world, put_order

CHECKS = [ledger_against_results, closed_periods, plan_versions, replay_of_runs]


@pytest.fixture
def world(scope):
    world = make_world(3)
    add_manager(world)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[1], "2024-04-05", 500_00, splits=[(world.payees[1], 500_000), (world.payees[2], 500_000)])
    world.run(chunk_size=2)
    period_state_set(period=world.period("2024-03"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    put_order("1", world.payees[0], "2024-03-05", 800_00)
    world.run(chunk_size=2)
    put_order("1", world.payees[0], "2024-03-05", 700_00)
    world.run(chunk_size=2)
    return world


def copy_entry(entry: LedgerEntry, **values) -> LedgerEntry:
    kept = {f.attname: getattr(entry, f.attname) for f in LedgerEntry._meta.concrete_fields if f.name not in {"id", "uid"}}
    return LedgerEntry.objects.create(**{**kept, "line_key": b"x" * 16, **values})


def test_whole_books_pass_every_check(world):
    assert [list(check()) for check in CHECKS] == [[], [], [], []]


def test_every_run_can_be_replayed_from_its_change_number(world):
    for run in Run.objects.all():
        assert list(run_replay(run)) == []


def test_negative_control_an_entry_too_many_is_found(world):
    copy_entry(LedgerEntry.objects.first(), amount=1)
    (found,) = ledger_against_results()
    assert "the ledger says" in found


def test_negative_control_an_entry_in_a_closed_period_is_found(world):
    PeriodState.objects.update(frozen_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert "were posted after it was closed" in next(iter(closed_periods()))


def test_negative_control_a_lost_result_is_found_by_the_replay(world):
    result = RunResult.objects.filter(run_to=None).first()
    RunResult.objects.filter(pk=result.pk).update(run_to=Run.objects.order_by("-number").first())
    (found,) = replay_of_runs()
    assert "did not leave" in found
