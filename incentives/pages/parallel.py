"""Parallel runs: upload the old system's file, see every difference with its cause, share the comparison by its address."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from incentives.models import ParallelBasis, ParallelCause, ParallelRun
from incentives.pages.live import job_context, job_polled
from incentives.selectors.parallel import DIFFERENT, parallel_lines, parallel_payees, parallel_rows, parallel_table, parallel_xlsx
from incentives.services.parallel import ParallelRefused, parallel_again, parallel_start
from spm.access.guards import may, requires
from spm.documents.csv_files import csv_response
from spm.imports.errors import ImportFault
from spm.imports.readers import Source
from spm.jobs.models import Job
from spm.told import shown
from spm.ui.tables import Column, address_without

SHOWN = 200


class ParallelForm(forms.Form):
    """A name, the file, what is compared, and their words."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, help_text=gettext_lazy("Such as “July, old spreadsheet”."))
    basis = forms.ChoiceField(label=gettext_lazy("What is compared"), choices=ParallelBasis.choices)
    decimal = forms.ChoiceField(label=gettext_lazy("Decimal mark of the file"), choices=[(".", "1234.50"), (",", "1234,50")])
    words = forms.CharField(
        label=gettext_lazy("Their names"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: a component or plan as the file calls it = the one here, such as “Base comm = direct.commission”."),
    )  # fmt: skip

    def clean_words(self) -> dict[str, str]:
        """Their word -> ours."""
        return words_read(self.cleaned_data["words"])


def words_read(text: str) -> dict[str, str]:
    """Lines of "theirs = ours"; ValidationError names the line that is not one."""
    found = {}
    for line in filter(str.strip, text.splitlines()):
        their, mark, our = line.partition("=")
        if not mark or not their.strip() or not our.strip():
            raise forms.ValidationError(_("“%(line)s” is not “their name = name here”.") % {"line": line.strip()})
        found[their.strip()] = our.strip()
    return found


@require_safe
@requires("pay.read_all")
def parallel_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, for those who may compare, and the comparisons there are."""
    return _list(request, ParallelForm())


@require_POST
@requires("pay.adjust")
def parallel_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Queues the comparison of the file; its page shows it live, then what came out."""
    form = ParallelForm(request.POST)
    file = request.FILES.get("file")
    if file is None:
        form.add_error(None, _("Choose the file of the old system."))
    if form.is_valid() and file is not None:
        try:
            row = parallel_start(source=Source(file.name or "file", content=file.read()), actor_id=request.user.pk, **form.cleaned_data)
        except (ImportFault, ParallelRefused) as refused:
            form.add_error(None, shown(str(refused)))
        else:
            return redirect("parallel-run", slug=slug, parallelrun_uid=row.uid)
    return _list(request, form)


@require_POST
@requires("pay.adjust")
def parallel_repeat(request: HttpRequest, slug: str, parallelrun_uid: UUID) -> HttpResponse:
    """The same file against what is posted by now."""
    row = get_object_or_404(ParallelRun, uid=parallelrun_uid)
    try:
        row = parallel_again(parallel=row, actor_id=request.user.pk)
    except ParallelRefused as refused:
        messages.error(request, str(refused))
    return redirect("parallel-run", slug=slug, parallelrun_uid=row.uid)


@require_safe
@requires("pay.read_all")
def parallel_job(request: HttpRequest, slug: str, parallelrun_uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    return job_polled(request, _job(slug, get_object_or_404(ParallelRun, uid=parallelrun_uid)))


def _job(slug: str, row: ParallelRun) -> dict[str, Any]:
    where = {"slug": slug, "parallelrun_uid": row.uid}
    return job_context(Job.objects.get(pk=row.job_id), poll_url=reverse("parallel-job", kwargs=where), result_url=reverse("parallel-run", kwargs=where))


def _list(request: HttpRequest, form: ParallelForm) -> HttpResponse:
    columns = [
        Column("name", _("Name")), Column("run", _("As of run")), Column("difference", _("Difference"), numeric=True), Column("at", _("Compared")),
        Column("state", _("State")),
    ]  # fmt: skip
    rows = [(row, [(c, Decimal(one["difference"])) for c, one in sorted(row.summary.get("currencies", {}).items())]) for row in _all()[:50]]
    context = {"form": form, "rows": rows, "columns": columns, "may_compare": may(request, "pay.adjust")}
    return render(request, "incentives/parallel_list.html", context, status=422 if form.errors else 200)


def _all() -> Any:
    return ParallelRun.objects.select_related("run").order_by("-created_at")


@require_safe
@requires("pay.read_all")
def parallel_run(request: HttpRequest, slug: str, parallelrun_uid: UUID) -> HttpResponse:
    """One comparison: control totals, causes, payees, cells."""
    row = get_object_or_404(_all(), uid=parallelrun_uid)
    if row.state != ParallelRun.State.DONE:
        return render(request, "incentives/parallel_run.html", {"row": row, "job": _job(slug, row)})
    cause, search = _filter(request)
    found = list(parallel_rows(row, cause=cause, search=search)[: SHOWN + 1])
    causes = [(DIFFERENT, _("All differences")), ("", _("All cells")), *ParallelCause.choices]
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    files = [(kind.upper(), reverse(f"parallel-{kind}", kwargs={"slug": slug, "parallelrun_uid": row.uid})) for kind in ("csv", "xlsx")]
    context = {
        "row": row, "lines": parallel_lines(found[:SHOWN]), "more_than": SHOWN if len(found) > SHOWN else None, "search": search, "cause": cause,
        "causes": causes, "chips": chips, "sums": _sums(row), "payees": parallel_payees(row), "may_compare": may(request, "pay.adjust"),
        "exports": [(label, f"{url}?{request.GET.urlencode()}") for label, url in files],
        "columns": [
            Column("payee", _("Payee")), Column("component", _("Component")), Column("period", _("Period")), Column("theirs", _("In the file"), numeric=True),
            Column("ours", _("Here"), numeric=True), Column("difference", _("Difference"), numeric=True), Column("cause", _("Cause")),
        ],
        "cause_columns": [Column("cause", _("Cause")), Column("cells", _("Cells"), numeric=True), Column("difference", _("Difference"), numeric=True)],
        "payee_columns": [
            Column("payee", _("Payee")), Column("theirs", _("In the file"), numeric=True), Column("ours", _("Here"), numeric=True),
            Column("difference", _("Difference"), numeric=True),
        ],
    }  # fmt: skip
    return render(request, "incentives/parallel_run.html", context)


@require_safe
@requires("pay.read_all")
def parallel_csv(request: HttpRequest, slug: str, parallelrun_uid: UUID) -> HttpResponse:
    """The cells by the page's filter, all of them."""
    row = get_object_or_404(ParallelRun, uid=parallelrun_uid)
    return csv_response(f"parallel-{row.uid}.csv", *parallel_table(_chosen(request, row)))


@require_safe
@requires("pay.read_all")
def parallel_workbook(request: HttpRequest, slug: str, parallelrun_uid: UUID) -> HttpResponse:
    """The same as a workbook, with the control totals."""
    row = get_object_or_404(ParallelRun, uid=parallelrun_uid)
    response = HttpResponse(parallel_xlsx(row, _chosen(request, row)), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = f'attachment; filename="parallel-{row.uid}.xlsx"'
    return response


def _chosen(request: HttpRequest, row: ParallelRun) -> list[Any]:
    cause, search = _filter(request)
    return list(parallel_rows(row, cause=cause, search=search))


def _filter(request: HttpRequest) -> tuple[str, str]:
    cause = request.GET.get("cause", DIFFERENT)
    known = {"", DIFFERENT, *ParallelCause.values}
    return cause if cause in known else DIFFERENT, request.GET.get("q", "").replace("\x00", "").strip()


def _sums(row: ParallelRun) -> list[dict[str, Any]]:
    """Control totals of each currency, with the causes that occur in the order in which they are looked for."""
    found = []
    for currency, one in sorted(row.summary.get("currencies", {}).items()):
        causes = [
            (str(ParallelCause(cause).label), one["counts"][cause], Decimal(one["by_cause"].get(cause, "0")))
            for cause in ParallelCause.values
            if cause in one["counts"]
        ]
        amounts = {name: Decimal(one[name]) for name in ("file", "matched", "unmatched", "ours", "difference", "residue")}
        found.append({"currency": "" if currency == "XXX" else currency, "causes": causes, **amounts})
    return found
