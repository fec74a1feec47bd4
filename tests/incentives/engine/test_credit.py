"""Who is credited, what is excluded, and what nobody was credited for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.errors import InputError
from incentives.engine.plan_check import earned, figure
from incentives.engine.simulate import Simulation, simulation_run

HEAD = "engine: 1\nplan: p\ncurrency: USD\ncalendar: month\n"
PAY = "components:\n  - {name: pay, base: sales, pay_rate: {flat: 10%}}\n"
DIRECT = "credits: [{name: direct, to: owner_or_splits}]\nmeasures: [{name: sales}]\n"


def simulate(text: str, **tables: list[dict[str, Any]]) -> Simulation:
    return simulation_run(plan_load(HEAD + text), {name: [{k: str(v) for k, v in row.items()} for row in rows] for name, rows in tables.items()})


def tx(id: str, payee: str, amount: Any, date: str = "2025-01-10", **extra: Any) -> dict[str, Any]:
    return {"id": id, "date": date, "payee": payee, "amount": amount, **extra}


def test_the_first_exclusion_that_fits_takes_the_object_and_none_is_an_exception() -> None:
    text = 'exclusions: [{name: online, where: channel = "online"}, {name: small, where: amount < 10}]\n' + DIRECT + PAY
    result = simulate(text, transactions=[tx("1", "", 5, channel="online"), tx("2", "ann", 5, channel="shop"), tx("3", "", 50, channel="shop")]).result
    assert [(e.name, e.count, e.amount) for e in result.exclusions] == [("online", 1, Decimal(5)), ("small", 1, Decimal(5))]
    assert [(u.amount, u.reason) for u in result.uncredited] == [(Decimal(50), "no_owner")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (tx("1", "", 50), "no_owner"),
        (tx("1", "ann", 50, kind="other"), "no_rule"),
        (tx("1", "ann", 50, date="2024-12-31"), "no_assignment"),
        (tx("1", "bob", 50, date="2025-06-15"), "outside_calendar"),
    ],
)
def test_what_nobody_is_credited_for_says_why(row: dict[str, Any], reason: str) -> None:
    text = 'credits: [{name: direct, to: owner, where: kind != "other"}]\nmeasures: [{name: sales}]\n' + PAY
    calendar = [{"period": "all", "from": "2024-01-01", "to": "2025-06-01"}]
    result = simulate(text, transactions=[row], assignments=[{"payee": "ann", "from": "2025-01-01"}], calendar=calendar).result
    assert [u.reason for u in result.uncredited] == [reason]


def test_a_split_that_does_not_make_100_percent_is_listed_and_pays_nobody() -> None:
    splits = [{"transaction": "1", "payee": "ann", "share": 50}, {"transaction": "1", "payee": "bob", "share": 49.9999}]
    simulation = simulate(DIRECT + PAY, transactions=[tx("1", "ann", 100)], splits=splits)
    assert [u.reason for u in simulation.result.uncredited] == ["split_total"]
    assert earned(simulation, "ann") == 0


def test_a_rule_for_overlays_takes_splits_beyond_100_percent() -> None:
    text = "credits: [{name: direct, to: splits, must_total: false}]\nmeasures: [{name: sales}]\n" + PAY
    splits = [{"transaction": "1", "payee": "ann", "share": 100}, {"transaction": "1", "payee": "bob", "share": 50}]
    simulation = simulate(text, transactions=[tx("1", "ann", 100)], splits=splits)
    assert (earned(simulation, "ann"), earned(simulation, "bob")) == (Decimal(10), Decimal(5))


def test_quota_credit_and_pay_credit_are_split_by_their_own_shares() -> None:
    text = (
        """
