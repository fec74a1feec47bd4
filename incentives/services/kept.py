"""Answers that are computed in the background and kept: queued with their question, failed with their job."""

from __future__ import annotations

from django.utils import timezone

from incentives.models.kept import KeptAnswer
from spm.jobs.services import job_enqueue
from spm.told import ToldError

PARAMETER = "answer"
"""Of the job: the uid of the row."""


class AnswerFailed(ToldError):
    """The answer cannot be computed; trying again would find the same."""


def answer_queue(row: KeptAnswer, *, kind: str) -> None:
    """Queues the job that answers a question just asked, in the caller's transaction."""
    job = job_enqueue(kind=kind, params={PARAMETER: str(row.uid)}, requested_by_id=row.actor_id)
    row.job_id = job.pk
    row.save(update_fields=["job_id"])


def answer_fail(model: type[KeptAnswer], *, uid: str, error: str) -> None:
    """Marks it as failed with a told text; in scope."""
    running = model._default_manager.filter(uid=uid, state=KeptAnswer.State.RUNNING)
    running.update(state=KeptAnswer.State.FAILED, error=error[:4000], finished_at=timezone.now())
