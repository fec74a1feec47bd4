"""Reads a chunk of payees' orders for the engine: binary COPY through the covering index into numpy, newest version per order.

Only fixed-width columns travel (nulls as sentinels). What is newest is decided here, not in SQL: the rows arrive in the
index's order (payee, date, order, change set) and stay an index-only scan, whatever the number of change sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from incentives.engine.contract_years import ContractYears, record_of, years_spread
from incentives.engine.contracts import NOBODY, Facts, IntColumn, Splits
from incentives.engine.results import Uncredited
from incentives.line_loaders import ORDER_ROW, ChunkOrders, LineNeeds, LoadedLines, lines_load
from incentives.reading import DATE_SHIFT, ChangeNumbers, Columns, amounts_rescaled, copy_out, newest_versions, payees_select
from spm.tenancy.scope import required_tenant_id

ORDER_COLUMNS = (
    ("payee", "int8", "coalesce(payee_id, -1)"),
    ("day", "date", "order_date"),
    ("record", "int8", "record_id"),
    ("change_set", "int8", "change_set_id"),
    ("amount", "int8", "amount"),
    ("amount_scale", "int2", "amount_scale"),
    ("currency", "int2", "currency_code"),
    ("kind", "int2", "kind"),
    ("channel", "int2", "channel"),
    ("status", "int2", "status"),
    ("account", "int8", "coalesce(account_id, -1)"),
    ("has_splits", "int2", "has_splits"),
    ("tombstone", "int2", "tombstone"),
)
# Roles of splits are texts; their hash is a fixed-width code that needs no table.
ROLE_CODE = "hashtextextended(role, 0) & 9223372036854775807"
CODE_COLUMNS = ("currency", "kind", "channel", "status", "account")


@dataclass(frozen=True)
class LoadedFacts:
    """Facts and splits of a chunk, and how many versions were read for it; `lines` where a plan credits line by line."""

    facts: Facts
    splits: Splits
    rows_read: int
    lines: LoadedLines | None = None

    def at(self, reads: str | ContractYears) -> tuple[Facts, Splits]:
        """Facts and splits at the grain that a plan reads: orders, order_lines, or the contract years of lines (kept)."""
        if isinstance(reads, ContractYears):
            spread: dict[ContractYears, tuple[Facts, Splits]] = self.__dict__.setdefault("_spread", {})
            if reads not in spread:
                spread[reads] = years_spread(reads, *self.at("order_lines"))
            return spread[reads]
        if reads == "orders":
            return self.facts, self.splits
        if self.lines is None:
            raise RuntimeError("a plan reads order lines, which were not loaded")
        return self.lines.facts, self.lines.splits

    def split_rows(self, reads: str | ContractYears) -> IntColumn | None:
        """The row of the facts to which each split belongs, -1 where it is not among them; None where an id stands twice. Kept."""
        found: dict[str | ContractYears, IntColumn | None] = self.__dict__.setdefault("_split_rows", {})
        if reads not in found:
            found[reads] = _rows_of(*self.at(reads))
        return found[reads]

    def orders_of(self, items: Sequence[Uncredited]) -> list[int]:
        """The order of each row that a plan on lines could not credit."""
        assert self.lines is not None
        assert self.lines.facts.parent is not None
        rows = np.array([record_of(item.object_id) for item in items], dtype=np.int64)
        order = np.argsort(self.lines.facts.object_id, kind="stable")
        ids, found = self.lines.facts.object_id[order], rows - ORDER_ROW
        if len(ids):
            at = np.clip(np.searchsorted(ids, rows), 0, len(ids) - 1)
            found = np.where(ids[at] == rows, self.lines.facts.parent[order][at], found)
        return [int(value) for value in found]


def _rows_of(facts: Facts, splits: Splits) -> IntColumn | None:
    order = np.argsort(facts.object_id, kind="stable")
    ids = facts.object_id[order]
    if bool((ids[1:] == ids[:-1]).any()):
        return None
    if not len(ids):
        return np.full(len(splits), -1, dtype=np.int64)
    at = np.clip(np.searchsorted(ids, splits.object_id), 0, len(ids) - 1)
    return np.where(ids[at] == splits.object_id, order[at], -1)


def role_codes() -> dict[str, int]:
    """The roles that splits of the tenant name, with their codes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT role, {ROLE_CODE} FROM sales_ordersplit WHERE tenant_id = %s ORDER BY role", [required_tenant_id()])
        return dict(cursor.fetchall())


