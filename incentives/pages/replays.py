"""The replay of a past run: ask for it, watch it, and see whether it comes to the same bytes or what differs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from incentives.models import Run
from incentives.pages.live import ENDED, job_context, job_polled
from incentives.services.replays import ReplayRefused, replay_last, replay_start
from spm.access.guards import may, requires
from spm.jobs.models import Job, JobState


@require_http_methods(["GET", "HEAD", "POST"])
@requires("runs.read", write="runs.start")
def run_replay(request: HttpRequest, slug: str, run_uid: UUID) -> HttpResponse:
    """The newest replay of a run; POST starts another one. Nothing is posted by it."""
    run = get_object_or_404(Run.objects.select_related("payee__detail"), uid=run_uid)
    if request.method == "POST":
        try:
            replay_start(run=run, actor_id=request.user.pk)
        except ReplayRefused as refused:
            messages.error(request, str(refused))
        return redirect("run-replay", slug=slug, run_uid=run.uid)
    job = replay_last(run)
    live = _live(slug, run, job) if job is not None else None
    context = {
        "run": run, "found": job.result if job is not None and job.state == JobState.SUCCEEDED else None, "replayed": job,
        "job": live if live is not None and live["state"] != "done" else None, "may_start": may(request, "runs.start"),
        "is_under_way": live is not None and live["state"] not in ENDED,
    }  # fmt: skip
    return render(request, "incentives/run_replay.html", context)


@require_safe
@requires("runs.read")
def run_replay_job(request: HttpRequest, slug: str, run_uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    run = get_object_or_404(Run, uid=run_uid)
    job = replay_last(run)
    return job_polled(request, _live(slug, run, job)) if job is not None else redirect("run-replay", slug=slug, run_uid=run.uid)


def _live(slug: str, run: Run, job: Job) -> dict[str, Any]:
    where = {"slug": slug, "run_uid": run.uid}
    return job_context(job, poll_url=reverse("run-replay-job", kwargs=where), result_url=reverse("run-replay", kwargs=where))
