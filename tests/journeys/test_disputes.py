"""A dispute lived through in the browser: the rep files from his line, the manager passes on, the team decides in part, the rep reads it."""

from __future__ import annotations

from spm.access.models import Role
from tests.journeys.conftest import faults, settle
from tests.support.desks import Desk


def test_from_the_line_to_the_open_statement(desk: Desk, member, browser_of, live_server) -> None:  # type: ignore[no-untyped-def]
    statement = f"{live_server.url}/t/acme/people/{desk.rep.uid}/statements/2026-02/"
    # Who answers is settled when the rep files: the manager has to have access by then.
    manager = member(Role.MANAGER, payee=desk.manager)
    rep = browser_of(member(Role.REP, payee=desk.rep)).new_page()
    rep.goto(f"{statement}commission/lines/crm:S2/")
    settle(rep)
    rep.get_by_role("link", name="Dispute this line").click()
    settle(rep)
    assert faults(rep) == []
    assert rep.locator("#id_order").input_value() == "crm:S2"
    rep.locator("#id_amount").fill("120.50")
    rep.locator("#id_text").fill("My rate is 7 per cent")
    rep.locator("input[type=file]").set_input_files([{"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 offer"}])
    rep.get_by_role("button", name="File the dispute").press("Enter")
    settle(rep)
    assert rep.get_by_role("link", name="Dispute 1", exact=True).count()
    assert faults(rep) == []

    boss = browser_of(manager).new_page()
    boss.goto(f"{live_server.url}/t/acme/disputes/?whose=waiting")
    settle(boss)
    boss.get_by_role("link", name="Dispute 1").click()
    settle(boss)
    boss.get_by_role("link", name="Pass on", exact=True).click()
    boss.locator("#id_text").fill("He is right")
    boss.get_by_role("button", name="Pass on").click()
    settle(boss)
    assert boss.get_by_text("With the compensation team").count()

    admin = browser_of(member(Role.COMP_ADMIN)).new_page()
    admin.goto(f"{live_server.url}/t/acme/disputes/")
    settle(admin)
    admin.get_by_role("link", name="Dispute 1").click()
    settle(admin)
    admin.get_by_role("link", name="Approve with an amount").click()
    admin.locator("#id_outcome").select_option("partial")
    admin.locator("#id_amount").fill("60.25")
    admin.locator("#id_text").fill("Half of it")
    admin.get_by_role("button", name="Decide").click()
    settle(admin)
    assert admin.get_by_text("paid in").count()
    assert faults(admin) == []

    rep.goto(statement)
    settle(rep)
    assert rep.get_by_text("Dispute 1: Half of it").count()
    rep.get_by_role("link", name="Dispute 1", exact=True).click()
    settle(rep)
    assert rep.get_by_text("Partly approved").count()
    with rep.expect_download() as download:
        rep.get_by_role("link", name="offer.pdf").click()
    assert download.value.suggested_filename == "offer.pdf"
