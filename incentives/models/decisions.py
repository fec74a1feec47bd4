"""What a person decided of one deal, until it is taken back: the shape that holds and results set by hand share."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from spm.tenancy.models import TenantForeignKey, TenantModel


class DealDecision(TenantModel):
    """Stands on the source record, never on a derived credit. Runs know it by change number, like every input: it is known from
    `placed_in` until `lifted_in`. The payee reads `reason` on the statement.
    """

    order = TenantForeignKey("sales.Order", related_name="+")
    reason = models.CharField(max_length=400)
    placed_in = TenantForeignKey("tenancy.ChangeSet", related_name="+")
    placed_by_id = models.BigIntegerField(null=True, blank=True)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_in = TenantForeignKey("tenancy.ChangeSet", null=True, blank=True, related_name="+")
    lifted_by_id = models.BigIntegerField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_note = models.CharField(max_length=400, blank=True)

    class Meta:
        abstract = True
        ordering = ["-placed_at"]


def in_force(number: int) -> Q:
    """Decisions in force at a change number."""
    return Q(placed_in__number__lte=number) & (Q(lifted_in__isnull=True) | Q(lifted_in__number__isnull=True) | Q(lifted_in__number__gt=number))
