"""Plans that read order lines: what is credited of a line, what ties to the order, what is read and when."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from incentives.models import LedgerEntry, RunExclusion, UncreditedOrder
from incentives.selectors import line_trace
from incentives.services import PlanRefused, plan_create, version_activate
from spm.currencies.models import FxRate
from spm.sales.models import DealKind
from spm.tenancy.changes import change, known_number
from tests.incentives.world import PLAN, add_line_plan, make_calendar, make_world, put_line, put_order, put_product

BIKES = """\
engine: 1
plan: bikes
title: Bikes
currency: USD
calendar: month
reads: order_lines
rounding: {mode: half_up, places: 2}
exclusions:
  - {name: online, where: channel = "online"}
credits:
  - {name: sale, to: owner_or_splits, where: category = "Bikes"}
measures:
  - {name: bikes}
components:
  - {name: commission, base: bikes, pay_rate: {flat: 10%}}
"""


def earned(world, component="commission") -> dict[str, Decimal]:
    """Payee -> sum of the ledger."""
    found: dict[str, Decimal] = {}
    for entry in LedgerEntry.objects.filter(component=component):
        key = str(world.payees.index(entry.payee))
        found[key] = found.get(key, Decimal(0)) + Decimal(entry.amount).scaleb(-entry.scale)
    return {key: amount for key, amount in found.items() if amount}


def left_over() -> list[tuple[Any, ...]]:
    """The uncredited list: order, amount, reason, part."""
    rows = UncreditedOrder.objects.filter(run_to=None).order_by("order_id", "reason")
    return [(row.order.external_id, row.amount.normalize(), row.reason, row.is_part) for row in rows]


def test_a_plan_on_lines_credits_the_lines_of_a_category(scope):
    world = make_world(1, text=BIKES)
    bike, cap = put_product("b", category="Bikes"), put_product("c", category="Clothing")
    order = put_order("1", world.payees[0], "2024-03-05", 1200_00)
    put_line(order, "1-1", 1000_00, product=bike)
    put_line(order, "1-2", 200_00, product=cap)
    run = world.run()
    assert earned(world) == {"0": Decimal("100.00")}
    assert left_over() == [("1", Decimal(200), "no_rule", True)]
    assert (run.summary["plans"][0]["orders_credited"], run.summary["plans"][0]["amount_credited"]) == (1, "1000.00")


def test_an_order_none_of_whose_lines_is_credited_is_listed_in_whole(scope):
    world = make_world(1, text=BIKES)
    cap = put_product("c", category="Clothing")
    order = put_order("1", world.payees[0], "2024-03-05", 300_00)
    put_line(order, "1-1", 100_00, product=cap)
    put_line(order, "1-2", 200_00, product=cap)
    world.run()
    assert left_over() == [("1", Decimal(300), "no_rule", False)]


def test_an_order_without_lines_counts_as_one_line_without_product(scope):
    world = make_world(1, text=BIKES.replace(', where: category = "Bikes"', ""))
    put_order("1", world.payees[0], "2024-03-05", 300_00)
    world.run()
    assert earned(world) == {"0": Decimal("30.00")}


def test_what_an_order_has_beyond_its_lines_is_a_row_of_its_own(scope):
    text = BIKES.replace(', where: category = "Bikes"', "")
    world = make_world(1, text=text)
    order = put_order("1", world.payees[0], "2024-03-05", 290_00)
    put_line(order, "1-1", 100_00)
    put_line(order, "1-2", 200_00)
    world.run()
    # 100 + 200 - 10: a plan without a condition pays on the order's amount.
    assert earned(world) == {"0": Decimal("29.00")}


def test_a_plan_can_exclude_the_difference_by_name(scope):
    text = BIKES.replace(', where: category = "Bikes"', "").replace("credits:", '  - {name: freight, where: part = "difference"}\ncredits:')
    world = make_world(1, text=text)
    order = put_order("1", world.payees[0], "2024-03-05", 320_00)
    put_line(order, "1-1", 300_00)
    run = world.run()
    assert earned(world) == {"0": Decimal("30.00")}
    assert list(RunExclusion.objects.filter(run=run).values_list("name", "count", "amount")) == [("freight", 1, 20), ("online", 0, 0)]
    assert left_over() == []


def test_a_difference_below_half_a_cent_is_the_sources_rounding(scope):
    world = make_world(1, text=BIKES)
    bike = put_product("b", category="Bikes")
    order = put_order("1", world.payees[0], "2024-03-05", 1000_0000, scale=4)
    put_line(order, "1-1", 1000_004999, scale=6, product=bike)
    run = world.run()
    assert (run.amount_scale, earned(world), left_over()) == (6, {"0": Decimal("100.00")}, [])
    put_line(order, "1-1", 1000_005000, scale=6, product=bike)
    world.run()
    assert left_over() == [("1", Decimal("-0.005"), "no_rule", True)]


def test_splits_of_the_order_hold_for_each_of_its_lines(scope):
    world = make_world(2, text=BIKES)
    bike, cap = put_product("b", category="Bikes"), put_product("c", category="Clothing")
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00, splits=[(world.payees[0], 700_000), (world.payees[1], 300_000)])
    put_line(order, "1-1", 600_00, product=bike)
    put_line(order, "1-2", 300_00, product=bike)
    put_line(order, "1-3", 100_00, product=cap)
    world.run(chunk_size=1)
    assert earned(world) == {"0": Decimal("63.00"), "1": Decimal("27.00")}
    assert left_over() == [("1", Decimal(100), "no_rule", True)]


def test_a_late_line_adjusts_its_orders_payee_alone(scope):
    world = make_world(2, text=BIKES)
    bike = put_product("b", category="Bikes")
    orders = [put_order(str(n), payee, "2024-03-05", 1000_00) for n, payee in enumerate(world.payees)]
    for n, order in enumerate(orders):
        put_line(order, f"{n}-1", 500_00, product=bike)
    world.run(chunk_size=1)
    put_line(orders[1], "1-1", 700_00, product=bike)
    run = world.run(chunk_size=1)
    assert (run.is_full, run.summary["chunks_computed"]) == (False, 1)
    assert [(e.payee_id, e.amount, e.verb, e.cause) for e in LedgerEntry.objects.filter(run=run)] == [(world.payees[1].pk, 20_00, "adjusted", "data")]


def test_a_product_that_moves_to_another_category_recomputes_everybody(scope):
    world = make_world(1, text=BIKES)
    bike = put_product("b", category="Clothing")
    put_line(put_order("1", world.payees[0], "2024-03-05", 1000_00), "1-1", 1000_00, product=bike)
    world.run()
    assert earned(world) == {}
    put_product("b", category="Bikes")
    run = world.run()
    assert (run.is_full, earned(world)) == (True, {"0": Decimal("100.00")})


def test_lines_are_read_only_where_a_plan_reads_them(scope, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    world = make_world(1)
    put_line(put_order("1", world.payees[0], "2024-03-05", 1000_00), "1-1", 1000_00)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        world.run()
        put_line(put_order("1", world.payees[0], "2024-03-06", 1000_00), "1-1", 1000_00)
        world.run()
    reads = [query["sql"] for query in asked if "sales_orderlineversion" in query["sql"] and "INSERT" not in query["sql"] and "DELETE" not in query["sql"]]
    assert [sql for sql in reads if sql.startswith("COPY") or "touched" in sql or "EXISTS (SELECT FROM" in sql] == []


def test_per_unit_and_contract_figures_are_read_at_their_scales(scope):
    text = (
        BIKES.replace(', where: category = "Bikes"', "")
        + "  - {name: spiff, base: units, pay_rate: {flat: 5}}\n  - {name: renewal, base: renewed, pay_rate: {flat: 1%}}\n"
    )
    text = text.replace("components:\n", '  - {name: units, value: quantity}\n  - {name: renewed, value: acv, where: kind = "renewal"}\ncomponents:\n')
    world = make_world(1, text=text)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00, kind=DealKind.NEW)
    put_line(order, "1-1", 400_00, quantity=2_5000)
    put_line(order, "1-2", 600_00, quantity=1_0000, kind=DealKind.RENEWAL, acv=1200_00)
    world.run()
    assert (earned(world, "spiff"), earned(world, "renewal")) == ({"0": Decimal("17.50")}, {"0": Decimal("12.00")})


def test_a_plan_on_orders_that_reads_a_product_is_told_where_products_are(scope):
    calendar = make_calendar()
    draft = plan_create(text=PLAN.replace('channel = "online"', 'product = "b"'), calendar=calendar, effective_from="2024-01-01")
    with pytest.raises(PlanRefused, match="reads: order_lines"):
        version_activate(version=draft)


def test_the_trace_shows_line_product_and_quantity_and_ties_to_the_cent(scope):
    world = make_world(1, text=BIKES.replace(', where: category = "Bikes"', ""))
    bike = put_product("b", category="Bikes", name="Road bike")
    order = put_order("1", world.payees[0], "2024-03-05", 1010_00)
    put_line(order, "1-1", 1000_00, product=bike, quantity=2_0000)
    put_order("2", world.payees[0], "2024-03-06", 50_00)
    world.run()
    trace = line_trace(world.payees[0], period=world.period("2024-03"), version_id=world.version.pk, seat_id=world.seats[0].pk, component="commission")
    assert trace is not None
    shown = [(line.number, line.part.kind, line.part.line_number, line.part.product, line.part.quantity, line.pay) for line in trace.lines]
    assert shown == [
        ("1", "line", 1, "Road bike", 2, 100),
        ("1", "difference", None, "", None, 1),
        ("2", "order", None, "", None, 5),
    ]
    assert trace.amount == sum(line.pay for line in trace.lines) == Decimal("106.00")
    assert len({line.key for line in trace.lines}) == 3


MARGIN = BIKES.replace(', where: category = "Bikes"', "").replace("- {name: bikes}", "- {name: bikes, value: pay_credit - cost}")


def test_a_figure_that_a_line_does_not_state_pays_nothing_and_is_listed(scope):
    world = make_world(1, text=MARGIN)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 600_00, cost=400_00)
    put_line(order, "1-2", 400_00)
    world.run()
    # 10 % of 600 - 400; the other line's margin is not known, which is not a margin of 400.
    assert earned(world) == {"0": Decimal("20.00")}
    assert left_over() == [("1", Decimal(400), "not_stated", True)]
    put_line(order, "1-2", 400_00, cost=0)
    world.run()
    assert (earned(world), left_over()) == ({"0": Decimal("60.00")}, [])


def test_a_figure_is_missed_only_where_the_plan_needs_it(scope):
    text = BIKES.replace(', where: category = "Bikes"', "").replace("- {name: bikes}", '- {name: bikes, value: acv, where: kind = "renewal"}')
    world = make_world(1, text=text)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 600_00, kind=DealKind.RENEWAL, acv=500_00)
    put_line(order, "1-2", 400_00, kind=DealKind.ONE_OFF)
    world.run()
    assert (earned(world), left_over()) == ({"0": Decimal("50.00")}, [])


def test_a_missing_figure_is_listed_though_another_plan_credits_the_order(scope):
    world = make_world(2)
    add_line_plan(world, text=MARGIN)
    order = put_order("1", world.payees[1], "2024-03-05", 1000_00)
    put_line(order, "1-1", 1000_00)
    world.run()
    assert left_over() == [("1", Decimal(1000), "not_stated", False)]


def test_what_one_plan_credits_by_line_and_another_by_order_is_left_over_by_none(scope):
    world = make_world(2)
    add_line_plan(world)
    order = put_order("1", world.payees[1], "2024-03-05", 1000_00)
    put_line(order, "1-1", 1000_00, product=put_product("c", category="Caps"))
    world.run()
    assert (left_over(), earned(world)) == ([], {"1": Decimal("50.00")})


def test_lines_in_another_currency_than_their_order_are_named(scope):
    world = make_world(1, text=BIKES)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 1000_00, product=put_product("b", category="Bikes"), currency="EUR")
    world.run()
    assert (earned(world), left_over()) == ({}, [("1", Decimal(1000), "line_currency", False)])


def test_money_of_a_line_is_converted_as_its_amount_is(scope):
    world = make_world(1, text=MARGIN)
    with change(reason="rates") as changeset:
        FxRate.objects.create(rate_type="daily", base="EUR", quote="USD", fx_rate=Decimal("1.5"), valid_from=dt.date(2024, 1, 1), known_from=changeset)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00, currency="EUR")
    put_line(order, "1-1", 1000_00, currency="EUR", cost=600_00)
    world.run()
    assert earned(world) == {"0": Decimal("60.00")}


def test_a_line_that_is_taken_away_leaves_the_difference(scope):
    world = make_world(1, text=BIKES)
    bike = put_product("b", category="Bikes")
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 700_00, product=bike)
    put_line(order, "1-2", 300_00, product=bike)
    world.run()
    put_line(order, "1-2", 300_00, product=bike, gone=True)
    run = world.run()
    assert (run.is_full, earned(world), left_over()) == (False, {"0": Decimal("70.00")}, [("1", Decimal(300), "no_rule", True)])


def test_a_late_line_is_explained_by_the_line_that_changed(scope):
    from incentives.selectors import late_changes, statement_get
    from incentives.services import period_state_set

    world = make_world(1, text=BIKES)
    bike = put_product("b", category="Bikes")
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 500_00, product=bike)
    put_line(order, "1-2", 300_00, product=bike)
    world.run()
    payee = world.payees[0]
    period_state_set(period=world.period("2024-03"), pay_group=payee.pay_group, legal_entity=payee.legal_entity, state="closed")
    put_line(order, "1-2", 400_00, product=bike)
    world.run()
    april = world.period("2024-04")
    (late,) = late_changes(payee, statement_get(payee, april).parts, period=april)
    assert [(c.line.part.line_number, c.credited_before, c.credited_after, c.pay) for c in late.orders] == [(2, 300, 400, 10)]


def test_plans_are_compared_at_the_grain_that_each_reads(scope):
    from incentives.comparison import versions_compare
    from incentives.services import version_draft

    world = make_world(1, text=BIKES)
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 700_00, product=put_product("b", category="Bikes"))
    by_order = BIKES.replace("reads: order_lines\n", "").replace(', where: category = "Bikes"', "")
    draft = version_draft(plan=world.plan, text=by_order, effective_from=dt.date(2024, 1, 1))
    found = versions_compare(first=world.version, second=draft, start=dt.date(2024, 3, 1), end=dt.date(2024, 4, 1), known_number=known_number())
    assert found.uncredited == (1, 0)
    assert found.comparison.total == (Decimal("70.00"), Decimal("100.00"))


def test_negative_control_a_late_line_that_is_not_looked_for_is_missed(scope, monkeypatch):
    world = make_world(1, text=BIKES)
    bike = put_product("b", category="Bikes")
    order = put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_line(order, "1-1", 500_00, product=bike)
    world.run()
    put_line(order, "1-1", 700_00, product=bike)
    monkeypatch.setattr("incentives.changed.lines_are_read", lambda: False)
    assert world.run().summary["posted"] == 0
    monkeypatch.undo()
    assert world.run(is_full=True).summary["posted"] == 1


def test_an_explanation_reads_the_products_of_the_payees_lines_alone_and_says_the_same(scope):
    from incentives.products import ProductWords

    products = [put_product(f"p{n}", category=f"c{n % 3}", code="" if n % 2 else f"P-{n}").pk for n in range(8)]
    whole, some = ProductWords(known_number()), ProductWords(known_number(), whole=False)
    asked = [np.array([*products[5:2:-1], -1], dtype=np.int64), np.array(products, dtype=np.int64)]
    first = [some.codes("category", asked[0]), some.codes("product", asked[0])]
    assert some.label_code("category", "c1") == first[0][1]
    for name, before in zip(("category", "product"), first, strict=True):
        # More products are read, and what was said before stands.
        after = some.codes(name, asked[1])
        assert after[5:2:-1].tolist() == before[:-1].tolist()
        assert before[-1] == -1
        for words, codes in ((some, after), (whole, whole.codes(name, asked[1]))):
            label_of = [f"c{n % 3}" if name == "category" else f"p{n}" if n % 2 else f"P-{n}" for n in range(8)]
            assert [words.label_code(name, label) for label in label_of] == codes.tolist()
    assert whole.label_code("product", "p2") == whole.label_code("product", "P-2") is not None
    assert whole.label_code("product", "nothing") is None
