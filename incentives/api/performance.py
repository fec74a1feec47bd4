"""The scorecard of a payee, and the team's heat map with what needs a look."""

from __future__ import annotations

import datetime as dt
import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.openings import OpeningOut
from incentives.api.shown import ByCurrency, ExactField, FreshnessOut, day_of, payee_on, period_of, uids_of
from incentives.selectors import scorecard_get, team_heat_map
from spm.access.selectors import visible_payees
from spm.api.endpoint import Endpoint
from spm.api.scopes import Scope
from spm.api.visibility import today_of
from spm.people.models import Payee, Seat


class PaceOut(serializers.Serializer):
    day = serializers.DateField()
    actual = ExactField()


class QuotaStateOut(serializers.Serializer):
    """How far a quota is met. Null where there is no quota."""

    currency = serializers.CharField()
    over = serializers.ChoiceField(choices=["period", "quarter", "year"])
    actual = ExactField()
    quota = ExactField(allow_null=True)
    attainment = ExactField(allow_null=True)
    elapsed = ExactField(help_text="Share of the window gone, 0 to 1.")
    pace = ExactField(allow_null=True, help_text="What a straight line to the quota asks for today.")
    projected = ExactField()
    projected_attainment = ExactField(allow_null=True)
    gap = ExactField(allow_null=True)


class GaugeOut(QuotaStateOut):
    """One quota in its window [window_start, window_end), and the orders behind it."""

    plan = serializers.CharField(source="plan_code")
    name = serializers.CharField()
    label = serializers.CharField()
    window_start = serializers.DateField()
    window_end = serializers.DateField()
    orders = serializers.IntegerField()
    average_order = ExactField(allow_null=True)
    series = PaceOut(many=True)


class TierOut(serializers.Serializer):
    """`distance` more of the measure would earn `worth` more."""

    plan = serializers.CharField(source="plan_code")
    component = serializers.CharField()
    label = serializers.CharField()
    currency = serializers.CharField()
    now = ExactField()
    bound = ExactField()
    distance = ExactField()
    worth = ExactField()
    rate_now = ExactField()
    rate_next = ExactField()


class ScorecardOut(serializers.Serializer):
    """As of the last run. Earned: by the period in which it was earned. Due: what the period's statement says. Pending: posted
    to statements that are not approved yet."""

    business_date = serializers.DateField()
    gauges = GaugeOut(many=True)
    tiers = TierOut(many=True)
    earned_period = ByCurrency()
    earned_before = ByCurrency()
    earned_year = ByCurrency()
    due = ByCurrency()
    held = ByCurrency()
    pending = ByCurrency()
    opening = OpeningOut(many=True)
    freshness = FreshnessOut()


class ColumnOut(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.CharField()
    currency = serializers.CharField()


class CellOut(serializers.Serializer):
    value = ExactField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)


class RowOut(serializers.Serializer):
    payee = serializers.UUIDField()
    seat = serializers.UUIDField()
    name = serializers.CharField(source="row.name")
    position = serializers.CharField(source="row.position_title")
    cells = CellOut(source="row.cells", many=True)
    quota = QuotaStateOut(source="row.quota", allow_null=True, help_text="Of the first attainment of the seat's plan.")
    earned = ByCurrency(source="row.earned")


class ExceptionOut(serializers.Serializer):
    kind = serializers.CharField()
    payee = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(source="exception.name")
    text = serializers.CharField(source="exception.text")


class TeamOut(serializers.Serializer):
    """People by metric; cells in the order of the columns."""

    period_code = serializers.CharField(source="found.period.code")
    columns = ColumnOut(source="found.columns", many=True)
    rows = RowOut(many=True)
    exceptions = ExceptionOut(many=True)
    freshness = FreshnessOut(source="found.freshness")


DATE = OpenApiParameter("date", {"type": "string", "format": "date"}, description="Today where the company is, unless told.")


class PayeeScorecard(Endpoint):
    """The scorecard of a payee on a day, for who may see his pay of that day."""

    scopes = {"GET": Scope.PAY_READ}
    parameters = frozenset({"date"})

    @extend_schema(operation_id="scorecards_get", responses=ScorecardOut, parameters=[DATE])
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        given = request.query_params.get("date")
        day: dt.date = today_of(self.principal) if given is None else serializers.DateField().run_validation(given)
        return Response(ScorecardOut(scorecard_get(payee_on(self.principal, uid, day), business_date=day)).data)


class Team(Endpoint):
    """The people whose pay the caller may see in a period: figures, and what needs a look."""

    scopes = {"GET": Scope.PAY_READ}

    @extend_schema(operation_id="team_get", responses=TeamOut)
    def get(self, request: Request, period: uuid.UUID) -> Response:
        when = period_of(period)
        day = day_of(self.principal, when)
        ids = list(visible_payees(membership=self.principal.membership, on=day).values_list("pk", flat=True))
        found = team_heat_map(ids, period=when, today=day)
        payees = uids_of(Payee, {row.payee_id for row in found.rows} | {item.payee_id for item in found.exceptions})
        seats = uids_of(Seat, {row.seat_id for row in found.rows})
        rows = [{"row": row, "payee": payees[row.payee_id], "seat": seats[row.seat_id]} for row in found.rows]
        exceptions = [{"exception": item, "kind": item.kind, "payee": payees.get(item.payee_id)} for item in found.exceptions]
        return Response(TeamOut({"found": found, "rows": rows, "exceptions": exceptions}).data)
