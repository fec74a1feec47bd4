"""Drawers: pages of their own address that are shown over the page they belong to."""

from __future__ import annotations

from django.http import HttpRequest


def drawer_wanted(request: HttpRequest) -> bool:
    """Whether the browser asks for the bare content of a drawer; otherwise it wants the whole page, with the drawer open in it."""
    return bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "drawer-body"
