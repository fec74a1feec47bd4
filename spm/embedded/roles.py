"""Roles, database and default rights of the embedded cluster.

`spm_owner` owns the database and the tables, `spm_app` is what the application logs in as: it owns nothing, bypasses nothing and may not
TRUNCATE, `spm_backup` reads past row-level security for dumps. Safe to repeat; repairs what was changed.
"""

from __future__ import annotations

from typing import Any

OWNER, APP, BACKUP, DATABASE = "spm_owner", "spm_app", "spm_backup", "spm"
_COMMON = "LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION"
_ROLES = {
    OWNER: f"{_COMMON} CREATEDB NOBYPASSRLS",
    APP: f"{_COMMON} NOCREATEDB NOBYPASSRLS",
    BACKUP: f"{_COMMON} NOCREATEDB BYPASSRLS",
}


def roles_provision(*, port: int, superuser: str, passwords: dict[str, str]) -> None:
    """Makes or repairs the three roles, the database and the default rights. `passwords` by role name."""
    import psycopg2

    def connect(database: str) -> Any:
        connection = psycopg2.connect(host="127.0.0.1", port=port, user=superuser, password=passwords[superuser], dbname=database, connect_timeout=10)
        connection.autocommit = True
        return connection

    connection = connect("postgres")
    with connection.cursor() as cursor:
        for role, attributes in _ROLES.items():
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            cursor.execute(f"{verb} ROLE {role} {attributes} PASSWORD %s", [passwords[role]])
        cursor.execute(f"GRANT pg_read_all_data TO {BACKUP}")
        # Test databases are dropped while the application's sessions are still open.
        cursor.execute(f"GRANT pg_signal_backend TO {OWNER}")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        cursor.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
        cursor.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP}")
        cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {BACKUP}")
    connection.close()
    # template1 too: databases made later (tests, restores) start with the same default rights.
    for database in (DATABASE, "template1"):
        connection = connect(database)
        with connection.cursor() as cursor:
            cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            cursor.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}")
            cursor.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE ON SEQUENCES TO {APP}")
        connection.close()
