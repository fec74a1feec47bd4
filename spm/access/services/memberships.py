"""Roles and ends of membership. Nobody changes his own roles; the last tenant admin stays; each act is in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from spm.access.errors import AccessError
from spm.access.models import Membership, Role, RoleGrant, User
from spm.access.policy import conflicts_of, refused_together
from spm.access.selectors import roles_of
from spm.audit.services import audit_record
from spm.people.models import Payee


def roles_check(role_names: Iterable[str], *, reason: str) -> None:
    """Raises AccessError for an unknown role, a pair of duties that is refused, or one that needs a reason and has none."""
    names = frozenset(role_names)
    unknown = names - set(Role.values)
    if unknown:
        raise AccessError(_("%(roles)s: not a role. Choose from the list.") % {"roles": ", ".join(sorted(unknown))})
    hard = refused_together(names)
    if hard is not None:
        raise AccessError(
            _("%(first)s and %(second)s cannot be one person: %(why)s Give one of the two to somebody else.")
            % {"first": hard.first.label, "second": hard.second.label, "why": hard.reason}
        )
    soft = conflicts_of(names)
    if soft and not reason.strip():
        raise AccessError(
            _("%(first)s and %(second)s should not be one person: %(why)s Give a reason to go on all the same.")
            % {"first": soft[0].first.label, "second": soft[0].second.label, "why": soft[0].reason}
        )


def _not_oneself(membership: Membership, actor_id: int | None) -> None:
    if actor_id is not None and membership.user_id == actor_id:
        raise AccessError(_("Nobody changes his own roles or access. Ask another tenant admin."))


def _admin_stays(membership: Membership) -> None:
    """Locks the tenant's admins; raises when none other than this one would be left."""
    grants = RoleGrant.objects.select_for_update().filter(role=Role.TENANT_ADMIN)
    holders = {grant.membership_id for grant in grants}
    if membership.pk not in holders:
        return
    others = Membership.objects.filter(pk__in=holders - {membership.pk}, ended_at__isnull=True, user__is_active=True)
    if not others.exists():
        raise AccessError(_("This is the last tenant admin. Make somebody else a tenant admin first."))


def membership_open(*, user: User, roles: Iterable[str], payee: Payee | None = None, actor_id: int | None = None, reason: str = "") -> Membership:
    """A place for the user with these roles; one that had ended is opened again with these roles alone. Raises AccessError."""
    names = sorted(set(roles))
    roles_check(names, reason=reason)
    if actor_id is not None and user.pk == actor_id:
        raise AccessError(_("Nobody changes his own roles or access. Ask another tenant admin."))
    with transaction.atomic():
        membership = Membership.objects.select_for_update().filter(user=user).first()
        if membership is not None and membership.is_open(timezone.now()):
            raise AccessError(_("This person is a member already. Change the roles instead."))
        if payee is not None and Membership.objects.filter(payee=payee, ended_at__isnull=True).exists():
            raise AccessError(_("Another account is already linked to this payee. End that one first."))
        if membership is None:
            membership = Membership.objects.create(user=user, payee=payee)
        else:
            RoleGrant.objects.filter(membership=membership).delete()
            membership.ended_at, membership.payee = None, payee or membership.payee
            membership.save(update_fields=["ended_at", "payee"])
        RoleGrant.objects.bulk_create([RoleGrant(membership=membership, role=name, granted_by_id=actor_id) for name in names])
        audit_record(action="membership.open", target=membership, after={"roles": names, "reason": reason, "user": user.pk}, actor_id=actor_id)
    return membership


@transaction.atomic
def roles_set(*, membership: Membership, roles: Iterable[str], actor_id: int | None, reason: str = "") -> frozenset[str]:
    """Makes the membership hold exactly these roles; returns what they were. Raises AccessError."""
    names = frozenset(str(name) for name in roles)
    _not_oneself(membership, actor_id)
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    if not locked.is_open(timezone.now()):
        raise AccessError(_("This access has ended. Open it again first."))
    before = frozenset(RoleGrant.objects.filter(membership=locked).values_list("role", flat=True))
    if names == before:
        return before
    if not names:
        raise AccessError(_("A member needs at least one role. End the access instead."))
    roles_check(names, reason=reason)
    if Role.TENANT_ADMIN in before - names:
        _admin_stays(locked)
    RoleGrant.objects.filter(membership=locked, role__in=before - names).delete()
    RoleGrant.objects.bulk_create([RoleGrant(membership=locked, role=name, granted_by_id=actor_id) for name in sorted(names - before)])
    audit_record(
        action="membership.roles", target=locked, before={"roles": sorted(before)}, after={"roles": sorted(names), "reason": reason}, actor_id=actor_id
    )
    return before


def role_grant(*, membership: Membership, role: str, actor_id: int | None, reason: str = "") -> None:
    """Adds one role. Raises AccessError; granting what is held changes nothing."""
    roles_set(membership=membership, roles=_stored(membership) | {str(role)}, actor_id=actor_id, reason=reason)


def role_revoke(*, membership: Membership, role: str, actor_id: int | None, reason: str = "") -> None:
    """Takes one role away. Raises AccessError for one's own and for the last tenant admin."""
    roles_set(membership=membership, roles=_stored(membership) - {str(role)}, actor_id=actor_id, reason=reason or "-")


def _stored(membership: Membership) -> frozenset[str]:
    return frozenset(str(name) for name in roles_of(membership=Membership(pk=membership.pk, user_id=membership.user_id)))


@transaction.atomic
def membership_end(*, membership: Membership, actor_id: int | None, at: dt.datetime | None = None, reason: str = "") -> None:
    """Ends access at an instant (now when not given). From then on every request is refused, whatever sessions or tokens there are.

    An earlier end stands; a later one is moved forward. Raises AccessError for one's own and for the last tenant admin.
    """
    now = timezone.now()
    end = at or now
    _not_oneself(membership, actor_id)
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    if locked.ended_at is not None and locked.ended_at <= end:
        return
    _admin_stays(locked)
    before = locked.ended_at
    locked.ended_at = membership.ended_at = end
    locked.save(update_fields=["ended_at"])
    audit_record(
        action="membership.end",
        target=locked,
        before={"ended_at": before.isoformat() if before else None},
        after={"ended_at": end.isoformat(), "reason": reason},
        actor_id=actor_id,
    )


@transaction.atomic
def membership_reopen(*, membership: Membership, roles: Iterable[str], actor_id: int | None, reason: str = "") -> Membership:
    """Opens an ended access again, with these roles alone."""
    return membership_open(user=membership.user, roles=roles, payee=None, actor_id=actor_id, reason=reason)
