"""Plan A against plan B over sales that have happened: ask for a comparison and read what came out."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import uids_of
from incentives.models import PlanComparison, PlanVersion
from incentives.selectors.comparisons import comparison_list
from incentives.services.comparisons import comparison_start
from spm.access.policy import permitted
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.fields import ToldField
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.people.models import Payee


class ComparisonOut(serializers.Serializer):
    uid = serializers.UUIDField()
    first = serializers.UUIDField(source="first.uid", help_text="The plan version whose people are looked at.")
    second = serializers.UUIDField(source="second.uid")
    start = serializers.DateField()
    end = serializers.DateField(help_text="The first day that is no longer looked at.")
    known_number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PlanComparison.State.choices)
    currency = serializers.CharField()
    error = ToldField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ComparedPayeeOut(serializers.Serializer):
    payee = serializers.UUIDField()
    first = serializers.CharField()
    second = serializers.CharField()


class ComparisonDetailOut(ComparisonOut):
    summary = serializers.DictField(help_text="Totals by period and component, percentiles of pay, bands of attainment, winners and losers; amounts as text.")
    people = ComparedPayeeOut(many=True, help_text="Everybody's pay under both, largest change first; empty without the right to read all pay.")


class ComparisonIn(serializers.Serializer):
    first = serializers.UUIDField()
    second = serializers.UUIDField()
    start = serializers.DateField()
    end = serializers.DateField()


class ComparisonFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=PlanComparison.State.choices)


@extend_schema_view(get=extend_schema(operation_id="plan_comparisons_list"))
class ComparisonList(ListEndpoint):
    """Comparisons of plans, newest first."""

    scopes = {"GET": Scope.PLANS_READ, "POST": Scope.PLANS_APPROVE}
    serializer_class = ComparisonOut
    filterset_class = ComparisonFilter
    model = PlanComparison
    order = ("-created_at", "-uid")

    def get_queryset(self) -> QuerySet[PlanComparison]:
        return comparison_list()

    @extend_schema(operation_id="plan_comparisons_start", request=ComparisonIn, responses={202: ComparisonOut})
    def post(self, request: Request) -> Response:
        """Queues the computation of both versions on the same people and sales; nothing is posted or paid by it."""
        values = self.parsed(ComparisonIn)
        versions = {name: by_uids(PlanVersion.objects.select_related("plan"), [values[name]], field=name)[0] for name in ("first", "second")}
        row = comparison_start(**versions, start=values["start"], end=values["end"], actor_id=request.user.pk)
        return Response(ComparisonOut(row).data, status=202)


@extend_schema_view(get=extend_schema(operation_id="plan_comparisons_get"))
class ComparisonDetail(DetailEndpoint):
    """One comparison with its figures."""

    scopes = {"GET": Scope.PLANS_READ}
    serializer_class = ComparisonDetailOut

    def get_queryset(self) -> QuerySet[PlanComparison]:
        return PlanComparison.objects.select_related("first", "second")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        # The plan's readers may not all be readers of everybody's pay; the totals are theirs in any case.
        people = row.people if permitted(self.principal.roles, "pay.read_all") else []
        uids = uids_of(Payee, {payee for payee, _, _ in people})
        row.people = [{"payee": uids[payee], "first": first, "second": second} for payee, first, second in people]
        return Response(ComparisonDetailOut(row).data)
