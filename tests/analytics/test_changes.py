"""What changed in a payee's pay, and why: pages and API tell the same amounts by cause, to whom the pay may be shown."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from analytics.selectors.periods import period_choose
from incentives.selectors import late_changes, pay_change, run_of_last_change, statement_get
from incentives.services import period_state_set, recompute
from planning.models import Quota
from spm.access.models import Role
from spm.people.models import LegalEntity
from spm.tenancy.changes import change, dated_revise
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.desks import TODAY, Desk, desk_build, order_move, order_write

D = Decimal


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.pages.common.today_of", lambda request: TODAY)


def period(code: str = "2026-01") -> Any:
    return period_choose(code=code, today=TODAY).period


def quota_halved(desk: Desk) -> None:
    with change(reason="quota") as changeset:
        row = Quota.objects.get(position__seats__payee=desk.rep, known_to__isnull=True)
        dated_revise(row, changeset=changeset, amount=50_000_00)


def both_changed(desk: Desk) -> Any:
    """January is closed; then its quota is halved and an order of 10,000 comes late. By hand: the quota makes 10,000 of the 60,000 pay
    9 % instead of 6 % (+300.00); the order fills the second step with 2,500 at 9 % and puts 7,500 at 12 % (+1,125.00)."""
    period_state_set(period=period(), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    quota_halved(desk)
    order_write("LATE", desk.rep, dt.date(2026, 1, 25), 10_000_00)
    return recompute(business_date=TODAY)


def cells(page: Any) -> list[tuple[str, str]]:
    """(cause, amount) of every table of causes on the page, with its sum."""
    text = unescape(re.sub(r"<span class=\"quiet small\">[^<]*</span>", "", page.content.decode()))
    return re.findall(r'<th scope="row">([A-Z][^<]*?)\s*</th><td class="n" data-label="(?:Amount|Change)">([^<]*)</td>', text)


def test_a_late_amount_stands_by_cause_in_the_statement_and_sums_to_it(desk):
    both_changed(desk)
    statement = period("2026-02")
    (late,) = late_changes(desk.rep, statement_get(desk.rep, statement).parts, period=statement)
    assert [(item.cause, item.amount) for item in late.causes] == [("quota", D(300)), ("data", D(1125))]
    assert late.part.amount == D(1425)
    page = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/late/commission/")
    assert cells(page) == [("Quota", "+$300.00"), ("Data", "+$1,125.00"), ("Change", "+$1,425.00")]
    assert "LATE" in page.content.decode()
    assert ">S1<" not in page.content.decode()  # its credit is what it was


def test_the_page_shows_what_changed_since_a_run_by_cause_with_the_orders(desk):
    run = both_changed(desk)
    page = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/?before={desk.run.number}")
    assert page.status_code == 200
    rows = cells(page)
    assert rows == [("Quota", "+$300.00"), ("Data", "+$1,125.00"), ("Change", "+$1,425.00")]
    text = page.content.decode()
    assert f"What changed since run {desk.run.number}" in text
    assert "LATE" in text
    assert ">S1<" not in text
    assert run.number > desk.run.number


def test_by_default_the_page_stands_on_the_last_change_not_on_the_last_run(desk):
    run = both_changed(desk)
    idle = recompute(business_date=TODAY)
    assert run_of_last_change(desk.rep, period=period(), run=idle) == desk.run
    page = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/")
    assert ("Quota", "+$300.00") in cells(page)
    nothing = desk.client(desk.rep, Role.REP).get(
        f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/?before={run.number}&run={idle.number}"
    )
    assert cells(nothing) == []
    assert "Nothing changed between these runs" in nothing.content.decode()


def test_runs_in_the_other_order_are_read_from_the_earlier_to_the_later(desk):
    run = both_changed(desk)
    there, back = (
        desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/?before={a}&run={b}")
        for a, b in ((desk.run.number, run.number), (run.number, desk.run.number))
    )
    assert cells(there) == cells(back) != []


@pytest.mark.parametrize("query", ["before=99", "run=99", "run=x", "before=-1", "before=1e3"])
def test_a_run_that_does_not_exist_is_not_found(desk, query):
    page = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/?{query}")
    assert page.status_code == 404


def test_a_colleagues_changes_are_not_shown_and_the_managers_team_is(desk):
    both_changed(desk)
    path = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/"
    assert desk.client(desk.other, Role.REP).get(path).status_code == 404
    assert desk.client(desk.manager, Role.MANAGER).get(path).status_code == 200


def test_every_posting_of_a_run_leads_to_its_causes_and_the_statement_to_what_changed(desk):
    run = both_changed(desk)
    admin = desk.client(None, Role.COMP_ADMIN)
    page = admin.get(f"/t/{desk.tenant.slug}/runs/{run.uid}/").content.decode()
    address = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/?before={desk.run.number}&amp;run={run.number}"
    assert address in page
    assert cells(admin.get(unescape(address)))[-1] == ("Change", "+$1,425.00")
    assert f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/runs/changes/" in (
        admin.get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-01/").content.decode()
    )


def test_the_manager_sees_the_teams_late_order_as_data_of_his_own_share(desk):
    run = both_changed(desk)
    found = pay_change(desk.manager, period=period(), before=desk.run, run=run)
    assert found is not None
    (share,) = found.components
    assert [(item.cause, item.amount) for item in share.causes] == [("data", D(100))]  # 1 % of 10,000
    assert (share.before, share.after) == (D(800), D(900))


def test_an_order_that_moved_away_is_crediting_and_is_named(desk):
    order_move("S4", desk.rep)
    run = recompute(business_date=TODAY)
    found = pay_change(desk.other, period=period(), before=desk.run, run=run)
    assert found is not None
    (commission,) = found.components
    assert [(item.cause, item.amount) for item in commission.causes] == [("crediting", D(-1000))]
    assert [(order.line.number, order.credited_before, order.credited_after) for order in commission.orders] == [("S4", D(20_000), D(0))]


def test_the_api_says_the_same_as_the_page(tenant):
    with tenant_scope(tenant.pk):
        desk = desk_build(tenant)
        run = both_changed(desk)
        uid, february = period().uid, period("2026-02").uid
    caller = make_caller(tenant, Role.FINANCE)
    found = caller.get(f"payees/{desk.rep.uid}/statements/{uid}/changes/", run_before=desk.run.number, run=run.number).json()
    amounts = [
        {"cause": "quota", "label": "Quota", "amount": "300.00"},
        {"cause": "data", "label": "Data", "amount": "1125.00"},
    ]
    assert (found["run_before"], found["run"], found["others"]) == (desk.run.number, run.number, "")
    assert found["totals"] == [{"currency": "USD", "before": "3600.00", "amount": "1425.00", "after": "5025.00", "amounts_by_cause": amounts}]
    (component,) = found["components"]
    assert (component["component"], component["amounts_by_cause"]) == ("commission", amounts)
    assert [(order["external_id"], order["credited_before"], order["credited_after"]) for order in component["orders"]] == [("LATE", "0", "10000.00")]
    assert caller.get(f"payees/{desk.rep.uid}/statements/{uid}/changes/").json() == found
    first = caller.get(f"payees/{desk.rep.uid}/statements/{uid}/changes/", run_before=0, run=desk.run.number).json()
    assert first["totals"][0]["amounts_by_cause"] == [{"cause": "data", "label": "Data", "amount": "3600.00"}]
    (late,) = caller.get(f"payees/{desk.rep.uid}/statements/{february}/late/").json()
    assert late["amounts_by_cause"] == amounts
    refused = caller.get(f"payees/{desk.rep.uid}/statements/{uid}/changes/", run_before=run.number, run=desk.run.number)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "run_before")
    assert caller.get(f"payees/{desk.rep.uid}/statements/{uid}/changes/", run=99).status_code == 400
    assert make_caller(tenant, Role.REP, payee=desk.other).get(f"payees/{desk.rep.uid}/statements/{uid}/changes/").status_code == 404
