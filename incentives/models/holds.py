"""Holds: a person keeps a deal's pay back until it is lifted."""

from __future__ import annotations

from django.db import models

from spm.tenancy.models import TenantForeignKey, TenantModel


class Hold(TenantModel):
    """What the order pays, of one component or of all (""), to one payee or to all, waits until the hold is lifted.

    It stands on the source record, never on a derived credit. Runs know it by change number, like every input: it is known from
    `placed_in` until `lifted_in`.
    """

    order = TenantForeignKey("sales.Order", related_name="+")
    component = models.CharField(max_length=64, blank=True)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=400)
    placed_in = TenantForeignKey("tenancy.ChangeSet", related_name="+")
    placed_by_id = models.BigIntegerField(null=True, blank=True)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_in = TenantForeignKey("tenancy.ChangeSet", null=True, blank=True, related_name="+")
    lifted_by_id = models.BigIntegerField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-placed_at"]
