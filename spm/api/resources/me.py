"""Who am I, in which companies, with which roles."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.access.selectors import tenants_of
from spm.api.endpoint import Endpoint


class TenantOut(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    plan_currency = serializers.CharField()


class MeOut(serializers.Serializer):
    email = serializers.EmailField()
    tenants = TenantOut(many=True)


class CallerOut(serializers.Serializer):
    email = serializers.EmailField(source="user.email")
    tenant = TenantOut()
    roles = serializers.ListField(child=serializers.CharField())
    payee = serializers.UUIDField(source="membership.payee.uid", allow_null=True, default=None)
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class Me(Endpoint):
    """The caller and the companies that the credential opens: one for a token, all memberships for a session."""

    in_tenant = False
    scopes = {"GET": None}

    @extend_schema(operation_id="me", responses=MeOut)
    def get(self, request: Any) -> Response:
        tenants = [request.auth[0]] if request.auth else tenants_of(user=request.user)
        return Response(MeOut({"email": request.user.email, "tenants": tenants}).data)


class TenantMe(Endpoint):
    """The caller in this company: roles, the payee that he is, and the scopes of the token (null for a session)."""

    scopes = {"GET": None}

    @extend_schema(operation_id="tenant_me", responses=CallerOut)
    def get(self, request: Request) -> Response:
        p = self.principal
        body = {"user": p.user, "tenant": p.tenant, "roles": sorted(p.roles), "membership": p.membership, "scopes": sorted(p.scopes or ()) if p.token else None}
        return Response(CallerOut(body).data)
