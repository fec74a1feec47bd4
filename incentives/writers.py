"""Writes what a run found, differences only: COPY into a temporary table, then one INSERT ... SELECT into the guarded one."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from spm.tenancy.scope import required_tenant_id

_names = itertools.count(1)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

RESULT_COLUMNS = (
    ("payee_id", "bigint"), ("seat_id", "bigint"), ("plan_version_id", "bigint"), ("period_id", "bigint"), ("attainment", "numeric"),
    ("earned", "bigint"), ("scale", "smallint"), ("body", "bytea"), ("hash", "bytea"), ("run_from_id", "bigint"),
)  # fmt: skip
LEDGER_COLUMNS = (
    ("payee_id", "bigint"), ("seat_id", "bigint"), ("plan_version_id", "bigint"), ("component", "text"), ("earning_period_id", "bigint"),
    ("pay_period_id", "bigint"), ("currency", "text"), ("legal_entity_id", "bigint"), ("verb", "text"), ("amount", "bigint"), ("scale", "smallint"),
    ("cause", "text"), ("run_id", "bigint"), ("line_key", "bytea"), ("note", "text"),
)  # fmt: skip
UNCREDITED_COLUMNS = (
    ("order_id", "bigint"), ("payee_id", "bigint"), ("event_date", "date"), ("amount", "numeric"), ("reason", "text"), ("run_from_id", "bigint"),
)  # fmt: skip
ISSUE_COLUMNS = (
    ("payee_id", "bigint"), ("seat_id", "bigint"), ("plan_version_id", "bigint"), ("period_id", "bigint"), ("component", "text"), ("problem", "text"),
    ("run_from_id", "bigint"),
)  # fmt: skip


def _shown(kind: str, values: Sequence[Any]) -> Iterator[str]:
    """One column as COPY reads it. Texts are few and repeat, so each is escaped once."""
    if kind == "bytea":
        shown: Callable[[Any], str] = lambda value: "\\\\x" + value.hex()  # noqa: E731
    elif kind == "text":
        shown = {value: str(value).translate(_ESCAPES) for value in set(values)}.__getitem__
    else:
        shown = str
    if None in values:
        return iter(["\\N" if value is None else shown(value) for value in values])
    return map(shown, values)


def copy_in(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> str:
    """Rows (at least one) into a new temporary table that lives until the transaction ends; returns its name."""
    name = f"spm_in_{next(_names)}"
    shown = [_shown(kind, values) for (_, kind), values in zip(columns, zip(*rows, strict=True), strict=True)]
    buffer = io.StringIO("\n".join(map("\t".join, zip(*shown, strict=True))) + "\n")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns)}) ON COMMIT DROP")
        cursor.copy_expert(f"COPY {name} FROM STDIN", buffer)
    return name


def rows_insert(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], *, uid: bool, extra: str = "", on_conflict: str = "") -> int:
    """Appends rows to a tenant table; returns how many were written. extra: "column = expression" pairs for every row."""
    if not rows:
        return 0
    temporary = copy_in(columns, rows)
    names = ", ".join(column for column, _ in columns)
    more = dict(pair.split(" = ") for pair in extra.split("; ")) if extra else {}
    if uid:
        more["uid"] = "gen_random_uuid()"
    into = "".join(f", {column}" for column in more)
    values = "".join(f", {value}" for value in more.values())
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (tenant_id, {names}{into}) SELECT {required_tenant_id()}, {names}{values} FROM {temporary} {on_conflict}")
        count: int = cursor.rowcount
        cursor.execute(f"DROP TABLE {temporary}")
    return count


def rows_end(table: str, ids: Sequence[int], *, run_id: int) -> int:
    """Marks rows as no longer in force from this run on."""
    if not ids:
        return 0
    with connection.cursor() as cursor:
        statement = f"UPDATE {table} SET run_to_id = %s WHERE tenant_id = %s AND id = ANY(%s) AND run_to_id IS NULL"
        cursor.execute(statement, [run_id, required_tenant_id(), list(ids)])
        return int(cursor.rowcount)


def results_insert(rows: Sequence[Sequence[Any]]) -> int:
    """RunResult rows, in the order of RESULT_COLUMNS."""
    return rows_insert("incentives_runresult", RESULT_COLUMNS, rows, uid=False)


def ledger_insert(rows: Sequence[Sequence[Any]]) -> int:
    """Ledger entries, in the order of LEDGER_COLUMNS. A posting that the run has made already is left as it is."""
    conflict = "ON CONFLICT (tenant_id, run_id, line_key) DO NOTHING"
    return rows_insert("incentives_ledgerentry", LEDGER_COLUMNS, rows, uid=True, extra="posted_at = now()", on_conflict=conflict)


def statements_ensure(pairs: Iterable[tuple[int, int]]) -> int:
    """A statement for every (payee, pay period) that has none; returns how many were made."""
    rows = sorted(set(pairs))
    if not rows:
        return 0
    payees, periods = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incentives_statement (tenant_id, uid, payee_id, period_id, state, hold_reason, artefact_digest, created_at, changed_at) "
            "SELECT %s, gen_random_uuid(), payee_id, period_id, 'open', '', '', now(), now() "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS touched (payee_id, period_id) ON CONFLICT (tenant_id, payee_id, period_id) DO NOTHING",
            [required_tenant_id(), list(payees), list(periods)],
        )
        return int(cursor.rowcount)
