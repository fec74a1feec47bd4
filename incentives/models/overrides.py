"""Results set by hand: what one deal pays, in place of what was calculated, until it is taken back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incentives.models.decisions import DealDecision
from spm.tenancy.models import TenantForeignKey


class ResultOverride(DealDecision):
    """The order pays `amount` / 10 ** `amount_scale` to the payee in the component, whatever is calculated.

    Runs go on calculating and post the difference by itself, under the cause "manual adjustment". `calculated` is the old value: what
    the last run had calculated when it was placed (null: no run had).
    """

    component = models.CharField(max_length=64)
    payee = TenantForeignKey("people.Payee", related_name="+")
    amount = models.BigIntegerField()
    amount_scale = models.SmallIntegerField(default=2)
    currency = models.CharField(max_length=3)
    calculated = models.BigIntegerField(null=True, blank=True)

    class Meta(DealDecision.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "order", "component", "payee"], condition=Q(lifted_in__isnull=True), name="incentives_resultoverride_once"
            ),
            models.CheckConstraint(condition=Q(amount_scale__gte=0, amount_scale__lte=6), name="incentives_resultoverride_scale"),
        ]
