"""What the application role may do in the database. Runs after every migration, as the owner; safe to repeat."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections

from spm.tenancy.constraints import AppendOnly


def grants_apply(*, using: str = "owner") -> None:
    """SELECT, INSERT, UPDATE, DELETE on tables; no UPDATE or DELETE where a table only grows; never TRUNCATE or DDL."""
    role = connections[using].ops.quote_name(str(settings.DATABASE_APP_ROLE))
    if connections[using].settings_dict["USER"] == settings.DATABASE_APP_ROLE:
        raise RuntimeError("The owner and the application must be different roles: DATABASE_OWNER_URL and DATABASE_URL name the same user.")
    narrow: dict[str, str] = {"django_migrations": "SELECT", "django_content_type": "SELECT", "auth_permission": "SELECT"}
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, AppendOnly):
                columns = ", ".join(f'"{c}"' for c in constraint.except_columns)
                narrow[model._meta.db_table] = "SELECT, INSERT" + (f", UPDATE ({columns})" if columns else "")
    with connections[using].cursor() as cursor:
        for table in connections[using].introspection.table_names(cursor):
            cursor.execute(f'REVOKE ALL ON "{table}" FROM {role}')
            cursor.execute(f'GRANT {narrow.get(table, "SELECT, INSERT, UPDATE, DELETE")} ON "{table}" TO {role}')
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")


def grants_after_migrate(*, using: str, **_: Any) -> None:
    """post_migrate receiver of the last app."""
    if using == "owner":
        grants_apply(using=using)
