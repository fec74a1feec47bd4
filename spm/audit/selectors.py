"""Reading and verifying the audit log. All need the tenant's scope."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterator

from django.db.models import QuerySet

from spm.audit.chain import GENESIS, entry_mac, head_mac
from spm.audit.keys import audit_keys
from spm.audit.models import AuditEntry, AuditHead
from spm.tenancy.base import TenantModel
from spm.tenancy.scope import required_tenant_id


def audit_of(target: TenantModel) -> QuerySet[AuditEntry]:
    """Entries about one object, newest first."""
    return AuditEntry.objects.filter(object_type=target._meta.label_lower, object_uid=str(target.uid))


def audit_list(*, object_type: str = "", object_uid: uuid.UUID | str = "", actor_id: int | None = None, action: str = "") -> QuerySet[AuditEntry]:
    """Entries, newest first, narrowed by what is given; `action` may be a prefix such as "plan."."""
    found = AuditEntry.objects.all()
    if object_type:
        found = found.filter(object_type=object_type)
    if object_uid:
        found = found.filter(object_uid=str(object_uid))
    if actor_id is not None:
        found = found.filter(actor_id=actor_id)
    return found.filter(action__startswith=action) if action else found


def audit_head() -> tuple[int, str]:
    """(sequence, seal) of the newest entry, to be anchored outside; (0, GENESIS) for an empty log."""
    newest = AuditEntry.objects.order_by("-sequence").values_list("sequence", "mac").first()
    return newest or (0, GENESIS)


def audit_breaks(*, anchors: dict[int, str] | None = None) -> Iterator[str]:
    """What is wrong with the chain of the tenant in scope, in words; nothing when it is whole.

    Sees an edited entry, a gap, a cut tail, a forged head, and an entry that differs from an anchor kept outside
    (sequence -> seal), which is what betrays a whole database put back to an older state.
    """
    tenant_id, keys, anchors = required_tenant_id(), audit_keys(), dict(anchors or {})
    expected, previous = 1, GENESIS
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=2000):
        if entry.sequence != expected:
            yield f"audit entries {expected} to {entry.sequence - 1} are missing"
            expected = entry.sequence
        key = keys.get(entry.key_id)
        if key is None:
            yield f"audit entry {entry.sequence} was sealed with the key {entry.key_id}, which neither SPM_AUDIT_KEY nor SPM_AUDIT_RETIRED_KEYS gives"
        else:
            facts = {name: getattr(entry, name) for name in ("sequence", "at", "actor_id", "action", "object_type", "object_uid", "before", "after")}
            if not hmac.compare_digest(entry.mac, entry_mac(key, previous=previous, tenant_id=tenant_id, **facts)):
                yield f"audit entry {entry.sequence} ({entry.action}) does not match its seal: it, or the one before it, was changed"
        anchored = anchors.pop(entry.sequence, None)
        if anchored is not None and not hmac.compare_digest(anchored, entry.mac):
            yield f"audit entry {entry.sequence} differs from the anchor that was kept outside the database"
        expected, previous = entry.sequence + 1, entry.mac
    yield from _head_breaks(tenant_id, keys, newest=expected - 1, seal=previous)
    for sequence in sorted(anchors):
        yield f"audit entry {sequence} was anchored outside the database, but the log ends at {expected - 1}"


def _head_breaks(tenant_id: int, keys: dict[str, bytes], *, newest: int, seal: str) -> Iterator[str]:
    head = AuditHead.objects.first()
    if head is None:
        if newest:
            yield f"the head of the audit chain is missing, though there are entries up to {newest}"
        return
    if head.sequence > newest:
        yield f"the audit log ends at {newest}, but its head says {head.sequence}: the tail was cut off"
    elif head.sequence < newest:
        yield f"the audit log goes on to {newest}, but its head says {head.sequence}"
    key = keys.get(head.key_id)
    if key is None:
        yield f"the head of the audit chain was sealed with the unknown key {head.key_id}"
    elif head.sequence == newest and not hmac.compare_digest(head.mac, head_mac(key, tenant_id=tenant_id, sequence=newest, newest=seal)):
        yield "the head of the audit chain does not match its seal: the head or the tail was changed"
