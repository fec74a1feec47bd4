"""Members of the company, their roles, and invitations."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.access import services
from spm.access.errors import AccessError
from spm.access.models import Invitation, Membership, Role
from spm.access.policy import POLICY, conflicts_of
from spm.access.selectors import is_open
from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.fields import ToldField
from spm.api.problems import problem_register
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.people.models import Payee

problem_register(AccessError, code="refused")
ROLES = [(role.value, role.value) for role in Role]


class MemberOut(serializers.Serializer):
    """A member; `conflicts` are pairs of duties that one person should not hold together."""

    uid = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    roles = serializers.ListField(child=serializers.CharField(), source="role_list")
    is_open = serializers.BooleanField(source="open_now")
    ended_at = serializers.DateTimeField(allow_null=True)
    conflicts = serializers.ListField(child=serializers.CharField(), source="conflict_list")


class InvitationOut(serializers.Serializer):
    uid = serializers.UUIDField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    mail_error = ToldField()


class RolesIn(serializers.Serializer):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=ROLES), min_length=1, max_length=len(ROLES))
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="", help_text="Needed for duties that should be apart.")


class InvitationIn(RolesIn):
    email = serializers.EmailField()
    payee = serializers.UUIDField(required=False, allow_null=True, default=None)
    language = serializers.ChoiceField(choices=["", "en", "ru"], required=False, default="")


class EndIn(serializers.Serializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PermissionOut(serializers.Serializer):
    permission = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class MemberFilter(filters.FilterSet):
    email = filters.CharFilter(field_name="user__email", lookup_expr="iexact")
    ended = filters.BooleanFilter(method="filter_ended")

    def filter_ended(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        opened = is_open(timezone.now())
        return queryset.exclude(opened) if value else queryset.filter(opened)


def _rows() -> QuerySet[Membership]:
    return Membership.objects.select_related("user", "payee").prefetch_related("grants")


def _shown(membership: Membership) -> Membership:
    held = sorted(grant.role for grant in membership.grants.all())
    membership.role_list = held  # type: ignore[attr-defined]
    membership.open_now = membership.is_open(timezone.now())  # type: ignore[attr-defined]
    membership.conflict_list = [str(conflict.reason) for conflict in conflicts_of(held)]  # type: ignore[attr-defined]
    return membership


def _member(uid: uuid.UUID) -> Membership:
    found = _rows().filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


def _invitation(uid: uuid.UUID) -> Invitation:
    found = Invitation.objects.filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


@extend_schema_view(get=extend_schema(operation_id="members_list"))
class MemberList(ListEndpoint):
    """Members of the company, past ones too."""

    scopes = {"GET": Scope.ACCESS_READ}
    serializer_class = MemberOut
    filterset_class = MemberFilter
    model = Membership

    def get_queryset(self) -> QuerySet[Membership]:
        return _rows()

    def prepare(self, rows: list[Any]) -> list[Any]:
        return [_shown(row) for row in rows]


class MemberDetail(Endpoint):
    """One member."""

    scopes = {"GET": Scope.ACCESS_READ}

    @extend_schema(operation_id="members_get", responses=MemberOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(MemberOut(_shown(_member(uid))).data)


class MemberRoles(Endpoint):
    """Makes the member hold exactly these roles. Nobody changes his own."""

    scopes = {"POST": Scope.ACCESS_WRITE}

    @extend_schema(operation_id="members_set_roles", request=RolesIn, responses=MemberOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        services.roles_set(membership=_member(uid), actor_id=request.user.pk, **self.parsed(RolesIn))
        return Response(MemberOut(_shown(_member(uid))).data)


class MemberEnd(Endpoint):
    """Ends the member's access at once, whatever sessions and tokens there are."""

    scopes = {"POST": Scope.ACCESS_WRITE}

    @extend_schema(operation_id="members_end", request=EndIn, responses=MemberOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        services.membership_end(membership=_member(uid), actor_id=request.user.pk, **self.parsed(EndIn))
        return Response(MemberOut(_shown(_member(uid))).data)


@extend_schema_view(get=extend_schema(operation_id="invitations_list"))
class InvitationList(ListEndpoint):
    """Invitations that are neither accepted nor withdrawn."""

    scopes = {"GET": Scope.ACCESS_READ, "POST": Scope.ACCESS_WRITE}
    serializer_class = InvitationOut
    model = Invitation

    def get_queryset(self) -> QuerySet[Invitation]:
        return Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True).select_related("payee")

    @extend_schema(operation_id="invitations_create", request=InvitationIn, responses={201: InvitationOut})
    def post(self, request: Request) -> Response:
        """Invites an address and mails the link; an open invitation of the address is replaced."""
        values = self.parsed(InvitationIn)
        uid = values.pop("payee")
        payee = by_uids(Payee.objects.all(), [uid], field="payee")[0] if uid else None
        made = services.invitation_create(payee=payee, base_url=request.build_absolute_uri("/"), actor_id=request.user.pk, **values)
        return Response(InvitationOut(made).data, status=201)


class InvitationResend(Endpoint):
    """Mails a new link; earlier ones stop working."""

    scopes = {"POST": Scope.ACCESS_WRITE}

    @extend_schema(operation_id="invitations_resend", request=None, responses=InvitationOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        found = _invitation(uid)
        services.invitation_resend(invitation=found, base_url=request.build_absolute_uri("/"), actor_id=request.user.pk)
        return Response(InvitationOut(found).data)


class InvitationRevoke(Endpoint):
    """Withdraws an open invitation."""

    scopes = {"POST": Scope.ACCESS_WRITE}

    @extend_schema(operation_id="invitations_revoke", request=None, responses=InvitationOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        found = _invitation(uid)
        services.invitation_revoke(invitation=found, actor_id=request.user.pk)
        return Response(InvitationOut(found).data)


class Permissions(Endpoint):
    """Which role may do what."""

    scopes = {"GET": Scope.ACCESS_READ}

    @extend_schema(operation_id="permissions_list", responses=PermissionOut(many=True))
    def get(self, request: Request) -> Response:
        rows = [{"permission": name, "roles": sorted(roles)} for name, roles in POLICY.items()]
        return Response(PermissionOut(rows, many=True).data)
