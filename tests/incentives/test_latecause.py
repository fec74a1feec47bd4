"""The cause in a late ledger entry is the one with the largest amount, as the pages divide it; a night of new sales alone divides nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incentives import latecause
from incentives.models import LedgerEntry, Run
from incentives.selectors import late_changes, statement_get
from incentives.services.ledger import period_state_set
from spm.people.models import LegalEntity, PayTerms
from spm.tenancy.changes import change, dated_revise
from tests.incentives.world import World, make_world, put_order

FEBRUARY = dt.date(2024, 2, 29)


@pytest.fixture
def world(scope) -> World:
    """January is paid: two sellers, 10,000 each at 5 %."""
    world = make_world(2)
    put_order("1", world.payees[0], "2024-01-10", 10_000_00)
    put_order("2", world.payees[1], "2024-01-11", 10_000_00)
    world.run(business_date=dt.date(2024, 1, 31))
    period_state_set(period=world.period("2024-01"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    return world


def raise_rate(world: World, pct: str) -> None:
    with change(reason="rate") as changeset:
        dated_revise(PayTerms.objects.get(seat=world.seats[0], known_to__isnull=True), changeset=changeset, attributes={"commission_pct": pct})


def late_of(run: Run, world: World, seller: int = 0) -> LedgerEntry:
    return LedgerEntry.objects.get(run=run, payee=world.payees[seller], earning_period=world.period("2024-01"))


def shown(world: World, seller: int = 0) -> dict[str, Decimal]:
    """What the statement's page says of the late amount, by cause."""
    payee, period = world.payees[seller], world.period("2024-02")
    (found,) = late_changes(payee, statement_get(payee, period).parts, period=period)
    assert sum(item.amount for item in found.causes) == found.part.amount
    return {item.cause: item.amount for item in found.causes}


def test_of_a_rate_and_a_late_order_the_larger_names_the_entry(world) -> None:
    raise_rate(world, "0.051")
    put_order("late", world.payees[0], "2024-01-20", 5_000_00)
    entry = late_of(world.run(business_date=FEBRUARY), world)
    # 10,000 x 0.1 % = 10.00 of the rate, 5,000 x 5.1 % = 255.00 of the order; the rate was touched, and comes first in the order.
    assert shown(world) == {"pay_rate": Decimal(10), "data": Decimal(255)}
    assert entry.cause == "data"


def test_the_other_way_round_it_is_the_rate(world) -> None:
    raise_rate(world, "0.08")
    put_order("late", world.payees[0], "2024-01-20", 100_00)
    entry = late_of(world.run(business_date=FEBRUARY), world)
    assert shown(world) == {"pay_rate": Decimal(300), "data": Decimal(8)}
    assert entry.cause == "pay_rate"


def test_an_order_that_changed_hands_is_crediting_for_both(world) -> None:
    put_order("1", world.payees[1], "2024-01-10", 10_000_00)
    run = world.run(business_date=FEBRUARY)
    assert [late_of(run, world, seller).cause for seller in (0, 1)] == ["crediting", "crediting"]
    assert shown(world, 1) == {"crediting": Decimal(500)}


def test_what_was_touched_without_an_amount_does_not_name_the_entry(world) -> None:
    raise_rate(world, "0.05")
    put_order("late", world.payees[0], "2024-01-20", 5_000_00)
    assert late_of(world.run(business_date=FEBRUARY), world).cause == "data"


def test_beyond_the_limit_the_first_touched_names_it(world, monkeypatch) -> None:
    monkeypatch.setattr(latecause, "MOST", 0)
    raise_rate(world, "0.05")
    put_order("late", world.payees[0], "2024-01-20", 5_000_00)
    assert late_of(world.run(business_date=FEBRUARY), world).cause == "pay_rate"


def test_a_night_of_new_sales_alone_divides_nothing(world, monkeypatch) -> None:
    monkeypatch.setattr(latecause, "attribution_within", lambda *args, **values: pytest.fail("divided"))
    put_order("late", world.payees[0], "2024-01-20", 5_000_00)
    assert late_of(world.run(business_date=FEBRUARY), world).cause == "data"
    raise_rate(world, "0.06")
    put_order("now", world.payees[0], "2024-03-01", 5_000_00)
    with pytest.raises(pytest.fail.Exception):
        world.run(business_date=dt.date(2024, 3, 31))


def test_whether_orders_changed_hands_is_asked_once_for_a_run_and_not_for_every_group(scope) -> None:
    world = make_world(6)
    for i, payee in enumerate(world.payees):
        put_order(f"{i}", payee, "2024-01-10", 10_000_00)
    world.run(business_date=dt.date(2024, 1, 31))
    period_state_set(period=world.period("2024-01"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    for i, payee in enumerate(world.payees):
        put_order(f"late {i}", payee, "2024-01-20", 1_000_00)
    with CaptureQueriesContext(connection) as queries:
        run = world.run(business_date=FEBRUARY, chunk_size=2)
    assert {late_of(run, world, seller).cause for seller in range(6)} == {"data"}
    assert sum("tombstone = 1 AND" in query["sql"] for query in queries) == 1
