"""The frame stays in reach while the page scrolls."""

from __future__ import annotations


def test_navigation_and_bar_stay_in_view_when_the_page_scrolls(gallery_url, open_page):
    page = open_page(gallery_url, height=700)
    page.evaluate("window.scrollTo(0, 1500)")
    assert page.evaluate("window.scrollY") == 1500
    for selector in ("#sidebar", ".topbar"):
        assert page.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().top") == 0


def test_paper_shows_the_page_without_its_frame(gallery_url, open_page):
    page = open_page(gallery_url)
    page.emulate_media(media="print")
    assert not page.locator("#sidebar").is_visible()
    assert not page.locator(".topbar").is_visible()
    assert page.locator("h1").is_visible()
    assert not page.get_by_role("button", name="Approve").is_visible()
