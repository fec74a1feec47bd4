"""Asking for the replay of a past run, as background work, and what the last one found."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from incentives.engine.errors import InputError
from incentives.models import Run
from incentives.replay import run_replayed
from spm.jobs.models import Job
from spm.jobs.services import job_enqueue
from spm.tenancy.scope import tenant_scope
from spm.told import ToldError

KIND = "replay"
SHOWN = 100
"""Differences that are kept one by one; all are counted."""


class ReplayRefused(ValueError):
    """Why a run cannot be replayed."""


class ReplayFailed(ToldError):
    """The replay cannot be computed; trying again would find the same."""


def replay_start(*, run: Run, actor_id: int | None = None) -> Job:
    """Queues it. Nothing that pays is touched, so it waits for no run. Raises ReplayRefused."""
    if run.state != Run.State.DONE:
        raise ReplayRefused(_("Run %(number)s has not ended well; only a finished run can be replayed.") % {"number": run.number})
    if run.period_id is not None:
        raise ReplayRefused(_("Run %(number)s computed one period alone; replay the run before or after it.") % {"number": run.number})
    return job_enqueue(kind=KIND, params={"run": str(run.uid)}, requested_by_id=actor_id)


def replay_compute(*, tenant_id: int, uid: str, progress: Any) -> dict[str, Any]:
    """Computes the run again and says what came out, as JSON. Writes nothing. Raises ReplayFailed."""
    with tenant_scope(tenant_id):
        run = Run.objects.get(uid=uid)
        try:
            found = run_replayed(run, progress=progress)
        except InputError as error:
            raise ReplayFailed(gettext_noop("Run %(run)s: %(error)s"), run=run.number, error=error) from error
    return {
        "run": run.number, "same": found.is_same, "results": found.results, "kept_hash": found.kept_hash, "found_hash": found.found_hash,
        "different": len(found.findings), "findings": list(found.findings[:SHOWN]),
    }  # fmt: skip


def replay_last(run: Run) -> Job | None:
    """The newest replay of the run, with its outcome in `result` once it has ended."""
    return Job.objects.filter(kind=KIND, parent__isnull=True, params__run=str(run.uid)).order_by("-created_at").first()
