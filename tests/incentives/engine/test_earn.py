"""From measures to pay, period by period: attributes of a day, openings, what settles, what an explanation names, and what stops a component."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import OpeningAmount, day_number
from incentives.engine.earn import earn, shown_figure, totals_matrix
from incentives.engine.measure import totals_split
from incentives.engine.prepare import Prepared
from incentives.engine.run import run
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.tabular import tabular_inputs
from incentives.engine.trace import explain, leaves_total

from .test_oracle import cents, text, tried
from .test_windows import chained, sums

D = Decimal
HEAD = """\
engine: 1
plan: earned
currency: USD
calendar: month
credits: [{name: direct, to: owner}]
"""


def simulated(body: str, **tables: list[dict[str, Any]]) -> Simulation:
    return simulation_run(plan_load(HEAD + body), {name: [{k: str(v) for k, v in row.items()} for row in rows] for name, rows in tables.items()})


def sale(month: int, amount: Any, payee: str = "ann", day: int = 5) -> dict[str, Any]:
    return {"id": f"{payee}{month}-{day}", "date": f"2025-{month:02}-{day:02}", "payee": payee, "amount": amount}


def months(simulation: Simulation, component: str = "pay", payee: str = "ann") -> dict[int, str]:
    """Month -> what was earned, zeros left out."""
    who = simulation.data.payee_id(payee)
    earned = [e for e in simulation.result.outcome.earnings if e.payee == who and e.component == component]
    return {e.period + 1: text(Fraction(e.amount)) for e in earned if e.amount}


def issues(simulation: Simulation) -> list[tuple[str, int, str]]:
    return [(i.component, i.period + 1, str(i.cause)) for i in simulation.result.outcome.issues]


def parts(simulation: Simulation, month: int, component: str = "pay", assignment: int = 0) -> list[tuple[Any, ...]]:
    tree = explain(simulation.prepared, simulation.result.totals, assignment, month - 1, simulation.team_pay)
    assert leaves_total(tree) == Fraction(tree["amount"])
    node = next(node for node in [*tree["children"], *tree.get("aside", [])] if node["name"] == component)
    return [(part["kind"], part["label"], part["amount"], part["detail"]) for part in node["children"]]


# ---------------------------------------------------------------- attributes and scores


READ = """\
attributes: [{{name: salary, read: {read}{more}}}]
measures: [{{name: m}}]
components: [{{name: pay, formula: "attr.salary"{policy}}}]
"""
RAISED = [
    {"payee": "ann", "name": "salary", "value": 3100, "from": "2025-01-01", "to": "2025-03-11"},
    {"payee": "ann", "name": "salary", "value": 6200, "from": "2025-03-11", "to": "2025-03-31"},
    {"payee": "ann", "name": "salary", "value": 9300, "from": "2025-03-31"},
]  # fmt: skip


@pytest.mark.parametrize(("read", "march", "april"), [("last_day", "9300", "9300"), ("first_day", "3100", "9300"), ("by_days", "5300", "9300")])
def test_an_attribute_that_changes_within_the_month_is_read_as_the_plan_says(read: str, march: str, april: str) -> None:
    """10 days at 3,100, 20 at 6,200 and one at 9,300."""
    found = months(simulated(READ.format(read=read, more="", policy=""), transactions=[sale(3, 1), sale(4, 1)], attributes=RAISED))
    assert (found[2], found[3], found[4]) == ("3100", march, april)


def test_the_first_day_is_the_seats_own_where_it_starts_within_the_window() -> None:
    """Before she sat there, the figure was another's business."""
    seat = [{"payee": "ann", "from": "2025-03-15"}]
    body = READ.format(read="first_day", more="", policy="")
    assert months(simulated(body, transactions=[sale(3, 1, day=20)], attributes=RAISED, assignments=seat))[3] == "6200"
    assert months(simulated(body, transactions=[sale(3, 1)], attributes=RAISED))[3] == "3100"


