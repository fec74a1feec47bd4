"""Statements, their parts, and the trace of a part down to the order."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.late import NUMBER, run_parameter
from incentives.api.openings import OpeningOut
from incentives.api.shown import AmountField, ByCurrency, ExactField, FreshnessOut, day_of, payee_on, period_of, uids_of
from incentives.models import PlanVersion, Statement, Verb
from incentives.selectors import held_deals, line_trace, statement_get, statement_list, statement_runs
from spm.access.selectors import visible_spans
from spm.api.endpoint import Endpoint
from spm.api.known import whole_number
from spm.api.problems import Problem
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.api.visibility import EVER
from spm.calendars.models import Period
from spm.people.hierarchy import FOREVER
from spm.people.models import Payee, Seat


class StatementRowOut(serializers.Serializer):
    uid = serializers.UUIDField(source="statement.uid")
    period = serializers.UUIDField(source="statement.period.uid")
    period_code = serializers.CharField()
    state = serializers.ChoiceField(source="statement.state", choices=Statement.State.choices)
    total = ByCurrency()


class PartOut(serializers.Serializer):
    """What is posted to the pay period for one seat, plan version, component and earning period."""

    seat = serializers.UUIDField()
    position = serializers.CharField(source="part.position_title")
    plan = serializers.CharField(source="part.plan_code")
    plan_version = serializers.UUIDField()
    component = serializers.CharField(source="part.component")
    label = serializers.CharField(source="part.label")
    earning_period = serializers.UUIDField()
    earning_period_code = serializers.CharField(source="part.earning_period_code")
    amount = AmountField("amount", row="part")
    currency = serializers.CharField(source="part.currency")
    causes = serializers.ListField(source="part.causes", child=serializers.CharField())
    is_late = serializers.BooleanField(source="part.is_late", help_text="Earned in an earlier, closed period and paid here.")


class AdjustmentOut(serializers.Serializer):
    uid = serializers.UUIDField()
    component = serializers.CharField()
    earning_period_code = serializers.CharField()
    amount = AmountField("amount")
    currency = serializers.CharField()
    note = serializers.CharField()


class PaymentPartOut(serializers.Serializer):
    """What payment terms, draws and holds add or keep back."""

    verb = serializers.ChoiceField(choices=Verb.choices)
    component = serializers.CharField(
        help_text=(
            "A component of the plan, or @ and a draw's name, @carried_in, @carried_out, @clawback_in, @clawback_out, @maximum, @negative, "
            "@offset: and a plan's code, @forgiven, @written_off, @billed."
        )
    )
    label = serializers.CharField()
    why = serializers.CharField()
    earning_period_code = serializers.CharField()
    amount = AmountField("amount")
    currency = serializers.CharField()


class BalanceOut(serializers.Serializer):
    """What stands open after the statement's period."""

    kind = serializers.ChoiceField(choices=["to_recover", "on_hold", "owed_to_payee", "owed_by_payee", "clawback_owed", "billed", "open_to_clawback"])
    label = serializers.CharField()
    amount = AmountField("amount")
    currency = serializers.CharField()


class PaidInOut(serializers.Serializer):
    """A total in the payee's own currency. amount and fx_rate are null where no rate is known for the day."""

    source = serializers.CharField()
    currency = serializers.CharField()
    amount = ExactField(allow_null=True)
    fx_rate = ExactField(allow_null=True)
    rate_type = serializers.CharField()
    day = serializers.DateField()
    estimated = serializers.BooleanField()


class RewardOut(serializers.Serializer):
    """What is not money, never part of the sums: as of the last run, and as it was frozen once the statement is approved. A late line
    tells the difference that was found of an approved period afterwards: amount = found now - told."""

    plan = serializers.CharField(source="plan_code")
    component = serializers.CharField()
    label = serializers.CharField()
    unit = serializers.CharField()
    earning_period = serializers.CharField(source="earning_period_code")
    amount = ExactField()
    late = serializers.BooleanField(source="is_late")
    told = ExactField(help_text="Of a late line: what approved statements told of the period before.")


