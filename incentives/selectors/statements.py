"""Statements: what is paid to a payee in a pay period, as an equation, and the trace of each part down to the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from incentives.engine.contracts import day_text
from incentives.engine.exact import text as number_text
from incentives.explain import PayeeBook
from incentives.models import Cause, LedgerEntry, PlanVersion, Run, Statement
from incentives.selectors.plans import component_labels
from incentives.selectors.runs import Freshness, freshness, last_run
from spm.calendars.models import Period
from spm.people.models import Payee, Seat
from spm.sales.models import Order


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
    earning_period_id: int
    earning_period_code: str
    currency: str
    amount: Decimal
    causes: tuple[str, ...]
    is_late: bool
    """Earned in an earlier, closed period: a delta that is paid here."""


@dataclass(frozen=True)
class Adjustment:
    """An amount posted by hand, with the note that says why."""

    uid: str
    component: str
    earning_period_code: str
    currency: str
    amount: Decimal
    note: str


@dataclass(frozen=True)
class StatementView:
    """A statement. By currency: earned + late + adjusted = total, to the cent."""

    payee_id: int
    period: Period
    state: str
    state_label: str
    parts: tuple[StatementPart, ...]
    adjustments: tuple[Adjustment, ...]
    earned: dict[str, Decimal]
    late: dict[str, Decimal]
    adjusted: dict[str, Decimal]
    total: dict[str, Decimal]
    freshness: Freshness


@dataclass(frozen=True)
class StatementRow:
    """A statement in a list."""

    statement: Statement
    period_code: str
    total: dict[str, Decimal]


@dataclass(frozen=True)
class TraceLine:
    """One order behind a component. pay is its part before multipliers, floor, cap and rounding; None where the pay_rate
    applies to the whole and no single order has a part."""

    order_id: int
    source: str
    external_id: str
    order_date: str
    rule: str
    pay_credit: Decimal | str
    quota_credit: Decimal | str
    value: Decimal | str
    pay: Decimal | str | None


@dataclass(frozen=True)
class LineTrace:
    """A component's explanation: `tree` (see incentives.engine.trace: leaves sum to the amount, rounding is a leaf) and lines."""

    run: Run
    version: PlanVersion
    seat_id: int
    period: Period
    component: str
    label: str
    amount: Decimal
    currency: str
    tree: dict[str, Any]
    lines: tuple[TraceLine, ...]
    lines_total: int


def statement_list(payee: Payee, *, limit: int = 36) -> list[StatementRow]:
    """The payee's statements, newest first, with their totals by currency. Two queries."""
    rows = list(Statement.objects.filter(payee=payee).select_related("period").order_by("-period__starts")[:limit])
    totals: dict[int, dict[str, Decimal]] = defaultdict(dict)
    sums = LedgerEntry.objects.filter(payee=payee, pay_period_id__in=[row.period_id for row in rows]).order_by()
    for period, currency, scale, amount in sums.values_list("pay_period_id", "currency", "scale").annotate(amount=Sum("amount")):
        totals[period][currency] = totals[period].get(currency, Decimal(0)) + Decimal(amount).scaleb(-scale)
    return [StatementRow(row, row.period.code, totals[row.period_id]) for row in rows]


