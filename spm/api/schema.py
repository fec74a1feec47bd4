"""How operations are described: security with scopes, the errors that each may give, the idempotency key, the tenant."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from spm.api.idempotency import HEADER

NO_NUL = r"^[^\u0000]*$"
NOT_BLANK = r"^[^\u0000]*[^\u0000\s][^\u0000]*$"


class ProblemField(serializers.Serializer):
    """One thing that is wrong, and where."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    mend = serializers.CharField(allow_blank=True)


class ProblemBody(serializers.Serializer):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    mend = serializers.CharField()
    errors = ProblemField(many=True)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "spm.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token of one tenant: spm_SLUG.PREFIX.SECRET"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "spm.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The browser's session; writes need X-CSRFToken."}


class StrictFilterScheme(DjangoFilterExtension):
    """Reads the view's `model` instead of its queryset: schemas are made without a tenant's scope."""

    target_class = "spm.api.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(self, auto_schema: AutoSchema, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        filterset = getattr(auto_schema.view, "filterset_class", None)
        if filterset is None:
            return []
        fields = filterset.base_filters.items()
        view: Any = auto_schema.view
        found = [p for name, field in fields for p in self.resolve_filter_field(auto_schema, view.model, filterset, name, field)]
        for parameter in found:
            if parameter["schema"].get("type") == "string" and not parameter["schema"].keys() & {"format", "enum"}:
                parameter["schema"]["minLength"] = 1
        return found


def _narrower(field: serializers.Field) -> dict[str, Any]:
    """What DRF refuses in a request and the schema would not say: empty and NUL texts, amounts that are no number."""
    if isinstance(field, serializers.ListSerializer):
        return {} if field.allow_empty else {"minItems": 1}
    if isinstance(field, serializers.DecimalField):
        whole = (field.max_digits or 0) - (field.decimal_places or 0)
        return {"pattern": rf"^\d{{1,{whole}}}(\.\d{{1,{field.decimal_places}}})?$"}
    if type(field) is not serializers.CharField:
        return {}
    return {"pattern": NO_NUL} if field.allow_blank else {"minLength": 1, "pattern": NOT_BLANK}


class OperationSchema(AutoSchema):
    """Adds to each operation what the base of all operations does."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if self.method in {"POST", "PUT", "PATCH", "DELETE"} and getattr(self.view, "idempotent", False):
            found.append(
                OpenApiParameter(
                    HEADER,
                    {"type": "string", "pattern": "^[!-~]{1,200}$"},
                    OpenApiParameter.HEADER,
                    description="Any text that names this write: sent again, it gets the same answer.",
                )
            )
        return found

    def _get_parameters(self) -> list[dict[str, Any]]:
        """A text in the address holds no NUL: that is refused for all operations alike."""
        found = super()._get_parameters()
        for parameter in found:
            schema = parameter.get("schema", {})
            if parameter["in"] in {"query", "path"} and schema.get("type") == "string" and not schema.keys() & {"format", "enum", "pattern"}:
                schema["pattern"] = NO_NUL
        return found

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        codes = ["400", "401", "403", "404", "405", "406", "409", "429"]
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            codes += ["413", "415", "422"]
        problem = self.resolve_serializer(ProblemBody, direction).ref
        for code in codes:
            bodies.setdefault(code, {"description": "", "content": {"application/problem+json": {"schema": problem}}})
        return bodies

    def _is_list_view(self, serializer: Any = None) -> bool:
        from spm.api.endpoint import ListEndpoint

        if isinstance(self.view, ListEndpoint) and self.method == "GET":
            return True
        return isinstance(serializer, serializers.ListSerializer)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        found = super()._map_basic_serializer(serializer, direction)
        if type(serializer).__name__.endswith("In"):
            found["additionalProperties"] = False  # Endpoint.parsed refuses what a request may not hold.
            for name, schema in found.get("properties", {}).items():
                schema.update(_narrower(serializer.fields[name]))
        return found

    def get_description(self) -> str:
        text = super().get_description() or ""
        scope = getattr(self.view, "scopes", {}).get(self.method)
        return f"{text}\n\nToken scope: `{scope}`." if scope else text

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").removeprefix("t/{slug}/").split("/")
        return [parts[0] or "api"]
