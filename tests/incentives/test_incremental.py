"""Incremental equals full, to the byte; orders and chunks do not matter; what one run missed the next one posts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incentives.models import LedgerEntry, RunExclusion, RunResult, UncreditedOrder
from incentives.summary import results_hash
from planning.models import Quota
from spm.people.models import PayTerms
from spm.sales.models import Channel, Order
from spm.tenancy.changes import change, dated_revise
from tests.incentives.world import World, add_line_plan, add_manager, make_world, put_line, put_order, put_product


@dataclass(frozen=True)
class Move:
    """One change to the record."""

    kind: str
    order: int
    payee: int
    day: int
    amount: int
    other: int


MOVES = st.lists(
    st.builds(
        Move,
        kind=st.sampled_from(["order", "order", "order", "line", "line", "line gone", "split", "nobody", "online", "gone", "quota", "rate", "run"]),
        order=st.integers(0, 5), payee=st.integers(0, 3), day=st.integers(1, 28), amount=st.integers(-500_00, 5_000_00), other=st.integers(0, 3),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def apply(world: World, move: Move) -> None:
    payee, other = world.payees[move.payee], world.payees[move.other]
    day = f"2024-{move.day % 12 + 1:02}-{move.day:02}"
    if move.kind == "order":
        put_order(str(move.order), payee, day, move.amount)
    elif move.kind == "split" and payee != other:
        put_order(str(move.order), payee, day, move.amount, splits=[(payee, 700_000), (other, 300_000)])
    elif move.kind in ("nobody", "online"):
        put_order(str(move.order), None, day, move.amount, channel=Channel.ONLINE if move.kind == "online" else Channel.DIRECT)
    elif move.kind == "gone":
        put_order(str(move.order), payee, day, move.amount, gone=True)
    elif move.kind in ("line", "line gone"):
        order = Order.objects.filter(external_id=str(move.order), versions__tombstone=0).first()
        if order is not None:
            product = put_product(str(move.other), category="Bikes" if move.other % 2 else "Caps") if move.amount % 3 else None
            put_line(order, f"{move.order}-{move.day % 3}", move.amount, product=product, quantity=move.day * 1000, gone=move.kind == "line gone")
    elif move.kind == "quota":
        row = Quota.objects.filter(position_id=world.seats[move.payee].position_id, known_to=None, valid_from=dt.date(2024, move.day % 12 + 1, 1)).get()
        with change(reason="quota") as changeset:
            dated_revise(row, changeset=changeset, amount=abs(move.amount))
    elif move.kind == "rate":
        row = PayTerms.objects.get(seat=world.seats[move.payee], known_to=None)
        with change(reason="rate") as changeset:
            dated_revise(row, changeset=changeset, attributes={"commission_pct": str(Decimal(move.day) / 1000)})
    elif move.kind == "run":
        world.run(chunk_size=2)


def state() -> tuple:
    """Everything a run leaves, without its own name."""
    sums: dict[tuple, int] = {}
    for entry in LedgerEntry.objects.all():
        key = (entry.seat_id, entry.plan_version_id, entry.component, entry.earning_period_id)
        sums[key] = sums.get(key, 0) + entry.amount
    uncredited = sorted(UncreditedOrder.objects.filter(run_to=None).values_list("order_id", "payee_id", "amount", "reason", "is_part"), key=str)
    return results_hash(), {key: amount for key, amount in sums.items() if amount}, uncredited


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moves=MOVES, by_line=st.booleans())
def test_an_incremental_run_leaves_what_a_full_one_does(tenant, moves, by_line):
    from spm.tenancy.scope import tenant_scope

    with tenant_scope(tenant.pk):
        point = transaction.savepoint()
        world = make_world(4)
        add_manager(world)
        if by_line:
            add_line_plan(world)
        world.run(chunk_size=2)
        for move in moves:
            apply(world, move)
        run = world.run(chunk_size=2)
        assert not run.is_full or by_line  # a new product is a new frame
        incremental = state()
        exclusions = list(RunExclusion.objects.filter(run=run).values_list("name", "count", "amount"))
        full = world.run(chunk_size=2, is_full=True)
        assert full.summary["posted"] == 0
        assert state() == incremental
        assert list(RunExclusion.objects.filter(run=full).values_list("name", "count", "amount")) == exclusions
        # The same in other chunks.
        assert world.run(chunk_size=3).summary["posted"] == 0
        assert state() == incremental
        transaction.savepoint_rollback(point)


def test_negative_control_a_change_that_is_not_looked_for_is_missed(scope, monkeypatch):
    """Without the list of changed payees, the incremental run keeps the old totals: the property above would find it."""
    import dataclasses

    from incentives.services import runs

    world = make_world(2)
    world.run()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    found = runs.changes_between
    monkeypatch.setattr(runs, "changes_between", lambda **window: dataclasses.replace(found(**window), by_event={}))
    assert world.run().summary["posted"] == 0
    monkeypatch.undo()
    assert world.run(is_full=True).summary["posted"] == 1


def test_causes_are_named(scope):
    world = make_world(2)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    row = PayTerms.objects.get(seat=world.seats[0], known_to=None)
    with change(reason="rate") as changeset:
        dated_revise(row, changeset=changeset, attributes={"commission_pct": "0.06"})
    run = world.run()
    assert [(e.cause, e.verb, e.amount) for e in LedgerEntry.objects.filter(run=run)] == [("pay_rate", "adjusted", 10_00)]
    assert run.is_full is False


def test_a_retired_plan_is_taken_back_and_names_the_plan(scope):
    from incentives.services import version_retire

    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    version_retire(version=world.version, lowering_reason="a mistake")
    run = world.run()
    assert [(e.cause, e.verb, e.amount) for e in LedgerEntry.objects.filter(run=run)] == [("plan", "reversed", -50_00)]
    assert RunResult.objects.filter(run_to=None).count() == 0


def test_a_new_version_over_the_same_days_replaces_the_old_one(scope):
    from incentives.services import version_activate, version_draft
    from tests.incentives.world import PLAN

    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    text = PLAN.replace("flat: attr.commission_pct", "flat: 7%")
    version_activate(version=version_draft(plan=world.plan, text=text, effective_from=dt.date(2024, 1, 1)))
    run = world.run()
    assert sorted(e.amount for e in LedgerEntry.objects.filter(run=run)) == [-50_00, 70_00]
    assert {e.cause for e in LedgerEntry.objects.filter(run=run)} == {"plan"}
