"""Plan A against plan B over sales that have happened: what was asked, and what came out."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantForeignKey, TenantModel


class PlanComparison(TenantModel):
    """Two plan versions, drafts allowed, computed on the seats under the first one's plan, over [start, end) as known at
    `known_number`. Nothing is posted. `summary` holds amounts as exact texts; `people` is [payee id, first, second] for
    everybody, amounts as texts too: ids alone, so that erasing a person leaves it standing."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    first = TenantForeignKey("incentives.PlanVersion", related_name="+")
    second = TenantForeignKey("incentives.PlanVersion", related_name="+")
    start = models.DateField()
    end = models.DateField()
    known_number = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    currency = models.CharField(max_length=3)
    summary = models.JSONField(default=dict)
    people = models.JSONField(default=list)
    error = models.TextField(blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="incentives_plancomparison_ordered")]
