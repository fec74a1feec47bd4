"""The parameter `known_at`: the answer as it would have been given at that change number."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from spm.api.problems import Problem
from spm.tenancy.changes import known_number

KNOWN_AT = OpenApiParameter(
    "known_at",
    {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    description="A published change number: the record as it was known then. Left out, it is as known now.",
)


def whole_number(request: Request, name: str, *, largest: int) -> int | None:
    """A query parameter that is a whole number from 0 to `largest`, or None when it is not given."""
    given: Any = request.query_params.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()) or len(given) > 19 or int(given) > largest:
        raise Problem("invalid", _("%(name)s is a whole number from 0 to %(largest)s.") % {"name": name, "largest": largest}, field=name)
    return int(given)


def known_at(request: Request) -> int | None:
    """The change number asked for. One that was not published yet is refused: its answer could still change."""
    number = whole_number(request, "known_at", largest=2**63 - 1)
    if number is not None and number > (newest := known_number()):
        raise Problem("not_known_yet", _("The newest change number is %(newest)s.") % {"newest": newest}, field="known_at")
    return number
