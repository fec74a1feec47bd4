"""`manage.py verify` says that all is well, and with any guard dropped it says which and exits with 1."""

from __future__ import annotations

import io
import json

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from spm.audit.anchors import anchor_path
from spm.audit.services import audit_record
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm(tmp_path, settings):
    settings.AUDIT_ANCHOR_DIR = tmp_path
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        audit_record(action="a.b", object_type="x", object_uid="y")
    return tenant


def owner(*statements: str) -> None:
    s = connections["owner"].settings_dict
    opened = psycopg2.connect(dbname=s["NAME"], user=s["USER"], password=s["PASSWORD"], host=s["HOST"], port=s["PORT"] or None)
    with opened, opened.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    opened.close()


KERNEL = ["audit chain", "row-level security", "application role", "tables that only grow", "keys checked by statement", "rows that keys name"]


def verify(*args: str) -> dict:
    """The JSON of a run of the kernel's checks; the exit code agrees with it."""
    out, code = io.StringIO(), 0
    try:
        call_command("verify", *args, only=KERNEL, json=True, stdout=out)
    except CommandError as error:
        code = error.returncode
    found = json.loads(out.getvalue().splitlines()[-1])
    assert code == bool(found["breaks"])
    return found


def test_a_sound_installation_passes_and_leaves_an_anchor(firm):
    make_tenant("empty")
    assert verify() == {"checks": 8, "breaks": 0, "found": []}
    assert json.loads(anchor_path(firm).read_text())["sequence"] == 1
    verify()
    assert len(anchor_path(firm).read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("drop", "mend", "check", "text"),
    [
        (
            "ALTER TABLE people_payee NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE people_payee FORCE ROW LEVEL SECURITY",
            "row-level security",
            "table people_payee: row-level security is not forced on its owner",
        ),
        ("CREATE TABLE stray (id int)", "DROP TABLE stray", "row-level security", "table stray: row-level security is not enabled"),
        (
            "CREATE POLICY more ON people_payee AS PERMISSIVE USING (id > 0)",
            "DROP POLICY more ON people_payee",
            "row-level security",
            "table people_payee: a permissive policy of unknown making stands beside ours",
        ),
        (
            "ALTER TABLE audit_auditentry DISABLE TRIGGER audit_entry_grows_d",
            "ALTER TABLE audit_auditentry ENABLE TRIGGER audit_entry_grows_d",
            "tables that only grow",
            "table audit_auditentry: nothing refuses DELETE",
        ),
        (
            "ALTER TABLE people_seat DISABLE TRIGGER incentives_ledgerentry_keys_seat_d",
            "ALTER TABLE people_seat ENABLE TRIGGER incentives_ledgerentry_keys_seat_d",
            "keys checked by statement",
            "table incentives_ledgerentry: these guards of its keys are gone: incentives_ledgerentry_keys_seat_d",
        ),
        (
            "GRANT TRUNCATE ON people_payee TO spm_app",
            "REVOKE TRUNCATE ON people_payee FROM spm_app",
            "application role",
            "role spm_app may TRUNCATE: people_payee",
        ),
    ],
)
def test_each_dropped_guard_is_named(firm, drop, mend, check, text, settings):
    drop, mend, text = (part.replace("spm_app", settings.DATABASE_APP_ROLE) for part in (drop, mend, text))
    owner(drop)
    try:
        found = [(f["check"], b) for f in verify()["found"] for b in f["breaks"]]
    finally:
        owner(mend)
    assert (check, text) in found


def test_a_policy_that_compares_something_else_is_named(firm):
    owner("DROP POLICY tenant_only ON people_payee", "CREATE POLICY tenant_only ON people_payee AS RESTRICTIVE USING (id > 0)")
    try:
        assert "no restrictive policy compares the tenant" in str(verify())
    finally:
        owner(
            "DROP POLICY tenant_only ON people_payee",
            "CREATE POLICY tenant_only ON people_payee AS RESTRICTIVE USING (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint) "
            "WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint)",
        )


def test_a_broken_chain_is_named_with_its_tenant_and_not_anchored(firm):
    owner(
        "ALTER TABLE audit_auditentry DISABLE TRIGGER USER", f"SELECT set_config('app.tenant', '{firm.pk}', false)",
        "UPDATE audit_auditentry SET action = 'c.d'", "ALTER TABLE audit_auditentry ENABLE TRIGGER USER",
    )  # fmt: skip
    found = verify("acme")
    assert [(f["tenant"], f["check"]) for f in found["found"]] == [("acme", "audit chain")]
    assert not anchor_path(firm).exists()


def test_a_check_that_crashes_counts_as_a_break(firm, settings, tmp_path):
    verify()
    anchor_path(firm).write_text("not json")
    assert "could not be carried out" in str(verify())


def test_unknown_names_are_said(firm):
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        call_command("verify", "nobody")
    with pytest.raises(CommandError, match="no check called nonsense"):
        call_command("verify", only=["nonsense"])


def test_a_row_that_names_what_is_not_there_is_found(firm):
    """Only past all guards can such a row come in: the test turns the table's triggers off for one statement."""
    from incentives.models import LedgerEntry
    from tests.isolation.catalog import make_row

    with tenant_scope(firm.pk):
        entry = make_row(LedgerEntry)
    off, on = "ALTER TABLE incentives_ledgerentry DISABLE TRIGGER USER", "ALTER TABLE incentives_ledgerentry ENABLE TRIGGER USER"
    tenant = f"SELECT set_config('app.tenant', '{firm.pk}', false)"
    owner(tenant, off, f"UPDATE incentives_ledgerentry SET seat_id = 987654321 WHERE id = {entry.pk}", on)
    assert "1 rows name by seat_id what is not in people_seat" in str(verify())
