"""Puts the policy in front of views: `@requires("plans.read")` for functions, `Requires` for classes, `requires_api(...)` for DRF.

Every tenant view carries its permission in `spm_requires`; a test fails for one that does not.
A refusal inside one's own tenant is 403; another tenant's address never gets here, it is 404 in the middleware.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission

from spm.access.policy import permitted, roles_with

View = Callable[..., HttpResponse]


def may(request: Any, permission: str) -> bool:
    """Whether the request's membership (and, for an API token, the token's own scope) allows the permission.

    A token object in `request.auth` may have `allows(permission) -> bool`; then both it and the roles must agree.
    """
    membership = getattr(request, "membership", None)
    if membership is None or not permitted(membership.role_names, permission):
        return False
    allows = getattr(getattr(request, "auth", None), "allows", None)
    return allows is None or bool(allows(permission))


def check(request: Any, permission: str) -> None:
    """Raises PermissionDenied when `may` says no."""
    if not may(request, permission):
        raise PermissionDenied(_("Your roles in this company do not include this. Ask a tenant admin."))


def _needed(method: str | None, read: str, write: str | None) -> str:
    return read if write is None or method in SAFE_METHODS else write


def requires(permission: str, *, write: str | None = None) -> Callable[[View], View]:
    """Decorator of a function view: `permission` for reading; `write`, when given, for every other method."""
    for name in filter(None, (permission, write)):
        roles_with(name)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            check(request, _needed(request.method, permission, write))
            return view(request, *args, **kwargs)

        guarded.spm_requires = (permission, write or permission)  # type: ignore[attr-defined]
        return guarded

    return decorate


class Requires:
    """Mixin of a class view, first among its bases: `permission = "people.read"`, optionally `write_permission`."""

    permission: ClassVar[str]
    write_permission: ClassVar[str | None] = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        for name in filter(None, (cls.permission, cls.write_permission)):
            roles_with(name)
        view = super().as_view(**initkwargs)  # type: ignore[misc]
        view.spm_requires = (cls.permission, cls.write_permission or cls.permission)
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check(request, _needed(request.method, self.permission, self.write_permission))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc,no-any-return]


def requires_api(permission: str, *, write: str | None = None) -> type[BasePermission]:
    """DRF permission class: `permission_classes = [requires_api("people.read", write="people.write")]`."""
    for name in filter(None, (permission, write)):
        roles_with(name)

    class Permission(BasePermission):
        spm_requires = (permission, write or permission)

        def has_permission(self, request: Any, view: Any) -> bool:
            # DRF's request hands attributes it lacks to the Django request, where the middleware put the membership.
            return may(request, _needed(request.method, permission, write))

    Permission.__name__ = f"Requires[{permission}]"
    return Permission
