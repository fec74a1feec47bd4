"""How facts are read: binary COPY of fixed-width columns into numpy, the newest version of each record among those known.

Nulls travel as sentinels. What is newest is decided here, not in SQL: the rows arrive in the index's order and stay an
index-only scan, whatever the number of change sets.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

from incentives.engine.contracts import NOBODY, IntColumn
from incentives.engine.errors import InputError
from spm.tenancy.scope import required_tenant_id

# COPY writes dates as days since 2000-01-01, the engine counts from 1970-01-01.
DATE_SHIFT = 10_957
_HEADER = 19
_CODES = {"int8": (">i8", 8), "int4": (">i4", 4), "int2": (">i2", 2), "date": (">i4", 4)}

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


def payees_select(table: str, shown: str, payees: Sequence[int]) -> str:
    """The query that reads versions of a fact of payees, each in the order of the engine's index and payee after payee; NOBODY alone:
    those that nobody owns. (One scan of the index for each payee: for a list of them PostgreSQL would sort all that it found.)"""
    tenant, order = required_tenant_id(), "ORDER BY payee_id, order_date, record_id, change_set_id"
    if list(payees) == [NOBODY]:
        return f"SELECT {shown} FROM {table} WHERE tenant_id = {tenant} AND payee_id IS NULL {order}"
    ids = ", ".join(str(int(payee)) for payee in payees)
    one = f"SELECT {shown} FROM {table} WHERE tenant_id = {tenant} AND payee_id = who.id {order} OFFSET 0"
    return f"SELECT o.* FROM unnest(ARRAY[{ids}]::bigint[]) AS who (id) CROSS JOIN LATERAL ({one}) o"


def newest_versions(raw: Columns, known: ChangeNumbers, *, by_key: bool) -> Columns:
    """The newest known version per record (by_key: per payee, date and record), tombstones taken out."""
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


def amounts_rescaled(rows: Columns, amount: IntColumn, scale: int, what: str) -> IntColumn:
    """Amounts at the chunk's one scale, exactly. Raises InputError, naming `what` and its id, where the scale is too small."""
    own = rows["amount_scale"]
    if not len(amount) or bool((own == scale).all()):
        return amount
    if int(own.max()) > scale:
        row = int(np.argmax(own))
        raise InputError(f"{what} {int(rows['record'][row])}: its amount has {int(own[row])} decimals, the run reads {scale}; start a new run")
    factor = 10 ** (scale - own)
    limit = 2**63 // int(factor.max())
    if int(np.abs(amount).max()) >= limit:
        raise InputError(f"an amount is too large to be read with {scale} decimals; the largest is {limit} units")
    return amount * factor
