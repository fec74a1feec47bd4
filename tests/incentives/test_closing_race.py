"""A run that opens while a period is being approved posts nothing into it: two real connections, and what happens without the lock."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection

from incentives.models import LedgerEntry, PeriodState, Run
from incentives.services import period_move, recompute, runs
from incentives.services.closing import PeriodRefused
from incentives.verification import approved_statements
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from tests.incentives.world import World, make_world, put_order
from tests.support.factories import make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
State = PeriodState.State
WAIT = 30


def move(world: World, to: str) -> None:
    period_move(period=world.period("2024-03"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), to=to)


@pytest.fixture
def late() -> tuple[int, World]:
    """March in review, and a late order that no run has seen."""
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("1", world.payees[0], "2024-03-05", 1000_00)
        world.run(business_date=dt.date(2024, 3, 31))
        move(world, State.IN_REVIEW)
        put_order("late", world.payees[0], "2024-03-20", 200_00)
    return tenant.pk, world


def beside(act: Callable[[], object]) -> threading.Thread:
    """`act` in a connection of its own."""

    def work() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def night(tenant_id: int) -> None:
    with tenant_scope(tenant_id):
        recompute(business_date=dt.date(2024, 4, 30))


def until_somebody_waits(kind: str = "advisory") -> None:
    """Returns when a connection waits for a lock of a kind."""
    for _ in range(WAIT * 100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted", [kind])
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def paid_late(tenant_id: int) -> tuple[str, int]:
    """The period in which the late order is paid, and how many approved statements `verify` finds changed."""
    with tenant_scope(tenant_id):
        return LedgerEntry.objects.order_by("pk").last().pay_period.code, len(list(approved_statements()))


def test_a_run_that_opens_during_an_approval_waits_for_it_and_posts_into_the_next_period(late) -> None:
    tenant_id, world = late
    with tenant_scope(tenant_id):
        move(world, State.APPROVED)
        run = beside(lambda: night(tenant_id))
        until_somebody_waits()
    run.join(WAIT)
    assert paid_late(tenant_id) == ("2024-04", 0)


def test_without_the_lock_it_posts_into_the_approved_period_and_verify_finds_it(late, monkeypatch) -> None:
    tenant_id, world = late
    monkeypatch.setattr(runs, "books_lock", lambda: None)
    with tenant_scope(tenant_id):
        move(world, State.APPROVED)
        run = beside(lambda: night(tenant_id))
        until_somebody_waits("transactionid")  # to write, with periods as they were before the approval
    run.join(WAIT)
    assert paid_late(tenant_id) == ("2024-03", 1)


def test_an_approval_that_comes_while_a_run_opens_waits_and_is_refused(late) -> None:
    tenant_id, world = late
    is_open = threading.Event()

    def opening() -> None:
        with tenant_scope(tenant_id):
            runs.run_open(kind=Run.Kind.MANUAL, business_date=dt.date(2024, 4, 30))
            is_open.set()
            until_somebody_waits()

    run = beside(opening)
    assert is_open.wait(WAIT)
    with pytest.raises(PeriodRefused, match="A run is under way"), tenant_scope(tenant_id):
        move(world, State.APPROVED)
    run.join(WAIT)
