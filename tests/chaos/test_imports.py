"""An import killed by SIGKILL while it stages and while it posts: the record, the refused rows and the totals are the undisturbed ones."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from decimal import Decimal

import pytest

from tests.chaos.arena import Arena, wait_for

pytestmark = pytest.mark.xdist_group("chaos")
# Four kills and the attempt that comes through are as often as a job is tried.
STAGING = ["import staging begins", "import staging goes on", "import staged"]
POSTING = ["import written", "import publishing", "import published", "import load in commit"]
AFTER = ["import load after commit"]
MAPPING = """\
import: 1
source: crm
target: order
where: [{column: State, not_in: [void], reason: void}]
fields: {external_id: Id, order_date: Date, payee: Owner, amount: Amount, currency: {constant: USD}}
"""
KEYS = ["ann", "bob", "cy"]


def lines(count: int, *, moved: bool) -> str:
    """Orders by turns of three sellers. `moved`: others than before for every seventh, other amounts for every fifth, and damaged rows."""
    rows = ["Id,Date,Owner,Amount,State"]
    for n in range(count):
        owner = KEYS[(n + (moved and n % 7 == 0)) % 3]
        amount = f"{n + 1}.{n % 100:02}" if not (moved and n % 5 == 0) else f"{n + 3}.00"
        state = "void" if moved and n % 41 == 40 else "won"
        day = "soon" if moved and n % 53 == 52 else f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}"
        rows.append(f"o{n},{day},{owner if not (moved and n % 61 == 60) else 'nobody'},{amount},{state}")
    return "\n".join([*rows, ""])


def start(arena: Arena, tenant: int, name: str, content: str) -> int:
    return arena.ask(act="import", tenant=tenant, name=name, content=content, mapping=MAPPING)


def record(arena: Arena, tenant: int) -> str:
    """A hash over all versions of orders under their sets' numbers, the batches with their totals and what became of each row."""
    payee = "(SELECT external_id FROM people_payee p WHERE p.tenant_id = v.tenant_id AND p.id = v.payee_id)"
    versions = arena.query(
        f"SELECT o.external_id, s.number, v.tombstone, {payee}, v.order_date::text, v.amount, v.amount_scale, v.currency_code FROM sales_orderversion v "
        "JOIN sales_order o ON o.id = v.record_id JOIN tenancy_changeset s ON s.id = v.change_set_id WHERE v.tenant_id = %s ORDER BY 1, 2, 3, 4",
        tenant,
    )
    batches = arena.query(
        "SELECT file_name, state, rows_file, rows_staged, rows_accepted, rows_rejected, rows_left_out, rows_new, rows_changed, rows_unchanged, sums::text, "
        "left_out::text, error FROM imports_batch WHERE tenant_id = %s ORDER BY id",
        tenant,
    )
    rows = arena.query(
        "SELECT b.file_name, r.line, r.state, r.external_id, r.control::text, r.cause FROM imports_stagedrow r JOIN imports_batch b ON b.id = r.batch_id "
        "WHERE r.tenant_id = %s ORDER BY 1, 2, 3",
        tenant,
    )
    sets = arena.query("SELECT number, kind, reason FROM tenancy_changeset WHERE tenant_id = %s ORDER BY number NULLS LAST, id", tenant)
    files = arena.query("SELECT count(*) FROM imports_batchfile WHERE tenant_id = %s", tenant)[0][0]
    seal = hashlib.sha256(json.dumps([versions, batches, rows, sets, files]).encode()).hexdigest()
    return f"{seal} ({len(versions)} versions, {len(rows)} rows, {len(sets)} sets, {files} files)"


def company(arena: Arena, tenant: int) -> None:
    """Three sellers and their first 300 orders, imported in peace."""
    assert arena.ask(act="sellers", tenant=tenant, keys=KEYS) == 3
    assert arena.end_of(start(arena, tenant, "first.csv", lines(300, moved=False))) == "succeeded"


@pytest.fixture
def sellers(arena: Arena, firm: int) -> int:
    company(arena, firm)
    return firm


