"""Every tenant table x every way of reaching another tenant's rows, generated from the catalogue.

Negative control: with the policy dropped, the same probes must find the other tenant's row.
"""

from __future__ import annotations

import psycopg2
import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.utils import DatabaseError

from spm.tenancy.base import TenantForeignKey, TenantOneToOne
from spm.tenancy.registry import GLOBAL_TABLES
from spm.tenancy.scope import tenant_scope
from tests.isolation.catalog import make_row, tenant_models
from tests.isolation.conftest import as_tenant

# What the owner's own connection must see is committed; the hundreds of others are rolled back, which takes a tenth of the time.
pytestmark = pytest.mark.django_db(transaction=True)
MODELS = sorted(tenant_models(), key=lambda m: m._meta.label)
IDS = [m._meta.label for m in MODELS]


def touched(tenant: int | None, sql: str, params: list[object]) -> int:
    """How many rows a statement of the application reaches."""
    with as_tenant(tenant) as raw:
        raw.execute(sql, params)
        return raw.rowcount


def refused(tenant: int | None, sql: str, params: list[object]) -> bool:
    """True when the statement errs or touches no row."""
    try:
        return touched(tenant, sql, params) == 0
    except (DatabaseError, psycopg2.Error):
        return True


def probe(model: type[models.Model], row: models.Model, ours: int, theirs: int) -> list[str]:
    """The names of the operations by which `ours` reached the row of `theirs`."""
    table = f'"{model._meta.db_table}"'
    columns = [f.column for f in model._meta.concrete_fields if not f.primary_key]
    names = ", ".join(f'"{c}"' for c in columns)
    found = []
    for who, tenant in (("no tenant", None), ("other tenant", ours)):
        attempts = {
            "select": (f"SELECT 1 FROM {table} WHERE id = %s", [row.pk]),
            "update": (f"UPDATE {table} SET id = id WHERE id = %s", [row.pk]),
            "update to other tenant": (f"UPDATE {table} SET tenant_id = %s WHERE id = %s", [ours, row.pk]),
            "delete": (f"DELETE FROM {table} WHERE id = %s", [row.pk]),
            "insert for them": (f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE id = %s", [row.pk]),
        }
        found += [f"{name} with {who}" for name, (sql, params) in attempts.items() if not refused(tenant, sql, params)]
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_no_operation_reaches_another_tenants_row(model: type[models.Model], two: tuple[int, int]) -> None:
    ours, theirs = two
    with tenant_scope(theirs):
        row = make_row(model)
    assert touched(theirs, f'SELECT 1 FROM "{model._meta.db_table}" WHERE id = %s', [row.pk]) == 1
    assert probe(model, row, ours, theirs) == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_a_row_cannot_be_written_into_another_tenant(model: type[models.Model], two: tuple[int, int]) -> None:
    ours, theirs = two
    with tenant_scope(ours):
        row = make_row(model)
    columns = [f.column for f in model._meta.concrete_fields if not f.primary_key]
    given = ", ".join("%s::bigint" if c == "tenant_id" else "gen_random_uuid()" if c == "uid" else f'"{c}"' for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    with pytest.raises((DatabaseError, psycopg2.Error), match="row-level security"):
        touched(ours, f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {given} FROM "{model._meta.db_table}" WHERE id = %s', [theirs, row.pk])


RELATIONS = [(m, f) for m in MODELS for f in m._meta.concrete_fields if isinstance(f, TenantForeignKey | TenantOneToOne)]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), RELATIONS, ids=[f"{m._meta.label}.{f.name}" for m, f in RELATIONS])
def test_a_key_cannot_name_another_tenants_row(model: type[models.Model], field: models.ForeignKey, two: tuple[int, int]) -> None:
    ours, theirs = two
    with tenant_scope(theirs):
        foreign = make_row(field.remote_field.model)
    with tenant_scope(ours), pytest.raises(DatabaseError, match="foreign key constraint"):
        make_row(model, **{field.name: foreign})


def test_negative_control_without_the_policy_the_probes_find_the_row(two: tuple[int, int], owner: psycopg2.extensions.cursor) -> None:
    from spm.people.models import Position

    ours, theirs = two
    with tenant_scope(theirs):
        row = make_row(Position)
    owner.execute("ALTER TABLE people_position DISABLE ROW LEVEL SECURITY")
    try:
        assert "select with no tenant" in probe(Position, row, ours, theirs)
    finally:
        owner.execute("ALTER TABLE people_position ENABLE ROW LEVEL SECURITY")


def test_negative_control_without_the_composite_key_another_tenants_row_can_be_named(two: tuple[int, int], owner: psycopg2.extensions.cursor) -> None:
    from spm.people.models import Employment, Payee

    ours, theirs = two
    with tenant_scope(theirs):
        foreign = make_row(Payee)
    owner.execute("ALTER TABLE people_employment DROP CONSTRAINT people_employment_payee_fk")
    try:
        with tenant_scope(ours):
            assert make_row(Employment, payee=foreign).payee_id == foreign.pk
    finally:
        owner.execute("ALTER TABLE people_employment DISABLE TRIGGER USER")
        owner.execute(
            "ALTER TABLE people_employment ADD CONSTRAINT people_employment_payee_fk FOREIGN KEY (tenant_id, payee_id) "
            "REFERENCES people_payee (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE NOT VALID"
        )
        owner.execute("ALTER TABLE people_employment ENABLE TRIGGER USER")


def unprotected(cursor: psycopg2.extensions.cursor) -> list[str]:
    """Tables that are neither under forced row-level security with a restrictive policy nor on the reviewed list."""
    cursor.execute(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                   AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive)
                   AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive))
        ORDER BY 1"""
    )
    return [name for (name,) in cursor.fetchall() if name not in GLOBAL_TABLES]


def test_every_table_is_under_a_policy_or_on_the_reviewed_list(owner: psycopg2.extensions.cursor) -> None:
    assert unprotected(owner) == []
    owner.execute("CREATE TABLE stray (id int)")
    try:
        assert unprotected(owner) == ["stray"]
    finally:
        owner.execute("DROP TABLE stray")


def test_the_reviewed_list_names_no_table_that_is_gone(owner: psycopg2.extensions.cursor) -> None:
    owner.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    assert GLOBAL_TABLES - {name for (name,) in owner.fetchall()} == set()


def test_no_many_to_many_between_tenant_tables() -> None:
    """A hidden link table would carry no tenant."""
    assert [f"{m._meta.label}.{f.name}" for m in apps.get_models() for f in m._meta.local_many_to_many if m in MODELS] == []


def test_the_application_role_owns_nothing_and_bypasses_nothing(owner: psycopg2.extensions.cursor) -> None:
    role = settings.DATABASE_APP_ROLE
    owner.execute("SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s", [role])
    assert owner.fetchone() == (False, False, False, False)
    owner.execute("SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s", [role])
    assert owner.fetchone() == (0,)
    owner.execute(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = %s AND privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')", [role]
    )
    assert owner.fetchall() == []


APPEND_ONLY = [m for m in MODELS if any(type(c).__name__ == "AppendOnly" and not c.except_columns for c in m._meta.constraints)]


@pytest.mark.parametrize("model", APPEND_ONLY, ids=[m._meta.label for m in APPEND_ONLY])
def test_what_only_grows_refuses_change_even_from_the_owner(model: type[models.Model], two: tuple[int, int], owner: psycopg2.extensions.cursor) -> None:
    ours, _ = two
    with tenant_scope(ours):
        row = make_row(model)
    table = f'"{model._meta.db_table}"'
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(psycopg2.Error, match="permission denied"):
            touched(ours, sql, [])
        owner.execute(f"SELECT set_config('app.tenant', '{ours}', false)")
        with pytest.raises(psycopg2.Error, match="only grows"):
            owner.execute(f"{sql} WHERE id = {row.pk}")
    with pytest.raises(psycopg2.Error, match="only grows"):
        owner.execute(f"TRUNCATE {table}")
