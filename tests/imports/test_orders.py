"""Imports of orders: once each, bad rows named, totals tied, moves with their tombstone, dry runs and rollbacks."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.imports import services
from spm.imports.errors import ImportFault
from spm.imports.models import Batch, StagedRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.selectors import errors_csv, rows_rejected
from spm.imports.services import TotalsDoNotTie, import_run
from spm.sales.known import versions_known
from spm.sales.models import Order, OrderLineVersion, OrderVersion
from spm.tenancy.changes import known_number
from spm.told import shown

DAY = dt.date(2024, 3, 5)
LINES = """\
import: 1
source: crm
target: order_line
fields:
  external_id: Id
  order: Order
  amount: Amount
"""

LEFT_OUT = """\
import: 1
source: crm
target: order
where:
  - {column: Owner, not_in: [test], reason: test deals}
fields: {external_id: Id, order_date: Date, amount: Amount, currency: {constant: USD}}
"""
RUSSIAN = """\
import: 1
source: crm
target: order
format: {decimal: ',', date: '%d.%m.%Y'}
fields: {external_id: Номер, number: Клиент, order_date: Дата, amount: Сумма, currency: {constant: RUB}}
"""


def now() -> dict[str, tuple[str | None, dt.date, int]]:
    rows = versions_known(OrderVersion).select_related("payee")
    return {v.record.external_id: (v.payee and v.payee.external_id, v.order_date, v.amount) for v in rows}


def counts(batch: Batch) -> tuple[int, int, int]:
    return batch.rows_new, batch.rows_changed, batch.rows_unchanged


def test_the_same_file_twice_writes_once(orders):
    first = orders("1,2024-03-05,ann,100.10", "2,2024-03-05,,7")
    assert counts(first) == (2, 0, 0)
    number = known_number()
    second = orders("1,2024-03-05,ann,100.10", "2,2024-03-05,,7")
    assert (counts(second), second.change_set_id, known_number()) == ((0, 0, 2), None, number)
    assert now() == {"1": ("ann", DAY, 10010), "2": (None, DAY, 700)}


def test_bad_rows_are_named_with_line_column_cause_and_mend_and_the_good_ones_stand(orders):
    batch = orders(
        "1,2024-03-05,ann,10.00",
        "2,5 March,ann,20",
        "3,2024-03-05,zoe,30",
        "4,2024-03-05,bob,1.234",
        "1,2024-03-05,bob,50",
        "6,2024-03-05",
        ",2024-03-05,ann,1",
    )
    told = {row.line: (row.column, shown(row.cause)) for row in rows_rejected(batch)}
    assert told == {
        3: ("Date", "'5 March' is not a date as YYYY-MM-DD"),
        4: ("Owner", "there is no payee zoe"),
        5: ("Amount", "'1.234' has more than 2 decimals"),
        6: ("Id", "the same row stands in line 2 already"),
        7: ("", "the line has 2 cells under 4 columns"),
        8: ("Id", "the cell is empty"),
    }
    assert all(row.mend for row in rows_rejected(batch))
    assert (batch.rows_file, batch.rows_staged, batch.rows_accepted, batch.rows_rejected) == (7, 7, 1, 6)
    assert batch.sums == {
        "column": "Amount", "file": "111.00", "staged": "111.00", "accepted": "10.00", "rejected": "101.00", "left_out": "0.00", "unreadable": 2,
    }  # fmt: skip
    assert now() == {"1": ("ann", DAY, 1000)}
    assert "".join(errors_csv(batch)).count("\n") == 7


def test_a_sum_that_does_not_tie_writes_nothing(orders, monkeypatch):
    real = services.control_decimal
    monkeypatch.setattr(services, "control_decimal", lambda value, scale: real(value + 1, scale))
    with pytest.raises(TotalsDoNotTie, match="sum of Amount"):
        orders("1,2024-03-05,ann,10.00")


def test_an_order_that_moves_leaves_a_tombstone_under_its_old_key_and_takes_its_lines_along(orders, sellers):
    orders("1,2024-03-05,ann,100")
    import_run(mapping_text=LINES, files=[Source("lines.csv", content=b"Id,Order,Amount\nL1,1,60\nL2,1,40\n")])
    before = known_number()
    assert counts(orders("1,2024-04-01,bob,100")) == (0, 1, 0)
    moved = OrderVersion.objects.filter(change_set__number=before + 1).order_by("tombstone")
    assert [(v.tombstone, v.payee.external_id, str(v.order_date)) for v in moved] == [(0, "bob", "2024-04-01"), (1, "ann", "2024-03-05")]
    lines = OrderLineVersion.objects.filter(change_set__number=before + 1).order_by("record", "tombstone")
    assert [(v.tombstone, v.payee.external_id) for v in lines] == [(0, "bob"), (1, "ann"), (0, "bob"), (1, "ann")]
    # An amount alone needs no tombstone.
    orders("1,2024-04-01,bob,120")
    assert OrderVersion.objects.filter(tombstone=1).count() == 1
    assert versions_known(OrderVersion, known_at=before).get().payee == sellers[0]


def test_what_a_mapping_does_not_name_keeps_what_the_record_said(orders):
    full = "import: 1\nsource: crm\ntarget: order\nfields: {external_id: Id, order_date: Date, number: Owner, amount: Amount, currency: {constant: EUR}}\n"
    orders("1,2024-03-05,SO-1,10", text=full)
    orders("1,2024-03-05,ann,11")
    version = versions_known(OrderVersion).get()
    assert (version.number, version.amount, version.payee.external_id) == ("SO-1", 1100, "ann")


def test_a_dry_run_counts_and_keeps_rows_for_the_preview_but_writes_nothing(orders):
    batch = orders("1,2024-03-05,ann,10", "2,2024-03-05,zoe,10", dry_run=True)
    assert (batch.state, counts(batch), batch.rows_rejected) == ("previewed", (1, 0, 0), 1)
    assert (Order.objects.count(), known_number()) == (0, 0)
    assert StagedRow.objects.get(batch=batch, state=1).fields["f_amount"] == 1000


def test_a_rollback_restores_what_stood_before_in_a_change_set_of_its_own(orders):
    orders("1,2024-03-05,ann,100")
    batch = orders("1,2024-04-01,bob,150", "2,2024-03-05,ann,10", "3,2024-03-05,ann,10")
    orders("3,2024-03-05,ann,11")
    number = known_number()
    assert batch_roll_back(batch=batch) == 2
    assert now() == {"1": ("ann", DAY, 10000), "3": ("ann", DAY, 1100)}
    assert known_number() == number + 1
    assert {v.record.external_id for v in versions_known(OrderVersion, known_at=number)} == {"1", "2", "3"}
    with pytest.raises(ImportFault, match="already"):
        batch_roll_back(batch=batch)
    # Importing the same again brings it back.
    assert counts(orders("1,2024-04-01,bob,150", "2,2024-03-05,ann,10")) == (0, 2, 0)
    assert now()["2"] == ("ann", DAY, 1000)


def test_rows_that_a_rule_leaves_out_are_counted_under_its_reason(orders):
    text = LEFT_OUT
    batch = orders("1,2024-03-05,test,5", "2,2024-03-05,ann,7", text=text)
    assert (batch.left_out, batch.rows_accepted, batch.sums["left_out"], batch.sums["file"]) == ({"test deals": 1}, 1, "5.00", "12.00")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_a_russian_export_reads_the_same_in_every_encoding(orders, encoding):
    text = RUSSIAN
    batch = orders('1;05.03.2024;"Ромашка\nООО";1\u00a0234,56', header="Номер;Дата;Клиент;Сумма", text=text, encoding=encoding)
    assert batch.rows_rejected == 0
    version = versions_known(OrderVersion).get()
    assert (version.amount, version.order_date, version.number) == (123456, DAY, "Ромашка\nООО")


def test_the_other_tenant_sees_nothing_of_it(orders, other_tenant):
    orders("1,2024-03-05,ann,10")
    assert Batch.objects.exclude(tenant_id=Batch.objects.get().tenant_id).count() == 0
