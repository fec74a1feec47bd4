"""Teams: named groups of positions, and which position belonged to which, when."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.dated import KNOWN_AT, DatedFilter, DatedList, DatedOut
from spm.api.endpoint import DetailEndpoint, ListEndpoint
from spm.api.references import by_code
from spm.api.resources import people_in as given
from spm.api.resources.people_acts import PeopleWrite
from spm.api.scopes import Scope
from spm.people import services
from spm.people.models import Position, Team, TeamMembership


class SalesTeamOut(serializers.ModelSerializer):
    class Meta:
        model = Team
        fields = ["uid", "code", "name"]
        read_only_fields = fields


class TeamMemberOut(DatedOut):
    team = serializers.CharField(source="team.code")
    position = serializers.CharField(source="position.code")


class TeamMemberFilter(DatedFilter):
    team = filters.CharFilter(field_name="team__code")
    position = filters.CharFilter(field_name="position__code")


@extend_schema_view(get=extend_schema(operation_id="teams_list"))
class TeamList(PeopleWrite, ListEndpoint):
    """Teams of the company."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    serializer_class = SalesTeamOut
    model = Team
    order = ("code",)

    def get_queryset(self) -> QuerySet[Team]:
        return Team.objects.all()

    @extend_schema(operation_id="teams_create", request=given.TeamIn, responses={201: SalesTeamOut})
    def post(self, request: Request) -> Response:
        """A new team, without positions yet."""
        return Response(SalesTeamOut(services.team_create(**self.act(given.TeamIn))).data, status=201)


@extend_schema_view(get=extend_schema(operation_id="teams_get"))
class TeamDetail(PeopleWrite, DetailEndpoint):
    """One team."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    serializer_class = SalesTeamOut

    def get_queryset(self) -> QuerySet[Team]:
        return Team.objects.all()

    @extend_schema(operation_id="teams_update", request=given.TeamNameIn, responses=SalesTeamOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Another name; the code stays."""
        return Response(SalesTeamOut(services.team_update(team=self.get_object(), **self.act(given.TeamNameIn))).data)


@extend_schema_view(get=extend_schema(operation_id="team_members_list", parameters=[KNOWN_AT]))
class TeamMemberList(DatedList):
    """Which position belongs to which team, when."""

    scopes = {"GET": Scope.PEOPLE_READ}
    serializer_class = TeamMemberOut
    filterset_class = TeamMemberFilter
    model = TeamMembership

    def rows(self) -> QuerySet[TeamMembership]:
        return TeamMembership.objects.select_related("team", "position")


class TeamMemberSet(PeopleWrite):
    @extend_schema(operation_id="team_members_set", request=given.TeamMemberIn, responses=SalesTeamOut)
    def post(self, request: Request) -> Response:
        """The position belongs (with member false: does not belong) to the team in [start, end). Repeating changes nothing."""
        values = self.act(given.TeamMemberIn)
        team = by_code(Team, values.pop("team"), field="team")
        position = by_code(Position, values.pop("position"), field="position")
        services.team_member_set(team=team, position=position, **values)
        return Response(SalesTeamOut(team).data)
