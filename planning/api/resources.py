"""Quotas, territories and who covers them."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from planning.models import AccountTerritory, Quota, Territory, TerritoryAssignment, TerritoryCrediting
from spm.api.dated import KNOWN_AT, DatedFilter, DatedList, DatedOut
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.fields import RecordRef, ScaledField
from spm.api.scopes import Scope
from spm.api.visibility import quotas_visible


class QuotaOut(DatedOut):
    """A position's target for a measure over [valid_from, valid_to)."""

    position = serializers.CharField(source="position.code")
    measure = serializers.CharField()
    amount = ScaledField()
    currency = serializers.CharField()


class TerritoryOut(serializers.Serializer):
    uid = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    group = serializers.CharField()
    country = serializers.CharField()
    parent = serializers.CharField(source="parent.code", allow_null=True, default=None)


class TerritoryAssignmentOut(DatedOut):
    territory = serializers.CharField(source="territory.code")
    position = serializers.CharField(source="position.code")


class AccountTerritoryOut(DatedOut):
    account = RecordRef()
    territory = serializers.CharField(source="territory.code")


class TerritoryCreditingOut(DatedOut):
    """Orders of the source with a date in [valid_from, valid_to) are credited by territory; an empty source is every source without
    a rule of its own."""

    source = serializers.CharField()
    priority = serializers.ChoiceField(choices=TerritoryCrediting.Priority.values)


class QuotaFilter(DatedFilter):
    position = filters.CharFilter(field_name="position__code")
    measure = filters.CharFilter()


class TerritoryAssignmentFilter(DatedFilter):
    position = filters.CharFilter(field_name="position__code")
    territory = filters.CharFilter(field_name="territory__code")


class AccountTerritoryFilter(DatedFilter):
    account = filters.CharFilter(field_name="account__external_id", help_text="External id of the account.")
    territory = filters.CharFilter(field_name="territory__code")


@extend_schema_view(get=extend_schema(operation_id="quotas_list", parameters=[KNOWN_AT]))
class QuotaList(DatedList):
    """Quotas that the caller may see: all for the office, else his own and his reports'."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = QuotaOut
    filterset_class = QuotaFilter
    model = Quota

    def rows(self) -> QuerySet[Quota]:
        return quotas_visible(self.principal, Quota.objects.select_related("position"))


@extend_schema_view(get=extend_schema(operation_id="territories_list"))
class TerritoryList(ListEndpoint):
    """Territories of the company."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = TerritoryOut
    order = ("code",)

    def get_queryset(self) -> QuerySet[Territory]:
        return Territory.objects.select_related("parent")


@extend_schema_view(get=extend_schema(operation_id="territories_get"))
class TerritoryDetail(DetailEndpoint):
    """One territory."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = TerritoryOut

    def get_queryset(self) -> QuerySet[Territory]:
        return Territory.objects.select_related("parent")


@extend_schema_view(get=extend_schema(operation_id="territory_assignments_list", parameters=[KNOWN_AT]))
class TerritoryAssignmentList(DatedList):
    """Which position covers which territory, when."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = TerritoryAssignmentOut
    filterset_class = TerritoryAssignmentFilter
    model = TerritoryAssignment

    def rows(self) -> QuerySet[TerritoryAssignment]:
        return TerritoryAssignment.objects.select_related("territory", "position")


@extend_schema_view(get=extend_schema(operation_id="account_territories_list", parameters=[KNOWN_AT]))
class AccountTerritoryList(DatedList):
    """Which account belongs to which territory, when."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = AccountTerritoryOut
    filterset_class = AccountTerritoryFilter
    model = AccountTerritory

    def rows(self) -> QuerySet[AccountTerritory]:
        return AccountTerritory.objects.select_related("territory", "account")


@extend_schema_view(get=extend_schema(operation_id="territory_crediting_list", parameters=[KNOWN_AT]))
class TerritoryCreditingList(DatedList):
    """Whose orders are credited by territory, when."""

    scopes = {"GET": Scope.PLANNING_READ}
    serializer_class = TerritoryCreditingOut
    filterset_class = DatedFilter
    model = TerritoryCrediting

    def rows(self) -> QuerySet[TerritoryCrediting]:
        return TerritoryCrediting.objects.all()
