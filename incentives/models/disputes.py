"""Disputes: what a payee holds to be wrong in his pay, who has to answer, and everything that was said and done about it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantForeignKey, TenantModel


class Dispute(TenantModel):
    """A payee disputes the statement of a period: as a whole, a line of it (order and component), an amount, or a deal that is missing.

    It stands on source record and component, never on a derived credit. What was filed stays as filed; where it is now (`state`,
    `due_on`) is what its last event says. `order_text` is the deal as the payee named it. `manager` is who answers first, by the
    reporting line of `routed_on`; null where nobody above had access, and the compensation team answers alone. Free texts are emptied
    when the payee is erased.
    """

    class Subject(models.TextChoices):
        STATEMENT = "statement", _("The whole statement")
        LINE = "line", _("A line")
        AMOUNT = "amount", _("An amount")
        MISSING = "missing", _("A missing deal")

    class Category(models.TextChoices):
        AMOUNT = "amount", _("Wrong amount of the deal")
        CREDIT = "credit", _("Wrong share or wrong person credited")
        PAY_RATE = "pay_rate", _("Wrong pay rate or tier")
        QUOTA = "quota", _("Wrong quota")
        PERIOD = "period", _("Wrong period")
        MISSING = "missing", _("Deal not credited")
        RECOVERY = "recovery", _("Wrong recovery, draw or hold")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        MANAGER = "manager", _("With the manager")
        TEAM = "team", _("With the compensation team")
        ESCALATED = "escalated", _("Escalated")
        APPROVED = "approved", _("Approved")
        PARTIAL = "partial", _("Partly approved")
        DENIED = "denied", _("Denied")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    number = models.PositiveIntegerField()
    payee = TenantForeignKey("people.Payee", related_name="disputes")
    period = TenantForeignKey("calendars.Period", related_name="+")
    subject = models.CharField(max_length=10, choices=Subject.choices)
    category = models.CharField(max_length=10, choices=Category.choices)
    order = TenantForeignKey("sales.Order", null=True, blank=True, related_name="+")
    line = models.CharField(max_length=200, blank=True)
    order_text = models.CharField(max_length=200, blank=True)
    component = models.CharField(max_length=64, blank=True)
    text = models.TextField()
    amount = models.BigIntegerField(null=True, blank=True)
    amount_scale = models.SmallIntegerField(default=2)
    currency = models.CharField(max_length=3)
    manager = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    routed_on = models.DateField()
    filed_by_id = models.BigIntegerField(null=True, blank=True)
    filed_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices)
    due_on = models.DateField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["tenant", "payee", "period"], name="incentives_dispute_payee"),
            models.Index(fields=["tenant", "period"], condition=models.Q(state__in=["manager", "team", "escalated"]), name="incentives_dispute_open"),
        ]
        constraints = [
            AppendOnly(name="incentives_dispute_grow", except_columns=["state", "due_on", "changed_at", "text", "order_text"]),
            models.UniqueConstraint(fields=["tenant", "number"], name="incentives_dispute_number"),
            models.CheckConstraint(condition=models.Q(amount_scale__gte=0, amount_scale__lte=6), name="incentives_dispute_scale"),
        ]


class DisputeEvent(TenantModel):
    """One thing said or done; `state` is where the dispute stands after it. Events only grow.

    means: by which way of the product a decision reaches pay, with what it left there: an entry of the ledger (`entry_uid`), a result
    set by hand, a hold that was lifted, or the change set that corrected the record (`change_number`).
    """

    class Kind(models.TextChoices):
        FILED = "filed", _("Filed")
        COMMENTED = "commented", _("Comment")
        PASSED = "passed", _("Passed on")
        RESOLVED = "resolved", _("Decided")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        ESCALATED = "escalated", _("Escalated")

    class Means(models.TextChoices):
        ADJUSTMENT = "adjustment", _("An amount posted by hand")
        RESULT = "result", _("The deal's result set by hand")
        RELEASE = "release", _("A hold lifted")
        CORRECTION = "correction", _("A corrected record, calculated again")

    dispute = TenantForeignKey(Dispute, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=Dispute.State.choices)
    text = models.TextField(blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    means = models.CharField(max_length=10, choices=Means.choices, blank=True)
    entry_uid = models.UUIDField(null=True, blank=True)
    result = TenantForeignKey("incentives.ResultOverride", null=True, blank=True, related_name="+")
    hold = TenantForeignKey("incentives.Hold", null=True, blank=True, related_name="+")
    change_number = models.BigIntegerField(null=True, blank=True)
    # What went wrong with the mail about it, for those who read the timeline.
    mail_error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [AppendOnly(name="incentives_disputeevent_grow", except_columns=["text", "mail_error"])]


class DisputeFile(TenantModel):
    """A file that came with an event. It is handed out as a download alone; its content goes when the payee is erased."""

    event = TenantForeignKey(DisputeEvent, related_name="files")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]
        constraints = [AppendOnly(name="incentives_disputefile_grow", except_columns=["name", "content"])]
