"""What a payee's pages take from the run is what his orders say: kept totals equal those measured anew, and no order is read for a what-if."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incentives.explain import PayeeBook
from incentives.inputs import RunInputs
from incentives.models import ChunkTotals, Run
from incentives.payee_inputs import PayeeInputs
from incentives.selectors import component_traces
from incentives.selectors.whatif import forget, pay_what_if
from spm.people.models import Payee
from tests.incentives.histories import company
from tests.incentives.test_histories import ALONE, BEFORE
from tests.incentives.world import add_manager, make_world, put_order


def _measured(payee: Payee, run: Run) -> PayeeBook:
    """The book of a payee that takes nothing from the run but its change number and what teams contributed."""
    book = PayeeBook(payee_id=payee.pk, run=run)
    book.__dict__["kept"] = {}
    return book


def _same(kept: Any, measured: Any) -> bool:
    return (
        kept.denominators == measured.denominators
        and kept.team == measured.team
        and kept.assignments.tolist() == measured.assignments.tolist()
        and bool(np.array_equal(kept.own, measured.own))
    )


def test_kept_totals_are_those_of_the_orders_after_every_event(scope: Any) -> None:
    there = company(lines=True)
    for act in [*BEFORE, *(act for name, act in ALONE.items() if name not in ("calendar", "issue"))]:
        there.act(act)
    run = there.run()
    compared, teams = 0, 0
    for payee in Payee.objects.all():
        kept, measured = PayeeBook(payee_id=payee.pk, run=run), _measured(payee, run)
        assert kept.kept.keys() == kept.books.keys()  # nothing had to be measured again
        for version, book in kept.books.items():
            assert _same(book.totals, measured.books[version].totals), (payee.external_id, version)
            compared, teams = compared + 1, teams + bool(book.totals.team)
    assert compared > 5
    assert teams > 0


def test_one_payee_reads_what_a_run_reads_of_him(scope: Any) -> None:
    there = company(lines=True)
    for act in [*BEFORE, *(act for name, act in ALONE.items() if name not in ("calendar", "issue"))]:
        there.act(act)
    run = there.run()
    for act in (ALONE["quota"], ALONE["pay_terms"], ALONE["assignment"]):  # the run does not know of these
        there.act(act)
    openings, terms = 0, 0
    for payee in Payee.objects.all():
        whole = RunInputs(number=run.known_number, business_date=run.business_date, only=payee.pk)
        quick = PayeeInputs(payee_id=payee.pk, run=run)
        assert (quick.payees, quick.countries, quick.seats, quick.titles) == (whole.payees, whole.countries, whole.seats, whole.titles)
        assert quick.openings == whole.openings
        for one, other in zip(quick.versions, whole.versions, strict=True):
            assert replace(one, inputs=other.inputs) == other
            assert replace(one.inputs, vocabulary={}) == replace(other.inputs, vocabulary={})
            terms += len(one.inputs.people.attributes)
        openings += len(quick.openings)
    assert openings > 0
    assert terms > 0


def test_what_the_run_no_longer_keeps_is_measured_again(scope: Any) -> None:
    world = make_world(2)
    add_manager(world)
    payee, march = world.payees[0], world.period("2024-03")
    put_order("1", payee, "2024-03-05", 1000_00, splits=[(payee, 600_000), (world.payees[1], 400_000)])
    run = world.run()
    forget()
    shown = component_traces(payee, period=march, run=run)
    ChunkTotals.objects.all().delete()
    forget()
    assert PayeeBook(payee_id=payee.pk, run=run).kept == {}
    assert component_traces(payee, period=march, run=run) == shown != ()


def test_totals_over_other_periods_are_not_taken(scope: Any) -> None:
    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    run = world.run()
    book = PayeeBook(payee_id=world.payees[0].pk, run=run)
    assert book.kept
    other = PayeeBook(payee_id=world.payees[0].pk, run=run)
    version = other.inputs.versions[0]
    object.__setattr__(version, "periods", version.periods[:-1])
    assert other.kept == {}


def test_a_what_if_reads_no_order_and_a_further_amount_nothing(scope: Any) -> None:
    world = make_world(2)
    for number in range(3):
        put_order(str(number), world.payees[0], "2024-03-05", 1000_00)
    run = world.run()
    asked = {
        "payee_id": world.payees[0].pk, "run_id": run.pk, "version_id": world.version.pk, "seat_id": world.seats[0].pk, "period_id": world.period("2024-03").pk,
    }  # fmt: skip
    counts = []
    for amount in (Decimal(100), Decimal(200)):
        if not counts:
            forget()
        with CaptureQueriesContext(connection) as queries:
            assert pay_what_if(**asked, amount=amount) is not None
        counts.append(len(queries))
        assert not any("sales_order" in query["sql"] for query in queries)
    assert counts == [WHAT_IF, 0]


WHAT_IF = 7
"""Queries of the first amount that somebody tries for a payee."""
