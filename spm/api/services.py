"""Writes of the API itself: making and revoking tokens, keeping and forgetting answers under an idempotency key."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from spm.access.models import Membership
from spm.api.models import ApiToken, IdempotencyRecord
from spm.api.scopes import Scope
from spm.audit.services import audit_record
from spm.people.models import Payee, PersonDetail
from spm.people.traces import person_texts, rows_holding
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

LONGEST = dt.timedelta(days=366)
KEPT = dt.timedelta(hours=24)
_ALPHABET = string.ascii_letters + string.digits


class TokenRefused(ValueError):
    """A token that may not be made as asked. `field` names what to change."""

    def __init__(self, message: str, *, field: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.field, self.code = field, code


@dataclass(frozen=True)
class MadeToken:
    """A new token and its text, which is shown once and never stored."""

    token: ApiToken
    text: str


def secret_digest(secret: str) -> str:
    """SHA-256 in hex. The secret is 43 random letters and digits (256 bits), so a slow hash would add nothing but load."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_create(*, tenant: Tenant, membership: Membership, name: str, scopes: Collection[str], expires_at: dt.datetime, actor_id: int | None) -> MadeToken:
    """Makes a token for a member. Raises TokenRefused for an unknown scope, none at all, or an end in the past or over a year away."""
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown:
        raise TokenRefused(_("There is no scope %(scope)s.") % {"scope": unknown[0]}, field="scopes", code="invalid_choice")
    if not scopes:
        raise TokenRefused(_("A token needs at least one scope."), field="scopes", code="required")
    now = timezone.now()
    if not now < expires_at <= now + LONGEST:
        raise TokenRefused(_("A token ends in the future and within 366 days."), field="expires_at")
    if not membership.is_open(now):
        raise TokenRefused(_("This member has left; a token would not work."), field="member")
    prefix, secret = ("".join(secrets.choice(_ALPHABET) for _i in range(length)) for length in (8, 43))
    token = ApiToken.objects.create(
        membership=membership,
        name=name,
        prefix=prefix,
        secret_hash=secret_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_by_id=actor_id,
    )
    after = {"member": str(membership.uid), "scopes": token.scopes, "expires_at": expires_at.isoformat()}
    audit_record(action="token.create", target=token, after=after, actor_id=actor_id)
    return MadeToken(token=token, text=f"spm_{tenant.slug}.{prefix}.{secret}")


def token_revoke(*, token: ApiToken, actor_id: int | None) -> ApiToken:
    """Ends a token at once. Revoking twice changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        audit_record(action="token.revoke", target=token, after={"member": str(token.membership.uid)}, actor_id=actor_id)
    token.refresh_from_db()
    return token


def token_touch(*, tenant_id: int, token: ApiToken) -> None:
    """Notes the use of a token, at most once a minute, in a transaction of its own so that a failed call is noted too."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > dt.timedelta(minutes=1):
        with tenant_scope(tenant_id):
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def idempotency_store(*, user_id: int, key: str, request_hash: str, status: int, body: object) -> None:
    """Keeps an answer, in the transaction of the write that it answers."""
    IdempotencyRecord.objects.create(user_id=user_id, key=key, request_hash=request_hash, status=status, body=body)


def idempotency_purge(*, now: dt.datetime) -> int:
    """Forgets answers older than 24 hours in the tenant in scope; returns how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=now - KEPT).delete()[0]


def answers_erase(payee: Payee, detail: PersonDetail) -> None:
    """Forgets the kept answers that tell of a person: his name, address or number was in them, or his id."""
    rows_holding(IdempotencyRecord.objects.all(), "body", texts=[*person_texts(payee, detail), str(payee.uid)]).delete()
