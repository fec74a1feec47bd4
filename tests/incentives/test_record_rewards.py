"""Rewards that are not money, and components that are evaluated and not paid: in the run, on the statement, hidden from whom they are hidden."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from incentives.exports import Span, book_pdf, book_xlsx, statement_book
from incentives.models import LedgerEntry, StatementArtefact
from incentives.selectors import component_traces, line_trace, statement_get
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.artefacts import artefact_read
from incentives.selectors.rewards import EvaluatedTotal, evaluated_totals
from incentives.services import period_move
from spm.access.models import Role
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import PLAN, World, make_world, put_order
from tests.support.factories import make_member, make_user

TEXT = (
    PLAN
    + """\
  - name: points
    label: Club points
    formula: round(sales / 100, 0, "down")
    unit: points
  - {name: richer, label: Richer plan, base: sales, pay_rate: {flat: 7%}, hidden: true}
  - {name: shadow, label: Shown only, base: sales, pay_rate: {flat: 1%}, paid: false}
"""
)
JAN, FEB, MAR = dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)


@pytest.fixture
def world(scope: Any) -> World:
    world = make_world(2, text=TEXT)
    put_order("1", world.payees[0], "2024-01-10", 1234_56)
    put_order("2", world.payees[1], "2024-01-10", 200_00)
    world.run(business_date=JAN)
    return world


def test_points_stand_on_the_statement_beside_its_sums(world: World) -> None:
    view = statement_get(world.payees[0], world.period("2024-01"))
    assert view.total == {"USD": Decimal("61.73")}
    assert [(item.label, item.unit, item.amount) for item in view.rewards] == [("Club points", "points", Decimal(12))]


def test_only_money_enters_the_ledger(world: World) -> None:
    assert set(LedgerEntry.objects.values_list("component", flat=True)) == {"commission"}


def test_an_administrator_sees_what_is_evaluated_with_totals(world: World) -> None:
    assert evaluated_totals(world.version) == [
        EvaluatedTotal("points", "Club points", "points", False, "2024-01", 2, Decimal(14)),
        EvaluatedTotal("richer", "Richer plan", "", True, "2024-01", 2, Decimal("100.42")),  # 86.42 + 14.00
        EvaluatedTotal("shadow", "Shown only", "", False, "2024-01", 2, Decimal("14.35")),
    ]


def test_what_is_hidden_is_in_no_trace_and_what_is_only_not_paid_is(world: World) -> None:
    period = world.period("2024-01")
    [trace] = component_traces(world.payees[0], period=period)
    assert "richer" not in repr(trace.tree)
    assert {node["name"] for node in trace.tree["aside"]} == {"points", "shadow"}
    seen = line_trace(world.payees[0], period=period, version_id=world.version.pk, seat_id=world.seats[0].pk, component="richer")
    assert seen is None


def test_nothing_is_posted_by_hand_to_what_is_not_money(world: World) -> None:
    period = world.period("2024-01")
    assert [place.component for place in adjustment_places(world.payees[0], [period])[period.pk]] == ["commission"]


def test_who_reads_the_totals_and_the_rewards_by_api(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1, text=TEXT)
        put_order("1", world.payees[0], "2024-01-10", 1234_56)
        world.run(business_date=JAN)
        version, payee, period = world.version.uid, world.payees[0], world.period("2024-01").uid
    rows = make_caller(tenant, Role.COMP_ADMIN).get(f"plan-versions/{version}/evaluated/").json()
    assert [(row["component"], row["is_hidden"], row["amount"]) for row in rows] == [
        ("points", False, "12"), ("richer", True, "86.42"), ("shadow", False, "12.35"),
    ]  # fmt: skip
    rep = make_caller(tenant, Role.REP, payee=payee)
    assert rep.get(f"plan-versions/{version}/evaluated/").status_code == 403
    answer = rep.get(f"payees/{payee.uid}/statements/{period}/")
    assert [(row["component"], row["amount"], row["unit"]) for row in answer.json()["rewards"]] == [("points", "12", "points")]
    assert "richer" not in answer.content.decode()


# What is frozen: 1,234.56 brings 12 points; 1,534.56 would bring 15, 934.56 would bring 9.


def _approve(world: World, code: str) -> None:
    for state in ("in_review", "approved"):
        period_move(period=world.period(code), pay_group="monthly", legal_entity=LegalEntity.objects.get(), to=state)


def _shown(world: World, code: str) -> list[tuple[str, bool, Decimal, Decimal]]:
    view = statement_get(world.payees[0], world.period(code))
    return [(item.earning_period_code, item.is_late, item.amount, item.now) for item in view.rewards]


def test_approval_freezes_rewards_and_a_later_change_is_told_in_the_open_period(world: World) -> None:
    world.run(business_date=FEB)
    _approve(world, "2024-01")
    [artefact] = StatementArtefact.objects.filter(statement__payee=world.payees[0])
    [line] = artefact_read(artefact)["rewards"]
    assert (line["component"], line["unit"], line["amount"], line["late"]) == ("points", "points", "12", False)
    put_order("3", world.payees[0], "2024-01-20", 300_00)
    put_order("4", world.payees[0], "2024-02-20", 500_00)
    world.run(business_date=FEB)
    assert _shown(world, "2024-01") == [("2024-01", False, Decimal(12), Decimal(12))]
    assert _shown(world, "2024-02") == [("2024-02", False, Decimal(5), Decimal(5)), ("2024-01", True, Decimal(3), Decimal(15))]
    assert _shown(world, "2024-03") == []
    # Told in February, it is frozen with February, and not told again; what changes once more is told in March.
    _approve(world, "2024-02")
    world.run(business_date=MAR)
    assert _shown(world, "2024-03") == []
    put_order("1", world.payees[0], "2024-01-10", 634_56)
    world.run(business_date=MAR)
    assert _shown(world, "2024-02")[1] == ("2024-01", True, Decimal(3), Decimal(15))
    assert _shown(world, "2024-03") == [("2024-01", True, Decimal(-6), Decimal(9))]


def test_who_is_rewarded_and_paid_nothing_has_a_statement_frozen_too(scope: Any) -> None:
    world = make_world(1, text=TEXT, pct="0")
    put_order("1", world.payees[0], "2024-01-10", 1234_56)
    world.run(business_date=JAN)
    _approve(world, "2024-01")
    [artefact] = StatementArtefact.objects.all()
    assert [line["amount"] for line in artefact_read(artefact)["rewards"]] == ["12"]


def test_the_files_hold_the_rewards_beside_the_sums_of_money(world: World) -> None:
    world.run(business_date=FEB)
    _approve(world, "2024-01")
    put_order("3", world.payees[0], "2024-01-20", 300_00)
    world.run(business_date=FEB)
    member = make_member(make_user(), Role.COMP_ADMIN)
    book = statement_book(membership=member, payee=world.payees[0], company="Acme", period=world.period("2024-02"), span=Span.YEAR, today=FEB)
    assert book is not None
    _head, *rows = load_workbook(io.BytesIO(book_xlsx(book)))["Rewards that are not money"].iter_rows(values_only=True)
    assert [(row[0], row[1], row[3], row[4], row[5], row[6]) for row in rows] == [
        ("2024-01", "Club points", "2024-01", None, "points", 12),
        ("2024-02", "Club points", "2024-01", "changed since it was approved: told 12, now 15", "points", 3),
    ]
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(book_pdf(book, zone=ZoneInfo("UTC")))).pages).split())
    assert "12 points" in text
    assert "changed since it was approved: told 12, now 15" in text


def test_the_page_its_file_and_the_api_tell_what_changed_since_approval(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        world = make_world(1, text=TEXT)
        put_order("1", world.payees[0], "2024-01-10", 1234_56)
        world.run(business_date=FEB)
        _approve(world, "2024-01")
        put_order("3", world.payees[0], "2024-01-20", 300_00)
        world.run(business_date=FEB)
        payee, period = world.payees[0], world.period("2024-02")
        member = make_member(make_user(), Role.COMP_ADMIN)
    caller = make_caller(tenant, Role.REP, payee=payee)
    [late] = caller.get(f"payees/{payee.uid}/statements/{period.uid}/").json()["rewards"]
    assert (late["earning_period"], late["late"], late["told"], late["amount"]) == ("2024-01", True, "12", "3")
    client = Client()
    client.force_login(member.user)
    page = client.get(reverse("statement", kwargs={"slug": tenant.slug, "uid": payee.uid, "code": "2024-02"})).content.decode()
    assert "told 12, now 15" in page
    lines = client.get(reverse("statement-csv", kwargs={"slug": tenant.slug, "uid": payee.uid, "code": "2024-02"})).content.decode().splitlines()
    assert lines[-1] == 'Club points,2024-01,"changed since it was approved: told 12, now 15",points,3'
