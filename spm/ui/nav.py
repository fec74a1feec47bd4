"""The navigation: apps register their pages at start-up, each with the roles that see it; the shell shows what is the person's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Order of the sections in the sidebar. "" has no heading.
SECTIONS: dict[str, Any] = {
    "": "",
    "me": _("My work"),
    "team": _("Team"),
    "pay": _("Compensation"),
    "plan": _("Planning"),
    "data": _("Data"),
    "learn": _("Training"),
    "admin": _("Administration"),
}


@dataclass(frozen=True)
class NavItem:
    """One entry. `url_name` is reversed with the tenant's slug as keyword `slug`; `roles` empty means every member.

    `shortcut` is the letter after g that goes there; `count` tells a number to show behind the label (a request is given), or None.
    """

    key: str
    label: str | Promise
    url_name: str
    icon: str
    section: str = ""
    roles: frozenset[str] = frozenset()
    order: int = 100
    shortcut: str = ""
    count: Callable[[HttpRequest], int | None] | None = None


@dataclass
class ShownItem:
    item: NavItem
    url: str
    current: bool = False
    count: int | None = None


@dataclass
class ShownSection:
    key: str
    title: Any
    items: list[ShownItem] = field(default_factory=list)


_items: dict[str, NavItem] = {}


def nav_register(item: NavItem) -> None:
    """Adds an entry; call it in AppConfig.ready(). Raises ValueError on an unknown section, a key or a shortcut that is taken."""
    if item.section not in SECTIONS:
        raise ValueError(f"Navigation entry {item.key!r}: section {item.section!r} is not one of {', '.join(filter(None, SECTIONS))}.")
    known = _items.get(item.key)
    if known is not None and known != item:
        raise ValueError(f"Navigation entry {item.key!r} is registered twice, for {known.url_name!r} and {item.url_name!r}.")
    for other in _items.values():
        if item.shortcut and other.shortcut == item.shortcut and other.key != item.key and (not item.roles or not other.roles or item.roles & other.roles):
            raise ValueError(f"Navigation entries {item.key!r} and {other.key!r} want the same shortcut g {item.shortcut} for the same roles.")
    _items[item.key] = item


def nav_registered() -> Iterable[NavItem]:
    """All entries, for tests that walk them."""
    return tuple(_items.values())


def nav_for(request: HttpRequest) -> list[ShownSection]:
    """The sections with the entries that the person's roles see, the current one marked (the longest address that the path starts with)."""
    tenant = getattr(request, "tenant", None)
    membership = getattr(request, "membership", None)
    if tenant is None or membership is None:
        return []
    roles = frozenset(getattr(membership, "role_names", ()))
    sections = {key: ShownSection(key, title) for key, title in SECTIONS.items()}
    shown: list[ShownItem] = []
    for item in sorted(_items.values(), key=lambda i: (i.order, i.key)):
        if item.roles and not item.roles & roles:
            continue
        entry = ShownItem(item, reverse(item.url_name, kwargs={"slug": tenant.slug}), count=item.count(request) if item.count else None)
        sections[item.section].items.append(entry)
        shown.append(entry)
    hits = [entry for entry in shown if request.path == entry.url or request.path.startswith(entry.url.rstrip("/") + "/")]
    if hits:
        max(hits, key=lambda entry: len(entry.url)).current = True
    return [section for section in sections.values() if section.items]
