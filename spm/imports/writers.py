"""Writers of facts: staged rows become records and versions in set-based statements."""

from __future__ import annotations

from typing import Any, cast

from django.db import connection
from django.utils.translation import gettext_noop

from spm.imports.loading import Load, column_of
from spm.sales.base import SalesVersion
from spm.sales.services import Written, column_defaults, versions_write


def _version_columns(load: Load, model: type[SalesVersion]) -> dict[str, str]:
    """Column of the version table -> SQL over imp_good, for what the mapping says."""
    found: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    defaults = column_defaults(model)
    for name in load.names:
        field = load.fields[name]
        if name == "external_id":
            continue
        staged = f'g."{column_of(name)}"'
        if "." in name:
            attributes.setdefault(field.column, []).append(f"'{name.partition('.')[2]}', {staged}")
        elif field.kind == "ref":
            found[field.column] = f'g."r_{name}"'
        elif field.nullable:
            found[field.column] = staged
        elif field.kind == "money":
            found[field.column] = f"coalesce({staged}, 0)"
        else:
            default = defaults[field.column]
            found[field.column] = staged if field.required else f"coalesce({staged}, {_literal(default)})"
    for column, parts in attributes.items():
        found[column] = f"jsonb_strip_nulls(jsonb_build_object({', '.join(parts)}))"
    if "amount" in load.names and "amount_scale" in defaults:
        found["amount_scale"] = str(load.scale("amount"))
    if "value" in load.names and "value_scale" in defaults:
        found["value_scale"] = str(load.scale("value"))
    return found


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, int) else "''"


def _ready(load: Load, model: type[SalesVersion], columns: dict[str, str]) -> None:
    """imp_ready: one row per record with its id, given here to those that are new."""
    record = cast(Any, model)._meta.get_field("record").related_model._meta.db_table
    types = {f.column: f.db_type(connection) for f in model._meta.concrete_fields}
    shown = ", ".join(f'({sql})::{_cast(types[column])} AS "{column}"' for column, sql in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE imp_ready ON COMMIT DROP AS SELECT coalesce(o.id, nextval(pg_get_serial_sequence('{record}', 'id'))) AS record_id, "
            f'%s::text AS external_source, g."f_external_id" AS external_id, o.id IS NULL AS is_new, {shown} '
            f'FROM imp_good g LEFT JOIN "{record}" o ON o.tenant_id = %s AND o.source = %s AND o.external_id = g."f_external_id"',
            [load.mapping.source, load.tenant, load.mapping.source],
        )
        cursor.execute("ANALYZE imp_ready")


def _cast(kind: str | None) -> str:
    # A cast to varchar(n) would cut what is too long; lengths were checked with the cells.
    return "text" if kind and kind.startswith("varchar") else str(kind)


def facts_write(load: Load) -> Written:
    """Versions of one kind of fact."""
    model: Any = load.target.model
    columns = _version_columns(load, model)
    _ready(load, model, columns)
    assert load.changeset is not None
    return versions_write(model=model, staged="imp_ready", columns=list(columns), changeset=load.changeset)


def lines_write(load: Load) -> Written:
    """Lines take payee and date, and where the file is silent the currency, from the order as it stands now."""
    model: Any = load.target.model
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE imp_orders ON COMMIT DROP AS SELECT DISTINCT ON (v.record_id) "
            "v.record_id, v.payee_id, v.order_date, v.currency_code, v.tombstone "
            "FROM sales_orderversion v JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id AND s.number IS NOT NULL "
            'WHERE v.tenant_id = %s AND v.record_id IN (SELECT "r_order" FROM imp_good) ORDER BY v.record_id, s.number DESC, v.tombstone',
            [load.tenant],
        )
        cursor.execute("ANALYZE imp_orders")
        cursor.execute("ALTER TABLE imp_good ADD COLUMN o_payee bigint, ADD COLUMN o_date date, ADD COLUMN o_currency smallint")
        cursor.execute(
            "UPDATE imp_good g SET o_payee = o.payee_id, o_date = o.order_date, o_currency = o.currency_code FROM imp_orders o "
            'WHERE o.record_id = g."r_order" AND o.tombstone = 0'
        )
    load.refuse(
        "FROM imp_good WHERE o_date IS NULL", column=load.source_columns("order"), cause=gettext_noop("order %(order)s was taken back"),
        mend=gettext_noop("import the order again, or leave its lines out"), order="f_order",
    )  # fmt: skip
    load.drop_bad()
    columns = _version_columns(load, model)
    columns |= {"payee_id": "g.o_payee", "order_date": "g.o_date"}
    columns["currency_code"] = 'coalesce(g."f_currency", g.o_currency)' if "currency" in load.fields else "g.o_currency"
    _ready(load, model, columns)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE imp_orders")
    assert load.changeset is not None
    return versions_write(model=model, staged="imp_ready", columns=list(columns), changeset=load.changeset)
