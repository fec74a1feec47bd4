"""Why an amount is what it is: the engine's explanation of a component and the orders behind it, as of a run.

Derived again from what the run saw when someone looks; reads one payee's data alone (of his team, what the run kept).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from incentives.engine.plan import CompiledPlan
from incentives.explain import PayeeBook, VersionBook, book_of
from incentives.models import PlanVersion, Run
from incentives.selectors.runs import last_run
from incentives.selectors.trace_lines import TraceLine, trace_lines
from spm.calendars.models import Period
from spm.people.models import Payee


@dataclass(frozen=True)
class ComponentTrace:
    """A component's explanation for one seat, plan version and earning period: `tree` (see incentives.engine.trace: leaves
    sum to the amount, rounding is a leaf) has the component as its only child."""

    run: Run
    version: PlanVersion
    seat_id: int
    period: Period
    component: str
    label: str
    amount: Decimal
    currency: str
    tree: dict[str, Any] = field(repr=False)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The nodes that sum to the amount: rates, slices, multipliers, rounding."""
        found: list[dict[str, Any]] = self.tree["children"][0]["children"]
        return found


@dataclass(frozen=True)
class LineTrace(ComponentTrace):
    """A component's explanation with its lines, or some of them; lines_total says how many there are."""

    lines: tuple[TraceLine, ...]
    lines_total: int


def component_traces(payee: Payee, *, period: Period, run: Run | None = None) -> tuple[ComponentTrace, ...]:
    """All components that the payee earned in `period` (the earning period), as of a run (None: the last), in the plans' order.
    The number of queries does not grow with seats, plans or orders."""
    run = run or last_run(payee.pk)
    # A period that had not begun for the run has no result.
    if run is None or period.starts > run.business_date:
        return ()
    book = book_of(payee_id=payee.pk, run=run)
    return tuple(_traces(book, period))


def line_traces(payee: Payee, *, period: Period, component: str, run: Run | None = None) -> tuple[LineTrace, ...]:
    """The component with all its lines, once for each seat and plan version that has it. Queries as for one."""
    run = run or last_run(payee.pk)
    if run is None or period.starts > run.business_date:
        return ()
    book = book_of(payee_id=payee.pk, run=run)
    found = [
        (trace, book.lines(version_id=trace.version.pk, seat_id=trace.seat_id, period_id=period.pk, component=component))
        for trace in _traces(book, period)
        if trace.component == component
    ]
    return tuple(
        LineTrace(
            **vars(trace),
            lines=trace_lines(book.books[trace.version.pk], lines, number=run.known_number, payee_id=payee.pk, component=component),
            lines_total=len(lines),
        )
        for trace, lines in found
    )


def line_trace(
    payee: Payee, *, period: Period, version_id: int, seat_id: int, component: str, run: Run | None = None, limit: int = 250, after: int = 0
) -> LineTrace | None:
    """The explanation of one component of one seat and plan version, as of a run (None: the last).

    lines: `limit` of them from number `after` on. None when nothing was computed for that key.
    """
    run = run or last_run(payee.pk)
    if run is None:
        return None
    return line_traces_of(
        book_of(payee_id=payee.pk, run=run), period=period, version_id=version_id, seat_id=seat_id, component=component, limit=limit, after=after
    )


def line_traces_of(
    book: PayeeBook, *, period: Period, version_id: int, seat_id: int, component: str, limit: int | None = None, after: int = 0
) -> LineTrace | None:
    """As line_trace, from a book that is open already; all lines where no limit is given."""
    if version_id not in book.books or seat_id not in book.inputs.seats:
        return None
    trace = next((found for found in _seat_traces(book, book.books[version_id], seat_id, period) if found.component == component), None)
    if trace is None:
        return None
    lines = book.lines(version_id=version_id, seat_id=seat_id, period_id=period.pk, component=component)
    shown = lines[after:] if limit is None else lines[after : after + limit]
    return LineTrace(
        **vars(trace),
        lines=trace_lines(book.books[version_id], shown, number=book.run.known_number, payee_id=book.payee_id, component=component),
        lines_total=len(lines),
    )


def _traces(book: PayeeBook, period: Period) -> Iterator[ComponentTrace]:
    for part in book.books.values():
        if any(item.id == period.pk for item in part.version.periods):
            for seat in sorted(part.version.paid & set(book.inputs.seats)):
                yield from _seat_traces(book, part, seat, period)


def tree_shown(tree: dict[str, Any], plan: CompiledPlan) -> dict[str, Any]:
    """The tree without what the plan hides from payees."""
    hidden = {component.name for component in plan.components if component.hidden}
    if not hidden:
        return tree
    figures = {name: value for name, value in tree["figures"].items() if name.removeprefix("pay.") not in hidden}
    aside = [node for node in tree.get("aside", ()) if node["name"] not in hidden]
    return {key: value for key, value in tree.items() if key != "aside"} | {"figures": figures} | ({"aside": aside} if aside else {})


def _seat_traces(book: PayeeBook, part: VersionBook, seat: int, period: Period) -> Iterator[ComponentTrace]:
    tree = tree_shown(book.tree(version_id=part.version.id, seat_id=seat, period_id=period.pk), part.version.compiled)
    version = book.inputs.rows[part.version.id]
    for node in tree["children"]:
        label = node["label"] or node["name"]
        amount, currency = Decimal(node["amount"]), tree["currency"]
        yield ComponentTrace(book.run, version, seat, period, node["name"], label, amount, currency, {**tree, "children": [node]})
