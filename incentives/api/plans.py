"""Plans and their versions: read, check, draft, activate, retire, and put seats under a plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.lowering import LoweringOut
from incentives.api.shown import ExactField
from incentives.engine.document import path_text
from incentives.engine.errors import Problem as Finding
from incentives.engine.mutations import plan_mutations
from incentives.engine.plan_check import plan_check
from incentives.models import LoweringCheck, Plan, PlanAssignment, PlanVersion
from incentives.problemwords import problem_words
from incentives.selectors.rewards import evaluated_totals
from incentives.services.lowering import version_move
from incentives.services.plans import PlanLowersPay, PlanRefused, plan_create, seat_enrol, version_draft
from spm.access.policy import permitted
from spm.api.dated import KNOWN_AT, DatedFilter, DatedList, DatedOut
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.problems import Problem, problem_register
from spm.api.references import by_code, by_uids
from spm.api.scopes import Scope
from spm.api.visibility import dated_visible
from spm.calendars.models import FiscalCalendar
from spm.people.models import Seat
from spm.tenancy.changes import change

problem_register(PlanLowersPay, code="lowers_pay")
problem_register(PlanRefused, code=lambda error: "plan_refused" if error.problems else "conflict")


class PlanOut(serializers.Serializer):
    uid = serializers.UUIDField()
    code = serializers.CharField()
    title = serializers.CharField()
    calendar = serializers.CharField(source="calendar.code")
    is_archived = serializers.BooleanField()


class VersionOut(serializers.Serializer):
    """A version without its text. In force over [effective_from, effective_to) once active."""

    uid = serializers.UUIDField()
    plan = serializers.CharField(source="plan.code")
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PlanVersion.State.choices)
    currency = serializers.CharField()
    engine = serializers.IntegerField()
    digest = serializers.CharField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()


class VersionTextOut(VersionOut):
    text = serializers.CharField(help_text="The document as written, YAML with its comments.")


class FindingOut(serializers.Serializer):
    path = serializers.CharField()
    line = serializers.IntegerField(help_text="From 1; 0 when the place is not known.")
    column = serializers.IntegerField()
    code = serializers.CharField(help_text="Which finding it is; stable, whatever the language.")
    cause = serializers.SerializerMethodField(help_text="What is wrong, in the reader's language.")
    mend = serializers.SerializerMethodField(help_text="What would be right.")

    def get_cause(self, problem: Finding) -> str:
        return problem_words(problem)[0]

    def get_mend(self, problem: Finding) -> str:
        return problem_words(problem)[1]


class PlanTestOut(serializers.Serializer):
    name = serializers.CharField()
    problems = FindingOut(many=True)


class FigureOut(serializers.Serializer):
    """A figure written in a plan."""

    path = serializers.CharField()
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    text = serializers.CharField()


class CheckOut(serializers.Serializer):
    """What checking a plan's text found. Only an `ok` plan can be activated."""

    ok = serializers.BooleanField()
    problems = FindingOut(many=True)
    tests = PlanTestOut(many=True)
    uncovered = FigureOut(many=True, allow_null=True, help_text="Figures that no test of the plan holds; null where that was not asked for.")


class TextIn(serializers.Serializer):
    text = serializers.CharField(max_length=500_000, trim_whitespace=False)


class CheckIn(TextIn):
    figures = serializers.BooleanField(default=False, help_text="Also move every figure by one unit of its last digit and list those that no test holds.")


class DraftIn(TextIn):
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(required=False, allow_null=True, default=None)


class LoweringIn(serializers.Serializer):
    """Empty, or the approval of pay that becomes lower than is earned already."""

    lowering_reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="", help_text="Needs the right to approve pay.")


def _lowering_reason(endpoint: Endpoint) -> str:
    reason: str = endpoint.parsed(LoweringIn)["lowering_reason"] if endpoint.request.data else ""
    if reason.strip() and not permitted(endpoint.principal.roles, "pay.approve"):
        raise Problem("forbidden", field="lowering_reason")
    return reason


