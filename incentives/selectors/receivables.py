"""Receivables: what no later pay will settle, the debts of people who have left and what a plan year's end billed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from incentives.engine.payment import BILLED as BILLED_ENTRY
from incentives.models import LedgerEntry, Verb
from incentives.opening import openings_known
from incentives.selectors.payments import balances_after
from spm.calendars.models import Period
from spm.people.models import Employment, Payee
from spm.tenancy.changes import known_as_at

OWED = ("owed_by_payee", "clawback_owed", "to_recover")
BILLED = "billed"


@dataclass(frozen=True)
class Receivable:
    """A balance of a leaver. kind: owed_by_payee (negative results carried), clawback_owed, to_recover (a draw, named by component);
    or billed, which a plan year's end left behind, of anybody. left_on: None for who has not left."""

    payee: Payee
    left_on: dt.date | None
    kind: str
    component: str
    label: str
    currency: str
    amount: Decimal


def receivables(*, on: dt.date) -> list[Receivable]:
    """What payees who left by a day owe after the pay periods that began by then, and what was billed to anybody; amounts above zero,
    oldest leaver first, then who has not left.

    The leaver's day is the first one not employed. Needs the tenant's scope; seven queries at most, whatever the number of leavers.
    """
    last: dict[int, dt.date | None] = {}
    for payee, end in known_as_at(Employment.objects.all(), None).order_by("payee_id", "valid_from").values_list("payee_id", "valid_to"):
        last[payee] = end
    left = {payee: end for payee, end in last.items() if end is not None and end <= on}
    period = Period.objects.filter(starts__lte=on).order_by("-starts").first()
    if period is None:
        return []
    billed = LedgerEntry.objects.filter(verb=Verb.CARRIED, component=BILLED_ENTRY).values_list("payee_id", flat=True).distinct()
    chosen = sorted({*left, *billed})
    if not chosen:
        return []
    owed = balances_after(chosen, period, openings_known(number=None, payees=chosen))
    payees = {payee.pk: payee for payee in Payee.objects.filter(pk__in=list(owed)).select_related("legal_entity", "detail")}
    found = [
        Receivable(payees[payee], left.get(payee), one.kind, one.component, one.label, one.currency, one.amount)
        for payee, balances in owed.items()
        for one in balances
        if one.kind == BILLED or (payee in left and one.kind in OWED)
    ]
    return sorted(found, key=lambda row: (row.left_on or dt.date.max, row.payee.pk, row.currency, row.kind, row.component))
