"""How figures of pay look: exact text, sums by currency, public ids for the inner ones that selectors carry."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from spm.access.selectors import visible_payees
from spm.api.authentication import Principal
from spm.api.visibility import today_of
from spm.calendars.models import Period
from spm.currencies.codes import minor_units
from spm.people.models import Payee


@extend_schema_field({"type": "string", "examples": ["1234.50", "1/3"]})
class ExactField(serializers.Field):
    """A Decimal as plain text, or a quotient that does not end as n/d."""

    def to_representation(self, value: Decimal | str) -> str:
        return f"{value:f}" if isinstance(value, Decimal) else str(value)


@extend_schema_field({"type": "string", "examples": ["1234.50"]})
class AmountField(serializers.Field):
    """An exact amount with at least the decimals of its currency; `row` leads to the object that has both."""

    def __init__(self, column: str, *, row: str = "", **kwargs: Any) -> None:
        self.column = column
        super().__init__(source=row or "*", read_only=True, **kwargs)

    def to_representation(self, row: Any) -> str | None:
        value: Decimal | None = getattr(row, self.column)
        if value is None:
            return None
        places = max(minor_units(row.currency), -int(value.as_tuple().exponent))
        return f"{value:.{places}f}"


class ByCurrency(serializers.DictField):
    """Currency code -> exact amount."""

    child = ExactField()


class FreshnessOut(serializers.Serializer):
    """Of which run the figures are, and how many changes were published since (0: all in)."""

    run = serializers.IntegerField(source="run.number", allow_null=True, default=None)
    computed_at = serializers.DateTimeField(allow_null=True)
    known_number = serializers.IntegerField()
    changes_since = serializers.IntegerField()


def uids_of(model: Any, ids: set[int]) -> dict[int, uuid.UUID]:
    """Inner id -> public id. One query."""
    return dict(model.objects.filter(pk__in=ids).values_list("pk", "uid"))


def period_of(uid: uuid.UUID) -> Period:
    """The period; 404 when there is none."""
    found = Period.objects.filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


def day_of(principal: Principal, period: Period) -> dt.date:
    """The date that decides who sees the pay of a period: its last day, or today while it runs."""
    return min(period.ends - dt.timedelta(days=1), max(today_of(principal), period.starts))


def payee_on(principal: Principal, uid: uuid.UUID, day: dt.date) -> Payee:
    """The payee, if the caller may see his pay of that day; else 404, as for no such payee."""
    found = visible_payees(membership=principal.membership, on=day).filter(uid=uid).first()
    if found is None:
        raise Http404
    return found
