"""Holidays of the company, by country."""

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
from spm.api.scopes import Scope
from spm.calendars import holidays as services
from spm.calendars.models import Holiday


class HolidayOut(serializers.ModelSerializer):
    """Nobody works in [valid_from, valid_to); an empty country stands for all."""

    class Meta:
        model = Holiday
        fields = ["uid", "country", "name", "valid_from", "valid_to"]
        read_only_fields = fields


class MadeHolidaysOut(serializers.Serializer):
    """The rows that a write made; none when it was so already."""

    holidays = HolidayOut(many=True)


class HolidayGoneIn(serializers.Serializer):
    day = serializers.DateField()
    until = serializers.DateField(required=False, allow_null=True, default=None, help_text="The day after the last one; the one day when left out.")
    country = serializers.RegexField("^([A-Z]{2})?$", required=False, allow_blank=True, default="", help_text="Of the legal entity; empty: all.")
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class HolidayIn(HolidayGoneIn):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class HolidayFilter(DatedFilter):
    country = filters.CharFilter()
    from_day = filters.DateFilter(field_name="valid_from", lookup_expr="gte")
    before_day = filters.DateFilter(field_name="valid_from", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="holidays_list", parameters=[KNOWN_AT]))
class HolidayList(ListEndpoint):
    """Holidays as known now or at a change number."""

    scopes = {"GET": Scope.CALENDARS_READ, "POST": Scope.CALENDARS_WRITE}
    serializer_class = HolidayOut
    filterset_class = HolidayFilter
    model = Holiday
    parameters = frozenset({"known_at"})
    order = ("valid_from", "country")

    def get_queryset(self) -> QuerySet[Holiday]:
        return services.holidays_known(number=known_at(self.request))

    @extend_schema(operation_id="holidays_set", request=HolidayIn, responses=MadeHolidaysOut)
    def post(self, request: Request) -> Response:
        """Sets a holiday; answers with the rows that this made (none when it was so already)."""
        made = services.holiday_set(actor_id=request.user.pk, **self.parsed(HolidayIn))
        return Response(MadeHolidaysOut({"holidays": made}).data)


class HolidayRemove(Endpoint):
    scopes = {"POST": Scope.CALENDARS_WRITE}

    @extend_schema(operation_id="holidays_remove", request=HolidayGoneIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """These are working days again. Repeating changes nothing."""
        services.holiday_remove(actor_id=request.user.pk, **self.parsed(HolidayGoneIn))
        return Response(status=204)
