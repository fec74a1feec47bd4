"""The audit log betrays every change made behind its back. Each attack is carried out as the database's owner, guards lifted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from django.db import connections

from spm.audit.chain import NotForTheLog
from spm.audit.models import AuditEntry, AuditHead
from spm.audit.selectors import audit_breaks, audit_head, audit_of
from spm.audit.services import audit_record
from spm.people.models import LegalEntity
from spm.tenancy.models import Tenant
from spm.tenancy.scope import ScopeMissing, tenant_scope
from tests.support.factories import make_entity, make_tenant


@pytest.fixture
def firm(transactional_db: None) -> Tenant:
    """A tenant with five entries, committed."""
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        entity = make_entity()
        for number in range(1, 6):
            audit_record(action="entity.rename", target=entity, before={"code": f"c{number}"}, after={"code": f"c{number + 1}", "amount": "10.50"}, actor_id=7)
    return tenant


@pytest.fixture
def attack(firm: Tenant) -> Iterator[Callable[[str], None]]:
    """Runs SQL as the owner with the triggers and policies out of the way."""
    s = connections["owner"].settings_dict
    opened = psycopg2.connect(dbname=s["NAME"], user=s["USER"], password=s["PASSWORD"], host=s["HOST"], port=s["PORT"] or None)
    opened.autocommit = True

    def run(sql: str) -> None:
        with opened.cursor() as cursor:
            for table in ("audit_auditentry", "audit_audithead"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            cursor.execute(sql)
            assert cursor.rowcount > 0, "the attack touched nothing"
            for table in ("audit_auditentry", "audit_audithead"):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER; ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    yield run
    opened.close()


def breaks(tenant: Tenant, anchors: dict[int, str] | None = None) -> list[str]:
    with tenant_scope(tenant.pk):
        return list(audit_breaks(anchors=anchors))


def test_an_untouched_log_is_whole(firm):
    assert breaks(firm) == []
    with tenant_scope(firm.pk):
        assert [e.sequence for e in audit_of(LegalEntity.objects.get())] == [5, 4, 3, 2, 1]


EDITS = ["actor_id = 8", 'after = \'{"code": "x"}\'', "before = NULL", "at = at + interval '1 second'", "object_uid = 'x'", "object_type = 'x'"]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_entry_shows(firm, attack, edit):
    attack(f"UPDATE audit_auditentry SET {edit} WHERE sequence = 3")
    assert breaks(firm) == ["audit entry 3 (entity.rename) does not match its seal: it, or the one before it, was changed"]


def test_a_removed_entry_shows_as_a_gap(firm, attack):
    attack("DELETE FROM audit_auditentry WHERE sequence = 3")
    assert "audit entries 3 to 3 are missing" in breaks(firm)


def test_a_gap_closed_by_renumbering_shows(firm, attack):
    attack("DELETE FROM audit_auditentry WHERE sequence = 3")
    attack("UPDATE audit_auditentry SET sequence = sequence - 1 WHERE sequence > 3")
    assert any("entry 3" in text and "seal" in text for text in breaks(firm))


def test_a_cut_tail_shows(firm, attack):
    attack("DELETE FROM audit_auditentry WHERE sequence > 3")
    assert breaks(firm) == ["the audit log ends at 3, but its head says 5: the tail was cut off"]


def test_a_cut_tail_with_the_head_set_back_shows(firm, attack):
    """The seal of entry 3 is at hand in the table, but it is not the seal of a head at 3."""
    attack("DELETE FROM audit_auditentry WHERE sequence > 3")
    attack("UPDATE audit_audithead SET sequence = 3, mac = (SELECT mac FROM audit_auditentry WHERE sequence = 3)")
    assert breaks(firm) == ["the head of the audit chain does not match its seal: the head or the tail was changed"]


def test_the_whole_log_put_back_to_an_older_state_shows_by_the_anchor_alone(firm, attack):
    with tenant_scope(firm.pk):
        old = AuditHead.objects.get()
        before = (old.sequence, old.key_id, old.mac)
        audit_record(action="entity.rename", object_type="x", object_uid="y")
        anchor = dict([audit_head()])
    attack("DELETE FROM audit_auditentry WHERE sequence = 6")
    attack("UPDATE audit_audithead SET sequence = {}, key_id = '{}', mac = '{}'".format(*before))
    assert breaks(firm) == [], "negative control: without an anchor it looks whole"
    assert breaks(firm, anchor) == ["audit entry 6 was anchored outside the database, but the log ends at 5"]


def test_a_lost_head_shows(firm, attack):
    attack("DELETE FROM audit_audithead")
    assert breaks(firm) == ["the head of the audit chain is missing, though there are entries up to 5"]


def test_without_the_key_nobody_can_append(firm, settings):
    """Somebody who can write rows, but has another key, leaves an entry that does not verify."""
    good = settings.AUDIT_KEY
    settings.AUDIT_KEY = "somebody else's key, long enough to pass"
    with tenant_scope(firm.pk):
        audit_record(action="entity.forge", object_type="x", object_uid="y")
    settings.AUDIT_KEY = good
    assert len(breaks(firm)) == 2
    assert "neither SPM_AUDIT_KEY" in breaks(firm)[0]


def test_a_retired_key_still_verifies(firm, settings):
    settings.AUDIT_RETIRED_KEYS, settings.AUDIT_KEY = [settings.AUDIT_KEY], "the next key, which is also long enough"
    with tenant_scope(firm.pk):
        audit_record(action="entity.rename", object_type="x", object_uid="y")
    assert breaks(firm) == []


def test_an_entry_is_lost_with_the_change_it_tells_of(firm):
    with contextlib.suppress(ZeroDivisionError), tenant_scope(firm.pk):
        assert audit_record(action="a.b", object_type="x", object_uid="y").sequence == 6
        raise ZeroDivisionError
    with tenant_scope(firm.pk):
        assert AuditEntry.objects.count() == 5
    assert breaks(firm) == []


def test_each_tenant_has_a_chain_of_its_own(firm):
    other = make_tenant("globex")
    with tenant_scope(other.pk):
        assert audit_record(action="a.b", object_type="x", object_uid="y").sequence == 1
    assert breaks(other) == breaks(firm) == []


def test_an_entry_moved_to_another_tenant_does_not_verify_there(firm, attack):
    other = make_tenant("globex")
    attack(f"UPDATE audit_auditentry SET tenant_id = {other.pk} WHERE sequence = 1")
    assert any("seal" in text for text in breaks(other))


def test_recording_needs_a_scope_and_an_object(firm):
    with pytest.raises(ScopeMissing):
        audit_record(action="a.b", object_type="x", object_uid="y")
    with tenant_scope(firm.pk), pytest.raises(ValueError, match="needs an action and an object"):
        audit_record(action="a.b")


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"payee": {"display_name": "Ann"}}, r"after.payee.display_name: personal data"),
        ({"notes": ["write to ann@example.com"]}, r"after.notes\[0\]: an e-mail address"),
        ({"amount": 10.5}, "after.amount: float is not sealed"),
        ({"text": "a\x00b"}, "NUL"),
        ({1: "x"}, "the key 1 is not a text"),
    ],
)
def test_what_must_not_be_sealed_for_ever_is_refused(firm, payload, text):
    with tenant_scope(firm.pk), pytest.raises(NotForTheLog, match=text):
        audit_record(action="a.b", object_type="x", object_uid="y", after=payload)


def test_two_writers_at_once_make_one_chain_without_a_gap(firm):
    import threading

    from django.db import connection

    def write() -> None:
        try:
            for _ in range(10):
                with tenant_scope(firm.pk):
                    audit_record(action="a.b", object_type="x", object_uid="y")
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with tenant_scope(firm.pk):
        assert audit_head()[0] == 35
    assert breaks(firm) == []
