"""The keyboard: skip link, help, sequences, menus, grids, drawers and dialogs, and focus that is never hidden."""

from __future__ import annotations

FOCUSED = "(() => { const e = document.activeElement; return e.id || e.textContent.trim().slice(0, 40) || e.getAttribute('aria-label') || e.name; })()"


def test_the_first_tab_stop_skips_to_the_content(gallery_url, open_page):
    page = open_page(gallery_url)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_question_mark_opens_help_and_escape_closes_it(gallery_url, open_page):
    page = open_page(gallery_url)
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#shortcuts").is_visible()


def test_g_and_a_letter_go_to_a_page(gallery_url, open_page):
    page = open_page(gallery_url)
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/ui/gallery/?at=team")


def test_single_keys_are_letters_while_typing(gallery_url, open_page):
    page = open_page(gallery_url)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("gt?")
    assert page.locator("main [type=search]").input_value() == "gt?"
    assert page.url == gallery_url
    assert not page.locator("#shortcuts").is_visible()


def test_single_keys_can_be_switched_off_and_stay_off(gallery_url, open_page):
    page = open_page(gallery_url)
    page.keyboard.press("?")
    page.locator("#shortcuts-on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.ready === '1'")
    page.keyboard.press("?")
    assert not page.locator("#shortcuts").is_visible()


def test_a_menu_opens_walks_and_closes_by_keyboard(gallery_url, open_page):
    page = open_page(gallery_url)
    summary = page.locator("summary[aria-label=Appearance]")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == "As the system"
    page.keyboard.press("Escape")
    assert not page.locator("[data-set-theme=dark]").is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Appearance"


def test_arrows_walk_the_heat_map_as_one_tab_stop(gallery_url, open_page):
    page = open_page(gallery_url)
    cells = page.locator("table[role=grid] td a")
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "97%"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == "66%"
    assert page.locator("table[role=grid] td [tabindex='0']").count() == 1


def test_a_drawer_has_an_address_and_gives_the_focus_back(gallery_url, open_page):
    page = open_page(gallery_url)
    link = page.locator("th a[data-drawer]").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#drawer-body .equation")
    assert page.url.endswith("/ui/gallery/drawer/")
    assert page.locator("#drawer-title").inner_text() == "CF-10482"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#drawer')")
    page.keyboard.press("Escape")
    page.wait_for_url(gallery_url)
    assert page.evaluate(FOCUSED) == "CF-10482"


def test_back_closes_a_drawer_and_forward_opens_it_again(gallery_url, open_page):
    page = open_page(gallery_url)
    page.locator("th a[data-drawer]").first.click()
    page.wait_for_selector("#drawer-body .equation")
    page.go_back()
    page.wait_for_function("!document.getElementById('drawer').open")
    assert page.url == gallery_url
    page.go_forward()
    page.wait_for_selector("#drawer-body .equation")
    assert page.url.endswith("/drawer/")


def test_a_drawer_opened_by_its_address_stands_over_its_page(gallery_url, open_page):
    page = open_page(gallery_url + "drawer/")
    assert page.evaluate("document.getElementById('drawer').matches(':modal')")
    assert page.locator("h1").inner_text() == "Anna Petrova, March 2025"
    page.keyboard.press("Escape")
    page.wait_for_function("!document.getElementById('drawer').open")
    assert page.url == gallery_url


def test_what_cannot_be_undone_asks_first(gallery_url, open_page):
    page = open_page(gallery_url)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_role("button", name="Cancel", exact=True).first.click()
    assert page.locator("#confirm").is_visible()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Cancel"
    page.keyboard.press("Enter")
    assert not page.locator("#confirm").is_visible()
    assert "POST" not in sent
    page.get_by_role("button", name="Cancel", exact=True).first.click()
    page.get_by_role("button", name="Cancel the run").click()
    page.wait_for_timeout(300)
    assert sent.count("POST") == 1


def test_the_navigation_opens_and_closes_on_a_phone(gallery_url, open_page):
    page = open_page(gallery_url, width=320, height=640)
    assert not page.locator("#sidebar").is_visible()
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    assert page.locator("#sidebar").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#sidebar").is_visible()


def test_focus_is_never_hidden_behind_what_sticks(gallery_url, open_page):
    page = open_page(gallery_url, height=700)
    hidden = []
    for _ in range(110):
        page.keyboard.press("Tab")
        covered = page.evaluate("""() => {
            const e = document.activeElement; if (e === document.body) return null;
            const r = e.getBoundingClientRect();
            if (e.closest('.dropzone, .skip-link') || e.shadowRoot || !r.width) return null;
            const points = [[.5, .5], [.1, .2], [.9, .8]].map(([x, y]) => document.elementFromPoint(r.left + r.width * x, r.top + r.height * y));
            return points.some(p => p && (e.contains(p) || p.contains(e) || p.closest('label')?.contains(e))) ? null : e.outerHTML.slice(0, 120);
        }""")
        if covered:
            hidden.append(covered)
    assert hidden == []


def test_tab_leaves_the_editor(gallery_url, open_page):
    page = open_page(gallery_url)
    page.locator(".editor-host").scroll_into_view_if_needed()
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.classList.contains('editor-host')")


def test_what_is_written_in_the_editor_is_what_the_form_sends(gallery_url, open_page):
    page = open_page(gallery_url)
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# written here ")
    assert page.locator("#id_plan").input_value().startswith("# written here plan: field")
