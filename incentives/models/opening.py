"""Opening balances: what stood in the system before this one on the day on which this one starts to count."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantForeignKey, TenantModel


class OpeningKind(models.TextChoices):
    """What a balance is. The first two belong to a period before the day; the others stand on the day."""

    CREDIT = "credit", _("Credited to date")
    PAID = "paid", _("Paid to date")
    DRAW = "draw", _("Draw outstanding")
    HELD = "held", _("On hold")
    CARRIED = "carried", _("Carried forward")
    CLAWBACK = "clawback", _("Open to clawback")


class OpeningEntry(TenantModel):
    """One posting to an opening balance: amount / 10 ** scale in `currency`. The balance of a key (seat, plan, kind, name, period)
    is the sum of its postings (clawback: by order too); a correction posts the difference. Never changed, never deleted.

    day: the first day that counts here. name: of a measure (credit), a draw (draw) or a component (paid, held, clawback). carried:
    above zero is owed to the payee, below zero by the payee. release_on: the day on which what is held is paid. order: the deal that
    paid what is open to clawback.
    """

    seat = TenantForeignKey("people.Seat", related_name="+", db_index=False)
    plan = TenantForeignKey("incentives.Plan", related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=OpeningKind.choices)
    name = models.CharField(max_length=64, blank=True)
    period = TenantForeignKey("calendars.Period", related_name="+", db_index=False)
    release_on = models.DateField(null=True, blank=True)
    order = TenantForeignKey("sales.Order", null=True, blank=True, related_name="+")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    scale = models.SmallIntegerField()
    source = models.CharField(max_length=40, blank=True)
    change_set = TenantForeignKey("tenancy.ChangeSet", related_name="+")

    class Meta:
        indexes = [models.Index(fields=["tenant", "seat", "plan"], name="incentives_opening_seat")]
        constraints = [
            AppendOnly(name="incentives_openingentry_grow"),
            models.CheckConstraint(condition=Q(scale__gte=0, scale__lte=6), name="incentives_opening_scale"),
        ]
