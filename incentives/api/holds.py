"""Deals on hold: see them, place one, lift one."""

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
from incentives.api.shown import ByCurrency
from incentives.models import Hold
from incentives.selectors import DealUnknown, hold_list, hold_rows
from incentives.selectors.holds import ALL
from incentives.services.holds import HoldRefused, hold_lift, hold_place
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.fields import RecordRef
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.people.models import Payee

problem_register(HoldRefused, code="refused")
problem_register(DealUnknown, code="unknown_reference")


class HoldOut(serializers.Serializer):
    uid = serializers.UUIDField(source="hold.uid")
    order = RecordRef(source="hold.order")
    number = serializers.CharField(help_text="Of the order, as known now.")
    account = serializers.CharField(help_text="Name of the customer; empty where the order names none.")
    component = serializers.CharField(source="hold.component", help_text="Empty: all components.")
    payee = serializers.UUIDField(source="hold.payee.uid", allow_null=True, default=None, help_text="Null: everybody who is paid for the deal.")
    reason = serializers.CharField(source="hold.reason")
    held = ByCurrency(source="amounts", help_text="What the ledger keeps back now in the components and periods that the deal is part of.")
    held_is_shared = serializers.BooleanField(source="shared", help_text="Other holds or payment terms keep back a part of it too.")
    placed_at = serializers.DateTimeField(source="hold.placed_at")
    placed_by = serializers.CharField()
    lifted_at = serializers.DateTimeField(source="hold.lifted_at", allow_null=True)
    lifted_by = serializers.CharField()
    lift_note = serializers.CharField(source="hold.lift_note")


class HoldIn(DecisionIn):
    component = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    payee = serializers.UUIDField(required=False, allow_null=True, default=None)


class HoldLiftIn(DecisionLiftIn):
    pass


class HoldFilter(DecisionFilter):
    search = filters.CharFilter(method="by_search", help_text="Part of the order's number or id, or of its customer's name.")
    payee = filters.UUIDFilter(method="by_payee", help_text="Holds that keep back pay of this payee.")

    def by_search(self, rows: QuerySet[Hold], name: str, value: str) -> QuerySet[Hold]:
        return rows.filter(pk__in=hold_list(state=ALL, search=value).order_by().values("pk"))

    def by_payee(self, rows: QuerySet[Hold], name: str, value: uuid.UUID) -> QuerySet[Hold]:
        payee = Payee.objects.filter(uid=value).first()
        return rows.none() if payee is None else rows.filter(pk__in=hold_list(state=ALL, payee=payee).order_by().values("pk"))


def _out(hold: Hold) -> dict[str, Any]:
    return HoldOut(hold_rows([Hold.objects.select_related("order", "payee").get(pk=hold.pk)], labelled=False)[0]).data


@extend_schema_view(get=extend_schema(operation_id="holds_list"))
class HoldList(ListEndpoint):
    """Holds on deals, newest first, lifted ones too."""

    scopes = {"GET": Scope.PAY_READ_ALL, "POST": Scope.PAY_ADJUST}
    serializer_class = HoldOut
    filterset_class = HoldFilter
    model = Hold
    order = ("-placed_at", "-uid")

    def get_queryset(self) -> QuerySet[Hold]:
        return hold_list(state=ALL)

    def prepare(self, rows: list[Any]) -> list[Any]:
        return hold_rows(rows, labelled=False)

    @extend_schema(operation_id="holds_place", request=HoldIn, responses={201: HoldOut})
    def post(self, request: Request) -> Response:
        """Keeps back what the deal pays from the next run on; what was paid already stays paid."""
        hold = hold_place(actor_id=request.user.pk, **placed_from(self.parsed(HoldIn)))
        return Response(_out(hold), status=201)


@extend_schema_view(get=extend_schema(operation_id="holds_get"))
class HoldDetail(DetailEndpoint):
    """One hold."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    serializer_class = HoldOut

    def get_queryset(self) -> QuerySet[Hold]:
        return Hold.objects.select_related("order", "payee")

    def get_object(self) -> Any:
        return hold_rows([super().get_object()], labelled=False)[0]


class HoldLift(DecisionLift):
    decisions = Hold

    @extend_schema(operation_id="holds_lift", request=HoldLiftIn, responses=HoldOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Lifts the hold: the next run pays what it kept back, in the first open period."""
        return self.lifted(uid, HoldLiftIn, lambda hold, note: _out(hold_lift(hold=hold, note=note, actor_id=request.user.pk)))
