"""Closing a pay period: allowed moves by the right people, statements frozen for good at approval, and `verify` that proves it."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from incentives.models import LedgerEntry, PeriodState, Run, Statement, StatementArtefact
from incentives.selectors import statement_get
from incentives.selectors.artefacts import artefact_digest, artefact_of
from incentives.selectors.closing import period_groups
from incentives.services import adjustment_make, hold_place, period_move, statement_hold, statement_release
from incentives.services.closing import MOVES, PeriodRefused
from incentives.verification import approved_statements, closed_periods
from spm.access.models import Role
from spm.audit.models import AuditEntry
from spm.currencies.services import fx_rate_set
from spm.people.models import LegalEntity, Payee
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.test_adjustments import place_of
from tests.incentives.test_verification import copy_entry
from tests.incentives.world import World, make_world, put_order
from tests.support.desks import desk_build
from tests.support.factories import make_member, make_user

State = PeriodState.State
MARCH_END = dt.date(2024, 3, 31)


@pytest.fixture
def world(scope) -> World:
    """Two sellers with an order each in March, and a run of the month's last day."""
    world = make_world(2)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[1], "2024-03-06", 500_00)
    world.run(business_date=MARCH_END)
    return world


def move(world: World, to: str, code: str = "2024-03", **values) -> PeriodState:
    return period_move(period=world.period(code), pay_group="monthly", legal_entity=LegalEntity.objects.get(), to=to, **values)


def approve(world: World, code: str = "2024-03") -> None:
    move(world, State.IN_REVIEW, code)
    move(world, State.APPROVED, code)


def states(world: World) -> list[str]:
    return list(Statement.objects.filter(period=world.period("2024-03")).order_by("payee_id").values_list("state", flat=True))


def test_a_period_goes_its_way_and_its_statements_with_it(world) -> None:
    seen = []
    for to in (State.IN_REVIEW, State.OPEN, State.IN_REVIEW, State.APPROVED, State.CLOSED, State.PAID):
        move(world, to)
        seen.append(states(world)[0])
    assert seen == ["in_review", "open", "in_review", "approved", "approved", "paid"]
    told = AuditEntry.objects.filter(action="period.state").order_by("sequence").values_list("after", flat=True)
    assert [entry["state"] for entry in told] == ["in_review", "open", "in_review", "approved", "closed", "paid"]
    assert list(approved_statements()) == list(closed_periods()) == []