def test_what_is_weighed_by_days_is_shown_piece_by_piece_and_rounded_as_the_plan_says() -> None:
    body = READ.format(read="by_days", more=", round: {places: 0, mode: half_up}", policy="")
    simulation = simulated(body, transactions=[sale(3, 1)], attributes=[row | {"value": row["value"] + 5} for row in RAISED])
    (node,) = explain(simulation.prepared, simulation.result.totals, 0, 2)["children"]
    assert node["weighed"] == {
        "attr.salary": [
            {"from": "2025-03-01", "days": 10, "value": "3105", "part": "1002"},
            {"from": "2025-03-11", "days": 20, "value": "6205", "part": "4003"},
            {"from": "2025-03-31", "days": 1, "value": "9305", "part": "300"},
        ]
    }
    assert node["amount"] == "5305"


@pytest.mark.parametrize("read", ["last_day", "first_day", "by_days"])
def test_a_figure_that_nobody_gave_is_a_named_exception_or_the_plans_default(read: str) -> None:
    simulation = simulated(READ.format(read=read, more="", policy=""), transactions=[sale(3, 1)])
    assert months(simulation) == {}
    assert len(issues(simulation)) == 12
    assert all("attr.salary" in cause for _, _, cause in issues(simulation))
    given_default = simulated(READ.format(read=read, more=", default: 70", policy=""), transactions=[sale(3, 1)])
    assert months(given_default)[3] == "70"
    assert issues(given_default) == []


@pytest.mark.parametrize(("value", "named"), [(99, "below its least value 100"), (100, ""), (200, ""), (201, "above its greatest value 200")])
def test_a_figure_outside_its_bounds_is_not_used(value: int, named: str) -> None:
    body = READ.format(read="last_day", more=", minimum: 100, maximum: 200", policy="")
    simulation = simulated(body, transactions=[sale(1, 1)], attributes=[{"payee": "ann", "name": "salary", "value": value}])
    found = [cause for _, month, cause in issues(simulation) if month == 1]
    assert (named in found[0] and f"is {value}" in found[0]) if named else (found == [] and months(simulation)[1] == str(value))


# ---------------------------------------------------------------- what an explanation names


NAMED = """\
measures: [{name: m}, {name: quarter, over: quarter}]
tables: [{name: t, steps: [{from: 0, value: 10%}]}, {name: t, effective: 2025-03-01, steps: [{from: 0, value: 20%}]}]
peers: [{name: c, of: m}]
components:
  - {name: flat, base: m / 2, pay_rate: {flat: 3% + 1%}}
  - {name: step, base: m, pay_rate: {table: t, mode: whole}}
  - {name: free, formula: m * 2}
  - {name: lines, per_line: {pay: "pay_credit * 5%"}}
  - {name: pool, pool: {amount: "total.c + 1", peers: c}, when_undefined: zero}
  - {name: gated, base: m, pay_rate: {flat: 1%}, gate: m > 5000}
  - {name: settled, base: quarter, pay_rate: {flat: 1.5%}, settle: quarter, round: {places: 0, mode: half_up}}
"""


def test_every_part_of_an_explanation_has_its_name_its_formula_and_its_evidence() -> None:
    simulation = simulated(NAMED, transactions=[sale(2, 1000), sale(3, 1100), sale(3, 700, "bob")])
    assert parts(simulation, 3, "flat") == [("rate", "3% + 1%", "22", {"base": "550", "rate": "0.04"})]
    assert parts(simulation, 2, "step") == [("step", "t", "100", {"base": "1000", "by": "1000", "rate": "0.1", "scale": "1"})]
    assert parts(simulation, 3, "step") == [("step", "t", "220", {"base": "1100", "by": "1100", "rate": "0.2", "scale": "1"})]
    assert parts(simulation, 3, "free") == [("formula", "m * 2", "2200", {})]
    assert parts(simulation, 3, "lines") == [("lines", "pay_credit * 5%", "55", {})]
    assert parts(simulation, 3, "pool") == [("pool", "total.c + 1", "1100.61", {})]
    assert parts(simulation, 3, "pool", 1) == [("pool", "total.c + 1", "700.39", {})]
    assert parts(simulation, 3, "gated") == [("gate", "m > 5000", "0", {})]
    assert parts(simulation, 3, "settled") == [
        ("rate", "1.5%", "31.5", {"base": "2100", "rate": "0.015"}),
        ("rounding", "half_up to 0 decimals", "0.5", {}),
        ("earlier", "earned earlier in 2025-Q1", "-15", {}),
    ]
    # The next quarter starts anew: nothing earlier is named.
    assert [part[0] for part in parts(simulation, 4, "settled")] == ["rate"]


