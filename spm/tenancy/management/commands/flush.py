"""`flush` as the owner: only tests call it, and the application role may not TRUNCATE. Append-only guards are lifted for it."""

from typing import Any

import psycopg2
from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as FlushCommand
from django.db import connections

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


class Command(FlushCommand):
    def handle(self, **options: Any) -> None:
        s = connections["owner"].settings_dict
        if not str(s["NAME"]).startswith("test_"):
            raise CommandError("flush empties every table; it runs on test databases (test_...) only.")
        connection = psycopg2.connect(dbname=s["NAME"], user=s["USER"], password=s["PASSWORD"], host=s["HOST"], port=s["PORT"] or None)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            tables = [row[0] for row in cursor.fetchall() if row[0] not in KEPT]
            cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%\\_t' AND NOT tgisinternal")
            triggers = cursor.fetchall()
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
            cursor.execute("TRUNCATE " + ", ".join(f'"{t}"' for t in tables) + " RESTART IDENTITY CASCADE")
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{trigger}"')
        connection.close()
