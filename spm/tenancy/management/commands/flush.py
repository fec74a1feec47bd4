"""`flush` as the owner: only tests call it, and the application role may not TRUNCATE. Append-only guards are lifted for it."""

from typing import Any

from django.core.management.commands.flush import Command as FlushCommand
from django.db import connections, transaction



class Command(FlushCommand):
    def handle(self, **options: Any) -> None:
        connection = connections["owner"]
        if not str(connection.settings_dict["NAME"]).startswith("test_"):
            raise SystemExit("flush empties every table; it runs on test databases (test_...) only.")
        with transaction.atomic(using="owner"), connection.cursor() as cursor:
            tables = [t for t in connection.introspection.table_names(cursor) if t not in KEPT]
            cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%\\_t' AND NOT tgisinternal")
            triggers = cursor.fetchall()
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
            cursor.execute("TRUNCATE " + ", ".join(f'"{t}"' for t in tables) + " RESTART IDENTITY CASCADE")
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{trigger}"')


KEPT = {"django_migrations", "django_content_type", "auth_permission"}
