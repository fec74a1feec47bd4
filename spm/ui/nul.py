"""A NUL character in a request: the database holds none in its texts, so the request is refused with 400 and a sentence, never 500."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def nul_fault(error: BaseException) -> bool:
    """Whether an error says that a NUL was on its way into the database: as text (the driver's words), inside JSON (the server's), or
    into the audit log."""
    text = str(error)
    return (isinstance(error, ValueError) and ("NUL (0x00)" in text or "a NUL character" in text)) or (isinstance(error, DataError) and "\\u0000" in text)


class NulMiddleware:
    """Refuses a NUL in the address of a page, and turns one that a form carried as far as the database into the same answer.

    Stands outside the tenant's scope, which rolls everything back on 400. The API has an answer of its own (spm.api.problems).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/") and ("\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")):
            return _refused(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _refused(request) if nul_fault(exception) else None


def _refused(request: HttpRequest) -> HttpResponse:
    logger.warning("%s: a NUL character was refused", request.path_info.replace("\x00", "%00"))
    return render(
        request, "400.html", {"why": _("The address or the form holds a NUL character, which no text here can hold. Take it out and try again.")}, status=400
    )
