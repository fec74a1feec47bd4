"""Writes of planning: quotas, territories, who covers them, their accounts, and crediting by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from planning import services
from planning.api.resources import AccountTerritoryOut, QuotaOut, TerritoryAssignmentOut, TerritoryCreditingOut, TerritoryOut
from planning.models import Territory, TerritoryCrediting
from spm.api.endpoint import Endpoint
from spm.api.references import account_named, by_code
from spm.api.resources.people_in import ReasonIn
from spm.api.scopes import Scope
from spm.people.models import Position


class QuotaIn(ReasonIn):
    """A target over [start, end); the amount as exact decimal text."""

    position = serializers.CharField(max_length=80)
    measure = serializers.CharField(max_length=80)
    start = serializers.DateField()
    end = serializers.DateField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=6, min_value=Decimal(0))
    currency = serializers.RegexField("^[A-Z]{3}$", required=False)


class QuotaEndIn(ReasonIn):
    position = serializers.CharField(max_length=80)
    measure = serializers.CharField(max_length=80)
    day = serializers.DateField(help_text="The first day without the quota.")


class TerritoryIn(serializers.Serializer):
    code = serializers.CharField(max_length=80)
    name = serializers.CharField(max_length=200)
    group = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    country = serializers.RegexField("^[A-Z]{2}$", required=False)
    parent = serializers.CharField(max_length=80, required=False, allow_null=True, default=None)


class CoverIn(ReasonIn):
    territory = serializers.CharField(max_length=80)
    position = serializers.CharField(max_length=80)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class ReleaseIn(serializers.Serializer):
    territory = serializers.CharField(max_length=80)
    position = serializers.CharField(max_length=80)
    day = serializers.DateField(help_text="The first day on which it is no longer covered.")


class AccountIn(ReasonIn):
    source = serializers.CharField(max_length=40, help_text="Source of the account.")
    account = serializers.CharField(max_length=120, help_text="External id of the account in its source.")
    territory = serializers.CharField(max_length=80)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class AccountEndIn(ReasonIn):
    source = serializers.CharField(max_length=40)
    account = serializers.CharField(max_length=120)
    day = serializers.DateField(help_text="The first day on which it is in no territory.")


class CreditingIn(ReasonIn):
    """owner: the owner that the source names comes before the holder of the territory. territory: the holder comes first."""

    source = serializers.CharField(max_length=40, required=False, allow_blank=True, default="", help_text="Empty: every source without a rule of its own.")
    priority = serializers.ChoiceField(choices=TerritoryCrediting.Priority.values)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class CreditingEndIn(ReasonIn):
    source = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    day = serializers.DateField(help_text="Orders from this day on are credited to whom their source names.")


class PlanningWrite(Endpoint):
    scopes = {"POST": Scope.PLANNING_WRITE}

    def act(self, serializer: Any) -> dict[str, Any]:
        """The request's values, with who acts and the objects that are named."""
        values = {**self.parsed(serializer), "actor_id": self.request.user.pk}
        if "territory" in values:
            values["territory"] = by_code(Territory, values["territory"], field="territory")
        if "account" in values:
            values["account"] = account_named(source=values.pop("source"), external_id=values["account"])
        return {**values, "position": by_code(Position, values["position"], field="position")} if "position" in values else values


class QuotaSet(PlanningWrite):
    @extend_schema(operation_id="quotas_set", request=QuotaIn, responses=QuotaOut(many=True))
    def post(self, request: Request) -> Response:
        """Gives a position a quota over [start, end); what stood there gives way. Answers the rows that are new."""
        values = self.act(QuotaIn)
        amount = values.pop("amount").normalize()
        scale = max(2, -int(amount.as_tuple().exponent))
        made = services.quota_set(amount=int(amount.scaleb(scale)), amount_scale=scale, **values)
        return Response(QuotaOut(made, many=True).data)


class QuotaEnd(PlanningWrite):
    @extend_schema(operation_id="quotas_end", request=QuotaEndIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """The position has no quota of the measure from the day on."""
        services.quota_end(**self.act(QuotaEndIn))
        return Response(status=204)


class TerritorySet(PlanningWrite):
    @extend_schema(operation_id="territories_set", request=TerritoryIn, responses=TerritoryOut)
    def post(self, request: Request) -> Response:
        """A territory by its code: made, or changed to what is given."""
        values = self.parsed(TerritoryIn)
        parent = by_code(Territory, values["parent"], field="parent") if values["parent"] else None
        return Response(TerritoryOut(services.territory_create(**{**values, "parent": parent})).data)


class TerritoryCover(PlanningWrite):
    @extend_schema(operation_id="territory_assignments_set", request=CoverIn, responses=TerritoryAssignmentOut(many=True))
    def post(self, request: Request) -> Response:
        """The position covers the territory over [start, end). Answers the rows that are new."""
        return Response(TerritoryAssignmentOut(services.territory_assign(**self.act(CoverIn)), many=True).data)


class TerritoryRelease(PlanningWrite):
    @extend_schema(operation_id="territory_assignments_end", request=ReleaseIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """The position covers the territory no longer from the day on."""
        services.territory_release(**self.act(ReleaseIn))
        return Response(status=204)


class AccountSet(PlanningWrite):
    @extend_schema(operation_id="account_territories_set", request=AccountIn, responses=AccountTerritoryOut(many=True))
    def post(self, request: Request) -> Response:
        """The account belongs to the territory over [start, end); what stood there gives way. Answers the rows that are new.

        Where orders are credited by territory, a job gives those of the account to the holder on their day.
        """
        return Response(AccountTerritoryOut(services.account_assign(**self.act(AccountIn)), many=True).data)


class AccountEnd(PlanningWrite):
    @extend_schema(operation_id="account_territories_end", request=AccountEndIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """The account belongs to no territory from the day on."""
        services.account_release(**self.act(AccountEndIn))
        return Response(status=204)


class CreditingSet(PlanningWrite):
    @extend_schema(operation_id="territory_crediting_set", request=CreditingIn, responses=TerritoryCreditingOut(many=True))
    def post(self, request: Request) -> Response:
        """Orders of a source over [start, end) are credited by territory; what stood there gives way. Answers the rows that are new."""
        return Response(TerritoryCreditingOut(services.crediting_set(**self.act(CreditingIn)), many=True).data)


class CreditingEnd(PlanningWrite):
    @extend_schema(operation_id="territory_crediting_end", request=CreditingEndIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Orders of the source are credited to whom it names from the day on."""
        services.crediting_end(**self.act(CreditingEndIn))
        return Response(status=204)
