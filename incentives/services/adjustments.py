"""Amounts posted by hand, checked: on a component that pays the payee in that period, paid in the first open period."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.models import LedgerEntry, Statement
from incentives.periods import NoOpenPeriod, PayPeriods
from incentives.seats import PayeeGroup
from incentives.selectors.adjusting import adjustment_places, own_pay
from incentives.services.ledger import adjustment_post, books_lock
from spm.calendars.models import Period
from spm.currencies.codes import minor_units
from spm.people.models import Payee

LARGEST = Decimal(10) ** 12


class AdjustmentRefused(ValueError):
    """Why an amount cannot be posted by hand, and how to mend it. field: the value that it concerns."""

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


@transaction.atomic
def adjustment_make(*, payee: Payee, place: str, earning_period: Period, amount: Decimal, note: str, actor_id: int | None = None) -> LedgerEntry:
    """Posts `amount`, in the plan's currency and exact to its smallest coin, to a component, and pays it in the first open period
    from the earning period on.

    place: a key of `adjustment_places`. Nobody adjusts his own pay. Raises AdjustmentRefused.
    """
    found = next((one for one in adjustment_places(payee, [earning_period])[earning_period.pk] if one.key == place), None)
    if found is None:
        raise AdjustmentRefused(_("No plan pays this component in %(period)s.") % {"period": earning_period.code}, field="component")
    currency = found.version.currency
    scale = minor_units(currency)
    units = amount.scaleb(scale)
    if not amount.is_finite() or amount == 0 or abs(amount) >= LARGEST:
        raise AdjustmentRefused(_("Give an amount other than zero, with twelve digits before the decimals at most."), field="amount")
    if units != units.to_integral_value():
        raise AdjustmentRefused(_("Amounts in %(currency)s have %(places)s decimals at most.") % {"currency": currency, "places": scale}, field="amount")
    if not note.strip():
        raise AdjustmentRefused(_("An adjustment needs a note: the payee reads it on the statement."), field="note")
    if own_pay(payee, user_id=actor_id):
        raise AdjustmentRefused(_("Nobody adjusts his own pay; ask another compensation admin."))
    books_lock()
    periods, group = PayPeriods(), PayeeGroup(payee.pay_group, payee.legal_entity_id, payee.pay_currency)
    try:
        pay = Period.objects.get(pk=periods.pay_period(payee.pk, group, earning_period.pk))
    except NoOpenPeriod as closed:
        text = _("Every period from %(period)s on is closed for this payee. Add periods to the calendar, or choose a later one.")
        raise AdjustmentRefused(text % {"period": earning_period.code}, field="period") from closed
    Statement.objects.get_or_create(payee=payee, period=pay)
    return adjustment_post(
        payee=payee, seat=found.seat, plan_version_id=found.version.pk, component=found.component, earning_period=earning_period, pay_period=pay,
        amount=int(units), scale=scale, currency=currency, note=note.strip()[:400], actor_id=actor_id,
    )  # fmt: skip
