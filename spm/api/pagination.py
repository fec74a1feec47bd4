"""Cursor pagination by key: the next page begins after the last row seen, so rows inserted meanwhile neither repeat nor hide others."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from functools import reduce
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.problems import Problem

DEFAULT, LARGEST = 50, 200


def _text(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _field(model: Any, path: str) -> Any:
    *steps, last = path.split("__")
    model = reduce(lambda at, step: at._meta.get_field(step).related_model, steps, model)
    return model._meta.get_field(last)


def after(queryset: QuerySet, order: tuple[str, ...], values: list[Any]) -> QuerySet:
    """Rows that come after `values` in `order` (each name may begin with - for descending)."""
    names = [name.removeprefix("-") for name in order]
    ops = ["lt" if name.startswith("-") else "gt" for name in order]
    condition = Q()
    for index, (name, op) in enumerate(zip(names, ops, strict=True)):
        same = {names[i]: values[i] for i in range(index)}
        condition |= Q(**same, **{f"{name}__{op}": values[index]})
    # The leading bound is what an index can start from.
    return queryset.filter(**{f"{names[0]}__{ops[0]}e": values[0]}).filter(condition)


class KeysetPagination(BasePagination):
    """The view names its `order`: a tuple of fields that together are unique and never null. Cursors are signed and tied to
    the tenant, the operation and the filters."""

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Any]:
        limit = self._limit(request)
        order: tuple[str, ...] = view.order
        self._salt = self._salt_of(request, view)
        token = request.query_params.get("cursor")
        if token is not None:
            queryset = after(queryset, order, self._read(token, queryset.model, order))
        rows = list(queryset.order_by(*order)[: limit + 1])
        self.next_cursor = None
        if len(rows) > limit:
            rows = rows[:limit]
            last = [reduce(getattr, name.removeprefix("-").split("__"), rows[-1]) for name in order]
            self.next_cursor = signing.dumps([_text(value) for value in last], salt=self._salt)
        return rows

    def _limit(self, request: Request) -> int:
        given = request.query_params.get("limit", str(DEFAULT))
        if not given.isascii() or not given.isdigit() or not 1 <= int(given[:6]) <= LARGEST or len(given) > 6:
            raise Problem("invalid", _("limit is a whole number from 1 to %(largest)s.") % {"largest": LARGEST}, field="limit")
        return int(given)

    def _salt_of(self, request: Request, view: Any) -> str:
        kept = sorted((name, value) for name, values in request.query_params.lists() for value in values if name not in {"cursor", "limit"})
        filters = hashlib.sha256(repr(kept).encode()).hexdigest()[:16]
        return f"api-cursor:{view.principal.tenant.pk}:{request.path}:{filters}"

    def _read(self, token: str, model: Any, order: tuple[str, ...]) -> list[Any]:
        try:
            values = signing.loads(token, salt=self._salt)
            return [_field(model, name.removeprefix("-")).to_python(value) for name, value in zip(order, values, strict=True)]
        except (signing.BadSignature, ValidationError, ValueError, TypeError) as error:
            raise Problem("bad_cursor", field="cursor") from error

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next_cursor"],
            "properties": {
                "results": schema,
                "next_cursor": {"type": ["string", "null"], "description": "Send it as `cursor` to get the next page; null on the last one."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}, "description": "next_cursor of the page before."},
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": DEFAULT},
                "description": "Rows of one page.",
            },
        ]