def test_a_tables_bounds_are_multiples_of_the_quota_where_each_slice_says_so() -> None:
    body = """\
measures: [{name: m}]
quotas: [{name: q}]
tables: [{name: t, steps: [{from: 0, to: 50%, value: 300}, {from: 50%, to: 100%, value: 900}, {from: 100%, value: 0}]}]
components: [{name: pay, base: m, pay_rate: {table: t, mode: proportional, scale: quota.q}, when_undefined: zero}]
"""
    quota = [{"payee": "ann", "quota": "q", "from": "2025-01-01", "to": "2026-01-01", "amount": 36500}]
    simulation = simulated(body, transactions=[sale(1, 2325)], quotas=quota)  # January's 31 days are 3,100: three quarters
    assert months(simulation) == {1: "750"}
    assert [(kind, amount, detail["to"]) for kind, _, amount, detail in parts(simulation, 1)] == [("slice", "300", "1550"), ("slice", "450", "3100")]


# ---------------------------------------------------------------- what stops a component, and what it keeps


SETTLED = """\
measures: [{name: year, over: year}]
kpis: [{name: score, over: period, read: last}]
components:
  - {name: pay, formula: "year * kpi.score", settle: year}
  - {name: beside, base: year, pay_rate: {flat: 1%}, settle: year}
"""


def test_what_was_earned_stands_while_a_figure_is_missing_and_the_next_month_catches_up() -> None:
    scores = [{"payee": "ann", "kpi": "score", "date": f"2025-{month:02}-10", "value": "10%"} for month in (1, 3)]
    simulation = simulated(SETTLED, transactions=[sale(month, 1000) for month in (1, 2, 3)], kpis=scores)
    assert months(simulation) == {1: "100", 3: "200"}
    assert months(simulation, "beside") == {1: "10", 2: "10", 3: "10"}
    assert [(name, month) for name, month, _ in issues(simulation)] == [("pay", month) for month in (2, *range(4, 13))]
    assert parts(simulation, 2) == [("earlier", "kept as earned", "100", {}), ("earlier", "earned earlier in 2025", "-100", {})]
    first = simulated(SETTLED, transactions=[sale(1, 1000)])
    assert [part[:1] for part in parts(first, 1)] == [("undefined",)]  # nothing was earned yet, so nothing is kept


