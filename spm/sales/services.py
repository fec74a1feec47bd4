"""Writes the sales record: set-based, append-only versions. A version that changes payee or date leaves a tombstone under the old key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection

from spm.sales import crediting
from spm.sales.base import SalesVersion
from spm.sales.models import OrderLineVersion, OrderVersion
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import required_tenant_id

# The key by which the engine reads; a version that changes it needs a tombstone under the former one.
KEY = ("payee_id", "order_date")
_OWN = ("id", "tenant_id", "record_id", "change_set_id", "tombstone")


@dataclass(frozen=True)
class Written:
    """What a set-based write did: records seen for the first time, records with a new version, records that were the same already."""

    new: int
    changed: int
    unchanged: int


def value_columns(model: type[SalesVersion]) -> list[str]:
    """Columns of a version table that say something of the record."""
    return [str(f.column) for f in model._meta.concrete_fields if f.column not in _OWN]


def column_defaults(model: type[SalesVersion]) -> dict[str, Any]:
    """What a column holds when nothing was ever said of it; None for null."""
    found: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.column not in _OWN:
            default = field.get_default()
            found[str(field.column)] = "{}" if default == {} else default
    return found


def versions_write(*, model: type[SalesVersion], staged: str, columns: Sequence[str], changeset: ChangeSet) -> Written:
    """Writes a version for each row of the temporary table `staged` that differs from the newest published one.

    `staged` has record_id (an id given or to be given), external_source, external_id, is_new, and `columns` by the version
    table's names. Columns it does not have keep what the record said before. One row per record. Needs a tenant scope. Orders that
    are credited by territory get their payee here (spm.sales.crediting); `staged` then has more columns.
    """
    tenant, version = required_tenant_id(), model._meta.db_table
    record = cast(Any, model)._meta.get_field("record").related_model._meta.db_table
    every, defaults = value_columns(model), column_defaults(model)
    shown = ", ".join(f'"{c}"' for c in every)
    if model is OrderVersion and crediting.is_stated():
        with connection.cursor() as cursor:
            _newest(cursor, staged, version)
        columns = crediting.owners_resolve(staged=staged, newest="spm_newest", columns=columns)
    order = ", ".join(f"r.{c}" for c in KEY if c in columns) or "r.record_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{record}" (id, tenant_id, source, external_id) SELECT record_id, %s, external_source, external_id FROM {staged} WHERE is_new',
            [tenant],
        )
        new = cursor.rowcount
        cursor.execute(f"SELECT count(*) FROM {staged}")
        total = cursor.fetchone()[0]
        fresh = ", ".join(f'r."{c}"' if c in columns else "%s" for c in every)
        given = [defaults[c] for c in every if c not in columns]
        if new:
            cursor.execute(
                f'INSERT INTO "{version}" (tenant_id, record_id, change_set_id, tombstone, {shown}) '
                f"SELECT %s, r.record_id, %s, 0, {fresh} FROM {staged} r WHERE r.is_new ORDER BY {order}",
                [tenant, changeset.pk, *given],
            )
        if new == total:
            return Written(new, 0, 0)
        _newest(cursor, staged, version)
        same = " AND ".join(f'n."{c}" IS NOT DISTINCT FROM r."{c}"' for c in columns) or "true"
        cursor.execute("DROP TABLE IF EXISTS spm_differs")
        cursor.execute(
            f"CREATE TEMPORARY TABLE spm_differs ON COMMIT DROP AS SELECT r.*, n.record_id IS NOT NULL AND n.tombstone = 0 AS was_live "
            f"FROM {staged} r LEFT JOIN spm_newest n USING (record_id) WHERE NOT r.is_new AND NOT coalesce(n.tombstone = 0 AND {same}, false)"
        )
        merged = ", ".join(f'r."{c}"' if c in columns else f'CASE WHEN n.record_id IS NULL THEN %s ELSE n."{c}" END' for c in every)
        cursor.execute(
            f'INSERT INTO "{version}" (tenant_id, record_id, change_set_id, tombstone, {shown}) '
            f"SELECT %s, r.record_id, %s, 0, {merged} FROM spm_differs r LEFT JOIN spm_newest n USING (record_id) ORDER BY {order}",
            [tenant, changeset.pk, *given],
        )
        changed = cursor.rowcount
        if model is OrderVersion:
            _splits_keep(changeset)
        if set(KEY) <= set(every):
            _tombstones(cursor, model, columns, changeset)
        if model is OrderVersion:
            _lines_follow(changeset)
    return Written(new, changed, total - new - changed)


def _newest(cursor: Any, staged: str, version: str) -> None:
    """spm_newest: the newest published version of each staged record that has one."""
    cursor.execute("DROP TABLE IF EXISTS spm_newest")
    cursor.execute(
        f"CREATE TEMPORARY TABLE spm_newest ON COMMIT DROP AS SELECT DISTINCT ON (v.record_id) v.* "
        f'FROM {staged} r JOIN "{version}" v ON v.tenant_id = %s AND v.record_id = r.record_id '
        "JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id AND s.number IS NOT NULL "
        "WHERE NOT r.is_new ORDER BY v.record_id, s.number DESC, v.tombstone",
        [required_tenant_id()],
    )
    cursor.execute("ANALYZE spm_newest")


def _moved(columns: Sequence[str]) -> str:
    """Whether a differing row has left its old key."""
    return " OR ".join(f"n.{c} IS DISTINCT FROM r.{c}" for c in KEY if c in columns) or "false"


def _tombstones(cursor: Any, model: type[SalesVersion], columns: Sequence[str], changeset: ChangeSet) -> None:
    shown = ", ".join(f'"{c}"' for c in value_columns(model))
    former = ", ".join(f'n."{c}"' for c in value_columns(model))
    cursor.execute(
        f'INSERT INTO "{model._meta.db_table}" (tenant_id, record_id, change_set_id, tombstone, {shown}) '
        f"SELECT %s, n.record_id, %s, 1, {former} FROM spm_differs r JOIN spm_newest n USING (record_id) WHERE r.was_live AND ({_moved(columns)})",
        [required_tenant_id(), changeset.pk],
    )


def _splits_keep(changeset: ChangeSet) -> None:
    """Splits belong to a version: those of the former one go over to its successor."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sales_ordersplit (tenant_id, order_id, change_set_id, payee_id, quota_share_ppm, pay_share_ppm, role) "
            "SELECT p.tenant_id, p.order_id, %s, p.payee_id, p.quota_share_ppm, p.pay_share_ppm, p.role FROM spm_differs r "
            "JOIN spm_newest n USING (record_id) JOIN sales_ordersplit p ON p.tenant_id = %s AND p.order_id = n.record_id "
            "AND p.change_set_id = n.change_set_id WHERE n.has_splits = 1",
            [changeset.pk, required_tenant_id()],
        )


