"""Invitations: made by an admin, mailed in the invitee's language, accepted once by whoever holds the link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from spm.access.errors import AccessError, LinkInvalid
from spm.access.links import link_make, link_use, links_withdraw
from spm.access.mail import invitation_mail_later
from spm.access.models import Invitation, LinkToken, Membership, User
from spm.access.selectors import is_open
from spm.access.services.memberships import membership_open, roles_check
from spm.audit.services import audit_record
from spm.people.models import Payee
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id, tenant_scope

VALID_FOR = dt.timedelta(days=7)
INVITATION = LinkToken.Purpose.INVITATION


@transaction.atomic
def invitation_create(
    *, email: str, roles: Iterable[str], base_url: str, payee: Payee | None = None, language: str = "", actor_id: int | None, reason: str = ""
) -> Invitation:
    """Invites an address with these roles and mails the link after the commit. An open invitation of the address is replaced.

    base_url: where the product is reached, such as https://spm.example.com. Raises AccessError for a member, refused roles.
    """
    address = User.objects.normalize_email(email).strip().lower()
    names = sorted({str(name) for name in roles})
    if not names:
        raise AccessError(_("Choose at least one role."))
    roles_check(names, reason=reason)
    now = timezone.now()
    if Membership.objects.filter(is_open(now), user__email=address).exists():
        raise AccessError(_("This person is a member already. Change the roles instead."))
    for earlier in Invitation.objects.filter(email=address, accepted_at__isnull=True, revoked_at__isnull=True):
        invitation_revoke(invitation=earlier, actor_id=actor_id)
    if language not in dict(settings.LANGUAGES):
        language = Tenant.objects.get(pk=required_tenant_id()).language
    invitation = Invitation.objects.create(email=address, language=language, roles=names, payee=payee, invited_by_id=actor_id, expires_at=now + VALID_FOR)
    audit_record(action="invitation.create", target=invitation, after={"roles": names, "reason": reason}, actor_id=actor_id)
    _mail(invitation, base_url)
    return invitation


@transaction.atomic
def invitation_resend(*, invitation: Invitation, base_url: str, actor_id: int | None) -> None:
    """A new link with a new time for an open invitation; the old link stops working."""
    if invitation.accepted_at or invitation.revoked_at:
        raise AccessError(_("This invitation was accepted or withdrawn. Make a new one."))
    invitation.expires_at, invitation.mail_error = timezone.now() + VALID_FOR, ""
    invitation.save(update_fields=["expires_at", "mail_error"])
    audit_record(action="invitation.resend", target=invitation, actor_id=actor_id)
    _mail(invitation, base_url)


@transaction.atomic
def invitation_revoke(*, invitation: Invitation, actor_id: int | None) -> None:
    """Withdraws an open invitation; its link stops working. Repeating changes nothing."""
    if Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=timezone.now()) == 1:
        links_withdraw(purpose=INVITATION, tenant=invitation.tenant, object_uid=invitation.uid)
        audit_record(action="invitation.revoke", target=invitation, actor_id=actor_id)


def invitation_accept(*, token: str, user: User | None, password: str = "") -> tuple[User, Tenant]:
    """Uses the link. Opens its own scope; call it outside one.

    user: the signed-in account, whose address must be the invited one. None: a new account with `password` is made; it may not exist
    yet, because holding a link must not change the password of an account. Raises AccessError, LinkInvalid, or Django's
    ValidationError for a weak password; then the link is not used up.
    """
    now = timezone.now()
    with transaction.atomic():
        link = link_use(token=token, purpose=INVITATION, at=now)
        with tenant_scope(link.tenant_id):
            invitation = Invitation.objects.select_for_update().filter(uid=link.object_uid, accepted_at__isnull=True, revoked_at__isnull=True).first()
            if invitation is None or not invitation.email:
                raise LinkInvalid(_("This link has been used, was withdrawn or is past its time. Ask whoever sent it for a new one."))
            user = _account(invitation, user, password)
            membership_open(user=user, roles=invitation.roles, payee=invitation.payee, actor_id=invitation.invited_by_id, reason="invitation")
            Invitation.objects.filter(pk=invitation.pk).update(accepted_at=now)
            audit_record(action="invitation.accept", target=invitation, after={"user": user.pk}, actor_id=user.pk)
    return user, link.tenant


def _account(invitation: Invitation, user: User | None, password: str) -> User:
    if user is not None:
        if user.email.lower() != invitation.email:
            raise AccessError(_("This invitation is for another address than that of your account. Sign out and open the link again."))
    elif User.objects.filter(email=invitation.email).exists():
        raise AccessError(_("There is an account with this address. Sign in with it and open the link again."))
    else:
        user = User(email=invitation.email, language=invitation.language)
        validate_password(password, user)
        user.set_password(password)
        user.save()
    # The link came to the mailbox, so the address is proved: single sign-on may rely on it.
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


def _mail(invitation: Invitation, base_url: str) -> None:
    token = link_make(purpose=INVITATION, tenant_id=required_tenant_id(), object_uid=invitation.uid, expires_at=invitation.expires_at)
    invitation_mail_later(invitation=invitation, url=f"{base_url.rstrip('/')}/invitations/{token}/")
