"""Runs: start one, follow it, and see what it found, changed and left over."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import AmountField, ByCurrency, uids_of
from incentives.models import LedgerEntry, Run, RunExclusion, RunIssue, UncreditedOrder
from incentives.models.ledger import Cause, Verb
from incentives.runwords import full_because_shown
from incentives.selectors import run_diff
from incentives.services.payee_runs import payee_run_start
from incentives.services.replays import ReplayRefused, replay_last, replay_start
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.fields import RecordRef, ScaledField, ToldField
from spm.api.problems import Problem
from spm.api.references import by_uids
from spm.api.resources.jobs import JobOut
from spm.api.scopes import Scope
from spm.api.visibility import today_of
from spm.calendars.models import Period
from spm.jobs.selectors import job_progress
from spm.jobs.services import job_enqueue
from spm.people.models import Payee, Seat


class RunOut(serializers.Serializer):
    uid = serializers.UUIDField()
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Run.Kind.choices)
    state = serializers.ChoiceField(choices=Run.State.choices)
    known_number = serializers.IntegerField(help_text="The change number up to which the record was read.")
    business_date = serializers.DateField()
    is_full = serializers.BooleanField()
    full_because = serializers.SerializerMethodField(help_text="Why everybody was computed; empty where only changes were.")
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None, help_text="Of a run for one payee.")
    base = serializers.IntegerField(source="base.number", allow_null=True, default=None, help_text="The run against which this one computed.")
    engine_version = serializers.CharField()
    inputs_hash = serializers.CharField()
    results_hash = serializers.CharField()
    error = ToldField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_full_because(self, run: Run) -> str:
        return full_because_shown(run.full_because)


class RunDetailOut(RunOut):
    summary = serializers.DictField(help_text="Counts and amounts (as text, by currency) of what the run read, found and posted.")


class RunIn(serializers.Serializer):
    full = serializers.BooleanField(default=False, help_text="Everybody, not only those of whom something changed.")
    payee = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="This payee alone, exactly as a full run would compute him.")
    period = serializers.UUIDField(required=False, allow_null=True, default=None)
    business_date = serializers.DateField(required=False, allow_null=True, default=None)


class PostingOut(serializers.Serializer):
    """One posting of the ledger. earning_period differs from pay_period where that one was closed already."""

    uid = serializers.UUIDField()
    payee = serializers.UUIDField(source="payee.uid")
    seat = serializers.UUIDField(source="seat.uid")
    plan = serializers.CharField(source="plan_version.plan.code")
    version = serializers.IntegerField(source="plan_version.number")
    component = serializers.CharField()
    earning_period = serializers.CharField(source="earning_period.code")
    pay_period = serializers.CharField(source="pay_period.code")
    verb = serializers.ChoiceField(choices=Verb.choices)
    cause = serializers.ChoiceField(choices=Cause.choices)
    amount = ScaledField(scale="scale")
    currency = serializers.CharField()
    posted_at = serializers.DateTimeField()


class ExclusionOut(serializers.Serializer):
    plan = serializers.CharField(source="plan_version.plan.code")
    version = serializers.IntegerField(source="plan_version.number")
    name = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=30, decimal_places=6)


class IssueOut(serializers.Serializer):
    uid = serializers.UUIDField()
    payee = serializers.UUIDField(source="payee.uid")
    seat = serializers.UUIDField(source="seat.uid")
    plan = serializers.CharField(source="plan_version.plan.code")
    period = serializers.CharField(source="period.code")
    component = serializers.CharField()
    problem = ToldField()


class UncreditedOut(serializers.Serializer):
    uid = serializers.UUIDField()
    order = RecordRef()
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    event_date = serializers.DateField()
    amount = serializers.DecimalField(max_digits=24, decimal_places=6)
    reason = serializers.CharField()
    is_part = serializers.BooleanField(help_text="The amount is what is left of an order whose other lines are credited or explained.")


class DiffLineOut(serializers.Serializer):
    """What was earned in all before and after the run, for one payee, seat, component and period."""

    payee = serializers.UUIDField()
    seat = serializers.UUIDField()
    component = serializers.CharField(source="line.component")
    label = serializers.CharField(source="line.label")
    verb = serializers.ChoiceField(source="line.verb", choices=Verb.choices)
    earning_period = serializers.CharField(source="line.period_code")
    pay_period = serializers.CharField(source="line.pay_period_code")
    cause = serializers.ChoiceField(source="line.cause", choices=Cause.choices)
    before = AmountField("before", row="line", allow_null=True)
    after = AmountField("after", row="line", allow_null=True)
    delta = AmountField("delta", row="line", allow_null=True, help_text="Null for what is not earned but held, drawn, carried ...")
    amount = AmountField("amount", row="line", help_text="What this posting added: delta, unless it stands in several.")
    currency = serializers.CharField(source="line.currency")


class DiffOut(serializers.Serializer):
    run = serializers.IntegerField(source="found.run.number")
    base = serializers.IntegerField(source="found.base.number", allow_null=True, default=None)
    postings = serializers.IntegerField(source="found.postings")
    payees = serializers.IntegerField(source="found.payees")
    results_changed = serializers.IntegerField(source="found.results_changed")
    totals = ByCurrency(source="found.totals")
    lines = DiffLineOut(many=True)


class RunFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Run.Kind.choices)
    state = filters.ChoiceFilter(choices=Run.State.choices)


class PostingFilter(filters.FilterSet):
    payee = filters.UUIDFilter(field_name="payee__uid")
    cause = filters.ChoiceFilter(choices=Cause.choices)
    verb = filters.ChoiceFilter(choices=Verb.choices)
    earning_period = filters.CharFilter(field_name="earning_period__code")


class UncreditedFilter(filters.FilterSet):
    reason = filters.CharFilter()
    payee = filters.UUIDFilter(field_name="payee__uid")


def _run(uid: uuid.UUID) -> Run:
    found = Run.objects.filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


@extend_schema_view(get=extend_schema(operation_id="runs_list"))
class RunList(ListEndpoint):
    """Runs, newest first."""

    scopes = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_WRITE}
    serializer_class = RunOut
    filterset_class = RunFilter
    model = Run
    order = ("-number",)

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.select_related("base", "payee")

    @extend_schema(operation_id="runs_start", request=RunIn, responses={202: JobOut})
    def post(self, request: Request) -> Response:
        """Queues a run and answers its job; runs of a company exclude each other, so it waits for one that is under way."""
        values = self.parsed(RunIn)
        if values["period"] is not None:
            by_uids(Period.objects.all(), [values["period"]], field="period")
        if values["payee"] is not None:
            if values["full"] or values["period"]:
                raise Problem("invalid", _("A run for one payee is of all his periods; send payee without full and period."), field="payee")
            payee = by_uids(Payee.objects.all(), [values["payee"]], field="payee")[0]
            job = payee_run_start(payee=payee, business_date=values["business_date"] or today_of(self.principal), actor_id=request.user.pk)
            return Response(JobOut(job_progress(job)).data, status=202)
        job = job_enqueue(kind="recompute", params=_params(self, values), requested_by_id=request.user.pk)
        return Response(JobOut(job_progress(job)).data, status=202)


def _params(view: Endpoint, values: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {"business_date": (values["business_date"] or today_of(view.principal)).isoformat(), "full": values["full"]}
    return params | ({"period": str(values["period"])} if values["period"] else {})


@extend_schema_view(get=extend_schema(operation_id="runs_get"))
class RunDetail(DetailEndpoint):
    """One run with its summary."""

    scopes = {"GET": Scope.RUNS_READ}
    serializer_class = RunDetailOut

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.select_related("base", "payee")


class ReplayOut(serializers.Serializer):
    """A past run computed again from its change number and compared with what it left. Null figures: not ended yet."""

    job = JobOut(allow_null=True, help_text="Null: the run was not replayed yet.")
    same = serializers.BooleanField(source="found.same", allow_null=True, default=None, help_text="The same bytes for everybody.")
    results = serializers.IntegerField(source="found.results", allow_null=True, default=None)
    kept_hash = serializers.CharField(source="found.kept_hash", allow_null=True, default=None, help_text="SHA-256 over all results, as the run kept it.")
    found_hash = serializers.CharField(source="found.found_hash", allow_null=True, default=None, help_text="As the replay has it.")
    different = serializers.IntegerField(source="found.different", allow_null=True, default=None, help_text="Results that differ.")
    findings = serializers.ListField(source="found.findings", child=serializers.CharField(), default=list, help_text="The first 100 of them.")


class RunReplay(Endpoint):
    """Computes a past run again and compares hashes; posts nothing."""

    scopes = {"GET": Scope.RUNS_READ, "POST": Scope.RUNS_WRITE}

    @extend_schema(operation_id="runs_replayed", responses=ReplayOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        """The newest replay of the run."""
        job = replay_last(_run(uid))
        return Response(ReplayOut({"job": job_progress(job) if job else None, "found": (job.result if job else None) or {}}).data)

    @extend_schema(operation_id="runs_replay", request=None, responses={202: JobOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Queues a replay and answers its job."""
        try:
            job = replay_start(run=_run(uid), actor_id=request.user.pk)
        except ReplayRefused as refused:
            raise Problem("invalid", str(refused)) from refused
        return Response(JobOut(job_progress(job)).data, status=202)


