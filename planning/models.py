"""Territories and quotas: dated, on positions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from spm.tenancy.models import DatedModel, TenantForeignKey, TenantModel

ORDERED = Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))


class Territory(TenantModel):
    """A part of the market."""

    code = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    group = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    parent = TenantForeignKey("self", null=True, blank=True, related_name="children")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="planning_territory_code")]


class TerritoryAssignment(DatedModel):
    """A position covers a territory in [valid_from, valid_to)."""

    no_overlap_keys = ("position", "territory")
    position = TenantForeignKey("people.Position", related_name="territories")
    territory = TenantForeignKey(Territory, related_name="positions")

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="planning_ta_ordered")]


class Quota(DatedModel):
    """A target of a position for a measure over the window [valid_from, valid_to): amount / 10 ** amount_scale in `currency`."""

    no_overlap_keys = ("position", "measure")
    position = TenantForeignKey("people.Position", related_name="quotas")
    measure = models.CharField(max_length=80)
    amount = models.BigIntegerField()
    amount_scale = models.PositiveSmallIntegerField(default=2)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(valid_to__isnull=False) & Q(valid_to__gt=F("valid_from")), name="planning_quota_ordered"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="planning_quota_positive"),
        ]
