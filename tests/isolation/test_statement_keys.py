"""Keys that are checked once per statement hold what row-by-row keys hold: nothing is named that is not there, nothing named goes."""

from __future__ import annotations

import threading

import psycopg2
import pytest
from django.db import DatabaseError, connection, models, transaction

from incentives.models import LedgerEntry, RunResult, Statement
from spm.calendars.models import Period
from spm.people.models import LegalEntity
from spm.tenancy.scope import tenant_scope
from tests.isolation.catalog import make_row, tenant_models
from tests.isolation.conftest import as_tenant

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = sorted((m for m in tenant_models() if m.keys_by_statement), key=lambda m: m._meta.label)
KEYS = [(model, name) for model in MODELS for name in model.keys_by_statement]


def parent_delete(tenant: int, parent: models.Model) -> None:
    """Deletes a row in SQL, as the application."""
    with as_tenant(tenant) as raw:
        raw.execute(f'DELETE FROM "{parent._meta.db_table}" WHERE id = %s', [parent.pk])


def rows_again(model: type[models.Model], row: models.Model, **given: int) -> str:
    """SQL that inserts two copies of a row by one statement, the second with other keys. Needs the scope for a statement, of which
    there is one for a payee and period."""
    columns = {f.column: f'"{f.column}"' for f in model._meta.concrete_fields if not f.primary_key}
    columns |= {name: sql for name, sql in (("uid", "gen_random_uuid()"), ("line_key", "n::text::bytea")) if name in columns}
    if model is Statement:
        first, second = (make_row(Period).pk for _ in range(2))
        columns["period_id"] = f"CASE n WHEN 1 THEN {first} ELSE {second} END"
    columns |= {name: f"CASE n WHEN 1 THEN {columns[name]} ELSE {value} END" for name, value in given.items()}
    columns |= {"run_to_id": '"run_from_id"'} if "run_to_id" in columns else {}  # of results, one alone is in force
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {table}, generate_series(1, 2) n WHERE id = {row.pk}"


def test_the_tables_are_those_that_runs_fill() -> None:
    assert [LedgerEntry, RunResult, Statement] == MODELS


@pytest.mark.parametrize(("model", "name"), KEYS, ids=[f"{m._meta.label}.{n}" for m, n in KEYS])
def test_what_a_row_names_can_neither_go_nor_change_its_key(model: type[models.Model], name: str, two: tuple[int, int], owner) -> None:
    ours, _ = two
    target = model._meta.get_field(name).remote_field.model
    with tenant_scope(ours):
        parent = make_row(target)
        make_row(model, **{name: parent})
    with pytest.raises((DatabaseError, psycopg2.Error), match="violates foreign key constraint"):
        parent_delete(ours, parent)
    with as_tenant(ours) as raw, pytest.raises(psycopg2.Error, match="violates foreign key constraint"):
        raw.execute(f'UPDATE "{target._meta.db_table}" SET id = id + 1000000 WHERE id = %s', [parent.pk])
    with as_tenant(ours) as raw:  # an ordinary change of the row is free
        raw.execute(f'UPDATE "{target._meta.db_table}" SET id = id WHERE id = %s', [parent.pk])
        assert raw.rowcount == 1


@pytest.mark.parametrize(("model", "name"), KEYS, ids=[f"{m._meta.label}.{n}" for m, n in KEYS])
def test_one_bad_row_among_many_refuses_the_statement(model: type[models.Model], name: str, two: tuple[int, int]) -> None:
    ours, theirs = two
    column = model._meta.get_field(name).column
    with tenant_scope(theirs):
        foreign = make_row(model._meta.get_field(name).remote_field.model)
    with tenant_scope(ours):
        row = make_row(model, run=make_row(LedgerEntry._meta.get_field("run").remote_field.model)) if model is LedgerEntry else make_row(model)
    with tenant_scope(ours):
        good = rows_again(model, row)
        bad = [rows_again(model, row, **{column: missing}) for missing in (foreign.pk, 999_999_999)]
    with as_tenant(ours) as raw:
        raw.execute(good)
        assert raw.rowcount == 2
    for statement in bad:
        with as_tenant(ours) as raw, pytest.raises(psycopg2.Error, match=f'"{model._meta.db_table}_{name}_fk"'):
            raw.execute(statement)


