"""Territories, who holds them and which accounts are in them, and quotas: dated, on positions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

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


class AccountTerritory(DatedModel):
    """An account belongs to a territory in [valid_from, valid_to), to one at a time."""

    no_overlap_keys = ("account",)
    account = TenantForeignKey("sales.Account", related_name="+")
    territory = TenantForeignKey(Territory, related_name="accounts")

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="planning_at_ordered")]


class TerritoryCrediting(DatedModel):
    """Orders of a source with a date in [valid_from, valid_to) are credited by territory. source "": of every source without a rule of its own."""

    class Priority(models.TextChoices):
        OWNER = "owner", _("The owner that the source names, else the holder of the territory")
        TERRITORY = "territory", _("The holder of the territory")

    no_overlap_keys = ("source",)
    source = models.CharField(max_length=40, blank=True)
    priority = models.CharField(max_length=12, choices=Priority.choices)

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="planning_tc_ordered")]


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
