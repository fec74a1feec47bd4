"""People and their places: payees, positions, seats, assignments, reporting lines, pay terms."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from spm.api.dated import KNOWN_AT, DatedFilter, DatedList, DatedOut
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.fields import ScaledField
from spm.api.scopes import Scope
from spm.api.visibility import dated_visible, payees_visible
from spm.people.models import Assignment, NamedRelation, Payee, PayTerms, Position, ReportingLine


class DetailField(serializers.CharField):
    """A text of the erasable details of a payee; empty when there are none."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(source="*", read_only=True)

    def to_representation(self, payee: Payee) -> str:
        return getattr(getattr(payee, "detail", None), self.column, "")


class PayeeOut(serializers.Serializer):
    """A payee. The name is empty once the person was erased."""

    uid = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Payee.Kind.choices)
    source = serializers.CharField()
    external_id = serializers.CharField()
    name = DetailField("display_name")
    email = DetailField("email")
    legal_entity = serializers.CharField(source="legal_entity.code")
    pay_group = serializers.CharField()
    pay_currency = serializers.CharField()
    erased_at = serializers.DateTimeField(allow_null=True)


class PositionOut(serializers.ModelSerializer):
    class Meta:
        model = Position
        fields = ["uid", "code", "title", "source"]
        read_only_fields = fields


class AssignmentOut(DatedOut):
    payee = serializers.UUIDField(source="payee.uid")
    position = serializers.CharField(source="position.code")
    seat = serializers.UUIDField(source="seat.uid")
    fte_ppm = serializers.IntegerField()


class ReportingLineOut(DatedOut):
    position = serializers.CharField(source="position.code")
    manager = serializers.CharField(source="manager.code")


class RelationOut(DatedOut):
    position = serializers.CharField(source="position.code")
    name = serializers.CharField()
    related = serializers.CharField(source="related.code")


class PayTermsOut(DatedOut):
    """Target incentive and OTE a year, and the named exact values that plans may use."""

    seat = serializers.UUIDField(source="seat.uid")
    payee = serializers.UUIDField(source="seat.payee.uid")
    position = serializers.CharField(source="seat.position.code")
    currency = serializers.CharField()
    target_incentive = ScaledField("target_incentive")
    ote = ScaledField("ote")
    attributes = serializers.DictField(child=serializers.CharField())


class PayeeFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Payee.Kind.choices)
    source = filters.CharFilter()
    external_id = filters.CharFilter()
    pay_group = filters.CharFilter()


class AssignmentFilter(DatedFilter):
    payee = filters.UUIDFilter(field_name="payee__uid")
    position = filters.CharFilter(field_name="position__code")


class ReportingLineFilter(DatedFilter):
    position = filters.CharFilter(field_name="position__code")
    manager = filters.CharFilter(field_name="manager__code")


class RelationFilter(DatedFilter):
    position = filters.CharFilter(field_name="position__code")
    related = filters.CharFilter(field_name="related__code")
    name = filters.CharFilter()


class PayTermsFilter(DatedFilter):
    payee = filters.UUIDFilter(field_name="seat__payee__uid")


@extend_schema_view(get=extend_schema(operation_id="payees_list"))
class PayeeList(ListEndpoint):
    """Payees that the caller may see: all for the office, else himself and his reports."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = PayeeOut
    filterset_class = PayeeFilter
    model = Payee
    order = ("source", "external_id")

    def get_queryset(self) -> QuerySet[Payee]:
        return payees_visible(self.principal, Payee.objects.select_related("detail", "legal_entity"))


@extend_schema_view(get=extend_schema(operation_id="payees_get"))
class PayeeDetail(DetailEndpoint):
    """One payee."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = PayeeOut

    def get_queryset(self) -> QuerySet[Payee]:
        return payees_visible(self.principal, Payee.objects.select_related("detail", "legal_entity"))


@extend_schema_view(get=extend_schema(operation_id="positions_list"))
class PositionList(ListEndpoint):
    """Positions of the company."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = PositionOut
    order = ("code",)

    def get_queryset(self) -> QuerySet[Position]:
        return Position.objects.all()


@extend_schema_view(get=extend_schema(operation_id="assignments_list", parameters=[KNOWN_AT]))
class AssignmentList(DatedList):
    """Who sits in which position, when, with which share of full time."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = AssignmentOut
    filterset_class = AssignmentFilter
    model = Assignment

    def rows(self) -> QuerySet[Assignment]:
        found = Assignment.objects.select_related("payee", "position", "seat")
        return dated_visible(self.principal, found, whole="people.read", payee="payee_id")


@extend_schema_view(get=extend_schema(operation_id="reporting_lines_list", parameters=[KNOWN_AT]))
class ReportingLineList(DatedList):
    """Which position reports to which, when."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = ReportingLineOut
    filterset_class = ReportingLineFilter
    model = ReportingLine

    def rows(self) -> QuerySet[ReportingLine]:
        return ReportingLine.objects.select_related("position", "manager")


@extend_schema_view(get=extend_schema(operation_id="relations_list", parameters=[KNOWN_AT]))
class RelationList(DatedList):
    """Which position is whose mentor, sales engineer or partner, when: relations outside the reporting line."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = RelationOut
    filterset_class = RelationFilter
    model = NamedRelation

    def rows(self) -> QuerySet[NamedRelation]:
        return NamedRelation.objects.select_related("position", "related")


@extend_schema_view(get=extend_schema(operation_id="pay_terms_list", parameters=[KNOWN_AT]))
class PayTermsList(DatedList):
    """Pay terms that the caller may see: all for those who keep them, else his own and his reports'."""

    scopes = {"GET": Scope.PAY_READ}
    serializer_class = PayTermsOut
    filterset_class = PayTermsFilter
    model = PayTerms

    def rows(self) -> QuerySet[PayTerms]:
        found = PayTerms.objects.select_related("seat__payee", "seat__position")
        return dated_visible(self.principal, found, whole="people.read_terms", payee="seat__payee_id")
