"""What every page's shell needs: the tenant, its switcher, the person's roles."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the application shell."""
    membership = getattr(request, "membership", None)
    return {
        "tenant": getattr(request, "tenant", None),
        "membership": membership,
        "roles": getattr(membership, "role_names", frozenset()),
    }
