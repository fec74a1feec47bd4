"""A plan year rolled forward: what is proposed for the next year, and what a confirmation made of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantForeignKey, TenantModel


class YearRollForward(TenantModel):
    """The proposal for the year after `year` of a calendar. items: what a reviewer saw (incentives.rollforward); nothing is written
    before it is confirmed. made: ids of what the confirmation wrote, by kind."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        DONE = "done", _("Done")
        UNDONE = "cancelled", _("Cancelled")

    calendar = TenantForeignKey("calendars.FiscalCalendar", related_name="+")
    year = models.CharField(max_length=32)
    quota_factor = models.DecimalField(max_digits=9, decimal_places=4, default=1)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    items = models.JSONField(default=list)
    made = models.JSONField(default=dict)
    actor_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
