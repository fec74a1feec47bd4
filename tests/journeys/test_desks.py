"""People walk through their pages in a real browser, from signing in to what they came for.

That each page on the way is sound for itself is shown by the walk over every page; here the way between them counts.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from incentives.models import PlanVersion
from spm.access.models import Role
from spm.imports.models import Batch
from spm.jobs.execution import job_run_here
from spm.jobs.models import Job
from spm.sales.models import Order
from spm.tenancy.scope import tenant_scope
from tests.journeys.conftest import settle

# The owner tends the tables after an import.
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
FOCUSED = "document.activeElement.textContent.trim()"
MAPPING = """\
import: 1
source: file
target: order
fields: {external_id: Id, order_date: Date, amount: Amount, currency: {constant: USD}}
"""


def write(page: Page, text: str) -> None:
    """Puts a text into the editor of the page, as a paste does."""
    page.locator("[data-editor]").evaluate("(box, text) => box.dispatchEvent(new CustomEvent('editor:text', {detail: text}))", text)


def confirm(page: Page) -> None:
    """Answers the question that stands before what cannot be undone."""
    with page.expect_navigation():
        page.locator("dialog[open] [data-confirm-ok]").click()


def jobs_run(tenant_id: int) -> None:
    """What the worker does: all that is queued."""
    with tenant_scope(tenant_id):
        waiting = list(Job.objects.filter(parent=None, finished_at=None).values_list("pk", flat=True))
    for pk in waiting:
        job_run_here(tenant_id=tenant_id, job_id=pk)


def test_a_rep_goes_from_signing_in_to_the_order_behind_the_pay_and_back(desk, member, signed_in):
    page = signed_in(member(Role.REP, payee=desk.rep))
    assert page.locator("h1").inner_text() == "Ava Rep"
    page.locator("main a.btn-primary").first.click()
    page.wait_for_url("**/statements/2026-02/")
    settle(page)
    assert "$4,200.01" in page.locator(".equation").first.inner_text()
    page.locator("main").get_by_role("link", name="Commission", exact=True).first.click()
    page.wait_for_url("**/statements/2026-02/commission/")
    settle(page)
    order = page.locator("th a[data-drawer]", has_text="S2")
    order.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#drawer-body dl")
    assert page.url.endswith("/commission/lines/crm:S2/"), "the line has an address of its own"
    assert page.locator("#drawer-title").inner_text() == "S2"
    assert "$50,000.05" in page.locator("#drawer-body").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_url("**/statements/2026-02/commission/")
    assert page.evaluate(FOCUSED) == "S2", "the focus comes back to where it was"


def test_a_manager_goes_from_the_team_to_a_person(desk, member, signed_in):
    page = signed_in(member(Role.MANAGER, payee=desk.manager))
    page.goto(page.url.split("/t/acme/")[0] + "/t/acme/team/")
    settle(page)
    assert "120.0%" in page.locator("table[role=grid]").inner_text()
    page.locator("table[role=grid] a", has_text="Ava Rep").first.click()
    page.wait_for_url("**/scorecard/?period=2026-02")
    settle(page)
    assert page.locator("h1").inner_text() == "Ava Rep"


def test_an_admin_changes_a_plan_in_the_text_and_puts_it_in_force(desk, member, signed_in):
    page = signed_in(member(Role.COMP_ADMIN))
    page.goto(page.url.split("/t/acme/")[0] + "/t/acme/plans/")
    settle(page)
    page.locator("th a.link").first.click()
    settle(page)
    with tenant_scope(desk.tenant.pk):
        text = PlanVersion.objects.get().text
    write(page, "# Looked through in February.\n" + text)
    page.get_by_role("button", name="Save as a new draft").click()
    page.wait_for_url("**/2/")
    settle(page)
    page.get_by_role("button", name="Put in force").click()
    confirm(page)
    jobs_run(desk.tenant.pk)  # what is earned is looked at first; nobody earns less
    with tenant_scope(desk.tenant.pk):
        newest = PlanVersion.objects.get(number=2)
    assert newest.state == "active"
    assert newest.text.startswith("# Looked through in February.\n# Everybody"), "comments stay as they were written"


def test_an_admin_starts_a_run_and_sees_what_it_did(desk, member, signed_in):
    page = signed_in(member(Role.COMP_ADMIN))
    page.goto(page.url.split("/t/acme/")[0] + "/t/acme/runs/")
    settle(page)
    page.get_by_role("button", name="Recompute now").click()
    page.wait_for_selector("[data-job=queued]")
    jobs_run(desk.tenant.pk)
    page.wait_for_selector("[data-job=done]")  # the page asks by itself
    page.get_by_role("link", name="Show the result").click()
    page.wait_for_url("**/runs/*/")
    settle(page)
    assert "Orders that no rule credited" in page.locator("main").inner_text()
    assert "X1" in page.locator("#uncredited").inner_text()


def test_a_file_is_looked_through_imported_and_taken_back(desk, member, signed_in):
    page = signed_in(member(Role.COMP_ADMIN))
    page.goto(page.url.split("/t/acme/")[0] + "/t/acme/imports/new/")
    settle(page)
    content = b"Id,Date,Amount\nN1,2026-02-10,10.00\nN2,soon,5.00\n"
    page.locator("input[type=file]").set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": content})
    write(page, MAPPING)
    page.get_by_role("button", name="Start the dry run").click()
    page.wait_for_selector("[data-job=queued]")
    jobs_run(desk.tenant.pk)
    page.wait_for_selector("[data-job=done]")
    page.reload()
    settle(page)
    assert "'soon' is not a date" in page.locator("#refused").inner_text()
    with tenant_scope(desk.tenant.pk):
        assert not Order.objects.filter(source="file").exists(), "a dry run writes nothing"
    page.get_by_role("button", name="Import now").click()
    page.wait_for_selector("[data-job=queued]")
    jobs_run(desk.tenant.pk)
    page.wait_for_selector("[data-job=done]")
    page.reload()
    settle(page)
    page.get_by_role("button", name="Take back").click()
    confirm(page)
    with tenant_scope(desk.tenant.pk):
        assert Order.objects.filter(source="file").count() == 1
        assert Batch.objects.get().state == "rolled_back"
