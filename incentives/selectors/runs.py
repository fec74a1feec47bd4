"""What a run changed: its postings, the largest first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models.functions import Abs

from incentives.models import LedgerEntry, Run


@dataclass(frozen=True)
class RunChange:
    """One posting of a run. amount in `currency`, exact; cause as shown to people."""

    payee_uid: str
    payee: str
    component: str
    period: str
    cause: str
    amount: Decimal
    currency: str


def run_changes(*, run: Run, limit: int = 200) -> list[RunChange]:
    """The run's postings, largest amount first; at most `limit`. One query."""
    entries = LedgerEntry.objects.filter(run=run).select_related("payee__detail", "earning_period").annotate(size=Abs("amount")).order_by("-size", "id")
    return [
        RunChange(
            str(e.payee.uid),
            e.payee.detail.display_name,
            e.component,
            e.earning_period.code,
            str(e.get_cause_display()),
            Decimal(e.amount).scaleb(-e.scale),
            e.currency,
        )
        for e in entries[:limit]
    ]
