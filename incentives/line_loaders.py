"""Reads a chunk's order lines for the plans that credit line by line: one more COPY, through the lines' own covering index.

Owner, date, currency, channel, status, account and splits are the order's; amount, product, kind and figures the line's. What
an order has beyond its lines is a row too, so that the rows of an order always sum to its amount (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from incentives.engine.contract_years import SERVICE
from incentives.engine.contracts import Facts, IntColumn, NumberColumn, Splits
from incentives.engine.errors import InputError
from incentives.engine.results import Uncredited
from incentives.engine.rounding import minor_units, scaled
from incentives.reading import DATE_SHIFT, ChangeNumbers, Columns, amounts_rescaled, copy_out, newest_versions, payees_select
from spm.currencies.codes import currency_unpack
from spm.tenancy.scope import required_tenant_id

# A line's row has the id of the line; a row that stands for an order, or for what it has beyond its lines, this bit and the order's.
ORDER_ROW = 1 << 62
LONGEST_CHAIN = 50
"""So many lines, each changing the one before, are followed back to the first."""
PARTS = {"line": 0, "difference": 1, "order": 2}
_UNSTATED = -(2**63 - 1)
_BASE_COLUMNS = (
    ("payee", "int8", "coalesce(payee_id, -1)"),
    ("day", "date", "order_date"),
    ("record", "int8", "record_id"),
    ("change_set", "int8", "change_set_id"),
    ("order", "int8", "order_id"),
    ("amount", "int8", "amount"),
    ("amount_scale", "int2", "amount_scale"),
    ("currency", "int2", "currency_code"),
    ("kind", "int2", "kind"),
    ("product", "int8", "coalesce(product_id, -1)"),
    ("quantity", "int8", "quantity"),
    ("tombstone", "int2", "tombstone"),
)
MONEY_NUMBERS = {
    "unit_price": "unit_price", "cost": f"coalesce(cost, {_UNSTATED})", "tcv": f"coalesce(tcv, {_UNSTATED})",
    "acv": f"coalesce(acv, {_UNSTATED})", "arr_change": f"coalesce(arr_change, {_UNSTATED})",
}  # fmt: skip
CONTRACT_CODE = "CASE WHEN contract = '' THEN -1 ELSE hashtextextended(contract, 0) & 9223372036854775807 END"
"""A contract's text as a fixed-width code that needs no table."""
_EPOCH = "date '1970-01-01'"
SERVICE_COLUMNS = (
    ("service_from", "int8", f"coalesce((service_from - {_EPOCH})::bigint, {_UNSTATED})"),
    ("service_to", "int8", f"coalesce((service_to - {_EPOCH})::bigint, {_UNSTATED})"),
    ("predecessor", "int8", "coalesce(predecessor_id, -1)"),
)
OTHER_NUMBERS = {"service_days": f"coalesce((service_to - service_from)::bigint, {_UNSTATED})"}
LINE_NUMBER_COLUMNS = ("quantity", *MONEY_NUMBERS, *OTHER_NUMBERS)
ORDER_CODES = ("currency", "channel", "status", "account")
PRODUCT_CODES = ("product", "category", "subcategory")
LINE_CODE_COLUMNS = ("kind", *ORDER_CODES, *PRODUCT_CODES, "part", "contract")
QUANTITY_SCALE = 4


@dataclass(frozen=True)
class LineNeeds:
    """What the plans of a run read of lines: numbers and codes by name; `product_codes` gives the codes behind product ids.
    years: whether one credits contracts year by year."""

    numbers: frozenset[str]
    codes: frozenset[str]
    product_codes: Callable[[str, IntColumn], IntColumn]
    years: bool = False


@dataclass(frozen=True)
class LoadedLines:
    """Lines as facts (`Facts.parent` is the order) with the splits of their orders, and the orders that cannot be read by line."""

    facts: Facts
    splits: Splits
    refused: tuple[Uncredited, ...]
    rows_read: int


@dataclass(frozen=True)
class ChunkOrders:
    """The orders of payees as they were read: columns, amounts at one scale, splits. The first `owned` are the chunk's own."""

    payees: Sequence[int]
    rows: Columns
    amounts: IntColumn
    amount_scale: int
    owned: int
    splits: Splits


def line_columns(needs: LineNeeds) -> tuple[tuple[str, str, str], ...]:
    """What is read of each line version."""
    further = {**MONEY_NUMBERS, **OTHER_NUMBERS}
    found = _BASE_COLUMNS + tuple((name, "int8", further[name]) for name in further if name in needs.numbers)
    found += (("contract", "int8", CONTRACT_CODE),) if "contract" in needs.codes else ()
    return found + (SERVICE_COLUMNS if needs.years else ())


def line_select(payees: Sequence[int], needs: LineNeeds) -> str:
    """The query that reads the line versions of payees, NOBODY alone: those that nobody owns."""
    return payees_select("sales_orderlineversion", ", ".join(expression for _, _, expression in line_columns(needs)), payees)


