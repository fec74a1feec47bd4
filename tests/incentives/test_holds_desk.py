"""The desk of holds: the list and its filters, a hold placed from a statement's line, lifted, and the same through the API."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incentives.models import Hold
from incentives.selectors import hold_list, hold_rows
from incentives.services import hold_lift, hold_place, recompute
from spm.access.models import Role
from spm.audit.models import AuditEntry
from spm.sales.models import Order, OrderVersion
from spm.tenancy.changes import change
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import PLAN, World, make_world, put_order
from tests.support.desks import TODAY, Desk, desk_build, order_write

HOLDS = "/t/acme/holds/"


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


def page(client: Client, path: str = HOLDS, **params: str) -> str:
    return client.get(path, params).content.decode()


def test_a_deal_is_held_from_its_line_in_the_statement_and_everybody_sees_why(desk) -> None:
    admin = desk.client(None, Role.COMP_ADMIN)
    line = f"/t/acme/people/{desk.rep.uid}/statements/2026-02/commission/lines/crm:S2/"
    before = page(admin, line)
    assert "Hold this deal" in before
    href = re.search(r'href="(/t/acme/holds/new/[^"]*)"', before)[1].replace("&amp;", "&")
    assert parse_qs(urlsplit(href).query) == {"order": ["crm:S2"], "component": ["commission"], "payee": [desk.rep.external_id]}
    form = page(admin, href)
    assert 'value="crm:S2"' in form
    assert '<option value="commission" selected>' in form
    given = {"order": "crm:S2", "component": "commission", "payee": desk.rep.external_id, "reason": "The customer has not signed"}
    assert admin.post(href, given).status_code == 302
    hold = Hold.objects.get()
    assert (hold.order.external_id, hold.component, hold.payee, hold.placed_by_id is not None) == ("S2", "commission", desk.rep, True)
    own = page(desk.client(desk.rep, Role.REP), line)
    assert "The customer has not signed" in own
    assert "Hold this deal" not in own
    assert "Hold this deal" not in page(admin, line)
    other = page(admin, f"/t/acme/people/{desk.rep.uid}/statements/2026-02/commission/lines/crm:S3/")
    assert "The customer has not signed" not in other


def test_the_list_shows_what_waits_and_is_searched_and_filtered(desk) -> None:
    hold_place(order=Order.objects.get(external_id="S2"), component="commission", reason="No signature")
    lifted = hold_place(order=Order.objects.get(external_id="S4"), reason="Disputed")
    recompute(business_date=TODAY)
    hold_lift(hold=lifted, note="Settled by phone")
    client = desk.client(None, Role.FINANCE)
    shown = page(client)
    assert "No signature" in shown
    assert "Disputed" not in shown
    assert "Place a hold" not in shown
    lifted_shown = page(client, state="lifted")
    assert "Settled by phone" in lifted_shown
    assert "No signature" not in lifted_shown
    assert "Nothing matches these filters" in page(client, q="S9")
    assert "No signature" in page(client, q="s2")
    [row] = hold_rows(list(hold_list()))
    assert (row.number, row.component_label.split(" ·")[0], row.payee_name, row.shared) == ("S2", "Commission", "", False)
    assert row.amounts["USD"] > 0


def test_two_holds_in_one_component_say_that_the_amount_is_of_both(scope) -> None:
    world = make_world(1)
    for name in ("a", "b"):
        hold_place(order=put_order(name, world.payees[0], "2024-01-10", 10_000_00), reason="check")
    world.run(business_date=dt.date(2024, 2, 28))
    rows = hold_rows(list(hold_list()))
    assert [(row.amounts, row.shared) for row in rows] == [({"USD": 1000}, True)] * 2


def test_the_number_of_queries_does_not_grow_with_the_holds(scope) -> None:
    world = make_world(1)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            hold_rows(list(hold_list()))
        return len(seen)

    hold_place(order=put_order("a", world.payees[0], "2024-01-10", 10_000_00), reason="check")
    world.run(business_date=dt.date(2024, 2, 28))
    once = asked()
    for name in ("b", "c"):
        hold_place(order=put_order(name, world.payees[0], "2024-01-10", 10_000_00), reason="check")
    assert asked() == once


def test_an_order_that_is_not_one_is_refused_with_the_way_out(desk) -> None:
    order_write("dup-1", desk.rep, dt.date(2026, 1, 12), 100_00)
    twin = Order.objects.create(source="shop", external_id="S2")
    with change(reason="twin") as published:
        OrderVersion.objects.create(record=twin, change_set=published, payee=desk.rep, order_date=dt.date(2026, 2, 3), amount=1, amount_scale=2,
                                    currency_code=OrderVersion.objects.first().currency_code, number="S2")  # fmt: skip
    client = desk.client(None, Role.COMP_ADMIN)

    def refused(**given: str) -> str:
        answer = client.post(f"{HOLDS}new/", {"order": "S3", "reason": "check", **given})
        assert answer.status_code == 400
        return answer.content.decode()

    assert "There is no order nothing" in refused(order="nothing")
    several = refused(order="S2")
    assert "crm:S2" in several
    assert "shop:S2" in several
    assert "Nobody has the employee number" in refused(payee="nobody")
    assert "neither owns this deal" in refused(payee=desk.other.external_id)
    assert "This field is required" in refused(reason="")
    assert Hold.objects.count() == 0
    assert client.post(f"{HOLDS}new/", {"order": "shop:S2", "reason": "check"}).status_code == 302
    assert "held already" in client.post(f"{HOLDS}new/", {"order": "shop:S2", "reason": "again"}).content.decode()


def test_a_hold_is_lifted_with_a_note_and_only_once(desk) -> None:
    hold = hold_place(order=Order.objects.get(external_id="S2"), reason="No signature")
    client = desk.client(None, Role.COMP_ADMIN)
    url = f"{HOLDS}{hold.uid}/lift/"
    assert "data-confirm" in page(client, url)
    assert client.post(url, {"note": "signed"}).status_code == 302
    assert Hold.objects.get().lift_note == "signed"
    assert client.post(url, {"note": "again"}).status_code == 400
    assert list(AuditEntry.objects.filter(action__startswith="hold.").order_by("sequence").values_list("action", flat=True)) == ["hold.place", "hold.lift"]


@pytest.mark.parametrize(("role", "read", "write"), [(Role.FINANCE, 200, 403), (Role.AUDITOR, 200, 403), (Role.MANAGER, 403, 403), (Role.HR, 403, 403)])
def test_who_may_read_and_who_may_hold(desk, role, read, write) -> None:
    client = desk.client(desk.manager, role)
    assert client.get(HOLDS).status_code == read
    assert client.post(f"{HOLDS}new/", {"order": "S2", "reason": "x"}).status_code == write


def test_an_empty_list_says_what_holds_are_for(desk) -> None:
    assert "No deal is on hold" in page(desk.client(None, Role.COMP_ADMIN))


# ---- API


@pytest.fixture
def world(tenant) -> World:
    with tenant_scope(tenant.pk):
        world = make_world(2, text=PLAN)
        put_order("a", world.payees[0], "2024-01-10", 30_000_00)
        put_order("b", world.payees[1], "2024-01-10", 20_000_00)
        return world


def test_holds_by_api_are_placed_listed_and_lifted(tenant, world) -> None:
    admin = make_caller(tenant, Role.COMP_ADMIN)
    made = admin.post("holds/", {"order": "test:a", "component": "commission", "payee": str(world.payees[0].uid), "reason": "No signature"})
    assert made.status_code == 201, made.content
    with tenant_scope(tenant.pk):
        world.run(business_date=dt.date(2024, 2, 28))
    [row] = admin.get("holds/", state="open", search="a").json()["results"]
    assert (row["order"], row["component"], row["held"], row["held_is_shared"]) == (
        {"source": "test", "external_id": "a"}, "commission", {"USD": "1500.00"}, False,
    )  # fmt: skip
    assert [r["uid"] for r in admin.get("holds/", payee=str(world.payees[0].uid)).json()["results"]] == [row["uid"]]
    assert admin.get("holds/", payee=str(world.payees[1].uid)).json()["results"] == []
    assert admin.get("holds/", state="lifted").json()["results"] == []
    with tenant_scope(tenant.pk):
        january = world.period("2024-01").uid
    [seen] = admin.get(f"payees/{world.payees[0].uid}/statements/{january}/").json()["held_deals"]
    assert (seen["component"], seen["reason"]) == ("commission", "No signature")
    lifted = admin.post(f"holds/{row['uid']}/lift/", {"note": "signed"})
    assert (lifted.status_code, lifted.json()["lift_note"]) == (200, "signed")
    again = admin.post(f"holds/{row['uid']}/lift/", {})
    assert (again.status_code, again.json()["code"]) == (409, "refused")
    assert admin.get(f"holds/{row['uid']}/").json()["lifted_at"] is not None


def test_what_cannot_be_held_is_refused_by_its_field(tenant, world) -> None:
    admin = make_caller(tenant, Role.COMP_ADMIN)
    unknown = admin.post("holds/", {"order": "nothing", "reason": "x"})
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["errors"][0]["field"]) == (409, "unknown_reference", "order")
    component = admin.post("holds/", {"order": "a", "component": "bonus", "reason": "x"})
    assert (component.json()["code"], component.json()["errors"][0]["field"]) == ("refused", "component")


def test_who_may_hold_by_api(tenant, world) -> None:
    for role, read, write in ((Role.FINANCE, 200, 403), (Role.HR, 403, 403), (Role.REP, 403, 403)):
        caller = make_caller(tenant, role, payee=world.payees[0] if role == Role.REP else None)
        assert (caller.get("holds/").status_code, caller.post("holds/", {"order": "a", "reason": "x"}).status_code) == (read, write)
