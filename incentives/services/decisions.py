"""What holds and results set by hand have in common when they are placed and lifted: the checks, the change set, the record of it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from incentives.models.decisions import DealDecision
from incentives.selectors.holds import component_choices, payees_owning
from spm.audit.services import audit_record
from spm.people.models import Payee
from spm.sales.models import Order
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet


class DecisionRefused(ValueError):
    """Why a decision on a deal cannot be placed or lifted, and how to mend it. field: the value that it concerns."""

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def deal_check(refused: type[DecisionRefused], *, order: Order, component: str, payee: Payee | None) -> None:
    """Some plan has the component and the payee has a part in the order; `component` may be empty and `payee` None: all of them."""
    if component and component not in dict(component_choices()):
        raise refused(_("No plan has a component %(name)s.") % {"name": component}, field="component")
    if payee is not None and payee.pk not in payees_owning(order):
        raise refused(_("%(payee)s neither owns this deal nor has a share in it.") % {"payee": payee.external_id}, field="payee")


def decision_lift(decision: DealDecision, *, note: str, why: str, action: str, actor_id: int | None) -> None:
    """Ends a decision in a change set of its own. why: of the change set; action: of the audit log. The caller has locked the row."""
    with change(kind=ChangeSet.Kind.EDIT, reason=why, actor_id=actor_id) as changeset:
        decision.lifted_in, decision.lifted_by_id, decision.lifted_at, decision.lift_note = changeset, actor_id, timezone.now(), note.strip()[:400]
        decision.save(update_fields=["lifted_in", "lifted_by_id", "lifted_at", "lift_note"])
    audit_record(action=action, target=decision, after={"note": decision.lift_note}, actor_id=actor_id)