def chunk_select(payees: Sequence[int]) -> str:
    """The query that reads the order versions of payees, NOBODY alone: those that nobody owns."""
    return payees_select("sales_orderversion", ", ".join(expression for _, _, expression in ORDER_COLUMNS), payees)


def facts_load(
    *, payees: Sequence[int], known: ChangeNumbers, amount_scale: int, lines: LineNeeds | None = None, credited: ChangeNumbers | None = None
) -> LoadedFacts:
    """Facts and splits of payees, given ascending (NOBODY alone: of nobody), as known at a change number.

    Holds every order that one of them owns and every order in whose current split one of them takes part, with all its
    splits; where `lines` says what is read of them, also the lines of these. Amounts at `amount_scale`; raises InputError for
    an amount that has more decimals than that. credited: another change number, at which owners and splits are known: orders of
    both keep all else as `known` has it.
    """
    both, owned, rows = _orders(payees, known)
    if credited is not None:
        both, owned = _credited_otherwise(both, _orders(payees, credited)[0], known, credited), 0
    splits, split_rows = _splits(both)
    amounts = amounts_rescaled(both, both["amount"], amount_scale, "order")
    facts = Facts(
        object_id=both["record"], payee=both["payee"], event_date=(both["day"] + DATE_SHIFT).astype(np.int32),
        amount=amounts, amount_scale=amount_scale, codes={name: both[name] for name in CODE_COLUMNS},
        is_sorted=owned == len(both["record"]) and credited is None,
    )  # fmt: skip
    rows += split_rows
    if lines is None:
        return LoadedFacts(facts, splits, rows)
    orders = ChunkOrders(payees, both, amounts, amount_scale, owned, splits)
    by_line = lines_load(orders, known=known, needs=lines)
    return LoadedFacts(facts, splits, rows + by_line.rows_read, by_line)


def facts_of_orders(*, records: IntColumn, known: ChangeNumbers, amount_scale: int) -> LoadedFacts:
    """Facts and splits of some orders, whoever owns them, as known at a change number; of those that were not there then nothing."""
    rows = _by_record(records, known)
    splits, _ = _splits(rows)
    facts = Facts(
        object_id=rows["record"], payee=rows["payee"], event_date=(rows["day"] + DATE_SHIFT).astype(np.int32),
        amount=amounts_rescaled(rows, rows["amount"], amount_scale, "order"), amount_scale=amount_scale,
        codes={name: rows[name] for name in CODE_COLUMNS},
    )  # fmt: skip
    return LoadedFacts(facts, splits, len(rows["record"]))


def _orders(payees: Sequence[int], known: ChangeNumbers) -> tuple[Columns, int, int]:
    """The current orders of payees, their own first; how many are their own; and the rows read."""
    raw = copy_out(chunk_select(payees), ORDER_COLUMNS)
    rows = len(raw["record"])
    owned = newest_versions(raw, known, by_key=True)
    extra, read = _participated(payees, known, owned["record"])
    # What others own is not among what is owned: put behind it as it is.
    both = owned if extra is None else {name: np.concatenate([owned[name], column]) for name, column in extra.items()}
    return both, len(owned["record"]), rows + read


def _joined(first: Columns, second: Columns) -> Columns:
    """The first, and what the second has of other records."""
    fresh = ~np.isin(second["record"], first["record"])
    return {name: np.concatenate([first[name], column[fresh]]) for name, column in second.items()} if fresh.any() else first


