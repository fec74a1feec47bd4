"""The next plan year: propose it, read the diff, confirm it, take it back."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.models import YearRollForward
from incentives.rollforward import GOES_ON, LEFT_OUT, NEW, STANDS, RollForwardRefused
from incentives.services.rollforward import rollforward_confirm, rollforward_propose, rollforward_undo
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.problems import problem_register
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.calendars.models import FiscalCalendar

problem_register(RollForwardRefused, code="refused")


class RollForwardItemOut(serializers.Serializer):
    kind = serializers.ChoiceField(choices=["period", "version", "quota", "enrolment"])
    state = serializers.ChoiceField(choices=[NEW, STANDS, GOES_ON, LEFT_OUT], help_text="new: made by the confirmation; stands: there already.")
    label = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class RollForwardOut(serializers.Serializer):
    uid = serializers.UUIDField()
    calendar = serializers.UUIDField(source="calendar.uid")
    year = serializers.CharField()
    quota_factor = serializers.DecimalField(max_digits=9, decimal_places=4)
    state = serializers.ChoiceField(choices=YearRollForward.State.choices)
    items = RollForwardItemOut(many=True)
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)


class RollForwardIn(serializers.Serializer):
    calendar = serializers.UUIDField()
    year = serializers.CharField(max_length=32, help_text="The year that is rolled forward into the next one.")
    quota_factor = serializers.DecimalField(max_digits=9, decimal_places=4, default=Decimal(1))


@extend_schema_view(get=extend_schema(operation_id="roll_forwards_list"))
class RollForwardList(ListEndpoint):
    """Roll-forwards of plan years, newest first."""

    scopes = {"GET": Scope.PLANS_READ, "POST": Scope.PLANS_WRITE}
    serializer_class = RollForwardOut
    model = YearRollForward
    order = ("-created_at", "-uid")

    def get_queryset(self) -> QuerySet[YearRollForward]:
        return YearRollForward.objects.select_related("calendar")

    @extend_schema(operation_id="roll_forwards_propose", request=RollForwardIn, responses={201: RollForwardOut})
    def post(self, request: Request) -> Response:
        """Proposes the next year for review; nothing of it is made yet."""
        values = self.parsed(RollForwardIn)
        calendar = by_uids(FiscalCalendar.objects.all(), [values.pop("calendar")], field="calendar")[0]
        return Response(RollForwardOut(rollforward_propose(calendar=calendar, actor_id=request.user.pk, **values)).data, status=201)


@extend_schema_view(get=extend_schema(operation_id="roll_forwards_get"))
class RollForwardDetail(DetailEndpoint):
    """One roll-forward with its diff."""

    scopes = {"GET": Scope.PLANS_READ}
    serializer_class = RollForwardOut

    def get_queryset(self) -> QuerySet[YearRollForward]:
        return YearRollForward.objects.select_related("calendar")


class RollForwardConfirm(Endpoint):
    scopes = {"POST": Scope.PLANS_WRITE}

    @extend_schema(operation_id="roll_forwards_confirm", request=None, responses=RollForwardOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Makes what was reviewed; refused where the record has changed since."""
        row = get_object_or_404(YearRollForward, uid=uid)
        return Response(RollForwardOut(rollforward_confirm(rollforward=row, actor_id=request.user.pk)).data)


class RollForwardUndo(Endpoint):
    scopes = {"POST": Scope.PLANS_WRITE}

    @extend_schema(operation_id="roll_forwards_undo", request=None, responses=RollForwardOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Takes it back while nothing of it is in force."""
        row = get_object_or_404(YearRollForward, uid=uid)
        return Response(RollForwardOut(rollforward_undo(rollforward=row, today=timezone.localdate(), actor_id=request.user.pk)).data)
