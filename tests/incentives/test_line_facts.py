"""Laws of lines as facts, on any record: the rows of an order sum to it, and its splits hold for each of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.contracts import Splits
from incentives.line_loaders import ORDER_ROW, ChunkOrders, LineNeeds, _facts
from spm.currencies.codes import currency_pack

USD, EUR, JPY = currency_pack("USD"), currency_pack("EUR"), currency_pack("JPY")
AMOUNT = st.integers(-(10**15), 10**15)
ORDERS = st.lists(
    st.tuples(AMOUNT, st.sampled_from([USD, JPY]), st.lists(st.tuples(AMOUNT, st.sampled_from(["same", "same", "same", "other"])), max_size=4)),
    min_size=1, max_size=8,
)  # fmt: skip
NOTHING = LineNeeds(frozenset(), frozenset(), lambda name, ids: ids)


def column(values) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def loaded(orders, splits: Splits):
    """Orders with ids 10, 11, ... and lines with ids 100, 101, ..., all amounts at scale 4."""
    count = len(orders)
    amounts = column(amount for amount, _, _ in orders)
    rows = {
        "record": column(range(10, 10 + count)), "payee": column([1] * count), "day": column(range(count)), "currency": column(code for _, code, _ in orders),
        **{name: column([1] * count) for name in ("kind", "channel", "status", "account")},
    }  # fmt: skip
    flat = [(n, amount, code if kind == "same" else EUR) for n, (_, code, lines) in enumerate(orders) for amount, kind in lines]
    lines = {
        "record": column(range(100, 100 + len(flat))), "amount": column(amount for _, amount, _ in flat), "amount_scale": column([4] * len(flat)),
        "currency": column(code for _, _, code in flat), **{name: column([0] * len(flat)) for name in ("kind", "product", "quantity")},
    }  # fmt: skip
    chunk = ChunkOrders([1], rows, amounts, 4, count, splits)
    return _facts(chunk, lines, column(n for n, _, _ in flat), NOTHING, 0)


@given(ORDERS)
def test_the_rows_of_an_order_sum_to_its_amount_but_for_the_sources_rounding(orders):
    found = loaded(orders, Splits.none())
    refused = {item.object_id - ORDER_ROW for item in found.refused}
    assert refused == {10 + n for n, (_, _, lines) in enumerate(orders) if any(kind == "other" for _, kind in lines)}
    for n, (amount, code, lines) in enumerate(orders):
        rows = found.facts.parent == 10 + n
        if 10 + n in refused:
            assert not rows.any()
            continue
        missing = amount - sum(int(value) for value in found.facts.amount[rows])
        half = 10**4 if code == JPY else 10**2
        assert 2 * abs(missing) < half
        # What is left out is rounding alone: an order whose lines sum to it has no row beside them.
        extra = int(rows.sum()) - len(lines)
        assert extra == (1 if not lines else int(2 * abs(amount - sum(value for value, _ in lines)) >= half))
    assert len(set(found.facts.object_id.tolist())) == len(found.facts)
    order = np.lexsort((found.facts.object_id, found.facts.event_date, found.facts.payee))
    assert found.facts.is_sorted == bool((order == np.arange(len(order))).all())


@given(ORDERS, st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5), st.integers(0, 10**6)), max_size=12))
def test_each_split_of_an_order_holds_once_for_each_of_its_rows(orders, shares):
    order, payee, share = (column(values) for values in zip(*shares, strict=True)) if shares else (column([]),) * 3
    found = loaded(orders, Splits(order + 10, payee, share, share, column([0] * len(shares))))
    parent_of = dict(zip(found.facts.object_id.tolist(), found.facts.parent.tolist(), strict=True))
    made = sorted(zip(found.splits.object_id.tolist(), found.splits.payee.tolist(), found.splits.pay_share.tolist(), strict=True))
    wanted = sorted((row, who, part) for row, parent in parent_of.items() for n, who, part in shares if parent == n + 10)
    assert made == wanted
