"""API tokens: listed, made (the text is shown once) and revoked."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.access.policy import permitted
from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.models import ApiToken
from spm.api.problems import Problem, problem_register
from spm.api.scopes import Scope
from spm.api.selectors import tokens
from spm.api.services import TokenRefused, token_create, token_revoke

problem_register(TokenRefused, code="invalid")


class TokenIn(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope))
    expires_at = serializers.DateTimeField()


class TokenOut(serializers.Serializer):
    uid = serializers.UUIDField()
    name = serializers.CharField()
    member = serializers.EmailField(source="membership.user.email")
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class MadeTokenOut(serializers.Serializer):
    token = TokenOut()
    text = serializers.CharField(help_text="The token itself. It is shown this once and cannot be read again.")


def _own_or_all(view: Endpoint) -> QuerySet[ApiToken]:
    """Everybody sees and revokes his own tokens; who may read or write tokens, those of all."""
    needed = "tokens.read" if view.request.method == "GET" else "tokens.write"
    return tokens(membership=None if permitted(view.principal.roles, needed) else view.principal.membership)


def _browser_only(view: Endpoint) -> None:
    if view.principal.token is not None:
        raise Problem("forbidden", _("Tokens are made in the browser's session: a token cannot make another."))


@extend_schema_view(get=extend_schema(operation_id="tokens_list"))
class TokenList(ListEndpoint):
    """Tokens: one's own, or all for who may read access."""

    scopes = {"GET": None, "POST": None}
    serializer_class = TokenOut
    idempotent = False

    def get_queryset(self) -> QuerySet[ApiToken]:
        return _own_or_all(self)

    @extend_schema(operation_id="tokens_create", request=TokenIn, responses={201: MadeTokenOut})
    def post(self, request: Request) -> Response:
        """Makes a token for the caller. Only from a session of the browser."""
        _browser_only(self)
        p = self.principal
        made = token_create(tenant=p.tenant, membership=p.membership, actor_id=p.user.pk, **self.parsed(TokenIn))
        return Response(MadeTokenOut(made).data, status=201)


class TokenDetail(Endpoint):
    """One token."""

    scopes = {"DELETE": None}
    serializer_class = TokenOut

    @extend_schema(operation_id="tokens_revoke", request=None, responses=TokenOut)
    def delete(self, request: Request, uid: uuid.UUID) -> Response:
        """Revokes the token at once. It stays listed. A token may revoke itself."""
        token = _own_or_all(self).filter(uid=uid).first()
        if token is None:
            raise Http404
        if self.principal.token is not None and self.principal.token.pk != token.pk:
            _browser_only(self)
        return Response(TokenOut(token_revoke(token=token, actor_id=request.user.pk)).data)
