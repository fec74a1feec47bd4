"""Reads about access: memberships of a user, roles in a tenant, whose pay a person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spm.access.models import Membership, RoleGrant
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope, user_scope

if TYPE_CHECKING:
    from spm.access.models import User


def membership_for(*, user: User, tenant: Tenant) -> Membership | None:
    """The user's open membership in the tenant with `role_names` filled in, or None."""
    with tenant_scope(tenant.pk):
        membership = Membership.objects.filter(user=user, ended_at__isnull=True).first()
        if membership is not None:
            membership.role_names = frozenset(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))  # type: ignore[attr-defined]
        return membership


def tenants_of(*, user: User) -> list[Tenant]:
    """The active tenants in which the user has an open membership, by name."""
    with user_scope(user.pk):
        ids = list(Membership._base_manager.filter(user_id=user.pk, ended_at__isnull=True).values_list("tenant_id", flat=True))
    return list(Tenant.objects.filter(pk__in=ids, is_active=True).order_by("name"))
