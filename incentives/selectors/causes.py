"""What changed in a payee's pay of a period since an earlier run, and why: amounts by cause that sum to the difference."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from incentives.attribution import Cell, Change, change_between
from incentives.finished import runs_finished
from incentives.models import PlanVersion, Run, RunResult
from incentives.selectors.late import Books, CauseAmount, OrderChange, cause_amounts, order_changes
from incentives.selectors.plans import component_labels
from incentives.selectors.runs import last_run
from incentives.selectors.traces import LineTrace
from spm.calendars.models import Period
from spm.people.models import Payee

BY_ORDER = frozenset({"crediting", "data"})
"""The causes under which orders can be named."""


@dataclass(frozen=True)
class ComponentChange:
    """A component, or all of a currency (component ""): before + the causes' amounts = after. orders: those that are credited
    otherwise, where crediting or data is among the causes."""

    component: str
    label: str
    currency: str
    before: Decimal
    after: Decimal
    causes: tuple[CauseAmount, ...]
    orders: tuple[OrderChange, ...] = ()

    @property
    def amount(self) -> Decimal:
        """after - before, the sum of the causes."""
        return self.after - self.before


@dataclass(frozen=True)
class PayChange:
    """What `run` made of a payee's pay of a period, against `run_before` (None: before any run). components: those that differ, and
    those in which causes cancel out. others: as incentives.attribution.Change."""

    payee_id: int
    period: Period
    run_before: Run | None
    run: Run
    totals: tuple[ComponentChange, ...]
    components: tuple[ComponentChange, ...]
    others: str


def runs_comparable(payee: Payee, *, limit: int = 60) -> list[Run]:
    """Finished runs that stand for the payee, newest first."""
    return list(runs_finished(payee.pk)[:limit])


def run_numbered(number: int, payee: Payee) -> Run | None:
    """A finished run that stands for the payee, by its number."""
    return runs_finished(payee.pk).filter(number=number).first()


def run_of_last_change(payee: Payee, *, period: Period, run: Run) -> Run | None:
    """The run before the last one that changed what the payee earned in the period, no later than `run`. None: there is none before."""
    rows = RunResult.objects.filter(payee=payee, period=period)
    numbers = [number for pair in rows.values_list("run_from__number", "run_to__number") for number in pair if number is not None and number <= run.number]
    return Books(payee).before(max(numbers, default=run.number))


def pay_change(payee: Payee, *, period: Period, before: Run | None, run: Run | None = None) -> PayChange | None:
    """What changed from `before` (None: from nothing) to `run` (None: the last), by component and cause. None where there was no run
    yet. Queries grow with the causes that changed and, for pay on a team, with its people."""
    run = run or last_run(payee.pk)
    if run is None:
        return None
    change = change_between(payee, period=period, before=before, run=run)
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in change.cells:
        groups[cell.component, cell.currency].append(cell)
    versions = PlanVersion.objects.filter(pk__in={cell.version for cell in change.cells}).order_by("pk")
    labels = {name: label for version in versions for name, label in component_labels(version).items()}
    books = Books(payee)
    components = []
    for component, currency in sorted(groups, key=lambda group: (list(labels).index(group[0]) if group[0] in labels else len(labels), group)):
        found = _part(change, groups[component, currency], component, labels.get(component) or component, books)
        if found.causes:
            components.append(found)
    currencies = sorted({cell.currency for cell in change.cells})
    totals = [_part(change, [cell for cell in change.cells if cell.currency == currency], "", "", None) for currency in currencies]
    return PayChange(payee.pk, period, before, run, tuple(totals), tuple(components), change.others)


def _part(change: Change, cells: list[Cell], component: str, label: str, books: Books | None) -> ComponentChange:
    before, after = (sum((Decimal(str(side.get(cell, 0))) for cell in cells), Decimal(0)) for side in (change.attribution.before, change.attribution.after))
    causes = cause_amounts(change, cells)
    orders: tuple[OrderChange, ...] = ()
    if books is not None and any(item.cause in BY_ORDER for item in causes):
        old = [trace for cell in cells if (trace := _trace(books, change.before, change.period, cell)) is not None]
        new = [trace for cell in cells if (trace := _trace(books, change.run, change.period, cell)) is not None]
        orders = tuple(order for order in order_changes(old, new) if order.credited_before != order.credited_after)
    return ComponentChange(component, label, cells[0].currency, before, after, causes, orders)


def _trace(books: Books, run: Run | None, period: Period, cell: Cell) -> LineTrace | None:
    return books.trace_of(run, period=period, version_id=cell.version, seat_id=cell.seat, component=cell.component)
