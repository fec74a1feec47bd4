"""Who shares an order: a file's rows of an order are all the splits it has from then on, under a version of its own."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from spm.imports.fields import Field
from spm.imports.loading import Load
from spm.imports.targets import Target, target_register
from spm.sales.models import OrderVersion
from spm.sales.services import Written, value_columns


def _staged(load: Load, name: str, other: str) -> str:
    """A share in parts per million: the field's own, else that of `share`, else the other one's."""
    found = [f'g."f_{field}"' for field in (name, "share", other) if field in load.fields]
    return f"coalesce({', '.join(found)}, 0)"


def splits_write(load: Load) -> Written:
    """Orders whose splits differ from the file's get a version with those of the file; the others are left as they are."""
    tenant, changeset = load.tenant, load.changeset
    assert changeset is not None
    _shares_check(load)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE imp_orders ON COMMIT DROP AS SELECT DISTINCT ON (v.record_id) v.* FROM sales_orderversion v "
            "JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id AND s.number IS NOT NULL "
            'WHERE v.tenant_id = %s AND v.record_id IN (SELECT "r_order" FROM imp_good) ORDER BY v.record_id, s.number DESC, v.tombstone',
            [tenant],
        )
        cursor.execute("DELETE FROM imp_orders WHERE tombstone = 1")
    load.refuse(
        'FROM imp_good WHERE "r_order" NOT IN (SELECT record_id FROM imp_orders)', column=load.source_columns("order"), order="f_order",
        cause=gettext_noop("order %(order)s was taken back"), mend=gettext_noop("import the order again, or leave its splits out"),
    )  # fmt: skip
    load.refuse(
        "FROM imp_good WHERE f_order IN (SELECT s.f_order FROM imp_rows s JOIN imp_bad b ON b.n = s.n)", column=load.source_columns("order"), order="f_order",
        cause=gettext_noop("another split of order %(order)s was refused"), mend=gettext_noop("mend that one: an order takes all its splits or none"),
    )  # fmt: skip
    load.drop_bad()
    role = "coalesce(g.\"f_role\", '')" if "role" in load.fields else "''"
    columns = value_columns(OrderVersion)
    shown = ", ".join(f'"{c}"' for c in columns)
    copied = ", ".join("1" if c == "has_splits" else f'o."{c}"' for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            'CREATE TEMPORARY TABLE imp_ready ON COMMIT DROP AS SELECT g."r_order" AS order_id, g."r_payee" AS payee_id, '
            f"({_staged(load, 'quota_share', 'pay_share')})::int AS quota, ({_staged(load, 'pay_share', 'quota_share')})::int AS pay, {role} AS role "
            "FROM imp_good g"
        )
        cursor.execute(
            "CREATE TEMPORARY TABLE imp_differs ON COMMIT DROP AS SELECT o.record_id, o.has_splits = 0 AS is_new FROM imp_orders o "
            "LEFT JOIN (SELECT order_id, array_agg((payee_id, quota, pay, role)::text ORDER BY payee_id) AS wanted FROM imp_ready GROUP BY 1) w "
            "ON w.order_id = o.record_id "
            "LEFT JOIN LATERAL (SELECT array_agg((p.payee_id, p.quota_share_ppm, p.pay_share_ppm, p.role)::text ORDER BY p.payee_id) AS had "
            "FROM sales_ordersplit p WHERE p.tenant_id = %s AND p.order_id = o.record_id AND p.change_set_id = o.change_set_id) h ON o.has_splits = 1 "
            "WHERE h.had IS DISTINCT FROM w.wanted AND w.wanted IS NOT NULL",
            [tenant],
        )
        cursor.execute(
            f"INSERT INTO sales_orderversion (tenant_id, record_id, change_set_id, tombstone, {shown}) "
            f"SELECT %s, o.record_id, %s, 0, {copied} FROM imp_orders o JOIN imp_differs USING (record_id) ORDER BY o.payee_id, o.order_date, o.record_id",
            [tenant, changeset.pk],
        )
        cursor.execute(
            "INSERT INTO sales_ordersplit (tenant_id, order_id, change_set_id, payee_id, quota_share_ppm, pay_share_ppm, role) "
            "SELECT %s, r.order_id, %s, r.payee_id, r.quota, r.pay, r.role FROM imp_ready r JOIN imp_differs d ON d.record_id = r.order_id",
            [tenant, changeset.pk],
        )
        cursor.execute(
            "SELECT count(*) FILTER (WHERE d.is_new), count(*) FILTER (WHERE NOT d.is_new), count(*) FILTER (WHERE d.record_id IS NULL) "
            "FROM imp_ready r LEFT JOIN imp_differs d ON d.record_id = r.order_id"
        )
        new, changed, unchanged = cursor.fetchone()
        cursor.execute("DROP TABLE imp_orders, imp_differs")
    return Written(new, changed, unchanged)


def _shares_check(load: Load) -> None:
    """A share is zero or more; a row without any share says nothing."""
    names = [name for name in ("share", "quota_share", "pay_share") if name in load.fields]
    for name in names:
        load.refuse(
            f'FROM imp_good WHERE "f_{name}" < 0', column=load.source_columns(name), share=f'"f_{name}" * 0.0001',
            cause=gettext_noop("the share %(share)s is below zero"), mend=gettext_noop("a share is a percentage of zero or more"),
        )  # fmt: skip
    empty = " AND ".join(f'"f_{name}" IS NULL' for name in names) or "true"
    load.refuse(
        f"FROM imp_good WHERE {empty}", column=" + ".join(load.source_columns(name) for name in names),
        cause=gettext_noop("the row says no share"), mend=gettext_noop("give a percentage such as 60 in share, or in quota_share and pay_share"),
    )  # fmt: skip
    load.drop_bad()


def register() -> None:
    """The target of order splits. Shares are percentages with up to four decimals: parts per million as whole numbers."""
    target_register(Target(
        "order_split", _("Order splits"),
        (
            Field("order", "ref", to="sales.Order", required=True), Field("payee", "ref", to="people.Payee", required=True),
            Field("share", "fixed", help="Percent of quota credit and pay credit alike.", scale=4), Field("quota_share", "fixed", scale=4),
            Field("pay_share", "fixed", scale=4), Field("role", "text", max_length=40),
        ),
        splits_write, identity=("order", "payee"), model=OrderVersion, tables=("sales_orderversion", "sales_ordersplit"),
    ))  # fmt: skip
