"""Writing the audit log, in the same transaction as the change that it tells of."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import connection
from django.utils import timezone

from spm.audit.chain import GENESIS, canonical, entry_mac, head_mac, payload_check
from spm.audit.keys import audit_key
from spm.audit.models import AuditEntry, AuditHead
from spm.tenancy.base import TenantModel
from spm.tenancy.scope import required_tenant_id


def audit_record(
    *, action: str, target: TenantModel | None = None, object_type: str = "", object_uid: uuid.UUID | str = "",
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, actor_id: int | None = None,
) -> AuditEntry:  # fmt: skip
    """Appends one entry to the chain of the tenant in scope; it is kept or lost together with the caller's change.

    action: "object.verb", for instance "plan.activate". The object is `target`, or `object_type` and `object_uid`.
    before, after: what changed; texts, whole numbers, booleans, lists and dicts only, amounts as text. Personal data raises
    NotForTheLog. A lock per tenant is held until the caller's transaction ends: record late in a long one.
    """
    if target is not None:
        object_type, object_uid = target._meta.label_lower, target.uid
    if not action or not object_type or not str(object_uid):
        raise ValueError("audit_record needs an action and an object: target=, or object_type= and object_uid=.")
    for name, payload in (("before", before), ("after", after)):
        payload_check(payload, name)
    before, after = (None if payload is None else json.loads(canonical(payload)) for payload in (before, after))
    tenant_id = required_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit', %s))", [tenant_id])
    head = AuditHead.objects.first()
    newest = AuditEntry.objects.order_by("-sequence").first() if head else None
    current_id, key = audit_key()
    facts: dict[str, Any] = {
        "sequence": (head.sequence if head else 0) + 1, "at": timezone.now(), "actor_id": actor_id, "action": action,
        "object_type": object_type, "object_uid": str(object_uid), "before": before, "after": after,
    }  # fmt: skip
    mac = entry_mac(key, previous=newest.mac if newest else GENESIS, tenant_id=tenant_id, **facts)
    entry = AuditEntry.objects.create(**facts, key_id=current_id, mac=mac)
    sealed = {"sequence": entry.sequence, "key_id": current_id, "mac": head_mac(key, tenant_id=tenant_id, sequence=entry.sequence, newest=mac)}
    if head is None:
        AuditHead.objects.create(**sealed)
    else:
        AuditHead.objects.filter(pk=head.pk).update(**sealed)
    return entry
