"""What axes needs to know of allauth's sign-in form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def username_of(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str | None:
    """The address that a sign-in was tried with: allauth passes it as `email`, its form field is `login`."""
    given = credentials or {}
    found = given.get("email") or given.get("username") or given.get("login")
    if not found and request is not None:
        found = request.POST.get("login")
    return str(found).strip().lower() if found else None