def _credited_otherwise(here: Columns, there: Columns, known: ChangeNumbers, credited: ChangeNumbers) -> Columns:
    """The orders of `here` and `there` (of the same payees, at the two change numbers) as known at the first, with owner and splits
    of the second. An order that only one of the numbers knows stays as that number has it: absent, or as it was."""
    here = _joined(here, _by_record(np.setdiff1d(there["record"], here["record"]), known))
    there = _joined(there, _by_record(np.setdiff1d(here["record"], there["record"]), credited))
    mixed = {name: column.copy() for name, column in here.items()}
    order = np.argsort(there["record"], kind="stable")
    if len(order):
        at = order[np.clip(np.searchsorted(there["record"][order], here["record"]), 0, len(order) - 1)]
        same = there["record"][at] == here["record"]
        for name in ("payee", "has_splits", "change_set"):  # the splits are those of the version's change set
            mixed[name] = np.where(same, there[name][at], here[name])
    return mixed


def _by_record(records: IntColumn, known: ChangeNumbers) -> Columns:
    """The current versions of some orders, whoever owns them."""
    shown = ", ".join(expression for _, _, expression in ORDER_COLUMNS)
    ids = ", ".join(map(str, records.tolist())) or "NULL"
    raw = copy_out(f"SELECT {shown} FROM sales_orderversion WHERE tenant_id = {required_tenant_id()} AND record_id IN ({ids})", ORDER_COLUMNS)
    return newest_versions(raw, known, by_key=False)


def _participated(payees: Sequence[int], known: ChangeNumbers, owned: IntColumn) -> tuple[Columns | None, int]:
    """The current versions of the orders in whose splits payees of the chunk ever took part, but for those that they own."""
    if list(payees) == [NOBODY]:
        return None, 0
    tenant = required_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT order_id FROM sales_ordersplit WHERE tenant_id = %s AND payee_id = ANY(%s)", [tenant, list(payees)])
        orders = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    orders = np.setdiff1d(orders, owned, assume_unique=True)
    if not len(orders):
        return None, 0
    shown = ", ".join(expression for _, _, expression in ORDER_COLUMNS)
    ids = ", ".join(map(str, orders.tolist()))
    raw = copy_out(f"SELECT {shown} FROM sales_orderversion WHERE tenant_id = {tenant} AND record_id IN ({ids})", ORDER_COLUMNS)
    return newest_versions(raw, known, by_key=False), len(raw["record"])


def _splits(orders: Columns) -> tuple[Splits, int]:
    """The splits of the orders that have some: those of the very version that is current."""
    with_splits = orders["has_splits"] > 0
    if not with_splits.any():
        return Splits.none(), 0
    columns = (
        ("order", "int8", "order_id"), ("change_set", "int8", "change_set_id"), ("payee", "int8", "payee_id"),
        ("quota", "int4", "quota_share_ppm"), ("pay", "int4", "pay_share_ppm"), ("role", "int8", ROLE_CODE),
    )  # fmt: skip
    ids = ", ".join(str(order) for order in orders["record"][with_splits].tolist())
    shown = ", ".join(expression for _, _, expression in columns)
    raw = copy_out(f"SELECT {shown} FROM sales_ordersplit WHERE tenant_id = {required_tenant_id()} AND order_id IN ({ids})", columns)
    by_id = np.argsort(orders["record"], kind="stable")
    at = np.clip(np.searchsorted(orders["record"][by_id], raw["order"]), 0, len(by_id) - 1)
    current = orders["change_set"][by_id[at]] == raw["change_set"]
    taken = {name: column[current] for name, column in raw.items()}
    return Splits(taken["order"], taken["payee"], taken["quota"], taken["pay"], taken["role"]), len(raw["order"])


def scale_select(*, after: int, lines: bool = False) -> str:
    """The query that asks whether a version published after a change number has more than four decimals; by its own partial index."""
    tenant, table = required_tenant_id(), "sales_orderlineversion" if lines else "sales_orderversion"
    return (
        f"SELECT EXISTS (SELECT FROM {table} v JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id "
        f"WHERE v.tenant_id = {tenant} AND s.tenant_id = {tenant} AND s.number > {int(after)} AND v.amount_scale > 4)"
    )


def scale_needed(*, after: int, lines: bool = False) -> int:
    """4, or 6 when an order version (lines: or a line's) published after that change number has an amount with more than four decimals."""
    with connection.cursor() as cursor:
        cursor.execute(scale_select(after=after, lines=lines))
        return 6 if cursor.fetchone()[0] else 4
