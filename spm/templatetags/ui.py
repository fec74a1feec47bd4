"""Template tags of the interface: components, icons, breadcrumbs, and the formats of money, numbers and dates.

`{% load ui %}` in a page gives all of it. docs/components.md lists the components with their parameters.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from spm import told
from spm.ui import diffs, fields, formats, states, tables
from spm.ui.components import attributes_html, component_render

register = template.Library()


def _locale() -> str:
    return get_language() or "en"


# Components


def _parse(parser: Parser, token: Token) -> tuple[FilterExpression, dict[str, FilterExpression]]:
    tag, *bits = token.split_contents()
    if not bits:
        raise TemplateSyntaxError(f"{{% {tag} %}} needs the component's name, such as {{% {tag} 'stat' label=... %}}.")
    name = parser.compile_filter(bits[0])
    rest = bits[1:]
    values = token_kwargs(rest, parser)
    if rest:
        raise TemplateSyntaxError(f"{{% {tag} {bits[0]} %}}: write name=value, not {rest[0]!r}.")
    return name, values


class ComponentNode(Node):
    def __init__(self, name: FilterExpression, values: dict[str, FilterExpression], body: NodeList | None = None) -> None:
        self.name, self.values, self.body = name, values, body

    def render(self, context: Context) -> SafeString:
        values = {key: expression.resolve(context) for key, expression in self.values.items()}
        slots: dict[str, SafeString] = {}
        if self.body is not None:
            plain = NodeList()
            for node in self.body:
                if isinstance(node, SlotNode):
                    slots[node.name] = node.body.render(context)
                else:
                    plain.append(node)
            slots["slot"] = plain.render(context)
        return component_render(name=self.name.resolve(context), values=values, context=context, slots=slots)


class SlotNode(Node):
    """A named piece of HTML inside {% uiblock %}."""

    child_nodelists = ("body",)

    def __init__(self, name: str, body: NodeList) -> None:
        self.name, self.body = name, body

    def render(self, context: Context) -> SafeString:
        raise TemplateSyntaxError(f"{{% slot {self.name} %}} must stand directly inside {{% uiblock %}}, not inside an if or a for.")


@register.tag("ui")
def ui(parser: Parser, token: Token) -> ComponentNode:
    """`{% ui "stat" label=_("Earned") value=amount %}`: a component without content."""
    return ComponentNode(*_parse(parser, token))


@register.tag("uiblock")
def uiblock(parser: Parser, token: Token) -> ComponentNode:
    """`{% uiblock "card" title=... %}content{% slot actions %}...{% endslot %}{% enduiblock %}`: a component around content."""
    name, values = _parse(parser, token)
    body = parser.parse(("enduiblock",))
    parser.delete_first_token()
    return ComponentNode(name, values, body)


@register.tag("slot")
def slot(parser: Parser, token: Token) -> SlotNode:
    bits = token.split_contents()
    if len(bits) != 2:
        raise TemplateSyntaxError("Write {% slot name %}...{% endslot %}.")
    body = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(bits[1].strip("\"'"), body)


@register.simple_tag
def icon(name: str, cls: str = "", label: str = "") -> SafeString:
    """An icon of spm/assets/static/icons.svg; without a label it is decoration and hidden from screen readers."""
    spoken = format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"')
    return format_html('<svg class="icon{}{}"{}><use href="{}#{}"></use></svg>', " " if cls else "", cls, spoken, static("icons.svg"), name)


@register.simple_tag
def attributes(**values: Any) -> SafeString:
    return attributes_html(values)


@register.simple_tag
def crumb(label: Any, url: str = "") -> SafeString:
    """One step of the breadcrumb, inside {% block crumbs %}; the last one, the page itself, has no address."""
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, label)
    return format_html('<li><span aria-current="page">{}</span></li>', label)


@register.simple_tag(takes_context=True)
def turl(context: Context, name: str, *args: Any, **kwargs: Any) -> str:
    """reverse() of a page under /t/SLUG/ of the page's tenant: `{% turl "statement" statement.uid %}`."""
    slug = context["tenant"].slug
    return reverse(name, kwargs={"slug": slug, **kwargs}) if not args else reverse(name, args=[slug, *args])


@register.simple_tag
def formfield(bound: BoundField, **attrs: Any) -> SafeString:
    """The widget of a form's field with the look and the described-by links of the component `field`."""
    return fields.widget_html(bound, **attrs)


@register.filter
def is_checkbox(bound: BoundField) -> bool:
    return fields.is_checkbox(bound)


