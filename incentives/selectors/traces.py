"""Why an amount is what it is: the engine's explanation of a component and the orders behind it, as of a run.

Derived again from what the run saw when someone looks; reads one payee's data alone (of his team, what the run kept).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from incentives.engine.contracts import day_text
from incentives.engine.exact import text as number_text
from incentives.engine.lines import Line
from incentives.explain import PayeeBook, VersionBook
from incentives.models import PlanVersion, Run
from incentives.selectors.runs import last_run
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.sales.models import AccountVersion, Order, OrderVersion


@dataclass(frozen=True)
class TraceLine:
    """One order behind a component. pay is its part before multipliers, floor, cap and rounding; None where the pay_rate
    applies to the whole and no single order has a part. number, account and change_number: as the run saw the order."""

    order_id: int
    source: str
    external_id: str
    number: str
    account: str
    change_number: int | None
    order_date: dt.date
    rule: str
    pay_credit: Decimal | str
    quota_credit: Decimal | str
    value: Decimal | str
    pay: Decimal | str | None

    @property
    def key(self) -> str:
        """The order's address within its tenant."""
        return f"{self.source}:{self.external_id}"


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
    run = run or last_run()
    # A period that had not begun for the run has no result.
    if run is None or period.starts > run.business_date:
        return ()
    book = PayeeBook(payee_id=payee.pk, run=run)
    return tuple(_traces(book, period))


def line_traces(payee: Payee, *, period: Period, component: str, run: Run | None = None) -> tuple[LineTrace, ...]:
    """The component with all its lines, once for each seat and plan version that has it. Queries as for one."""
    run = run or last_run()
    if run is None or period.starts > run.business_date:
        return ()
    book = PayeeBook(payee_id=payee.pk, run=run)
    found = [
        (trace, book.lines(version_id=trace.version.pk, seat_id=trace.seat_id, period_id=period.pk, component=component))
        for trace in _traces(book, period)
        if trace.component == component
    ]
    orders = orders_shown(ids=[line.object_id for _, lines in found for line in lines], number=run.known_number)
    return tuple(LineTrace(**vars(trace), lines=_lines(lines, orders), lines_total=len(lines)) for trace, lines in found)


def line_trace(
    payee: Payee, *, period: Period, version_id: int, seat_id: int, component: str, run: Run | None = None, limit: int = 250, after: int = 0
) -> LineTrace | None:
    """The explanation of one component of one seat and plan version, as of a run (None: the last).

    lines: `limit` of them from number `after` on. None when nothing was computed for that key.
    """
    run = run or last_run()
    if run is None:
        return None
    return line_traces_of(
        PayeeBook(payee_id=payee.pk, run=run), period=period, version_id=version_id, seat_id=seat_id, component=component, limit=limit, after=after
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
    orders = orders_shown(ids=[line.object_id for line in shown], number=book.run.known_number)
    return LineTrace(**vars(trace), lines=_lines(shown, orders), lines_total=len(lines))


def _traces(book: PayeeBook, period: Period) -> Iterator[ComponentTrace]:
    for part in book.books.values():
        if any(item.id == period.pk for item in part.version.periods):
            for seat in sorted(part.version.paid & set(book.inputs.seats)):
                yield from _seat_traces(book, part, seat, period)


def _seat_traces(book: PayeeBook, part: VersionBook, seat: int, period: Period) -> Iterator[ComponentTrace]:
    tree = book.tree(version_id=part.version.id, seat_id=seat, period_id=period.pk)
    version = book.inputs.rows[part.version.id]
    for node in tree["children"]:
        label = node["label"] or node["name"]
        amount, currency = Decimal(node["amount"]), tree["currency"]
        yield ComponentTrace(book.run, version, seat, period, node["name"], label, amount, currency, {**tree, "children": [node]})


def _lines(lines: tuple[Line, ...], orders: dict[int, dict[str, Any]]) -> tuple[TraceLine, ...]:
    return tuple(
        TraceLine(
            order_id=line.object_id, order_date=dt.date.fromisoformat(day_text(line.event_date)), rule=line.rule, pay_credit=_shown(line.pay_credit),
            quota_credit=_shown(line.quota_credit), value=_shown(line.value), pay=None if line.pay is None else _shown(line.pay), **orders[line.object_id],
        )
        for line in lines
    )  # fmt: skip


def orders_shown(*, ids: list[int], number: int) -> dict[int, dict[str, Any]]:
    """Source, number, customer and change of orders, as known at a change number. Two queries, one more where an order is not known then."""
    newest: dict[int, OrderVersion] = {}
    versions = OrderVersion.objects.filter(record_id__in=ids, tombstone=0, change_set__number__lte=number)
    for version in versions.select_related("change_set", "record").order_by("change_set__number"):
        newest[version.record_id] = version
    names: dict[int, str] = {}
    accounts = {v.account_id for v in newest.values() if v.account_id}
    for account in AccountVersion.objects.filter(record_id__in=accounts, tombstone=0, change_set__number__lte=number).order_by("change_set__number"):
        names[account.record_id] = account.name
    orders: dict[int, Order] = {pk: version.record for pk, version in newest.items()}  # type: ignore[attr-defined]
    if unknown := set(ids) - set(orders):
        orders |= Order.objects.in_bulk(list(unknown))
    out: dict[int, dict[str, Any]] = {}
    for pk, order in orders.items():
        seen = newest.get(pk)
        out[pk] = {
            "source": order.source,
            "external_id": order.external_id,
            "number": (seen.number if seen else "") or order.external_id,
            "account": names.get(seen.account_id, "") if seen and seen.account_id else "",
            "change_number": seen.change_set.number if seen else None,
        }
    return out


def _shown(value: Any) -> Decimal | str:
    """An exact number: a Decimal, or "n/d" text where the quotient does not end."""
    return value if isinstance(value, Decimal) else number_text(value)
