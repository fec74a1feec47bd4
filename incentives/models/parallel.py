"""A parallel run: the pays of an earlier system, by its file, against the ones made here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from incentives.models.kept import KeptAnswer
from spm.tenancy.models import TenantForeignKey, TenantRow


class ParallelBasis(models.TextChoices):
    """What of ours is compared: what a period earned, or what it paid."""

    EARNED = "earned", _("Earned, by the period in which it was earned")
    PAID = "paid", _("Paid, by the period in which it is paid")


class ParallelCause(models.TextChoices):
    """Why a cell differs, in the order in which causes are looked for (incentives.engine.parallel)."""

    SAME = "same", _("The same")
    ROUNDING = "rounding", _("Rounding, within a cent")
    CREDIT = "credit", _("Different credit")
    PAY_RATE = "pay_rate", _("Different pay rate")
    MISSING_OURS = "missing_ours", _("Missing here")
    MISSING_THEIRS = "missing_theirs", _("Missing in the file")
    NOT_MAPPED = "not_mapped", _("Not mapped")
    UNEXPLAINED = "unexplained", _("Unexplained")


class ParallelRun(KeptAnswer):
    """A named comparison as of a run. decimal: the mark of the file's numbers. words: their names of components and plans -> ours.
    summary: control totals by currency, amounts as exact texts; columns: which column was read as what."""

    name = models.CharField(max_length=200)
    file_name = models.CharField(max_length=200)
    basis = models.CharField(max_length=8, choices=ParallelBasis.choices, default=ParallelBasis.EARNED)
    run = TenantForeignKey("incentives.Run", related_name="+")
    again_of = TenantForeignKey("self", null=True, blank=True, related_name="+")
    columns = models.JSONField(default=dict)
    words = models.JSONField(default=dict)
    decimal = models.CharField(max_length=1, default=".")
    summary = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created_at"]


class ParallelFile(TenantRow):
    """The file of a comparison, compressed, until it is compared."""

    referenced = False
    parallel = TenantForeignKey(ParallelRun, related_name="files")
    content = models.BinaryField()


class ParallelRow(TenantRow):
    """One cell: payee, component and period. their_*: the words of the file, by which it can be compared again; payee and period are
    null where these say nothing to us (cause not_mapped, with `why`)."""

    referenced = False
    parallel = TenantForeignKey(ParallelRun, related_name="rows")
    cause = models.CharField(max_length=14, choices=ParallelCause.choices)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+", db_index=False)
    period = TenantForeignKey("calendars.Period", null=True, blank=True, related_name="+", db_index=False)
    plan = models.CharField(max_length=64, blank=True)
    component = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    their_payee = models.CharField(max_length=120, blank=True)
    their_component = models.CharField(max_length=200, blank=True)
    their_period = models.CharField(max_length=40, blank=True)
    theirs = models.DecimalField(max_digits=30, decimal_places=6, null=True, blank=True)
    ours = models.DecimalField(max_digits=30, decimal_places=6, null=True, blank=True)
    their_credit = models.DecimalField(max_digits=30, decimal_places=6, null=True, blank=True)
    our_credit = models.DecimalField(max_digits=30, decimal_places=6, null=True, blank=True)
    difference = models.DecimalField(max_digits=30, decimal_places=6)
    lines = models.CharField(max_length=200, blank=True)
    why = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "parallel", "cause"], name="incentives_parallelrow_cause")]
