"""What changed in a payee's pay of a period since an earlier run: amounts by cause, and the orders that changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of, payee_of
from incentives.models import Run
from incentives.selectors import ComponentChange, PaidLine, last_run, paid_change, pay_change, run_numbered, run_of_last_change, runs_comparable
from spm.access.guards import requires
from spm.people.models import Payee
from spm.ui.formats import day_text, money_text
from spm.ui.tables import Column


def cause_columns() -> list[Column]:
    """Of the table of causes."""
    return [Column("cause", _("Cause")), Column("amount", _("Amount"), numeric=True)]


def order_columns() -> list[Column]:
    """Of the table of orders that changed."""
    return [
        Column("order", _("Order")),
        Column("account", _("Customer")),
        Column("day", _("Date")),
        Column("before", _("Credited before"), numeric=True),
        Column("after", _("Credited now"), numeric=True),
    ]


@require_safe
@requires("pay.read_own")
def changes_page(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """One payee and period in two runs: ?run= (default the last) and ?before= (default the one before the last change; 0: none)."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    run = run_asked(request, "run", payee) or last_run(payee.pk)
    if run is None:
        raise Http404
    before = run_asked(request, "before", payee) if "before" in request.GET else run_of_last_change(payee, period=choice.period, run=run)
    if before is not None and before.number > run.number:
        before, run = run, before
    change = pay_change(payee, period=choice.period, before=before, run=run)
    paid = paid_change(payee, period=choice.period, before=before, run=run)
    assert change is not None
    assert paid is not None
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    runs = {known.number: known for known in [*runs_comparable(payee), run, *([before] if before else [])]}
    options = [(number, run_text(runs[number], locale)) for number in sorted(runs, reverse=True)]
    context = {
        "payee": payee,
        "choice": choice,
        "change": change,
        "totals": [_shown(total, run, before, locale) for total in change.totals if total.causes] if len(change.components) > 1 else [],
        "components": [_shown(component, run, before, locale) for component in change.components],
        "paid": [_shown(line, run, before, locale) for line in paid.lines],
        "paid_totals": [_shown(line, run, before, locale) for line in (*paid.totals, *paid.converted) if line.causes] if paid.lines else [],
        "run": run,
        "before": before,
        "run_options": options,
        "before_options": [*options, (0, _("Before the first run"))],
        "columns": order_columns(),
        "cause_columns": cause_columns(),
        "paid_columns": [
            Column("line", _("Line")),
            Column("why", _("Why")),
            Column("before", _("Before"), numeric=True),
            Column("after", _("After"), numeric=True),
            Column("change", _("Change"), numeric=True),
        ],
        "statement_url": reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": code}),
    }
    return render(request, "analytics/changes.html", context)


def run_asked(request: HttpRequest, name: str, payee: Payee) -> Run | None:
    """The finished run of a parameter; None where it is left out or 0. 404 for one that does not exist."""
    given = request.GET.get(name, "")
    if given in ("", "0"):
        return None
    found = run_numbered(int(given), payee) if given.isascii() and given.isdigit() and len(given) < 10 else None
    if found is None:
        raise Http404
    return found


def run_text(run: Run, locale: str) -> str:
    """A run as a choice."""
    return _("Run %(number)s, %(day)s") % {"number": run.number, "day": day_text(run.business_date, locale)}


def _shown(part: ComponentChange | PaidLine, run: Run, before: Run | None, locale: str) -> dict[str, Any]:
    """A component, or a currency's total, with its equation."""
    now = _("In run %(number)s") % {"number": run.number}
    then = _("In run %(number)s") % {"number": before.number} if before else _("Before the first run")
    return {
        "part": part,
        "terms": [("", now, money_text(part.after, part.currency, locale)), ("−", then, money_text(part.before, part.currency, locale))],
        "total": money_text(part.amount, part.currency, locale, sign=True),
    }