class VersionIn(DraftIn):
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class PlanIn(DraftIn):
    calendar = serializers.CharField(help_text="Code of a fiscal calendar.")


class EnrolIn(serializers.Serializer):
    seats = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class EnrolmentOut(DatedOut):
    plan = serializers.CharField(source="plan.code")
    seat = serializers.UUIDField(source="seat.uid")
    payee = serializers.UUIDField(source="seat.payee.uid")


class EnrolmentFilter(DatedFilter):
    plan = filters.CharFilter(field_name="plan__code")


def _plan(uid: uuid.UUID) -> Plan:
    found = Plan.objects.filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


def _version(uid: uuid.UUID) -> PlanVersion:
    found = PlanVersion.objects.select_related("plan").filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


@extend_schema_view(get=extend_schema(operation_id="plans_list"))
class PlanList(ListEndpoint):
    """Plans of the company."""

    scopes = {"GET": Scope.PLANS_READ, "POST": Scope.PLANS_WRITE}
    serializer_class = PlanOut
    model = Plan
    order = ("code",)

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.select_related("calendar")

    @extend_schema(operation_id="plans_create", request=PlanIn, responses={201: VersionTextOut})
    def post(self, request: Request) -> Response:
        """A new plan with its first draft; key and title are those of the text."""
        values = self.parsed(PlanIn)
        calendar = by_code(FiscalCalendar, values.pop("calendar"), field="calendar")
        return Response(VersionTextOut(plan_create(calendar=calendar, actor_id=request.user.pk, **values)).data, status=201)


@extend_schema_view(get=extend_schema(operation_id="plans_get"))
class PlanDetail(DetailEndpoint):
    """One plan."""

    scopes = {"GET": Scope.PLANS_READ}
    serializer_class = PlanOut

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.select_related("calendar")


class PlanCheck(Endpoint):
    """Checks a plan's text and runs its own tests. Nothing is stored."""

    scopes = {"POST": Scope.PLANS_READ}

    @extend_schema(operation_id="plans_check", request=CheckIn, responses=CheckOut)
    def post(self, request: Request) -> Response:
        values = self.parsed(CheckIn)
        report = plan_check(values["text"])
        figures = plan_mutations(values["text"]) if values["figures"] and report.plan else None
        uncovered = (
            None
            if figures is None
            else [{"path": path_text(f.path), "line": f.line, "column": f.column, "text": f.text} for f in (*figures.uncovered, *figures.unchecked)]
        )
        return Response(CheckOut({"ok": report.ok, "problems": report.problems, "tests": report.tests, "uncovered": uncovered}).data)


