"""Statements as files: PDF and spreadsheet."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import period_of
from incentives.exports import Span, StatementBook, book_pdf, book_xlsx, statement_book
from spm.api.endpoint import Endpoint
from spm.api.problems import Problem
from spm.api.scopes import Scope
from spm.api.visibility import today_of
from spm.people.models import Payee

SPAN = OpenApiParameter(
    "span",
    {"type": "string", "enum": [span.value for span in Span], "default": "period"},
    description="period: this one; year: from the first of its fiscal year up to it; last: the one before it.",
)


class _Bytes(BaseRenderer):
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


class PdfRenderer(_Bytes):
    media_type, format = "application/pdf", "pdf"
    render_style = "binary"


class XlsxRenderer(_Bytes):
    media_type, format = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
    render_style = "binary"


class _StatementFile(Endpoint):
    scopes = {"GET": Scope.PAY_READ}
    parameters = frozenset({"span"})

    def book(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> StatementBook:
        """The book, or 404 as for no such payee."""
        given = request.query_params.get("span", Span.PERIOD.value)
        if given not in list(Span):
            raise Problem("invalid", field="span")
        found = statement_book(
            membership=self.principal.membership, payee=Payee.objects.select_related("detail").filter(uid=uid).first(),
            company=self.principal.tenant.name, period=period_of(period), span=Span(given), today=today_of(self.principal),
        )  # fmt: skip
        if found is None:
            raise Http404
        return found

    def file(self, body: bytes, book: StatementBook, ending: str) -> Response:
        name = f"statement-{book.payee.uid}-{book.code}.{ending}"
        return Response(body, headers={"Content-Disposition": f'attachment; filename="{name}"'})


class StatementPdf(_StatementFile):
    """The statement as a tagged PDF, down to component and order, in the language that Accept-Language asks for."""

    renderer_classes = [PdfRenderer]

    @extend_schema(operation_id="statements_pdf", parameters=[SPAN], responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        book = self.book(request, uid, period)
        return self.file(book_pdf(book, zone=ZoneInfo(self.principal.tenant.time_zone)), book, "pdf")


class StatementXlsx(_StatementFile):
    """The statement as a spreadsheet with sheets for totals, components and lines; each sums to the ledger."""

    renderer_classes = [XlsxRenderer]

    @extend_schema(operation_id="statements_xlsx", parameters=[SPAN], responses={(200, XlsxRenderer.media_type): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, uid: uuid.UUID, period: uuid.UUID) -> Response:
        book = self.book(request, uid, period)
        return self.file(book_xlsx(book), book, "xlsx")
