"""Plan A against plan B: ask, watch it being computed, see the cost, the spread, who wins and who loses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from incentives.models import PlanComparison, PlanVersion
from incentives.pages.live import job_context, job_polled
from incentives.selectors.comparisons import comparison_list, comparison_pairs, comparison_people
from incentives.selectors.plans import component_labels
from incentives.services.comparisons import comparison_start
from incentives.services.plans import PlanRefused
from spm.access.guards import may, requires
from spm.documents.csv_files import csv_response
from spm.jobs.models import Job
from spm.ui.charts import Series, bar_chart, money_unit
from spm.ui.tables import Column

SHOWN = 100


class VersionChoice(forms.ModelChoiceField):
    """Plan versions by title and number."""

    def label_from_instance(self, version: Any) -> str:
        return _("%(plan)s, version %(number)s, %(state)s") % {
            "plan": version.plan.title, "number": version.number, "state": str(version.get_state_display()).lower(),
        }  # fmt: skip


class ComparisonForm(forms.Form):
    """Which two versions, over which time."""

    first = VersionChoice(queryset=None, label=gettext_lazy("Plan A"), help_text=gettext_lazy("The people under this plan are looked at."))
    second = VersionChoice(queryset=None, label=gettext_lazy("Plan B"), help_text=gettext_lazy("What the same people would earn by it."))
    start = forms.DateField(label=gettext_lazy("From"))
    end = forms.DateField(label=gettext_lazy("Until"), help_text=gettext_lazy("The first day that is no longer looked at."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = PlanVersion.objects.select_related("plan").defer("text", "canonical").order_by("plan__title", "-number")
        for name in ("first", "second"):
            self.fields[name].queryset = versions  # type: ignore[attr-defined]
            self.fields[name].to_field_name = "uid"  # type: ignore[attr-defined]


@require_safe
@requires("plans.read")
def comparisons(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, for those who may ask, and the comparisons there are."""
    return _list(request, ComparisonForm(initial={name: request.GET.get(name) for name in ("first", "second", "start", "end")}))


@require_POST
@requires("plans.approve")
def comparison_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Queues the computation; its page shows it live."""
    form = ComparisonForm(request.POST)
    if form.is_valid():
        try:
            row = comparison_start(**form.cleaned_data, actor_id=request.user.pk)
        except PlanRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("plan-comparison", slug=slug, uid=row.uid)
    return _list(request, form)


def _list(request: HttpRequest, form: ComparisonForm) -> HttpResponse:
    columns = [Column("plans", _("Plans")), Column("time", _("Time")), Column("by", _("Asked for")), Column("state", _("State"))]
    context = {"form": form, "rows": comparison_list()[:50], "columns": columns, "may_ask": may(request, "plans.approve")}
    return render(request, "incentives/comparison_list.html", context, status=422 if form.errors else 200)


@require_safe
@requires("plans.read")
def comparison(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """One comparison: live while it is computed, then its figures."""
    row = get_object_or_404(PlanComparison.objects.select_related("first__plan", "second__plan"), uid=uid)
    context: dict[str, Any] = {"row": row, "names": _names(row)}
    if row.state == PlanComparison.State.DONE:
        context |= _result(request, slug, row)
    else:
        context["job"] = _job(slug, row)
    return render(request, "incentives/comparison.html", context)


@require_safe
@requires("plans.read")
def comparison_job(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    return job_polled(request, _job(slug, get_object_or_404(PlanComparison, uid=uid)))


@require_safe
@requires("pay.read_all")
def comparison_csv(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Everybody's pay under both plans; the last row is the total of the page."""
    row = get_object_or_404(PlanComparison, uid=uid, state=PlanComparison.State.DONE)
    total = [Decimal(amount) for amount in row.summary["total"]]
    rows = [(one.name, one.external_id, one.pay.first, one.pay.second, one.pay.change, row.currency) for one in comparison_people(row)]
    rows.append((_("Total"), "", total[0], total[1], total[1] - total[0], row.currency))
    header = [_("Payee"), _("Number"), _("Plan A"), _("Plan B"), _("Change"), _("Currency")]
    return csv_response(f"plan-comparison-{row.start}-{row.end}.csv", header, rows)


