"""Late amounts explained: what an earlier, closed period was worth before and after, and the orders that made the difference.

A closed period keeps the explanation of what was paid in it; what came later is the difference between two runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min

from incentives.attribution import Cell, Change, change_between
from incentives.explain import PayeeBook, book_of
from incentives.explain_words import cause_note, exact_decimal
from incentives.finished import runs_finished
from incentives.models import EARNED_VERBS, Cause, LedgerEntry, Run
from incentives.selectors.runs import last_run
from incentives.selectors.statements import StatementPart
from incentives.selectors.trace_lines import TraceLine
from incentives.selectors.traces import LineTrace, line_traces_of
from spm.calendars.models import Period
from spm.people.models import Payee

_KEYS = ("pay_period_id", "seat_id", "plan_version_id", "component", "earning_period_id")


@dataclass(frozen=True)
class OrderChange:
    """An order that counted otherwise before: what was credited for pay, and its part of the pay before multipliers, floor,
    cap and rounding (None where orders have no part of their own). line: as it is now, or as it last was."""

    line: TraceLine
    credited_before: Decimal
    credited_after: Decimal
    pay: Decimal | None


@dataclass(frozen=True)
class CauseAmount:
    """What one cause did, in `currency`; the amounts of all causes sum to the difference."""

    cause: str
    amount: Decimal
    currency: str

    @property
    def label(self) -> str:
        """As people read it."""
        return str(Cause(self.cause).label)

    @property
    def note(self) -> str:
        """What belongs to it."""
        return cause_note(self.cause)


@dataclass(frozen=True)
class LateChange:
    """A late part: before + part.amount = after. orders: those whose credit or part changed, by date. causes: amounts that sum to
    the part's, in the published order of substitution."""

    part: StatementPart
    before: Decimal
    after: Decimal
    run_before: Run | None
    run: Run
    orders: tuple[OrderChange, ...]
    causes: tuple[CauseAmount, ...]

    @property
    def currency(self) -> str:
        """Of the amounts."""
        return self.part.currency


def posting_runs(payee: Payee, periods: Sequence[Period]) -> dict[tuple[Any, ...], tuple[int, int]]:
    """(pay period, seat, plan version, component, earning period) -> numbers of the first and the last run that posted there. One query."""
    rows = LedgerEntry.objects.filter(payee=payee, pay_period__in=periods, run__isnull=False, verb__in=EARNED_VERBS).exclude(cause=Cause.MANUAL).order_by()
    found = rows.values_list(*_KEYS).annotate(first=Min("run__number"), last=Max("run__number"))
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in found}


def fitting_run(payee: Payee, period: Period) -> Run | None:
    """The run whose explanation fits what was paid in the period for the period: the last one, or for a period with later
    changes paid elsewhere the last that posted in it. Two queries at most."""
    entries = LedgerEntry.objects.filter(payee=payee, earning_period=period, run__isnull=False, verb__in=EARNED_VERBS).exclude(cause=Cause.MANUAL).order_by()
    last = dict(entries.values_list("pay_period_id").annotate(last=Max("run__number")))
    if set(last) <= {period.pk}:
        return last_run(payee.pk)
    return Run.objects.filter(number=last.get(period.pk, -1)).first() or last_run(payee.pk)


class Books:
    """A payee's explanations by run: one reading of his orders for each run that is asked for."""

    def __init__(self, payee: Payee) -> None:
        self.payee = payee
        self._books: dict[int, PayeeBook] = {}
        self._before: dict[int, Run | None] = {}
        self._changes: dict[tuple[int, int | None, int], Change] = {}

    def trace(self, run: Run | None, part: StatementPart) -> LineTrace | None:
        """The component of the part in its earning period as of the run."""
        return self.trace_of(run, period=part.earning_period, version_id=part.plan_version_id, seat_id=part.seat_id, component=part.component)

    def trace_of(self, run: Run | None, *, period: Period, version_id: int, seat_id: int, component: str) -> LineTrace | None:
        """A component in an earning period as of the run, with all lines; None where there was none yet."""
        if run is None or period.starts > run.business_date:
            return None
        if run.pk not in self._books:
            self._books[run.pk] = book_of(payee_id=self.payee.pk, run=run)
        return line_traces_of(self._books[run.pk], period=period, version_id=version_id, seat_id=seat_id, component=component)

    def before(self, number: int) -> Run | None:
        """The finished run before that one."""
        if number not in self._before:
            self._before[number] = runs_finished(self.payee.pk).filter(number__lt=number).first()
        return self._before[number]

    def late(self, part: StatementPart, *, first: int, run: Run) -> LateChange | None:
        """The late part as the difference of `run`, the last that posted it, from the run before `first`, the first that did.
        None where the two do not differ by its amount (an adjustment that was posted otherwise)."""
        earlier, period = self.before(first), part.earning_period
        old, new = self.trace(earlier, part), self.trace(run, part)
        before, after = old.amount if old else Decimal(0), new.amount if new else Decimal(0)
        if after - before != part.amount:
            return None
        causes = cause_amounts(self._change(period, earlier, run), [Cell(part.seat_id, part.plan_version_id, part.component, part.currency)])
        return LateChange(part, before, after, earlier, run, tuple(order_changes([old] if old else [], [new] if new else [])), causes)

    def _change(self, period: Period, before: Run | None, run: Run) -> Change:
        key = (period.pk, before.pk if before else None, run.pk)
        if key not in self._changes:
            self._changes[key] = change_between(self.payee, period=period, before=before, run=run, manual=False)
        return self._changes[key]


def cause_amounts(change: Change, cells: Collection[Cell]) -> tuple[CauseAmount, ...]:
    """The causes of some cells of one currency, in the published order."""
    currency = next(iter(cells)).currency
    return tuple(CauseAmount(cause, Decimal(str(amount)), currency) for cause, amount in change.attribution.causes(cells))


def late_changes(payee: Payee, parts: Sequence[StatementPart], *, period: Period) -> list[LateChange]:
    """The late ones of a statement's parts, explained; those that cannot be are left out. Queries grow with the runs that posted them."""
    posted = posting_runs(payee, [period])
    spans = {part: posted.get((period.pk, part.seat_id, part.plan_version_id, part.component, part.earning_period_id)) for part in parts if part.is_late}
    runs = {run.number: run for run in Run.objects.filter(number__in={span[1] for span in spans.values() if span})}
    books = Books(payee)
    found = [books.late(part, first=span[0], run=runs[span[1]]) for part, span in spans.items() if span]
    return [change for change in found if change is not None]


def order_changes(old: Sequence[LineTrace], new: Sequence[LineTrace]) -> list[OrderChange]:
    """The orders that count otherwise in the new traces than in the old ones of the same component, by date."""
    was, now = ({line.key: line for trace in traces for line in trace.lines} for traces in (old, new))
    found = []
    for order in {**was, **now}:
        a, b = was.get(order), now.get(order)
        line = b or a
        assert line is not None
        before, after = (exact_decimal(item.pay_credit) if item else Decimal(0) for item in (a, b))
        parts = [exact_decimal(item.pay) for item in (a, b) if item is not None and item.pay is not None]
        known = len(parts) == sum(1 for item in (a, b) if item is not None)
        pay = (_pay(b) - _pay(a)) if known else None
        if before != after or pay:
            found.append(OrderChange(line, before, after, pay))
    return sorted(found, key=lambda change: (change.line.order_date, change.line.number, change.line.key))


def _pay(line: TraceLine | None) -> Decimal:
    return Decimal(0) if line is None or line.pay is None else exact_decimal(line.pay)
