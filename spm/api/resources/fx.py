"""Currency rates: dated, by named type."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.dated import DatedFilter
from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.known import KNOWN_AT, known_at
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.currencies import services
from spm.currencies.errors import CurrencyError
from spm.currencies.models import FxRate
from spm.tenancy.changes import known_as_at

problem_register(CurrencyError, code="refused")


class FxRateOut(serializers.ModelSerializer):
    """How many units of `quote` one unit of `base` costs in [valid_from, valid_to); a null end is open."""

    class Meta:
        model = FxRate
        fields = ["uid", "rate_type", "base", "quote", "fx_rate", "valid_from", "valid_to"]
        read_only_fields = fields


class MadeRatesOut(serializers.Serializer):
    """The rows that a write made; none when it was so already."""

    rates = FxRateOut(many=True)


class FxPairIn(serializers.Serializer):
    rate_type = serializers.SlugField(max_length=40)
    base = serializers.RegexField("^[A-Z]{3}$")
    quote = serializers.RegexField("^[A-Z]{3}$")
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class FxRateIn(FxPairIn):
    """One unit of `base` costs `fx_rate` units of `quote` in [start, end); an open end reaches to the next rate on record."""

    fx_rate = serializers.DecimalField(max_digits=services.DIGITS, decimal_places=services.DECIMALS, min_value=0)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class FxRateEndIn(FxPairIn):
    day = serializers.DateField(help_text="The first day without a rate.")


class FxRateFilter(DatedFilter):
    rate_type = filters.CharFilter()
    base = filters.CharFilter()
    quote = filters.CharFilter()
    from_day = filters.DateFilter(field_name="valid_from", lookup_expr="gte")
    before_day = filters.DateFilter(field_name="valid_from", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="fx_rates_list", parameters=[KNOWN_AT]))
class FxRateList(ListEndpoint):
    """Rates as known now or at a change number."""

    scopes = {"GET": Scope.FX_READ, "POST": Scope.FX_WRITE}
    serializer_class = FxRateOut
    filterset_class = FxRateFilter
    model = FxRate
    parameters = frozenset({"known_at"})
    order = ("rate_type", "base", "quote", "valid_from")

    def get_queryset(self) -> QuerySet[FxRate]:
        return known_as_at(FxRate.objects.all(), known_at(self.request))

    @extend_schema(operation_id="fx_rates_set", request=FxRateIn, responses=MadeRatesOut)
    def post(self, request: Request) -> Response:
        """Sets a rate; answers with the rows that this made (none when it was so already)."""
        made = services.fx_rate_set(actor_id=request.user.pk, **self.parsed(FxRateIn))
        return Response(MadeRatesOut({"rates": made}).data)


class FxRateEnd(Endpoint):
    scopes = {"POST": Scope.FX_WRITE}

    @extend_schema(operation_id="fx_rates_end", request=FxRateEndIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """From the day on the pair has no rate of this type. Repeating changes nothing."""
        services.fx_rate_end(actor_id=request.user.pk, **self.parsed(FxRateEndIn))
        return Response(status=204)
