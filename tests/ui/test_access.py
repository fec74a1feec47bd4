"""Access: axe in both themes, reflow at 320 px, nothing blocked by the policy; each guard with a control that must fail."""

from __future__ import annotations

import pytest

from tests.support.axe import axe_problems, axe_undecided
from tests.support.browser import blocked

THEMES = ["light", "dark"]
ENTRANCES = {"/accounts/login/": "Sign in", "/accounts/password/reset/": "Password Reset", "/no-such-page": "There is no such page"}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 320])
def test_the_gallery_has_no_axe_violation(gallery_url, open_page, theme, width):
    page = open_page(gallery_url, theme=theme, width=width)
    assert axe_problems(page) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", ENTRANCES)
def test_the_entrance_has_no_axe_violation(live_server, open_page, theme, path):
    page = open_page(live_server.url + path, theme=theme)
    assert page.locator("h1").inner_text() == ENTRANCES[path]
    assert axe_problems(page) == []


# axe cannot tell the ground of these; their inks are checked by numbers in test_theme.
DECIDED_BY_NUMBERS = ("<text ", "<select ", 'class="equation-op"', 'class="diff-sign"', "cm-gutterElement", 'title="Fold line"', '<span class="\u037c')


@pytest.mark.parametrize("theme", THEMES)
def test_what_axe_leaves_undecided_is_decided_by_numbers(gallery_url, open_page, theme):
    page = open_page(gallery_url, theme=theme)
    assert [line for line in axe_undecided(page, "color-contrast") if not any(mark in line for mark in DECIDED_BY_NUMBERS)] == []


def test_axe_sees_a_faint_text_and_a_small_target(gallery_url, open_page):
    page = open_page(gallery_url)
    page.evaluate("""() => {
        const faint = document.createElement('p'); faint.textContent = 'faint'; faint.style.color = '#ccc'; document.querySelector('main').append(faint);
        const row = document.createElement('div'); row.style.lineHeight = '10px';
        for (let i = 0; i < 3; i++) {
            const b = document.createElement('button'); b.textContent = 'x'; b.style.cssText = 'width:10px;height:10px;padding:0;border:0'; row.append(b);
        }
        document.querySelector('main').append(row);
    }""")
    found = " ".join(axe_problems(page))
    assert "color-contrast" in found
    assert "target-size" in found


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_gallery_reflows_at_320_pixels(gallery_url, open_page, language):
    page = open_page(gallery_url, width=320, height=640, language=language)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_entrance_reflows_at_320_pixels(live_server, open_page, language):
    for path in ENTRANCES:
        page = open_page(live_server.url + path, width=320, height=640, language=language)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_reflow_is_noticed_when_it_fails(gallery_url, open_page):
    page = open_page(gallery_url, width=320)
    page.evaluate(
        "() => { const wide = document.createElement('div'); wide.style.cssText = 'width:600px;height:9px'; document.querySelector('main').append(wide); }"
    )
    assert page.evaluate("document.documentElement.scrollWidth") > 320


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_on_the_gallery_is_blocked_by_the_policy(gallery_url, open_page, theme):
    page = open_page(gallery_url, theme=theme)
    page.locator(".editor-host").scroll_into_view_if_needed()
    page.wait_for_selector(".chart-box svg")
    page.locator("a[data-drawer]").first.click()
    page.wait_for_selector("#drawer-body .equation")
    assert blocked(page) == []


def test_an_inline_style_is_blocked_and_recorded(gallery_url, open_page):
    page = open_page(gallery_url)
    page.evaluate("() => { const s = document.createElement('style'); s.textContent = 'body{color:red}'; document.head.append(s); }")
    page.wait_for_function("window.__blocked.length > 0")
    assert any("style-src" in line for line in blocked(page))


def test_the_policy_allows_nothing_unsafe(client, db):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
