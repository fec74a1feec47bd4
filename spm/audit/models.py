"""The audit log: entries that only grow, each sealed over its predecessor, and the head of each tenant's chain."""

from __future__ import annotations

from django.db import models

from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantModel, TenantRow


class AuditEntry(TenantModel):
    """Who did what to which object: ids only, never a person's name, because entries outlive the person's data.

    `mac` seals the entry and the `mac` before it with a key that is not in the database; `key_id` tells which key.
    """

    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_uid = models.CharField(max_length=64)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    key_id = models.CharField(max_length=16)
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ["-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sequence"], name="audit_entry_sequence"),
            AppendOnly(name="audit_entry_grows"),
        ]
        indexes = [models.Index(fields=["tenant", "object_type", "object_uid", "sequence"], name="audit_entry_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"


class AuditHead(TenantRow):
    """The newest sequence number, sealed: cutting off the tail would need the key to make the head fit again."""

    sequence = models.BigIntegerField(default=0)
    key_id = models.CharField(max_length=16)
    mac = models.CharField(max_length=64)

    referenced = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="audit_head_one")]
