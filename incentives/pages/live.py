"""Background work on a page: the live component of a job, and its poll, after which the page is read anew when the work has ended."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from spm.jobs.models import Job
from spm.jobs.selectors import job_progress

STAGE_LABELS = {
    "credit": gettext_lazy("Credit orders by territory"),
    "open": gettext_lazy("Pin the data and plan the chunks"),
    "measure": gettext_lazy("Credit and measure"),
    "settle": gettext_lazy("Pay and post"),
    "close": gettext_lazy("Lists and statements"),
}
_STATE = {"succeeded": "done", "dead": "failed"}
ENDED = ("done", "failed", "cancelled")


def job_context(job: Job, *, poll_url: str, result_url: str = "", cancel_url: str = "", label: str = "") -> dict[str, Any]:
    """The component's parameters. Stages are listed where there are several."""
    progress = job_progress(job)
    state = _STATE.get(progress.state, progress.state)
    stages = []
    for stage in progress.stages if len(progress.stages) > 1 else ():
        shown = {"done": "done", "current": "failed" if state == "failed" else "running", "ahead": "waiting"}[stage.state]
        stages.append((str(STAGE_LABELS.get(stage.name, stage.name)), shown, f"{stage.done} / {stage.total}" if stage.total else ""))
    current = next((name for name, shown, _count in stages if shown == "running"), "")
    return {
        "title": label or progress.label, "state": state, "percent": progress.percent, "text": current, "stages": stages, "error": progress.error,
        "poll_url": poll_url, "cancel_url": cancel_url, "result_url": result_url,
    }  # fmt: skip


def job_polled(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The component alone. Once the work has ended the page is loaded again, with what came out."""
    response = render(request, "incentives/partials/job.html", {"job": context})
    if context["state"] in ENDED:
        response["HX-Refresh"] = "true"
    return response
