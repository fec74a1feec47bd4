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
from django.views.decorators.http import require_POST, require_safe

from incentives.models import Run, RunExclusion, RunIssue, UncreditedOrder
from incentives.pages.live import job_context, job_polled
from incentives.runwords import full_because_shown, reason_shown
from incentives.selectors.runs import DiffLine, run_diff
from incentives.services.payee_runs import payee_run_start
from spm.access.guards import may, requires
from spm.jobs.kinds import exclusive_kinds
from spm.jobs.models import Job, JobState
from spm.jobs.selectors import job_get
from spm.jobs.services import job_cancel, job_enqueue
from spm.people.models import Payee
from spm.sales.models import OrderVersion
from spm.ui.tables import Column


def _live(slug: str, job: Job) -> dict[str, Any]:
    """The live component of a run's job."""
    run = Run.objects.filter(job_id=job.pk).first()
    return job_context(
        job, poll_url=reverse("run-job", kwargs={"slug": slug, "uid": job.uid}), cancel_url=reverse("run-cancel", kwargs={"slug": slug, "uid": job.uid}),
        result_url=reverse("run", kwargs={"slug": slug, "uid": run.uid}) if run else "",
    )  # fmt: skip


def _today(request: HttpRequest) -> dt.date:
    return dt.datetime.now(ZoneInfo(request.tenant.time_zone)).date()  # type: ignore[attr-defined]


@require_safe
@requires("runs.read")
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest runs and the job that is under way."""
    runs = list(Run.objects.select_related("payee__detail").order_by("-number")[:50])
    live = Job.objects.filter(kind__in=exclusive_kinds("pay"), parent__isnull=True).order_by("-created_at").first()
    columns = [
        Column("number", _("Run"), numeric=True),
        Column("kind", _("Kind")),
        Column("started", _("Started")),
        Column("known", _("Data as of change"), numeric=True),
        Column("posted", _("Postings"), numeric=True),
        Column("issues", _("Issues"), numeric=True),
        Column("state", _("State")),
    ]
    context = {"runs": runs, "columns": columns, "job": _live(slug, live) if live else None, "may_start": may(request, "runs.start")}
    return render(request, "incentives/run_list.html", context)


@require_POST
@requires("runs.start")
def run_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Queues a run by hand for today; the page shows it live."""
    job_enqueue(
        kind="recompute", params={"business_date": _today(request).isoformat(), "full": request.POST.get("full") == "1"}, requested_by_id=request.user.pk
    )
    messages.success(request, _("The run is queued."))
    return redirect("runs", slug=slug)


@require_safe
@requires("runs.read")
def run_job(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    return job_polled(request, _live(slug, get_object_or_404(Job, uid=uid)))


@require_POST
@requires("runs.start")
def run_start_payee(request: HttpRequest, slug: str, payee_uid: UUID) -> HttpResponse:
    """Queues a run for one payee for today; its page shows it live."""
    payee = get_object_or_404(Payee, uid=payee_uid)
    job = payee_run_start(payee=payee, business_date=_today(request), actor_id=request.user.pk)
    return redirect("run-follow", slug=slug, uid=job.uid)


@require_safe
@requires("runs.read")
def run_follow(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """A run that is waiting or under way, by its job; once it has ended well, the run."""
    job = get_object_or_404(Job, uid=uid, kind__in=exclusive_kinds("pay"), parent__isnull=True)
    run = Run.objects.filter(job_id=job.pk, state=Run.State.DONE).first()
    if run is not None:
        return redirect("run", slug=slug, uid=run.uid)
    payee = Payee.objects.filter(uid=job.params["payee"]).select_related("detail").first() if job.params.get("payee") else None
    waits = job.state == JobState.QUEUED and Job.objects.filter(kind__in=exclusive_kinds("pay"), state=JobState.RUNNING).exists()
    return render(request, "incentives/run_follow.html", {"job": _live(slug, job), "payee": payee, "waits": waits})


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
    run = get_object_or_404(Run.objects.select_related("base", "payee__detail"), uid=uid)
    exclusions = RunExclusion.objects.filter(run=run).select_related("plan_version__plan").order_by("plan_version__plan__code", "name")
    # Of a run for one payee what concerns him.
    his = {"payee": run.payee_id} if run.payee_id else {}
    listed = UncreditedOrder.objects.filter(run_from__number__lte=run.number, run_to__isnull=True, **his)
    uncredited = list(listed.select_related("order").order_by("-event_date", "-id")[:100])
    names = dict(OrderVersion.objects.filter(record__in=[row.order_id for row in uncredited], tombstone=0).values_list("record_id", "number"))
    for row in uncredited:
        row.shown_reason = reason_shown(row.reason)  # type: ignore[attr-defined]
        row.shown_number = names.get(row.order_id) or row.order.external_id  # type: ignore[attr-defined]
    issues = RunIssue.objects.filter(run_from__number__lte=run.number, run_to__isnull=True, **his).select_related("payee__detail", "period")[:100]
    diff = run_diff(run)
    payees = dict(Payee.objects.filter(pk__in={line.payee_id for line in diff.lines}).values_list("pk", "uid"))
    context = {
        "run": run,
        "kind": f"{run.get_kind_display()}: {run.payee.detail.display_name}" if run.payee is not None else run.get_kind_display(),
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
