"""A statement as it looked after each run: which runs touched it, what it said then, and what differs between two of them.

The ledger is append-only and every entry names its run, so what a statement said after a run is the sum of the entries that stood
there by then; what people posted by hand counts from the moment at which they did.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from incentives.models import LedgerEntry, Run
from incentives.selectors.payments import PaymentPart
from incentives.selectors.statements import Adjustment, StatementPart, StatementView, statement_get
from spm.calendars.models import Period
from spm.people.models import Payee


@dataclass(frozen=True)
class StatementRun:
    """A run that posted to a statement: by how much, and what the statement said after it, by currency."""

    run: Run
    amount: dict[str, Decimal]
    total: dict[str, Decimal]


@dataclass(frozen=True)
class ChangedLine:
    """A line of a statement at two runs. before or after is 0 where it did not stand there."""

    label: str
    earning_period: Period
    currency: str
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """after - before."""
        return self.after - self.before


def statement_runs(payee: Payee, period: Period) -> list[StatementRun]:
    """The runs that posted to the payee's statement, newest first. Three queries."""
    mine = LedgerEntry.objects.filter(payee=payee, pay_period=period).order_by()
    posted: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for run, currency, scale, amount in mine.filter(run__isnull=False).values_list("run_id", "currency", "scale").annotate(amount=Sum("amount")):
        posted[run][currency] += Decimal(amount).scaleb(-scale)
    by_hand = list(mine.filter(run__isnull=True).values_list("posted_at", "currency", "amount", "scale"))
    total: dict[str, Decimal] = defaultdict(Decimal)
    found = []
    for run in Run.objects.filter(pk__in=posted).order_by("number"):
        for currency, amount in posted[run.pk].items():
            total[currency] += amount
        whole = defaultdict(Decimal, total)
        for at, currency, amount, scale in by_hand:
            if at <= (run.finished_at or run.touched_at):
                whole[currency] += Decimal(amount).scaleb(-scale)
        found.append(StatementRun(run, dict(sorted(posted[run.pk].items())), dict(sorted(whole.items()))))
    return found[::-1]


def statement_as_of(payee: Payee, period: Period, run: Run) -> StatementView:
    """What the statement said after a run: lines, sums and balances. Its state and its total in another currency are not of that day
    and left out."""
    return statement_get(payee, period, after=run)


def statement_changed(before: StatementView | None, after: StatementView) -> list[ChangedLine]:
    """The lines of two states of one statement side by side, those of the later one first; before None: nothing."""
    sums: dict[tuple[str, str, int, str], list[Decimal]] = {}
    lines: dict[tuple[str, str, int, str], tuple[str, Period]] = {}
    for side, view in ((1, after), (0, before)):
        rows: tuple[StatementPart | PaymentPart | Adjustment, ...] = () if view is None else (*view.parts, *view.payments, *view.adjustments)
        for line in rows:
            key = (line.component, line.label, line.earning_period.pk, line.currency)
            sums.setdefault(key, [Decimal(0), Decimal(0)])[side] += line.amount
            lines.setdefault(key, (line.label, line.earning_period))
    return [ChangedLine(*lines[key], key[3], *sums[key]) for key in sums]
