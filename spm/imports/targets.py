"""What can be imported: every target with its fields, and the writer that takes its staged rows. Facts are read off their models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.sales import models as sales
from spm.sales.base import SalesVersion
from spm.sales.services import Written
from spm.tenancy.models import ChangeSet, TenantForeignKey

if TYPE_CHECKING:
    from spm.imports.loading import Load

# Amounts of a record beside its own, at the same scale.
_AMOUNTS = {"amount", "unit_price", "cost", "tcv", "acv", "arr_change"}
_FIXED = {"quantity": 4, "value": 2, "probability_ppm": 6}


@dataclass(frozen=True)
class Target:
    """A kind of row to import. `write` takes the resolved rows and returns what it did. take_back: undoes what was written under a
    change set, under a new one, and returns how many rows; for targets whose records are neither facts nor dated rows."""

    name: str
    label: str | Promise
    fields: tuple[Field, ...]
    write: Callable[[Load], Written]
    identity: tuple[str, ...] = ("external_id",)
    model: type[SalesVersion] | None = None
    tables: tuple[str, ...] = ()
    take_back: Callable[[ChangeSet, ChangeSet], int] | None = None

    @cache  # noqa: B019 (targets live as long as the process)
    def by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> Field:
        """A field; ImportFault tells which there are. `attributes.x` is any named value where the target keeps attributes."""
        found = self.by_name().get(name)
        head, dot, tail = name.partition(".")
        if found is None and dot and tail.isidentifier() and f"{head}.*" in self.by_name():
            pattern = self.by_name()[f"{head}.*"]
            found = Field(name, pattern.kind, column=pattern.column, max_length=200)
        if found is None:
            raise ImportFault(
                gettext_noop("%(name)s has no field %(name2)s; its fields are %(by_name)s."),
                name=self.name,
                name2=repr(name),
                by_name=", ".join(self.by_name()),
            )
        return found


_targets: dict[str, Target] = {}


def target_register(target: Target) -> None:
    """Adds a target; apps above the kernel register their own."""
    _targets[target.name] = target


def target_get(name: str) -> Target:
    """A target by its name in mapping documents."""
    if name not in _targets:
        raise ImportFault(gettext_noop("There is no target %(name)s; targets are %(targets)s."), name=repr(name), targets=", ".join(sorted(_targets)))
    return _targets[name]


def targets() -> list[Target]:
    """All targets, by name."""
    return [_targets[name] for name in sorted(_targets)]


def _fact_fields(model: type[SalesVersion]) -> tuple[Field, ...]:
    found = [Field("external_id", "text", required=True, max_length=120)]
    for f in model._meta.concrete_fields:
        if f.name in {"id", "tenant", "record", "change_set", "tombstone", "amount_scale", "value_scale", "has_splits", "source_payee", "credited_by"}:
            continue
        default = f.get_default()
        needed = not f.null and not f.has_default() and not (isinstance(f, models.CharField) and f.blank)
        common: dict[str, Any] = {"column": f.column, "required": needed, "nullable": f.null, "default": default}
        if isinstance(f, TenantForeignKey):
            found.append(Field(f.name, "ref", to=f.remote_field.model._meta.label, **common))
        elif f.name == "currency_code":
            found.append(Field("currency", "currency", **common))
        elif f.name in _AMOUNTS:
            found.append(Field(f.name, "money", **{**common, "required": f.name == "amount"}))
        elif f.name in _FIXED:
            found.append(Field(f.name.removesuffix("_ppm"), "fixed", scale=_FIXED[f.name], **common))
        elif f.choices:
            found.append(Field(f.name, "choice", choices=_choices(model, f.name), **common))
        elif isinstance(f, models.JSONField):
            found.append(Field(f"{f.name}.*", "text", column=str(f.column)))
        elif isinstance(f, models.BooleanField):
            found.append(Field(f.name, "flag", **common))
        elif isinstance(f, models.IntegerField):
            found.append(Field(f.name, "integer", **common))
        elif isinstance(f, models.DateTimeField):
            found.append(Field(f.name, "moment", **common))
        elif isinstance(f, models.DateField):
            found.append(Field(f.name, "date", **common))
        else:
            found.append(Field(f.name, "text", max_length=f.max_length or 0, **common))
    return tuple(found)


def _choices(model: type[models.Model], name: str) -> tuple[tuple[str, int], ...]:
    enum: Any = {"kind": sales.DealKind, "channel": sales.Channel, "status": sales.OrderStatus}[name]
    return tuple((member.name.lower(), member.value) for member in enum)


def _facts() -> None:
    from spm.imports.writers import facts_write, lines_write

    kinds: dict[str, tuple[Any, type[SalesVersion]]] = {
        "order": (_("Orders"), sales.OrderVersion),
        "order_line": (_("Order lines"), sales.OrderLineVersion),
        "account": (_("Accounts"), sales.AccountVersion),
        "product": (_("Products"), sales.ProductVersion),
        "opportunity": (_("Opportunities"), sales.OpportunityVersion),
        "invoice": (_("Invoices"), sales.InvoiceVersion),
        "payment": (_("Payments"), sales.PaymentVersion),
        "return": (_("Returns"), sales.ReturnVersion),
        "activity": (_("Activities"), sales.ActivityVersion),
        "lead": (_("Leads"), sales.LeadVersion),
        "campaign": (_("Campaigns"), sales.CampaignVersion),
        "case": (_("Support cases"), sales.SupportCaseVersion),
        "kpi": (_("KPI values"), sales.KpiValueVersion),
    }
    for name, (label, model) in kinds.items():
        fields = _fact_fields(model)
        if name == "order_line":
            # The order says who sold it and when.
            fields = tuple(replace(f, required=f.required and f.name != "currency") for f in fields if f.name not in {"payee", "order_date"})
        record: Any = cast(Any, model)._meta.get_field("record").related_model
        tables = (record._meta.db_table, model._meta.db_table)
        target_register(Target(name, label, fields, lines_write if name == "order_line" else facts_write, model=model, tables=tables))


def register_all() -> None:
    """Called once when the app is ready."""
    from spm.imports import dated, plain, splits

    _facts()
    plain.register()
    dated.register()
    splits.register()
