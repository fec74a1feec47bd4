"""Lists of dated rows: `on` narrows to those in force that day, `known_at` to what was known then."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from spm.api.endpoint import ListEndpoint
from spm.api.known import KNOWN_AT, known_at
from spm.tenancy.changes import known_as_at


class DatedFilter(filters.FilterSet):
    on = filters.DateFilter(method="filter_on", help_text="In force on this day.")

    def filter_on(self, queryset: QuerySet, name: str, value: dt.date) -> QuerySet:
        return queryset.filter(valid_from__lte=value).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=value))


class DatedOut(serializers.Serializer):
    """In force in [valid_from, valid_to); a null end is open."""

    uid = serializers.UUIDField()
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)


class DatedList(ListEndpoint):
    """Subclasses say what `rows` are; they come as known now or at `known_at`."""

    parameters = frozenset({"known_at"})

    def rows(self) -> QuerySet:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet:
        return known_as_at(self.rows(), known_at(self.request))


__all__ = ["KNOWN_AT", "DatedFilter", "DatedList", "DatedOut"]
