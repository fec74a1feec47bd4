"""Reads of the API itself: who a token is, which tokens there are."""

from __future__ import annotations

import hmac

from django.db.models import QuerySet
from django.utils import timezone

from spm.access.models import Membership, RoleGrant
from spm.api.models import ApiToken
from spm.api.services import secret_digest
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

_NOBODY = "0" * 64


def tenant_active(*, slug: str) -> Tenant | None:
    """The active tenant of this slug, or None."""
    return Tenant.objects.filter(slug=slug, is_active=True).first()


def token_resolve(*, text: str) -> tuple[Tenant, ApiToken] | None:
    """The tenant and the token of this text, or None when it is unknown, ended, revoked or of a member who left.

    The token's membership has its user and `role_names` filled in. Opens the scope of the tenant that the text names.
    """
    head, _dot, secret = text.rpartition(".")
    slug, _dot, prefix = head.removeprefix("spm_").rpartition(".")
    if not text.startswith("spm_") or not slug or not prefix or not secret or "\x00" in text:
        return None
    tenant = tenant_active(slug=slug)
    if tenant is None:
        hmac.compare_digest(_NOBODY, secret_digest(secret))
        return None
    with tenant_scope(tenant.pk):
        token = ApiToken.objects.select_related("membership__user").filter(prefix=prefix).first()
        right = hmac.compare_digest(token.secret_hash if token else _NOBODY, secret_digest(secret))
        if token is None or not right or token.revoked_at or token.expires_at <= timezone.now():
            return None
        membership, now = token.membership, timezone.now()
        if not membership.user.is_active or (membership.ended_at and membership.ended_at <= now):
            return None
        membership.role_names = frozenset(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))
        return tenant, token


def tokens(*, membership: Membership | None = None) -> QuerySet[ApiToken]:
    """Tokens of one member, or of all when None."""
    found = ApiToken.objects.select_related("membership__user")
    return found if membership is None else found.filter(membership=membership)
