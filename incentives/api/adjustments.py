"""Amounts posted by hand."""

from __future__ import annotations

import uuid

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.models import LedgerEntry
from incentives.selectors.adjusting import adjustment_places
from incentives.services.adjustments import AdjustmentRefused, adjustment_make
from spm.api.endpoint import Endpoint
from spm.api.fields import ScaledField
from spm.api.problems import Problem, problem_register
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.calendars.models import Period
from spm.people.models import Payee

problem_register(AdjustmentRefused, code="refused")


class AdjustmentIn(serializers.Serializer):
    """An amount in the currency of the plan; negative takes away. `plan` and `seat` are needed where the component alone does not
    say which is meant."""

    component = serializers.CharField(max_length=64)
    plan = serializers.CharField(max_length=80, required=False, default="", help_text="Code of the plan.")
    seat = serializers.UUIDField(required=False, allow_null=True, default=None)
    period = serializers.UUIDField(help_text="The period in which it counts as earned; it is paid in the first open one from it on.")
    amount = serializers.DecimalField(max_digits=20, decimal_places=6)
    note = serializers.CharField(max_length=400, help_text="The payee reads it on the statement.")


class PostedAdjustmentOut(serializers.Serializer):
    uid = serializers.UUIDField()
    plan = serializers.CharField(source="plan_version.plan.code")
    seat = serializers.UUIDField(source="seat.uid")
    component = serializers.CharField()
    earning_period = serializers.UUIDField(source="earning_period.uid")
    pay_period = serializers.UUIDField(source="pay_period.uid")
    pay_period_code = serializers.CharField(source="pay_period.code")
    amount = ScaledField("amount", scale="scale")
    currency = serializers.CharField()
    note = serializers.CharField()
    posted_at = serializers.DateTimeField()


class AdjustmentPost(Endpoint):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="adjustments_post", request=AdjustmentIn, responses={201: PostedAdjustmentOut})
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Posts an amount to a component of the payee's plan. Taking it back is a second adjustment."""
        payee = Payee.objects.filter(uid=uid).first()
        if payee is None:
            raise Http404
        values = self.parsed(AdjustmentIn)
        period = by_uids(Period.objects.all(), [values["period"]], field="period")[0]
        places = [one for one in adjustment_places(payee, [period])[period.pk] if one.component == values["component"]]
        places = [one for one in places if values["plan"] in ("", one.version.plan.code) and values["seat"] in (None, one.seat.uid)]
        if len(places) > 1:
            raise Problem("invalid", _("More than one plan or seat pays this component; name plan and seat."), field="plan")
        place = places[0].key if places else ""
        entry = adjustment_make(
            payee=payee, place=place, earning_period=period, amount=values["amount"], note=values["note"], actor_id=request.user.pk
        )  # fmt: skip
        kept = LedgerEntry.objects.select_related("plan_version__plan", "seat", "earning_period", "pay_period").get(pk=entry.pk)
        return Response(PostedAdjustmentOut(kept).data, status=201)
