"""Receivables: what people who have left still owe, because no later pay is left from which it could be taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from incentives.opening import openings_known
from incentives.selectors.payments import balances_after
from spm.calendars.models import Period
from spm.people.models import Employment, Payee
from spm.tenancy.changes import known_as_at

OWED = ("owed_by_payee", "to_recover")


@dataclass(frozen=True)
class Receivable:
    """A balance of a leaver. kind: owed_by_payee (negative results carried) or to_recover (a draw, named by component)."""

    payee: Payee
    left_on: dt.date
    kind: str
    component: str
    label: str
    currency: str
    amount: Decimal


def receivables(*, on: dt.date) -> list[Receivable]:
    """What payees who left by a day owe after the pay periods that began by then; amounts above zero, oldest leaver first.

    The leaver's day is the first one not employed. Needs the tenant's scope; six queries at most, whatever the number of leavers.
    """
    last: dict[int, dt.date | None] = {}
    for payee, end in known_as_at(Employment.objects.all(), None).order_by("payee_id", "valid_from").values_list("payee_id", "valid_to"):
        last[payee] = end
    left = {payee: end for payee, end in last.items() if end is not None and end <= on}
    period = Period.objects.filter(starts__lte=on).order_by("-starts").first()
    if not left or period is None:
        return []
    owed = balances_after(list(left), period, openings_known(number=None, payees=list(left)))
    payees = {payee.pk: payee for payee in Payee.objects.filter(pk__in=list(owed)).select_related("legal_entity", "detail")}
    found = [
        Receivable(payees[payee], left[payee], one.kind, one.component, one.label, one.currency, one.amount)
        for payee, balances in owed.items()
        for one in balances
        if one.kind in OWED
    ]
    return sorted(found, key=lambda row: (row.left_on, row.payee.pk, row.currency, row.kind, row.component))
