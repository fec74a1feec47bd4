"""Test databases: the owner migrates one template, each xdist worker gets a copy, tests connect as the application."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connections

ROOT = Path(__file__).resolve().parents[2]


def _schema_fingerprint() -> str:
    """Changes whenever a migration or a guard's SQL changes, so that a stale template is never reused."""
    digest = hashlib.sha256()
    paths = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("spm/*/migrations/*.py"), *ROOT.glob("spm/tenancy/*.py")])
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _admin() -> psycopg2.extensions.connection:
    """The owner's connection to the database named in its URL; it may create databases."""
    s = settings.DATABASES["owner"]
    connection = psycopg2.connect(dbname=_BASE_NAME, user=s["USER"], password=s["PASSWORD"], host=s["HOST"], port=s["PORT"] or None)
    connection.autocommit = True
    return connection


_BASE_NAME = settings.DATABASES["owner"]["NAME"]


@contextmanager
def _locked() -> Iterator[None]:
    folder = Path(os.environ["SPM_DATA_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "template.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def point_at(name: str) -> None:
    """Makes both aliases of Django use the database of this name."""
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name


def _drop(cursor: psycopg2.extensions.cursor, name: str) -> None:
    """FORCE is refused while autovacuum, which runs as a superuser, is in the database; the plain form ends autovacuum itself."""
    try:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
    except psycopg2.errors.ObjectInUse:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def create_worker_database() -> str:
    """A fresh copy of the migrated template for this worker; returns its name."""
    from django.contrib.contenttypes.models import ContentType

    template = f"test_template_{_schema_fingerprint()}"
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"
    with _locked():
        admin = _admin()
        with admin.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_template\\_%'")
            existing = {row[0] for row in cursor.fetchall()}
            if template not in existing:
                cursor.execute(f'CREATE DATABASE "{template}_new"') if f"{template}_new" not in existing else None
                point_at(f"{template}_new")
                call_command("migrate", verbosity=0, database="owner")
                ContentType.objects.clear_cache()
                connections["owner"].close()
                cursor.execute(f'ALTER DATABASE "{template}_new" RENAME TO "{template}"')
            _drop(cursor, name)
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        admin.close()
    point_at(name)
    return name


def drop_worker_database(name: str) -> None:
    """Closes both connections and drops the worker's database."""
    for alias in ("default", "owner"):
        connections[alias].close()
    admin = _admin()
    with admin.cursor() as cursor:
        _drop(cursor, name)
    admin.close()
