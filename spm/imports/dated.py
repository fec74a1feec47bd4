"""Writers of dated rows: what is the same stays, what differs is retired from this change set on, its uncovered days are kept."""

from __future__ import annotations

from collections.abc import Mapping as Columns
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.loading import Load, column_of
from spm.imports.targets import Target, target_register
from spm.sales.categories import category_cycle, links_now
from spm.sales.services import Written

FROM = Field("valid_from", "date", required=True)
TO = Field("valid_to", "date")


def staged(load: Load, name: str, otherwise: str = "NULL") -> str:
    """SQL over imp_good of a field: its reference, its value, or `otherwise` where the mapping or the cell is silent."""
    if name not in load.fields:
        return otherwise
    value = f'g."r_{name}"' if load.fields[name].kind == "ref" else f'g."{column_of(name)}"'
    return value if otherwise == "NULL" else f"coalesce({value}, {otherwise})"


def attributes(load: Load) -> str:
    """The mapping's attributes.* fields as one jsonb object."""
    parts = ", ".join(f"'{name.partition('.')[2]}', g.\"{column_of(name)}\"" for name in load.names if name.startswith("attributes."))
    return f"jsonb_strip_nulls(jsonb_build_object({parts}))"


def dated_write(load: Load, *, model: Any, keys: Columns[str, str], values: Columns[str, str]) -> Written:
    """Writes imp_good as rows of a dated model. `keys` are the columns within which rows may not overlap; all are SQL over imp_good.

    A row without an end holds until the next of its key begins, in the file or on record: what is known for later stands.
    """
    table, tenant = model._meta.db_table, load.tenant
    both = {**keys, **values}
    cast = {f.column: f.db_type(connection) for f in model._meta.concrete_fields}
    shown = ", ".join(f'({sql})::{cast[c]} AS "{c}"' for c, sql in both.items())
    columns, same_key = ", ".join(f'"{c}"' for c in both), " AND ".join(f'o."{c}" = r."{c}"' for c in keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE imp_ready ON COMMIT DROP AS SELECT g.n, g.line, {shown}, {staged(load, 'valid_from')} AS valid_from, "
            f"{staged(load, 'valid_to')}::date AS valid_to FROM imp_good g"
        )
        parts = ", ".join(f'"{c}"' for c in keys)
        cursor.execute(
            "UPDATE imp_ready r SET valid_to = least(t.following, (SELECT min(o.valid_from) "
            f'FROM "{table}" o WHERE o.tenant_id = %s AND o.known_to_id IS NULL AND {same_key} AND o.valid_from > r.valid_from)) '
            f"FROM (SELECT n, min(valid_from) OVER (PARTITION BY {parts} ORDER BY valid_from "
            "RANGE BETWEEN '1 day' FOLLOWING AND UNBOUNDED FOLLOWING) AS following FROM imp_ready) t WHERE t.n = r.n AND r.valid_to IS NULL",
            [tenant],
        )
        load.refuse(
            "FROM imp_ready WHERE valid_to <= valid_from", column=load.source_columns("valid_to") if "valid_to" in load.fields else "",
            cause=gettext_noop("the end %(end)s is not after the start %(start)s"), end="valid_to", start="valid_from",
            mend=gettext_noop("an end is the first day that no longer counts; see add_days"),
        )  # fmt: skip
        load.refuse(
            f"FROM (SELECT n, valid_from, lag(line) OVER w AS before, "
            f"max(coalesce(valid_to, 'infinity')) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM imp_ready "
            f"WINDOW w AS (PARTITION BY {parts} ORDER BY valid_from, n)) t WHERE valid_from < until",
            column=load.source_columns("valid_from"), cause=gettext_noop("the days overlap those of line %(line)s"), line="before",
            mend=gettext_noop("end the earlier row on or before the day on which this one starts"),
        )  # fmt: skip
        load.drop_bad()
        cursor.execute("DELETE FROM imp_ready r USING imp_bad b WHERE b.n = r.n")
        cursor.execute("SELECT count(*) FROM imp_ready")
        total = cursor.fetchone()[0]
        equal = " AND ".join(f'o."{c}" IS NOT DISTINCT FROM r."{c}"' for c in [*values, "valid_from", "valid_to"])
        cursor.execute(f'DELETE FROM imp_ready r USING "{table}" o WHERE o.tenant_id = %s AND o.known_to_id IS NULL AND {same_key} AND {equal}', [tenant])
        unchanged = cursor.rowcount
        cursor.execute("ANALYZE imp_ready")
        cursor.execute("DROP TABLE IF EXISTS imp_hit")
        cursor.execute(
            f"CREATE TEMPORARY TABLE imp_hit ON COMMIT DROP AS SELECT o.id, r.valid_from AS c_from, coalesce(r.valid_to, 'infinity') AS c_to, "
            f'o.valid_from = r.valid_from AS exact FROM imp_ready r JOIN "{table}" o ON o.tenant_id = %s AND o.known_to_id IS NULL AND {same_key} '
            "AND o.valid_from < coalesce(r.valid_to, 'infinity') AND r.valid_from < coalesce(o.valid_to, 'infinity')",
            [tenant],
        )
        cursor.execute("SELECT count(*) FILTER (WHERE exact), count(*) FROM imp_hit")
        changed, hits = cursor.fetchone()
        assert load.changeset is not None
        if hits:
            cursor.execute(f'UPDATE "{table}" SET known_to_id = %s WHERE tenant_id = %s AND id IN (SELECT id FROM imp_hit)', [load.changeset.pk, tenant])
            kept = [f.column for f in model._meta.concrete_fields if f.column not in {"id", "uid", "valid_from", "valid_to", "known_from_id", "known_to_id"}]
            names = ", ".join(f'"{c}"' for c in kept)
            old = ", ".join(f'o."{c}"' for c in kept)
            cursor.execute(
                f'INSERT INTO "{table}" (uid, known_from_id, valid_from, valid_to, {names}) '
                f"SELECT gen_random_uuid(), %s, p.a, nullif(p.b, 'infinity'), {old} "
                f'FROM "{table}" o JOIN (SELECT o.id, coalesce(lag(h.c_to) OVER w, o.valid_from) AS a, h.c_from AS b '
                f'FROM imp_hit h JOIN "{table}" o ON o.tenant_id = %s AND o.id = h.id WINDOW w AS (PARTITION BY h.id ORDER BY h.c_from) UNION ALL '
                f"SELECT o.id, max(h.c_to), coalesce(o.valid_to, 'infinity') "
                f'FROM imp_hit h JOIN "{table}" o ON o.tenant_id = %s AND o.id = h.id GROUP BY o.id, o.valid_to) p '
                "ON p.id = o.id WHERE o.tenant_id = %s AND p.a < p.b",
                [load.changeset.pk, tenant, tenant, tenant],
            )
        cursor.execute(
            f'INSERT INTO "{table}" (uid, tenant_id, known_from_id, valid_from, valid_to, {columns}) '
            f"SELECT gen_random_uuid(), %s, %s, valid_from, valid_to, {columns} FROM imp_ready ORDER BY line",
            [tenant, load.changeset.pk],
        )
    return Written(total - unchanged - changed, changed, unchanged)


