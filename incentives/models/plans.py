"""Plans are documents: a plan, its versions (text kept as written), and who is under it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.constraints import TableGuard, short_name
from spm.tenancy.models import DatedModel, TenantForeignKey, TenantModel

ORDERED = Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))


class FrozenOnceUsed(TableGuard):
    """A trigger: once a row has left the state `draft`, the named columns never change and the row cannot be deleted."""

    def __init__(self, *, name: str, columns: tuple[str, ...] | list[str]) -> None:
        super().__init__(name=name)
        self.columns = tuple(columns)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "columns": list(self.columns)}

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        table, name = schema_editor.quote_name(model._meta.db_table), short_name(self.name)
        changed = " OR ".join(f'NEW."{c}" IS DISTINCT FROM OLD."{c}"' for c in self.columns)
        return [
            "CREATE OR REPLACE FUNCTION spm_frozen() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ BEGIN "
            "RAISE EXCEPTION 'table %: row % is in use and frozen: % refused; write a new version', TG_TABLE_NAME, OLD.id, TG_OP "
            "USING ERRCODE = 'restrict_violation'; END $$",
            f'CREATE TRIGGER "{name}_u" BEFORE UPDATE ON {table} FOR EACH ROW '
            f"WHEN (OLD.state <> 'draft' AND (NEW.state = 'draft' OR {changed})) EXECUTE FUNCTION spm_frozen()",
            f"CREATE TRIGGER \"{name}_d\" BEFORE DELETE ON {table} FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION spm_frozen()",
        ]

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        return [f'DROP TRIGGER IF EXISTS "{short_name(self.name)}_{suffix}" ON {table}' for suffix in "ud"]


class Plan(TenantModel):
    """An incentive plan by its key. Its rules are in its versions."""

    code = models.SlugField(max_length=64)
    title = models.CharField(max_length=200)
    calendar = TenantForeignKey("calendars.FiscalCalendar", related_name="plans")
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="incentives_plan_code")]

    def __str__(self) -> str:
        return self.title


class PlanVersion(TenantModel):
    """One text of a plan, in force over [effective_from, effective_to) from its activation on; frozen once used.

    Of several active versions that cover a day the one with the highest number is in force. `text` is the YAML as
    written, comments kept; `canonical` its canonical JSON; `digest` the SHA-256 of that; `engine` the semantics by
    which it is read for good.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    plan = TenantForeignKey(Plan, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    text = models.TextField()
    canonical = models.TextField()
    digest = models.CharField(max_length=64)
    engine = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)
    # The change sets in which it came into force and left it: a run that knows only earlier ones does not see it.
    activated_in = TenantForeignKey("tenancy.ChangeSet", related_name="+", null=True, blank=True)
    retired_in = TenantForeignKey("tenancy.ChangeSet", related_name="+", null=True, blank=True)
    created_by_id = models.BigIntegerField(null=True, blank=True)
    activated_by_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["plan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "number"], name="incentives_planversion_number"),
            models.CheckConstraint(condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")), name="incentives_planversion_ordered"),
            models.CheckConstraint(condition=Q(state="draft") | Q(activated_in__isnull=False), name="incentives_planversion_activated"),
            FrozenOnceUsed(
                name="incentives_planversion_frozen",
                columns=[
                    "plan_id",
                    "number",
                    "text",
                    "canonical",
                    "digest",
                    "engine",
                    "currency",
                    "effective_from",
                    "effective_to",
                    "activated_in_id",
                    "tenant_id",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan.code} {self.number}"


class PlanAssignment(DatedModel):
    """A seat is under a plan in [valid_from, valid_to). One seat may be under several plans."""

    no_overlap_keys = ("seat", "plan")
    seat = TenantForeignKey("people.Seat", related_name="plan_assignments")
    plan = TenantForeignKey(Plan, related_name="assignments")

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="incentives_planassignment_ordered")]
