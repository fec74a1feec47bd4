"""Two tenants, the owner's own connection, and the application's with the database's setting alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.db import connection, connections, transaction

from tests.support.factories import make_tenant


@pytest.fixture
def two() -> tuple[int, int]:
    return make_tenant("ours").pk, make_tenant("theirs").pk


@pytest.fixture
def owner() -> Iterator[psycopg2.extensions.cursor]:
    s = connections["owner"].settings_dict
    opened = psycopg2.connect(dbname=s["NAME"], user=s["USER"], password=s["PASSWORD"], host=s["HOST"], port=s["PORT"] or None)
    opened.autocommit = True
    with opened.cursor() as cursor:
        yield cursor
    opened.close()


@contextmanager
def as_tenant(tenant: int | None) -> Iterator[psycopg2.extensions.cursor]:
    """Raw SQL of the application with the database's setting alone, in a transaction that is rolled back: the ORM's own filter
    must not be what protects."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, true)", ["" if tenant is None else str(tenant)])
        yield cursor.cursor
        transaction.set_rollback(True)