def _names(row: PlanComparison) -> tuple[str, str]:
    """How the two are called on the page: by plan, or by version where it is one plan."""
    if row.first.plan_id == row.second.plan_id:
        return _("Version %(number)s") % {"number": row.first.number}, _("Version %(number)s") % {"number": row.second.number}
    return row.first.plan.title, row.second.plan.title


def texts_changed(row: PlanComparison) -> list[str]:
    """Which of the two have another text now than was compared."""
    compared = row.summary.get("digests", ())
    return [name for name, version, digest in zip(_names(row), (row.first, row.second), compared, strict=False) if version.digest != digest]


def _job(slug: str, row: PlanComparison) -> dict[str, Any]:
    where = {"slug": slug, "uid": row.uid}
    return job_context(
        Job.objects.get(pk=row.job_id), poll_url=reverse("plan-comparison-job", kwargs=where), result_url=reverse("plan-comparison", kwargs=where)
    )


def _result(request: HttpRequest, slug: str, row: PlanComparison) -> dict[str, Any]:
    first, second = _names(row)
    unit = money_unit(row.currency)
    periods, summary = comparison_pairs(row, "periods"), row.summary
    query = request.GET.get("q", "").strip()
    sees_pay = may(request, "pay.read_all")
    people = comparison_people(row, search=query) if sees_pay else []
    bands = [_("below 50%"), "50–80%", "80–100%", "100–120%", "120–150%", _("150% and above")]
    total = [Decimal(amount) for amount in summary["total"]]
    return {
        "changed": texts_changed(row), "converted": ", ".join(summary.get("converted", ())),
        "total": total, "change": total[1] - total[0], "ratio": (total[1] - total[0]) / total[0] if total[0] else None,
        "gained": Decimal(summary["gained"]), "lost": Decimal(summary["lost"]), "summary": summary,
        "cost": bar_chart(
            title=_("Cost by period"), labels=[p.key for p in periods], unit=unit,
            series=[Series(first, [p.first for p in periods]), Series(second, [p.second for p in periods])],
        ),
        "spread": bar_chart(
            title=_("Pay by percentile"), labels=[_("P%(percent)s") % {"percent": p} for p in summary["percentiles"]], unit=unit,
            series=[Series(first, [Decimal(v) for v in summary["pay"][0]]), Series(second, [Decimal(v) for v in summary["pay"][1]])],
        ),
        "attained": bar_chart(
            title=_("Attainment"), labels=bands, summary=_("Number of people and windows in each band."),
            series=[Series(first, [Decimal(v) for v in summary["attainment"][0]]), Series(second, [Decimal(v) for v in summary["attainment"][1]])],
        ) if any(map(sum, summary["attainment"])) else None,
        "components": comparison_pairs(row, "components"), "labels": component_labels(row.second) | component_labels(row.first),
        "unchanged_text": ngettext(
            "The largest change first; %(count)s person is paid the same by both.", "The largest change first; %(count)s people are paid the same by both.",
            summary["unchanged"],
        ) % {"count": summary["unchanged"]}, "people": people[:SHOWN], "people_count": len(people), "shown": SHOWN, "query": query,
        "sees_pay": sees_pay, "exports": [("CSV", reverse("plan-comparison-csv", kwargs={"slug": slug, "uid": row.uid}))] if sees_pay else [],
        "people_columns": [
            Column("payee", _("Payee")), Column("first", first, numeric=True), Column("second", second, numeric=True),
            Column("change", _("Change"), numeric=True),
        ],
        "component_columns": [
            Column("component", _("Component")), Column("first", first, numeric=True), Column("second", second, numeric=True),
            Column("change", _("Change"), numeric=True),
        ],
    }  # fmt: skip
