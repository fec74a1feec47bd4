"""Themes: the choice is kept, sent by the server, and every ink is legible on every ground by the numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "spm/assets/css/tokens.css"
GROUNDS = ["canvas", "surface", "raised", "sunken", "hover"]
TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3", "brand-ink", "good-ink", "warn-ink", "bad-ink", "info-ink") for ground in GROUNDS],
    *[(f"{tone}-ink", f"{tone}-soft") for tone in ("brand", "good", "warn", "bad", "info")],
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("on-bad", "bad-solid"),
    ("ink", "brand-soft"),
    ("ink", "good-soft"),
    ("ink", "bad-soft"),
    *[("heat-ink", f"heat-{band}") for band in ("n3", "n2", "n1", "0", "p1", "p2", "p3")],
    *[(ink, ground) for ink in ("nav-ink", "nav-ink-2", "nav-strong") for ground in ("nav", "nav-hover", "nav-active")],
]
# Borders of fields, focus rings, bars and lines of charts: 3 to 1.
MARKS = [
    *[("line-strong", ground) for ground in ("canvas", "surface")],
    *[("focus", ground) for ground in GROUNDS],
    *[(mark, "surface") for mark in ("good", "warn", "bad", "info", "brand", "series-1", "series-2", "series-3", "series-4", "series-5")],
    ("nav-mark", "nav"),
]


def tokens(theme: str) -> dict[str, str]:
    """Colour tokens of one theme, as six hexadecimal digits."""
    found = {}
    for name, value in re.findall(r"--([a-z0-9-]+):\s*(light-dark\([^;]*?\)|#[0-9a-f]{3,6})(?=[;}])", TOKENS.read_text(encoding="utf-8")):
        pair = re.fullmatch(r"light-dark\((#[0-9a-f]{3,6}),(#[0-9a-f]{3,6})\)", value)
        if pair:
            value = pair[1 if theme == "light" else 2]
        if value.startswith("#"):
            found[name] = value[1:] if len(value) == 7 else "".join(c * 2 for c in value[1:])
    return found


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_knows_black_on_white_and_rejects_grey_on_white():
    assert round(contrast("000000", "ffffff"), 1) == 21.0
    assert contrast("999999", "ffffff") < 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_ink_is_legible_on_its_grounds(theme):
    colors = tokens(theme)
    low = [f"{a} on {b}: {contrast(colors[a], colors[b]):.2f}" for a, b in TEXT if contrast(colors[a], colors[b]) < 4.5]
    low += [f"{a} on {b}: {contrast(colors[a], colors[b]):.2f}" for a, b in MARKS if contrast(colors[a], colors[b]) < 3]
    assert low == []


def test_the_theme_follows_the_system_until_it_is_chosen(gallery_url, open_page):
    page = open_page(gallery_url, theme="dark")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.locator("summary[aria-label=Appearance]").click()
    page.locator("[data-set-theme=light]").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"


def test_the_server_sends_the_chosen_theme_so_that_nothing_flashes(client, settings):
    settings.DEBUG = True
    client.cookies["theme"] = "dark"
    assert 'data-bs-theme="dark"' in client.get("/ui/gallery/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "data-bs-theme" not in client.get("/ui/gallery/").content.decode()


def test_charts_take_the_colours_of_the_new_theme(gallery_url, open_page):
    page = open_page(gallery_url)
    page.wait_for_selector(".chart-box svg path", state="attached")
    before = page.locator(".chart-box svg").first.inner_html()
    page.locator("summary[aria-label=Appearance]").click()
    page.locator("[data-set-theme=dark]").click()
    page.wait_for_timeout(300)
    assert page.locator(".chart-box svg").first.inner_html() != before
