"""Which runs count: those that ended well, for everybody or for one payee."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from incentives.models import Run


def runs_finished(payee_id: int | None = None) -> QuerySet[Run]:
    """Runs that ended well and whose results stand for the payee, newest first: those for everybody, and those for him alone. None: those
    for everybody."""
    found = Run.objects.filter(state=Run.State.DONE).exclude(kind=Run.Kind.REPLAY)
    return found.filter(Q(payee=None) | Q(payee=payee_id) if payee_id is not None else Q(payee=None)).order_by("-number")


def runs_alone(after: Run, payees: Collection[int]) -> QuerySet[Run]:
    """Runs for one of these payees alone since a run for everybody, oldest first."""
    return Run.objects.filter(state=Run.State.DONE, payee__in=payees, number__gt=after.number).order_by("number")
