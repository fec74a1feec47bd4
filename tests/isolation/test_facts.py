"""What PostgreSQL does with row-level security, fact by fact, and that the product lives by it (docs/tenancy.md has the table).

The matrix beside this file tries each table; here stand the traps that a matrix does not see. Each lint of the catalogue is tried
on a planted fault, each guard with the guard taken away.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from incentives.engine.syntax import SyntaxProblem, parse
from spm.people.models import Employment, Payee, Position
from spm.tenancy.middleware import TenantMiddleware
from spm.tenancy.registry import GLOBAL_TABLES
from spm.tenancy.scope import ScopeMissing, tenant_scope
from tests.isolation.catalog import make_row
from tests.isolation.conftest import as_tenant
from tests.isolation.routes import walk
from tests.support.factories import make_member, make_payee, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def positions_seen(raw: psycopg2.extensions.cursor, table: str = "people_position") -> int:
    raw.execute(f"SELECT count(*) FROM {table}")
    return int(raw.fetchone()[0])  # type: ignore[index]


@contextmanager
def planted(owner: psycopg2.extensions.cursor, make: str, undo: str) -> Iterator[None]:
    """A fault in the schema for the length of the block."""
    owner.execute(make)
    try:
        yield
    finally:
        owner.execute(undo)


# 1, 21: the owner of a table is above its policies until they are forced


def test_the_owner_sees_nothing_without_a_tenant_because_policies_are_forced(two, owner) -> None:
    for tenant in two:
        with tenant_scope(tenant):
            make_row(Position)
    assert positions_seen(owner) == 0
    with planted(owner, "ALTER TABLE people_position NO FORCE ROW LEVEL SECURITY", "ALTER TABLE people_position FORCE ROW LEVEL SECURITY"):
        assert positions_seen(owner) >= 2, "without FORCE the owner sees everybody's rows"


# 2, 3: key checks and cascades run above the policies


def keys_without_tenant(owner: psycopg2.extensions.cursor) -> list[str]:
    """Foreign keys from one tenant table to another whose columns lack the tenant, and keys that cascade."""
    owner.execute(
        """
        SELECT k.conname, s.relname, t.relname, k.confdeltype, k.confupdtype,
               (SELECT array_agg(a.attname::text ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY AS c(number, n)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number)
        FROM pg_constraint k JOIN pg_class s ON s.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
        WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0"""
    )
    found = []
    for name, source, target, on_delete, on_update, columns in owner.fetchall():
        if source in GLOBAL_TABLES or target in GLOBAL_TABLES:
            continue
        if columns[0] != "tenant_id":
            found.append(f"{name}: no tenant in the key")
        if on_delete in "cnd" or on_update in "cnd":
            found.append(f"{name}: cascades")
    return found


def test_every_key_between_tenant_tables_carries_the_tenant_and_none_cascades(owner) -> None:
    assert keys_without_tenant(owner) == []
    plain = "ALTER TABLE people_employment ADD CONSTRAINT stray FOREIGN KEY (payee_id) REFERENCES people_payee (id) ON DELETE CASCADE NOT VALID"
    with planted(owner, plain, "ALTER TABLE people_employment DROP CONSTRAINT stray"):
        assert keys_without_tenant(owner) == ["stray: no tenant in the key", "stray: cascades"]


def test_deleting_a_parent_never_takes_another_tenants_child_along(two, owner) -> None:
    """With a plain cascading key a deletion would reach over: the deletion itself is the other tenant's own right."""
    _, theirs = two
    with tenant_scope(theirs):
        payee = make_row(Payee)
        make_row(Employment, payee=payee)
    with as_tenant(theirs) as raw, pytest.raises(psycopg2.Error, match=r"foreign key|permission denied|only grows"):
        raw.execute("DELETE FROM people_payee WHERE id = %s", [payee.pk])


# 4, 16: what is unique, and what is counted, is so within a tenant


def uniques_without_tenant(owner: psycopg2.extensions.cursor) -> list[str]:
    """Unique indexes of tenant tables, primary keys apart, that do not begin with the tenant: they would tell of hidden rows."""
    owner.execute(
        """
        SELECT i.relname, t.relname, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = x.indkey[0])
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        WHERE x.indisunique AND NOT x.indisprimary AND t.relnamespace = 'public'::regnamespace"""
    )
    return sorted(name for name, table, first in owner.fetchall() if table not in GLOBAL_TABLES and first != "tenant_id")


def test_what_is_unique_is_unique_within_a_tenant(owner) -> None:
    assert uniques_without_tenant(owner) == []
    with planted(owner, "CREATE UNIQUE INDEX stray ON people_position (code, tenant_id)", "DROP INDEX stray"):
        assert uniques_without_tenant(owner) == ["stray"]


def test_the_same_code_in_two_tenants_is_no_clash(two) -> None:
    for tenant in two:
        with tenant_scope(tenant):
            Position.objects.create(code="AE-1", title="Seller")


def serial_numbers(templates: Iterable[str]) -> list[str]:
    """Addresses with a number in them: rows are named by random ids; only numbers counted per tenant may stand in an address."""
    return [template for template in templates if re.search(r"<int:(?!number>)", template)]


def test_no_address_holds_a_serial_number_of_the_database() -> None:
    templates = [route.template for route in walk()]
    assert serial_numbers(templates) == []
    assert serial_numbers([*templates, "t/<slug:slug>/people/<int:pk>/"]) == ["t/<slug:slug>/people/<int:pk>/"]


# 5, 6, 11, 12: views, materialised views and functions look past the policies


SIDE_DOORS = {
    "a view with its owner's rights": ("CREATE VIEW stray AS SELECT * FROM people_position", "DROP VIEW stray"),
    "a materialised view": ("CREATE MATERIALIZED VIEW stray AS SELECT 1 AS one", "DROP MATERIALIZED VIEW stray"),
    "a function with its owner's rights": (
        "CREATE FUNCTION stray() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM people_position'",
        "DROP FUNCTION stray()",
    ),
    "a partitioned table": (
        "CREATE TABLE stray (tenant_id bigint) PARTITION BY LIST (tenant_id); CREATE TABLE stray_1 PARTITION OF stray FOR VALUES IN (1)",
        "DROP TABLE stray",
    ),
}


def side_doors(owner: psycopg2.extensions.cursor) -> list[str]:
    """Relations and functions through which the application could read rows of which no policy speaks."""
    owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind IN ('m', 'p') OR relispartition "
        "OR (relkind = 'v' AND NOT coalesce(reloptions::text LIKE '%%security_invoker=true%%', false))) "
        "UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND (prosecdef OR proleakproof)"
    )
    return sorted(name for (name,) in owner.fetchall())


