"""The ledger only grows; statements and period states say what is open, approved and paid."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantForeignKey, TenantModel, tenant_by_keys


class Verb(models.TextChoices):
    """What an entry does. A run writes earned, adjusted and reversed; the others come with payment and recovery."""

    EARNED = "earned", _("Earned")
    HELD = "held", _("Held")
    RELEASED = "released", _("Released")
    ADVANCED = "advanced", _("Advanced")
    DRAWN = "drawn", _("Drawn")
    RECOVERED = "recovered", _("Recovered")
    CLAWED_BACK = "clawed_back", _("Clawed back")
    CARRIED = "carried", _("Carried")
    FORFEITED = "forfeited", _("Forfeited")
    WRITTEN_OFF = "written_off", _("Written off")
    ADJUSTED = "adjusted", _("Adjusted")
    REVERSED = "reversed", _("Reversed")
    PAID = "paid", _("Paid")


EARNED_VERBS = (Verb.EARNED, Verb.ADJUSTED, Verb.REVERSED)
"""What was earned; all other verbs say how it is paid."""


class Cause(models.TextChoices):
    """Why an amount changed. Where causes meet, the first in this order of substitution names the entry."""

    PLAN = "plan", _("Plan")
    ENGINE = "engine", _("Engine version")
    PEOPLE = "people", _("People")
    HIERARCHY = "hierarchy", _("Hierarchy")
    QUOTA = "quota", _("Quota")
    PAY_RATE = "pay_rate", _("Pay rate")
    FX_RATE = "fx_rate", _("Currency rate")
    CREDITING = "crediting", _("Crediting")
    DATA = "data", _("Data")
    MANUAL = "manual", _("Manual adjustment")


class LedgerEntry(TenantModel):
    """One posting: amount / 10 ** scale in `currency` under the key payee, seat, plan version, component, earning period,
    pay period, currency, legal entity. Never changed, never deleted; sums are the truth.

    earning_period is the period of origin: where it differs from pay_period, the entry came after that period closed.
    line_key makes a posting unique within its run, so that a repeated step cannot post twice. An entry without a run
    is an act of a person (`actor_id`, `note`).
    """

    referenced = False
    keys_by_statement = ("payee", "seat", "plan_version", "earning_period", "pay_period", "legal_entity", "run")
    tenant = tenant_by_keys()
    payee = TenantForeignKey("people.Payee", related_name="+", db_index=False)
    seat = TenantForeignKey("people.Seat", related_name="+", db_index=False)
    plan_version = TenantForeignKey("incentives.PlanVersion", related_name="+", db_index=False)
    component = models.CharField(max_length=64)
    earning_period = TenantForeignKey("calendars.Period", related_name="+", db_index=False)
    pay_period = TenantForeignKey("calendars.Period", related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    legal_entity = TenantForeignKey("people.LegalEntity", related_name="+", db_index=False)
    verb = models.CharField(max_length=12, choices=Verb.choices)
    amount = models.BigIntegerField()
    scale = models.SmallIntegerField()
    cause = models.CharField(max_length=10, choices=Cause.choices)
    run = TenantForeignKey("incentives.Run", null=True, blank=True, related_name="+", db_index=False)
    line_key = models.BinaryField()
    actor_id = models.BigIntegerField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)
    posted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "payee", "earning_period"],
                include=["seat", "plan_version", "component", "pay_period", "currency", "legal_entity", "verb", "amount", "scale", "cause"],
                name="incentives_ledger_payee",
            ),
            models.Index(fields=["tenant", "payee", "pay_period"], name="incentives_ledger_pay"),
        ]
        constraints = [
            AppendOnly(name="incentives_ledgerentry_grow"),
            models.UniqueConstraint(fields=["tenant", "run", "line_key"], name="incentives_ledger_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(scale__gte=0, scale__lte=6), name="incentives_ledger_scale"),
            models.CheckConstraint(condition=Q(run__isnull=False) | Q(cause="manual"), name="incentives_ledger_source"),
        ]


class PeriodState(TenantModel):
    """The state of a pay period for one pay group and legal entity. No row: open. frozen_at: since when runs post into later
    periods (null: they may post here)."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IN_REVIEW = "in_review", _("In review")
        APPROVED = "approved", _("Approved")
        CLOSED = "closed", _("Closed")
        PAID = "paid", _("Paid")

    period = TenantForeignKey("calendars.Period", related_name="states")
    pay_group = models.SlugField(max_length=40)
    legal_entity = TenantForeignKey("people.LegalEntity", related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by_id = models.BigIntegerField(null=True, blank=True)
    submitted_by_id = models.BigIntegerField(null=True, blank=True)
    approved_by_id = models.BigIntegerField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "period", "pay_group", "legal_entity"], name="incentives_periodstate_once")]


class Statement(TenantModel):
    """What a payee is told for a pay period. Its figures are the ledger's; approval freezes a hashed artefact of them."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IN_REVIEW = "in_review", _("In review")
        APPROVED = "approved", _("Approved")
        HELD = "held", _("Held")
        PAID = "paid", _("Paid")

    keys_by_statement = ("payee", "period")
    tenant = tenant_by_keys()
    payee = TenantForeignKey("people.Payee", related_name="statements")
    period = TenantForeignKey("calendars.Period", related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    hold_reason = models.CharField(max_length=400, blank=True)
    artefact_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "payee", "period"], name="incentives_statement_once")]


class StatementArtefact(TenantModel):
    """What was approved of a statement, for good: canonical JSON (incentives.selectors.artefacts), compressed; digest is the
    SHA-256 of the JSON in hex."""

    statement = TenantForeignKey(Statement, related_name="artefacts")
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            AppendOnly(name="incentives_artefact_grow"),
            models.UniqueConstraint(fields=["tenant", "statement"], name="incentives_artefact_once"),
        ]
