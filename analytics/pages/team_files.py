"""The team page as CSV and as a spreadsheet: the rows that the page shows, with its totals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of
from analytics.pages.team import team_of_request
from analytics.selectors.periods import PeriodChoice
from analytics.selectors.team import Team
from spm.access.guards import requires
from spm.documents.csv_files import csv_response
from spm.documents.xlsx import Amount, Share, Sheet, workbook_bytes

Row = Sequence[Any]


def _header() -> list[str]:
    return [
        _("Person"), _("Payee number"), _("Position"), _("Attainment"), _("Pace"), _("Last quarter"), _("Orders"), _("Currency"), _("Sales"), _("Quota"),
        _("Earned"),
    ]  # fmt: skip


def _rows(found: Team) -> list[Row]:
    """One row a member and currency; figures that have no currency stand in the first of them."""
    out: list[Row] = []
    for m in found.members:
        state = m.quota
        currencies = sorted({*(m.earned or {}), *([state.currency] if state else [])}) or [""]
        for n, currency in enumerate(currencies):
            own = state if state and state.currency == currency else None
            shares = [None if n or value is None else Share(value) for value in (m.attainment, m.pace, m.before)]
            earned = (m.earned or {}).get(currency)
            out.append(
                [
                    m.payee.detail.display_name, m.payee.external_id, m.title, *shares, None if n else m.orders, currency or None,
                    Amount(own.actual, currency) if own else None, Amount(own.quota, currency) if own and own.quota is not None else None,
                    None if earned is None else Amount(earned, currency),
                ]
            )  # fmt: skip
    return out


def _totals(rows: list[Row]) -> list[Row]:
    """One row a currency; orders are summed in the first."""
    out: list[Row] = []
    for n, currency in enumerate(sorted({row[7] for row in rows if row[7]})):
        sums = [sum((row[at].value for row in rows if row[7] == currency and row[at] is not None), Decimal(0)) for at in (8, 9, 10)]
        orders = None if n else sum(row[6] or 0 for row in rows)
        out.append([_("Total"), None, None, None, None, None, orders, currency, *(Amount(value, currency) for value in sums)])
    return out


def _team(request: HttpRequest) -> tuple[PeriodChoice, list[Row], list[Row]]:
    choice = choice_of(request)
    if choice is None:
        raise Http404
    rows = _rows(team_of_request(request, choice))
    return choice, rows, _totals(rows)


@require_safe
@requires("pay.read_team")
def team_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows of the page; shares as ratios, amounts exact."""
    choice, rows, totals = _team(request)
    return csv_response(f"team-{choice.period.code}.csv", _header(), ([getattr(cell, "value", cell) for cell in row] for row in [*rows, *totals]))


@require_safe
@requires("pay.read_team")
def team_xlsx(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows of the page as a spreadsheet."""
    choice, rows, totals = _team(request)
    title = _("Team")
    body = workbook_bytes([Sheet(title, _header(), rows, totals)], title=f"{title} {choice.period.code}")
    response = HttpResponse(body, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = f'attachment; filename="team-{choice.period.code}.xlsx"'
    return response
