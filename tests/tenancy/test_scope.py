"""The scope fails closed: no tenant, no rows and a loud error; one tenant, its rows only."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from spm.people.models import Payee
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import ScopeMismatch, ScopeMissing, current_tenant_id, guard_unscoped, tenant_scope
from tests.support.factories import make_payee


def test_reading_without_a_scope_raises(tenant):
    with pytest.raises(ScopeMissing, match="tenant_scope"):
        Payee.objects.all()


def test_a_queryset_evaluated_after_its_scope_raises_instead_of_being_empty(tenant):
    with tenant_scope(tenant.pk):
        make_payee()
        late = Payee.objects.all()
    with pytest.raises(ScopeMissing, match="people_payee"):
        list(late)


def test_without_the_guard_the_same_queryset_would_look_empty(tenant):
    """Negative control: the guard is what raises; the database alone answers with no rows."""
    with tenant_scope(tenant.pk):
        make_payee()
        late = Payee.objects.all()
    connection.execute_wrappers.remove(guard_unscoped)
    try:
        assert list(late) == []
    finally:
        connection.execute_wrappers.append(guard_unscoped)


def test_raw_sql_without_a_scope_raises(db):
    with connection.cursor() as cursor, pytest.raises(ScopeMissing):
        cursor.execute('SELECT count(*) FROM "people_payee"')


def test_scopes_of_two_tenants_do_not_nest(tenant, other_tenant):
    with tenant_scope(tenant.pk), pytest.raises(ScopeMismatch), tenant_scope(other_tenant.pk):
        pass
    assert current_tenant_id() is None


def test_scope_is_restored_after_an_error_and_after_success(tenant, other_tenant):
    def setting() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant', true)")
            return cursor.fetchone()[0] or ""

    with tenant_scope(tenant.pk):
        assert setting() == str(tenant.pk)
    assert setting() == ""
    with pytest.raises(ZeroDivisionError), tenant_scope(other_tenant.pk):
        raise ZeroDivisionError
    assert setting() == ""


def test_each_tenant_sees_its_own_rows_only(tenant, other_tenant):
    with tenant_scope(tenant.pk):
        make_payee(external_id="same")
    with tenant_scope(other_tenant.pk):
        assert Payee.objects.count() == 0
        make_payee(external_id="same")
        assert Payee.objects.count() == 1


def test_another_tenants_key_is_refused_by_the_database(tenant, other_tenant):
    with tenant_scope(tenant.pk):
        foreign = make_payee().legal_entity_id
    with tenant_scope(other_tenant.pk), pytest.raises(Exception, match="legal_entity_fk"), transaction.atomic():
        Payee.objects.create(external_id="x", legal_entity_id=foreign, pay_currency="USD")


@pytest.mark.django_db(transaction=True)
def test_change_set_numbers_follow_publication_not_creation():
    from spm.tenancy.changes import changeset_open, changeset_publish, known_number
    from tests.support.factories import make_tenant

    tenant = make_tenant("numbers")
    with tenant_scope(tenant.pk):
        first = changeset_open(kind=ChangeSet.Kind.IMPORT)
    with tenant_scope(tenant.pk):
        second = changeset_publish(changeset_open(kind=ChangeSet.Kind.EDIT))
        assert (second.number, known_number()) == (1, 1)
    with tenant_scope(tenant.pk):
        assert changeset_publish(first).number == 2
        assert changeset_publish(first).number == 2