class HeldDealOut(serializers.Serializer):
    """A deal of the payee that is on hold now."""

    number = serializers.CharField()
    component = serializers.CharField(help_text="Empty: all components.")
    reason = serializers.CharField()
    placed_on = serializers.DateField()


class StatementOut(serializers.Serializer):
    """By currency: earned + late + paid + adjusted = total, to the cent."""

    period = serializers.UUIDField(source="view.period.uid")
    period_code = serializers.CharField(source="view.period.code")
    state = serializers.ChoiceField(source="view.state", choices=Statement.State.choices)
    hold_reason = serializers.CharField(source="view.hold_reason", help_text="Why the statement as a whole is on hold; empty where it is not.")
    digest = serializers.CharField(source="view.digest", help_text="SHA-256 of what was approved; empty before.")
    earned = ByCurrency(source="view.earned")
    late = ByCurrency(source="view.late")
    paid = ByCurrency(source="view.paid")
    adjusted = ByCurrency(source="view.adjusted")
    total = ByCurrency(source="view.total")
    parts = PartOut(many=True)
    payments = PaymentPartOut(source="view.payments", many=True)
    adjustments = AdjustmentOut(source="view.adjustments", many=True)
    balances = BalanceOut(source="view.balances", many=True)
    opening = OpeningOut(source="view.opening", many=True)
    rewards = RewardOut(source="view.rewards", many=True)
    in_pay_currency = PaidInOut(source="view.in_pay_currency", many=True)
    held_deals = HeldDealOut(many=True)
    freshness = FreshnessOut(source="view.freshness")


class TracePartOut(serializers.Serializer):
    """The row of an order that a plan on lines credited."""

    kind = serializers.ChoiceField(
        choices=["line", "order", "difference"], help_text="order: an order without lines, as a whole; difference: what an order has beyond its lines."
    )
    line_number = serializers.IntegerField(allow_null=True)
    external_id = serializers.CharField(help_text="The line's id in its source.")
    product = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=24, decimal_places=4, allow_null=True)
    change_number = serializers.IntegerField(allow_null=True, help_text="The change of which the line's version is.")
    year = serializers.IntegerField(help_text="Of a contract that is credited year by year: which of the line's years, from 1.")


class TraceLineOut(serializers.Serializer):
    source = serializers.CharField()
    external_id = serializers.CharField()
    number = serializers.CharField()
    account = serializers.CharField(help_text="Name of the customer, as the run saw it; empty where the order names none.")
    order_date = serializers.DateField()
    rule = serializers.CharField()
    pay_credit = ExactField()
    quota_credit = ExactField()
    value = ExactField()
    part = TracePartOut(allow_null=True, help_text="Null where the plan reads orders.")
    pay = ExactField(allow_null=True, help_text="Null where the pay rate applies to the whole and no order has a part of its own.")
    result_set = ExactField(allow_null=True, help_text="What the whole order pays here by a result set by hand; null where none is.")
    result_reason = serializers.CharField()


class TraceOut(serializers.Serializer):
    """How the amount came about. Leaves of the tree sum to it; rounding is a leaf."""

    run = serializers.IntegerField(source="run.number")
    plan = serializers.CharField(source="version.plan.code")
    version = serializers.IntegerField(source="version.number")
    period_code = serializers.CharField(source="period.code")
    component = serializers.CharField()
    label = serializers.CharField()
    amount = AmountField("amount")
    currency = serializers.CharField()
    tree = serializers.DictField()
    lines = TraceLineOut(many=True)
    lines_total = serializers.IntegerField()


def _seen_days(endpoint: Endpoint, uid: uuid.UUID) -> tuple[Payee, list[tuple[dt.date, dt.date]]]:
    """The payee and the spans in which the caller may see his pay; 404 when there is none."""
    spans = visible_spans(membership=endpoint.principal.membership, start=EVER, end=FOREVER)
    payee = Payee.objects.filter(uid=uid).first()
    seen = [(EVER, FOREVER)] if spans is None else spans.get(payee.pk, []) if payee else []
    if payee is None or not seen:
        raise Http404
    return payee, seen


