"""A late change, followed in the browser from the statement to its causes: sound pages in both themes and on a phone."""

from __future__ import annotations

import datetime as dt

from incentives.services import period_state_set, recompute
from planning.models import Quota
from spm.access.models import Role
from spm.calendars.models import Period
from spm.people.models import LegalEntity
from spm.tenancy.changes import change, dated_revise
from spm.tenancy.scope import tenant_scope
from tests.journeys.conftest import faults, settle
from tests.support.desks import TODAY, order_write


def test_from_the_statement_to_what_changed_and_why(desk, member, browser_of, live_server) -> None:
    with tenant_scope(desk.tenant.pk):
        period = Period.objects.get(code="2026-01")
        period_state_set(period=period, pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
        with change(reason="quota") as changeset:
            dated_revise(Quota.objects.get(position__seats__payee=desk.rep), changeset=changeset, amount=50_000_00)
        order_write("LATE", desk.rep, dt.date(2026, 1, 25), 10_000_00)
        recompute(business_date=TODAY)
    page = browser_of(member(Role.REP, payee=desk.rep)).new_page()
    page.goto(f"{live_server.url}/t/acme/people/{desk.rep.uid}/statements/2026-02/")
    settle(page)
    page.get_by_role("row", name="late: Data").get_by_role("link").click()
    settle(page)
    assert page.locator("tfoot td").inner_text() == "+$1,425.00"
    assert faults(page) == []
    page.goto(f"{live_server.url}/t/acme/people/{desk.rep.uid}/statements/2026-01/")
    settle(page)
    page.get_by_role("link", name="What changed").click()
    settle(page)
    rows = page.get_by_role("row", name="Quota").locator("td").all_inner_texts()
    assert rows == ["+$300.00"]
    assert page.get_by_role("row", name="LATE").count() == 1
    assert faults(page) == []
    page.get_by_label("From").select_option(label="Before the first run")
    page.wait_for_url("**before=0**")
    settle(page)
    assert page.locator("tfoot td").first.inner_text() == "+$5,025.00"
