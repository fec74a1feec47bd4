"""A run for one payee: it posts to the last entry what a full run would post for him, touches nobody else, and is no base for later runs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from incentives.models import LedgerEntry, Run, RunIssue, RunResult, UncreditedOrder
from incentives.replay import run_replayed
from incentives.selectors import fitting_run, freshness, last_run, line_traces
from incentives.services import period_state_set, version_activate, version_draft
from planning.models import Quota
from spm.people.models import Payee, PayTerms
from spm.tenancy.changes import change, dated_revise
from tests.incentives.world import PLAN, World, add_line_plan, add_manager, make_world, put_line, put_order

END = dt.date(2024, 3, 31)
DRAWING = PLAN + "draws:\n  - {name: ramp, label: Ramp draw, amount: 700}\npayment: {negative: carry}\n"
PRIZE = "  - {name: prize, formula: 'if(rank.sellers = 1, 1000, 100)', when_undefined: zero}\n"
COMPETING = PLAN.replace("components:", "peers:\n  - {name: sellers, of: sales}\ncomponents:") + PRIZE


@pytest.fixture
def world(scope) -> World:
    """Four sellers with a draw, one manager who is paid on their sales; January is closed, and everything changed since the last run."""
    world = make_world(4, text=DRAWING)
    add_manager(world)
    add_line_plan(world)
    for i, payee in enumerate(world.payees):
        order = put_order(f"{i}", payee, "2024-01-10", (i + 1) * 9_000_00)
        put_line(order, f"line-{i}", (i + 1) * 9_000_00)
    world.run(business_date=dt.date(2024, 2, 29), chunk_size=2)
    payee = world.payees[0]
    period_state_set(period=world.period("2024-01"), pay_group=payee.pay_group, legal_entity=payee.legal_entity, state="closed")
    put_order("late", world.payees[0], "2024-01-20", 7_000_00)
    put_order("1", world.payees[2], "2024-01-10", 18_000_00, splits=[(world.payees[2], 400_000), (world.payees[0], 600_000)])
    put_order("lost", world.payees[3], "2023-01-10", 1_00)
    put_order("gone", None, "2024-02-10", 1_00)
    put_order("3", world.payees[3], "2024-01-10", 1, gone=True)
    with change(reason="rates") as changeset:
        for seat, pct in zip(world.seats[:2], ("0.06", "0.07"), strict=True):
            dated_revise(PayTerms.objects.get(seat=seat, known_to__isnull=True), changeset=changeset, attributes={"commission_pct": pct})
        for row in Quota.objects.filter(known_to__isnull=True)[:3]:
            dated_revise(row, changeset=changeset, amount=1_000_00)
    return world


def everybody() -> list[Payee]:
    return list(Payee.objects.order_by("pk"))


def left(run: Run) -> dict[str, dict[int, list[Any]]]:
    """By payee what stands after a run: its postings, results in force, exceptions, uncredited orders."""
    found: dict[str, dict[int, list[Any]]] = {}
    fields = ("seat", "plan_version", "component", "earning_period", "pay_period", "currency", "verb", "amount", "scale", "cause", "line_key")
    for name, rows in {
        "posted": LedgerEntry.objects.filter(run=run).values_list("payee", *fields),
        "results": RunResult.objects.filter(run_to=None).values_list("payee", "seat", "plan_version", "period", "hash"),
        "issues": RunIssue.objects.filter(run_to=None).values_list("payee", "component", "problem"),
        "uncredited": UncreditedOrder.objects.filter(run_to=None).values_list("payee", "order", "reason", "amount"),
    }.items():
        by: dict[int, list[Any]] = {}
        for payee, *rest in rows:
            by.setdefault(payee, []).append([bytes(value) if isinstance(value, memoryview) else value for value in rest])
        found[name] = {payee: sorted(values, key=repr) for payee, values in by.items()}
    return found


class _Back(Exception):
    """Takes back what a trial wrote."""


def tried(world: World, **values: Any) -> dict[str, dict[int, list[Any]]]:
    """What a run would leave; it is taken back."""
    found: dict[str, dict[int, list[Any]]] = {}
    try:
        with transaction.atomic():
            found = left(world.run(business_date=END, chunk_size=2, **values))
            raise _Back
    except _Back:
        return found


@pytest.mark.parametrize("shape", ["as it is", "competing"])
def test_it_posts_exactly_what_a_full_run_would(world, shape) -> None:
    if shape == "competing":
        # Pay depends on everybody's place, and the frame is another one than the base's: no chunk is taken over.
        version_activate(version=version_draft(plan=world.plan, text=COMPETING, effective_from=dt.date(2024, 2, 1)))
    before = left(Run(pk=0))
    whole = tried(world, is_full=True)
    people = everybody()
    for payee in (people[0], people[2], people[-1]):  # a seller, one of lines, the manager of all
        alone = tried(world, payee=payee)
        assert whole["posted"][payee.pk]
        for name in whole:
            assert alone[name].get(payee.pk) == whole[name].get(payee.pk), (name, payee.pk)
            others = {who: rows for who, rows in alone[name].items() if who != payee.pk}
            assert others == ({} if name == "posted" else {who: rows for who, rows in before[name].items() if who != payee.pk}), name


def test_later_runs_build_on_the_run_before_it_and_find_nothing_left_of_him(world) -> None:
    payee, other = world.payees[:2]
    base = last_run()
    alone = world.run(business_date=END, payee=payee, chunk_size=2)
    assert (alone.kind, alone.base, alone.is_full, alone.summary["chunks"]) == ("payee", base, False, 1)
    assert (last_run(), last_run(payee.pk), last_run(other.pk)) == (base, alone, base)
    assert (freshness(payee.pk).changes_since, freshness(other.pk).changes_since > 0) == (0, True)
    again = world.run(business_date=END, payee=payee, chunk_size=2)
    assert (again.base, again.summary["posted"], again.summary["results_changed"]) == (alone, 0, 0)
    whole = world.run(business_date=END, chunk_size=2)
    assert whole.base == base
    assert not LedgerEntry.objects.filter(run=whole, payee=payee).exists()
    assert LedgerEntry.objects.filter(run=whole, payee=other).exists()
    assert last_run(payee.pk) == whole


def test_it_can_be_replayed_and_explains_what_it_posted(world) -> None:
    manager = everybody()[-1]
    for payee in (world.payees[0], manager):
        run = world.run(business_date=END, payee=payee, chunk_size=2)
        assert run_replayed(run).is_same
        period = world.period("2024-02")
        assert fitting_run(payee, period) == run
        for result in RunResult.objects.filter(payee=payee, period=period, run_to=None):
            traces = [t for name in ("commission", "team_pay") for t in line_traces(payee, period=period, component=name) if t.seat_id == result.seat_id]
            assert sum(t.amount for t in traces if t.version.pk == result.plan_version_id) == Decimal(result.earned).scaleb(-result.scale)


def test_a_result_that_was_lost_after_it_is_found_by_its_replay(world) -> None:
    payee = world.payees[0]
    run = world.run(business_date=END, payee=payee, chunk_size=2)
    lost = RunResult.objects.filter(run_to=None, payee=payee).first()
    RunResult.objects.filter(pk=lost.pk).update(run_to=run)
    assert not run_replayed(run).is_same


def test_two_of_one_payee_divide_what_came_between_them(world) -> None:
    payee = world.payees[0]
    world.run(business_date=END, payee=payee)
    put_order("later", payee, "2024-01-25", 5_000_00)
    with change(reason="rate") as changeset:
        dated_revise(PayTerms.objects.get(seat=world.seats[0], known_to__isnull=True), changeset=changeset, attributes={"commission_pct": "0.0601"})
    run = world.run(business_date=END)
    entry = LedgerEntry.objects.get(run=run, payee=payee, earning_period=world.period("2024-01"), verb="adjusted")
    assert entry.cause == "data"
