"""Runs on the database: the second posts nothing, a late order posts one delta, closed periods stay, incremental equals full."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry, RunExclusion, RunResult, UncreditedOrder
from incentives.services import period_state_set
from spm.people.models import LegalEntity
from spm.sales.models import Channel
from tests.incentives.world import add_manager, make_world, put_order


def ledger() -> list[tuple[int, str, str, str, str, Decimal]]:
    """(payee, component, earning period, pay period, cause, amount), as posted."""
    rows = LedgerEntry.objects.select_related("earning_period", "pay_period").order_by("pk")
    return [(e.payee_id, e.component, e.earning_period.code, e.pay_period.code, e.cause, Decimal(e.amount).scaleb(-e.scale)) for e in rows]


def test_a_run_posts_what_is_earned_and_the_second_posts_nothing(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[1], "2024-03-06", 333_33)
    run = world.run()
    assert run.state == "done"
    assert ledger() == [
        (world.payees[0].pk, "commission", "2024-03", "2024-03", "data", Decimal("50.00")),
        (world.payees[1].pk, "commission", "2024-03", "2024-03", "data", Decimal("16.67")),
    ]
    second = world.run()
    assert second.summary["posted"] == 0
    assert second.summary["results_changed"] == 0
    assert second.summary["chunks_computed"] == 0
    assert len(ledger()) == 2


def test_a_late_order_of_a_closed_period_posts_one_delta_that_names_period_and_cause(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    entity = LegalEntity.objects.get()
    period_state_set(period=world.period("2024-03"), pay_group="monthly", legal_entity=entity, state="closed")
    put_order("2", world.payees[0], "2024-03-20", 200_00)
    run = world.run()
    assert run.summary["posted"] == 1
    assert ledger()[-1] == (world.payees[0].pk, "commission", "2024-03", "2024-04", "data", Decimal("10.00"))


def test_online_orders_stand_under_their_named_exclusion_and_not_among_the_uncredited(scope):
    world = make_world()
    put_order("web", None, "2024-03-05", 900_00, channel=Channel.ONLINE)
    lost = put_order("lost", None, "2024-03-05", 700_00)
    run = world.run()
    assert [(e.name, e.count, e.amount) for e in RunExclusion.objects.filter(run=run)] == [("online", 1, Decimal("900"))]
    assert [(u.order_id, u.reason, u.amount) for u in UncreditedOrder.objects.filter(run_to=None)] == [(lost.pk, "no_owner", Decimal("700"))]


def test_a_moved_order_leaves_the_first_payee_and_reaches_the_second(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    put_order("1", world.payees[1], "2024-04-05", 1000_00)
    world.run()
    assert ledger()[1:] == [
        (world.payees[0].pk, "commission", "2024-03", "2024-03", "data", Decimal("-50.00")),
        (world.payees[1].pk, "commission", "2024-04", "2024-04", "data", Decimal("50.00")),
    ]


def test_a_split_credits_participants_who_own_nothing(scope):
    world = make_world(3)
    put_order("1", world.payees[0], "2024-03-05", 1000_00, splits=[(world.payees[0], 600_000), (world.payees[2], 400_000)])
    world.run(chunk_size=1)
    assert [(payee, amount) for payee, *_, amount in ledger()] == [(world.payees[0].pk, Decimal("30.00")), (world.payees[2].pk, Decimal("20.00"))]
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run(chunk_size=1)
    assert [(payee, amount) for payee, *_, amount in ledger()[2:]] == [(world.payees[0].pk, Decimal("20.00")), (world.payees[2].pk, Decimal("-20.00"))]


def test_an_unpublished_change_is_not_seen(scope):
    from spm.currencies.codes import currency_pack
    from spm.sales.models import Order, OrderVersion
    from spm.tenancy.changes import changeset_open

    world = make_world(1)
    order = Order.objects.create(source="test", external_id="x")
    changeset = changeset_open(kind="import")
    values = {"record": order, "payee": world.payees[0], "order_date": dt.date(2024, 3, 1), "amount": 100_00, "currency_code": currency_pack("USD")}
    OrderVersion.objects.create(change_set=changeset, **values)
    assert world.run().summary["posted"] == 0


def test_results_carry_the_attainment(scope):
    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 125_000_00)
    world.run()
    result = RunResult.objects.get(run_to=None, period=world.period("2024-03"))
    assert result.attainment == Decimal("1.25")


def test_the_ledger_refuses_updates_and_deletes(scope):
    from django.db import DatabaseError, transaction

    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.update(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.all().delete()


def test_a_manager_is_paid_on_sales_of_people_who_are_under_another_plan(scope):
    world = make_world(2)
    manager = add_manager(world)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[1], "2024-03-06", 500_00)
    world.run(chunk_size=1)
    assert (manager.payee_id, "team_pay", "2024-03", "2024-03", "data", Decimal("15.00")) in ledger()
    assert {payee for payee, component, *_ in ledger() if component == "team_pay"} == {manager.payee_id}