def _lines_follow(changeset: ChangeSet) -> None:
    """Lines carry their order's payee and date: where the order has moved, its lines get a version under the new key."""
    tenant, table = required_tenant_id(), OrderLineVersion._meta.db_table
    every = value_columns(OrderLineVersion)
    shown, former = ", ".join(f'"{c}"' for c in every), ", ".join(f'n."{c}"' for c in every)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS spm_lines")
        cursor.execute(
            "CREATE TEMPORARY TABLE spm_lines ON COMMIT DROP AS "
            "WITH moved AS (SELECT o.record_id, o.payee_id, o.order_date FROM sales_orderversion o JOIN spm_differs d USING (record_id) "
            "WHERE o.tenant_id = %s AND o.change_set_id = %s AND o.tombstone = 0 AND d.was_live) "
            f"SELECT DISTINCT ON (v.record_id) v.*, m.payee_id AS to_payee, m.order_date AS to_date FROM moved m JOIN {table} v "
            "ON v.tenant_id = %s AND v.order_id = m.record_id JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id "
            "AND s.number IS NOT NULL ORDER BY v.record_id, s.number DESC, v.tombstone",
            [tenant, changeset.pk, tenant],
        )
        cursor.execute("DELETE FROM spm_lines WHERE tombstone = 1 OR (payee_id IS NOT DISTINCT FROM to_payee AND order_date IS NOT DISTINCT FROM to_date)")
        insert = f'INSERT INTO "{table}" (tenant_id, record_id, change_set_id, tombstone, {shown}) SELECT %s, n.record_id, %s, '
        cursor.execute(f"{insert} 1, {former} FROM spm_lines n", [tenant, changeset.pk])
        under = former.replace('n."payee_id"', "n.to_payee").replace('n."order_date"', "n.to_date")
        cursor.execute(f"{insert} 0, {under} FROM spm_lines n", [tenant, changeset.pk])