credits: [{name: direct, to: owner_or_splits}]
measures: [{name: sales}, {name: toward_quota, value: quota_credit}]
"""
        + PAY
    )
    splits = [
        {"transaction": "1", "payee": "ann", "pay_share": 30, "quota_share": 100},
        {"transaction": "1", "payee": "bob", "pay_share": 70, "quota_share": 0},
    ]
    simulation = simulate(text, transactions=[tx("1", "ann", 100)], splits=splits)
    assert (figure(simulation, "ann", "sales", "2025-01"), figure(simulation, "ann", "toward_quota", "2025-01")) == (30, 100)
    assert (figure(simulation, "bob", "sales", "2025-01"), figure(simulation, "bob", "toward_quota", "2025-01")) == (70, 0)


def test_a_participant_without_a_seat_loses_the_share_by_name() -> None:
    splits = [{"transaction": "1", "payee": "ann", "share": 60}, {"transaction": "1", "payee": "bob", "share": 40}]
    seats = [{"payee": "ann"}, {"payee": "bob", "from": "2026-01-01"}]
    simulation = simulate(DIRECT + PAY, transactions=[tx("1", "ann", 100)], splits=splits, assignments=seats)
    (left,) = simulation.result.uncredited
    assert (simulation.data.payees[left.payee], left.amount, left.reason) == ("bob", Decimal(40), "no_assignment")


OVERLAY = """
credits:
  - {name: direct, to: %s}
  - {name: overlay, to: splits, roles: [se], must_total: false}
measures: [{name: sales}]
"""


@pytest.mark.parametrize("short", [True, False])
def test_a_failed_split_is_listed_also_where_another_rule_credits_the_order(short: bool) -> None:
    splits = [{"payee": "ann", "share": 50}, {"payee": "bob", "share": 40 if short else 50, "role": "rep"}, {"payee": "sue", "share": 100, "role": "se"}]
    splits = [{"transaction": "1", "role": "rep", **row} for row in splits]
    text = (OVERLAY % "splits").replace("to: splits}", "to: splits, roles: [rep]}") + PAY
    simulation = simulate(text, transactions=[tx("1", "ann", 100)], splits=splits)
    listed = [(simulation.data.payees[u.payee], u.amount, u.reason) for u in simulation.result.uncredited]
    assert listed == ([("ann", Decimal(100), "split_total")] if short else [])
    assert (earned(simulation, "ann"), earned(simulation, "sue")) == (0 if short else 5, 10)


def test_an_owner_without_a_seat_is_listed_also_where_another_rule_credits_the_order() -> None:
    splits = [{"transaction": "1", "payee": "sue", "share": 100, "role": "se"}]
    seats = [{"payee": "sue"}, {"payee": "ann", "from": "2026-01-01"}]
    simulation = simulate(OVERLAY % "owner" + PAY, transactions=[tx("1", "ann", 100)], splits=splits, assignments=seats)
    listed = [(simulation.data.payees[u.payee], u.amount, u.reason) for u in simulation.result.uncredited]
    assert (listed, earned(simulation, "sue")) == ([("ann", Decimal(100), "no_assignment")], 10)


@pytest.mark.parametrize(("rounding", "expected"), [("round: {mode: half_up}", "0.04"), ("round: {mode: half_even}", "0.02"), ("round: none", "0.03")])
def test_credits_are_rounded_order_by_order_as_the_rule_says(rounding: str, expected: str) -> None:
    text = f"credits: [{{name: direct, to: owner, {rounding}}}]\nmeasures: [{{name: sales}}]\n" + PAY
    simulation = simulate(text, transactions=[tx("1", "ann", "0.005"), tx("2", "ann", "0.025")])
    assert figure(simulation, "ann", "sales", "2025-01") == Decimal(expected)


HIERARCHY = [
    {"payee": "ann", "manager": "mia", "from": "2025-01-01", "to": "2025-01-15"},
    {"payee": "ann", "manager": "max", "from": "2025-01-15"},
    {"payee": "mia", "manager": "vera"},
    {"payee": "max", "manager": "vera"},
]


@pytest.mark.parametrize(
    ("as_of", "levels", "expected"),
    [
        ("event", "all", {"mia": 100, "max": 200, "vera": 300}),
        ("event", "direct", {"mia": 100, "max": 200, "vera": 0}),
        ("period_end", "all", {"mia": 0, "max": 300, "vera": 300}),
    ],
)
def test_roll_up_follows_the_reporting_line_as_of_the_rules_day(as_of: str, levels: str, expected: dict[str, int]) -> None:
    text = (
        f"""
