"""Fiscal calendars of a tenant and their periods."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import DatedModel, TenantForeignKey, TenantModel


class FiscalCalendar(TenantModel):
    """A named way to cut time: months, quarters, 4-4-5, biweekly, semi-monthly or custom windows."""

    class Kind(models.TextChoices):
        MONTH = "month", _("Months")
        QUARTER = "quarter", _("Quarters")
        WEEKS_445 = "445", _("4-4-5 weeks")
        BIWEEKLY = "biweekly", _("Fourteen days")
        SEMI_MONTHLY = "semi_monthly", _("1-15 and 16-end")
        CUSTOM = "custom", _("Custom windows")

    code = models.SlugField(max_length=63)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    year_start_month = models.PositiveSmallIntegerField(default=1)
    is_default = models.BooleanField(default=False)
    # What else the kind needs (spm.calendars.generate.CalendarRules): pattern, year_end_weekday, year_end_rule, week53, anchor.
    rules = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="calendars_calendar_code"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_default=True), name="calendars_calendar_default"),
        ]


class Period(TenantModel):
    """A half-open window [starts, ends) of a calendar. `quarter` and `year` group periods for accumulators."""

    calendar = TenantForeignKey(FiscalCalendar, on_delete=models.PROTECT, related_name="periods")
    code = models.CharField(max_length=32)
    starts = models.DateField()
    ends = models.DateField()
    quarter = models.CharField(max_length=32, blank=True)
    year = models.CharField(max_length=32)

    class Meta:
        ordering = ["starts"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "calendar", "code"], name="calendars_period_code"),
            models.UniqueConstraint(fields=["tenant", "calendar", "starts"], name="calendars_period_starts"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="calendars_period_ordered"),
        ]

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.ends - self.starts).days


class Holiday(DatedModel):
    """Nobody works in [valid_from, valid_to), in a country of legal entities or, where it is empty, everywhere."""

    no_overlap_keys = ("country",)

    country = models.CharField(max_length=2, blank=True, default="")
    name = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from"), valid_to__isnull=False), name="calendars_holiday_ordered")]
