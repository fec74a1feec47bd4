"""Plan A against plan B over sales that have happened: what was asked, and what came out."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from incentives.models.kept import KeptAnswer
from spm.tenancy.models import TenantForeignKey


class PlanComparison(KeptAnswer):
    """Two plan versions, drafts allowed, computed on the seats under the first one's plan, over [start, end) as known at
    `known_number`. Nothing is posted. `summary` holds amounts as exact texts; `people` is [payee id, first, second] for
    everybody, amounts as texts too: ids alone, so that erasing a person leaves it standing."""

    first = TenantForeignKey("incentives.PlanVersion", related_name="+")
    second = TenantForeignKey("incentives.PlanVersion", related_name="+")
    start = models.DateField()
    end = models.DateField()
    known_number = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    summary = models.JSONField(default=dict)
    people = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="incentives_plancomparison_ordered")]
