"""The cause in the ledger's own column, for entries of payment (held, drawn, recovered, carried ...): the one that has the largest amount.

As incentives.latecause does for late amounts. A payment entry follows from what is earned and from terms and people; where nothing but
orders, money and days changed, that is its cause, and nothing is computed. Else those payees are divided of whom something else was
touched too, and at most MOST of a group.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from incentives.engine.attribution import Attribution, attribute
from incentives.finished import runs_alone
from incentives.models import Cause, LedgerEntry, Run
from incentives.paid import PaidCell, PaidWork, kind_of
from incentives.settle import Settlement
from incentives.writers import LEDGER_COLUMNS
from spm.calendars.models import Period
from spm.people.models import Payee

MOST = 50
"""Payees of a group who are divided. Beyond it an entry bears the first cause that was touched."""
_CAUSE = [name for name, _ in LEDGER_COLUMNS].index("cause")


def payment_causes_name(settlement: Settlement, payees: Collection[int]) -> None:
    """Puts the cause into the payment entries that the settlement is about to post. Reads in the caller's scope, writes nothing."""
    run = settlement.run
    base = run.base if run.base_id else None
    paying = [payee for payee in sorted(payees) if payee in settlement.work and settlement.work[payee].payments]
    if base is None or not paying:
        return
    chosen = sorted({payee for payee in paying if _otherwise_touched(settlement, payee)} | _posted_by_hand(base, paying))
    people = Payee.objects.in_bulk(chosen[:MOST])
    before = {alone.payee_id: alone for alone in runs_alone(base, people)}
    for payee in chosen[:MOST]:
        _name(settlement, people[payee], before.get(payee, base), run)


def _otherwise_touched(settlement: Settlement, payee: int) -> bool:
    """May anything but orders, money and days stand behind his entries?"""
    work = settlement.work[payee]
    return settlement.cause.reowned or bool(work.by_hand) or any(row[_CAUSE] != "data" for row in work.payments)


def _posted_by_hand(base: Run, payees: Collection[int]) -> set[int]:
    rows = LedgerEntry.objects.filter(cause=Cause.MANUAL, run__isnull=True, payee__in=payees, posted_at__gt=base.started_at)
    return set(rows.values_list("payee_id", flat=True))


def _name(settlement: Settlement, payee: Payee, before: Run, run: Run) -> None:
    rows = settlement.work[payee.pk].payments
    pays = sorted({row[5] for row in rows})
    periods = Period.objects.in_bulk(pays)
    work = PaidWork(payee, periods[pays[-1]], before, run, within=settlement)
    if work.others_are == "kept":
        return
    found = attribute(work.value, changed=work.changed)
    for at, row in enumerate(rows):
        cell = PaidCell(row[5], row[1], row[2], row[3], row[4], row[6], kind_of(row[8], False))
        largest = _largest(found, cell)
        if largest and largest != Cause.MANUAL:  # with it, an entry of a run is a result set by hand (incentives.overrides)
            rows[at] = (*row[:_CAUSE], largest, *row[_CAUSE + 1 :])


def _largest(found: Attribution, cell: PaidCell) -> str:
    """Of two as large the first in the published order; "" where no cause did anything to it."""
    causes: list[tuple[str, Any]] = [(cause, amounts[cell]) for cause, amounts in found.steps if amounts.get(cell)]
    return max(causes, key=lambda item: abs(Decimal(str(item[1]))))[0] if causes else ""
