"""Results set by hand: what one deal pays, in place of what was calculated, until it is taken back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from spm.tenancy.models import TenantForeignKey, TenantModel


class ResultOverride(TenantModel):
    """The order pays `amount` / 10 ** `amount_scale` to the payee in the component, whatever is calculated.

    It stands on the source record and the component, never on a derived credit. Runs know it by change number, from `placed_in` until
    `lifted_in`; they go on calculating and post the difference by itself, under the cause "manual adjustment". `calculated` is the
    old value: what the last run had calculated when it was placed (null: no run had).
    """

    order = TenantForeignKey("sales.Order", related_name="+")
    component = models.CharField(max_length=64)
    payee = TenantForeignKey("people.Payee", related_name="+")
    amount = models.BigIntegerField()
    amount_scale = models.SmallIntegerField(default=2)
    currency = models.CharField(max_length=3)
    calculated = models.BigIntegerField(null=True, blank=True)
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
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "order", "component", "payee"], condition=Q(lifted_in__isnull=True), name="incentives_resultoverride_once"
            ),
            models.CheckConstraint(condition=Q(amount_scale__gte=0, amount_scale__lte=6), name="incentives_resultoverride_scale"),
        ]
