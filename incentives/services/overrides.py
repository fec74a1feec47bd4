"""One deal's result set by hand, and given back to the calculation. The next run posts what follows."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.explain import PayeeBook
from incentives.models import ResultOverride
from incentives.overrides import DealResult, deal_results
from incentives.selectors.adjusting import own_pay
from incentives.selectors.runs import last_run
from incentives.services.decisions import DecisionRefused, deal_check, decision_lift
from spm.audit.services import audit_record
from spm.currencies.codes import minor_units
from spm.people.models import Payee
from spm.sales.models import Order
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet

LARGEST = Decimal(10) ** 12


class OverrideRefused(DecisionRefused):
    """Why a result cannot be set, or given back, and how to mend it."""


@transaction.atomic
def result_override_place(*, order: Order, component: str, payee: Payee, amount: Decimal, reason: str, actor_id: int | None = None) -> ResultOverride:
    """What the order pays to the payee in the component is `amount`, in the plan's currency, from the next run on. The calculated value is
    kept with it. Nobody sets a result of his own. Raises OverrideRefused."""
    reason = reason.strip()
    if not reason:
        raise OverrideRefused(_("A result set by hand needs a reason: the payee reads it on the statement."), field="reason")
    deal_check(OverrideRefused, order=order, component=component, payee=payee)
    if own_pay(payee, user_id=actor_id):
        raise OverrideRefused(_("Nobody sets a result of his own pay; ask another compensation admin."))
    if ResultOverride.objects.filter(order=order, component=component, payee=payee, lifted_in__isnull=True).exists():
        raise OverrideRefused(_("This result is set by hand already; give that back first."))
    found = _calculated(payee, order, component)
    if not found:
        text = _("As of the last run the order pays %(payee)s nothing in this component. Run the calculation first, or choose another component.")
        raise OverrideRefused(text % {"payee": payee.external_id}, field="component")
    currency = found[0].key[4]
    scale = minor_units(currency)
    if not amount.is_finite() or abs(amount) >= LARGEST:
        raise OverrideRefused(_("Give an amount with twelve digits before the decimals at most."), field="amount")
    if amount.scaleb(scale) != amount.scaleb(scale).to_integral_value():
        raise OverrideRefused(_("Amounts in %(currency)s have %(places)s decimals at most.") % {"currency": currency, "places": scale}, field="amount")
    calculated = sum((one.amount for one in found), Decimal(0))
    scale = max(scale, *(one.places for one in found))
    with change(kind=ChangeSet.Kind.EDIT, reason=f"Result of {order.source} {order.external_id} set by hand", actor_id=actor_id) as changeset:
        item = ResultOverride.objects.create(
            order=order, component=component, payee=payee, amount=int(amount.scaleb(scale)), amount_scale=scale, currency=currency,
            calculated=int(calculated.scaleb(scale)), reason=reason[:400], placed_in=changeset, placed_by_id=actor_id,
        )  # fmt: skip
    after = {"order": order.external_id, "component": component, "amount": str(amount), "calculated": str(calculated), "reason": reason[:400]}
    audit_record(action="result.set", target=item, after=after, actor_id=actor_id)
    return item


def _calculated(payee: Payee, order: Order, component: str) -> list[DealResult]:
    """What the last run calculated for the deal."""
    run = last_run(payee.pk)
    return [] if run is None else list(deal_results(PayeeBook(payee_id=payee.pk, run=run), order.pk, component))


@transaction.atomic
def result_override_lift(*, item: ResultOverride, note: str = "", actor_id: int | None = None) -> ResultOverride:
    """Gives the result back to the calculation: the next run posts the calculated value again."""
    item = ResultOverride.objects.select_for_update(of=("self",)).select_related("payee").get(pk=item.pk)
    if item.lifted_in_id is not None:
        raise OverrideRefused(_("This result was given back already."))
    if own_pay(item.payee, user_id=actor_id):
        raise OverrideRefused(_("Nobody sets a result of his own pay; ask another compensation admin."))
    decision_lift(item, note=note, why=f"Result {item.uid} given back", action="result.give_back", actor_id=actor_id)
    return item
