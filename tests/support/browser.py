"""A real browser for tests: the machine's Chromium, or the one that SPM_CHROMIUM names, with a record of what the policy blocked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
# Every blocked style, script or picture leaves a line here.
RECORD = "window.__blocked = []; addEventListener('securitypolicyviolation', e => window.__blocked.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));"


def chromium_path() -> str | None:
    """SPM_CHROMIUM, else a Chromium or Chrome on the path."""
    given = os.environ.get("SPM_CHROMIUM")
    if given:
        return given
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(f"not run: {reason}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session. In CI its absence is a failure, elsewhere `not run`."""
    path = chromium_path()
    if path is None:
        _missing("no Chromium found; install one or name it in SPM_CHROMIUM")
    if not (ROOT / "spm/assets/dist/app.css").exists():
        _missing("the scripts and styles are not built; run `make setup` or `npm ci && npm run build`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


ARRIVED = """() => !document.querySelector('script[type=module]') || (document.documentElement.dataset.ready === '1'
    && !document.querySelector('[data-chart]:not([data-mounted]), [data-editor]:not([data-mounted]), .htmx-request'))"""


def arrived(page: Page) -> None:
    """A page that was gone to is whole: loaded, its scripts ready, charts and editors mounted, no part of it under way.

    The page says so itself; waiting for a quiet network would cost half a second each time."""
    page.wait_for_load_state("load")
    assert becomes(page, ARRIVED, seconds=15), f"{page.url} is not whole: scripts, charts, editors or parts of it are still on their way"


def becomes(page: Page, condition: str, *, seconds: float) -> bool:
    """Whether a JavaScript condition comes true in time. Asked again and again from here: the pages' policy forbids the browser
    to evaluate a text by itself."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(25)
    return True


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(url, width=1280, theme="light", language="en", cookies={})`: a page in a fresh context, settled."""
    contexts = []

    def open_(url: str, *, width: int = 1280, height: int = 900, theme: str = "light", language: str = "en", cookies: dict[str, str] | None = None) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme, locale=language, reduced_motion="reduce")
        contexts.append(context)
        given: list[Any] = [{"name": name, "value": value, "url": url} for name, value in {"django_language": language, **(cookies or {})}.items()]
        context.add_cookies(given)
        context.add_init_script(RECORD)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(url)
        arrived(page)
        return page

    yield open_
    for context in contexts:
        context.close()


def blocked(page: Page) -> list[str]:
    """What the content security policy blocked on this page so far."""
    return page.evaluate("window.__blocked")
