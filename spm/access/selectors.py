"""Reads about access: memberships of a user, roles in a tenant, whose pay a person may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from spm.access.errors import LinkInvalid
from spm.access.links import link_look
from spm.access.models import Invitation, LinkToken, Membership, Role, RoleGrant, User
from spm.access.policy import permitted, roles_with
from spm.people.hierarchy import Span
from spm.people.models import Payee
from spm.people.selectors import team_of, team_spans
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope, user_scope


def is_open(at: dt.datetime) -> Q:
    """Memberships that give access at an instant: an end may be set ahead, for someone who leaves next month."""
    return Q(ended_at__isnull=True) | Q(ended_at__gt=at)


def membership_for(*, user: User, tenant: Tenant) -> Membership | None:
    """The user's open membership in the tenant with `role_names` filled in, or None."""
    with tenant_scope(tenant.pk):
        membership = Membership.objects.filter(is_open(timezone.now()), user=user).first() if user.is_active else None
        if membership is not None:
            membership.role_names = frozenset(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))  # type: ignore[attr-defined]
        return membership


def names_of_users(user_ids: Iterable[int]) -> dict[int, str]:
    """User -> name as the tenant in scope knows it: of his payee, else his address. One query; who never was a member is left out."""
    rows = Membership.objects.filter(user_id__in=set(user_ids)).values_list("user_id", "payee__detail__display_name", "user__email")
    return {user: name or email for user, name, email in rows}


def users_permitted(permission: str) -> set[int]:
    """Ids of the users of the tenant in scope whose open membership holds the permission."""
    holders = RoleGrant.objects.filter(role__in=[role.value for role in roles_with(permission)])
    return set(Membership.objects.filter(is_open(timezone.now()), pk__in=holders.values("membership")).values_list("user_id", flat=True))


def tenants_of(*, user: User) -> list[Tenant]:
    """The active tenants in which the user has an open membership, by name."""
    with user_scope(user.pk):
        ids = list(Membership._base_manager.filter(is_open(timezone.now()), user_id=user.pk).values_list("tenant_id", flat=True))
    return list(Tenant.objects.filter(pk__in=ids, is_active=True).order_by("name"))


def access_ended(*, user: User) -> bool:
    """Whether the user was a member of a company and is one nowhere now: somebody who left. The operator never is."""
    if user.is_superuser:
        return False
    with user_scope(user.pk):
        every = Membership._base_manager.filter(user_id=user.pk)
        return every.exists() and not every.filter(is_open(timezone.now())).exists()


def roles_of(*, membership: Membership) -> frozenset[str]:
    """The roles of a membership: as loaded by `membership_for`, else from the record."""
    loaded = getattr(membership, "role_names", None)
    return loaded if loaded is not None else frozenset(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))


def visible_payees(*, membership: Membership, on: dt.date) -> QuerySet[Payee]:
    """Whose pay the member may see for a date: by the reporting line in force on that date, whatever it is today.

    Compensation admin, finance and auditor: everybody. A manager: himself and all below him, however deep. Everybody else: himself.
    """
    roles = roles_of(membership=membership)
    if permitted(roles, "pay.read_all"):
        return Payee.objects.all()
    if membership.payee_id is None or not permitted(roles, "pay.read_own"):
        return Payee.objects.none()
    ids = {membership.payee_id}
    if permitted(roles, "pay.read_team"):
        ids |= team_of(payee_id=membership.payee_id, day=on)
    return Payee.objects.filter(pk__in=ids)


def visible_spans(*, membership: Membership, start: dt.date, end: dt.date) -> dict[int, list[Span]] | None:
    """Like `visible_payees` over [start, end): per payee id the spans that the member may see; None means everybody, always.

    For what spans a move: the old manager sees the days up to the move, the new one those from it on.
    """
    roles = roles_of(membership=membership)
    if permitted(roles, "pay.read_all"):
        return None
    if membership.payee_id is None or not permitted(roles, "pay.read_own"):
        return {}
    spans = team_spans(payee_id=membership.payee_id, start=start, end=end) if permitted(roles, "pay.read_team") else {}
    return spans | {membership.payee_id: [(start, end)]}


def may_see_pay(*, membership: Membership, payee_id: int, on: dt.date) -> bool:
    """Whether the member may see this payee's pay for a date."""
    return visible_payees(membership=membership, on=on).filter(pk=payee_id).exists()


def may_approve_pay(*, membership: Membership, payee_id: int) -> bool:
    """Whether the member may approve this payee's pay: the permission, and never his own."""
    return permitted(roles_of(membership=membership), "pay.approve") and membership.payee_id != payee_id


@dataclass(frozen=True)
class InvitationShown:
    """What the page behind an invitation's link may show before it is accepted."""

    tenant: Tenant
    email: str
    language: str
    roles: tuple[str, ...]
    account_exists: bool


def invitation_shown(*, token: str, at: dt.datetime) -> InvitationShown:
    """The invitation behind a link, without using the link; raises LinkInvalid. Opens its own scope."""
    link = link_look(token=token, purpose=LinkToken.Purpose.INVITATION, at=at)
    with tenant_scope(link.tenant_id):
        found = Invitation.objects.filter(uid=link.object_uid, accepted_at__isnull=True, revoked_at__isnull=True).first()
        if found is None or not found.email:
            raise LinkInvalid(_("This link has been used, was withdrawn or is past its time. Ask whoever sent it for a new one."))
        labels = tuple(str(Role(role).label) for role in found.roles)
        exists = User.objects.filter(email=found.email).exists()
        return InvitationShown(tenant=link.tenant, email=found.email, language=found.language, roles=labels, account_exists=exists)
