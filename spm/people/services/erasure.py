"""Erasing a person: names and addresses go, ids, seats, terms and the ledger stay.

Apps that keep personal data elsewhere (rows of an import, a comment) register an eraser; each is called in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from spm.access.errors import AccessError
from spm.access.models import Invitation, Membership, User
from spm.access.services.memberships import membership_end
from spm.access.services.users import user_anonymise
from spm.audit.services import audit_record
from spm.people.errors import PeopleError
from spm.people.kept_files import files_forget
from spm.people.models import Payee, PersonDetail
from spm.tenancy.scope import user_scope

Eraser = Callable[[Payee, PersonDetail], None]
_erasers: dict[str, Eraser] = {}


def eraser_register(name: str, eraser: Eraser) -> None:
    """Adds what empties another table of a payee's personal data; it gets the details before they go. Call it in AppConfig.ready()."""
    _erasers[name] = eraser


@transaction.atomic
def person_erase(*, payee: Payee, actor_id: int | None, reason: str) -> None:
    """Empties a payee's personal data; his access ends, and his account too where he is a member of no other company.

    A reason is required. Repeating changes nothing. What others wrote about him in free text is theirs to mend.
    """
    if not reason.strip():
        raise PeopleError("reason", _("Erasing a person needs a reason."), _("Name the request or the legal ground, without the person's name."))
    locked = Payee.objects.select_for_update().get(pk=payee.pk)
    if locked.erased_at is not None:
        return
    detail = PersonDetail.objects.filter(payee=locked).first()
    addresses = {detail.email.lower()} if detail is not None and detail.email else set()
    users = []
    for membership in Membership.objects.filter(payee=locked).select_related("user"):
        try:
            membership_end(membership=membership, actor_id=actor_id, reason="erased")
        except AccessError as error:
            raise PeopleError("person", str(error), _("Then repeat the erasure.")) from error
        users.append(membership.user)
        addresses.add(membership.user.email.lower())
    if detail is not None:
        for eraser in _erasers.values():
            eraser(locked, detail)
        for name in ("display_name", "given_name", "family_name", "email", "phone", "country"):
            setattr(detail, name, "")
        detail.save()
    tenant_id = locked.tenant_id
    transaction.on_commit(lambda: files_forget(tenant_id=tenant_id))
    for invitation in Invitation.objects.filter(payee=locked) | Invitation.objects.filter(email__in=addresses):
        Invitation.objects.filter(pk=invitation.pk).update(email="", mail_error="", revoked_at=invitation.revoked_at or timezone.now())
    for user in users:
        if not _elsewhere(user):
            user_anonymise(user=user)
    locked.erased_at = payee.erased_at = timezone.now()
    locked.save(update_fields=["erased_at"])
    audit_record(action="person.erase", target=locked, after={"reason": reason}, actor_id=actor_id)


def _elsewhere(user: User) -> bool:
    """Whether the account is an operator's, or has an open membership in any company (read by the account's own policy)."""
    if user.is_superuser:
        return True
    with user_scope(user.pk):
        return Membership._base_manager.filter(user_id=user.pk, ended_at__isnull=True).exists()
