"""The kernel's checks for `manage.py verify`: the audit chain, row-level security on every table, tables that only grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

from spm.audit.anchors import anchor_add, anchors_read
from spm.audit.checks import verify_check
from spm.audit.selectors import audit_breaks, audit_head
from spm.tenancy.constraints import AppendOnly, StatementKeys, short_name
from spm.tenancy.models import Tenant
from spm.tenancy.registry import GLOBAL_TABLES
from spm.tenancy.scope import required_tenant_id


@verify_check("audit chain")
def audit_chain() -> Iterator[str]:
    """The chain is whole and agrees with the anchors; a whole chain is anchored anew."""
    tenant = Tenant.objects.get(pk=required_tenant_id())
    broken = False
    for text in audit_breaks(anchors=anchors_read(tenant)):
        broken = True
        yield text
    if not broken:
        sequence, mac = audit_head()
        anchor_add(tenant, sequence=sequence, mac=mac)


@verify_check("row-level security", per_tenant=False)
def row_level_security() -> Iterator[str]:
    """Every table is on the reviewed list of global ones, or enabled, forced, and under a restrictive policy by tenant."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                   coalesce(array_agg(pg_get_expr(coalesce(p.polqual, p.polwithcheck), c.oid)) FILTER (WHERE NOT p.polpermissive), '{}'),
                   coalesce(bool_or(p.polpermissive AND pg_get_expr(p.polqual, c.oid) <> 'true'), false)
            FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace GROUP BY c.oid ORDER BY 1"""
        )
        tables = cursor.fetchall()
    for table, enabled, forced, restrictive, odd in tables:
        if table in GLOBAL_TABLES:
            continue
        if not enabled or not forced:
            yield f"table {table}: row-level security is not {'enabled' if not enabled else 'forced on its owner'}"
        if not restrictive or not all("app.tenant" in expression for expression in restrictive):
            yield f"table {table}: no restrictive policy compares the tenant"
        if odd:
            yield f"table {table}: a permissive policy of unknown making stands beside ours"
    missing = GLOBAL_TABLES - {row[0] for row in tables}
    if missing:
        yield f"the reviewed list of global tables names tables that do not exist: {', '.join(sorted(missing))}"


@verify_check("application role", per_tenant=False)
def application_role() -> Iterator[str]:
    """The role that the application logs in as neither owns tables nor stands above policies nor may empty a table."""
    role = str(settings.DATABASE_APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
        is_super, bypasses = cursor.fetchone() or (False, False)
        cursor.execute("SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s AND c.relkind IN ('r', 'p')", [role])
        owned = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND has_table_privilege(%s, oid, 'TRUNCATE')", [role]
        )
        emptiable = [name for (name,) in cursor.fetchall()]
    if is_super or bypasses:
        yield f"role {role} is {'a superuser' if is_super else 'exempt from row-level security'}"
    if owned:
        yield f"role {role} owns tables: {', '.join(owned)}"
    if emptiable:
        yield f"role {role} may TRUNCATE: {', '.join(emptiable)}"


@verify_check("tables that only grow", per_tenant=False)
def only_growing() -> Iterator[str]:
    """The triggers that refuse UPDATE, DELETE and TRUNCATE are there and enabled."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        alive = {name for (name,) in cursor.fetchall()}
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, AppendOnly):
                gone = [
                    word for word, suffix in (("UPDATE", "u"), ("DELETE", "d"), ("TRUNCATE", "t")) if f"{short_name(constraint.name)}_{suffix}" not in alive
                ]
                if gone:
                    yield f"table {model._meta.db_table}: nothing refuses {', '.join(gone)}"


def _statement_keys() -> Iterator[tuple[Any, StatementKeys]]:
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, StatementKeys):
                yield model, constraint


@verify_check("keys checked by statement", per_tenant=False)
def statement_keys() -> Iterator[str]:
    """The triggers that stand in for foreign keys are there and enabled, on the tables themselves and on those that they name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        alive = {name for (name,) in cursor.fetchall()}
    for model, constraint in _statement_keys():
        gone = sorted(constraint.trigger_names() - alive)
        if gone:
            yield f"table {model._meta.db_table}: these guards of its keys are gone: {', '.join(gone)}"


@verify_check("rows that keys name")
def named_rows() -> Iterator[str]:
    """Every row that a key checked by statement names is there, in the same tenant."""
    tenant = required_tenant_id()
    for model, constraint in _statement_keys():
        for field in constraint.fields:
            column, table = model._meta.get_field(field).column, model._meta.get_field(field).related_model._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute(
                    f'SELECT count(*) FROM {model._meta.db_table} r WHERE r.tenant_id = %s AND r."{column}" IS NOT NULL AND NOT EXISTS '
                    f'(SELECT FROM {table} k WHERE k.tenant_id = r.tenant_id AND k.id = r."{column}")',
                    [tenant],
                )
                (count,) = cursor.fetchone()
            if count:
                yield f"table {model._meta.db_table}: {count} rows name by {column} what is not in {table}"
