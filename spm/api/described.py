"""The schema, built once per process: it needs neither a tenant nor the database, and takes half a second to build."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response


@cache
def api_schema() -> dict[str, Any]:
    """OpenAPI 3.1 as plain dictionaries."""
    return SchemaGenerator().get_schema(request=None, public=True)


class SchemaView(SpectacularAPIView):
    """GET, as YAML or with ?format=json as JSON; open to all, since it describes the product and no company."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def _get_schema_response(self, request: Request) -> Response:
        return Response(api_schema(), headers={"Content-Disposition": f'inline; filename="{self._get_filename(request, "v1")}"'})
