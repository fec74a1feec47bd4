"""Fiscal calendars and their periods."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.scopes import Scope
from spm.calendars.models import FiscalCalendar, Period


class CalendarOut(serializers.ModelSerializer):
    class Meta:
        model = FiscalCalendar
        fields = ["uid", "code", "name", "kind", "year_start_month", "is_default"]
        read_only_fields = fields


class PeriodOut(serializers.ModelSerializer):
    """A window [starts, ends)."""

    calendar = serializers.CharField(source="calendar.code")

    class Meta:
        model = Period
        fields = ["uid", "calendar", "code", "starts", "ends", "quarter", "year"]
        read_only_fields = fields


class PeriodFilter(filters.FilterSet):
    calendar = filters.CharFilter(field_name="calendar__code")
    year = filters.CharFilter()
    starts_from = filters.DateFilter(field_name="starts", lookup_expr="gte")
    starts_before = filters.DateFilter(field_name="starts", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="calendars_list"))
class CalendarList(ListEndpoint):
    """Calendars of the company."""

    scopes = {"GET": Scope.CALENDARS_READ}
    serializer_class = CalendarOut
    order = ("code",)

    def get_queryset(self) -> QuerySet[FiscalCalendar]:
        return FiscalCalendar.objects.all()


@extend_schema_view(get=extend_schema(operation_id="calendars_get"))
class CalendarDetail(DetailEndpoint):
    """One calendar."""

    scopes = {"GET": Scope.CALENDARS_READ}
    serializer_class = CalendarOut

    def get_queryset(self) -> QuerySet[FiscalCalendar]:
        return FiscalCalendar.objects.all()


@extend_schema_view(get=extend_schema(operation_id="periods_list"))
class PeriodList(ListEndpoint):
    """Periods, by calendar and time."""

    scopes = {"GET": Scope.CALENDARS_READ}
    serializer_class = PeriodOut
    filterset_class = PeriodFilter
    model = Period
    order = ("calendar__code", "starts")

    def get_queryset(self) -> QuerySet[Period]:
        return Period.objects.select_related("calendar")