class RunChanges(Endpoint):
    """What a run changed against the one before: totals over all postings, and the 200 largest with before and after."""

    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="runs_diff", responses=DiffOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        found = run_diff(_run(uid))
        payees = uids_of(Payee, {line.payee_id for line in found.lines})
        seats = uids_of(Seat, {line.seat_id for line in found.lines})
        lines = [{"line": line, "payee": payees[line.payee_id], "seat": seats[line.seat_id]} for line in found.lines]
        return Response(DiffOut({"found": found, "lines": lines}).data)


@extend_schema_view(get=extend_schema(operation_id="runs_postings"))
class RunPostings(ListEndpoint):
    """What a run posted: the difference to everything posted before it, with its cause."""

    scopes = {"GET": Scope.RUNS_READ}
    serializer_class = PostingOut
    filterset_class = PostingFilter
    model = LedgerEntry

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        found = LedgerEntry.objects.filter(run=_run(self.kwargs["uid"]))
        return found.select_related("payee", "seat", "plan_version__plan", "earning_period", "pay_period")


@extend_schema_view(get=extend_schema(operation_id="runs_exclusions"))
class RunExclusions(ListEndpoint):
    """How many orders each named exclusion took in a run."""

    scopes = {"GET": Scope.RUNS_READ}
    serializer_class = ExclusionOut
    model = RunExclusion
    order = ("plan_version__plan__code", "plan_version__number", "name")

    def get_queryset(self) -> QuerySet[RunExclusion]:
        return RunExclusion.objects.filter(run=_run(self.kwargs["uid"])).select_related("plan_version__plan")


@extend_schema_view(get=extend_schema(operation_id="issues_list"))
class IssueList(ListEndpoint):
    """What stands in the way of somebody's pay now, by payee, component and period."""

    scopes = {"GET": Scope.RUNS_READ}
    serializer_class = IssueOut
    model = RunIssue

    def get_queryset(self) -> QuerySet[RunIssue]:
        return RunIssue.objects.filter(run_to__isnull=True).select_related("payee", "seat", "plan_version__plan", "period")


@extend_schema_view(get=extend_schema(operation_id="uncredited_orders_list"))
class UncreditedList(ListEndpoint):
    """Orders that no rule credits and no exclusion explains, as of the newest run."""

    scopes = {"GET": Scope.RUNS_READ}
    serializer_class = UncreditedOut
    filterset_class = UncreditedFilter
    model = UncreditedOrder
    order = ("event_date", "uid")

    def get_queryset(self) -> QuerySet[UncreditedOrder]:
        return UncreditedOrder.objects.filter(run_to__isnull=True).select_related("order", "payee")
