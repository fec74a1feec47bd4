"""The desk of the period close: each step by whom it belongs to, what stops an approval said before the click, one statement held back."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from incentives.models import PeriodState, Statement
from incentives.services import recompute
from spm.access.models import Role
from tests.support.desks import TODAY, Desk, desk_build

CLOSING = "/t/acme/closing/?period=2026-01"


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


def page(client, path: str = CLOSING) -> str:
    return client.get(path).content.decode()


def step(client, label: str, path: str = CLOSING) -> str:
    """The address behind a button of the page."""
    found = re.search(rf'href="(/t/acme/closing/[^"]*)"[^>]*>(?:<svg.*?</svg>)?\s*{label}', page(client, path))
    assert found, f"no button {label!r}"
    return found[1]


def test_a_period_goes_from_open_to_paid_each_step_by_its_role(desk) -> None:
    admin, finance = desk.client(None, Role.COMP_ADMIN), desk.client(None, Role.FINANCE)
    assert "Put into review" not in page(finance)
    for client, label, state in (
        (admin, "Put into review", "in_review"), (finance, "Approve", "approved"), (admin, "Close", "closed"), (admin, "Mark as paid", "paid"),
    ):  # fmt: skip
        url = step(client, label)
        assert label in page(client, url)
        answer = client.post(url, follow=True)
        assert answer.redirect_chain[-1][0] == CLOSING
        assert PeriodState.objects.get(period__code="2026-01").state == state
    assert {s.state for s in Statement.objects.filter(period__code="2026-01")} == {"paid"}
    shown = page(admin)
    assert "Mark as paid" not in shown
    assert "Approved by" in shown


def test_what_stops_an_approval_is_said_and_the_button_is_not_there(desk) -> None:
    admin, finance = desk.client(None, Role.COMP_ADMIN), desk.client(None, Role.FINANCE)
    later = "/t/acme/closing/?period=2026-02"
    admin.post(step(admin, "Put into review", later))
    shown = page(finance, later)
    assert "Not ready to be approved" in shown
    assert "No run has seen the whole period yet" in shown
    assert "Take back from review" in shown
    assert not re.search(r">\s*Approve\s*<", shown)
    recompute(business_date=dt.date(2026, 2, 28))
    assert "Approve 2026-01 first" in page(finance, later)
    admin.post(step(admin, "Put into review"))
    finance.post(step(finance, "Approve"))
    assert "Approve 2026-01 first" not in page(finance, later)


def test_a_step_that_is_not_ones_own_or_was_taken_meanwhile_is_refused_in_the_drawer(desk) -> None:
    admin, finance, auditor = (desk.client(None, role) for role in (Role.COMP_ADMIN, Role.FINANCE, Role.AUDITOR))
    url = step(admin, "Put into review")
    assert [other.post(url).status_code for other in (finance, auditor)] == [403, 403]
    assert finance.post(url.replace("/in_review/", "/decide/in_review/")).status_code == 400
    assert not PeriodState.objects.exists()
    assert admin.post(url).status_code == 302
    again = admin.post(url)
    assert again.status_code == 400
    assert "From “In review” a period goes to" in again.content.decode()
    assert admin.get(url).status_code == 404
    assert desk.client(desk.rep, Role.REP).get("/t/acme/closing/").status_code == 403


def test_one_statement_is_held_from_its_page_and_released_from_the_desk(desk) -> None:
    admin, finance = desk.client(None, Role.COMP_ADMIN), desk.client(None, Role.FINANCE)
    recompute(business_date=TODAY)
    own = f"/t/acme/people/{desk.rep.uid}/statements/2026-01/"
    hold = step(admin, "Hold", own)
    assert "/hold/" not in page(finance, own)
    assert finance.post(hold, {"reason": "x"}).status_code == 403
    assert admin.post(hold, {"reason": ""}).status_code == 400
    assert admin.post(hold, {"reason": "Bank details are missing"}).status_code == 302
    shown = page(admin)
    assert "Bank details are missing" in shown
    release = re.search(r'href="(/t/acme/closing/statements/[^"]*/release/)"', shown)[1]
    assert "/release/" not in page(finance)
    assert admin.post(release).status_code == 302
    assert Statement.objects.get(payee=desk.rep, period__code="2026-01").state == "open"
    assert "Bank details are missing" not in page(admin)