@pytest.mark.parametrize(("model", "name"), KEYS, ids=[f"{m._meta.label}.{n}" for m, n in KEYS])
def test_an_update_of_a_key_is_refused_because_it_would_not_be_looked_at(model: type[models.Model], name: str, two: tuple[int, int]) -> None:
    ours, _ = two
    with tenant_scope(ours):
        row = make_row(model)
    with as_tenant(ours) as raw, pytest.raises(psycopg2.Error, match=r"permission denied|only grows|keys of row"):
        raw.execute(f"UPDATE {model._meta.db_table} SET {model._meta.get_field(name).column} = 999999999 WHERE id = %s", [row.pk])


def test_the_keys_of_a_row_are_fixed_even_for_the_owner_of_the_table(two: tuple[int, int], owner) -> None:
    ours, _ = two
    with tenant_scope(ours):
        row, other = make_row(RunResult), make_row(RunResult)
    owner.execute("ALTER TABLE incentives_runresult DISABLE TRIGGER incentives_runresult_grow_u")
    try:
        owner.execute("SELECT set_config('app.tenant', %s, false)", [str(ours)])
        with pytest.raises(psycopg2.Error, match="keys of row"):
            owner.execute("UPDATE incentives_runresult SET seat_id = %s WHERE id = %s", [other.seat_id, row.pk])  # type: ignore[attr-defined]
    finally:
        owner.execute("ALTER TABLE incentives_runresult ENABLE TRIGGER incentives_runresult_grow_u")


def test_who_deletes_waits_for_who_refers_and_then_is_refused(two: tuple[int, int]) -> None:
    """Without the lock the deletion would see no entry yet, and the entry would name nothing."""
    ours, _ = two
    with tenant_scope(ours):
        entity = make_row(LegalEntity)
    named, said = threading.Event(), list[str]()

    def remove() -> None:
        named.wait(10)
        try:
            with tenant_scope(ours):
                LegalEntity.objects.filter(pk=entity.pk).order_by()._raw_delete("default")
        except DatabaseError as error:
            said.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=remove)
    thread.start()
    with tenant_scope(ours):
        make_row(LedgerEntry, legal_entity=entity)
        named.set()
        thread.join(0.5)
        assert thread.is_alive(), "the deletion waits for the entry's transaction"
    thread.join(10)
    assert len(said) == 1
    assert "violates foreign key constraint" in said[0]


def test_who_refers_to_a_row_that_is_being_deleted_is_refused(two: tuple[int, int]) -> None:
    ours, _ = two
    with tenant_scope(ours):
        entity, row = make_row(LegalEntity), make_row(LedgerEntry)
    deleted, said = threading.Event(), list[str]()

    def refer() -> None:
        deleted.wait(10)
        try:
            with tenant_scope(ours), connection.cursor() as cursor:
                cursor.execute(rows_again(LedgerEntry, row, legal_entity_id=entity.pk))
        except DatabaseError as error:
            said.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=refer)
    thread.start()
    with tenant_scope(ours):
        LegalEntity.objects.filter(pk=entity.pk).order_by()._raw_delete("default")
        deleted.set()
        thread.join(0.5)
        assert thread.is_alive(), "the entry waits for the deletion's transaction"
    thread.join(10)
    assert len(said) == 1
    assert "incentives_ledgerentry_legal_entity_fk" in said[0]


def test_a_deletion_with_an_old_snapshot_is_refused(two: tuple[int, int]) -> None:
    ours, _ = two
    with tenant_scope(ours):
        entity = make_row(LegalEntity)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(ours)])
        with pytest.raises(DatabaseError, match="READ COMMITTED"), transaction.atomic():
            cursor.execute("DELETE FROM people_legalentity WHERE id = %s", [entity.pk])


def test_negative_control_without_the_triggers_rows_name_nothing_and_parents_go(two: tuple[int, int], owner) -> None:
    ours, theirs = two
    with tenant_scope(theirs):
        foreign = make_row(LegalEntity)
    owner.execute("ALTER TABLE incentives_ledgerentry DISABLE TRIGGER incentives_ledgerentry_keys")
    owner.execute("ALTER TABLE people_legalentity DISABLE TRIGGER incentives_ledgerentry_keys_legal_entity_d")
    try:
        with tenant_scope(ours):
            entity = make_row(LegalEntity)
            make_row(LedgerEntry, legal_entity=entity)
            assert make_row(LedgerEntry, legal_entity=foreign, line_key=b"y").legal_entity_id == foreign.pk  # type: ignore[attr-defined]
        parent_delete(ours, entity)
    finally:
        owner.execute("ALTER TABLE incentives_ledgerentry ENABLE TRIGGER incentives_ledgerentry_keys")
        owner.execute("ALTER TABLE people_legalentity ENABLE TRIGGER incentives_ledgerentry_keys_legal_entity_d")
