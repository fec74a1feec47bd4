"""Disputes at the desks and through the API: who sees which, what each may do, files as downloads, the filters, and the closing desk."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incentives.models import Dispute, LedgerEntry
from incentives.selectors.disputes import dispute_rows
from incentives.services import period_move
from incentives.services.disputes import dispute_file
from spm.access.models import Role
from spm.calendars.models import Period
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.desks import Desk, desk_build

LIST = "/t/acme/disputes/"


@pytest.fixture
def desk(scope: Any) -> Desk:
    return desk_build(scope)


def page(client: Client, path: str = LIST, **params: str) -> str:
    answer = client.get(path, params)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def file(desk: Desk, **values: Any) -> Dispute:
    given = {"subject": "amount", "component": "commission", "category": "pay_rate", "text": "My rate is 7 per cent", "amount": Decimal("120.50")}
    return dispute_file(**{"payee": desk.rep, "period": Period.objects.get(code="2026-02"), **given, **values})


def test_from_the_line_of_a_statement_through_manager_and_team_to_the_statement(desk: Desk) -> None:
    rep, boss, admin = desk.client(desk.rep, Role.REP), desk.client(desk.manager, Role.MANAGER), desk.client(None, Role.COMP_ADMIN)
    statement = f"/t/acme/people/{desk.rep.uid}/statements/2026-02/"
    line = f"{statement}commission/lines/crm:S2/"
    shown = page(rep, line)
    href = re.search(r'href="(/t/acme/disputes/new/[^"]*)"', shown)[1].replace("&amp;", "&")
    assert "Dispute this line" not in page(boss, line), "everybody disputes his own pay"
    form = page(rep, href)
    assert 'value="crm:S2"' in form
    assert 'enctype="multipart/form-data"' in form
    scan = SimpleUploadedFile("offer <1>.pdf", b"%PDF-1.7 offer", content_type="text/html")
    given = {"subject": "line", "period": "2026-02", "component": "commission", "order": "crm:S2", "category": "pay_rate", "amount": "120.50"}
    assert rep.post(href, {**given, "text": "", "attachments": scan}).status_code == 400
    scan.seek(0)
    assert rep.post(href, {**given, "text": "My rate is 7 per cent", "attachments": scan}).status_code == 302
    one = Dispute.objects.get()
    own = f"{LIST}{one.uid}/"
    assert "With the manager" in page(rep, own)
    assert "Pass on" not in page(rep, own)
    file_url = re.search(r'href="(/t/acme/disputes/[^"]*/files/[^"]*)"', page(rep, own))[1]
    sent = rep.get(file_url)
    assert (sent.content, sent["Content-Type"], sent["X-Content-Type-Options"]) == (b"%PDF-1.7 offer", "application/octet-stream", "nosniff")
    assert sent["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in sent["Content-Security-Policy"]
    assert boss.post(f"{own}pass/", {"text": "He is right"}).status_code == 302
    way = f"{own}decide/?by=adjustment"
    form = page(admin, way)
    place = re.search(r'name="place".*?<option value="([^"]*)"', form, re.S)[1]
    decided = {"outcome": "partial", "place": place, "earning_period": "2026-02", "amount": "60.25", "text": "Half of it"}
    wrong = admin.post(way, {**decided, "amount": "120.50"})
    assert wrong.status_code == 400
    assert "all that was claimed" in wrong.content.decode()
    assert admin.post(way, decided).status_code == 302
    last = page(rep, own)
    for text in ("Partly approved", "He is right", "Half of it", "60.25"):
        assert text in last, text
    assert "Dispute 1: Half of it" in page(rep, statement)
    assert "Partly approved" in page(rep, statement)


def test_each_sees_his_own_his_peoples_or_all(desk: Desk) -> None:
    one = file(desk)
    clients = {
        200: [desk.client(desk.rep, Role.REP), desk.client(desk.manager, Role.MANAGER), desk.client(None, Role.AUDITOR), desk.client(None, Role.FINANCE)],
        404: [desk.client(desk.other, Role.REP), desk.client(desk.other, Role.MANAGER)],
    }
    for status, some in clients.items():
        for client in some:
            assert client.get(f"{LIST}{one.uid}/").status_code == status
            assert ("120.50" in page(client)) == (status == 200)
    auditor, other = clients[200][2], clients[404][0]
    assert auditor.post(f"{LIST}{one.uid}/comment/", {"text": "x"}).status_code == 403
    assert other.post(f"{LIST}{one.uid}/comment/", {"text": "x"}).status_code == 404
    assert clients[200][0].get(f"{LIST}{one.uid}/decide/").status_code == 403


def test_the_inbox_is_filtered_and_searched_and_its_queries_do_not_grow(desk: Desk) -> None:
    admin, boss = desk.client(None, Role.COMP_ADMIN), desk.client(desk.manager, Role.MANAGER)
    file(desk)
    file(desk, payee=desk.other, subject="missing", component="", order="Acme of May", category="missing", text="Where is it?")
    assert "Dispute 1<" in page(admin)
    assert "Dispute 2" in page(admin, q="acme of")
    assert "Dispute 1<" not in page(admin, q="acme of")
    assert "Dispute 1<" in page(admin, category="pay_rate")
    assert "Dispute 2<" not in page(admin, category="pay_rate")
    assert "Dispute 2<" in page(admin, q="Ben Rep")
    assert "Dispute 2<" in page(boss, whose="waiting", state="manager")
    assert "Nothing matches these filters" in page(admin, state="withdrawn")
    assert "Nothing matches these filters" in page(admin, overdue="1")
    with CaptureQueriesContext(
        connection,
    ) as few:
        dispute_rows(list(Dispute.objects.select_related("payee__detail", "period", "order", "manager__detail")))
    for n in range(6):
        file(desk, subject="missing", component="", order=f"deal {n}", text="and this one")
    with CaptureQueriesContext(connection) as many:
        dispute_rows(list(Dispute.objects.select_related("payee__detail", "period", "order", "manager__detail")))
    assert len(many) == len(few)


def test_the_closing_desk_names_what_is_disputed_before_the_click(desk: Desk) -> None:
    finance = desk.client(None, Role.FINANCE)
    january, entity = Period.objects.get(code="2026-01"), LegalEntity.objects.get()
    file(desk, period=january)
    period_move(period=january, pay_group="monthly", legal_entity=entity, to="in_review")
    shown = page(finance, "/t/acme/closing/", period="2026-01")
    assert "1 dispute is open" in shown
    assert "Ava Rep" in shown
    href = re.search(r'href="(/t/acme/closing/[^"]*approved[^"]*)"', shown)[1]
    assert "Ava Rep (1)" in page(finance, href)
    assert finance.post(href).status_code == 302, "it is named, and stops nothing"
    assert "dispute is open" not in page(finance, "/t/acme/closing/", period="2026-02")


def test_the_api_files_passes_on_decides_and_hands_out_files(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        desk = desk_build(tenant)
        february = str(Period.objects.get(code="2026-02").uid)
    rep, boss = make_caller(tenant, Role.REP, payee=desk.rep), make_caller(tenant, Role.MANAGER, payee=desk.manager)
    admin = make_caller(tenant, Role.COMP_ADMIN)
    path = f"/api/v1/t/{tenant.slug}/disputes/"
    given = {
        "period": february, "subject": "line", "category": "pay_rate", "component": "commission", "order": "crm:S2", "amount": "120.5", "text": "7 per cent",
        "files": [{"name": "offer.pdf", "content": base64.b64encode(b"%PDF-1.7").decode()}],
    }  # fmt: skip
    made = rep.post(path, given)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["state"], body["claimed"], body["currency"], body["deal"], body["record"]) == ("manager", "120.50", "USD", "S2", None)
    assert rep.post(path, given).status_code == 409
    assert admin.post(path, given).status_code == 409, "who is not paid has nothing to dispute"
    own = f"{path}{body['uid']}/"
    [attached] = body["events"][0]["files"]
    assert rep.get(f"{own}files/{attached['uid']}/").content == b"%PDF-1.7"
    assert make_caller(tenant, Role.REP, payee=desk.other).get(f"{own}files/{attached['uid']}/").status_code == 404
    assert [row["number"] for row in boss.get(path, waiting="true").json()["results"]] == [1]
    assert rep.post(f"{own}pass/", {"text": "x"}).status_code == 403
    assert boss.post(f"{own}pass/", {"text": "He is right"}).json()["state"] == "team"
    decision = {"outcome": "partial", "means": "adjustment", "amount": "60.25", "text": "Half of it"}
    assert boss.post(f"{own}resolve/", decision).status_code == 403
    done = admin.post(f"{own}resolve/", decision)
    assert done.status_code == 200, done.content
    assert (done.json()["state"], done.json()["record"]["number"]) == ("partial", "S2")
    linked = done.json()["events"][-1]["linked"]
    with tenant_scope(tenant.pk):
        assert linked["entry"] == str(LedgerEntry.objects.get(cause="manual").uid)
    assert (linked["amount"], linked["pay_period_code"]) == ("60.25", "2026-02")
    assert admin.post(f"{own}resolve/", decision).status_code == 409
    assert rep.get(path, state="open").json()["results"] == []
    assert len(rep.get(path, state="resolved").json()["results"]) == 1
