"""Every page there is, opened in a real browser: axe in both themes, the content policy, reflow at 320 px, a title and a heading.

A new page enters by existing: the walk is that of the URL configuration, with a real object behind each address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from spm.access.models import Role, User
from spm.tenancy.scope import tenant_scope
from tests.isolation.routes import Route, objects, pages, walk
from tests.journeys.conftest import BACKEND, faults, reflow_fault, settle
from tests.support.browser import arrived
from tests.support.desks import Desk

ALL_ROLES = [role for role in Role if role != Role.FINANCE]
# Beside the pages of a tenant: those that a signed-in person sees of the installation.
BESIDE = ("/tenants/", "/operator/", "/ui/gallery/")


@dataclass(frozen=True)
class Address:
    """A page that answers GET with HTML."""

    name: str
    path: str


def html_pages(desk: Desk, user: User) -> Iterator[Address]:
    """The addresses of all pages; those that lead elsewhere, take a POST alone or give a file are left out."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    for route in pages():
        with tenant_scope(desk.tenant.pk):
            path = route.path(desk.tenant.slug, objects(route, desk))
        answer = client.get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html") and b"<html" in answer.content:
            yield Address(route.name, path)
        else:
            assert answer.status_code in (200, 302, 405), f"{route.name} {path}: {answer.status_code}"
    for path in BESIDE:
        if client.get(path).status_code == 200:
            yield Address(path, path)


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page and the list into which its script errors and refused requests go."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(f"script: {error}"))
    page.on("console", lambda line: said.append(f"console: {line.text}") if line.type == "error" else None)
    return page, said


def heading_fault(page: Page, title: str) -> list[str]:
    found = [] if page.locator("h1").count() == 1 else [f"{page.locator('h1').count()} headings of the first level"]
    return found if title.strip(" ·") else [*found, f"the title is {title!r}"]


def visited(context: BrowserContext, url: str, addresses: list[Address], look: Callable[[Page], list[str]]) -> dict[str, list[str]]:
    """What `look` finds on each page, beside script errors."""
    page, said = watched(context)
    found: dict[str, list[str]] = {}
    for address in addresses:
        said.clear()
        page.goto(f"{url}{address.path}")
        arrived(page)
        wrong = [*look(page), *said]
        if wrong:
            found[address.name] = wrong
    return found


@pytest.fixture
def everybody(member, desk) -> User:
    """One member with all roles but the one that may not be held beside them, so that each page shows all it has."""
    user = member(*ALL_ROLES, payee=desk.rep)
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    return user


def test_every_page_is_sound_in_both_themes_and_at_320_pixels(desk, everybody, browser_of, live_server) -> None:
    addresses = list(html_pages(desk, everybody))
    assert len(addresses) > len(pages()) // 2
    found = visited(browser_of(everybody), live_server.url, addresses, lambda page: faults(page) + heading_fault(page, page.title()))
    assert found == {}


def test_every_page_fits_a_phone_in_russian(desk, everybody, browser_of, live_server) -> None:
    """Russian words are long; a page that reflows in English may not in Russian."""
    User.objects.filter(pk=everybody.pk).update(language="ru")
    addresses = list(html_pages(desk, everybody))

    def look(page: Page) -> list[str]:
        said = page.evaluate("document.documentElement.lang")
        return reflow_fault(page) + ([] if said == "ru" else [f"the page says that it is in {said}"])

    assert visited(browser_of(everybody, language="ru"), live_server.url, addresses, look) == {}


def test_a_planted_fault_is_found_on_a_page(desk, everybody, browser_of, live_server) -> None:
    """Negative control: each kind of fault that the walk looks for."""
    page, said = watched(browser_of(everybody))
    page.goto(f"{live_server.url}/t/acme/people/")
    settle(page)
    assert faults(page) == []
    page.evaluate(
        """() => {
            const box = document.createElement('div');
            box.innerHTML = '<img src="/static/mark.svg"><p class="planted">faint</p><h1>second</h1><div class="wide">x</div>';
            document.querySelector('main').append(box);
            const sheet = new CSSStyleSheet();
            sheet.replaceSync('.planted{color:#9aa;background:#fff} .wide{inline-size:900px}');
            document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
            box.setAttribute('style', 'color:red');
            console.error('planted');
        }"""
    )
    told = "\n".join(faults(page) + heading_fault(page, page.title()) + said)
    signs = ("image-alt", "light: color-contrast", "dark: color-contrast", "px wide at 320 px", "blocked: style-src-attr", "2 headings", "console: planted")
    for sign in signs:
        assert sign in told, sign


def test_the_walk_leaves_out_no_page(desk, everybody) -> None:
    """A page is left out only for leading elsewhere, giving a file, or being an act."""
    shown = {address.name for address in html_pages(desk, everybody)}
    client = Client()
    client.force_login(everybody, backend=BACKEND)

    def why(route: Route) -> str:
        with tenant_scope(desk.tenant.pk):
            answer = client.get(route.path(desk.tenant.slug, objects(route, desk)))
        if answer.status_code == 200:
            return "part" if answer["Content-Type"].startswith("text/html") else "file"
        return {302: "elsewhere", 405: "act"}[answer.status_code]

    left = {route.name: why(route) for route in pages() if route.name not in shown}
    assert set(left.values()) <= {"act", "elsewhere", "file", "part"}
    assert {name for name, reason in left.items() if reason == "part"} <= {"run-job", "import-job", "plan-comparison-job", "plan-lowering-job", "parallel-job"}
    assert len(list(walk())) > len(pages())
