"""Statements: what is paid to a payee in a pay period, part by part, as an equation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from incentives.models import EARNED_VERBS, Cause, LedgerEntry, PlanVersion, Statement
from incentives.selectors.payments import Balance, PaidIn, PaymentPart, balances_after, paid_in, payment_parts
from incentives.selectors.plans import component_labels
from incentives.selectors.runs import Freshness, freshness
from spm.calendars.models import Period
from spm.people.models import Payee, Seat


@dataclass(frozen=True)
class StatementPart:
    """What is posted to the pay period for one seat, plan version, component and earning period."""

    seat_id: int
    position_title: str
    plan_code: str
    plan_title: str
    plan_version_id: int
    plan_version_number: int
    component: str
    label: str
    earning_period: Period
    currency: str
    amount: Decimal
    causes: tuple[str, ...]
    is_late: bool
    """Earned in an earlier, closed period: a delta that is paid here."""

    @property
    def earning_period_id(self) -> int:
        """Of the period of origin."""
        return self.earning_period.pk

    @property
    def earning_period_code(self) -> str:
        """Of the period of origin."""
        return self.earning_period.code

    @property
    def cause_labels(self) -> tuple[str, ...]:
        """The causes as people read them."""
        return tuple(str(Cause(cause).label) for cause in self.causes)


@dataclass(frozen=True)
class Adjustment:
    """An amount posted by hand, with the note that says why."""

    uid: str
    component: str
    label: str
    earning_period: Period
    currency: str
    amount: Decimal
    note: str

    @property
    def earning_period_code(self) -> str:
        """Of the period of origin."""
        return self.earning_period.code


@dataclass(frozen=True)
class StatementView:
    """A statement. By currency: earned + late + paid + adjusted = total, to the cent; paid is what payment terms, draws and holds
    add or keep back. balances: what stands open after it. in_pay_currency: the total where the payee is paid in another currency."""

    payee_id: int
    period: Period
    state: str
    state_label: str
    parts: tuple[StatementPart, ...]
    payments: tuple[PaymentPart, ...]
    adjustments: tuple[Adjustment, ...]
    earned: dict[str, Decimal]
    late: dict[str, Decimal]
    paid: dict[str, Decimal]
    adjusted: dict[str, Decimal]
    total: dict[str, Decimal]
    balances: tuple[Balance, ...]
    in_pay_currency: tuple[PaidIn, ...]
    freshness: Freshness


@dataclass(frozen=True)
class StatementRow:
    """A statement in a list."""

    statement: Statement
    period_code: str
    total: dict[str, Decimal]


def statement_list(payee: Payee, *, limit: int = 36) -> list[StatementRow]:
    """The payee's statements, newest first, with their totals by currency. Two queries."""
    rows = list(Statement.objects.filter(payee=payee).select_related("period").order_by("-period__starts")[:limit])
    totals: dict[int, dict[str, Decimal]] = defaultdict(dict)
    sums = LedgerEntry.objects.filter(payee=payee, pay_period_id__in=[row.period_id for row in rows]).order_by()
    for period, currency, scale, amount in sums.values_list("pay_period_id", "currency", "scale").annotate(amount=Sum("amount")):
        totals[period][currency] = totals[period].get(currency, Decimal(0)) + Decimal(amount).scaleb(-scale)
    return [StatementRow(row, row.period.code, totals[row.period_id]) for row in rows]


def statement_get(payee: Payee, period: Period) -> StatementView:
    """The statement of a payee for a pay period, from the ledger. Nine queries at most."""
    statement = Statement.objects.filter(payee=payee, period=period).first()
    entries = list(LedgerEntry.objects.filter(payee=payee, pay_period=period).select_related("earning_period").order_by("earning_period__starts", "component"))
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={e.plan_version_id for e in entries}).select_related("plan")}
    seats = {s.pk: s for s in Seat.objects.filter(pk__in={e.seat_id for e in entries}).select_related("position")}
    labels = {pk: component_labels(version) for pk, version in versions.items()}
    groups: dict[tuple[int, int, str, int, str], list[LedgerEntry]] = defaultdict(list)
    adjustments = []
    payments = payment_parts([e for e in entries if e.cause != Cause.MANUAL and e.verb not in EARNED_VERBS], versions)
    for entry in entries:
        if entry.cause != Cause.MANUAL and entry.verb not in EARNED_VERBS:
            continue
        if entry.cause == Cause.MANUAL:
            amount = Decimal(entry.amount).scaleb(-entry.scale)
            label = labels[entry.plan_version_id].get(entry.component) or entry.component
            adjustments.append(Adjustment(str(entry.uid), entry.component, label, entry.earning_period, entry.currency, amount, entry.note))
        else:
            groups[entry.seat_id, entry.plan_version_id, entry.component, entry.earning_period_id, entry.currency].append(entry)
    parts = []
    for (seat_id, version_id, component, earning, currency), rows in groups.items():
        version = versions[version_id]
        parts.append(
            StatementPart(
                seat_id, seats[seat_id].position.title, version.plan.code, version.plan.title, version_id, version.number, component,
                labels[version_id].get(component) or component, rows[0].earning_period, currency,
                sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0)), tuple(sorted({row.cause for row in rows})), earning != period.pk,
            )
        )  # fmt: skip
    order = {name: i for names in labels.values() for i, name in enumerate(names)}
    parts.sort(key=lambda part: (part.is_late, part.plan_code, part.seat_id, order.get(part.component, 99), part.earning_period_code))
    earned = _sums(part for part in parts if not part.is_late)
    late = _sums(part for part in parts if part.is_late)
    paid, adjusted = _sums(payments), _sums(adjustments)
    sums = (earned, late, paid, adjusted)
    total = {c: sum((part.get(c, Decimal(0)) for part in sums), Decimal(0)) for c in sorted(set().union(*sums))}
    fresh = freshness()
    day = fresh.run.business_date if fresh.run else period.ends
    state = statement.state if statement else Statement.State.OPEN
    return StatementView(
        payee.pk, period, state, str(Statement.State(state).label), tuple(parts), tuple(payments), tuple(adjustments), earned, late, paid, adjusted, total,
        tuple(balances_after(payee, period)), tuple(paid_in(payee, period=period, totals=total, versions=versions.values(), today=day)), fresh,
    )  # fmt: skip


def _sums(rows: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, Decimal(0)) + row.amount
    return found
