"""What pages read: statements that add up, traces whose leaves are the amount, scorecards, heat maps, what a run changed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test.utils import CaptureQueriesContext

from incentives.selectors import freshness, line_trace, plan_list, run_diff, scorecard_get, statement_get, statement_list, team_heat_map
from incentives.selectors.whatif import forget
from incentives.services import adjustment_post, period_state_set
from spm.people.models import LegalEntity
from tests.incentives.world import PLAN, add_manager, make_world, put_order

TIERED = PLAN.replace(
    "components:\n",
    "tables:\n  - name: steps\n    steps:\n      - {from: 0, to: 100%, value: 1}\n      - {from: 100%, value: 2}\ncomponents:\n",
).replace(
    "    pay_rate: {flat: attr.commission_pct}\n",
    "    pay_rate: {table: steps, mode: marginal, scale: quota.sales}\n    multiply:\n      - {name: own, by: attr.commission_pct}\n    when_undefined: zero\n",
)


def test_a_statement_adds_up_over_earned_late_and_adjusted(scope):
    world = make_world(1)
    payee = world.payees[0]
    put_order("1", payee, "2024-03-05", 1000_00)
    world.run()
    period_state_set(period=world.period("2024-03"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    put_order("2", payee, "2024-03-20", 200_00)
    put_order("3", payee, "2024-04-20", 300_00)
    world.run()
    april = world.period("2024-04")
    adjustment_post(
        payee=payee, seat=world.seats[0], plan_version_id=world.version.pk, component="commission", earning_period=april, pay_period=april, amount=-250,
        scale=2, currency="USD", note="Rounding with the old system",
    )  # fmt: skip
    assert world.run().summary["posted"] == 0  # a run leaves adjustments alone
    view = statement_get(payee, april)
    assert (view.earned, view.late, view.adjusted, view.total) == (
        {"USD": Decimal("15.00")}, {"USD": Decimal("10.00")}, {"USD": Decimal("-2.50")}, {"USD": Decimal("22.50")},
    )  # fmt: skip
    assert [(part.earning_period_code, part.is_late, part.causes) for part in view.parts] == [("2024-04", False, ("data",)), ("2024-03", True, ("data",))]
    assert {row.period_code: row.total for row in statement_list(payee)}["2024-04"] == {"USD": Decimal("22.50")}


def test_the_lines_and_the_leaves_of_a_trace_sum_to_the_amount(scope):
    from incentives.engine.trace import leaves_total

    world = make_world(1, text=TIERED, quota=1000_00)
    payee, march = world.payees[0], world.period("2024-03")
    put_order("1", payee, "2024-03-05", 700_07)
    put_order("2", payee, "2024-03-06", 600_05)
    world.run()
    trace = line_trace(payee, period=march, version_id=world.version.pk, seat_id=world.seats[0].pk, component="commission")
    assert trace is not None
    # 1000 at 5 %, 300.12 at twice that
    assert trace.amount == Decimal("80.01") == statement_get(payee, march).total["USD"]
    assert leaves_total(trace.tree) == trace.amount
    assert [(line.external_id, line.pay_credit) for line in trace.lines] == [("1", Decimal("700.07")), ("2", Decimal("600.05"))]


def test_a_trace_is_of_what_the_run_saw(scope):
    world = make_world(1)
    payee, march = world.payees[0], world.period("2024-03")
    put_order("1", payee, "2024-03-05", 1000_00)
    world.run()
    put_order("2", payee, "2024-03-06", 500_00)
    trace = line_trace(payee, period=march, version_id=world.version.pk, seat_id=world.seats[0].pk, component="commission")
    assert trace is not None
    assert (trace.amount, trace.lines_total, freshness().changes_since) == (Decimal("50.00"), 1, 1)


def test_the_scorecard_tells_pace_projection_and_the_next_tier(scope):
    world = make_world(1, text=TIERED, quota=1000_00)
    payee = world.payees[0]
    put_order("1", payee, "2024-04-05", 400_00)
    put_order("2", payee, "2024-04-10", 200_00)
    world.run(business_date=dt.date(2024, 4, 15))
    card = scorecard_get(payee, business_date=dt.date(2024, 4, 15))
    (gauge,) = card.gauges
    assert (gauge.actual, gauge.quota, gauge.attainment, gauge.gap) == (Decimal("600.00"), Decimal("1000.00"), Decimal("0.600000"), Decimal("400.00"))
    assert (gauge.pace, gauge.projected) == (Decimal("500.00"), Decimal("1200.00"))
    assert [(point.day.day, point.actual) for point in gauge.series] == [(5, Decimal("400.00")), (10, Decimal("600.00"))]
    assert (gauge.orders, gauge.average_order) == (2, Decimal("300.00"))
    (tier,) = card.tiers
    assert (tier.distance, tier.worth, tier.rate_now, tier.rate_next) == (Decimal("400.00"), Decimal("20.00"), Decimal(1), Decimal(2))
    assert card.earned_period == card.pending == {"USD": Decimal("30.00")}


def test_the_heat_map_has_a_value_for_every_person_and_metric(scope):
    world = make_world(2)
    put_order("1", world.payees[0], "2024-03-05", 125_000_00)
    world.run()
    heat = team_heat_map([payee.pk for payee in world.payees], period=world.period("2024-03"))
    assert [(c.key, c.kind) for c in heat.columns] == [("attainment", "percent"), ("sales", "amount"), ("earned", "amount")]
    by_payee = {row.payee_id: row.cells for row in heat.rows}
    assert [cell.value for cell in by_payee[world.payees[0].pk]] == [Decimal("1.25"), Decimal("125000.00"), Decimal("6250.00")]
    assert [cell.value for cell in by_payee[world.payees[1].pk]] == [Decimal(0), Decimal("0.00"), Decimal("0.00")]
    assert [by_payee[payee.pk][0].level for payee in world.payees] == [4, 0]


def test_a_run_tells_what_it_changed_against_the_last(scope):
    world = make_world(2)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    world.run()
    put_order("1", world.payees[0], "2024-03-05", 800_00)
    diff = run_diff(world.run())
    assert [(line.component, line.period_code, line.before, line.after, line.delta, line.cause) for line in diff.lines] == [
        ("commission", "2024-03", Decimal(50), Decimal(40), Decimal("-10"), "data")
    ]
    assert (diff.totals, diff.payees, diff.results_changed) == ({"USD": Decimal("-10.00")}, 1, 1)


def test_plan_list_names_active_version_and_seats(scope):
    world = make_world(2)
    (row,) = plan_list()
    assert (row.plan.code, row.active, row.draft, row.seats) == ("direct", world.version, None, 2)


@pytest.mark.parametrize("orders", [1, 12])
def test_the_number_of_queries_does_not_grow_with_orders(scope, orders):
    from django.db import connection

    world = make_world(2)
    add_manager(world)
    payee, march = world.payees[0], world.period("2024-03")
    for number in range(orders):
        put_order(str(number), payee, f"2024-03-{number + 1:02}", 1000_00)
    world.run()
    plan_list()
    counts = {}
    for name, read in {
        "statement": lambda: statement_get(payee, march),
        "statements": lambda: statement_list(payee),
        "scorecard": lambda: scorecard_get(payee, business_date=dt.date(2024, 3, 31)),
        "trace": lambda: line_trace(payee, period=march, version_id=world.version.pk, seat_id=world.seats[0].pk, component="commission"),
        "team": lambda: team_heat_map([p.pk for p in world.payees], period=march),
        "diff": lambda: run_diff(freshness().run),
    }.items():
        forget()
        with CaptureQueriesContext(connection) as queries:
            read()
        counts[name] = len(queries)
    assert counts == {"statement": 9, "statements": 2, "scorecard": 15, "trace": 12, "team": 10, "diff": 10}
