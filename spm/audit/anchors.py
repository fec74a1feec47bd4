"""Anchors of the audit log: seals written outside the database by `verify`, by which a database put back in time shows.

One file per tenant under SPM_AUDIT_ANCHOR_DIR, lines only added. Copy the folder where the database's operators cannot write.
"""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from spm.tenancy.models import Tenant


def anchor_path(tenant: Tenant) -> Path:
    """The tenant's file; a database made anew has tenants made anew and starts a file of its own."""
    return Path(settings.AUDIT_ANCHOR_DIR) / f"{tenant.pk}-{tenant.created_at:%Y%m%dT%H%M%S%f}.jsonl"


def anchors_read(tenant: Tenant) -> dict[int, str]:
    """sequence -> seal of all anchors."""
    path = anchor_path(tenant)
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {line["sequence"]: line["mac"] for line in lines}


def anchor_add(tenant: Tenant, *, sequence: int, mac: str) -> None:
    """Adds a line for the newest entry; nothing for an empty log or one that has not grown."""
    if not sequence or sequence in anchors_read(tenant):
        return
    path = anchor_path(tenant)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps({"sequence": sequence, "mac": mac, "at": timezone.now().isoformat()}) + "\n")
