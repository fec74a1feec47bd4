"""Late amounts of a statement: what an earlier period was worth before and now, and the orders that changed."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import AmountField, ExactField, day_of, payee_on, period_of, uids_of
from incentives.models import PlanVersion
from incentives.selectors import late_changes, statement_get
from spm.api.endpoint import Endpoint
from spm.api.scopes import Scope
from spm.people.models import Seat


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
