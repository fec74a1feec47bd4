"""The orders and order lines behind an amount, as the run saw them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from incentives.engine.contract_years import part_of, record_of
from incentives.engine.contracts import day_text
from incentives.engine.exact import text as number_text
from incentives.engine.lines import Line
from incentives.engine.rounding import scaled
from incentives.explain import VersionBook
from incentives.line_loaders import ORDER_ROW, QUANTITY_SCALE
from incentives.models import ResultOverride
from incentives.overrides import overrides_known, set_amount
from spm.sales.models import AccountVersion, Order, OrderLineVersion, OrderVersion, ProductVersion


@dataclass(frozen=True)
class TracePart:
    """The row of an order that a plan on lines credited. kind: line; order (one without lines, as a whole); difference (what an
    order has beyond its lines). The rest is of a line: its number and id in its source, product, quantity, and the change of which it is."""

    kind: str
    line_number: int | None = None
    external_id: str = ""
    product: str = ""
    quantity: Decimal | None = None
    change_number: int | None = None
    year: int = 1
    """Of a line that is credited year by year: which of its years, from 1."""


@dataclass(frozen=True)
class TraceLine:
    """One order behind a component, or one line of it (`part`; None where the plan reads orders). pay is its part before
    multipliers, floor, cap and rounding; None where the pay_rate applies to the whole and no single order has a part. number,
    account and change_number: as the run saw the order."""

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
    part: TracePart | None = None
    result_set: Decimal | None = None
    """What the whole order pays here by a result set by hand, in place of what was calculated; result_reason says why."""
    result_reason: str = ""

    @property
    def key(self) -> str:
        """The address within its tenant: of the order, and behind a tilde of its part."""
        order = f"{self.source}:{self.external_id}"
        if self.part is None:
            return order
        return f"{order}~{self.part.external_id or self.part.kind}" + (f"~{self.part.year}" if self.part.year > 1 else "")

    @property
    def title(self) -> str:
        """The order's number, and which part of it."""
        if self.part is None or self.part.kind == "order":
            return self.number
        if self.part.kind == "difference":
            return _("%(order)s, beyond its lines") % {"order": self.number}
        if self.part.year > 1:
            return _("%(order)s, line %(line)s, year %(year)s") % {"order": self.number, "line": self.part.line_number, "year": self.part.year}
        return _("%(order)s, line %(line)s") % {"order": self.number, "line": self.part.line_number}


def trace_lines(book: VersionBook, lines: Sequence[Line], *, number: int, payee_id: int, component: str) -> tuple[TraceLine, ...]:
    """The engine's lines of a payee's component with what the record says of them, as known at a change number. The number of queries
    does not grow with them."""
    by_hand = {item.order_id: item for item in overrides_known(number, [payee_id]) if item.component == component}
    of = {line.object_id: book.order_of(line.object_id) for line in lines}
    orders = _orders_shown(ids=sorted(set(of.values())), number=number)
    parts = {} if book.facts.parent is None else _parts_shown(book, of, number)
    return tuple(
        TraceLine(
            order_id=of[line.object_id], order_date=dt.date.fromisoformat(day_text(line.event_date)), rule=line.rule, pay_credit=_shown(line.pay_credit),
            quota_credit=_shown(line.quota_credit), value=_shown(line.value), pay=None if line.pay is None else _shown(line.pay),
            part=parts.get(line.object_id), **_set(by_hand.get(of[line.object_id])), **orders[of[line.object_id]],
        )
        for line in lines
    )  # fmt: skip


def _set(item: ResultOverride | None) -> dict[str, Any]:
    return {} if item is None else {"result_set": set_amount(item), "result_reason": item.reason}


def _parts_shown(book: VersionBook, of: dict[int, int], number: int) -> dict[int, TracePart]:
    """What each row of a plan on lines is. Three queries at most."""
    newest: dict[int, OrderLineVersion] = {}
    lines = [record_of(row) for row in of if row < ORDER_ROW]
    if lines:
        versions = OrderLineVersion.objects.filter(record_id__in=lines, order_id__in=set(of.values()), tombstone=0, change_set__number__lte=number)
        for version in versions.select_related("record", "product", "change_set").order_by("change_set__number"):
            newest[version.record_id] = version
    products = {v.product_id for v in newest.values() if v.product_id}
    names: dict[int, str] = {}
    if products:
        for product in ProductVersion.objects.filter(record_id__in=products, tombstone=0, change_set__number__lte=number).order_by("change_set__number"):
            names[product.record_id] = product.name
    found = {}
    for row in of:
        seen = newest.get(record_of(row))
        if seen is not None:
            product = "" if seen.product is None else names.get(seen.product_id or 0, seen.product.external_id)
            quantity = scaled(seen.quantity, QUANTITY_SCALE)
            external_id, change_number = seen.record.external_id, seen.change_set.number  # type: ignore[attr-defined]
            found[row] = TracePart("line", seen.line_number, external_id, product, quantity, change_number, part_of(row) + 1)
        else:
            found[row] = TracePart(book.part_of(row))
    return found


def _orders_shown(*, ids: list[int], number: int) -> dict[int, dict[str, Any]]:
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
