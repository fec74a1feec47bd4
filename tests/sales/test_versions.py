"""The law of the sales record: whoever reads one seller's rows as known at any change number finds each order once, under its seller then."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.services import import_run
from spm.people.models import Payee
from spm.sales.known import versions_known
from spm.sales.models import OrderLineVersion, OrderVersion
from spm.tenancy.changes import known_number
from tests.imports.conftest import ORDERS
from tests.support.factories import make_entity

SELLERS = ("", "ann", "bob")
DAYS = ("2024-01-31", "2024-02-01")
LINES = """\
import: 1
source: crm
target: order_line
fields: {external_id: Id, order: Order, amount: Amount}
"""
Row = tuple[str, str, int]

row = st.tuples(st.sampled_from(SELLERS), st.sampled_from(DAYS), st.integers(1, 3))
files = st.dictionaries(st.sampled_from("123"), row, min_size=1)
# A step imports a file, or takes back the newest import that still stands.
steps = st.lists(st.one_of(files, st.just("take back")), min_size=1, max_size=6)


def read_by_seller(model: type, number: int) -> dict[str, list[Row]]:
    """As the engine reads: within the rows of one seller alone, the newest of each record, gone if that is a tombstone."""
    found: dict[str, list[Row]] = {}
    for seller in (None, *Payee.objects.all()):
        rows = model.objects.filter(payee=seller, change_set__number__lte=number).select_related("record", "change_set")  # type: ignore[attr-defined]
        for day in DAYS:
            newest: dict[str, object] = {}
            for version in sorted(rows.filter(order_date=day), key=lambda v: (v.change_set.number, -v.tombstone)):
                newest[version.record.external_id] = version
            for key, version in newest.items():
                if not version.tombstone:  # type: ignore[attr-defined]
                    found.setdefault(key, []).append((seller.external_id if seller else "", day, version.amount // 100))  # type: ignore[attr-defined]
    return found


def take(text: str, header: str, lines: list[str]):
    return import_run(mapping_text=text, files=[Source("f.csv", content="\n".join([header, *lines, ""]).encode())])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_each_order_is_read_once_under_its_seller_as_known_at_every_number(scope, steps):
    with transaction.atomic():
        _walk(steps)
        transaction.set_rollback(True)


def _walk(steps: list) -> None:
    entity = make_entity()
    for key in SELLERS[1:]:
        Payee.objects.create(source="crm", external_id=key, legal_entity=entity, pay_currency="USD")
    state: dict[str, Row] = {}
    known: dict[int, dict[str, Row]] = {}
    standing: list[tuple[object, dict[str, Row]]] = []
    for step in steps:
        if step == "take back":
            if not standing:
                continue
            batch, state = standing.pop()
            batch_roll_back(batch=batch)  # type: ignore[arg-type]
        else:
            before = dict(state)
            batch = take(ORDERS, "Id,Date,Owner,Amount", [f"{key},{day},{seller},{amount}" for key, (seller, day, amount) in step.items()])
            state = {**state, **step}
            if batch.change_set_id is not None:
                standing.append((batch, before))
            _lines(set(step) - set(before))
        known[known_number()] = dict(state)
    for number, wanted in known.items():
        assert read_by_seller(OrderVersion, number) == {key: [value] for key, value in wanted.items()}
        by_object = {v.record.external_id: v.amount // 100 for v in versions_known(OrderVersion, known_at=number)}
        assert by_object == {key: value[2] for key, value in wanted.items()}


def _lines(orders: set[str]) -> None:
    """Each new order gets a line, which must follow it wherever it goes."""
    if orders:
        take(LINES, "Id,Order,Amount", [f"{key},{key},1" for key in sorted(orders)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(files, min_size=1, max_size=5))
def test_lines_are_read_under_the_seller_and_date_of_their_order(scope, moves):
    with transaction.atomic():
        _walk(moves)
        lines = read_by_seller(OrderLineVersion, known_number())
        orders = read_by_seller(OrderVersion, known_number())
        assert {key: [value[:2] for value in rows] for key, rows in lines.items()} == {key: [value[:2] for value in rows] for key, rows in orders.items()}
        transaction.set_rollback(True)


def test_without_the_tombstone_an_order_would_be_read_twice(scope, monkeypatch):
    monkeypatch.setattr("spm.sales.services._tombstones", lambda *_: None)
    with pytest.raises(AssertionError):
        _walk([{"1": ("ann", DAYS[0], 1)}, {"1": ("bob", DAYS[0], 1)}])
