"""What every page's shell needs: the tenant, its switcher, the person's roles and navigation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from spm.access.selectors import tenants_of
from spm.ui.nav import nav_for

THEMES = ("light", "dark")
DENSITIES = ("compact",)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the application shell. Lists are read only when a template asks for them."""
    membership = getattr(request, "membership", None)
    user = getattr(request, "user", None)
    theme, density = request.COOKIES.get("theme"), request.COOKIES.get("density")
    return {
        "tenant": getattr(request, "tenant", None),
        "membership": membership,
        "roles": getattr(membership, "role_names", frozenset()),
        "shell_theme": theme if theme in THEMES else "",
        "shell_density": density if density in DENSITIES else "",
        "shell_nav": SimpleLazyObject(lambda: nav_for(request)),
        "shell_tenants": SimpleLazyObject(lambda: tenants_of(user=user) if user is not None and user.is_authenticated else []),
    }
