"""The run console: start a run, watch it, see what it did and what changed against the run before."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from incentives.models import Run, RunExclusion, RunIssue, UncreditedOrder
from incentives.runwords import full_because_shown, reason_shown
from incentives.selectors.runs import DiffLine, run_diff
from spm.access.guards import may, requires
from spm.jobs.models import Job
from spm.jobs.selectors import job_get, job_progress
from spm.jobs.services import job_cancel, job_enqueue
from spm.people.models import Payee
from spm.sales.models import OrderVersion
from spm.ui.tables import Column

STAGE_LABELS = {
    "open": gettext_lazy("Pin the data and plan the chunks"),
    "measure": gettext_lazy("Credit and measure"),
    "settle": gettext_lazy("Pay and post"),
    "close": gettext_lazy("Lists and statements"),
}
_STATE = {"succeeded": "done", "dead": "failed"}


def _job_context(slug: str, job: Job) -> dict[str, Any]:
    """The live component's parameters for a job."""
    progress = job_progress(job)
    state = _STATE.get(progress.state, progress.state)
    stages = []
    for stage in progress.stages:
        shown = {"done": "done", "current": "failed" if state == "failed" else "running", "ahead": "waiting"}[stage.state]
        count = f"{stage.done} / {stage.total}" if stage.total else ""
        stages.append((str(STAGE_LABELS.get(stage.name, stage.name)), shown, count))
    current = next((label for label, shown, _count in stages if shown == "running"), "")
    run = Run.objects.filter(job_id=job.pk).first()
    return {
        "title": progress.label,
        "state": state,
        "percent": progress.percent,
        "text": current,
        "stages": stages,
        "error": progress.error,
        "poll_url": reverse("run-job", kwargs={"slug": slug, "uid": progress.uid}),
        "cancel_url": reverse("run-cancel", kwargs={"slug": slug, "uid": progress.uid}),
        "result_url": reverse("run", kwargs={"slug": slug, "uid": run.uid}) if run else "",
    }


@require_safe
@requires("runs.read")
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest runs and the job that is under way."""
    runs = list(Run.objects.order_by("-number")[:50])
    live = Job.objects.filter(kind__in=["recompute", "nightly"], parent__isnull=True).order_by("-created_at").first()
    columns = [
        Column("number", _("Run"), numeric=True),
        Column("kind", _("Kind")),
        Column("started", _("Started")),
        Column("known", _("Data as of change"), numeric=True),
        Column("posted", _("Postings"), numeric=True),
        Column("issues", _("Issues"), numeric=True),
        Column("state", _("State")),
    ]
    context = {"runs": runs, "columns": columns, "job": _job_context(slug, live) if live else None, "may_start": may(request, "runs.start")}
    return render(request, "incentives/run_list.html", context)


@require_POST
@requires("runs.start")
def run_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Queues a run by hand for today; the page shows it live."""
    today = dt.datetime.now(ZoneInfo(request.tenant.time_zone)).date()  # type: ignore[attr-defined]
    job_enqueue(kind="recompute", params={"business_date": today.isoformat(), "full": request.POST.get("full") == "1"}, requested_by_id=request.user.pk)
    messages.success(request, _("The run is queued."))
    return redirect("runs", slug=slug)


@require_safe
@requires("runs.read")
def run_job(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    job = get_object_or_404(Job, uid=uid)
    return render(request, "incentives/partials/job.html", {"job": _job_context(slug, job)})


@require_POST
@requires("runs.start")
def run_cancel(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Asks a queued or running job to stop at its next step."""
    job_cancel(job=job_get(get_object_or_404(Job, uid=uid).uid), actor_id=request.user.pk)
    messages.info(request, _("The run stops at its next step."))
    return redirect("runs", slug=slug)


def _why(slug: str, payee: UUID, line: DiffLine, run: Run) -> str:
    """The address that says why a posting was made: the payee and the earning period in this run, against the run before."""
    address = reverse("statement-changes", kwargs={"slug": slug, "uid": payee, "code": line.period_code})
    return f"{address}?before={run.base.number if run.base else 0}&run={run.number}"


@require_safe
@requires("runs.read")
def run_page(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """What one run did: figures, changes against the run before, named exclusions, orders that no rule credited, issues."""
    run = get_object_or_404(Run.objects.select_related("base"), uid=uid)
    exclusions = RunExclusion.objects.filter(run=run).select_related("plan_version__plan").order_by("plan_version__plan__code", "name")
    uncredited = list(
        UncreditedOrder.objects.filter(run_from__number__lte=run.number, run_to__isnull=True).select_related("order").order_by("-event_date", "-id")[:100]
    )
    names = dict(OrderVersion.objects.filter(record__in=[row.order_id for row in uncredited], tombstone=0).values_list("record_id", "number"))
    for row in uncredited:
        row.shown_reason = reason_shown(row.reason)  # type: ignore[attr-defined]
        row.shown_number = names.get(row.order_id) or row.order.external_id  # type: ignore[attr-defined]
    issues = RunIssue.objects.filter(run_from__number__lte=run.number, run_to__isnull=True).select_related("payee__detail", "period")[:100]
    diff = run_diff(run)
    payees = dict(Payee.objects.filter(pk__in={line.payee_id for line in diff.lines}).values_list("pk", "uid"))
    context = {
        "run": run,
        "full_because": full_because_shown(run.full_because),
        "summary": run.summary,
        "exclusions": exclusions,
        "uncredited": uncredited,
        "issues": issues,
        "changes": [(line, _why(slug, payees[line.payee_id], line, run)) for line in diff.lines],
        "change_columns": [
            Column("payee", _("Payee")),
            Column("component", _("Component")),
            Column("period", _("Earned in")),
            Column("cause", _("Cause")),
            Column("before", _("Before"), numeric=True),
            Column("after", _("After"), numeric=True),
            Column("amount", _("Change"), numeric=True),
        ],
        "exclusion_columns": [
            Column("name", _("Rule")),
            Column("plan", _("Plan")),
            Column("count", _("Orders"), numeric=True),
            Column("amount", _("Amount"), numeric=True),
        ],
        "uncredited_columns": [
            Column("order", _("Order")),
            Column("date", _("Date")),
            Column("reason", _("Reason")),
            Column("amount", _("Amount"), numeric=True),
        ],
    }
    return render(request, "incentives/run.html", context)
