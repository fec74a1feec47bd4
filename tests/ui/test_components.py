"""Components: what they refuse, what they escape, and that the reference names each with its parameters."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation

from spm.ui.components import component_load
from spm.ui.nav import NavItem, nav_register
from spm.ui.reference import component_names, reference_text

ROOT = Path(__file__).resolve().parents[2]


def render(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


def test_an_unknown_parameter_is_named_with_those_there_are():
    with pytest.raises(TemplateSyntaxError, match=r"'badge' has no parameter colour. It has: label, tone, plain"):
        render('{% ui "badge" label="x" colour="red" %}')


def test_a_missing_required_parameter_is_named():
    with pytest.raises(TemplateSyntaxError, match="'badge' needs label"):
        render('{% ui "badge" tone="good" %}')


def test_attributes_that_the_policy_forbids_are_refused():
    with pytest.raises(TemplateSyntaxError, match="content security policy"):
        render('{% ui "button" label="x" attrs=attrs %}', attrs={"onclick": "go()"})


def test_values_are_escaped_in_text_and_in_attributes():
    html = render('{% ui "button" label=text hx_get=text %}', text='<b a="1">')
    assert "<b a" not in html
    assert 'hx-get="&lt;b a=&quot;1&quot;&gt;"' in html


def test_names_of_the_page_do_not_leak_into_a_component():
    assert "LEAK" not in render('{% ui "card" title="x" %}', subtitle="LEAK", slot="LEAK")


def test_slots_reach_their_places():
    html = render('{% uiblock "card" title="T" %}BODY{% slot actions %}ACT{% endslot %}{% slot footer %}FOOT{% endslot %}{% enduiblock %}')
    assert html.index("ACT") < html.index("BODY") < html.index("FOOT")


def test_a_slot_inside_a_condition_is_an_error_and_not_a_hole():
    with pytest.raises(TemplateSyntaxError, match="directly inside"):
        render('{% uiblock "card" %}{% if 1 %}{% slot actions %}A{% endslot %}{% endif %}{% enduiblock %}')


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        ("{% money 123456 2 'USD' %}", "en", "$1,234.56"),
        ("{% money 123456 2 'USD' %}", "ru", "1\u00a0234,56\u00a0$"),
        ("{% money 804877041832 4 'USD' %}", "en", "$80,487,704.1832"),
        ("{% money 500 0 'JPY' %}", "en", "¥500"),
        ("{% money 0 2 'EUR' %}", "en", "€0.00"),
        ("{{ ratio|percent }}", "ru", "85,5\u00a0%"),
        ("{{ ratio|percent_signed }}", "en", "+85.5%"),
        ("{{ big|number }}", "ru", "1\u00a0234\u00a0567"),
    ],
)
def test_figures_read_as_the_language_writes_them(source, language, expected):
    with translation.override(language):
        assert render(source, ratio=Decimal("0.8546"), big=1234567) == expected


def test_no_value_is_a_dash_and_never_a_zero():
    for source in ("{% money none 2 'USD' %}", "{{ none|percent }}", "{{ none|number }}", "{{ none|day }}"):
        html = render(source, none=None)
        assert "no data" in html
        assert "0" not in html


def test_money_that_is_a_float_is_refused():
    with pytest.raises(TypeError, match="not float"):
        render("{% money amount 2 'USD' %}", amount=12.5)


def test_the_reference_is_what_the_components_declare():
    assert (ROOT / "docs/components.md").read_text(encoding="utf-8") == reference_text(), "run: python manage.py component_reference"


def test_every_component_file_declares_itself():
    assert len(component_names()) > 35
    for name in component_names():
        assert component_load(name).about


def test_every_component_is_shown_in_the_gallery(client, settings):
    gallery = (ROOT / "templates/spm/gallery.html").read_text() + (ROOT / "templates/spm/_gallery_drawer.html").read_text()
    nested = "".join(path.read_text() for path in (ROOT / "templates/components").glob("*.html"))
    assert [name for name in component_names() if f'"{name}"' not in gallery + nested] == []


def test_the_gallery_is_for_developers_and_the_operator_only(client, settings):
    settings.DEBUG = False
    assert client.get("/ui/gallery/").status_code == 404


def test_two_entries_may_not_share_a_shortcut(monkeypatch):
    # An entry of a test must not stay in the navigation of the pages that later tests open.
    monkeypatch.setattr("spm.ui.nav._items", {})
    nav_register(NavItem("test-a", "A", "ui-gallery", "home", shortcut="z"))
    with pytest.raises(ValueError, match="same shortcut"):
        nav_register(NavItem("test-b", "B", "ui-gallery", "home", shortcut="z"))
