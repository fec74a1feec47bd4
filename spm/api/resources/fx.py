"""Currency rates: dated, by named type."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from spm.api.endpoint import ListEndpoint
from spm.api.known import KNOWN_AT, known_at
from spm.api.scopes import Scope
from spm.currencies.models import FxRate
from spm.tenancy.changes import known_as_at


class FxRateOut(serializers.ModelSerializer):
    """How many units of `quote` one unit of `base` costs in [valid_from, valid_to); a null end is open."""

    class Meta:
        model = FxRate
        fields = ["uid", "rate_type", "base", "quote", "fx_rate", "valid_from", "valid_to"]
        read_only_fields = fields


class FxRateFilter(filters.FilterSet):
    rate_type = filters.CharFilter()
    base = filters.CharFilter()
    quote = filters.CharFilter()
    from_day = filters.DateFilter(field_name="valid_from", lookup_expr="gte")
    before_day = filters.DateFilter(field_name="valid_from", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="fx_rates_list", parameters=[KNOWN_AT]))
class FxRateList(ListEndpoint):
    """Rates as known now or at a change number."""

    scopes = {"GET": Scope.FX_READ}
    serializer_class = FxRateOut
    filterset_class = FxRateFilter
    model = FxRate
    parameters = frozenset({"known_at"})
    order = ("rate_type", "base", "quote", "valid_from")

    def get_queryset(self) -> QuerySet[FxRate]:
        return known_as_at(FxRate.objects.all(), known_at(self.request))
