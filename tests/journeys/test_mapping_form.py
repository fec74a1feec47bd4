"""A comp admin picks the columns of a file with the keyboard alone; the form is sound in both themes and at 320 pixels, also where it complains."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from spm.access.models import Role
from spm.imports.models import Batch
from spm.tenancy.scope import tenant_scope
from tests.journeys.conftest import faults, settle
from tests.journeys.test_desks import jobs_run

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
FOCUSED = "document.activeElement.id || document.activeElement.name || document.activeElement.textContent.trim()"
FILE = "Deal;Closed;Seller;Net value;Kind;Note\nN1;10.02.2026;nobody;10,50;New business;a\nN2;11.02.2026;;7,00;renewal;b\n"


def tab_to(page: Page, wanted: str) -> None:
    """Goes on by the tabulator until the focus is where it should be."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == wanted:
            return
    raise AssertionError(f"{wanted} cannot be reached with the keyboard")


def test_columns_are_picked_with_the_keyboard_alone(desk, member, signed_in):
    page = signed_in(member(Role.COMP_ADMIN))
    page.goto(page.url.split("/t/acme/")[0] + "/t/acme/imports/new/")
    settle(page)
    page.locator("input[type=file]").set_input_files({"name": "deals.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.locator("input[type=file]").focus()
    tab_to(page, "Start the dry run")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mapping/")
    settle(page)
    assert "No column was recognised for these needed fields: external_id, currency." in page.locator("main").inner_text()
    assert faults(page) == []
    page.locator("details summary").last.click()
    page.locator("button[name=go]").click()
    page.wait_for_selector("[aria-invalid=true]")
    settle(page)
    assert faults(page) == []
    # The first field that needs something has the focus; from there on everything is reached in order.
    assert page.evaluate(FOCUSED) == "id_origin.external_id"
    page.keyboard.type("Deal")
    tab_to(page, "id_constant.currency")
    page.keyboard.type("EUR")
    tab_to(page, "id_words.kind")
    page.keyboard.type("New business = new\nrenewal = renewal")
    tab_to(page, "id_code")
    page.keyboard.type("deals")
    tab_to(page, "go")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-job=queued]")
    jobs_run(desk.tenant.pk)
    page.wait_for_selector("[data-job=done]")
    page.reload()
    settle(page)
    assert "there is no payee nobody" in page.locator("#refused").inner_text()
    with tenant_scope(desk.tenant.pk):
        batch = Batch.objects.get()
        assert (batch.state, batch.rows_accepted, batch.rows_rejected, batch.sums["file"]) == ("previewed", 1, 1, "17.50")
