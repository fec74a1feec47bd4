"""Runs and what they found. Results are kept as spans of runs: a row says from which run it held and, later, until which."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import TenantForeignKey, TenantModel, TenantRow, tenant_by_keys


class Run(TenantModel):
    """One walk of the chain for a tenant, pinned to a change number. `stages` holds when each stage started and ended, so that a
    restart takes up where a killed one stopped; the lease and its fence are the job's (spm.jobs)."""

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", _("Nightly")
        MANUAL = "manual", _("By hand")
        PAYEE = "payee", _("One payee")
        REPLAY = "replay", _("Replay")

    class State(models.TextChoices):
        PENDING = "pending", _("Being opened")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    known_number = models.BigIntegerField()
    # The day on which it counts as run in the tenant's time zone: periods that have not begun by then earn nothing yet.
    business_date = models.DateField()
    base = TenantForeignKey("self", null=True, blank=True, related_name="+")
    is_full = models.BooleanField(default=True)
    full_because = models.CharField(max_length=200, blank=True)
    period = TenantForeignKey("calendars.Period", null=True, blank=True, related_name="+")
    # A run for one payee alone; what it left stands for nobody else, and no later run builds on it.
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    replay_of = TenantForeignKey("self", null=True, blank=True, related_name="replays")
    inputs_hash = models.CharField(max_length=64, blank=True)
    results_hash = models.CharField(max_length=64, blank=True)
    engine_version = models.CharField(max_length=40)
    chunk_size = models.PositiveIntegerField()
    amount_scale = models.PositiveSmallIntegerField(default=4)
    # The background job that walks it; a restarted job takes its own run up again.
    job_id = models.BigIntegerField(null=True, blank=True)
    stages = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="incentives_run_number"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(state="running"), name="incentives_run_one_running"),
        ]

    def __str__(self) -> str:
        return f"Run {self.number}"


class RunChunk(TenantRow):
    """A chunk of payees of a run, without any what nobody owns. Each is an idempotent step."""

    class State(models.TextChoices):
        TODO = "todo", _("To do")
        DONE = "done", _("Done")

    referenced = False
    run = TenantForeignKey(Run, related_name="chunks")
    number = models.PositiveIntegerField()
    payees = ArrayField(models.BigIntegerField(), default=list, blank=True)
    state = models.CharField(max_length=4, choices=State.choices, default=State.TODO)
    # The run that computed the totals in force: this one, or an earlier one since which nothing in the chunk changed.
    totals_of = TenantForeignKey(Run, related_name="+", db_index=False)
    rows_read = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "run", "number"], name="incentives_runchunk_once")]


class ChunkTotals(TenantRow):
    """Measures per assignment and period of one chunk under one plan version: what a later run reuses when nothing in the
    chunk changed. `body` is incentives.totals' binary form; managers: the seats to whose teams it contributes."""

    referenced = False
    run = TenantForeignKey(Run, related_name="+")
    plan_version = TenantForeignKey("incentives.PlanVersion", null=True, blank=True, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    body = models.BinaryField()
    managers = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "run", "plan_version", "number"], name="incentives_chunktotals_once", nulls_distinct=False)]


class RunResult(TenantRow):
    """What an assignment measured and earned in a period under a plan version; in force from run_from until run_to.

    earned is the sum of all components at `scale`; attainment the plan's first one (rounded to 12 decimals, for
    comparing and sorting; the exact figure is in the body). body: compressed JSON {"figures": {name: exact text},
    "components": {name: exact text}}; hash: its SHA-256, which is what runs compare.
    """

    referenced = False
    keys_by_statement = ("payee", "seat", "plan_version", "period", "run_from")
    tenant = tenant_by_keys()
    payee = TenantForeignKey("people.Payee", related_name="+", db_index=False)
    seat = TenantForeignKey("people.Seat", related_name="+", db_index=False)
    plan_version = TenantForeignKey("incentives.PlanVersion", related_name="+", db_index=False)
    period = TenantForeignKey("calendars.Period", related_name="+", db_index=False)
    attainment = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    earned = models.BigIntegerField()
    scale = models.SmallIntegerField()
    body = models.BinaryField()
    hash = models.BinaryField()
    run_from = TenantForeignKey(Run, related_name="+", db_index=False)
    run_to = TenantForeignKey(Run, related_name="+", null=True, blank=True, db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "payee", "period"], name="incentives_runresult_payee"),
            models.Index(fields=["tenant", "run_from"], name="incentives_runresult_run"),
            models.Index(fields=["tenant", "period"], condition=Q(run_to__isnull=True), name="incentives_runresult_now"),
        ]
        constraints = [
            AppendOnly(name="incentives_runresult_grow", except_columns=["run_to_id"]),
            models.UniqueConstraint(fields=["tenant", "seat", "plan_version", "period"], condition=Q(run_to__isnull=True), name="incentives_runresult_current"),
        ]


class RunIssue(TenantModel):
    """A named exception on one payee, component and period; it stops no other. In force from run_from until run_to."""

    payee = TenantForeignKey("people.Payee", related_name="+")
    seat = TenantForeignKey("people.Seat", related_name="+")
    plan_version = TenantForeignKey("incentives.PlanVersion", related_name="+")
    period = TenantForeignKey("calendars.Period", related_name="+")
    component = models.CharField(max_length=64)
    problem = models.TextField()
    run_from = TenantForeignKey(Run, related_name="+")
    run_to = TenantForeignKey(Run, related_name="+", null=True, blank=True)


class UncreditedOrder(TenantModel):
    """An order that no rule credited and no exclusion explains, with the reason. In force from run_from until run_to.

    is_part: `amount` is what is left of an order whose other lines are credited or explained; one row for each reason.
    """

    order = TenantForeignKey("sales.Order", related_name="+", db_index=False)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+", db_index=False)
    event_date = models.DateField()
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    reason = models.CharField(max_length=40)
    is_part = models.BooleanField(default=False)
    run_from = TenantForeignKey(Run, related_name="+", db_index=False)
    run_to = TenantForeignKey(Run, related_name="+", null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "event_date", "id"], condition=Q(run_to__isnull=True), name="incentives_uncredited_now")]


class RunExclusion(TenantRow):
    """How many orders a named exclusion of a plan took in a run, and their amount at source scale."""

    referenced = False
    run = TenantForeignKey(Run, related_name="exclusions")
    plan_version = TenantForeignKey("incentives.PlanVersion", related_name="+")
    name = models.CharField(max_length=100)
    count = models.BigIntegerField()
    amount = models.DecimalField(max_digits=30, decimal_places=6)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "run", "plan_version", "name"], name="incentives_runexclusion_once")]
