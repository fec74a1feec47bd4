"""The base of every operation: who calls, in which tenant, in one transaction that an error rolls back."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.db import transaction
from django.http import Http404
from rest_framework import exceptions, generics
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from spm.access.selectors import membership_for
from spm.api.authentication import Principal, SessionAuthentication, TokenAuthentication
from spm.api.filters import StrictFilterBackend, parameters_check
from spm.api.idempotency import HEADER, IdempotentCall
from spm.api.pagination import KeysetPagination
from spm.api.permissions import ScopeAndRole
from spm.api.problems import Problem
from spm.api.selectors import tenant_active
from spm.api.strict import strict_errors
from spm.api.throttling import MemberThrottle
from spm.tenancy.scope import tenant_scope

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Replay(APIException):
    """Ends a call early with the stored answer of its key."""

    def __init__(self, call: IdempotentCall) -> None:
        super().__init__()
        self.record = call.replay


class Endpoint(generics.GenericAPIView):
    """An operation of one tenant. Subclasses name `scopes` per method and make one call to a service or selector.

    The tenant's scope is opened after the caller is known. A tenant that is not there and one that the caller may not enter
    get the same 404. Responses of 400 and above roll everything back.
    """

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [ScopeAndRole]
    throttle_classes = [MemberThrottle]
    filter_backends: list[Any] = []
    renderer_classes = [JSONRenderer]
    pagination_class: Any = None
    # What get_queryset returns rows of; the schema needs it where there are filters.
    model: Any = None
    metadata_class = None
    scopes: dict[str, str | None] = {}
    # Query parameters beyond filters and paging, as the schema declares them.
    parameters: frozenset[str] = frozenset()
    # False where the answer holds a secret that may not be stored.
    idempotent = True
    in_tenant = True

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.principal: Principal = None  # type: ignore[assignment]
        self.call: IdempotentCall | None = None
        with ExitStack() as self.stack:
            response: Any = super().dispatch(request, *args, **kwargs)
            response.render()
            if self.principal is not None:
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                elif self.call is not None and self.call.replay is None:
                    self.call.finish(status=response.status_code, body=response.data)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)  # type: ignore[attr-defined]
        self.perform_authentication(request)
        if not request.user or not request.user.is_authenticated:
            raise exceptions.NotAuthenticated
        if self.in_tenant:
            self.principal = self._enter(request, slug=self.kwargs.pop("slug"))
            kwargs.pop("slug", None)
        self.check_permissions(request)
        self.check_throttles(request)
        if request.method not in self.allowed_methods:
            return  # answered with 405 by the dispatch
        parameters_check(request, self.known_parameters(request.method))
        if request.method in WRITES and HEADER in request.headers and self.in_tenant:
            self._begin(request)

    def _enter(self, request: Any, *, slug: str) -> Principal:
        if request.auth:
            tenant, token = request.auth
            if tenant.slug != slug:
                raise Http404
            membership = token.membership
        else:
            tenant, token = tenant_active(slug=slug), None
            membership = membership_for(user=request.user, tenant=tenant) if tenant else None
            if membership is None:
                raise Http404
        self.stack.enter_context(tenant_scope(tenant.pk))
        request._request.tenant, request._request.membership = tenant, membership
        return Principal(tenant=tenant, membership=membership, user=request.user, token=token)

    def _begin(self, request: Request) -> None:
        if not self.idempotent:
            raise Problem("bad_idempotency_key", self.no_replay_reason())
        self.call = IdempotentCall(request=request, user_id=self.principal.user.pk)
        if self.call.replay is not None:
            raise Replay(self.call)

    def no_replay_reason(self) -> str:
        from django.utils.translation import gettext as _

        return _("The answer of this operation holds a secret and is not kept, so it takes no idempotency key.")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            return Response(exc.record.body, status=exc.record.status, headers={"Idempotency-Replayed": "true"})
        return super().handle_exception(exc)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        # A problem is JSON even where the answer would be a file.
        if response.status_code >= 400 or not getattr(request, "accepted_renderer", None):
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "application/json"
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def known_parameters(self, method: str | None) -> set[str]:
        known = set(self.parameters)
        if method == "GET" and self.pagination_class is not None:
            known |= {"cursor", "limit"}
            filterset = getattr(self, "filterset_class", None)
            known |= set(filterset.base_filters) if filterset else set()
        return known

    def parsed(self, serializer: Any, *, partial: bool = False) -> dict[str, Any]:
        """The request's content as an input serializer reads it. A field that it does not name is refused."""
        instance = serializer(data=self.request.data, partial=partial, context=self.get_serializer_context())
        errors = dict(strict_errors(instance, self.request.data))
        if errors:
            raise exceptions.ValidationError(errors)
        instance.is_valid(raise_exception=True)
        return instance.validated_data


class ListEndpoint(Endpoint):
    """GET of a list: filters, cursor, and what `prepare` adds to the rows of the page in a fixed number of queries."""

    filter_backends = [StrictFilterBackend]
    pagination_class = KeysetPagination
    order: tuple[str, ...] = ("uid",)

    def prepare(self, rows: list[Any]) -> list[Any]:
        return rows

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer(self.prepare(rows), many=True).data)


class DetailEndpoint(Endpoint):
    """GET of one object by `lookup`: what the selector does not show is not there."""

    lookup = "uid"

    def get_object(self) -> Any:
        found = self.get_queryset().filter(**{self.lookup: self.kwargs[self.lookup]}).first()
        if found is None:
            raise Http404
        return found

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
