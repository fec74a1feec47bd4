"""Erasing a person: his name is in no text column of any table afterwards, and the books that hold his id stand."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps
from django.db import connection

from spm.access import services as access
from spm.access.models import Role, User
from spm.people import services
from spm.people.errors import PeopleError
from spm.people.models import Assignment, Payee
from spm.people.services import erasure
from tests.support.factories import make_entity, make_member, make_user

WORDS = ("wittgenstein", "ludwig", "555-0199")


def found_in() -> list[str]:
    """Columns, of every table there is, whose text holds one of the words (read as the tenant sees it, and the global tables)."""
    hits = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea')"
        )
        for table, column in cursor.fetchall():
            for word in WORDS:
                value = f"encode(\"{column}\", 'escape')" if _is_bytes(table, column) else f'"{column}"::text'
                cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {value} ILIKE %s', [f"%{word}%"])
                if cursor.fetchone()[0]:
                    hits.append(f"{table}.{column}")
    return sorted(set(hits))


def _is_bytes(table: str, column: str) -> bool:
    model = next((m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table), None)
    return model is not None and any(f.column == column and f.get_internal_type() == "BinaryField" for f in model._meta.concrete_fields)


@pytest.fixture
def ludwig(scope):
    payee = services.payee_create(
        external_id="E77", legal_entity=make_entity(), display_name="Ludwig Wittgenstein", given_name="Ludwig", family_name="Wittgenstein",
        email="ludwig@example.com", phone="555-0199", hired=dt.date(2024, 1, 1),
    )  # fmt: skip
    position = services.position_create(code="AE", title="Account executive")
    services.assignment_start(payee=payee, position=position, start=dt.date(2024, 1, 1))
    make_member(make_user("admin@example.com"), Role.TENANT_ADMIN)
    make_member(make_user("ludwig.wittgenstein@example.com"), Role.REP, payee=payee)
    access.invitation_create(email="ludwig@example.com", roles=[Role.REP], payee=payee, base_url="http://x", actor_id=None)
    return payee


def test_after_erasure_the_name_is_in_no_text_column_and_the_books_stand(ludwig):
    assert {"people_persondetail.display_name", "access_user.email", "access_invitation.email"} <= set(found_in()), "the scan finds him before"
    services.person_erase(payee=ludwig, actor_id=None, reason="request 12")
    assert found_in() == []
    stood = Payee.objects.get(pk=ludwig.pk)
    assert (stood.external_id, stood.erased_at is not None) == ("E77", True)
    assert Assignment.objects.filter(payee=stood).count() == 1


def test_the_account_of_someone_who_works_elsewhere_too_is_left_alone(ludwig, other_tenant):
    user = User.objects.get(email="ludwig.wittgenstein@example.com")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(other_tenant.pk)])
        cursor.execute(
            "INSERT INTO access_membership (uid, created_at, tenant_id, user_id) VALUES (gen_random_uuid(), now(), %s, %s)", [other_tenant.pk, user.pk]
        )
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(ludwig.tenant_id)])
    services.person_erase(payee=ludwig, actor_id=None, reason="request 12")
    user.refresh_from_db()
    assert (user.email, user.is_active) == ("ludwig.wittgenstein@example.com", True)


def test_erasing_needs_a_reason_and_happens_once(ludwig):
    with pytest.raises(PeopleError, match="needs a reason"):
        services.person_erase(payee=ludwig, actor_id=None, reason=" ")
    services.person_erase(payee=ludwig, actor_id=None, reason="request 12")
    first = Payee.objects.get(pk=ludwig.pk).erased_at
    services.person_erase(payee=ludwig, actor_id=None, reason="request 13")
    assert Payee.objects.get(pk=ludwig.pk).erased_at == first
    with pytest.raises(PeopleError, match="was erased"):
        services.person_update(payee=Payee.objects.get(pk=ludwig.pk), display_name="Ludwig again")


def test_a_registered_eraser_gets_the_details_before_they_go(ludwig):
    seen = []
    services.eraser_register("test", lambda payee, detail: seen.append((payee.external_id, detail.display_name)))
    try:
        services.person_erase(payee=ludwig, actor_id=None, reason="request 12")
    finally:
        erasure._erasers.pop("test")
    assert seen == [("E77", "Ludwig Wittgenstein")]
