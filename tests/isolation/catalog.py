"""Builds one row per tenant table from the catalogue alone, so that a new table enters the isolation tests by existing."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from spm.tenancy.models import TenantRow

_serial = itertools.count(1)
# What a table's own checks ask for beyond types.
GIVEN: dict[str, dict[str, Any]] = {"incentives.LedgerEntry": {"cause": "manual"}, "sales.CategoryParent": {"parent": "top"}}


def tenant_models() -> list[type[TenantRow]]:
    return [m for m in apps.get_models(include_auto_created=True) if issubclass(m, TenantRow)]


def _value(field: models.Field, n: int) -> Any:
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.DecimalField):
        return Decimal(1)
    if field.name.endswith("scale"):
        return 2
    if isinstance(field, models.IntegerField):
        return n % 30000 if isinstance(field, models.SmallIntegerField | models.PositiveSmallIntegerField) else n
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return dt.date(2020, 1, 1) + dt.timedelta(days=2 * n + (1 if field.name in {"valid_to", "ends", "end", "period_end"} else 0))
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return b"x"
    if isinstance(field, models.EmailField):
        return f"e{n}@example.com"
    if isinstance(field, models.CharField | models.TextField):
        return f"v{n}"[: field.max_length or 20]
    raise AssertionError(f"No sample value for {field.model.__name__}.{field.name}: teach tests/isolation/catalog.py the type {type(field).__name__}.")


def make_row(model: type[models.Model], made: dict[type, models.Model] | None = None, depth: int = 0, **given: Any) -> models.Model:
    """One valid row of the model in the tenant in scope, with the rows that it needs."""
    made = {} if made is None else made
    n = next(_serial)
    values: dict[str, Any] = {**GIVEN.get(model._meta.label, {}), **given}
    for field in model._meta.concrete_fields:
        if field.name in values or field.primary_key or field.name == "tenant":
            continue
        if isinstance(field, models.ForeignKey):
            if field.null and field.name != "known_from":
                continue
            target = field.remote_field.model
            if depth == 0 or target not in made or isinstance(field, models.OneToOneField) or field.name == "manager":
                row = make_row(target, made, depth + 1)
                made[target] = row
            values[field.name] = made[target]
            continue
        if field.has_default() and not field.unique and field.name not in {"amount"} and not isinstance(field, models.UUIDField):
            continue
        if field.null and field.name != "valid_to":
            continue
        values[field.name] = _value(field, n)
    row = model(**values)
    row.save(force_insert=True)
    return row
