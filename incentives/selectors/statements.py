"""Statements: what is paid to a payee in a pay period, part by part, as an equation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from incentives.models import EARNED_VERBS, Cause, LedgerEntry, PlanVersion, Run, Statement
from incentives.opening import openings_known
from incentives.selectors.artefacts import artefact_of, paid_in_kept
from incentives.selectors.openings import OpeningLine, opening_lines
from incentives.selectors.payments import Balance, PaidIn, PaymentPart, balances_after, paid_in, payment_parts
from incentives.selectors.plans import component_labels
from incentives.selectors.rewards import Reward, rewards_kept, rewards_of
from incentives.selectors.runs import Freshness, freshness
from spm.calendars.models import Period
from spm.people.models import Payee, Seat
from spm.told import shown


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
    add or keep back. balances: what stands open after it. in_pay_currency: the total where the payee is paid in another currency.
    digest: of what was approved, empty before; versions: the plan versions that pay in it."""

    payee_id: int
    period: Period
    state: str
    state_label: str
    hold_reason: str
    digest: str
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
    versions: tuple[PlanVersion, ...]
    freshness: Freshness
    opening: tuple[OpeningLine, ...] = ()
    """What the system before this one credited, paid and left open."""
    rewards: tuple[Reward, ...] = ()
    """What is not money: points, days, trips. Never part of the sums."""


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


def statement_get(payee: Payee, period: Period, *, after: Run | None = None) -> StatementView:
    """The statement of a payee for a pay period, from the ledger. An approved one shows the rates by which it was frozen. after: as
    `statement_views`. Fifteen queries at most."""
    return statement_views([payee], period, after=after)[0]


def statement_views(payees: Sequence[Payee], period: Period, *, after: Run | None = None) -> list[StatementView]:
    """The statements of these payees for a pay period, in their order. The number of queries grows with those alone who are paid
    in another currency than their plan's, or whose statement is frozen.

    after: what they said after that run (None: now). State, rewards and totals in another currency are of now alone, and left out then.
    """
    statements = {s.payee_id: s for s in Statement.objects.filter(payee__in=payees, period=period)}
    entries: dict[int, list[LedgerEntry]] = defaultdict(list)
    known = known_after(after)
    rows = LedgerEntry.objects.filter(known, payee__in=payees, pay_period=period).select_related("earning_period")
    rows = rows.order_by("earning_period__starts", "component")
    for entry in rows:
        entries[entry.payee_id].append(entry)
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={e.plan_version_id for e in rows}).select_related("plan")}
    seats = {s.pk: s for s in Seat.objects.filter(pk__in={e.seat_id for e in rows}).select_related("position")}
    labels = {pk: component_labels(version) for pk, version in versions.items()}
    openings = openings_known(number=after.known_number if after else None, payees=[payee.pk for payee in payees])
    balances = balances_after([payee.pk for payee in payees], period, openings, known=known)
    fresh = freshness(payees[0].pk if len(payees) == 1 else None) if after is None else Freshness(after, after.finished_at, after.known_number, 0)
    opening = opening_lines(openings, period)
    rewards = rewards_of(payees, period) if after is None else {}
    day = fresh.run.business_date if fresh.run else period.ends
    found = []
    for payee in payees:
        statement, mine = statements.get(payee.pk) if after is None else None, entries[payee.pk]
        used = {e.plan_version_id for e in mine}
        own = {pk: version for pk, version in versions.items() if pk in used}
        payments = payment_parts([e for e in mine if e.cause != Cause.MANUAL and e.verb not in EARNED_VERBS], own)
        adjustments = [_adjustment(e, labels[e.plan_version_id]) for e in mine if e.cause == Cause.MANUAL]
        parts = _parts([e for e in mine if e.cause != Cause.MANUAL and e.verb in EARNED_VERBS], period, versions, seats, labels)
        earned = _sums(part for part in parts if not part.is_late)
        late = _sums(part for part in parts if part.is_late)
        paid, adjusted = _sums(payments), _sums(adjustments)
        sums = (earned, late, paid, adjusted)
        total = {c: sum((part.get(c, Decimal(0)) for part in sums), Decimal(0)) for c in sorted(set().union(*sums))}
        state = statement.state if statement else Statement.State.OPEN
        kept = artefact_of(statement) if statement is not None and statement.artefact_digest else None
        converted = total if after is None else {}
        told = rewards.get(payee.pk, ()) if kept is None else _rewards_kept(kept, period)
        in_pay_currency = paid_in(payee, period=period, totals=converted, versions=own.values(), today=day) if kept is None else paid_in_kept(kept)
        found.append(
            StatementView(
                payee.pk, period, state, str(Statement.State(state).label), *_kept(statement),
                tuple(parts), tuple(payments), tuple(adjustments), earned, late, paid, adjusted, total, tuple(balances.get(payee.pk, ())),
                tuple(in_pay_currency), tuple(own.values()), fresh, tuple(opening.get(payee.pk, ())), told,
            )
        )  # fmt: skip
    return found


def known_after(run: Run | None) -> Q:
    """Ledger entries that stood after a run (None: all): of it and of earlier ones, and what people posted until it ended."""
    return Q() if run is None else Q(run__number__lte=run.number) | Q(run__isnull=True, posted_at__lte=run.finished_at or run.touched_at)


def _rewards_kept(kept: Mapping[str, Any], period: Period) -> tuple[Reward, ...]:
    """The rewards of an approved statement; one query where there are any."""
    codes = {line["earning_period"] for line in kept.get("rewards", ())}
    return tuple(rewards_kept(kept, {p.code: p for p in Period.objects.filter(calendar_id=period.calendar_id, code__in=codes)})) if codes else ()


def _kept(statement: Statement | None) -> tuple[str, str]:
    return ("", "") if statement is None else (statement.hold_reason, statement.artefact_digest)


def _adjustment(entry: LedgerEntry, labels: Mapping[str, str]) -> Adjustment:
    amount = Decimal(entry.amount).scaleb(-entry.scale)
    return Adjustment(
        str(entry.uid), entry.component, labels.get(entry.component) or entry.component, entry.earning_period, entry.currency, amount, shown(entry.note)
    )


def _parts(
    entries: Sequence[LedgerEntry], period: Period, versions: Mapping[int, PlanVersion], seats: Mapping[int, Seat], labels: Mapping[int, dict[str, str]]
) -> list[StatementPart]:  # fmt: skip
    groups: dict[tuple[int, int, str, int, str], list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
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
    used = {e.plan_version_id for e in entries}
    order = {name: i for pk in versions if pk in used for i, name in enumerate(labels[pk])}
    parts.sort(key=lambda part: (part.is_late, part.plan_code, part.seat_id, order.get(part.component, 99), part.earning_period_code))
    return parts


def _sums(rows: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, Decimal(0)) + row.amount
    return found