@pytest.fixture(scope="session")
def calm_record(session_arena: Arena, undisturbed: str) -> str:
    """The record after both imports, nobody disturbing."""
    session_arena.clear_traps()
    tenant = session_arena.ask(act="tenant", slug="calm-imports")
    company(session_arena, tenant)
    assert session_arena.end_of(start(session_arena, tenant, "second.csv", lines(340, moved=True))) == "succeeded"
    return record(session_arena, tenant)


def kill_at(arena: Arena, points: list[str]) -> None:
    left = list(points)
    while left:
        point = wait_for("a process in any trap", lambda: next((p for p in left if (arena.traps / f"in {p}").exists()), None), 40)
        os.kill(arena.caught(point), signal.SIGKILL)
        left.remove(point)


def totals_tie(arena: Arena, tenant: int) -> None:
    """What the file holds, counted here by plain arithmetic, is what the batch says it staged, took, refused and left out."""
    text = lines(340, moved=True).splitlines()[1:]
    cells = [line.split(",") for line in text]
    left = [c for c in cells if c[4] == "void"]
    bad = [c for c in cells if c[4] != "void" and (c[1] == "soon" or c[2] == "nobody")]
    rows, sums = arena.query(
        "SELECT ARRAY[rows_file, rows_staged, rows_accepted, rows_rejected, rows_left_out], sums FROM imports_batch "
        "WHERE tenant_id = %s AND file_name = 'second.csv'",
        tenant,
    )[0]
    assert rows == [340, 340, 340 - len(bad) - len(left), len(bad), len(left)]
    total = {"file": cells, "staged": cells, "rejected": bad, "left_out": left}
    assert {name: Decimal(sums[name]) for name in total} == {name: sum((Decimal(c[3]) for c in of), Decimal(0)) for name, of in total.items()}
    assert Decimal(sums["accepted"]) == Decimal(sums["file"]) - Decimal(sums["rejected"]) - Decimal(sums["left_out"])


def test_the_calm_record_holds_both_imports(calm_record):
    assert "640 rows, 2 sets, 0 files" in calm_record


@pytest.mark.parametrize("points", [STAGING, POSTING, AFTER], ids=["staging", "posting", "after the commit"])
def test_a_child_killed_while_it_imports(arena, sellers, calm_record, points):
    for point in points:
        arena.set_trap(point)
    job = start(arena, sellers, "second.csv", lines(340, moved=True))
    kill_at(arena, points)
    assert arena.end_of(job) == "succeeded"
    assert record(arena, sellers) == calm_record
    totals_tie(arena, sellers)


@pytest.mark.parametrize("point", ["import staging goes on", "import published"])
def test_the_whole_worker_killed_while_it_imports(arena, sellers, calm_record, point):
    arena.set_trap(point)
    job = start(arena, sellers, "second.csv", lines(340, moved=True))
    arena.caught(point)
    before = arena.query(
        "SELECT count(*), (SELECT count(*) FROM imports_stagedrow WHERE tenant_id = %s) FROM sales_orderversion WHERE tenant_id = %s", sellers, sellers
    )
    arena.kill("worker")
    assert before == [(300, 300)], "of an import that is under way nobody sees anything"
    arena.worker_start()
    assert arena.end_of(job) == "succeeded"
    assert record(arena, sellers) == calm_record
    totals_tie(arena, sellers)


@pytest.mark.parametrize(
    "harm",
    [
        "SET LOCAL session_replication_role = replica; "
        "UPDATE sales_orderversion SET amount = amount + 1 WHERE id = (SELECT max(id) FROM sales_orderversion WHERE tenant_id = %s) RETURNING 1",
        "DELETE FROM imports_stagedrow WHERE id = (SELECT max(id) FROM imports_stagedrow WHERE tenant_id = %s) RETURNING 1",
        "UPDATE imports_batch SET rows_changed = rows_changed + 1 WHERE id = (SELECT max(id) FROM imports_batch WHERE tenant_id = %s) RETURNING 1",
    ],
    ids=["another amount", "a row lost", "another count"],
)
def test_negative_control_the_hash_sees_a_harm_to_the_record(arena, sellers, calm_record, harm):
    assert arena.end_of(start(arena, sellers, "second.csv", lines(340, moved=True))) == "succeeded"
    assert record(arena, sellers) == calm_record
    assert arena.query(harm, sellers) == [(1,)]
    assert record(arena, sellers) != calm_record
