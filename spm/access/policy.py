"""Who may do what: one table from permission to roles, read by pages, API and commands alike.

A permission says what kind of thing may be done in a tenant. Whose rows it reaches is a second question, answered by
spm.access.selectors (`visible_payees`), and who may act on one certain object a third (nobody approves his own work or pay).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spm.access.models import Role

R = Role
_ALL = frozenset(Role)
_READERS = frozenset({R.COMP_ADMIN, R.FINANCE, R.AUDITOR})

# Every permission there is. An auditor reads all of his tenant and writes nothing.
POLICY: dict[str, frozenset[Role]] = {
    # Any open membership: the desk itself, own profile.
    "tenant.enter": _ALL,
    "pay.read_own": _ALL,
    "pay.read_team": _READERS | {R.MANAGER},
    "pay.read_all": _READERS,
    "pay.adjust": frozenset({R.COMP_ADMIN}),
    "pay.approve": frozenset({R.FINANCE}),
    "pay.export": frozenset({R.COMP_ADMIN, R.FINANCE}),
    # Everybody disputes his own pay; the manager passes on, the compensation team decides. An auditor writes nothing.
    "disputes.file": _ALL - {R.AUDITOR},
    "disputes.pass": frozenset({R.MANAGER, R.COMP_ADMIN}),
    "disputes.resolve": frozenset({R.COMP_ADMIN}),
    "team.read": _READERS | {R.MANAGER, R.PLANNING_ADMIN},
    "plans.read": _READERS,
    "plans.write": frozenset({R.COMP_ADMIN}),
    "plans.approve": frozenset({R.COMP_ADMIN, R.FINANCE}),
    "runs.read": _READERS,
    "runs.start": frozenset({R.COMP_ADMIN}),
    "imports.read": _READERS | {R.PLANNING_ADMIN, R.HR},
    "imports.write": frozenset({R.COMP_ADMIN, R.PLANNING_ADMIN, R.HR}),
    "sales.read": _READERS | {R.PLANNING_ADMIN},
    "sales.write": frozenset({R.COMP_ADMIN}),
    "people.read": _READERS | {R.HR, R.PLANNING_ADMIN, R.TENANT_ADMIN},
    "people.write": frozenset({R.HR, R.COMP_ADMIN}),
    "people.erase": frozenset({R.HR}),
    "people.read_terms": _READERS | {R.HR},
    "people.write_terms": frozenset({R.HR, R.COMP_ADMIN}),
    "planning.read": _READERS | {R.PLANNING_ADMIN},
    "planning.write": frozenset({R.PLANNING_ADMIN, R.COMP_ADMIN}),
    "calendars.read": _READERS | {R.PLANNING_ADMIN, R.HR, R.TENANT_ADMIN},
    "calendars.write": frozenset({R.COMP_ADMIN, R.TENANT_ADMIN}),
    "access.read": frozenset({R.TENANT_ADMIN, R.AUDITOR}),
    "access.write": frozenset({R.TENANT_ADMIN}),
    "audit.read": frozenset({R.AUDITOR, R.TENANT_ADMIN}),
    "jobs.read": _READERS | {R.TENANT_ADMIN, R.PLANNING_ADMIN, R.HR},
    "tokens.read": frozenset({R.TENANT_ADMIN, R.AUDITOR}),
    "tokens.write": frozenset({R.TENANT_ADMIN}),
    "tenant.settings": frozenset({R.TENANT_ADMIN}),
}


class PermissionUnknown(KeyError):
    """Code asked for a permission that the table does not have: a spelling mistake must not pass as a refusal."""


def roles_with(permission: str) -> frozenset[Role]:
    """The roles that hold a permission; raises PermissionUnknown."""
    try:
        return POLICY[permission]
    except KeyError:
        raise PermissionUnknown(f"{permission!r} is not in spm.access.policy.POLICY; add it there or mend the name.") from None


def permitted(role_names: Iterable[str], permission: str) -> bool:
    """Whether any of the roles holds the permission.

    >>> permitted({"rep"}, "pay.read_own"), permitted({"rep"}, "pay.read_all"), permitted(set(), "pay.read_own")
    (True, False, False)
    """
    return not roles_with(permission).isdisjoint(role_names)


def permissions_of(role_names: Iterable[str]) -> frozenset[str]:
    """All permissions that the roles hold together."""
    names = frozenset(role_names)
    return frozenset(permission for permission, roles in POLICY.items() if roles & names)


@dataclass(frozen=True)
class Conflict:
    """Two roles that one person should not hold, because together they can do and approve the same thing."""

    first: Role
    second: Role
    reason: str | Promise


# Plan author, approver and payer are three people; who gives access neither pays nor approves. `hard` pairs are refused,
# the others are shown in the matrix and need a reason that the audit keeps.
CONFLICTS: tuple[Conflict, ...] = (
    Conflict(R.COMP_ADMIN, R.FINANCE, _("The same person would calculate pay and approve it.")),
    Conflict(R.TENANT_ADMIN, R.FINANCE, _("The same person would give access and approve pay.")),
    Conflict(R.TENANT_ADMIN, R.COMP_ADMIN, _("The same person would give access and calculate pay.")),
    Conflict(R.HR, R.FINANCE, _("The same person would set target pay and approve pay.")),
    Conflict(R.AUDITOR, R.COMP_ADMIN, _("An auditor would examine his own work.")),
    Conflict(R.AUDITOR, R.FINANCE, _("An auditor would examine his own approvals.")),
    Conflict(R.AUDITOR, R.TENANT_ADMIN, _("An auditor would examine the access that he gave.")),
    Conflict(R.AUDITOR, R.HR, _("An auditor would examine his own work.")),
    Conflict(R.AUDITOR, R.PLANNING_ADMIN, _("An auditor would examine his own work.")),
)
# Refused outright: an approver of pay never makes it.
HARD_CONFLICTS: frozenset[frozenset[str]] = frozenset({frozenset({R.COMP_ADMIN.value, R.FINANCE.value})})


def conflicts_of(role_names: Iterable[str]) -> list[Conflict]:
    """The segregation-of-duties conflicts within a set of roles."""
    names = frozenset(role_names)
    return [c for c in CONFLICTS if c.first in names and c.second in names]


def refused_together(role_names: Iterable[str]) -> Conflict | None:
    """The first conflict in the set that is refused outright, or None."""
    return next((c for c in conflicts_of(role_names) if frozenset({c.first.value, c.second.value}) in HARD_CONFLICTS), None)