@pytest.mark.parametrize("make", SIDE_DOORS.values(), ids=list(SIDE_DOORS))
def test_no_view_function_or_partition_looks_past_the_policies(make: tuple[str, str], owner) -> None:
    assert side_doors(owner) == []
    with planted(owner, *make):
        assert "stray" in side_doors(owner)


# 7, 8, 10, 15, 17: statements that policies do not bind, or that would tell of hidden rows


def test_the_application_cannot_truncate(two, owner) -> None:
    with as_tenant(two[0]) as raw, pytest.raises(psycopg2.Error, match="permission denied"):
        raw.execute("TRUNCATE people_position CASCADE")


def test_rows_are_copied_in_through_a_table_without_policy_and_out_through_the_policy(two) -> None:
    ours, theirs = two
    with tenant_scope(theirs):
        make_row(Position)
    with as_tenant(ours) as raw:
        out = io.StringIO()
        raw.copy_expert("COPY (SELECT * FROM people_position) TO STDOUT", out)
        assert out.getvalue() == ""
    with as_tenant(ours) as raw, pytest.raises(psycopg2.Error, match="row-level security"):
        raw.copy_expert("COPY people_position FROM STDIN", io.StringIO(""))


def test_the_application_belongs_to_no_role_that_reads_statistics_or_everything(owner) -> None:
    """EXPLAIN and the statistics of a table count rows that the reader may not see."""
    owner.execute(
        "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles a ON a.oid = m.member WHERE a.rolname = %s",
        [settings.DATABASE_APP_ROLE],
    )
    assert owner.fetchall() == []
    assert not [app for app in settings.INSTALLED_APPS if "debug_toolbar" in app or "silk" in app]


def test_a_backup_that_would_be_filtered_is_an_error(two, owner) -> None:
    """With row_security off a role under the policies is refused, so a dump cannot silently be a part."""
    owner.execute("SET row_security = off")
    with pytest.raises(psycopg2.Error, match="row-level security"):
        positions_seen(owner)


