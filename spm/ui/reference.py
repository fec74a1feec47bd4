"""docs/components.md: the components with their parameters, read from the components themselves."""

from __future__ import annotations

from pathlib import Path

from spm.ui.components import component_load

ROOT = Path(__file__).resolve().parents[2]

INTRODUCTION = """# Components

Every page is built from `templates/components`. This file is written by `python manage.py component_reference`.

```django
{% extends "base.html" %}{% load i18n ui %}
{% block title %}{% translate "Statements" %}{% endblock %}
{% block crumbs %}{% crumb _("Statements") %}{% endblock %}
{% block content %}
{% uiblock "page_header" title=_("Statements") %}{% slot actions %}{% ui "button" label=_("Export") %}{% endslot %}{% enduiblock %}
{% uiblock "card" title=_("This period") %}{% ui "stat" label=_("Earned") value=earned_text %}{% enduiblock %}
{% endblock %}
```

- `{% ui "name" key=value %}` renders a component, `{% uiblock "name" %}...{% slot actions %}...{% endslot %}{% enduiblock %}` one with content. A slot stands
  directly inside its block; put conditions inside the slot. An unknown parameter, or a required one left out, is an error.
- Components with `attrs` also take `hx_*`, `data_*`, `aria_*`, `id`, `name`, `form`, `value`, `target`, `rel` as HTML
  attributes. Inline styles and handlers are refused.
- Formats: `{% money amount scale currency %}`, `value|money:"USD"`, `|money_short`, `|money_signed`, `|number`, `|number:2`, `|number_short`,
  `|signed`, `|percent`, `|percent_signed`, `|day`, `|moment`, `{% span from to %}` (half-open). None shows as a dash that is heard as "no data"; it is never 0.
- `{% turl "name" uid=... %}` reverses a page of the current tenant (keyword `slug`); `{% icon "name" %}` draws a symbol of `spm/assets/static/icons.svg`.
- Navigation: `spm.ui.nav.nav_register(NavItem(key, label, url_name, icon, section, roles, order, shortcut, count))` in `AppConfig.ready()`.
- Drawers: a link with `data-drawer` opens its own address over the page. The view answers `drawer_content` alone when `spm.ui.drawers.drawer_wanted(request)`,
  else the page behind it with `drawer_open`, `drawer_title`, `drawer_close_url` in the context and the content in `{% block drawer %}`.
- Confirmation: `data-confirm="..."` on a form or its button, `hx-confirm` on an htmx element; `data-confirm-title`, `-label`, `-tone="plain"` adjust it.
- News from the server: the response header `HX-Trigger: {"toast": {"text": "...", "tone": "good"}}`.
- Charts: `spm.ui.charts.pace_chart`, `bar_chart`, `trend_chart`. Heat maps: `spm.ui.heat`. Trees: `spm.ui.trees.TreeNode`. Tables: `spm.ui.tables.Column`,
  `sort_given`, `address_without`. States: `spm.ui.states.STATES`.
- Layout classes: `stack`, `stack-sm`, `cluster`, `cols` (`cols-narrow`, `cols-wide`), `split`, `strip`, `push`, `measure`, `quiet`,
  `faint`, `num`, `no-print`, `print-only`.
- Table cells: `class="n"` for figures; `<th scope="row">` first in a row; in `mode="cards"` the headings become labels at 320 px.
- Look at all of them at `/ui/gallery/` (development, or the platform operator).

`*` is required; `=` gives the default.

| component | parameters | what it is for |
|---|---|---|
"""


def component_names() -> list[str]:
    """Names of all components, sorted; files that begin with an underscore are parts of others."""
    return sorted(path.stem for path in (ROOT / "templates" / "components").glob("*.html") if not path.stem.startswith("_"))


def reference_text() -> str:
    """The whole of docs/components.md."""
    lines = []
    for name in component_names():
        component = component_load(name)
        shown = [
            f"{p.name}{'*' if p.required else ''}{'' if p.default is None else f'={p.default!r}'.replace(chr(39), chr(34))}"
            for p in component.parameters.values()
        ]
        lines.append(f"| `{name}` | {', '.join(f'`{text}`' for text in shown)} | {component.about.replace('|', '/')} |\n")
    return INTRODUCTION + "".join(lines)
