"""Errors of the API: one shape (RFC 9457 problem+json), each with a stable code and a sentence on how to mend it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from spm.ui.nul import nul_fault

logger = logging.getLogger("spm.api")
MEDIA_TYPE = "application/problem+json"

# code: (HTTP status, title, how to mend). Codes are part of the API and never change meaning.
CATALOGUE: dict[str, tuple[int, Any, Any]] = {
    "invalid": (400, _("The request is not valid"), _("Correct the fields listed under errors and send it again.")),
    "malformed": (400, _("The request cannot be read"), _("Send well-formed content of the declared type.")),
    "unknown_parameter": (400, _("Unknown parameter"), _("Remove it, or use one that the schema lists for this operation.")),
    "bad_cursor": (400, _("The cursor is not valid here"), _("Start again without a cursor; keep the filters while you page.")),
    "bad_idempotency_key": (400, _("The idempotency key is not valid"), _("Send 1 to 200 printable ASCII characters, or leave the header out.")),
    "unauthenticated": (401, _("You are not signed in"), _("Send a valid token as `Authorization: Bearer ...`, or sign in.")),
    "forbidden": (403, _("Not allowed"), _("Ask an administrator of your company for the role or the token scope.")),
    "not_found": (404, _("Not found"), _("Check the address; what you may not see is answered the same way.")),
    "method_not_allowed": (405, _("Method not allowed"), _("Use a method that the schema lists for this address.")),
    "not_acceptable": (406, _("Not acceptable"), _("Accept application/json.")),
    "conflict": (409, _("In conflict with the present state"), _("Read the object again and repeat what is still needed.")),
    "unknown_reference": (409, _("The request names an object that is not there"), _("Send the id or code of an object of this company.")),
    "refused": (409, _("A rule forbids this"), _("Do what the errors say, then send it again.")),
    "lowers_pay": (
        409,
        _("Somebody would earn less than is already earned"),
        _("Let somebody who may approve pay send it with lowering_reason, or choose a later first day."),
    ),
    "not_known_yet": (409, _("This change number is not published yet"), _("Ask for a number up to the newest, or leave known_at out.")),
    "in_progress": (409, _("The same request is still being worked on"), _("Wait, then send it again with the same idempotency key.")),
    "too_large": (413, _("Too large"), _("Send less at once.")),
    "unsupported_media_type": (415, _("Unsupported media type"), _("Send the content type that the schema lists.")),
    "idempotency_mismatch": (422, _("This idempotency key was used for another request"), _("Use a new key for a new request.")),
    "plan_refused": (422, _("The plan cannot be used as asked"), _("Mend the places listed under errors, check the plan, and send it again.")),
    "throttled": (429, _("Too many requests"), _("Wait for the number of seconds in Retry-After.")),
    "server_error": (500, _("Something failed on our side"), _("Try again; if it stays, tell your administrator the time of the call.")),
    "unavailable": (503, _("Not available at the moment"), _("Try again in a minute.")),
}

# What to do about one field, by the code of its error.
FIELD_MEND: dict[str, Any] = {
    "required": _("Send this field."),
    "null": _("Send a value, not null."),
    "blank": _("Send a value that is not empty."),
    "unknown": _("Remove it; this operation does not take it."),
    "invalid_choice": _("Send one of the values that the schema lists."),
    "does_not_exist": _("Send the id of an object that exists in this company."),
    "max_length": _("Shorten the value."),
}

_DOMAIN: dict[type[Exception], str | Callable[[Any], str]] = {}


class Problem(exceptions.APIException):
    """Raised by API code: a code of the catalogue, a detail, and optionally the field that it concerns."""

    def __init__(self, code: str, detail: Any = None, *, field: str = "", mend: Any = None) -> None:
        self.code, self.field, self.mend = code, field, mend
        self.status_code = CATALOGUE[code][0]
        super().__init__(detail=detail or CATALOGUE[code][1], code=code)


def problem_register(error: type[Exception], *, code: str | Callable[[Any], str]) -> None:
    """Tells which problem a domain error becomes. Its text is shown, so register only errors written for users."""
    _DOMAIN[error] = code


def problem_body(code: str, *, detail: Any = None, errors: list[dict[str, str]] | None = None, mend: Any = None) -> dict[str, Any]:
    status, title, remedy = CATALOGUE[code]
    body: dict[str, Any] = {
        "type": f"/api/v1/docs/#{code}",
        "title": str(title),
        "status": status,
        "code": code,
        "detail": str(detail if detail is not None else title),
        "mend": str(mend or remedy),
    }
    body["errors"] = errors or []
    return body


def problem_response(code: str, **values: Any) -> Response:
    body = problem_body(code, **values)
    return Response(body, status=body["status"], content_type=MEDIA_TYPE)


def field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flattens DRF's nested details: lines[0].amount, with the code and what to do."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            plain = name in {"non_field_errors", "__all__"}
            yield from field_errors(inner, path if plain else f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from field_errors(inner, f"{path}[{index}]" if isinstance(inner, dict | list) else path)
    else:
        code = str(getattr(detail, "code", None) or "invalid")
        yield {"field": path, "code": code, "detail": str(detail), "mend": str(FIELD_MEND.get(code, CATALOGUE["invalid"][2]))}


def _known(exc: Exception) -> tuple[str, dict[str, Any]] | None:
    if isinstance(exc, Problem):
        errors = [{"field": exc.field, "code": exc.code, "detail": str(exc.detail), "mend": str(exc.mend or CATALOGUE[exc.code][2])}] if exc.field else None
        return exc.code, {"detail": exc.detail, "errors": errors, "mend": exc.mend}
    if isinstance(exc, Http404 | exceptions.NotFound):
        return "not_found", {}
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return "unauthenticated", {"detail": exc.detail if isinstance(exc, exceptions.AuthenticationFailed) else None}
    if isinstance(exc, PermissionDenied | exceptions.PermissionDenied):
        return "forbidden", {"detail": getattr(exc, "detail", None)}
    if isinstance(exc, exceptions.ValidationError):
        return "invalid", {"errors": list(field_errors(exc.detail))}
    if nul_fault(exc):
        return "malformed", {"detail": _("The request holds a NUL character, which no text here can hold.")}
    if isinstance(exc, exceptions.ParseError):
        return "malformed", {"detail": exc.detail}
    by_type: list[tuple[type[Exception], str]] = [
        (exceptions.MethodNotAllowed, "method_not_allowed"),
        (exceptions.NotAcceptable, "not_acceptable"),
        (exceptions.UnsupportedMediaType, "unsupported_media_type"),
        (exceptions.Throttled, "throttled"),
        (RequestDataTooBig, "too_large"),
        (SuspiciousOperation, "malformed"),
    ]
    return next(((code, {"detail": getattr(exc, "detail", None)}) for kind, code in by_type if isinstance(exc, kind)), None)


def _domain(exc: Exception) -> tuple[str, dict[str, Any]] | None:
    """A registered domain error: its text, the field it names, or every place that its `problems` name."""
    found = next((_DOMAIN[kind] for kind in type(exc).__mro__ if kind in _DOMAIN), None)
    if found is None:
        return None
    code = found if isinstance(found, str) else found(exc)
    field, mend = str(getattr(exc, "field", "") or ""), getattr(exc, "mend", None)
    errors = [{"field": p.path, "code": code, "detail": p.text(), "mend": p.mend} for p in getattr(exc, "problems", ())]
    if field and not errors:
        errors = [{"field": field, "code": str(getattr(exc, "code", code)), "detail": str(exc), "mend": str(mend or CATALOGUE[code][2])}]
    return code, {"detail": str(exc) or None, "errors": errors, "mend": mend}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook. An error nobody foresaw is logged with its trace and answered without it."""
    found = _known(exc) or _domain(exc)
    if found is None:
        request = context.get("request")
        got_request_exception.send(sender=exception_handler, request=getattr(request, "_request", request))
        logger.error("API call failed", exc_info=exc, extra={"path": getattr(request, "path", "")})
        return problem_response("server_error", detail=_t("The call failed and nothing was changed."))
    code, values = found
    response = problem_response(code, **values)
    wait = getattr(exc, "wait", None) if isinstance(exc, exceptions.Throttled) else None
    if wait:
        response["Retry-After"] = str(int(wait) + 1)
    if code == "unauthenticated":
        response["WWW-Authenticate"] = 'Bearer realm="spm"'
    if isinstance(exc, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(getattr(context.get("view"), "allowed_methods", []))
    return response
