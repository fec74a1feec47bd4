"""Splits of orders by file: all of an order's at once, under a version of its own, and back again."""

from __future__ import annotations

import pytest
from django.utils import translation

from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.selectors import errors_csv, rows_rejected
from spm.imports.services import import_run
from spm.sales.known import versions_known
from spm.sales.models import OrderSplit, OrderVersion
from spm.tenancy.changes import known_number
from spm.told import shown

SPLITS = """\
import: 1
source: crm
target: order_split
fields: {order: Order, payee: Who, share: Share, role: Role}
"""
TWO = """\
import: 1
source: crm
target: order_split
fields: {order: Order, payee: Who, quota_share: Quota, pay_share: Pay}
"""


@pytest.fixture
def splits(orders):
    orders("1,2024-03-05,ann,100.00", "2,2024-03-06,bob,50.00", "3,2024-03-06,bob,5.00", "4,2024-03-06,bob,5.00")

    def run(*lines: str, text: str = SPLITS, header: str = "Order,Who,Share,Role", **values):
        content = "\n".join([header, *lines]) + "\n"
        return import_run(mapping_text=text, files=[Source("splits.csv", content=content.encode())], **values)

    return run


def now() -> dict[str, list[tuple[str, int, int, str]]]:
    """Order -> (payee, quota share, pay share, role) as known now."""
    found = {}
    for version in versions_known(OrderVersion).select_related("record"):
        rows = OrderSplit.objects.filter(order=version.record, change_set=version.change_set) if version.has_splits else []
        found[version.record.external_id] = sorted((s.payee.external_id, s.quota_share_ppm, s.pay_share_ppm, s.role) for s in rows)
    return found


def test_an_order_is_shared_by_the_rows_of_the_file(splits):
    batch = splits("1,ann,60,seller", "1,bob,40.25,expert")
    assert (batch.rows_new, batch.rows_changed, batch.rows_unchanged) == (2, 0, 0)
    assert now() == {"1": [("ann", 600_000, 600_000, "seller"), ("bob", 402_500, 402_500, "expert")], "2": [], "3": [], "4": []}


def test_the_same_file_again_says_nothing(splits):
    splits("1,ann,60,seller", "1,bob,40,expert")
    number = known_number()
    again = splits("1,bob,40,expert", "1,ann,60,seller")
    assert (again.rows_unchanged, again.change_set, known_number()) == (2, None, number)


def test_a_later_file_replaces_all_splits_of_its_orders_and_of_no_other(splits):
    splits("1,ann,60,", "1,bob,40,", "2,ann,50,", "2,bob,50,")
    splits("1,ann,100,")
    assert now()["1"] == [("ann", 1_000_000, 1_000_000, "")]
    assert now()["2"] == [("ann", 500_000, 500_000, ""), ("bob", 500_000, 500_000, "")]


def test_quota_and_pay_are_shared_apart(splits):
    splits("1,ann,100,70", "1,bob,100,30", text=TWO, header="Order,Who,Quota,Pay")
    assert now()["1"] == [("ann", 1_000_000, 700_000, ""), ("bob", 1_000_000, 300_000, "")]


def test_splits_stay_when_the_order_is_imported_again_with_another_amount(splits, orders):
    splits("1,ann,60,", "1,bob,40,")
    orders("1,2024-03-05,ann,120.00")
    assert [share for _, share, _, _ in now()["1"]] == [600_000, 400_000]


def test_taking_it_back_restores_the_splits_that_stood_before(splits):
    splits("1,ann,60,", "1,bob,40,")
    batch = splits("1,ann,10,", "1,bob,90,")
    batch_roll_back(batch=batch)
    assert [share for _, share, _, _ in now()["1"]] == [600_000, 400_000]


def test_bad_rows_are_named_and_their_orders_keep_what_they_had(splits):
    batch = splits("1,ann,60,", "1,zoe,40,", "2,ann,-5,", "9,ann,50,", "3,ann,50,", "3,bob,,", "4,bob,100,", "4,bob,1,")
    told = {row.line: (row.column, shown(row.cause)) for row in rows_rejected(batch)}
    assert told == {
        2: ("Order", "another split of order 1 was refused"),
        3: ("Who", "there is no payee zoe"),
        4: ("Share", "the share -5.0000 is below zero"),
        5: ("Order", "there is no order 9"),
        6: ("Order", "another split of order 3 was refused"),
        7: ("Share", "the row says no share"),
        8: ("Order", "another split of order 4 was refused"),
        9: ("Order + Who", "the same row stands in line 8 already"),
    }
    assert all(found == [] for found in now().values()), "an order takes all its splits or none"


def test_refusals_are_read_in_the_readers_language(splits):
    batch = splits("1,zoe,40,")
    (row,) = rows_rejected(batch)
    with translation.override("ru"):
        assert "there is" not in shown(row.cause)
        assert "zoe" in shown(row.cause)
        assert "import" not in shown(row.mend)
        assert "zoe" in "".join(errors_csv(batch))
        assert "there is" not in "".join(errors_csv(batch))
