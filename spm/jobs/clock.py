"""The database server's clock. Leases and due times are compared on it alone, so that no worker's clock has to be right."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import DateTimeField, Func


class DatabaseNow(Func):
    """clock_timestamp(): the time at this very statement, not at the start of the transaction."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def database_now() -> dt.datetime:
    """The server's time, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(dt.UTC)