@pytest.mark.parametrize(("amount", "stopped"), [("999999999999.99", False), ("1000000000000", True)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pay_that_fits_into_no_book_is_an_exception_of_its_payee_alone(amount: str, stopped: bool, sign: str) -> None:
    body = f"""measures: [{{name: m, aggregate: count}}]
values: [{{name: big, formula: "if(m > 1, {sign}{amount}, 5)"}}]
components: [{{name: pay, formula: big}}]
"""
    simulation = simulated(body, transactions=[sale(1, 1), sale(1, 1, day=6), sale(1, 1, "bob")])
    assert months(simulation, payee="bob")[1] == "5"
    assert months(simulation)[2] == "5"
    if stopped:
        assert 1 not in months(simulation)
        assert issues(simulation) == [("pay", 1, "the amount has more than 12 digits before the decimals")]
    else:
        assert months(simulation)[1] == sign + amount
        assert issues(simulation) == []


def test_undefined_is_zero_where_the_plan_says_so_and_a_settling_component_gives_back_what_it_had() -> None:
    body = """\
measures: [{name: year, over: year}]
kpis: [{name: score, over: period, read: last, default: 0}]
components:
  - {name: pay, formula: year / kpi.score, settle: year, when_undefined: zero}
  - {name: kept, formula: year / kpi.score, settle: year, when_undefined: exception}
"""
    scores = [{"payee": "ann", "kpi": "score", "date": f"2025-{month:02}-10", "value": 2} for month in (1, 3)]
    simulation = simulated(body, transactions=[sale(1, 1000), sale(3, 500)], kpis=scores)
    assert months(simulation) == {1: "500", 2: "-500", 3: "750", 4: "-750"}
    assert months(simulation, "kept") == {1: "500", 3: "250"}
    assert {(name, cause) for name, _, cause in issues(simulation)} == {("kept", "formula is undefined (a quota is zero or missing)")}
    assert parts(simulation, 2) == [("undefined", "formula", "0", {}), ("earlier", "earned earlier in 2025", "-500", {})]
    assert parts(simulation, 2, "kept") == [("earlier", "kept as earned", "500", {}), ("earlier", "earned earlier in 2025", "-500", {})]


# ---------------------------------------------------------------- going live within the year


LIVE = (
    HEAD
    + """\
measures:
  - {name: month}
  - {name: quarter, over: quarter}
  - {name: year, over: year}
  - {name: rolling, over: rolling, periods: 3}
tables: [{name: t, steps: [{from: 0, to: 2000, value: 1%}, {from: 2000, to: 6000, value: 3%}, {from: 6000, value: 7%}]}]
components:
  - {name: monthly, base: month, pay_rate: {table: t, mode: whole}}
  - {name: quarterly, base: quarter, pay_rate: {table: t, mode: marginal}, settle: quarter}
  - {name: yearly, base: year, pay_rate: {table: t, mode: marginal}, settle: year}
  - {name: last_three, base: rolling, pay_rate: {table: t, mode: whole}, settle: period}
"""
)
MEASURES, PAID = ("month", "quarter", "year", "rolling"), ("monthly", "quarterly", "yearly", "last_three")
DEALS = st.lists(st.tuples(st.integers(1, 12), cents(-2000_00, 6000_00)), min_size=1, max_size=10)


def lived(deals: list[tuple[int, Fraction]], live: int, *, slip: int = 0) -> tuple[Any, Any]:
    """A year from January, and the same year from the month `live` on with an opening balance of what came before.
    slip: what the balance says too much of the year's sales."""
    plan = plan_load(LIVE)
    rows = [{"id": f"T{i}", "date": f"2025-{month:02}-07", "payee": "ann", "amount": text(amount)} for i, (month, amount) in enumerate(deals)]
    data = tabular_inputs(plan, {"transactions": rows, "assignments": [{"payee": "ann"}]})
    prepared = Prepared(plan, data.inputs)
    whole = earn(prepared, run(prepared, data.facts, data.splits).totals)
    first = day_number(f"2025-{live:02}-01")
    opening = [OpeningAmount(0, "credit", name, month - 1, D(text(amount)), first) for month, amount in deals if month < live for name in MEASURES]
    opening += [OpeningAmount(0, "paid", e.component, e.period, e.amount, first) for e in whole.earnings if e.period + 1 < live]
    opening += [OpeningAmount(0, "credit", "year", 0, D(slip), first), OpeningAmount(0, "start", "", 0, D(0), first)]
    after = replace(data.inputs, openings=tuple(opening))
    later = Prepared(plan, after)
    # The record may hold the sales from before as well; they are the earlier system's all the same.
    return whole, earn(later, run(later, data.facts, data.splits).totals)


@tried(30)
@given(DEALS, st.integers(2, 12))
def test_law_going_live_within_the_year_pays_what_the_whole_year_would_have_paid(deals: list[tuple[int, Fraction]], live: int) -> None:
    whole, later = lived(deals, live)
    assert [e for e in later.earnings] == [e for e in whole.earnings if e.period + 1 >= live]
    assert [f for f in later.figures] == [f for f in whole.figures if f.period + 1 >= live]


def test_control_an_opening_balance_that_says_a_dollar_more_pays_otherwise() -> None:
    whole, later = lived([(1, Fraction(3000)), (6, Fraction(3000))], 4, slip=100)
    expected = {e.period: e.amount for e in whole.earnings if e.component == "yearly"}
    assert {e.period: e.amount - expected[e.period] for e in later.earnings if e.component == "yearly" and e.amount != expected[e.period]} == {
        3: D(3), 5: D(4),  # 100 more at 3 %, of which June finds them above the bound of 6,000
    }  # fmt: skip


def test_what_the_old_system_paid_and_credited_is_named_in_the_explanation() -> None:
    plan = plan_load(LIVE)
    rows = [{"id": "T1", "date": "2025-03-07", "payee": "ann", "amount": "1000"}, {"id": "T2", "date": "2025-04-07", "payee": "ann", "amount": "500"}]
    data = tabular_inputs(plan, {"transactions": rows, "assignments": [{"payee": "ann"}, {"payee": "bob"}]})
    first = day_number("2025-03-01")
    before = [(0, "credit", "year", 900), (0, "paid", "yearly", 9), (0, "credit", "quarter", 900), (0, "paid", "quarterly", 8), (1, "paid", "yearly", 5)]
    opening = tuple(OpeningAmount(seat, kind, name, 1, D(amount), first) for seat, kind, name, amount in before)
    prepared = Prepared(plan, replace(data.inputs, openings=opening))
    totals = run(prepared, data.facts, data.splits).totals

    def shown(component: str, period: int) -> list[tuple[str, str, str]]:
        tree = explain(prepared, totals, 0, period)
        assert leaves_total(tree) == Fraction(tree["amount"])
        node = next(node for node in tree["children"] if node["name"] == component)
        return [(part["kind"], part["label"], part["amount"]) for part in node["children"]]

    assert shown("yearly", 2) == [("slice", "t", "19"), ("opening", "paid before in 2025, opening balance", "-9")]
    assert shown("yearly", 3) == [
        ("slice", "t", "20"), ("slice", "t", "12"), ("opening", "paid before in 2025, opening balance", "-9"), ("earlier", "earned earlier in 2025", "-10"),
    ]  # fmt: skip
    assert shown("quarterly", 2)[-1] == ("opening", "paid before in 2025-Q1, opening balance", "-8")
    assert [kind for kind, _, _ in shown("quarterly", 3)] == ["slice"]
    node = next(node for node in explain(prepared, totals, 0, 2)["children"] if node["name"] == "yearly")
    assert node["opening"] == {"year": "900"}
    # Bob was paid five that his year does not bear out; it is taken back in the first month that is ours, and no sooner.
    bobs = {e.period: e.amount for e in earn(prepared, totals, [1]).earnings if e.component == "yearly"}
    assert (min(bobs), bobs[2], bobs[3]) == (2, D(-5), 0)


# ---------------------------------------------------------------- whom and what


def test_only_those_asked_for_are_computed_in_their_order_each_once() -> None:
    simulation = simulated("measures: [{name: m}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 10%}}]\n",
                           transactions=[sale(1, 100, who) for who in ("ann", "bob", "cat")])  # fmt: skip
    prepared, totals = simulation.prepared, simulation.result.totals
    whole = earn(prepared, totals)
    assert [e.assignment for e in whole.earnings if e.period == 0] == [0, 1, 2]
    some = earn(prepared, totals, [2, 0, 2])
    assert some.earnings == tuple(e for e in whole.earnings if e.assignment != 1)
    assert some.figures == tuple(f for f in whole.figures if f.assignment != 1)
    assert earn(prepared, totals, []).earnings == ()


def test_who_is_not_enrolled_is_passed_over_and_those_after_him_are_not() -> None:
    body = "measures: [{name: m}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 10%}}]\n"
    simulation = simulated(body, transactions=[sale(1, 100, who) for who in ("ann", "bob", "cat")], enrolments=[{"payee": "ann"}, {"payee": "cat"}])
    assert [simulation.data.payees[e.payee] for e in simulation.result.outcome.earnings if e.period == 0] == ["ann", "cat"]


def test_what_was_sold_before_the_plan_began_counts_and_pays_nothing() -> None:
    """The measure to date knows January to March where the enrolment begins in April; those months have no pay of their own."""
    body = "measures: [{name: m, over: year}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 10%}, settle: year}]\n"
    simulation = simulated(body, transactions=[sale(4, 100)], enrolments=[{"payee": "ann", "from": "2025-04-10", "to": "2025-06-01"}])
    ends = {e.period + 1 for e in simulation.result.outcome.earnings}
    assert ends == {4, 5}


def test_figures_stand_in_the_plans_order_with_their_names_and_what_is_undefined_is_none() -> None:
    body = """\
measures: [{name: m}, {name: year, over: year}]
quotas: [{name: q}]
kpis: [{name: score, read: last, over: period, default: 3}]
attainments: [{name: att, measure: m, quota: q}]
values: [{name: third, formula: m / 3}]
peers: [{name: c, of: m}]
components: [{name: pay, base: m, pay_rate: {flat: 1%}}, {name: points, formula: m / 10, paid: false}]
"""
    simulation = simulated(body, transactions=[sale(1, 100), sale(1, 40, "bob")])
    figures = [(f.name, f.value) for f in simulation.result.outcome.figures if f.assignment == 0 and f.period == 0]
    assert figures == [
        ("m", D(100)), ("year", D(100)), ("quota.q", None), ("kpi.score", D(3)), ("att", None), ("third", D("33.333333333333")),
        ("rank.c", D(1)), ("total.c", D(140)), ("pay.points", D(10)),
    ]  # fmt: skip
    assert shown_figure(Fraction(2, 3)) == D("0.666666666667")
    assert [e.component for e in simulation.result.outcome.earnings if e.period == 0 and e.assignment == 0] == ["pay"]


# ---------------------------------------------------------------- totals, teams, currencies, versions


def test_a_managers_totals_are_his_own_and_those_of_his_team_member_by_member() -> None:
    plan = HEAD.replace("credits: [{name: direct, to: owner}]", "credits: [{name: direct, to: owner}, {name: up, to: managers, of: direct, as_of: event}]")
    plan += (
        "measures: [{name: m, credits: [direct, up]}, {name: own, credits: [direct]}]\n"
        "components:\n  - {name: pay, base: m, pay_rate: {flat: 10%}}\n"
        "  - {name: team, team_override: {base: sales, measure: own, as_of: event}, pay_rate: {flat: 1%}}\n"
    )
    line = [{"payee": who, "manager": "ann"} for who in ("bob", "cid")] + [{"payee": "dan", "manager": "cid"}]
    rows = [sale(1, 1000), sale(1, 500, "bob"), sale(1, 300, "cid"), sale(2, 70, "cid"), sale(2, 20, "dan"), sale(2, 4, "bob")]
    simulation = simulation_run(plan_load(plan), {"transactions": [{k: str(v) for k, v in row.items()} for row in rows], "hierarchy": line})
    assert {who: months(simulation, "pay", who) for who in ("ann", "bob", "cid", "dan")} == {
        "ann": {1: "180", 2: "9.4"}, "bob": {1: "50", 2: "0.4"}, "cid": {1: "30", 2: "9"}, "dan": {2: "2"},
    }  # fmt: skip
    assert months(simulation, "team") == {1: "8", 2: "0.94"}
    assert months(simulation, "team", "cid") == {2: "0.2"}
    assert parts(simulation, 1, "team") == [("rate", "1%", "8", {"base": "800", "rate": "0.01"})]
    (_, node) = explain(simulation.prepared, simulation.result.totals, 0, 0)["children"]
    assert (node["inputs"]["team"], [(row["member"], row["amount"]) for row in node["team"]]) == ("800", [(1, "500"), (2, "300")])
    prepared, totals = simulation.prepared, simulation.result.totals
    whole = totals_matrix(prepared, totals)
    assert set(whole) == {0, 1, 2, 3}
    for asked in ([0], [2, 1], []):
        assert totals_matrix(prepared, totals, asked) == {seat: whole[seat] for seat in asked}
    # A manager of whom nothing else is known has what his team gives him, and nobody's totals are changed by being read.
    alone = replace(totals, assignments=totals.assignments[1:], own=totals.own[1:])
    from_team = [[sum(row.amount for row in totals.team if row[:3] == (0, m, p)) for p in range(12)] for m in range(len(prepared.plan.measures))]
    assert totals_matrix(prepared, alone, [0]) == {0: from_team}
    assert sum(map(sum, from_team)) > 0
    assert totals_matrix(prepared, totals) == whole


def test_who_has_no_totals_earns_nothing_and_has_every_figure() -> None:
    simulation = simulated(NAMED.replace("over: quarter}]", "over: quarter}, {name: three, over: rolling, periods: 3}]"), transactions=[sale(1, 100)])
    empty = totals_split(simulation.result.totals, [[]])[0]
    found = earn(simulation.prepared, empty, [0], simulation.team_pay)
    assert {(f.name, f.value) for f in found.figures if f.name in ("m", "quarter", "three")} == {(name, 0) for name in ("m", "quarter", "three")}
    assert {e.amount for e in found.earnings if e.component != "pool"} == {0}


def test_a_rolling_window_holds_its_months_and_no_other() -> None:
    body = "measures: [{name: m, over: rolling, periods: 3}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 100%}, settle: period}]\n"
    simulation = simulated(body, transactions=[sale(1, 1), sale(2, 10), sale(3, 100), sale(4, 1000), sale(5, 10000)])
    assert months(simulation) == {1: "1", 2: "11", 3: "111", 4: "1110", 5: "11100", 6: "11000", 7: "10000"}


def test_currencies_in_which_a_plan_earns_apart_each_have_their_measures_and_explanations() -> None:
    body = """\
currencies: [USD, EUR, JPY]
measures: [{name: m}, {name: year, over: year}]
components:
  - {name: pay, base: m, pay_rate: {flat: 10%}}
  - {name: yearly, base: year, pay_rate: {flat: 1%}, settle: year}
"""
    rows = [sale(1, 100) | {"currency": "USD"}, sale(1, 7000, day=6) | {"currency": "JPY"}, sale(2, 50) | {"currency": "EUR"}, sale(2, 30, day=6)]
    simulation = simulated(body, transactions=rows)
    earned = {(e.component, e.currency, e.period + 1): text(Fraction(e.amount)) for e in simulation.result.outcome.earnings if e.amount}
    assert earned == {
        ("pay", "", 1): "10", ("pay", "", 2): "3", ("pay", "EUR", 2): "5", ("pay", "JPY", 1): "700",
        ("yearly", "", 1): "1", ("yearly", "", 2): "0.3", ("yearly", "EUR", 2): "0.5", ("yearly", "JPY", 1): "70",
    }  # fmt: skip
    figures = {(f.name, f.period + 1): f.value for f in simulation.result.outcome.figures if f.period < 2 and f.name.startswith("year")}
    assert figures == {("year", 1): 100, ("year", 2): 130, ("year@EUR", 1): 0, ("year@EUR", 2): 50, ("year@JPY", 1): 7000, ("year@JPY", 2): 7000}
    for currency, amount in (("USD", "3.3"), ("EUR", "5.5"), ("JPY", "0"), ("", "3.3")):
        tree = explain(simulation.prepared, simulation.result.totals, 0, 1, None, currency)
        assert (tree["amount"], tree["currency"]) == (amount, currency or "USD")


def test_a_sale_that_names_a_seat_which_has_ended_is_paid_but_draws_nothing() -> None:
    """The source says whose sale it was; the month has pay, and no draw for a month without a day in the plan."""
    body = 'measures: [{name: m}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 10%}}]\ndraws: [{name: d, amount: "300", recover: later}]\n'
    seats = [{"assignment": "a", "payee": "ann", "from": "2025-01-10", "to": "2025-02-01"}]
    simulation = simulated(body, transactions=[sale(1, 100, day=12) | {"assignment": "a"}, sale(3, 40) | {"assignment": "a"}], assignments=seats)
    assert months(simulation) == {1: "10", 3: "4"}
    draws = {f.period + 1: f.value for f in simulation.result.outcome.figures if f.name == "draw.d"}
    assert (draws[1] != 0, draws[3], 2 in draws) == (True, 0, False)


CHANGING = """\
engine: 1
plan: changing
currency: USD
calendar: month
credits: [{name: direct, to: owner}]
measures: [{name: kept, over: year, on_change: carry}, {name: anew, over: year, on_change: restart}, {name: month}]
tables: [{name: t, steps: [{from: 0, to: 1000, value: 1%}, {from: 1000, value: 5%}]}]
components:
  - {name: restarted, base: anew, pay_rate: {table: t, mode: marginal}, settle: year}
  - {name: carried, base: kept, pay_rate: {table: t, mode: marginal}, settle: year}
  - {name: monthly, base: month, pay_rate: {flat: 1%}}
"""


def test_a_change_of_version_carries_what_was_paid_for_each_seat_and_restarts_what_restarts() -> None:
    """800 in February and 600 in May, the new version from 1 April; ann and bob are alike and must not be mixed up. Bob sold twice as much."""
    rows = [sale(month, amount * factor, who) for month, amount in ((2, 800), (5, 600)) for who, factor in (("ann", 1), ("bob", 2))]
    data = tabular_inputs(plan_load(CHANGING), {"transactions": [{k: str(v) for k, v in row.items()} for row in rows]})
    edges = [day_number(day) for day in ("2025-01-01", "2025-04-01", "2026-01-01")]
    chain = chained(CHANGING, data, edges)
    found = sums(chain, {"carried", "restarted", "monthly"})
    assert {key: text(amount) for key, amount in found.items()} == {
        (0, "carried", 1): "8", (0, "carried", 4): "22", (1, "carried", 1): "40", (1, "carried", 4): "60",
        (0, "restarted", 1): "8", (0, "restarted", 4): "6", (1, "restarted", 1): "40", (1, "restarted", 4): "20",
        (0, "monthly", 1): "8", (0, "monthly", 4): "6", (1, "monthly", 1): "16", (1, "monthly", 4): "12",
    }  # fmt: skip
    # The second version pays from its first day on, and says what it found paid.
    prepared, totals, _ = chain[1]
    assert {e.period for e in earn(prepared, totals).earnings} == set(range(3, 12))
    node = next(one for one in explain(prepared, totals, 1, 4)["children"] if one["name"] == "carried")
    assert [(part["kind"], part["amount"]) for part in node["children"]] == [("slice", "10"), ("slice", "90"), ("carried", "-40")]


def test_an_opening_balance_of_the_version_before_is_known_only_to_what_carries() -> None:
    """We go live in February with 900 sold and 9 paid in January; the version changes in April."""
    rows = [sale(2, 300), sale(5, 600)]
    data = tabular_inputs(plan_load(CHANGING), {"transactions": [{k: str(v) for k, v in row.items()} for row in rows]})
    first = day_number("2025-02-01")
    before = [("credit", "kept", 900), ("credit", "anew", 900), ("paid", "carried", 9), ("paid", "restarted", 9)]
    opened = replace(data, inputs=replace(data.inputs, openings=tuple(OpeningAmount(0, kind, name, 0, D(amount), first) for kind, name, amount in before)))
    edges = [day_number(day) for day in ("2025-01-01", "2025-04-01", "2026-01-01")]
    found = {(name, period + 1): text(amount) for (_, name, period), amount in sums(chained(CHANGING, opened, edges), {"carried", "restarted"}).items()}
    # February: 1,000 at 1 % and 200 at 5 % are 20, less 9. May carried: 800 at 5 % are 40, less 20; anew: 600 at 1 %.
    assert found == {("carried", 2): "11", ("carried", 5): "30", ("restarted", 2): "11", ("restarted", 5): "6"}
