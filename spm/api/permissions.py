"""May this member call this operation: the token's scope and the member's role must both say yes.

Which objects and whose pay a call shows is decided by the selectors, by the reporting line (spm.access.policy).
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from spm.access.policy import permitted
from spm.api.problems import Problem
from spm.api.scopes import Scope

# Which permissions of the policy let a member use a scope: any of them will do. Where "pay.read_own" is among them, the
# selectors narrow the rows to the member's own and, by the reporting line, his reports'.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    Scope.PEOPLE_READ: ("people.read", "pay.read_own"),
    Scope.PEOPLE_WRITE: ("people.write",),
    Scope.PEOPLE_ERASE: ("people.erase",),
    Scope.CALENDARS_READ: ("tenant.enter",),
    Scope.CALENDARS_WRITE: ("calendars.write",),
    Scope.FX_READ: ("tenant.enter",),
    Scope.FX_WRITE: ("calendars.write",),
    Scope.SALES_READ: ("sales.read", "pay.read_own"),
    Scope.SALES_WRITE: ("sales.write",),
    Scope.IMPORTS_READ: ("imports.read",),
    Scope.IMPORTS_WRITE: ("imports.write",),
    Scope.JOBS_READ: ("jobs.read",),
    Scope.JOBS_WRITE: ("runs.start", "tenant.settings"),
    Scope.PLANNING_READ: ("planning.read", "pay.read_own"),
    Scope.PLANNING_WRITE: ("planning.write",),
    Scope.PLANS_READ: ("plans.read",),
    Scope.PLANS_WRITE: ("plans.write",),
    Scope.PLANS_APPROVE: ("plans.approve",),
    Scope.RUNS_READ: ("runs.read",),
    Scope.RUNS_WRITE: ("runs.start",),
    Scope.PAY_READ: ("pay.read_own",),
    Scope.PAY_WRITE: ("people.write_terms",),
    Scope.PAY_READ_ALL: ("pay.read_all",),
    Scope.PAY_ADJUST: ("pay.adjust",),
    Scope.PAY_APPROVE: ("pay.approve",),
    Scope.DISPUTES_WRITE: ("disputes.file",),
    Scope.DISPUTES_PASS: ("disputes.pass",),
    Scope.DISPUTES_RESOLVE: ("disputes.resolve",),
    Scope.ACCESS_READ: ("access.read",),
    Scope.ACCESS_WRITE: ("access.write",),
    Scope.AUDIT_READ: ("audit.read",),
}


def role_allows(roles: frozenset[str], scope: str) -> bool:
    """Whether one of the roles may use the scope."""
    return any(permitted(roles, permission) for permission in PERMISSIONS[scope])


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