def _of_orders(orders: list[int], needs: LineNeeds) -> str:
    shown = ", ".join(expression for _, _, expression in line_columns(needs))
    ids = ", ".join(map(str, orders))
    return f"SELECT {shown} FROM sales_orderlineversion WHERE tenant_id = {required_tenant_id()} AND order_id IN ({ids})"


def lines_load(orders: ChunkOrders, *, known: ChangeNumbers, needs: LineNeeds) -> LoadedLines:
    """The lines of a chunk's orders."""
    columns = line_columns(needs)
    raw = copy_out(line_select(orders.payees, needs), columns)
    read = len(raw["record"])
    lines = newest_versions(raw, known, by_key=True)
    ids = orders.rows["record"]
    if orders.owned < len(ids):
        shared = copy_out(_of_orders(ids[orders.owned :].tolist(), needs), columns)
        read += len(shared["record"])
        shared = newest_versions(shared, known, by_key=False)
        fresh = ~np.isin(shared["record"], lines["record"])
        lines = {name: np.concatenate([column, shared[name][fresh]]) for name, column in lines.items()}
    at = _rows_of(ids, lines["order"])
    # Lines of an order that is gone, or has moved away, are not lines of this chunk.
    lines, at = {name: column[at >= 0] for name, column in lines.items()}, at[at >= 0]
    if needs.years:
        lines |= anchors_load(lines, known)
    return _facts(orders, lines, at, needs, read)


def anchors_load(lines: Columns, known: ChangeNumbers) -> Columns:
    """anchor_from and anchor_day of each line: where its service begins within its predecessor's, those of the contract's first line."""
    found = {name: np.full(len(lines["record"]), _UNSTATED, dtype=np.int64) for name in ("anchor_from", "anchor_day")}
    keys = (("record", "int8", "record_id"), ("change_set", "int8", "change_set_id"), ("tombstone", "int2", "tombstone"), ("day", "date", "order_date"))
    columns = keys + SERVICE_COLUMNS
    before, start, open_rows = lines["predecessor"].copy(), lines["service_from"], np.flatnonzero(lines["predecessor"] >= 0)
    steps = 0
    while len(open_rows) and steps < LONGEST_CHAIN:
        steps += 1
        ids = ", ".join(map(str, np.unique(before[open_rows]).tolist()))
        shown = ", ".join(expression for _, _, expression in columns)
        raw = copy_out(f"SELECT {shown} FROM sales_orderlineversion WHERE tenant_id = {required_tenant_id()} AND record_id IN ({ids})", columns)
        earlier = newest_versions(raw, known, by_key=False)
        at = _rows_of(earlier["record"], before[open_rows])
        open_rows, at = open_rows[at >= 0], at[at >= 0]
        within = (earlier["service_from"][at] != _UNSTATED) & (earlier["service_from"][at] <= start[open_rows]) & (start[open_rows] < earlier["service_to"][at])
        open_rows, at = open_rows[within], at[within]
        found["anchor_from"][open_rows] = earlier["service_from"][at]
        found["anchor_day"][open_rows] = earlier["day"][at] + DATE_SHIFT
        before[open_rows] = earlier["predecessor"][at]
        open_rows = open_rows[before[open_rows] >= 0]
    return found


def _rows_of(ids: IntColumn, wanted: IntColumn) -> IntColumn:
    """The row of each wanted id; -1 where there is none."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(ids, kind="stable")
    at = order[np.clip(np.searchsorted(ids[order], wanted), 0, len(ids) - 1)]
    return np.where(ids[at] == wanted, at, -1)


def _facts(chunk: ChunkOrders, lines: Columns, at: IntColumn, needs: LineNeeds, read: int) -> LoadedLines:
    """at: the row of each line's order."""
    orders, amounts, scale = chunk.rows, chunk.amounts, chunk.amount_scale
    count = len(amounts)
    other = np.zeros(count, dtype=bool)
    other[at[lines["currency"] != orders["currency"][at]]] = True
    if other.any():
        keep = ~other[at]
        lines, at = {name: column[keep] for name, column in lines.items()}, at[keep]
    own = amounts_rescaled(lines, lines["amount"], scale, "order line")
    with_lines, difference = np.zeros(count, dtype=bool), _differences(amounts, own, at)
    with_lines[at] = True
    differs = with_lines & ~other & _visible(difference, orders["currency"], scale)
    whole, rest = np.flatnonzero(~with_lines & ~other), np.flatnonzero(differs)
    of = np.concatenate([at, whole, rest])
    extra = len(whole) + len(rest)
    parts = np.repeat(np.array([PARTS["line"], PARTS["order"], PARTS["difference"]], dtype=np.int64), [len(at), len(whole), len(rest)])
    kind = np.concatenate([np.where(lines["kind"] > 0, lines["kind"], orders["kind"][at]), orders["kind"][whole], orders["kind"][rest]])
    product = np.concatenate([lines["product"], np.full(extra, -1, dtype=np.int64)])
    facts = Facts(
        object_id=np.concatenate([lines["record"], ORDER_ROW + orders["record"][whole], ORDER_ROW + orders["record"][rest]]),
        payee=orders["payee"][of],
        event_date=(orders["day"][of] + DATE_SHIFT).astype(np.int32),
        amount=np.concatenate([own, amounts[whole], difference[rest]]),
        amount_scale=scale,
        codes={"kind": kind, "part": parts, **{name: orders[name][of] for name in ORDER_CODES}}
        | ({"contract": np.concatenate([lines["contract"], np.full(extra, -1, dtype=np.int64)])} if "contract" in needs.codes else {})
        | {name: needs.product_codes(name, product) for name in PRODUCT_CODES if name in needs.codes},
        numbers=_numbers(lines, len(whole), len(rest), scale, needs),
        parent=orders["record"][of],
    )
    if _in_order(facts):  # as the index gives them, where every order has lines that sum to it
        facts = replace(facts, is_sorted=True)
    refused = tuple(
        Uncredited(ORDER_ROW + record, payee, day + DATE_SHIFT, scaled(amount, scale), "line_currency")
        for record, payee, day, amount in zip(*(column[other].tolist() for column in (orders["record"], orders["payee"], orders["day"], amounts)), strict=True)
    )
    return LoadedLines(facts, _line_splits(facts, chunk.splits), refused, read)


