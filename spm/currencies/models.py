"""Dated currency rates by named type (for example: daily reference, monthly average, plan)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from spm.tenancy.models import DatedModel


class FxRate(DatedModel):
    """How many units of `quote` one unit of `base` costs, valid in [valid_from, valid_to), of a named rate type."""

    no_overlap_keys = ("rate_type", "base", "quote")

    rate_type = models.SlugField(max_length=40)
    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    fx_rate = models.DecimalField(max_digits=24, decimal_places=10)

    class Meta:
        indexes = [models.Index(fields=["tenant", "rate_type", "base", "quote", "valid_from"], name="currencies_fx_lookup")]
        constraints = [
            models.CheckConstraint(condition=Q(fx_rate__gt=0), name="currencies_fx_positive"),
            models.CheckConstraint(condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="currencies_fx_ordered"),
        ]
