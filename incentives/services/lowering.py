"""Asking whether a plan edit lowers pay that is already earned, as background work; the edit that lowers nobody's pay is made by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from incentives.engine.errors import InputError
from incentives.lowering import lowering_basis, pay_lowered
from incentives.models import LoweringCheck, PlanVersion
from incentives.services.kept import AnswerFailed, answer_queue
from incentives.services.plans import PlanRefused, version_activate, version_checked, version_retire
from spm.tenancy.scope import tenant_scope

KIND = "lowering_check"
State = LoweringCheck.State


@transaction.atomic
def version_move(*, version: PlanVersion, takes_out: bool = False, lowering_reason: str = "", actor_id: int | None = None) -> PlanVersion | LoweringCheck:
    """Puts a draft in force, or (takes_out) a version out of it: at once where nothing earned can be touched by it or the answer is
    known; else by background work, whose row is returned. Raises PlanRefused and PlanLowersPay as version_activate does."""
    known = check_known(version=version, takes_out=takes_out)
    if known is None and lowering_basis(version, takes_out=takes_out) is not None:
        return lowering_ask(version=version, takes_out=takes_out, actor_id=actor_id)
    act = version_retire if takes_out else version_activate
    return act(version=version, actor_id=actor_id, lowering_reason=lowering_reason, lowering=known)


def check_known(*, version: PlanVersion, takes_out: bool = False) -> LoweringCheck | None:
    """The answer that still holds; None where there is none."""
    basis = lowering_basis(version, takes_out=takes_out)
    return None if basis is None else LoweringCheck.objects.filter(version=version, takes_out=takes_out, basis=basis.digest, state=State.DONE).first()


def lowering_ask(*, version: PlanVersion, takes_out: bool = False, actor_id: int | None = None) -> LoweringCheck:
    """Queues the check of an edit that could be made, unless the same is being answered. Raises PlanRefused for one that could not."""
    version_checked(version, takes_out=takes_out)
    basis = lowering_basis(version, takes_out=takes_out)
    assert basis is not None
    PlanVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    same = LoweringCheck.objects.filter(version=version, takes_out=takes_out, basis=basis.digest).exclude(state=State.FAILED).first()
    if same is not None:
        return same
    row = LoweringCheck.objects.create(version=version, takes_out=takes_out, run=basis.run, basis=basis.digest, actor_id=actor_id)
    answer_queue(row, kind=KIND)
    return row


def lowering_compute(
    *, tenant_id: int, uid: str, commit: Callable[[], AbstractContextManager[Any]], progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Computes and keeps who would earn less, and where it is nobody makes the edit. Repeating it changes nothing. Raises AnswerFailed."""
    with tenant_scope(tenant_id):
        row = LoweringCheck.objects.select_related("version__plan").get(uid=uid)
        if row.state == State.DONE:
            return
        try:
            basis = lowering_basis(row.version, takes_out=row.takes_out)
            found = pay_lowered(version=row.version, takes_out=row.takes_out, basis=basis, progress=progress)
        except InputError as error:
            raise AnswerFailed(gettext_noop("The sales record cannot be read: %(error)s"), error=error) from error
    with commit():
        # Of what was looked at: a run may have ended since the question.
        row.rows = [[one.payee.pk, one.period.pk, f"{one.before:f}", f"{one.after:f}", one.currency] for one in found]
        row.basis, row.state, row.finished_at = basis.digest if basis else row.basis, State.DONE, timezone.now()
        row.save(update_fields=["rows", "basis", "state", "finished_at"])
        if not found:
            try:
                version_move(version=row.version, takes_out=row.takes_out, actor_id=row.actor_id)
            except PlanRefused as refused:
                raise AnswerFailed(gettext_noop("Nobody would earn less, but the version was not moved: %(error)s"), error=refused) from refused
