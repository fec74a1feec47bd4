"""A statement as it looked after each run: the runs that touched it, what it said then, and two of them side by side."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.changes import run_asked, run_text
from analytics.pages.common import choice_of, payee_of
from incentives.selectors import statement_as_of, statement_changed, statement_runs
from spm.access.guards import requires
from spm.ui.tables import Column


@require_safe
@requires("pay.read_own")
def as_of_page(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """?run= says after which run (default the last that posted to it), ?before= with which earlier one it is compared (0: none)."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    touched = statement_runs(payee, choice.period)
    run = run_asked(request, "run", payee) or (touched[0].run if touched else None)
    before = run_asked(request, "before", payee)
    if run is not None and before is not None and before.number > run.number:
        before, run = run, before
    here = reverse("statement-as-of", kwargs={"slug": slug, "uid": payee.uid, "code": code})
    why = reverse("statement-changes", kwargs={"slug": slug, "uid": payee.uid, "code": code})
    earlier = [item.run.number for item in touched[1:]] + [0]
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    known = {item.run.number: item.run for item in touched} | {one.number: one for one in (run, before) if one is not None}
    options = [(number, run_text(known[number], locale)) for number in sorted(known, reverse=True)]
    view = statement_as_of(payee, choice.period, run) if run is not None else None
    compared = statement_as_of(payee, choice.period, before) if before is not None else None
    context = {
        "payee": payee,
        "choice": choice,
        "run": run,
        "before": before,
        "view": view,
        "compared": compared,
        "lines": statement_changed(compared, view) if view is not None else [],
        "touched": [
            (item, f"{here}?run={item.run.number}", f"{here}?run={item.run.number}&before={last}", f"{why}?run={item.run.number}&before={last}")
            for item, last in zip(touched, earlier, strict=True)
        ] if touched else [],
        "run_options": options,
        "before_options": [(0, _("Nothing")), *options],
        "columns": _line_columns(compared is not None),
        "run_columns": [
            Column("run", _("Run")),
            Column("computed", _("Computed")),
            Column("amount", _("Change"), numeric=True),
            Column("total", _("Total after it"), numeric=True),
            Column("links", _("Compare")),
        ],
        "statement_url": reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": code}),
    }  # fmt: skip
    return render(request, "analytics/as_of.html", context)


def _line_columns(compared: bool) -> list[Column]:
    found = [Column("label", _("Component")), Column("origin", _("Earned in"))]
    if compared:
        found.append(Column("before", _("Before"), numeric=True))
    found.append(Column("amount", _("Amount"), numeric=True))
    if compared:
        found.append(Column("change", _("Change"), numeric=True))
    return found
