"""The answer to addresses that the API does not have: the same 404 as for what may not be seen."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint


@extend_schema(exclude=True)
class UnknownAddress(Endpoint):
    in_tenant = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)  # type: ignore[attr-defined]
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated
        raise Http404

    def get(self, request: Request) -> Response:
        raise Http404
