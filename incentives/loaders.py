"""Reads a chunk of payees' orders for the engine: binary COPY through the covering index into numpy, newest version per order.

Only fixed-width columns travel (nulls as sentinels). What is newest is decided here, not in SQL: the rows arrive in the
index's order (payee, date, order, change set) and stay an index-only scan, whatever the number of change sets.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

from incentives.engine.contracts import Facts, IntColumn, Splits
from incentives.engine.errors import InputError
from spm.tenancy.scope import required_tenant_id

# COPY writes dates as days since 2000-01-01, the engine counts from 1970-01-01.
_DATE_SHIFT = 10_957
_HEADER = 19
_CODES = {"int8": (">i8", 8), "int4": (">i4", 4), "int2": (">i2", 2), "date": (">i4", 4)}

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
Columns = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class ChangeNumbers:
    """Change set id -> number, for sets published up to the pinned number; everything else is not known."""

    ids: IntColumn
    numbers: IntColumn

    @classmethod
    def up_to(cls, number: int) -> ChangeNumbers:
        """The tenant's published sets up to `number`."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, number FROM tenancy_changeset WHERE tenant_id = %s AND number <= %s ORDER BY id", [required_tenant_id(), number])
            rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
        return cls(rows[:, 0], rows[:, 1])

    def of(self, sets: IntColumn) -> IntColumn:
        """The number of each set; -1 where the set is not known."""
        if not len(self.ids):
            return np.full(len(sets), -1, dtype=np.int64)
        at = np.clip(np.searchsorted(self.ids, sets), 0, len(self.ids) - 1)
        return np.where(self.ids[at] == sets, self.numbers[at], -1)


@dataclass(frozen=True)
class LoadedFacts:
    """Facts and splits of a chunk, and how many versions were read for it."""

    facts: Facts
    splits: Splits
    rows_read: int


def copy_out(select: str, columns: Sequence[tuple[str, str, str]]) -> Columns:
    """The columns of a query as int64 arrays, by binary COPY. The query gives NOT NULL columns of the named types."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", buffer)
    fields = [("n", ">i2")]
    for name, kind, _ in columns:
        fields += [(f"{name}_len", ">i4"), (name, _CODES[kind][0])]
    dtype = np.dtype(fields)
    view = buffer.getbuffer()
    count = (len(view) - _HEADER - 2) // dtype.itemsize
    table = np.frombuffer(view, dtype=dtype, count=count, offset=_HEADER)
    # Converted to native order at once: big-endian structured arrays are corrupted by concatenation.
    found = {name: table[name].astype(np.int64) for name, _, _ in columns}
    if count and (_HEADER + count * dtype.itemsize + 2 != len(view) or int(table["n"][-1]) != len(columns)):
        raise RuntimeError("COPY gave rows of another width: a column is NULL or not of its stated type")
    return found


def role_codes() -> dict[str, int]:
    """The roles that splits of the tenant name, with their codes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT role, {ROLE_CODE} FROM sales_ordersplit WHERE tenant_id = %s ORDER BY role", [required_tenant_id()])
        return dict(cursor.fetchall())


def chunk_select(low: int | None, high: int | None) -> str:
    """The query that reads the order versions of payees [low, high]; without bounds, those that nobody owns."""
    tenant = required_tenant_id()
    shown = ", ".join(expression for _, _, expression in ORDER_COLUMNS)
    where = "payee_id IS NULL" if low is None or high is None else f"payee_id BETWEEN {int(low)} AND {int(high)}"
    return f"SELECT {shown} FROM sales_orderversion WHERE tenant_id = {tenant} AND {where} ORDER BY payee_id, order_date, record_id, change_set_id"


