"""Results set by hand: see them, set one, give one back."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.models import ResultOverride
from incentives.selectors import order_find
from incentives.services.overrides import OverrideRefused, result_override_lift, result_override_place
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.fields import NullableScaledField, RecordRef, ScaledField
from spm.api.problems import problem_register
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.people.models import Payee

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


class ResultOverrideIn(serializers.Serializer):
    """The order by its number, or as SOURCE:ID; the amount in the plan's currency."""

    order = serializers.CharField(max_length=200)
    component = serializers.CharField(max_length=64)
    payee = serializers.UUIDField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=6)
    reason = serializers.CharField(max_length=400)


class ResultOverrideLiftIn(serializers.Serializer):
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class ResultOverrideFilter(filters.FilterSet):
    state = filters.ChoiceFilter(method="by_state", choices=[("open", "open"), ("lifted", "lifted")], help_text="Left out: both.")
    payee = filters.UUIDFilter(field_name="payee__uid")

    def by_state(self, rows: QuerySet[ResultOverride], name: str, value: str) -> QuerySet[ResultOverride]:
        return rows.filter(lifted_in__isnull=value == "open")


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
        values = self.parsed(ResultOverrideIn)
        payee = by_uids(Payee.objects.all(), [values["payee"]], field="payee")[0]
        item = result_override_place(
            order=order_find(values["order"]), component=values["component"], payee=payee, amount=values["amount"], reason=values["reason"],
            actor_id=request.user.pk,
        )  # fmt: skip
        return Response(_out(item), status=201)


@extend_schema_view(get=extend_schema(operation_id="result_overrides_get"))
class ResultOverrideDetail(DetailEndpoint):
    """One result set by hand."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    serializer_class = ResultOverrideOut

    def get_queryset(self) -> QuerySet[ResultOverride]:
        return _all()


class ResultOverrideLift(Endpoint):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="result_overrides_lift", request=ResultOverrideLiftIn, responses=ResultOverrideOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Gives the result back: the next run pays what it calculates."""
        item = ResultOverride.objects.filter(uid=uid).first()
        if item is None:
            raise Http404
        return Response(_out(result_override_lift(item=item, actor_id=request.user.pk, **self.parsed(ResultOverrideLiftIn))))
