"""Fiscal calendars and their periods."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.calendars import services
from spm.calendars.generate import NEWEST, OLDEST, PATTERNS, CalendarError, Window
from spm.calendars.models import FiscalCalendar, Period

problem_register(CalendarError, code="refused")


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


class WindowOut(serializers.Serializer):
    """A window [starts, ends) that a calendar would have."""

    code = serializers.CharField()
    starts = serializers.DateField()
    ends = serializers.DateField()
    quarter = serializers.CharField()
    year = serializers.CharField()


class WindowIn(serializers.Serializer):
    code = serializers.CharField(max_length=32)
    starts = serializers.DateField()
    ends = serializers.DateField(help_text="The day after the last one.")
    quarter = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
    year = serializers.CharField(max_length=32)


def _year(**values: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=OLDEST, max_value=NEWEST, **values)


class CalendarRulesIn(serializers.Serializer):
    """How the year is cut. A custom calendar takes `windows`, every other kind the years."""

    kind = serializers.ChoiceField(choices=FiscalCalendar.Kind.choices)
    first_year = _year(required=False, default=OLDEST)
    last_year = _year(required=False, default=OLDEST)
    year_start_month = serializers.IntegerField(min_value=1, max_value=12, default=1)
    pattern = serializers.ChoiceField(choices=[(name, name) for name in PATTERNS], required=False, help_text="Weeks of the periods of a quarter; of 445.")
    year_end_weekday = serializers.IntegerField(min_value=0, max_value=6, required=False, help_text="0 is Monday; of 445.")
    year_end_rule = serializers.ChoiceField(choices=[("last", "last"), ("nearest", "nearest")], required=False, help_text="Of 445.")
    week53 = serializers.IntegerField(min_value=1, max_value=12, required=False, help_text="Period that takes the extra week; of 445.")
    anchor = serializers.DateField(required=False, help_text="First day of any one window; of biweekly.")
    windows = WindowIn(many=True, required=False, max_length=1000)  # type: ignore[call-arg]


class CalendarIn(CalendarRulesIn):
    code = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=200)
    is_default = serializers.BooleanField(default=False)


class CalendarNameIn(serializers.Serializer):
    name = serializers.CharField(max_length=200)


class ExtendIn(serializers.Serializer):
    """`last_year` for a calendar that is cut by a rule, `windows` for a custom one."""

    last_year = _year(required=False)
    windows = WindowIn(many=True, required=False, max_length=1000)  # type: ignore[call-arg]


def _rules(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "windows": _windows(values.get("windows"))}


def _windows(given: list[dict[str, Any]] | None) -> list[Window]:
    return [Window(**window) for window in given or ()]


class PeriodFilter(filters.FilterSet):
    calendar = filters.CharFilter(field_name="calendar__code")
    year = filters.CharFilter()
    starts_from = filters.DateFilter(field_name="starts", lookup_expr="gte")
    starts_before = filters.DateFilter(field_name="starts", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="calendars_list"))
class CalendarList(ListEndpoint):
    """Calendars of the company."""

    scopes = {"GET": Scope.CALENDARS_READ, "POST": Scope.CALENDARS_WRITE}
    serializer_class = CalendarOut
    model = FiscalCalendar
    order = ("code",)

    def get_queryset(self) -> QuerySet[FiscalCalendar]:
        return FiscalCalendar.objects.all()

    @extend_schema(operation_id="calendars_create", request=CalendarIn, responses={201: CalendarOut})
    def post(self, request: Request) -> Response:
        """A calendar with its periods. A new default takes the place of the former one."""
        made = services.calendar_create(actor_id=request.user.pk, **_rules(self.parsed(CalendarIn)))
        return Response(CalendarOut(made).data, status=201)


class CalendarPreview(Endpoint):
    scopes = {"POST": Scope.CALENDARS_WRITE}

    @extend_schema(operation_id="calendars_preview", request=CalendarRulesIn, responses=WindowOut(many=True))
    def post(self, request: Request) -> Response:
        """The periods that a calendar of these rules would have. Nothing is written."""
        return Response(WindowOut(services.windows_preview(**_rules(self.parsed(CalendarRulesIn))), many=True).data)


@extend_schema_view(get=extend_schema(operation_id="calendars_get"))
class CalendarDetail(DetailEndpoint):
    """One calendar."""

    scopes = {"GET": Scope.CALENDARS_READ, "POST": Scope.CALENDARS_WRITE}
    serializer_class = CalendarOut

    def get_queryset(self) -> QuerySet[FiscalCalendar]:
        return FiscalCalendar.objects.all()

    @extend_schema(operation_id="calendars_rename", request=CalendarNameIn, responses=CalendarOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Another name; the code stays."""
        found = services.calendar_rename(calendar=self.get_object(), actor_id=request.user.pk, **self.parsed(CalendarNameIn))
        return Response(CalendarOut(found).data)


class CalendarExtend(CalendarDetail):
    scopes = {"POST": Scope.CALENDARS_WRITE}
    http_method_names = ["post"]

    @extend_schema(operation_id="calendars_extend", request=ExtendIn, responses=CalendarOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Adds years, or windows of a custom calendar. Years that it has already add nothing."""
        found, values = self.get_object(), self.parsed(ExtendIn)
        if "last_year" in values:
            services.calendar_extend(calendar=found, last_year=values["last_year"], actor_id=request.user.pk)
        if "windows" in values or "last_year" not in values:
            services.calendar_windows_add(calendar=found, windows=_windows(values.get("windows")), actor_id=request.user.pk)
        return Response(CalendarOut(found).data)


class CalendarDefault(CalendarDetail):
    scopes = {"POST": Scope.CALENDARS_WRITE}
    http_method_names = ["post"]

    @extend_schema(operation_id="calendars_set_default", request=None, responses=CalendarOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Makes it the company's default; the former one is it no longer."""
        return Response(CalendarOut(services.calendar_default_set(calendar=self.get_object(), actor_id=request.user.pk)).data)


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