credits:
  - {{name: direct, to: owner}}
  - {{name: team, to: managers, of: direct, as_of: {as_of}, levels: {levels}}}
measures: [{{name: sales, credits: [direct, team]}}, {{name: own, credits: [direct]}}]
"""
        + PAY
    )
    simulation = simulate(text, transactions=[tx("1", "ann", 100, "2025-01-14"), tx("2", "ann", 200, "2025-01-15")], hierarchy=HIERARCHY)
    assert {name: figure(simulation, name, "sales", "2025-01") for name in expected} == expected
    assert figure(simulation, "vera", "own", "2025-01") == 0
    assert figure(simulation, "ann", "sales", "2025-01") == 300


def test_a_reporting_loop_ends() -> None:
    text = DIRECT + PAY + "  - {name: over, team_override: {base: sales, measure: sales, as_of: event}, pay_rate: {flat: 1%}}\n"
    loop = [{"payee": "ann", "manager": "bob"}, {"payee": "bob", "manager": "ann"}]
    simulation = simulate(text, transactions=[tx("1", "ann", 100)], hierarchy=loop)
    assert (earned(simulation, "ann", "over"), earned(simulation, "bob", "over")) == (0, 1)


def test_a_mover_is_credited_in_each_seat_for_its_own_days_against_a_prorated_quota() -> None:
    text = (
        """
