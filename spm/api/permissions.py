"""May this member call this operation: the token's scope and the member's role must both say yes.

Which objects and whose pay a call shows is decided by the selectors, by the reporting line (spm.access.policy).
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from spm.access.models import Role
from spm.api.problems import Problem
from spm.api.scopes import Scope

R = Role
_ALL = frozenset(Role.values)
_ADMINS = frozenset({R.COMP_ADMIN, R.TENANT_ADMIN})

# Which roles may use a scope at all. Narrower limits (own pay, own team) belong to the selectors.
ROLES: dict[str, frozenset[str]] = {
    Scope.PEOPLE_READ: _ALL,
    Scope.PEOPLE_WRITE: frozenset({R.HR, R.TENANT_ADMIN, R.COMP_ADMIN}),
    Scope.CALENDARS_READ: _ALL,
    Scope.CALENDARS_WRITE: _ADMINS,
    Scope.FX_READ: _ALL,
    Scope.FX_WRITE: _ADMINS | {R.FINANCE},
    Scope.SALES_READ: _ALL - {R.HR},
    Scope.SALES_WRITE: frozenset({R.COMP_ADMIN}),
    Scope.IMPORTS_READ: _ADMINS | {R.PLANNING_ADMIN, R.FINANCE, R.AUDITOR, R.HR},
    Scope.IMPORTS_WRITE: frozenset({R.COMP_ADMIN, R.HR, R.PLANNING_ADMIN}),
    Scope.JOBS_READ: _ADMINS | {R.PLANNING_ADMIN, R.FINANCE, R.AUDITOR},
    Scope.JOBS_WRITE: _ADMINS,
    Scope.PLANNING_READ: _ALL - {R.HR},
    Scope.PLANNING_WRITE: frozenset({R.PLANNING_ADMIN}),
    Scope.PLANS_READ: _ALL - {R.HR, R.TENANT_ADMIN},
    Scope.PLANS_WRITE: frozenset({R.COMP_ADMIN}),
    Scope.RUNS_READ: frozenset({R.COMP_ADMIN, R.FINANCE, R.AUDITOR}),
    Scope.RUNS_WRITE: frozenset({R.COMP_ADMIN}),
    Scope.PAY_READ: _ALL - {R.TENANT_ADMIN, R.PLANNING_ADMIN},
    Scope.PAY_WRITE: frozenset({R.COMP_ADMIN, R.HR}),
    Scope.ACCESS_READ: frozenset({R.TENANT_ADMIN, R.AUDITOR}),
    Scope.ACCESS_WRITE: frozenset({R.TENANT_ADMIN}),
    Scope.AUDIT_READ: frozenset({R.AUDITOR, R.TENANT_ADMIN, R.FINANCE}),
}


def role_allows(roles: frozenset[str], scope: str) -> bool:
    """Whether one of the roles may use the scope."""
    return bool(roles & ROLES[scope])


class ScopeAndRole(BasePermission):
    """Reads `view.scopes[method]`; None there means any member. A method without an entry is refused, never let through."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in view.scopes:
            return request.method not in view.allowed_methods  # a method that is not there is answered with 405
        needed, principal = view.scopes[request.method], view.principal
        if needed is None:
            return True
        if principal.scopes is not None and needed not in principal.scopes:
            raise Problem("forbidden", _("The token lacks the scope %(scope)s.") % {"scope": needed})
        if not role_allows(principal.roles, needed):
            raise Problem("forbidden", _("None of your roles may do this; it needs %(scope)s.") % {"scope": needed})
        return True
