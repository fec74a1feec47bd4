"""Database guards written as Django constraints, so that migrations carry them and `makemigrations --check` sees them.

Row-level policies, composite foreign keys (tenant, id), append-only triggers, no overlap of dated rows.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import BaseConstraint


def short_name(name: str) -> str:
    """At most 63 bytes, PostgreSQL's limit: a long name keeps its head and ends in a hash of the whole."""
    return name if len(name) <= 63 else f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class TableGuard(BaseConstraint):
    """Base: SQL run after the table exists. The database enforces it; Django's validation has nothing to add."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        raise NotImplementedError(f"{type(self).__name__}.statements")

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        raise NotImplementedError(f"{type(self).__name__}.removals")

    def constraint_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]  # Django takes None as "deferred"
        # In CREATE TABLE: defer, so that every referenced table of the migration exists.
        schema_editor.deferred_sql.extend(self.statements(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        return "; ".join(self.statements(model, schema_editor))

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return "; ".join(self.removals(model, schema_editor))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()  # type: ignore[attr-defined]

    __hash__ = BaseConstraint.__hash__

    def quoted_name(self, schema_editor: Any) -> str:
        return schema_editor.quote_name(short_name(self.name))


def _table(model: Any, schema_editor: Any) -> str:
    return schema_editor.quote_name(model._meta.db_table)


class RowLevelSecurity(TableGuard):
    """ENABLE and FORCE, one restrictive policy that compares the tenant, one permissive policy that opens the rest.

    `user_column` names a column by which a user may also read (never write) his own rows of any tenant.
    """

    def __init__(self, *, name: str, user_column: str | None = None) -> None:
        super().__init__(name=name)
        self.user_column = user_column

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        if self.user_column:
            kwargs["user_column"] = self.user_column
        return path, args, kwargs

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        table = _table(model, schema_editor)
        mine = "tenant_id = nullif(current_setting('app.tenant', true), '')::bigint"
        out = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"]
        if self.user_column:
            own = f"{schema_editor.quote_name(self.user_column)} = nullif(current_setting('app.user', true), '')::bigint"
            out += [
                f"CREATE POLICY tenant_read ON {table} AS RESTRICTIVE FOR SELECT USING ({mine} OR {own})",
                f"CREATE POLICY tenant_insert ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({mine})",
                f"CREATE POLICY tenant_update ON {table} AS RESTRICTIVE FOR UPDATE USING ({mine}) WITH CHECK ({mine})",
                f"CREATE POLICY tenant_delete ON {table} AS RESTRICTIVE FOR DELETE USING ({mine})",
            ]
        else:
            out.append(f"CREATE POLICY tenant_only ON {table} AS RESTRICTIVE USING ({mine}) WITH CHECK ({mine})")
        out.append(f"CREATE POLICY open ON {table} AS PERMISSIVE USING (true) WITH CHECK (true)")
        return out

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        table = _table(model, schema_editor)
        names = ["tenant_read", "tenant_insert", "tenant_update", "tenant_delete"] if self.user_column else ["tenant_only"]
        drops = [f"DROP POLICY IF EXISTS {name} ON {table}" for name in [*names, "open"]]
        return [*drops, f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY", f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"]


class CompositeForeignKey(TableGuard):
    """FOREIGN KEY (tenant_id, column) REFERENCES target (tenant_id, id): a key check bypasses policies, so the tenant is in the key."""

    def __init__(self, *, name: str, field: str, to: str) -> None:
        super().__init__(name=name)
        self.field = field
        self.to = to

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field, "to": self.to}

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        target = model._meta.apps.get_model(self.to)
        column = schema_editor.quote_name(model._meta.get_field(self.field).column)
        return [
            f"ALTER TABLE {_table(model, schema_editor)} ADD CONSTRAINT {self.quoted_name(schema_editor)} FOREIGN KEY (tenant_id, {column}) "
            f"REFERENCES {_table(target, schema_editor)} (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE"
        ]

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        return [f"ALTER TABLE {_table(model, schema_editor)} DROP CONSTRAINT {self.quoted_name(schema_editor)}"]


class StatementKeys(TableGuard):
    """Composite keys (tenant, column) that are checked once for each statement, not row by row: for tables that are filled by
    thousands of rows at a time, where the keys would cost more than the rows, and whose keys never change.

    As strong as CompositeForeignKey: an INSERT that names a row which its tenant does not have fails with the same error, holds the
    rows it names until its transaction ends, and such a row can neither go nor change its key while one refers to it. An UPDATE of a
    named column is refused outright. The functions have the rights of who calls them, so policies bind them too.
    """

    def __init__(self, *, name: str, fields: tuple[str, ...] | list[str]) -> None:
        super().__init__(name=name)
        self.fields = tuple(fields)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "fields": list(self.fields)}

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        table, name = model._meta.db_table, short_name(self.name)
        quoted, checks, parents, columns = _table(model, schema_editor), [], [], []
        for field in self.fields:
            column, target = model._meta.get_field(field).column, self._target(model, field)
            columns.append(column)
            named, key = f'n."{column}"', short_name(f"{table}_{field}_fk")
            checks.append(
                f'SELECT {named} INTO missing FROM (SELECT DISTINCT tenant_id, "{column}" FROM fresh WHERE "{column}" IS NOT NULL) n WHERE NOT EXISTS '
                f"(SELECT FROM {_table(target, schema_editor)} k WHERE k.tenant_id = n.tenant_id AND k.id = {named} FOR KEY SHARE OF k) LIMIT 1; "
                f'IF FOUND THEN RAISE EXCEPTION \'insert on table "{table}" violates foreign key constraint "{key}"\' '
                f"USING ERRCODE = 'foreign_key_violation', DETAIL = format('Key (tenant_id, {column})=(.., %s) is not present in table "
                f'"{target._meta.db_table}".\', missing); END IF; '
            )
            for suffix, event in (("d", "DELETE"), ("u", "UPDATE OF tenant_id, id")):
                changed = "" if suffix == "d" else "WHEN ((OLD.tenant_id, OLD.id) IS DISTINCT FROM (NEW.tenant_id, NEW.id)) "
                parents.append(
                    f'CREATE TRIGGER "{self._held(field, suffix)}" BEFORE {event} ON {_table(target, schema_editor)} FOR EACH ROW {changed}'
                    f"EXECUTE FUNCTION spm_key_held('{table}', '{column}')"
                )
        moved = " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in ("tenant_id", *columns))
        return [
            f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ '
            f"DECLARE missing bigint; BEGIN {''.join(checks)}RETURN NULL; END $$",
            f'CREATE TRIGGER "{name}" AFTER INSERT ON {quoted} REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION "{name}"()',
            "CREATE OR REPLACE FUNCTION spm_key_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ BEGIN "
            "RAISE EXCEPTION 'table %: the keys of row % are fixed', TG_TABLE_NAME, OLD.id USING ERRCODE = 'restrict_violation'; END $$",
            f'CREATE TRIGGER "{name}_u" BEFORE UPDATE ON {quoted} FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION spm_key_fixed()',
            # A snapshot older than the lock on the row would not see who began to refer to it meanwhile.
            "CREATE OR REPLACE FUNCTION spm_key_held() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ "
            "DECLARE held boolean; BEGIN IF current_setting('transaction_isolation') <> 'read committed' THEN "
            "RAISE EXCEPTION 'rows of table % are deleted in READ COMMITTED alone', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; "
            "EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE tenant_id = $1 AND %I = $2)', TG_ARGV[0], TG_ARGV[1]) INTO held USING OLD.tenant_id, OLD.id; "
            'IF held THEN RAISE EXCEPTION \'update or delete on table "%" violates foreign key constraint of table "%"\', TG_TABLE_NAME, TG_ARGV[0] '
            "USING ERRCODE = 'foreign_key_violation', DETAIL = format('Key (tenant_id, id)=(.., %s) is still referenced from column %I.', OLD.id, TG_ARGV[1]); "
            "END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
            *parents,
        ]

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        table, name = _table(model, schema_editor), short_name(self.name)
        held = [
            f'DROP TRIGGER IF EXISTS "{self._held(field, suffix)}" ON {_table(self._target(model, field), schema_editor)}'
            for field in self.fields
            for suffix in "du"
        ]
        return [*held, f'DROP TRIGGER IF EXISTS "{name}_u" ON {table}', f'DROP TRIGGER IF EXISTS "{name}" ON {table}', f'DROP FUNCTION IF EXISTS "{name}"()']

    def trigger_names(self) -> set[str]:
        """All triggers of the guard: on the table, and on those that its keys name."""
        own = short_name(self.name)
        return {own, f"{own}_u"} | {self._held(field, suffix) for field in self.fields for suffix in "du"}

    def _held(self, field: str, suffix: str) -> str:
        return short_name(f"{self.name}_{field}_{suffix}")

    @staticmethod
    def _target(model: Any, field: str) -> Any:
        target = model._meta.get_field(field).remote_field.model
        return model._meta.apps.get_model(target) if isinstance(target, str) else target


class AppendOnly(TableGuard):
    """A trigger that refuses UPDATE, DELETE and TRUNCATE. Grants are narrowed too (spm.tenancy.grants).

    `except_columns` may be changed (a row's state that is not part of what was recorded).
    """

    def __init__(self, *, name: str, except_columns: tuple[str, ...] | list[str] = ()) -> None:
        super().__init__(name=name)
        self.except_columns = tuple(except_columns)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        if self.except_columns:
            kwargs["except_columns"] = list(self.except_columns)
        return path, args, kwargs

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        table, name = _table(model, schema_editor), short_name(self.name)
        fixed = [f.column for f in model._meta.local_concrete_fields if f.column not in self.except_columns]
        when = " OR ".join(f'NEW."{c}" IS DISTINCT FROM OLD."{c}"' for c in fixed)
        update = f"BEFORE UPDATE ON {table} FOR EACH ROW " + (f"WHEN ({when}) " if self.except_columns else "")
        return [
            "CREATE OR REPLACE FUNCTION spm_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ BEGIN "
            "RAISE EXCEPTION 'table % only grows: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'; END $$",
            f'CREATE TRIGGER "{name}_u" {update}EXECUTE FUNCTION spm_append_only()',
            f'CREATE TRIGGER "{name}_d" BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION spm_append_only()',
            f'CREATE TRIGGER "{name}_t" BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION spm_append_only()',
        ]

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        return [f'DROP TRIGGER IF EXISTS "{short_name(self.name)}_{suffix}" ON {_table(model, schema_editor)}' for suffix in "udt"]


class NoOverlap(TableGuard):
    """Of the rows that are not retired, none of the same key overlaps another in [valid_from, valid_to)."""

    def __init__(self, *, name: str, keys: tuple[str, ...] | list[str]) -> None:
        super().__init__(name=name)
        self.keys = tuple(keys)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "keys": list(self.keys)}

    def statements(self, model: Any, schema_editor: Any) -> list[str]:
        # Ranges over int8 need no extension, where plain = in GiST would; text keys go through their hash (a collision only refuses a row).
        parts = []
        for key in ("tenant", *self.keys):
            field = model._meta.get_field(key)
            column = schema_editor.quote_name(field.column)
            value = f"hashtextextended({column}, 0)" if field.get_internal_type() in {"CharField", "TextField", "SlugField"} else f"{column}::int8"
            parts.append(f"int8range({value}, {value}, '[]') WITH =")
        return [
            f"ALTER TABLE {_table(model, schema_editor)} ADD CONSTRAINT {self.quoted_name(schema_editor)} EXCLUDE USING gist "
            f"({', '.join(parts)}, daterange(valid_from, valid_to) WITH &&) WHERE (known_to_id IS NULL)"
        ]

    def removals(self, model: Any, schema_editor: Any) -> list[str]:
        return [f"ALTER TABLE {_table(model, schema_editor)} DROP CONSTRAINT {self.quoted_name(schema_editor)}"]
