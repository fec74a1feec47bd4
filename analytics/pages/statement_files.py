"""Downloads of a statement: PDF and spreadsheet, for its period, its year to date, or the period before."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of, today_of
from analytics.selectors.periods import PeriodChoice
from incentives.exports import Span, StatementBook, book_pdf, book_xlsx, statement_book
from spm.access.guards import requires
from spm.people.models import Payee


def exports_of(*, slug: str, payee: Payee, choice: PeriodChoice) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the statement can be downloaded as: name of the span, then (format, address); no last period where there is none."""
    where = {"slug": slug, "uid": payee.uid, "code": choice.period.code}
    spans = [(Span.PERIOD, _("This period")), (Span.YEAR, _("Year to date"))]
    if choice.previous is not None:
        spans.append((Span.LAST, _("Last period")))
    found = []
    for span, label in spans:
        query = "" if span is Span.PERIOD else f"?span={span.value}"
        files = [("PDF", reverse("statement-pdf", kwargs=where) + query), ("XLSX", reverse("statement-xlsx", kwargs=where) + query)]
        if span is Span.PERIOD:
            files.append(("CSV", reverse("statement-csv", kwargs=where)))
        found.append((label, files))
    return found


@require_safe
@requires("pay.read_own")
def statement_pdf(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """The statement as a PDF in the reader's language."""
    book = _book(request, uid, code)
    return _file(book_pdf(book, zone=ZoneInfo(request.tenant.time_zone)), book, "application/pdf", "pdf")  # type: ignore[attr-defined]


@require_safe
@requires("pay.read_own")
def statement_xlsx(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """The statement as a spreadsheet."""
    book = _book(request, uid, code)
    return _file(book_xlsx(book), book, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")


def _book(request: HttpRequest, uid: UUID, code: str) -> StatementBook:
    """The book of the address and ?span=; 404 where there is nothing that the member may see."""
    choice = choice_of(request, code)
    try:
        span = Span(request.GET.get("span", Span.PERIOD.value))
    except ValueError:
        raise Http404 from None
    payee = Payee.objects.select_related("detail").filter(uid=uid).first()
    membership, tenant = request.membership, request.tenant  # type: ignore[attr-defined]
    found = choice and statement_book(
        membership=membership, payee=payee, company=tenant.name, period=choice.period, span=span, today=today_of(request)
    )  # fmt: skip
    if not found:
        raise Http404
    return found


def _file(body: bytes, book: StatementBook, kind: str, ending: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="statement-{book.payee.external_id}-{book.code}.{ending}"'
    return response