@extend_schema_view(get=extend_schema(operation_id="plan_versions_list"))
class VersionList(ListEndpoint):
    """Versions of a plan, newest first."""

    scopes = {"GET": Scope.PLANS_READ, "POST": Scope.PLANS_WRITE}
    serializer_class = VersionOut
    model = PlanVersion
    order = ("-number",)

    def get_queryset(self) -> QuerySet[PlanVersion]:
        return PlanVersion.objects.select_related("plan").filter(plan=_plan(self.kwargs["uid"]))

    @extend_schema(operation_id="plan_versions_create", request=VersionIn, responses={201: VersionTextOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Drafts a new version. The text must compile; its tests may still fail."""
        plan = _plan(uid)
        return Response(VersionTextOut(version_draft(plan=plan, actor_id=request.user.pk, **self.parsed(VersionIn))).data, status=201)


class VersionDetail(Endpoint):
    """One version with its text."""

    scopes = {"GET": Scope.PLANS_READ, "PUT": Scope.PLANS_WRITE}

    @extend_schema(operation_id="plan_versions_get", responses=VersionTextOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(VersionTextOut(_version(uid)).data)

    @extend_schema(operation_id="plan_versions_write", request=VersionIn, responses=VersionTextOut)
    def put(self, request: Request, uid: uuid.UUID) -> Response:
        """Writes a draft anew. A version that is or was active is frozen."""
        version = _version(uid)
        return Response(VersionTextOut(version_draft(plan=version.plan, version=version, actor_id=request.user.pk, **self.parsed(VersionIn))).data)


class EvaluatedOut(serializers.Serializer):
    """A component that is evaluated and not paid in money: what it would have given in a period, to how many."""

    component = serializers.CharField()
    label = serializers.CharField()
    unit = serializers.CharField(help_text="Empty: money in the plan's currency.")
    is_hidden = serializers.BooleanField(help_text="Payees do not see it.")
    period_code = serializers.CharField()
    payees = serializers.IntegerField()
    amount = ExactField()


class VersionEvaluated(Endpoint):
    """What a version evaluates live and does not pay, as of the last run."""

    scopes = {"GET": Scope.PAY_READ_ALL}

    @extend_schema(operation_id="plan_versions_evaluated", responses=EvaluatedOut(many=True))
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(EvaluatedOut(evaluated_totals(_version(uid)), many=True).data)


class VersionActivate(Endpoint):
    """Puts a draft in force as of the next run; its own tests must pass."""

    scopes = {"POST": Scope.PLANS_APPROVE}

    @extend_schema(operation_id="plan_versions_activate", request=LoweringIn, responses={200: VersionOut, 202: LoweringOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Where it could lower pay that is already earned, that is looked at first: 202, and if nobody earns less the version is in force
        when the check has ended. Else send it again with a reason."""
        return _moved(self, uid, takes_out=False)


class VersionRetire(Endpoint):
    """Takes an active version out of force; the next run reverses what it earned."""

    scopes = {"POST": Scope.PLANS_APPROVE}

    @extend_schema(operation_id="plan_versions_retire", request=LoweringIn, responses={200: VersionOut, 202: LoweringOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """As activating: 202 while it is looked at whether pay that is already earned becomes lower."""
        return _moved(self, uid, takes_out=True)


def _moved(endpoint: Endpoint, uid: uuid.UUID, *, takes_out: bool) -> Response:
    reason = _lowering_reason(endpoint)
    found = version_move(version=_version(uid), takes_out=takes_out, lowering_reason=reason, actor_id=endpoint.request.user.pk)
    return Response(LoweringOut(found).data, status=202) if isinstance(found, LoweringCheck) else Response(VersionOut(found).data)


class PlanEnrol(Endpoint):
    """Puts seats under a plan over [start, end)."""

    scopes = {"POST": Scope.PLANS_WRITE}

    @extend_schema(operation_id="plans_enrol", request=EnrolIn, responses={201: EnrolmentOut(many=True)})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        plan, values = _plan(uid), self.parsed(EnrolIn)
        seats = by_uids(Seat.objects.select_related("payee"), values["seats"], field="seats")
        if values["end"] is not None and values["end"] <= values["start"]:
            raise Problem("invalid", _("The end is not after the start."), field="end")
        return Response(EnrolmentOut(_enrol(plan, seats, values, request.user.pk), many=True).data, status=201)


def _enrol(plan: Plan, seats: list[Seat], values: dict[str, Any], actor_id: int | None) -> list[PlanAssignment]:
    try:
        with transaction.atomic(), change(reason=f"Seats under plan {plan.code}", actor_id=actor_id) as changeset:
            return seat_enrol(plan=plan, seats=seats, start=values["start"], end=values["end"], changeset=changeset)
    except IntegrityError as error:
        raise Problem("conflict", _("One of the seats is under this plan already on some of these days."), field="seats") from error


@extend_schema_view(get=extend_schema(operation_id="plan_assignments_list", parameters=[KNOWN_AT]))
class EnrolmentList(DatedList):
    """Which seat is under which plan, when."""

    scopes = {"GET": Scope.PLANS_READ}
    serializer_class = EnrolmentOut
    filterset_class = EnrolmentFilter
    model = PlanAssignment

    def rows(self) -> QuerySet[PlanAssignment]:
        found = PlanAssignment.objects.select_related("plan", "seat__payee")
        return dated_visible(self.principal, found, whole="plans.read", payee="seat__payee_id")