def test_a_text_that_would_name_another_tenant_stays_a_text(two, client: Client) -> None:
    """SQL that names another tenant would be obeyed, so no text of a user may become SQL: search, filters, formulas."""
    ours, theirs = two
    attack = f"x') OR set_config('app.tenant', '{theirs}', true) IS NOT NULL --"
    user = make_user()
    with tenant_scope(ours):
        make_member(user, "auditor")
    with tenant_scope(theirs):
        make_payee(name="Theirs Alone")
    client.force_login(user)
    for path in ("/t/ours/people/", "/t/ours/plans/", "/t/ours/runs/", "/t/ours/imports/", "/t/ours/team/"):
        for name in ("q", "search", "team", "state", "sort", "after", "on"):
            answer = client.get(path, {name: attack})
            assert answer.status_code in (200, 400, 404, 422), (path, name)
            assert b"Theirs Alone" not in answer.content
    with pytest.raises(SyntaxProblem):
        parse(attack)
    with as_tenant(ours) as raw:
        raw.execute(f"SELECT set_config('app.tenant', '{theirs}', true)")
        raw.execute("SELECT count(*) FROM people_payee")
        assert raw.fetchone() == (1,), "as SQL the text would have opened the other tenant: the guard is that it never is"


# 9: the setting lives for a transaction


def test_after_a_transaction_nothing_is_seen_and_nothing_can_be_written(two) -> None:
    ours, _ = two
    with tenant_scope(ours):
        make_row(Position)
    with as_tenant(ours) as raw:
        assert positions_seen(raw) == 1
    with as_tenant(None) as raw:
        raw.execute("SELECT current_setting('app.tenant', true)")
        assert raw.fetchone()[0] == "", "an empty text, which the policy must not try to read as a number"
        assert positions_seen(raw) == 0
    with as_tenant(None) as raw, pytest.raises(psycopg2.Error, match=r"row-level security|null value"):
        raw.execute("INSERT INTO people_position (tenant_id, uid, code, title) VALUES (%s, gen_random_uuid(), 'x', 'x')", [ours])


# 14: a second permissive policy must open nothing


def test_a_second_permissive_policy_opens_nothing(two, owner) -> None:
    ours, theirs = two
    with tenant_scope(theirs):
        make_row(Position)
    with planted(owner, "CREATE POLICY stray ON people_position AS PERMISSIVE USING (true)", "DROP POLICY stray ON people_position"), as_tenant(ours) as raw:
        assert positions_seen(raw) == 0
    owner.execute("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'tenant_only' AND polrelid = 'people_position'::regclass")
    (rule,) = owner.fetchone()
    again = f"CREATE POLICY tenant_only ON people_position AS RESTRICTIVE USING ({rule}) WITH CHECK ({rule})"
    with planted(owner, "DROP POLICY tenant_only ON people_position", again), as_tenant(ours) as raw:
        assert positions_seen(raw) == 1, "without the restrictive policy the permissive one opens the row"


# 19: indexes that policies switch off


def useless_indexes(owner: psycopg2.extensions.cursor) -> list[str]:
    """Indexes by operators that are not leakproof: under a policy no query of the application would use them."""
    owner.execute(
        "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid JOIN pg_am m ON m.oid = i.relam "
        "WHERE t.relnamespace = 'public'::regnamespace AND t.relrowsecurity AND m.amname IN ('gin', 'gist', 'spgist') AND NOT x.indisexclusion"
    )
    return [name for (name,) in owner.fetchall()]


def test_no_index_is_of_a_kind_that_a_policy_switches_off(owner) -> None:
    assert useless_indexes(owner) == []
    with planted(owner, "CREATE INDEX stray ON people_position USING gin (to_tsvector('simple', title))", "DROP INDEX stray"):
        assert useless_indexes(owner) == ["stray"]


# 20: what is written after the transaction is over


def test_a_streamed_answer_is_refused_because_its_rows_would_be_missing(two) -> None:
    tenant, _ = two
    user = make_user()
    with tenant_scope(tenant):
        make_member(user, "auditor")
        make_row(Position)
    request = RequestFactory().get("/t/ours/people/")
    request.user = user

    def rows(_: HttpRequest) -> Iterator[str]:
        return (str(position.pk) for position in Position.objects.all())

    with pytest.raises(RuntimeError, match="streamed"):
        TenantMiddleware(lambda request: StreamingHttpResponse(rows(request)))(request)  # type: ignore[arg-type, return-value]
    assert TenantMiddleware(lambda request: HttpResponse("".join(rows(request))))(request).content != b"", "written inside the scope the rows are there"
    with pytest.raises(ScopeMissing):
        list(rows(request))


# Redis and locks are shared by all tenants


def test_locks_of_the_database_name_the_tenant() -> None:
    """Advisory locks are one space for the whole database: one tenant's work must not wait for another's."""
    root = Path(settings.BASE_DIR)
    calls = [
        (path, line)
        for app in ("spm", "planning", "incentives", "analytics", "training")
        for path in (root / app).rglob("*.py")
        if "embedded" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if "pg_advisory" in line
    ]
    assert calls
    assert [f"{path}: {line.strip()}" for path, line in calls if "tenant" not in line] == []
