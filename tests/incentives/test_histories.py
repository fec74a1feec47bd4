"""Incremental equals full, and every run is found again from its change number, over random histories of every event in the invalidation
table; each event alone has its own control."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incentives import settle
from incentives.invalidation import EVENTS, Again, Seen
from incentives.models import Run
from incentives.replay import run_replay
from incentives.services import runs
from tests.incentives.histories import EVENT_OF, Act, company, left_behind

EXAMPLES = int(os.environ.get("SPM_HISTORIES", "10"))
ACTS = st.builds(
    Act, kind=st.sampled_from(sorted(EVENT_OF)), one=st.integers(0, 4), two=st.integers(0, 2), day=st.integers(1, 28), amount=st.integers(-400_00, 4_000_00)
)
# What one act of each event needs before it can matter.
BEFORE = [
    Act("order", 0, 0, 5, 1800_00), Act("euro", 1, 1, 9, 900_00), Act("order", 2, 2, 14, 2500_00), Act("fx", 0, 0, 1, 0), Act("line", 2, 1, 6, 500_00),
    Act("owner", 3, 0, 17, 1300_00),
]  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(history=st.lists(st.lists(ACTS, min_size=1, max_size=5), min_size=1, max_size=4), lines=st.booleans())
def test_incremental_runs_leave_what_a_full_one_does(tenant: Any, history: list[list[Act]], lines: bool) -> None:
    from spm.tenancy.scope import tenant_scope

    with tenant_scope(tenant.pk):
        point = transaction.savepoint()
        there = company(lines=lines)
        for act in BEFORE:
            there.act(act)
        there.run()
        for acts in history:
            for act in acts:
                there.act(act)
            there.run()
        incremental = left_behind()
        full = there.run(is_full=True)
        assert (full.summary["posted"], left_behind()) == (0, incremental)
        # Calendars and legal entities are kept without their history; while they stay, every run is found again from its change number.
        if not {"calendar", "entity"} & {act.kind for acts in history for act in acts}:
            assert [finding for run in Run.objects.order_by("pk") for finding in run_replay(run)] == []
        transaction.savepoint_rollback(point)


def test_every_event_of_the_table_is_an_act_here_or_tested_by_itself() -> None:
    assert {event.name for event in EVENTS} - set(EVENT_OF.values()) == {"engine", "period"}


ALONE = {
    "order": Act("order", 0, 0, 5, 2100_00),
    "territory": Act("territory", 0, 0, 5, 0),
    "line": Act("line", 2, 1, 14, 700_01),
    "quota": Act("quota", 0, 0, 5, 10_00),
    "pay_terms": Act("terms", 0, 0, 11, 0),
    "holiday": Act("holiday", 0, 0, 0, 0),
    "fx_rate": Act("fx", 0, 0, 1 + 24, 0),
    "employment": Act("absence", 0, 1, 14, 0),
    "opening": Act("opening", 0, 0, 5, 900_00),
    "kpi": Act("kpi", 0, 0, 5, 0),
    "money": Act("returned", 0, 0, 6, 500_00),
    "hold": Act("hold", 0, 0, 5, 0),
    "result_override": Act("set result", 2, 2, 7, 0),
    "adjustment": Act("adjust", 0, 0, 2, -90_0000),
    "issue": Act("approve", 0, 0, 1, 0),
    "plan": Act("version", 0, 0, 6, 0),
    "relation": Act("mentor", 0, 0, 5, 1),  # before somebody leaves whose relation it is
    "assignment": Act("leaves", 0, 0, 2, 0),
    "plan_assignment": Act("enrol", 0, 0, 2, 0),
    "hierarchy": Act("reports", 0, 0, 6, 0),
    "product": Act("product", 0, 1, 1, 2),
    "calendar": Act("calendar", 0, 0, 1, 0),
    "legal_entity": Act("entity", 0, 0, 1, 0),
}
# What leaves nothing to post but is looked at all the same: see the test below.
QUIET = {"issue", "legal_entity", "calendar"}


@pytest.mark.parametrize("event", [event for event in EVENTS if event.name in ALONE and event.name not in QUIET], ids=lambda event: event.name)
def test_negative_control_a_run_that_does_not_notice_the_event_leaves_something_else(scope: Any, monkeypatch: pytest.MonkeyPatch, event: Any) -> None:
    there = company(lines=True)
    for act in BEFORE:
        there.act(act)
    before = there.run()
    assert there.act(ALONE[event.name])
    with monkeypatch.context() as blind:
        if event.seen is Seen.FINGERPRINT:
            blind.setattr(type(runs.run_inputs(before)), "frame_hash", before.inputs_hash)
            # Whoever comes under another plan version moves to another chunk, which is noticed as well.
            kept = runs._chunks_planned(before)
            blind.setattr(runs, "chunks_of", lambda *_: kept)
        for module in (runs, settle):
            for name in ("changes_between", "changes_of"):
                if hasattr(module, name):
                    blind.setattr(module, name, without(getattr(module, name), event.name))
        there.run()
    blinded = left_behind()
    there.run(is_full=True)
    assert left_behind() != blinded


def without(find: Any, name: str) -> Any:
    """The search for changes, blind for one event."""

    def found(*args: Any, **window: Any) -> Any:
        changes = find(*args, **window)
        return dataclasses.replace(changes, by_event={key: ids for key, ids in changes.by_event.items() if key != name})

    return found


def test_what_the_table_says_is_credited_again_is(scope: Any) -> None:
    """Orders, quotas, holds: the chunks that a run computed are those of the event's row, no more and no less."""
    there = company(lines=True)
    for act in BEFORE:
        there.act(act)
    every = there.run().summary["chunks"]
    rows = {event.name: event for event in EVENTS}
    for name, act in ALONE.items():
        assert there.act(act), name
        run = there.run()
        computed = run.summary["chunks_computed"]
        assert (computed == every) == (rows[name].credit is Again.ALL), name
        assert (computed == 0) == (rows[name].credit is Again.NOBODY), name
        assert run.is_full == (rows[name].credit is Again.ALL), name
