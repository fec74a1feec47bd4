"""Crediting by territory as background work: asked for when a territory, its accounts or its holder changes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from spm.jobs.kinds import Stage, job_kind
from spm.jobs.steps import Step
from spm.sales.crediting import orders_credit

KIND = "crediting"


def credit_stage(step: Step) -> dict[str, Any]:
    """Gives orders to who holds their accounts' territories by now."""
    with step.commit():
        return {"credited": orders_credit(actor_id=step.requested_by_id)}


job_kind(KIND, label=_("Crediting by territory"), stages=(Stage("credit", credit_stage),))
