"""Results set by hand: see them, set one, give one back."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.decisions import DecisionFilter, DecisionIn, DecisionLift, DecisionLiftIn, placed_from
from incentives.models import ResultOverride
from incentives.services.overrides import OverrideRefused, result_override_lift, result_override_place
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.fields import NullableScaledField, RecordRef, ScaledField
from spm.api.problems import problem_register
from spm.api.scopes import Scope

problem_register(OverrideRefused, code="refused")


class ResultOverrideOut(serializers.Serializer):
    uid = serializers.UUIDField()
    order = RecordRef()
    component = serializers.CharField()
    payee = serializers.UUIDField(source="payee.uid")
    amount = ScaledField("amount", scale="amount_scale")
    calculated = NullableScaledField("calculated", scale="amount_scale", help_text="The old value: what was calculated when it was set.")
    currency = serializers.CharField()
    reason = serializers.CharField()
    placed_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)
    lift_note = serializers.CharField()


class ResultOverrideIn(DecisionIn):
    """The order by its number, or as SOURCE:ID; the amount in the plan's currency."""

    component = serializers.CharField(max_length=64)
    payee = serializers.UUIDField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=6)


class ResultOverrideLiftIn(DecisionLiftIn):
    pass


class ResultOverrideFilter(DecisionFilter):
    payee = filters.UUIDFilter(field_name="payee__uid")


def _all() -> QuerySet[ResultOverride]:
    return ResultOverride.objects.select_related("order", "payee")


def _out(item: ResultOverride) -> Any:
    return ResultOverrideOut(_all().get(pk=item.pk)).data


@extend_schema_view(get=extend_schema(operation_id="result_overrides_list"))
class ResultOverrideList(ListEndpoint):
    """Results set by hand, newest first, those given back too."""

    scopes = {"GET": Scope.PAY_READ_ALL, "POST": Scope.PAY_ADJUST}
    serializer_class = ResultOverrideOut
    filterset_class = ResultOverrideFilter
    model = ResultOverride
    order = ("-placed_at", "-uid")

    def get_queryset(self) -> QuerySet[ResultOverride]:
        return _all()

    @extend_schema(operation_id="result_overrides_place", request=ResultOverrideIn, responses={201: ResultOverrideOut})
    def post(self, request: Request) -> Response:
        """Sets what the deal pays in the component; the next run posts the difference to what it calculates, as a manual adjustment."""
        item = result_override_place(actor_id=request.user.pk, **placed_from(self.parsed(ResultOverrideIn)))
        return Response(_out(item), status=201)


@extend_schema_view(get=extend_schema(operation_id="result_overrides_get"))
class ResultOverrideDetail(DetailEndpoint):
    """One result set by hand."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    serializer_class = ResultOverrideOut

    def get_queryset(self) -> QuerySet[ResultOverride]:
        return _all()


class ResultOverrideLift(DecisionLift):
    decisions = ResultOverride

    @extend_schema(operation_id="result_overrides_lift", request=ResultOverrideLiftIn, responses=ResultOverrideOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Gives the result back: the next run pays what it calculates."""
        return self.lifted(uid, ResultOverrideLiftIn, lambda item, note: _out(result_override_lift(item=item, note=note, actor_id=request.user.pk)))