credits: [{name: direct, to: owner}]
quotas: [{name: sales, prorate: calendar_days}]
measures: [{name: sales}]
attainments: [{name: attainment, measure: sales, quota: sales}]
"""
        + PAY
    )
    seats = [
        {"assignment": "a1", "payee": "ann", "position": "north", "from": "2025-01-01", "to": "2025-01-16"},
        {"assignment": "a2", "payee": "ann", "position": "south", "from": "2025-01-16"},
    ]
    quotas = [{"position": name, "quota": "sales", "from": "2025-01-01", "to": "2025-02-01", "amount": 310} for name in ("north", "south")]
    simulation = simulate(text, transactions=[tx("1", "ann", 75, "2025-01-15"), tx("2", "ann", 40, "2025-01-16")], assignments=seats, quotas=quotas)
    names = simulation.data.assignments
    values = {names[f.assignment]: f.value for f in simulation.result.outcome.figures if f.name == "attainment" and f.period == 0}
    assert values == {"a1": Decimal("0.5"), "a2": Decimal("0.25")}


def test_of_two_seats_at_once_the_primary_one_takes_the_credit_unless_the_source_names_one() -> None:
    seats = [
        {"assignment": "side", "payee": "ann", "primary": "no", "fte": 50},
        {"assignment": "main", "payee": "ann", "primary": "yes", "fte": 50},
    ]
    simulation = simulate(DIRECT + PAY, transactions=[tx("1", "ann", 100), tx("2", "ann", 7, assignment="side")], assignments=seats)
    values = {simulation.data.assignments[f.assignment]: f.value for f in simulation.result.outcome.figures if f.name == "sales" and f.period == 0}
    assert values == {"main": 100, "side": 7}


def test_only_the_enrolled_are_credited_and_paid() -> None:
    simulation = simulate(DIRECT + PAY, transactions=[tx("1", "ann", 100), tx("2", "bob", 100)], enrolments=[{"payee": "ann"}])
    assert (earned(simulation, "ann"), earned(simulation, "bob")) == (10, 0)
    assert [u.reason for u in simulation.result.uncredited] == ["no_assignment"]


def test_a_missing_rate_is_an_exception_on_one_payee_that_stops_no_other() -> None:
    text = "attributes: [{name: pct}]\n" + DIRECT + "components: [{name: pay, base: sales, pay_rate: {flat: attr.pct}}]\n"
    simulation = simulate(text, transactions=[tx("1", "ann", 100), tx("2", "bob", 100)], attributes=[{"payee": "ann", "name": "pct", "value": "10%"}])
    assert (earned(simulation, "ann"), earned(simulation, "bob")) == (10, 0)
    issues = {(simulation.data.payees[i.payee], i.cause) for i in simulation.result.outcome.issues}
    assert issues == {("bob", "attr.pct is missing on the period's last day")}


def test_as_of_takes_the_newest_version_up_to_a_change_and_leaves_out_the_deleted() -> None:
    rows = [tx("1", "ann", 100, change=1), tx("1", "ann", 300, change=3), tx("2", "ann", 50, change=2), tx("2", "ann", 50, change=4, deleted="yes")]
    plan = plan_load(HEAD + DIRECT + PAY)
    amounts = [earned(simulation_run(plan, {"transactions": [{k: str(v) for k, v in r.items()} for r in rows]}, as_of=k), "ann") for k in (1, 2, 3, 4)]
    assert amounts == [10, 15, 35, 30]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"transactions": [tx("1", "ann", "1,5")]}, "transactions, row 2, amount: '1,5' is no number"),
        ({"transactions": [tx("1", "ann", 5, "10.01.2025")]}, "transactions, row 2, date: '10.01.2025' is no date"),
        ({"transactions": [tx("1", "ann", 5), tx("1", "ann", 6)]}, "transactions, row 3, id: 1 is given twice"),
        ({"transactions": [tx("1", "ann", 5, colour="red")]}, "transactions, row 2, colour: is an unknown column"),
        ({"transactions": [tx("1", "ann", 5, currency="EUR")]}, "EUR on a plan in USD"),
        ({"transactions": [tx("1", "ann", "0.0000001")]}, "has 7 decimals"),
        ({"transactions": [tx("1", "ann", 5)], "people": [{"a": 1}]}, "people: is no table"),
        ({"transactions": [tx("1", "ann", 5)], "splits": [{"transaction": "9", "payee": "ann", "share": 100}]}, "splits, row 2, transaction: 9 is unknown"),
    ],
)
def test_a_wrong_cell_is_named(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        simulate(DIRECT + PAY, **tables)


MARGIN = """
engine: 1
plan: margin
currency: USD
calendar: month
reads: order_lines
credits:
  - {name: sale, to: owner}
measures:
  - {name: margin, value: 'if(kind = "renewal", acv, amount - cost)', where: kind != "usage" or cost > 5}
components:
  - {name: pay, base: margin, pay_rate: {flat: 100%}}
"""


def test_an_unstated_figure_is_missed_only_where_the_formula_needs_it():
    """Kleene's rules: a branch not taken and a condition settled by its other half miss nothing."""
    line = {"date": "2024-01-05", "payee": "a", "amount": 100}
    rows = [
        {**line, "id": "renewal-1", "order": "o1", "kind": "renewal", "acv": 30},
        {**line, "id": "renewal-2", "order": "o1", "kind": "renewal", "cost": 1},
        {**line, "id": "new-1", "order": "o2", "kind": "new", "cost": 60},
        {**line, "id": "new-2", "order": "o2", "kind": "new", "acv": 1},
        {**line, "id": "usage", "order": "o3", "kind": "usage"},
    ]
    simulation = simulation_run(plan_load(MARGIN), {"transactions": rows})
    assert [earning.amount for earning in simulation.result.outcome.earnings if earning.amount] == [Decimal("70.00")]
    missed = [simulation.data.objects[item.object_id] for item in simulation.result.uncredited if item.reason == "not_stated"]
    assert sorted(missed) == ["new-2", "renewal-2", "usage"]
    assert simulation.result.credited_objects == 3