@register.filter
def is_choice_list(bound: BoundField) -> bool:
    return fields.is_choice_list(bound)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping|get:key`; None when it is not there."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def shown(text: str) -> str:
    """A kept text (spm.told) in the reader's language."""
    return told.shown(text)


# Formats. Values that are None show as a dash that screen readers hear as "no data".


def _nil() -> SafeString:
    return format_html('<span class="nil"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>', formats.NIL, _("no data"))


@register.simple_tag
def money(amount: int | Decimal | None, scale: int = 0, currency: str = "", *, sign: bool = False) -> SafeString | str:
    """`{% money line.amount line.amount_scale line.currency %}`: an int at a scale, or a Decimal, in full."""
    if amount is None:
        return _nil()
    return formats.money_text(formats.decimal_of(amount, scale), currency, _locale(), sign=sign)


@register.filter("money")
def money_filter(value: Decimal | int | None, currency: str) -> SafeString | str:
    """`value|money:"USD"` for a Decimal in the currency's units."""
    return _nil() if value is None else formats.money_text(formats.decimal_of(value), currency, _locale())


@register.filter
def money_signed(value: Decimal | int | None, currency: str) -> SafeString | str:
    return _nil() if value is None else formats.money_text(formats.decimal_of(value), currency, _locale(), sign=True)


@register.filter
def money_short(value: Decimal | int | None, currency: str) -> SafeString | str:
    """Rounded for tight places, with the full amount in its title."""
    if value is None:
        return _nil()
    exact = formats.decimal_of(value)
    return format_html('<span title="{}">{}</span>', formats.money_text(exact, currency, _locale()), formats.money_short(exact, currency, _locale()))


@register.filter
def number(value: Decimal | int | None, digits: int | None = None) -> SafeString | str:
    return _nil() if value is None else formats.number_text(value, _locale(), digits=digits)


@register.filter
def number_short(value: Decimal | int | None) -> SafeString | str:
    return _nil() if value is None else formats.number_short(value, _locale())


@register.filter
def signed(value: Decimal | int | None, digits: int | None = None) -> SafeString | str:
    return _nil() if value is None else formats.number_text(value, _locale(), digits=digits, sign=True)


@register.filter
def percent(ratio: Decimal | None, digits: int = 1) -> SafeString | str:
    """`ratio|percent`: 0.855 is 85.5%."""
    return _nil() if ratio is None else formats.percent_text(ratio, _locale(), digits=digits)


@register.filter
def per_million(value: int | None) -> Decimal | None:
    """`fte_ppm|per_million|percent`: millionths as an exact ratio."""
    return None if value is None else Decimal(value).scaleb(-6)


@register.filter
def percent_signed(ratio: Decimal | None, digits: int = 1) -> SafeString | str:
    return _nil() if ratio is None else formats.percent_text(ratio, _locale(), digits=digits, sign=True)


@register.filter
def day(value: dt.date | None) -> SafeString | str:
    return _nil() if value is None else formats.day_text(value, _locale())


@register.filter
def moment(value: dt.datetime | None) -> SafeString | str:
    """A moment in the page's time zone, with the exact text in its title."""
    if value is None:
        return _nil()
    zone = timezone.get_current_timezone()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formats.moment_exact(value, _locale(), zone),
        formats.moment_text(value, _locale(), zone),
    )


@register.simple_tag
def span(start: dt.date | None, end: dt.date | None) -> str:
    """A half-open period as people say it: `{% span row.valid_from row.valid_to %}`."""
    return formats.span_text(start, end, _locale())


@register.filter
def is_nil(value: Any) -> bool:
    return value is None or value == ""


@register.filter
def initials(name: str) -> str:
    """
    >>> initials("Анна Каренина"), initials("Prince"), initials("")
    ('АК', 'PR', '?')
    """
    words = [word for word in str(name or "").replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]).upper()


@register.filter
def hue(name: str) -> int:
    """0 to 5, the same for the same name: which of the avatar's colours."""
    return hashlib.sha256(str(name).encode()).digest()[0] % 6


# Small helpers of component templates


@register.simple_tag
def ring_parts(ratio: Decimal | None, pace: Decimal | None = None) -> dict[str, Any]:
    """Lengths (0 to 100) of the arcs of an attainment ring, its text and its tone against the pace."""
    if ratio is None:
        return {"text": "", "tone": ""}
    value = Decimal(ratio)
    text = formats.percent_text(value, _locale(), digits=0).replace("\u00a0", "")
    expected = Decimal(pace) if pace is not None else Decimal(1)
    tone = "" if value >= expected * Decimal("0.95") else "warn" if value >= expected * Decimal("0.75") else "bad"
    first = min(max(value, Decimal(0)), Decimal(1)) * 100
    over = min(max(value - 1, Decimal(0)), Decimal(1)) * 100
    shown_pace = str((min(max(expected, Decimal(0)), Decimal(1)) * 360).quantize(Decimal("0.1"))) if pace is not None and expected < 1 else ""
    one = Decimal("0.1")
    return {
        "text": text,
        "tone": tone,
        "first": str(first.quantize(one)) if first else "",
        "over": str(over.quantize(one)) if over else "",
        "pace": shown_pace,
    }


@register.simple_tag
def sort_state(column: tables.Column, sort: str | None) -> tables.SortState:
    return tables.sort_state(column, sort or "")


@register.simple_tag
def state_of(state: str) -> states.Shown:
    return states.state_shown(state)


_TONES = {"success": "good", "warning": "warn", "error": "bad", "danger": "bad", "debug": "info"}
_TONE_ICONS = {"good": "circle-check", "warn": "alert-triangle", "bad": "alert-circle", "info": "info-circle"}


@register.simple_tag
def tone_of(name: str) -> dict[str, str]:
    tone = _TONES.get(name, name) or "info"
    if tone not in _TONE_ICONS:
        raise TemplateSyntaxError(f"Tone {name!r} is not one of {', '.join(_TONE_ICONS)}.")
    return {"tone": tone, "icon": _TONE_ICONS[tone]}


@register.simple_tag
def times(count: int) -> range:
    return range(int(count))


@register.simple_tag
def diff_of(old: str, new: str) -> list[diffs.DiffLine]:
    return diffs.diff_lines(old, new)


@register.simple_tag
def money_change(now: Decimal, before: Decimal) -> dict[str, Any]:
    """The change between two amounts of one currency for the component `stat`: text with sign (a share) and direction; no text without a base."""
    if not before:
        return {"text": None, "direction": "flat"}
    change = (now - before) / abs(before)
    return {"text": formats.percent_text(change, _locale(), sign=True), "direction": "up" if change > 0 else "down" if change < 0 else "flat"}


@register.filter
def period(value: Any) -> str:
    """A pay period (code, starts, ends) as people name it."""
    return formats.period_text(value.code, value.starts, value.ends, _locale())
