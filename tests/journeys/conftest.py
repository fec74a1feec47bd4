"""The small computed company, committed so that the server sees it, and people who sign in through the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from spm.access.models import Role, User
from spm.people.models import Payee
from spm.tenancy.scope import tenant_scope
from tests.support.axe import axe_problems
from tests.support.browser import RECORD, becomes, blocked
from tests.support.desks import TODAY, Desk, desk_build
from tests.support.factories import PASSWORD, make_member, make_tenant, make_user

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def desk(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The company on the day of its computed quarter."""
    for page in ("common", "scorecard", "team"):
        monkeypatch.setattr(f"analytics.pages.{page}.today_of", lambda request: TODAY)
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        built = desk_build(tenant)
    # Outside the scope, whose transaction has to end before the server sees anything.
    return built


@pytest.fixture
def member(desk: Desk) -> Callable[..., User]:
    """`member(role, ..., payee=None)`: a new member, with an address for the sign-in form."""

    def make(*roles: Role, payee: Payee | None = None) -> User:
        with tenant_scope(desk.tenant.pk):
            user = make_user()
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            make_member(user, *roles, payee=payee)
        return user

    return make


@pytest.fixture
def signed_in(live_server, open_page) -> Callable[..., Page]:  # type: ignore[no-untyped-def]
    """`signed_in(user)`: a browser that came in through the form, on the page where it landed."""

    def enter(user: User, **given: Any) -> Page:
        page = open_page(f"{live_server.url}/accounts/login/", **given)
        page.locator("#id_login").fill(user.email)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("form button.btn-primary").first.click()
        page.wait_for_url("**/t/acme/**")
        settle(page)
        return page

    return enter


@pytest.fixture
def browser_of(chromium: Browser, live_server) -> Any:  # type: ignore[no-untyped-def]
    """`browser_of(user, language)`: a context that is signed in already, without the form."""
    opened: list[BrowserContext] = []

    def make(user: User, *, language: str = "en") -> BrowserContext:
        client = Client()
        client.force_login(user, backend=BACKEND)
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", locale=language, reduced_motion="reduce")
        opened.append(context)
        cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, settings.LANGUAGE_COOKIE_NAME: language}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        context.add_init_script(RECORD)
        return context

    yield make
    for context in opened:
        context.close()


def settle(page: Page) -> None:
    """Scripts ready, nothing under way."""
    page.wait_for_selector("html[data-ready='1']", state="attached")
    page.wait_for_load_state("networkidle")


def reflow_fault(page: Page) -> list[str]:
    """A sideways scroll at 320 px."""
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": 320, "height": 700})
    # Charts draw themselves anew a moment after their place has changed; what stays wide is a fault.
    becomes(page, "document.documentElement.scrollWidth <= 320", seconds=2)
    wide = page.evaluate("document.documentElement.scrollWidth")
    widest = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 321).slice(0, 2).map(e => e.outerHTML.slice(0, 120))"
    )
    page.set_viewport_size(size)
    return [f"{wide} px wide at 320 px: {widest}"] if wide > 320 else []


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands: axe in light and dark, what the policy blocked, sideways scroll at 320 px."""
    found = [f"light: {line}" for line in axe_problems(page)]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_selector("html[data-bs-theme='dark']", state="attached")
    found += [f"dark: {line}" for line in axe_problems(page, colours_only=True)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found + reflow_fault(page) + [f"blocked: {line}" for line in blocked(page)]