class StatementList(Endpoint):
    """The newest statements of a payee (36 at most), with their totals; only of times that the caller may see."""

    scopes = {"GET": Scope.PAY_READ}

    @extend_schema(operation_id="statements_list", responses=StatementRowOut(many=True))
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        payee, seen = _seen_days(self, uid)
        rows = [row for row in statement_list(payee) if any(start <= day_of(self.principal, row.statement.period) < end for start, end in seen)]
        return Response(StatementRowOut(rows, many=True).data)


class StatementRunOut(serializers.Serializer):
    """A run that posted to the statement."""

    run = serializers.IntegerField(source="run.number")
    known_number = serializers.IntegerField(source="run.known_number")
    business_date = serializers.DateField(source="run.business_date")
    finished_at = serializers.DateTimeField(source="run.finished_at", allow_null=True)
    amount = ByCurrency(help_text="What it posted, by currency.")
    total = ByCurrency(help_text="What the statement said after it.")


class StatementRuns(Endpoint):
    """The runs that posted to a statement, newest first, with what it said after each."""

    scopes = {"GET": Scope.PAY_READ}

    @extend_schema(operation_id="statements_runs", responses=StatementRunOut(many=True))
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        when = period_of(period)
        payee = payee_on(self.principal, uid, day_of(self.principal, when))
        return Response(StatementRunOut(statement_runs(payee, when), many=True).data)


class StatementDetail(Endpoint):
    """The statement of a payee for a pay period."""

    scopes = {"GET": Scope.PAY_READ}

    parameters = frozenset({"after_run"})

    @extend_schema(
        operation_id="statements_get",
        responses=StatementOut,
        parameters=[
            OpenApiParameter(
                "after_run", NUMBER,
                description="Number of a finished run: what the statement said after it, without state, rewards and other currencies; default now.",
            )
        ],
    )  # fmt: skip
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        when = period_of(period)
        payee = payee_on(self.principal, uid, day_of(self.principal, when))
        after = run_parameter(request, "after_run", payee)
        view = statement_get(payee, when, after=after)
        return Response(StatementOut({"view": view, "parts": _parts(view.parts), "held_deals": held_deals(payee)}).data)


def _parts(parts: Any) -> list[dict[str, Any]]:
    seats = uids_of(Seat, {part.seat_id for part in parts})
    versions = uids_of(PlanVersion, {part.plan_version_id for part in parts})
    periods = uids_of(Period, {part.earning_period_id for part in parts})
    return [
        {
            "part": part,
            "seat": seats[part.seat_id],
            "plan_version": versions[part.plan_version_id],
            "earning_period": periods[part.earning_period_id],
        }
        for part in parts
    ]


UUID = {"type": "string", "format": "uuid"}


class Trace(Endpoint):
    """Why a component of an earning period is what it is: the tree of its calculation and the orders behind it (250 at a time)."""

    scopes = {"GET": Scope.PAY_READ}
    parameters = frozenset({"plan_version", "seat", "component", "after"})

    @extend_schema(
        operation_id="traces_get",
        responses=TraceOut,
        parameters=[
            OpenApiParameter("plan_version", UUID, required=True, description="As the statement's part names it."),
            OpenApiParameter("seat", UUID, required=True, description="As the statement's part names it."),
            OpenApiParameter("component", {"type": "string", "minLength": 1}, required=True),
            OpenApiParameter("after", {"type": "integer", "minimum": 0, "maximum": 2**31}, description="Lines to skip."),
        ],
    )
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        when = period_of(period)
        payee = payee_on(self.principal, uid, day_of(self.principal, when))
        version = by_uids(PlanVersion.objects.all(), [_uuid(request, "plan_version")], field="plan_version")[0]
        seat = by_uids(Seat.objects.filter(payee=payee), [_uuid(request, "seat")], field="seat")[0]
        after = whole_number(request, "after", largest=2**31) or 0
        found = line_trace(payee, period=when, version_id=version.pk, seat_id=seat.pk, component=_text(request, "component"), after=after)
        if found is None:
            raise Http404
        return Response(TraceOut(found).data)


def _text(request: Request, name: str) -> str:
    given = request.query_params.get(name)
    if not given:
        raise Problem("invalid", field=name)
    return given


def _uuid(request: Request, name: str) -> uuid.UUID:
    return serializers.UUIDField().run_validation(_text(request, name))
