"""From staged rows in a temporary table to resolved rows: identities unique, references found, everything else an error with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext_noop

from spm.imports.fields import SQL_TYPES, Field, scale_of
from spm.imports.mapping import Mapping
from spm.imports.staging import Chunk
from spm.imports.targets import Target
from spm.imports.undo import UndoLog
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import required_tenant_id
from spm.told import LONGEST

# How people name a row of these in a file, and whether a source is part of that name.
NAMED_BY = {
    "people.Position": "code", "people.LegalEntity": "code", "planning.Territory": "code", "calendars.FiscalCalendar": "code", "people.Team": "code",
    "incentives.Plan": "code",
}  # fmt: skip


def column_of(name: str) -> str:
    """The staging column of a field."""
    return "f_" + name.replace(".", "_")


class Load:
    """One import's rows in the database, for the length of its transaction."""

    def __init__(self, target: Target, mapping: Mapping, fields: dict[str, Field]) -> None:
        self.target, self.mapping, self.fields = target, mapping, fields
        self.tenant = required_tenant_id()
        self.changeset: ChangeSet | None = None
        self.names = list(mapping.fields)
        self.undo = UndoLog()
        self._noted: list[tuple[Any, ...]] = []
        columns = ", ".join(f'"{column_of(name)}" {SQL_TYPES[fields[name].kind]}' for name in self.names)
        with connection.cursor() as cursor:
            for table in ("imp_rows", "imp_bad", "imp_good", "imp_ready"):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(f"CREATE TEMPORARY TABLE imp_rows (n bigint GENERATED ALWAYS AS IDENTITY, line integer NOT NULL, {columns}) ON COMMIT DROP")
            cursor.execute('CREATE TEMPORARY TABLE imp_bad (n bigint, "column" text, cause text, mend text) ON COMMIT DROP')

    def scale(self, name: str) -> int:
        """The scale at which a field's amounts are staged."""
        return scale_of(self.fields[name], self.mapping.fields.get(name))

    def take(self, chunk: Chunk) -> None:
        """Copies the good rows of a chunk into the staging table."""
        copy_rows("imp_rows", ["line", *(column_of(name) for name in self.names)], chunk.rows)

    def refuse(self, of: str, *, column: str, cause: str, mend: str, **given: str) -> int:
        """Adds an error for each row that `of` ("FROM ... WHERE ...", with n) gives; returns how many.

        cause and mend are messages marked for translation; `given` are their parameters as SQL over the rows.
        """

        def text(message: str) -> str:
            pairs = ", ".join(f"'{name}', left(({sql})::text, {LONGEST})" for name, sql in given.items() if f"%({name})" in message)
            return f"json_build_object('told', %s::text, 'with', json_build_object({pairs}))::text"

        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO imp_bad SELECT n, %s, {text(cause)}, {text(mend)} {of}", [column, cause, mend])
            return cursor.rowcount

    def rejections_note(self) -> None:
        """Remembers what was rejected so far: errors that a writer found go back with its savepoint."""
        with connection.cursor() as cursor:
            cursor.execute('SELECT n, "column", cause, mend FROM imp_bad')
            self._noted = cursor.fetchall()

    def rejections_restore(self) -> None:
        """Puts the remembered rejections in place again."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM imp_bad")
        copy_rows("imp_bad", ["n", "column", "cause", "mend"], self._noted)

    def source_columns(self, name: str) -> str:
        """The file's columns from which a field was read, for messages."""
        return " + ".join(self.mapping.fields[name].columns) or name

    def resolve(self) -> None:
        """Makes imp_good: accepted rows with each reference's id in r_<field>. Identities that stand twice and references to nothing are errors."""
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE imp_rows")
        self._twice()
        refs = [name for name in self.names if self.fields[name].kind == "ref"]
        joins, shown = [], ["s.*"]
        for i, name in enumerate(refs):
            joins.append(self._join(f"j{i}", name))
            shown.append(f'j{i}.id AS "r_{name}"')
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TEMPORARY TABLE imp_good ON COMMIT DROP AS SELECT {', '.join(shown)} FROM imp_rows s {' '.join(joins)}"
                + (" WHERE NOT EXISTS (SELECT FROM imp_bad b WHERE b.n = s.n)" if self._has_bad() else "")
            )
            cursor.execute("ANALYZE imp_good")
        for name in refs:
            field = self.fields[name]
            label = field.to.rpartition(".")[2].lower()
            self.refuse(
                f'FROM imp_good WHERE "{column_of(name)}" IS NOT NULL AND "r_{name}" IS NULL', column=self.source_columns(name),
                cause=gettext_noop("there is no %(kind)s %(value)s"), mend=gettext_noop("import the %(kind)s first, or mend the cell"),
                kind=f"'{label}'", value=f'"{column_of(name)}"',
            )  # fmt: skip
        self.drop_bad()

    def drop_bad(self) -> None:
        """Takes rows that were found bad out of imp_good."""
        with connection.cursor() as cursor:
            if self._has_bad():
                cursor.execute("DELETE FROM imp_good g USING imp_bad b WHERE b.n = g.n")

    def _has_bad(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM imp_bad)")
            return bool(cursor.fetchone()[0])

    def _twice(self) -> None:
        keys = [column_of(name) for name in self.target.identity if name in self.fields]
        if not keys:
            return
        shown = ", ".join(f'"{key}"' for key in keys)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT EXISTS (SELECT FROM imp_rows GROUP BY {shown} HAVING count(*) > 1)")
            if not cursor.fetchone()[0]:
                return
        self.refuse(
            f"FROM (SELECT n, line, min(line) OVER w AS first, row_number() OVER (PARTITION BY {shown} ORDER BY n) AS turn FROM imp_rows "
            f"WINDOW w AS (PARTITION BY {shown})) t WHERE turn > 1",
            column=" + ".join(self.source_columns(name) for name in self.target.identity if name in self.fields),
            cause=gettext_noop("the same row stands in line %(line)s already"), mend=gettext_noop("keep one of the lines"), line="first",
        )  # fmt: skip

    def _join(self, alias: str, name: str) -> str:
        field, key = self.fields[name], column_of(name)
        model = apps.get_model(field.to)
        table, by = model._meta.db_table, NAMED_BY.get(field.to, "external_id")
        on = f'{alias}.tenant_id = {self.tenant} AND {alias}."{by}" = s."{key}"'
        if by == "external_id":
            source = self.mapping.fields[name].source or self.mapping.source
            on += f" AND {alias}.source = '{source.replace(chr(39), '')}'"
        return f'LEFT JOIN "{table}" {alias} ON {on}'


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY into a temporary table; None and the empty text are both null."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)", buffer)