@pytest.mark.parametrize("before", State.values)
@pytest.mark.parametrize("to", State.values)
def test_every_other_move_is_refused(world, before, to) -> None:
    PeriodState.objects.create(period=world.period("2024-03"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state=before)
    if (before, to) in MOVES:
        assert move(world, to).state == to
    else:
        with pytest.raises(PeriodRefused):
            move(world, to)
        assert PeriodState.objects.get().state == before


@pytest.mark.parametrize("move_of", MOVES, ids=lambda m: f"{m[0]}-{m[1]}")
@pytest.mark.parametrize(("role", "permission"), [(Role.COMP_ADMIN, "pay.adjust"), (Role.FINANCE, "pay.approve"), (Role.AUDITOR, ""), (Role.REP, "")])
def test_who_may_move_what(world, move_of, role, permission) -> None:
    before, to = move_of
    PeriodState.objects.create(period=world.period("2024-03"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state=before)
    if permission in MOVES[move_of]:
        assert move(world, to, roles=[role]).state == to
    else:
        with pytest.raises(PeriodRefused) as refused:
            move(world, to, roles=[role])
        assert refused.value.code == "forbidden"


def test_a_state_that_somebody_else_changed_is_a_conflict(world) -> None:
    move(world, State.IN_REVIEW, expected=State.OPEN)
    with pytest.raises(PeriodRefused) as refused:
        move(world, State.IN_REVIEW, expected=State.OPEN)
    assert refused.value.code == "conflict"


def test_whoever_put_it_into_review_or_is_paid_in_it_does_not_approve_while_another_can(world) -> None:
    first, second, payee = make_user(), make_user(), make_user()
    make_member(first, Role.FINANCE)
    move(world, State.IN_REVIEW, actor_id=first.pk)
    make_member(payee, Role.FINANCE, payee=world.payees[0])
    for actor, why in ((first, "into review yourself"), (payee, "Your own statement")):
        with pytest.raises(PeriodRefused, match=why):
            move(world, State.APPROVED, actor_id=actor.pk)
    make_member(second, Role.FINANCE)
    assert move(world, State.APPROVED, actor_id=second.pk).approved_by_id == second.pk


def test_the_only_approver_approves_what_he_put_into_review(world) -> None:
    only = make_user()
    make_member(only, Role.FINANCE)
    move(world, State.IN_REVIEW, actor_id=only.pk)
    assert move(world, State.APPROVED, actor_id=only.pk).state == State.APPROVED


def test_approval_freezes_what_the_statement_says_under_its_hash(world) -> None:
    payee = world.payees[0]
    adjustment_make(payee=payee, place=place_of(world), earning_period=world.period("2024-03"), amount=Decimal("-1.01"), note="Agreed")
    approve(world)
    statement = Statement.objects.get(payee=payee, period=world.period("2024-03"))
    artefact = StatementArtefact.objects.get(statement=statement)
    content = zlib.decompress(bytes(artefact.body))
    assert artefact_digest(content) == artefact.digest == statement.artefact_digest == statement_get(payee, world.period("2024-03")).digest
    kept = json.loads(content)
    run = Run.objects.get()
    assert (kept["payee"], kept["run"], kept["known_number"]) == (str(payee.uid), run.number, run.known_number)
    assert kept["plans"] == [{"plan": "direct", "version": 1, "digest": world.version.digest}]
    assert [(part["component"], part["amount"]) for part in kept["parts"]] == [("commission", "50.00")]
    assert [(one["amount"], one["note"]) for one in kept["adjustments"]] == [("-1.01", "Agreed")]
    assert kept["total"] == {"USD": "48.99"}
    assert payee.detail.display_name not in content.decode()


def test_what_comes_after_approval_is_paid_later_and_the_artefact_stays(world) -> None:
    approve(world)
    before = artefact_of(Statement.objects.get(payee=world.payees[0], period=world.period("2024-03")))
    put_order("late", world.payees[0], "2024-03-20", 200_00)
    world.run(business_date=dt.date(2024, 4, 30))
    adjustment = adjustment_make(payee=world.payees[0], place=place_of(world), earning_period=world.period("2024-03"), amount=Decimal(5), note="Late")
    assert adjustment.pay_period.code == "2024-04"
    assert statement_get(world.payees[0], world.period("2024-03")).total == {"USD": Decimal("50.00")}
    assert statement_get(world.payees[0], world.period("2024-04")).late == {"USD": Decimal("10.00")}
    assert artefact_of(Statement.objects.get(payee=world.payees[0], period=world.period("2024-03"))) == before
    assert list(approved_statements()) == list(closed_periods()) == []


def test_the_rate_of_the_day_of_approval_stays_on_the_statement(world) -> None:
    payee = world.payees[0]
    Payee.objects.filter(pk=payee.pk).update(pay_currency="EUR")
    payee.refresh_from_db()
    march = world.period("2024-03")
    move(world, State.IN_REVIEW)
    with pytest.raises(PeriodRefused, match=f"{payee.external_id} .USD EUR 2024-03-31"):
        move(world, State.APPROVED)
    assert StatementArtefact.objects.count() == 0
    rate = {"rate_type": "payroll", "base": "USD", "quote": "EUR", "start": dt.date(2024, 1, 1)}
    fx_rate_set(**rate, fx_rate=Decimal("0.9"))
    move(world, State.APPROVED)
    fx_rate_set(**rate, fx_rate=Decimal("0.8"))
    [shown] = statement_get(payee, march).in_pay_currency
    assert (shown.fx_rate, shown.amount, shown.estimated) == (Decimal("0.900000"), Decimal("45.00"), False)
    Statement.objects.filter(payee=payee).update(artefact_digest="")
    assert statement_get(payee, march).in_pay_currency[0].amount == Decimal("40.00")  # negative control: unfrozen it would move


def test_approval_waits_for_a_run_that_saw_the_whole_period_and_for_the_periods_before(scope) -> None:
    world = make_world(1)
    put_order("1", world.payees[0], "2024-02-05", 1000_00)
    world.run(business_date=dt.date(2024, 3, 15))
    move(world, State.IN_REVIEW)
    with pytest.raises(PeriodRefused, match="2024-03-31 or later"):
        move(world, State.APPROVED)
    put_order("2", world.payees[0], "2024-03-05", 1000_00)
    world.run(business_date=MARCH_END)
    with pytest.raises(PeriodRefused, match="Approve 2024-02 first"):
        move(world, State.APPROVED)
    approve(world, "2024-02")
    assert move(world, State.APPROVED).state == State.APPROVED


def test_a_run_under_way_holds_approval_up(world) -> None:
    move(world, State.IN_REVIEW)
    Run.objects.update(state=Run.State.RUNNING)
    with pytest.raises(PeriodRefused, match="under way"):
        move(world, State.APPROVED)


def test_a_held_statement_does_not_stop_its_group(world) -> None:
    statement = Statement.objects.get(payee=world.payees[0], period=world.period("2024-03"))
    statement_hold(statement=statement, reason="Bank details are missing")
    for to in (State.IN_REVIEW, State.APPROVED):
        move(world, to)
    assert states(world) == ["held", "approved"]
    view = statement_get(world.payees[0], world.period("2024-03"))
    assert (view.hold_reason, view.digest != "") == ("Bank details are missing", True)
    move(world, State.CLOSED)
    move(world, State.PAID)
    assert states(world) == ["held", "paid"]
    statement_release(statement=statement)
    assert states(world) == ["approved", "paid"]
    with pytest.raises(PeriodRefused, match="not on hold"):
        statement_release(statement=statement)
    with pytest.raises(PeriodRefused, match="paid or on hold"):
        statement_hold(statement=Statement.objects.get(payee=world.payees[1], period=world.period("2024-03")), reason="too late")
    assert list(approved_statements()) == []


def test_balances_and_held_deals_are_in_the_artefact(scope) -> None:
    world = make_world(1)
    hold_place(order=put_order("1", world.payees[0], "2024-03-05", 1000_00), reason="No signature")
    world.run(business_date=MARCH_END)
    approve(world)
    kept = artefact_of(Statement.objects.get(period=world.period("2024-03")))
    assert [(p["verb"], p["amount"]) for p in kept["payments"]] == [("held", "-50.00")]
    assert kept["balances"] == [{"kind": "on_hold", "component": "", "currency": "USD", "amount": "50.00"}]


def test_negative_control_verify_finds_an_entry_that_slipped_into_an_approved_period(world) -> None:
    approve(world)
    assert list(approved_statements()) == []
    copy_entry(LedgerEntry.objects.get(payee=world.payees[0]), amount=1)
    [found] = approved_statements()
    assert "the ledger says" in found


def test_negative_control_verify_finds_a_changed_or_lost_artefact(world) -> None:
    approve(world)
    artefact = StatementArtefact.objects.get(statement__payee=world.payees[0])
    forged = zlib.compress(zlib.decompress(bytes(artefact.body)).replace(b'"50.00"', b'"51.00"'))
    with pytest.raises(DatabaseError), transaction.atomic():
        StatementArtefact.objects.filter(pk=artefact.pk).update(body=forged)
    Statement.objects.filter(pk=artefact.statement_id).update(artefact_digest="0" * 64)
    [found] = approved_statements()
    assert "does not name" in found
    other = Statement.objects.create(payee=world.payees[0], period=world.period("2024-04"), state=Statement.State.APPROVED)
    assert "nothing was frozen" in list(approved_statements())[1]
    StatementArtefact.objects.create(statement=other, digest=artefact.digest, body=forged)
    assert "its digest does not fit its content" in list(approved_statements())[1]


def test_approval_asks_the_database_little_more_for_many_than_for_few(scope, django_assert_max_num_queries) -> None:
    world = make_world(12)
    for number, payee in enumerate(world.payees):
        put_order(str(number), payee, "2024-03-05", 1000_00)
    world.run(business_date=MARCH_END)
    move(world, State.IN_REVIEW)
    with django_assert_max_num_queries(60):
        move(world, State.APPROVED)
    assert StatementArtefact.objects.count() == 12


def test_the_page_shows_a_held_statement_with_its_reason(scope) -> None:
    desk = desk_build(scope)
    statement_hold(statement=Statement.objects.get(payee=desk.rep, period__code="2026-02"), reason="Bank details are missing")
    page = desk.client(desk.rep, Role.REP).get(f"/t/acme/people/{desk.rep.uid}/statements/2026-02/").content.decode()
    assert "Bank details are missing" in page


# ---- command and API


@pytest.mark.django_db
def test_the_command_moves_and_shows(tenant, capsys) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("1", world.payees[0], "2024-03-05", 1000_00)
        world.run(business_date=MARCH_END)
    for to in ("in_review", "approved"):
        call_command("period", "acme", "2024-03", "--group", "monthly", "--entity", "main", "--to", to)
    assert "monthly main: approved; statements: 1 approved; pays 50.00 USD" in capsys.readouterr().out
    with pytest.raises(CommandError, match="From “Approved”"):
        call_command("period", "acme", "2024-03", "--to", "open")
    with pytest.raises(CommandError, match="0 groups fit"):
        call_command("period", "acme", "2024-03", "--group", "weekly", "--to", "closed")


def test_by_api_each_in_his_role(tenant) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(2)
        put_order("1", world.payees[0], "2024-03-05", 1000_00)
        world.run(business_date=MARCH_END)
        march = world.period("2024-03").uid
        statement = Statement.objects.get(payee=world.payees[0], period__code="2024-03").uid
    admin, finance = make_caller(tenant, Role.COMP_ADMIN), make_caller(tenant, Role.FINANCE)
    given = {"pay_group": "monthly", "legal_entity": "main"}
    base = f"period-states/{march}/"
    [group] = admin.get(base).json()
    assert (group["state"], group["payees"], group["total"]) == ("open", 2, {"USD": "50.00"})
    assert finance.post(f"{base}move/", {**given, "expected": "open", "to": "in_review"}).status_code == 403
    moved = admin.post(f"{base}move/", {**given, "expected": "open", "to": "in_review"})
    assert (moved.status_code, moved.json()["state"], moved.json()["submitted_by"]) == (200, "in_review", admin.user.email)
    again = admin.post(f"{base}move/", {**given, "expected": "open", "to": "in_review"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert admin.post(f"{base}decide/", {**given, "expected": "in_review", "to": "approved"}).status_code == 403
    held = admin.post(f"statements/{statement}/hold/", {"reason": "Bank details are missing"})
    assert (held.status_code, held.json()["state"]) == (200, "held")
    approved = finance.post(f"{base}decide/", {**given, "expected": "in_review", "to": "approved"})
    assert (approved.status_code, approved.json()["state"], approved.json()["statements"]["held"]) == (200, "approved", 1)
    released = admin.post(f"statements/{statement}/release/")
    assert (released.status_code, released.json()["state"], len(released.json()["artefact_digest"])) == (200, "approved", 64)
    shown = admin.get(f"payees/{world.payees[0].uid}/statements/{march}/").json()
    assert (shown["state"], shown["digest"]) == ("approved", released.json()["artefact_digest"])
    refused = admin.post(f"{base}move/", {**given, "expected": "approved", "to": "open"})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    with tenant_scope(tenant.pk):
        assert [g.state for g in period_groups(world.period("2024-03"))] == ["approved"]
