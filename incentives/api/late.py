"""Why pay changed: late amounts of a statement, and one run against an earlier one, by cause, with the orders that changed."""

from __future__ import annotations

import uuid

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import AmountField, ExactField, day_of, payee_on, period_of, uids_of
from incentives.models import PlanVersion, Run
from incentives.selectors import last_run, late_changes, paid_change, pay_change, run_numbered, run_of_last_change, statement_get
from spm.api.endpoint import Endpoint
from spm.api.known import whole_number
from spm.api.problems import Problem
from spm.api.scopes import Scope
from spm.people.models import Payee, Seat

MAX_RUN = 2**31 - 1
NUMBER = {"type": "integer", "minimum": 0, "maximum": MAX_RUN}


class OrderChangeOut(serializers.Serializer):
    """An order that counted otherwise before."""

    source = serializers.CharField(source="line.source")
    external_id = serializers.CharField(source="line.external_id")
    number = serializers.CharField(source="line.number")
    account = serializers.CharField(source="line.account")
    order_date = serializers.DateField(source="line.order_date")
    credited_before = ExactField()
    credited_after = ExactField()
    pay = ExactField(allow_null=True, help_text="Change of its part of the pay before multipliers and rounding; null where orders have no part.")


class CauseAmountOut(serializers.Serializer):
    """What one cause did."""

    cause = serializers.CharField()
    label = serializers.CharField()
    amount = AmountField("amount")


class LateChangeOut(serializers.Serializer):
    """before + amount = after, to the cent."""

    seat = serializers.UUIDField()
    plan_version = serializers.UUIDField()
    component = serializers.CharField(source="change.part.component")
    label = serializers.CharField(source="change.part.label")
    earning_period_code = serializers.CharField(source="change.part.earning_period_code")
    currency = serializers.CharField(source="change.currency")
    before = AmountField("before", row="change")
    amount = AmountField("amount", row="change.part")
    after = AmountField("after", row="change")
    run_before = serializers.IntegerField(source="change.run_before.number", allow_null=True, default=None)
    run = serializers.IntegerField(source="change.run.number")
    causes = serializers.ListField(source="change.part.causes", child=serializers.CharField())
    amounts_by_cause = CauseAmountOut(source="change.causes", many=True, help_text="In the published order of substitution; they sum to amount.")
    orders = OrderChangeOut(source="change.orders", many=True)


class StatementLate(Endpoint):
    """The late parts of a statement, each with what its period was worth before and now and the orders that changed."""

    scopes = {"GET": Scope.PAY_READ}

    @extend_schema(operation_id="statements_late", responses=LateChangeOut(many=True))
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        when = period_of(period)
        payee = payee_on(self.principal, uid, day_of(self.principal, when))
        found = late_changes(payee, statement_get(payee, when).parts, period=when)
        seats = uids_of(Seat, {change.part.seat_id for change in found})
        versions = uids_of(PlanVersion, {change.part.plan_version_id for change in found})
        rows = [{"change": c, "seat": seats[c.part.seat_id], "plan_version": versions[c.part.plan_version_id]} for c in found]
        return Response(LateChangeOut(rows, many=True).data)


class ComponentChangeOut(serializers.Serializer):
    """before + amount = after; the amounts by cause sum to amount."""

    component = serializers.CharField()
    label = serializers.CharField()
    currency = serializers.CharField()
    before = AmountField("before")
    amount = AmountField("amount")
    after = AmountField("after")
    amounts_by_cause = CauseAmountOut(source="causes", many=True)
    orders = OrderChangeOut(many=True, help_text="Orders that are credited otherwise, where crediting or data is among the causes.")


class TotalChangeOut(serializers.Serializer):
    """All components of a currency together."""

    currency = serializers.CharField()
    before = AmountField("before")
    amount = AmountField("amount")
    after = AmountField("after")
    amounts_by_cause = CauseAmountOut(source="causes", many=True)


class PaidLineOut(serializers.Serializer):
    """A kind of entry of a component: held stands for held and released; manual for what people posted; earned for all that is earned."""

    kind = serializers.CharField()
    component = serializers.CharField()
    label = serializers.CharField()
    currency = serializers.CharField()
    before = AmountField("before")
    amount = AmountField("amount")
    after = AmountField("after")
    amounts_by_cause = CauseAmountOut(source="causes", many=True)


class PaidTotalOut(TotalChangeOut):
    """All lines of a currency; or these in the currency in which the payee is paid."""


class PaidChangeOut(serializers.Serializer):
    """What changed on the statement of the period."""

    lines = PaidLineOut(many=True)
    totals = PaidTotalOut(many=True)
    in_pay_currency = PaidTotalOut(source="converted", many=True)


class PayChangeOut(serializers.Serializer):
    """What changed in what was earned for the period, and in what its statement pays."""

    period_code = serializers.CharField(source="period.code")
    run_before = serializers.IntegerField(source="run_before.number", allow_null=True, default=None)
    run = serializers.IntegerField(source="run.number")
    totals = TotalChangeOut(many=True)
    components = ComponentChangeOut(many=True)
    others = serializers.ChoiceField(
        choices=["", "read", "kept"],
        help_text="Whether the pay takes anything from others, such as the team: empty, no; read, and it was divided too; "
        "kept, and what they contribute changes with the data.",
    )
    paid = PaidChangeOut()


class StatementChanges(Endpoint):
    """What changed in what a payee earned in a period from one run to another, by cause."""

    scopes = {"GET": Scope.PAY_READ}
    parameters = frozenset({"run_before", "run"})

    @extend_schema(
        operation_id="statements_changes",
        responses=PayChangeOut,
        parameters=[
            OpenApiParameter("run", NUMBER, description="Number of a finished run; default the last."),
            OpenApiParameter("run_before", NUMBER, description="Number of an earlier one, 0 for before any; default the one before the last change."),
        ],
    )
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        when = period_of(period)
        payee = payee_on(self.principal, uid, day_of(self.principal, when))
        run = run_parameter(request, "run", payee) or last_run(payee.pk)
        if run is None:
            raise Http404
        given = whole_number(request, "run_before", largest=MAX_RUN)
        before = run_of_last_change(payee, period=when, run=run) if given is None else run_parameter(request, "run_before", payee)
        if before is not None and before.number >= run.number:
            raise Problem("invalid", _("Run %(number)s is not earlier than run %(run)s.") % {"number": before.number, "run": run.number}, field="run_before")
        found = {"paid": paid_change(payee, period=when, before=before, run=run)}
        return Response(PayChangeOut({**vars(pay_change(payee, period=when, before=before, run=run)), **found}).data)


def run_parameter(request: Request, name: str, payee: Payee) -> Run | None:
    """The finished run that a parameter numbers; None where it is left out or 0."""
    number = whole_number(request, name, largest=MAX_RUN)
    if not number:
        return None
    found = run_numbered(number, payee)
    if found is None:
        raise Problem("invalid", _("There is no finished run %(number)s.") % {"number": number}, field=name)
    return found