def _seats(load: Load) -> None:
    """imp_good gets r_seat: the lasting identity of payee and position, made where it is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO people_seat (tenant_id, uid, payee_id, position_id) SELECT %s, gen_random_uuid(), "r_payee", "r_position" FROM imp_good '
            'GROUP BY "r_payee", "r_position" ON CONFLICT DO NOTHING',
            [load.tenant],
        )
        cursor.execute("ALTER TABLE imp_good ADD COLUMN r_seat bigint")
        cursor.execute(
            'UPDATE imp_good g SET r_seat = s.id FROM people_seat s WHERE s.tenant_id = %s AND s.payee_id = g."r_payee" AND s.position_id = g."r_position"',
            [load.tenant],
        )


def _assignments(load: Load) -> Written:
    _seats(load)
    return dated_write(
        load, model=apps.get_model("people.Assignment"), keys={"payee_id": 'g."r_payee"', "position_id": 'g."r_position"'},
        values={"seat_id": "g.r_seat", "fte_ppm": staged(load, "fte", "1000000")},
    )  # fmt: skip


def _pay_terms(load: Load) -> Written:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE imp_good ADD COLUMN r_seat bigint")
        cursor.execute(
            'UPDATE imp_good g SET r_seat = s.id FROM people_seat s WHERE s.tenant_id = %s AND s.payee_id = g."r_payee" AND s.position_id = g."r_position"',
            [load.tenant],
        )
    load.refuse(
        "FROM imp_good WHERE r_seat IS NULL", column=load.source_columns("position"), payee="f_payee", position="f_position",
        cause=gettext_noop("payee %(payee)s never sat in position %(position)s"), mend=gettext_noop("import the assignment first"),
    )  # fmt: skip
    load.drop_bad()
    scale = load.scale("target_incentive") if "target_incentive" in load.fields else load.scale("ote") if "ote" in load.fields else 2
    return dated_write(
        load, model=apps.get_model("people.PayTerms"), keys={"seat_id": "g.r_seat"},
        values={
            "currency": staged(load, "currency"), "target_incentive": staged(load, "target_incentive", "0"), "ote": staged(load, "ote", "0"),
            "amount_scale": str(scale), "attributes": attributes(load),
        },
    )  # fmt: skip


def _reporting_lines(load: Load) -> Written:
    load.refuse(
        'FROM imp_good WHERE "r_position" = "r_manager"', column=load.source_columns("manager"), position="f_position",
        cause=gettext_noop("position %(position)s would report to itself"),
        mend=gettext_noop("name another position, or leave the row out: the top has no manager"),
    )  # fmt: skip
    load.drop_bad()
    return dated_write(load, model=apps.get_model("people.ReportingLine"), keys={"position_id": 'g."r_position"'}, values={"manager_id": 'g."r_manager"'})


def _relations(load: Load) -> Written:
    load.refuse(
        'FROM imp_good WHERE "r_position" = "r_related"', column=load.source_columns("related"), position="f_position",
        cause=gettext_noop("position %(position)s would be related to itself"), mend=gettext_noop("name another position"),
    )  # fmt: skip
    load.refuse(
        "FROM imp_good WHERE f_name !~ '^[-a-zA-Z0-9_]+$'", column=load.source_columns("name"), name="f_name",
        cause=gettext_noop("%(name)s is no name of a relation"), mend=gettext_noop("write letters, digits and hyphens, such as mentor"),
    )  # fmt: skip
    load.drop_bad()
    keys = {"position_id": 'g."r_position"', "name": staged(load, "name"), "related_id": 'g."r_related"'}
    return dated_write(load, model=apps.get_model("people.NamedRelation"), keys=keys, values={})


def _fx(load: Load) -> Written:
    keys = {"rate_type": staged(load, "rate_type"), "base": staged(load, "base"), "quote": staged(load, "quote")}
    load.refuse(
        "FROM imp_good WHERE f_fx_rate <= 0", column=load.source_columns("fx_rate"), rate="f_fx_rate",
        cause=gettext_noop("the rate %(rate)s is not above zero"), mend=gettext_noop("a rate is the units of `quote` for one unit of `base`"),
    )  # fmt: skip
    load.drop_bad()
    return dated_write(load, model=apps.get_model("currencies.FxRate"), keys=keys, values={"fx_rate": staged(load, "fx_rate")})


def _categories(load: Load) -> Written:
    load.refuse(
        "FROM imp_good WHERE f_category = f_parent", column=load.source_columns("parent"), category="f_category",
        cause=gettext_noop("category %(category)s would lie within itself"), mend=gettext_noop("name another parent, or leave the row out"),
    )  # fmt: skip
    load.drop_bad()
    keys = {"category": staged(load, "category")}
    written = dated_write(load, model=apps.get_model("sales.CategoryParent"), keys=keys, values={"parent": staged(load, "parent")})
    found = category_cycle(links_now())
    if found is not None:
        raise ImportFault(gettext_noop("Category %(name)s would lie within itself: a row puts it into a category below it. Name another parent."), name=found)
    return written


def register() -> None:
    """The dated targets of the kernel."""
    payee = Field("payee", "ref", to="people.Payee", required=True)
    position = Field("position", "ref", to="people.Position", required=True)
    target_register(Target(
        "assignment", _("Assignments to positions"), (payee, position, FROM, TO, Field("fte", "fixed", scale=6)), _assignments,
        identity=("payee", "position", "valid_from"), tables=("people_seat", "people_assignment"),
    ))  # fmt: skip
    target_register(Target(
        "category", _("Tree of categories"),
        (Field("category", "text", required=True, max_length=120), Field("parent", "text", required=True, max_length=120), FROM, TO), _categories,
        identity=("category", "valid_from"), tables=("sales_categoryparent",),
    ))  # fmt: skip
    target_register(Target(
        "reporting_line", _("Reporting lines"), (position, Field("manager", "ref", to="people.Position", required=True), FROM, TO), _reporting_lines,
        identity=("position", "valid_from"), tables=("people_reportingline",),
    ))  # fmt: skip
    target_register(Target(
        "relation", _("Relations between positions"),
        (position, Field("name", "code", required=True, max_length=40), Field("related", "ref", to="people.Position", required=True), FROM, TO), _relations,
        identity=("position", "name", "related", "valid_from"), tables=("people_namedrelation",),
    ))  # fmt: skip
    target_register(Target(
        "pay_terms", _("Pay terms"),
        (payee, position, FROM, TO, Field("currency", "currency_text", required=True), Field("target_incentive", "money"), Field("ote", "money"),
         Field("attributes.*", "attribute")),
        _pay_terms, identity=("payee", "position", "valid_from"), tables=("people_payterms",),
    ))  # fmt: skip
    target_register(Target(
        "fx_rate", _("Currency rates"),
        (Field("rate_type", "code", required=True, max_length=40), Field("base", "currency_text", required=True),
         Field("quote", "currency_text", required=True),
         Field("fx_rate", "decimal", required=True), FROM, TO),
        _fx, identity=("rate_type", "base", "quote", "valid_from"), tables=("currencies_fxrate",),
    ))  # fmt: skip
