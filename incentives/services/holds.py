"""Holds on deals: placed and lifted by a person, with a reason. The next run posts what follows."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.models import Hold
from incentives.services.decisions import DecisionRefused, deal_check, decision_lift
from spm.audit.services import audit_record
from spm.people.models import Payee
from spm.sales.models import Order
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet


class HoldRefused(DecisionRefused):
    """Why a hold cannot be placed or lifted, and how to mend it."""


@transaction.atomic
def hold_place(*, order: Order, reason: str, component: str = "", payee: Payee | None = None, actor_id: int | None = None) -> Hold:
    """Keeps back what the order pays: of one component or of all, to one payee or to all. What is paid already stays paid."""
    reason = reason.strip()
    if not reason:
        raise HoldRefused(_("A hold needs a reason: the payee reads it on the statement."), field="reason")
    deal_check(HoldRefused, order=order, component=component, payee=payee)
    if Hold.objects.filter(order=order, component=component, payee=payee, lifted_in__isnull=True).exists():
        raise HoldRefused(_("This deal is held already; lift that hold first, or hold another component."))
    with change(kind=ChangeSet.Kind.EDIT, reason=f"Hold on {order.source} {order.external_id}", actor_id=actor_id) as changeset:
        hold = Hold.objects.create(order=order, component=component, payee=payee, reason=reason[:400], placed_in=changeset, placed_by_id=actor_id)
    audit_record(action="hold.place", target=hold, after={"order": order.external_id, "component": component, "reason": reason[:400]}, actor_id=actor_id)
    return hold


@transaction.atomic
def hold_lift(*, hold: Hold, note: str = "", actor_id: int | None = None) -> Hold:
    """Lifts a hold: what it kept back is released by the next run, in the first open period."""
    hold = Hold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    if hold.lifted_in_id is not None:
        raise HoldRefused(_("This hold was lifted already."))
    decision_lift(hold, note=note, why=f"Hold {hold.uid} lifted", action="hold.lift", actor_id=actor_id)
    return hold