def facts_load(*, low: int | None, high: int | None, known: ChangeNumbers, amount_scale: int) -> LoadedFacts:
    """Facts and splits of payees with ids in [low, high] (None: of nobody) as known at a change number.

    Holds every order that one of them owns and every order in whose current split one of them takes part, with all its
    splits. Amounts at `amount_scale`; raises InputError for an amount that has more decimals than that.
    """
    raw = copy_out(chunk_select(low, high), ORDER_COLUMNS)
    rows = len(raw["record"])
    owned = _newest(raw, known, by_key=True)
    extra, read = _participated(low, high, known)
    rows += read
    if extra is not None:
        fresh = ~np.isin(extra["record"], owned["record"])
        extra = {name: column[fresh] for name, column in extra.items()}
        both = {name: np.concatenate([owned[name], extra[name]]) for name in owned} if len(extra["record"]) else owned
    else:
        both = owned
    splits, split_rows = _splits(both)
    facts = Facts(
        object_id=both["record"], payee=both["payee"], event_date=(both["day"] + _DATE_SHIFT).astype(np.int32),
        amount=_rescaled(both, amount_scale), amount_scale=amount_scale, codes={name: both[name] for name in CODE_COLUMNS},
        is_sorted=both is owned,
    )  # fmt: skip
    return LoadedFacts(facts, splits, rows + split_rows)


def _newest(raw: Columns, known: ChangeNumbers, *, by_key: bool) -> Columns:
    """The newest known version per order (by_key: per payee, date and order), tombstones taken out."""
    number = known.of(raw["change_set"])
    if not len(number):
        return raw
    if by_key:
        group_of = (raw["payee"], raw["day"], raw["record"])
        starts = np.concatenate(([True], np.logical_or.reduce([c[1:] != c[:-1] for c in group_of])))
    else:
        order = np.argsort(raw["record"], kind="stable")
        raw = {name: column[order] for name, column in raw.items()}
        number = number[order]
        starts = np.concatenate(([True], raw["record"][1:] != raw["record"][:-1]))
    if starts.all():  # the usual case: one version each
        keep = (number > 0) & (raw["tombstone"] == 0)
        return raw if keep.all() else {name: column[keep] for name, column in raw.items()}
    group = np.cumsum(starts) - 1
    # Within one set the live version outranks the tombstone of its old key.
    rank = np.where(number > 0, number * 2 + (raw["tombstone"] == 0), -1)
    best = np.lexsort((rank, group))
    last = best[np.concatenate((group[best][1:] != group[best][:-1], [True]))]
    last = last[(rank[last] > 0) & (raw["tombstone"][last] == 0)]
    last.sort()
    return {name: column[last] for name, column in raw.items()}


def _participated(low: int | None, high: int | None, known: ChangeNumbers) -> tuple[Columns | None, int]:
    """The current versions of orders in whose splits payees of the chunk ever took part."""
    if low is None or high is None:
        return None, 0
    tenant = required_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT order_id FROM sales_ordersplit WHERE tenant_id = %s AND payee_id BETWEEN %s AND %s", [tenant, low, high])
        orders = [row[0] for row in cursor.fetchall()]
    if not orders:
        return None, 0
    shown = ", ".join(expression for _, _, expression in ORDER_COLUMNS)
    ids = ", ".join(str(int(order)) for order in orders)
    raw = copy_out(f"SELECT {shown} FROM sales_orderversion WHERE tenant_id = {tenant} AND record_id IN ({ids})", ORDER_COLUMNS)
    return _newest(raw, known, by_key=False), len(raw["record"])


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


def _rescaled(rows: Columns, scale: int) -> IntColumn:
    """Amounts at the chunk's one scale, exactly."""
    amount, own = rows["amount"], rows["amount_scale"]
    if not len(amount) or bool((own == scale).all()):
        return amount
    if int(own.max()) > scale:
        row = int(np.argmax(own))
        raise InputError(f"order {int(rows['record'][row])}: its amount has {int(own[row])} decimals, the run reads {scale}; start a new run")
    factor = 10 ** (scale - own)
    limit = 2**63 // int(factor.max())
    if int(np.abs(amount).max()) >= limit:
        raise InputError(f"an amount is too large to be read with {scale} decimals; the largest is {limit} units")
    return amount * factor


def scale_needed(*, after: int) -> int:
    """4, or 6 when an order version published after that change number has an amount with more than four decimals."""
    tenant = required_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM sales_orderversion v JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id "
            "WHERE v.tenant_id = %s AND s.tenant_id = %s AND s.number > %s AND v.amount_scale > 4)",
            [tenant, tenant, after],
        )
        return 6 if cursor.fetchone()[0] else 4
