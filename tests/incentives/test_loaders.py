"""The engine's reading: an index-only scan, newest versions, what was known when, exact scales."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from django.db import connection, connections

from incentives.chunking import version_part
from incentives.engine.contracts import Facts, Splits
from incentives.engine.errors import InputError
from incentives.engine.run import facts_for
from incentives.line_loaders import LINE_CODE_COLUMNS, LINE_NUMBER_COLUMNS, LineNeeds, line_select
from incentives.loaders import LoadedFacts, chunk_select, facts_load, scale_select
from incentives.reading import ChangeNumbers
from spm.sales.models import Order, OrderLine, OrderLineVersion, OrderVersion
from spm.tenancy.changes import change, known_number
from spm.tenancy.scope import tenant_scope
from tests.incentives.world import put_order
from tests.support.factories import make_payee, make_tenant


def amounts(payee, number=None):
    loaded = facts_load(payees=[payee.pk], known=ChangeNumbers.up_to(number or known_number()), amount_scale=4)
    return loaded.facts.amount.tolist()


def test_the_newest_version_known_at_a_number_is_read(scope):
    payee = make_payee()
    put_order("1", payee, "2024-03-05", 100_00)
    first = known_number()
    put_order("1", payee, "2024-03-05", 90_00)
    second = known_number()
    put_order("1", payee, "2024-03-05", 80_00, gone=True)
    assert [amounts(payee, number) for number in (first, second, None)] == [[100_0000], [90_0000], []]


def test_amounts_of_different_scales_are_brought_to_one_exactly(scope):
    payee = make_payee()
    put_order("1", payee, "2024-03-05", 7, scale=0)
    put_order("2", payee, "2024-03-06", 12345, scale=4)
    assert amounts(payee) == [7_0000, 12345]
    put_order("3", payee, "2024-03-07", 1, scale=6)
    with pytest.raises(InputError, match="6 decimals"):
        amounts(payee)


def test_a_run_reads_six_decimals_where_an_amount_has_them(scope):
    from tests.incentives.world import make_world

    world = make_world(1)
    put_order("1", world.payees[0], "2024-03-05", 100_000_001, scale=6)
    run = world.run()
    assert (run.amount_scale, run.summary["posted_amount"]) == (6, {"USD": "5.00"})


def until_visible(table: str) -> None:
    """As after an import: visibility and statistics by the owner, outside a transaction. A snapshot that somebody else holds
    (autovacuum's own analyze) keeps pages from being marked visible: then once more."""
    with connections["owner"].cursor() as owner:
        deadline = time.monotonic() + 120
        while True:
            owner.execute(f"VACUUM (ANALYZE) {table}")
            owner.execute("SELECT relallvisible > 0.9 * relpages FROM pg_class WHERE relname = %s", [table])
            if owner.fetchone()[0]:
                break
            assert time.monotonic() < deadline, "the pages never became visible to all"
            time.sleep(0.5)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_chunk_is_read_by_an_index_only_scan():
    tenant = make_tenant("big")
    with tenant_scope(tenant.pk):
        payees = [make_payee() for _ in range(20)]
        with change(kind="import", reason="many") as changeset:
            orders = Order.objects.bulk_create([Order(source="t", external_id=str(n)) for n in range(20_000)])
            keys = [{"change_set": changeset, "payee": payees[n % 20], "order_date": "2024-03-05", "amount": n, "currency_code": 1} for n in range(20_000)]
            OrderVersion.objects.bulk_create([OrderVersion(record=order, **key) for order, key in zip(orders, keys, strict=True)], batch_size=5000)
            lines = OrderLine.objects.bulk_create([OrderLine(source="t", external_id=str(n)) for n in range(20_000)])
            OrderLineVersion.objects.bulk_create(
                [OrderLineVersion(record=line, order=order, cost=5, acv=7, **key) for line, order, key in zip(lines, orders, keys, strict=True)],
                batch_size=5000,
            )
    until_visible("sales_orderversion")
    until_visible("sales_orderlineversion")
    every = LineNeeds(frozenset(LINE_NUMBER_COLUMNS), frozenset(LINE_CODE_COLUMNS), lambda name, ids: ids)
    with tenant_scope(tenant.pk), connection.cursor() as cursor:

        def explained(statement: str) -> str:
            cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + statement)
            return "\n".join(row[0] for row in cursor.fetchall())

        some = [payees[i].pk for i in (2, 3, 5)]
        for select, index, beyond in (
            (chunk_select(some), "sales_orderversion_engine", "region"),
            (line_select(some, every), "sales_lineversion_engine", "line_number"),
        ):
            plan = explained(select)
            assert f"Index Only Scan using {index}" in plan
            assert "Sort" not in plan
            # Some pages may have to be looked at for another database's open transaction; not the table.
            assert int(re.findall(r"Heap Fetches: (\d+)", plan)[0]) < 400
            # Negative control: one column that the index does not hold, and the table is read.
            assert "Index Only Scan" not in explained(select.replace("SELECT coalesce(", f"SELECT {beyond}, coalesce(", 1))
        for lines, index in ((False, "sales_orderversion_fine"), (True, "sales_lineversion_fine")):
            asked = scale_select(after=0, lines=lines)
            assert index in explained(asked), "whether an amount has more decimals is known without reading every order"
            assert index not in explained(asked.replace("amount_scale > 4", "amount_scale > 3"))


def test_the_part_of_a_chunk_is_what_the_engine_takes_of_it():
    random = np.random.default_rng(3)
    for payees in ([1], [2, 5], [1, 2, 3, 4, 5, 6]):
        facts = Facts(
            object_id=random.permutation(60).astype(np.int64), payee=random.integers(1, 8, 60), event_date=random.integers(0, 30, 60).astype(np.int32),
            amount=np.arange(60, dtype=np.int64), amount_scale=2,
        )  # fmt: skip
        orders = np.repeat(random.choice(np.arange(70), 20, replace=False), 2)  # some are not among the facts
        shares = np.full(40, 500_000, dtype=np.int64)
        splits = Splits(orders, random.integers(1, 8, 40), shares, shares, np.zeros(40, dtype=np.int64))
        part, own = version_part(LoadedFacts(facts, splits, 60), "orders", ((0, 10), (20, 25)), payees, whole=False)
        days = facts.event_date
        expected, expected_own = facts_for(facts.taken(np.flatnonzero((days < 10) | ((days >= 20) & (days < 25)))), splits, payees)
        assert 0 < len(part) < 60
        assert part.object_id.tolist() == expected.object_id.tolist()
        assert sorted(zip(own.object_id.tolist(), own.payee.tolist(), strict=True)) == sorted(
            zip(expected_own.object_id.tolist(), expected_own.payee.tolist(), strict=True)
        )