def statement_get(payee: Payee, period: Period) -> StatementView:
    """The statement of a payee for a pay period, from the ledger. Six queries at most."""
    statement = Statement.objects.filter(payee=payee, period=period).first()
    entries = list(LedgerEntry.objects.filter(payee=payee, pay_period=period).select_related("earning_period").order_by("earning_period__starts", "component"))
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={e.plan_version_id for e in entries}).select_related("plan")}
    seats = {s.pk: s for s in Seat.objects.filter(pk__in={e.seat_id for e in entries}).select_related("position")}
    labels = {pk: component_labels(version) for pk, version in versions.items()}
    groups: dict[tuple[int, int, str, int, str], list[LedgerEntry]] = defaultdict(list)
    adjustments = []
    for entry in entries:
        if entry.cause == Cause.MANUAL:
            amount = Decimal(entry.amount).scaleb(-entry.scale)
            adjustments.append(Adjustment(str(entry.uid), entry.component, entry.earning_period.code, entry.currency, amount, entry.note))
        else:
            groups[entry.seat_id, entry.plan_version_id, entry.component, entry.earning_period_id, entry.currency].append(entry)
    parts = []
    for (seat_id, version_id, component, earning, currency), rows in groups.items():
        version = versions[version_id]
        parts.append(
            StatementPart(
                seat_id, seats[seat_id].position.title, version.plan.code, version.plan.title, version_id, version.number, component,
                labels[version_id].get(component, component), earning, rows[0].earning_period.code, currency,
                sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0)), tuple(sorted({row.cause for row in rows})), earning != period.pk,
            )
        )  # fmt: skip
    order = {name: i for names in labels.values() for i, name in enumerate(names)}
    parts.sort(key=lambda part: (part.is_late, part.plan_code, part.seat_id, order.get(part.component, 99), part.earning_period_code))
    earned = _sums(part for part in parts if not part.is_late)
    late = _sums(part for part in parts if part.is_late)
    adjusted = _sums(adjustments)
    total = {c: earned.get(c, Decimal(0)) + late.get(c, Decimal(0)) + adjusted.get(c, Decimal(0)) for c in sorted({*earned, *late, *adjusted})}
    state = statement.state if statement else Statement.State.OPEN
    return StatementView(
        payee.pk, period, state, str(Statement.State(state).label), tuple(parts), tuple(adjustments), earned, late, adjusted, total, freshness()
    )


def line_trace(
    payee: Payee, *, period: Period, version_id: int, seat_id: int, component: str, run: Run | None = None, limit: int = 250, after: int = 0
) -> LineTrace | None:
    """The explanation of a component that the payee earned in `period` (the earning period), as of a run (None: the last).

    Derived again from the orders that the run saw. lines: `limit` of them from number `after` on; lines_total says how many
    there are. None when nothing was computed for that key.
    """
    run = run or last_run()
    if run is None:
        return None
    book = PayeeBook(payee_id=payee.pk, run=run)
    if version_id not in book.books or seat_id not in book.inputs.seats:
        return None
    tree = book.tree(version_id=version_id, seat_id=seat_id, period_id=period.pk)
    node = next((child for child in tree["children"] if child["name"] == component), None)
    if node is None:
        return None
    lines = book.lines(version_id=version_id, seat_id=seat_id, period_id=period.pk, component=component)
    shown = lines[after : after + limit]
    orders = {order.pk: order for order in Order.objects.filter(pk__in=[line.object_id for line in shown])}
    version = PlanVersion.objects.select_related("plan").get(pk=version_id)
    rows = tuple(
        TraceLine(
            line.object_id, orders[line.object_id].source, orders[line.object_id].external_id, day_text(line.event_date), line.rule,
            _shown(line.pay_credit), _shown(line.quota_credit), _shown(line.value), None if line.pay is None else _shown(line.pay),
        )
        for line in shown
    )  # fmt: skip
    return LineTrace(
        run, version, seat_id, period, component, node["label"], Decimal(node["amount"]), tree["currency"], {**tree, "children": [node]}, rows, len(lines)
    )


def _shown(value: Any) -> Decimal | str:
    """An exact number: a Decimal, or "n/d" text where the quotient does not end."""
    return value if isinstance(value, Decimal) else number_text(value)


def _sums(rows: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, Decimal(0)) + row.amount
    return found


def periods_of(payees: Sequence[int]) -> list[Period]:
    """The pay periods for which one of the payees has a statement, newest first."""
    return list(Period.objects.filter(pk__in=Statement.objects.filter(payee_id__in=payees).values("period_id")).order_by("-starts"))
