"""Links in mail: made once, looked at any number of times, used once. Only a hash is kept (192 random bits, so SHA-256 is enough)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid

from django.utils.translation import gettext as _

from spm.access.errors import LinkInvalid
from spm.access.models import LinkToken
from spm.tenancy.models import Tenant


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def link_make(*, purpose: str, tenant_id: int, object_uid: uuid.UUID, expires_at: dt.datetime) -> str:
    """The text of a new link's token. Earlier unused links to the same object stop working."""
    LinkToken.objects.filter(purpose=purpose, tenant_id=tenant_id, object_uid=object_uid, used_at__isnull=True).delete()
    token = secrets.token_urlsafe(24)
    LinkToken.objects.create(token_hash=_hash(token), purpose=purpose, tenant_id=tenant_id, object_uid=object_uid, expires_at=expires_at)
    return token


def link_look(*, token: str, purpose: str, at: dt.datetime) -> LinkToken:
    """The link behind a token, without using it (mail scanners open links); raises LinkInvalid."""
    found = LinkToken.objects.filter(token_hash=_hash(token), purpose=purpose, used_at__isnull=True, expires_at__gt=at).select_related("tenant").first()
    if found is None or not found.tenant.is_active:
        raise LinkInvalid(_("This link has been used, was withdrawn or is past its time. Ask whoever sent it for a new one."))
    return found


def link_use(*, token: str, purpose: str, at: dt.datetime) -> LinkToken:
    """Uses the link: of two who try at once, one gets LinkInvalid."""
    found = link_look(token=token, purpose=purpose, at=at)
    if LinkToken.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=at) != 1:
        raise LinkInvalid(_("This link has been used, was withdrawn or is past its time. Ask whoever sent it for a new one."))
    return found


def links_withdraw(*, purpose: str, tenant: Tenant, object_uid: uuid.UUID) -> None:
    """Ends every unused link to an object."""
    LinkToken.objects.filter(purpose=purpose, tenant=tenant, object_uid=object_uid, used_at__isnull=True).delete()
