"""Whether a plan edit lowers pay that is already earned: the check and what it found."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import ByCurrency, ExactField
from incentives.models import LoweringCheck
from incentives.selectors.lowering import lowering_get
from spm.access.policy import permitted
from spm.api.endpoint import DetailEndpoint
from spm.api.fields import ToldField
from spm.api.scopes import Scope


class LoweringOut(serializers.Serializer):
    """A check, as it is asked for; `lowering_checks_get` has what it found."""

    uid = serializers.UUIDField()
    version = serializers.UUIDField(source="version.uid")
    takes_out = serializers.BooleanField(help_text="The version is taken out of force.")
    run = serializers.IntegerField(source="run.number", help_text="The run whose pay is looked at.")
    state = serializers.ChoiceField(choices=LoweringCheck.State.choices)
    error = ToldField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class LoweredOut(serializers.Serializer):
    payee = serializers.UUIDField(source="payee.uid")
    period = serializers.CharField(source="period.code")
    currency = serializers.CharField()
    before = ExactField()
    after = ExactField()


class LoweringDetailOut(LoweringOut):
    people = serializers.IntegerField(help_text="How many would earn less.")
    totals = ByCurrency(help_text="By how much in all, below zero.")
    rows = LoweredOut(many=True, help_text="Everybody by period, the largest loss first; empty without the right to read all pay.")


@extend_schema_view(get=extend_schema(operation_id="lowering_checks_get", responses=LoweringDetailOut))
class LoweringDetail(DetailEndpoint):
    """One check with what it found."""

    scopes = {"GET": Scope.PLANS_READ}
    serializer_class = LoweringDetailOut

    def get_queryset(self) -> QuerySet[LoweringCheck]:
        return LoweringCheck.objects.select_related("version", "run")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row: Any = self.get_object()
        found = lowering_get(row)
        row.people, row.totals = found.people, found.totals
        row.rows = found.rows if permitted(self.principal.roles, "pay.read_all") else []
        return Response(LoweringDetailOut(row).data)
