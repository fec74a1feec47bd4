"""What the embedded roles may do, read from the catalogue and tried out; each guard with the change that would break it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from spm.embedded import Services, ensure_services
from spm.embedded.files import json_read
from spm.embedded.roles import roles_provision


@pytest.fixture(scope="module")
def services(shared_data_dir) -> Services:
    return ensure_services(shared_data_dir, durable=False)


@pytest.fixture
def connect(services) -> Iterator[Any]:
    opened = []

    def open_(url: str) -> Any:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        opened.append(connection)
        return connection.cursor()

    yield open_
    for connection in opened:
        connection.close()


@pytest.fixture
def superuser(services, shared_data_dir, connect):
    password = json_read(shared_data_dir / "credentials.json")["postgres"]
    return connect(services.database_url.replace(services.database_url.split("@")[0], f"postgres://postgres:{password}"))


def attributes(cursor: Any) -> dict[str, tuple[bool, ...]]:
    cursor.execute("SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname LIKE 'spm\\_%'")
    return {row[0]: row[1:] for row in cursor.fetchall()}


PROMISED = {
    "spm_app": (False, False, False, False, False),
    "spm_owner": (False, False, False, True, False),
    "spm_backup": (False, True, False, False, False),
}


def test_roles_are_as_promised(services, connect):
    assert attributes(connect(services.database_url)) == PROMISED


def test_a_widened_role_shows_and_is_narrowed_again(services, shared_data_dir, superuser):
    """Negative control: the same query sees a role that bypasses the policies."""
    superuser.execute("ALTER ROLE spm_app BYPASSRLS CREATEDB")
    assert attributes(superuser) != PROMISED
    port = json_read(shared_data_dir / "services.json")["postgres_port"]
    roles_provision(port=port, superuser="postgres", passwords=json_read(shared_data_dir / "credentials.json"))
    assert attributes(superuser) == PROMISED


def test_the_application_owns_nothing_and_belongs_to_no_role(services, connect, superuser):
    superuser.execute("SELECT count(*) FROM pg_shdepend WHERE refobjid = 'spm_app'::regrole AND deptype = 'o'")
    assert superuser.fetchone() == (0,)
    superuser.execute("SELECT count(*) FROM pg_auth_members WHERE member = 'spm_app'::regrole")
    assert superuser.fetchone() == (0,)


def test_tables_of_the_owner_are_usable_by_the_application_but_not_to_be_truncated(services, connect):
    owner, app = connect(services.database_owner_url), connect(services.database_url)
    owner.execute("CREATE TABLE things (id bigserial PRIMARY KEY, a int)")
    app.execute("INSERT INTO things (a) VALUES (1); UPDATE things SET a = 2; DELETE FROM things; SELECT count(*) FROM things")
    assert app.fetchone() == (0,)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("TRUNCATE things")
    owner.execute("GRANT TRUNCATE ON things TO spm_app")  # negative control: only the missing grant stops it
    app.execute("TRUNCATE things")
    owner.execute("DROP TABLE things")


@pytest.mark.parametrize("statement", ["CREATE TABLE mine (a int)", "CREATE SCHEMA mine", "CREATE DATABASE mine", "CREATE ROLE mine", "SET ROLE spm_owner"])
def test_the_application_makes_nothing_of_its_own(services, connect, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        connect(services.database_url).execute(statement)


def test_the_application_has_temporary_tables(services, connect):
    app = connect(services.database_url)
    app.execute("CREATE TEMPORARY TABLE staging (a int); INSERT INTO staging VALUES (1); SELECT count(*) FROM staging")
    assert app.fetchone() == (1,)


def test_databases_that_the_owner_makes_have_the_same_rights(services, connect):
    owner = connect(services.database_owner_url)
    owner.execute("CREATE DATABASE test_rights")
    inside = psycopg2.connect(services.database_owner_url.removesuffix("/spm") + "/test_rights")
    with inside, inside.cursor() as cursor:
        cursor.execute("CREATE TABLE things (a int)")
    inside.close()
    app = psycopg2.connect(services.database_url.removesuffix("/spm") + "/test_rights")
    with app, app.cursor() as cursor:
        cursor.execute("INSERT INTO things VALUES (1)")
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute("TRUNCATE things")
    # The owner may drop it although the application is still connected.
    owner.execute("DROP DATABASE test_rights WITH (FORCE)")
    app.close()


def test_the_backup_role_reads_past_the_policies_and_writes_nothing(services, connect):
    owner, app, backup = connect(services.database_owner_url), connect(services.database_url), connect(services.database_backup_url)
    owner.execute("CREATE TABLE guarded (tenant int)")
    app.execute("INSERT INTO guarded VALUES (1)")
    owner.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    for cursor, seen in ((owner, 0), (app, 0), (backup, 1)):
        cursor.execute("SELECT count(*) FROM guarded")
        assert cursor.fetchone() == (seen,)
    with pytest.raises(errors.InsufficientPrivilege):
        backup.execute("INSERT INTO guarded VALUES (2)")
    owner.execute("DROP TABLE guarded")
