"""A run for one payee, now: asked for by an admin, walked as background work in its turn with all other runs."""

from __future__ import annotations

import datetime as dt

from spm.jobs.models import Job
from spm.jobs.services import job_enqueue
from spm.people.models import Payee

KIND = "recompute_payee"


def payee_run_start(*, payee: Payee, business_date: dt.date, actor_id: int | None = None) -> Job:
    """Queues a run that computes this payee as a full run would, and posts his differences alone. It waits for a run under way."""
    return job_enqueue(kind=KIND, params={"business_date": business_date.isoformat(), "payee": str(payee.uid)}, requested_by_id=actor_id)