def _in_order(facts: Facts) -> bool:
    """Whether the rows ascend by payee, date and id, as the engine wants them: cheaper to see than to sort again."""
    keys = (facts.payee, facts.event_date, facts.object_id)
    rises = np.zeros(max(0, len(facts) - 1), dtype=bool)
    for key in reversed(keys):
        rises = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & rises)
    return bool(rises.all())


def _differences(amounts: IntColumn, lines: IntColumn, at: IntColumn) -> IntColumn:
    """What each order has beyond the sum of its lines."""
    if not len(at):
        return amounts
    if int(np.abs(lines).max()) * len(at) >= 2**62:
        sums = np.zeros(len(amounts), dtype=object)
        np.add.at(sums, at, lines.astype(object))
        if max(abs(int(value)) for value in sums) >= 2**62:
            raise InputError("the lines of an order are too large to be summed")
        return amounts - sums.astype(np.int64)
    found = np.zeros(len(amounts), dtype=np.int64)
    np.add.at(found, at, lines)
    return amounts - found


def _visible(difference: IntColumn, currency: IntColumn, scale: int) -> np.ndarray:
    """Where a difference is half a minor unit or more; less is the source's rounding."""
    places = np.zeros(len(difference), dtype=np.int64)
    for code in np.unique(currency):
        places[currency == code] = minor_units(currency_unpack(int(code)))
    return np.asarray(2 * np.abs(difference) >= 10 ** np.maximum(scale - places, 0)) & (difference != 0)


def _numbers(lines: Columns, whole: int, rest: int, scale: int, needs: LineNeeds) -> Mapping[str, NumberColumn]:
    """The numbers that plans read. A whole order counts as a quantity of one, a difference as none; neither states further figures."""
    one = 10**QUANTITY_SCALE
    quantity = np.concatenate([lines["quantity"], np.full(whole, one, dtype=np.int64), np.zeros(rest, dtype=np.int64)])
    found = {"quantity": NumberColumn(quantity, QUANTITY_SCALE)}
    for name in (*MONEY_NUMBERS, *OTHER_NUMBERS):
        if name in needs.numbers:
            is_money = name in MONEY_NUMBERS
            stated = lines[name] != _UNSTATED
            values = np.where(stated, lines[name], 0)
            if is_money:
                values = amounts_rescaled(lines, values, scale, "order line")
            nothing = np.zeros(whole + rest, dtype=np.int64)
            stated = np.concatenate([stated, nothing.astype(bool)])
            found[name] = NumberColumn(np.concatenate([values, nothing]), scale if is_money else 0, None if stated.all() else stated, is_money)
    for name in SERVICE if needs.years else ():
        stated = np.concatenate([lines[name] != _UNSTATED, np.zeros(whole + rest, dtype=bool)])
        found[name] = NumberColumn(np.concatenate([lines[name], np.zeros(whole + rest, dtype=np.int64)]), 0, stated)
    return found


def _line_splits(facts: Facts, splits: Splits) -> Splits:
    """The splits of an order, once for each of its rows."""
    if not len(splits) or not len(facts):
        return Splits.none()
    assert facts.parent is not None
    order = np.argsort(facts.parent, kind="stable")
    parents = facts.parent[order]
    first, last = np.searchsorted(parents, splits.object_id, "left"), np.searchsorted(parents, splits.object_id, "right")
    times = last - first
    of = np.repeat(np.arange(len(splits)), times)
    row = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    return Splits(facts.object_id[order[row]], splits.payee[of], splits.quota_share[of], splits.pay_share[of], splits.role[of])
