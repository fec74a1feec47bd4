"""Parallel runs: compare a file of the old system with what is posted here, read the differences with their causes."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import ExactField
from incentives.models import ParallelBasis, ParallelCause, ParallelRow, ParallelRun
from incentives.services.parallel import ParallelRefused, parallel_again, parallel_start
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.fields import ToldField
from spm.api.problems import problem_register
from spm.api.resources.imports import FileIn
from spm.api.scopes import Scope
from spm.imports.readers import Source

problem_register(ParallelRefused, code="refused")


class ParallelOut(serializers.Serializer):
    """Control totals by currency, amounts as text: file = matched + unmatched; difference = ours - file = sum of by_cause; residue 0."""

    uid = serializers.UUIDField()
    name = serializers.CharField()
    file_name = serializers.CharField()
    basis = serializers.ChoiceField(choices=ParallelBasis.choices)
    run = serializers.IntegerField(source="run.number")
    again_of = serializers.UUIDField(source="again_of.uid", allow_null=True, default=None)
    columns = serializers.DictField(child=serializers.CharField())
    words = serializers.DictField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=ParallelRun.State.choices)
    error = ToldField()
    summary = serializers.DictField(help_text="Empty until it has ended well.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ParallelIn(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    file = FileIn()
    basis = serializers.ChoiceField(choices=ParallelBasis.choices, default=ParallelBasis.EARNED)
    columns = serializers.DictField(child=serializers.CharField(), required=False, help_text="What is read: its column.")
    words = serializers.DictField(child=serializers.CharField(), required=False, help_text="Their name of a component or plan: ours, as NAME or PLAN.NAME.")
    decimal = serializers.ChoiceField(choices=[".", ","], default=".")


class ParallelRowOut(serializers.Serializer):
    """A cell: payee and period are null where the file's words say nothing here."""

    cause = serializers.ChoiceField(choices=ParallelCause.choices)
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    their_payee = serializers.CharField()
    plan = serializers.CharField()
    component = serializers.CharField()
    their_component = serializers.CharField()
    period = serializers.CharField(source="period.code", allow_null=True, default=None)
    their_period = serializers.CharField()
    currency = serializers.CharField()
    theirs = ExactField(allow_null=True)
    ours = ExactField(allow_null=True)
    difference = ExactField()
    their_credit = ExactField(allow_null=True)
    our_credit = ExactField(allow_null=True)
    lines = serializers.CharField()
    why = ToldField()


class ParallelRowFilter(filters.FilterSet):
    cause = filters.ChoiceFilter(choices=ParallelCause.choices)


@extend_schema_view(get=extend_schema(operation_id="parallel_runs_list"))
class ParallelList(ListEndpoint):
    """Comparisons with an old system, newest first."""

    scopes = {"GET": Scope.PAY_READ_ALL, "POST": Scope.PAY_ADJUST}
    serializer_class = ParallelOut
    model = ParallelRun
    order = ("-created_at", "-uid")

    def get_queryset(self) -> QuerySet[ParallelRun]:
        return ParallelRun.objects.select_related("run", "again_of")

    @extend_schema(operation_id="parallel_runs_compare", request=ParallelIn, responses={202: ParallelOut})
    def post(self, request: Request) -> Response:
        """Queues the comparison of the file with what the last run left; nothing is posted or paid by it."""
        given = self.parsed(ParallelIn)
        file = given.pop("file")
        row = parallel_start(source=Source(file["name"], content=file["content"]), actor_id=request.user.pk, **given)
        return Response(ParallelOut(row).data, status=202)


@extend_schema_view(get=extend_schema(operation_id="parallel_runs_get"))
class ParallelDetail(DetailEndpoint):
    """One comparison with its control totals."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    serializer_class = ParallelOut

    def get_queryset(self) -> QuerySet[ParallelRun]:
        return ParallelRun.objects.select_related("run", "again_of")


class ParallelAgain(Endpoint):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="parallel_runs_repeat", request=None, responses={202: ParallelOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Queues the comparison of the same file with what is posted by now, as a comparison of its own."""
        row = parallel_again(parallel=get_object_or_404(ParallelRun, uid=uid), actor_id=request.user.pk)
        return Response(ParallelOut(row).data, status=202)


@extend_schema_view(get=extend_schema(operation_id="parallel_runs_rows"))
class ParallelRows(ListEndpoint):
    """The cells of a comparison."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    serializer_class = ParallelRowOut
    filterset_class = ParallelRowFilter
    model = ParallelRow
    order = ("id",)

    def get_queryset(self) -> QuerySet[Any]:
        parallel = get_object_or_404(ParallelRun, uid=self.kwargs["uid"])
        return ParallelRow.objects.filter(parallel=parallel).select_related("payee", "period")
