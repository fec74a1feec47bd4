"""A statement: what a payee is due in a pay period, entry by entry, and the sum as an equation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from incentives.models import LedgerEntry, PlanVersion, Statement
from spm.calendars.models import Period
from spm.people.models import Payee


@dataclass(frozen=True)
class Entry:
    """A component's sum in the statement: earned in `origin` (another period: a late change, with its cause)."""

    component: str
    label: str
    origin: Period
    is_late: bool
    verb: str
    cause: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class StatementView:
    """entries grouped by component, origin, verb and cause; totals by currency equal the ledger's sums for the pay period."""

    payee: Payee
    period: Period
    state: str
    entries: list[Entry]
    totals: dict[str, Decimal]


def component_labels(version_ids: set[int]) -> dict[tuple[int, str], str]:
    """Labels of components by plan version."""
    from incentives.inputs import plan_compiled

    out = {}
    for version in PlanVersion.objects.filter(pk__in=version_ids).defer("canonical"):
        for component in plan_compiled(version.digest, version.text).components:
            out[version.pk, component.name] = component.label or component.name
    return out


def statement_view(*, payee: Payee, period: Period) -> StatementView:
    """The statement of a payee for a pay period. Three queries."""
    rows = list(
        LedgerEntry.objects.filter(payee=payee, pay_period=period).select_related("earning_period").order_by("component", "earning_period__starts", "id")
    )
    labels = component_labels({row.plan_version_id for row in rows if row.plan_version_id})
    sums: dict[tuple, Decimal] = defaultdict(Decimal)
    origins: dict[int, Period] = {}
    for row in rows:
        origins[row.earning_period_id] = row.earning_period
        label = labels.get((row.plan_version_id, row.component), row.component)
        late = row.earning_period_id != period.pk
        # An entry of the period itself is one sum whatever its causes were; a late one names its own.
        key = (
            row.component,
            label,
            row.earning_period_id,
            late,
            str(row.get_verb_display()) if late else "",
            str(row.get_cause_display()) if late else "",
            row.currency,
        )
        sums[key] += Decimal(row.amount).scaleb(-row.scale)
    entries = [
        Entry(c, label, origins[origin], late, verb, cause, amount, currency) for (c, label, origin, late, verb, cause, currency), amount in sums.items()
    ]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        totals[entry.currency] += entry.amount
    found = Statement.objects.filter(payee=payee, period=period).first()
    return StatementView(payee, period, found.state if found else Statement.State.OPEN, sorted(entries, key=lambda e: (e.is_late, e.component)), dict(totals))
