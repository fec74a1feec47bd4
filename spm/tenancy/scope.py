"""The tenant scope: which tenant the current code works for, told to PostgreSQL for one transaction.

The scope owns its transaction, so that a pooler between us and the server is safe and a lazily evaluated query cannot run
after the setting is gone: without a scope, the guard below raises before the query is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

_tenant: ContextVar[int | None] = ContextVar("spm_tenant", default=None)
_QUOTED = re.compile(r'"([a-z0-9_]+)"')


class ScopeMissing(RuntimeError):
    """A tenant table was touched outside `with tenant_scope(tenant_id):`."""


class ScopeMismatch(RuntimeError):
    """A scope of one tenant was opened inside the scope of another."""


def current_tenant_id() -> int | None:
    """The id of the tenant in scope, or None."""
    return _tenant.get()


def required_tenant_id() -> int:
    """The id of the tenant in scope; raises ScopeMissing when there is none."""
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise ScopeMissing("No tenant in scope. Wrap the call in `with tenant_scope(tenant_id):`.")
    return tenant_id


def _set(using: str, name: str, value: object) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, "" if value is None else str(value)])


@contextmanager
def tenant_scope(tenant_id: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[int]:
    """Opens a transaction in which the application sees and writes the rows of one tenant only.

    Nesting the same tenant is a savepoint. Nesting another tenant raises ScopeMismatch. On success the former setting is
    put back (an outer transaction may go on, as in tests); on an error the rollback has done so already.
    """
    tenant_id = int(tenant_id)
    before = _tenant.get()
    if before is not None and before != tenant_id:
        raise ScopeMismatch(f"The scope of tenant {tenant_id} was opened inside the scope of tenant {before}; leave that one first.")
    token = _tenant.set(tenant_id)
    try:
        with transaction.atomic(using=using):
            _set(using, "app.tenant", tenant_id)
            yield tenant_id
            if not connections[using].needs_rollback:
                _set(using, "app.tenant", before)
    finally:
        _tenant.reset(token)


@contextmanager
def user_scope(user_id: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Opens a transaction in which a user's own memberships (of any tenant) can be read: the second policy of that table."""
    with transaction.atomic(using=using):
        _set(using, "app.user", user_id)
        yield
        if not connections[using].needs_rollback:
            _set(using, "app.user", None)


def guard_unscoped(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute wrapper on the application's connection: a statement that names a tenant table needs a scope.

    The database alone would answer with no rows, and an empty page looks like a truth.
    """
    if _tenant.get() is None:
        from spm.tenancy.registry import tenant_tables

        text = sql if isinstance(sql, str) else sql.decode() if isinstance(sql, bytes) else str(sql)
        hit = tenant_tables().intersection(_QUOTED.findall(text))
        if hit:
            raise ScopeMissing(f"{sorted(hit)[0]} was touched with no tenant in scope. Wrap the call in `with tenant_scope(tenant_id):`.")
    return execute(sql, params, many, context)