def versions_clash(*, model: type[SalesVersion], changeset: ChangeSet, after: int) -> bool:
    """Whether a record of this unpublished set also has a version of a set published after number `after`. Hold writers_lock()."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT EXISTS (SELECT FROM tenancy_changeset s JOIN "{table}" v ON v.tenant_id = s.tenant_id AND v.change_set_id = s.id '
            f'WHERE s.tenant_id = %s AND s.number > %s AND EXISTS (SELECT FROM "{table}" m WHERE m.tenant_id = v.tenant_id '
            "AND m.record_id = v.record_id AND m.change_set_id = %s))",
            [required_tenant_id(), after, changeset.pk],
        )
        return bool(cursor.fetchone()[0])


def lines_clash(*, changeset: ChangeSet, after: int) -> bool:
    """Whether a line of this set and its order's version went into different sets of this time: it would not carry its order's payee and date.

    True when the order of a line written here was published after `after`, or a line of an order written here was.
    """
    orders, lines = OrderVersion._meta.db_table, OrderLineVersion._meta.db_table
    later = 'FROM tenancy_changeset s JOIN "{there}" v ON v.tenant_id = s.tenant_id AND v.change_set_id = s.id WHERE s.tenant_id = %(t)s AND s.number > %(a)s'
    ours = 'EXISTS (SELECT FROM "{here}" m WHERE m.tenant_id = v.tenant_id AND m.change_set_id = %(c)s AND {same})'
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT {later.format(there=orders)} AND {ours.format(here=lines, same='m.order_id = v.record_id')}) "
            f"OR EXISTS (SELECT {later.format(there=lines)} AND {ours.format(here=orders, same='m.record_id = v.order_id')})",
            {"t": required_tenant_id(), "a": after, "c": changeset.pk},
        )
        return bool(cursor.fetchone()[0])


def versions_restore(*, model: type[SalesVersion], of: ChangeSet, changeset: ChangeSet, undone: Sequence[int] = ()) -> int:
    """Gives back what stood before `of`, under a new set; returns how many records. Records changed since then keep what they say.

    A record that `of` brought in is taken away by a tombstone alone. `undone` are sets that were taken back already and those that
    did it: together they changed nothing; and sets that only gave orders to the holders of territories.
    """
    tenant, table = required_tenant_id(), model._meta.db_table
    every = value_columns(model)
    shown, theirs, before = ", ".join(f'"{c}"' for c in every), ", ".join(f'b."{c}"' for c in every), ", ".join(f'f."{c}"' for c in every)
    with connection.cursor() as cursor:
        for name in ("spm_undo", "spm_former"):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(
            # The key to leave is that of the newest version: an order may have changed hands since, by sets that count as no change.
            "CREATE TEMPORARY TABLE spm_undo ON COMMIT DROP AS SELECT DISTINCT ON (n.record_id) n.* "
            f'FROM "{table}" v JOIN "{table}" n ON n.tenant_id = v.tenant_id AND n.record_id = v.record_id '
            "JOIN tenancy_changeset ns ON ns.tenant_id = n.tenant_id AND ns.id = n.change_set_id AND ns.number IS NOT NULL "
            f"WHERE v.tenant_id = %s AND v.change_set_id = %s "
            f'AND v.tombstone = 0 AND NOT EXISTS (SELECT FROM "{table}" l JOIN tenancy_changeset s ON s.tenant_id = l.tenant_id AND s.id = l.change_set_id '
            "WHERE l.tenant_id = v.tenant_id AND l.record_id = v.record_id AND s.number > %s AND s.id <> ALL(%s)) "
            "ORDER BY n.record_id, ns.number DESC, n.tombstone",
            [tenant, of.pk, of.number, list(undone)],
        )
        cursor.execute(
            f"CREATE TEMPORARY TABLE spm_former ON COMMIT DROP AS SELECT * FROM (SELECT DISTINCT ON (v.record_id) v.* FROM spm_undo u "
            f'JOIN "{table}" v ON v.tenant_id = %s AND v.record_id = u.record_id '
            "JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id AND s.number < %s "
            "ORDER BY v.record_id, s.number DESC, v.tombstone) t WHERE tombstone = 0",
            [tenant, of.number],
        )
        insert = f'INSERT INTO "{table}" (tenant_id, record_id, change_set_id, tombstone, {shown}) SELECT %s, b.record_id, %s, '
        moved = " OR ".join(f"f.{c} IS DISTINCT FROM b.{c}" for c in KEY) if set(KEY) <= set(every) else "false"
        cursor.execute(
            f"{insert} 1, {theirs} FROM spm_undo b LEFT JOIN spm_former f USING (record_id) WHERE f.record_id IS NULL OR {moved}", [tenant, changeset.pk]
        )
        cursor.execute(f"{insert} 0, {before} FROM spm_undo b JOIN spm_former f USING (record_id)", [tenant, changeset.pk])
        if model is OrderVersion:
            cursor.execute(
                "INSERT INTO sales_ordersplit (tenant_id, order_id, change_set_id, payee_id, quota_share_ppm, pay_share_ppm, role) "
                "SELECT p.tenant_id, p.order_id, %s, p.payee_id, p.quota_share_ppm, p.pay_share_ppm, p.role FROM spm_former f "
                "JOIN sales_ordersplit p ON p.tenant_id = %s AND p.order_id = f.record_id AND p.change_set_id = f.change_set_id WHERE f.has_splits = 1",
                [changeset.pk, tenant],
            )
        cursor.execute("SELECT count(*) FROM spm_undo")
        return int(cursor.fetchone()[0])
