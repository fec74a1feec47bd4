"""Laws of the engine, held over generated data, each with a control that breaks it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import NOBODY
from incentives.engine.earn import earn
from incentives.engine.measure import chunk_compute, totals_merge, totals_split
from incentives.engine.post import post
from incentives.engine.prepare import Prepared
from incentives.engine.results import EarningKey, RunResult, Totals
from incentives.engine.run import facts_for, run
from incentives.engine.simulate import simulation_run
from incentives.engine.tabular import tabular_inputs
from incentives.engine.trace import explain, leaves_total, trace_bytes, trees

from . import oracle, reference
from .test_oracle import found_by_month, specs, tables_of, tried
from .test_oracle import plan_text as oracle_plan_text

PLAN = """
engine: 1
plan: laws
currency: USD
calendar: month
credits:
  - {{name: direct, to: owner_or_splits}}
measures:
  - {{name: sales}}
  - {{name: to_date, over: quarter}}
  - {{name: bike_sales, where: product = "bike"}}
tables:
  - name: tiers
    steps: [{steps}]
components:
  - {{name: quarterly, base: to_date, pay_rate: {{table: tiers, mode: marginal}}, settle: quarter}}
  - {{name: monthly, base: sales, pay_rate: {{table: tiers, mode: whole}}}}
  - {{name: bikes, base: bike_sales, pay_rate: {{flat: 3%}}}}
  - {{name: deals, per_line: {{pay: "marginal(tiers, pay_credit)"}}}}
  - {{name: override, team_override: {{base: sales, measure: sales, as_of: event}}, pay_rate: {{flat: 0.5%}}}}
"""
# a counterexample here is small enough to read; shrinking it would take minutes
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PAYEES = [f"p{i}" for i in range(6)]


@st.composite
def tiers(draw: Any) -> list[tuple[int, Fraction]]:
    bounds = sorted(draw(st.sets(st.integers(1, 5000), max_size=3)))
    rates = draw(st.lists(st.integers(0, 300_000), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    return [(bound, Fraction(rate, 1_000_000)) for bound, rate in zip([0, *bounds], rates, strict=True)]


def plan_text(given_tiers: list[tuple[int, Fraction]]) -> str:
    steps = ", ".join(f"{{from: {bound}, value: {Decimal(rate.numerator) / rate.denominator:f}}}" for bound, rate in given_tiers)
    return PLAN.format(steps=steps)


@st.composite
def worlds(draw: Any) -> dict[str, list[dict[str, str]]]:
    count = draw(st.integers(1, 25))
    transactions, splits = [], []
    for i in range(count):
        month, day = draw(st.integers(1, 12)), draw(st.integers(1, 28))
        amount = Decimal(draw(st.integers(-30_000_000, 60_000_000))) / 10_000
        transactions.append(
            {
                "id": f"T{i}",
                "date": f"2025-{month:02}-{day:02}",
                "payee": draw(st.sampled_from(PAYEES)),
                "amount": f"{amount:f}",
                "product": draw(st.sampled_from(["bike", "helmet"])),
            }
        )
        if draw(st.integers(0, 3)) == 0:
            people = draw(st.lists(st.sampled_from(PAYEES), min_size=1, max_size=3, unique=True))
            cuts = sorted(draw(st.lists(st.integers(0, 1_000_000), min_size=len(people) - 1, max_size=len(people) - 1)))
            shares = [b - a for a, b in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]
            splits += [{"transaction": f"T{i}", "payee": p, "share": f"{Decimal(s) / 10_000:f}"} for p, s in zip(people, shares, strict=True)]
    hierarchy = []
    for i, payee in enumerate(PAYEES[1:], 1):
        cut = draw(st.sampled_from(["2025-03-15", "2025-06-01", "2025-12-31"]))
        hierarchy.append({"payee": payee, "manager": PAYEES[draw(st.integers(0, i - 1))], "from": "2025-01-01", "to": cut})
        hierarchy.append({"payee": payee, "manager": PAYEES[draw(st.integers(0, i - 1))], "from": cut, "to": "2026-01-01"})
    return {"transactions": transactions, "splits": splits, "hierarchy": hierarchy, "assignments": [{"payee": payee} for payee in PAYEES]}


def prepared_of(world: dict[str, Any], text: str) -> tuple[Any, Prepared]:
    plan = plan_load(text)
    data = tabular_inputs(plan, world)
    return data, Prepared(plan, data.inputs)


def state(prepared: Prepared, result: RunResult) -> tuple[Any, ...]:
    """Everything that a run says, as bytes and plain values."""
    explained = tuple(trace_bytes(tree) for _, tree in sorted(trees(prepared, result.totals).items()))
    return result.outcome, result.exclusions, result.uncredited, result.credited_objects, dict(result.credited_amount), result.totals.team, explained


@settings(max_examples=120, deadline=None, phases=PHASES)
@given(worlds(), tiers())
def test_pay_equals_a_plain_fraction_reference(world: dict[str, Any], given_tiers: list[tuple[int, Fraction]]) -> None:
    simulation = simulation_run(plan_load(plan_text(given_tiers)), world)
    expected = reference.pay(world["transactions"], world["splits"], world["hierarchy"], PAYEES, given_tiers)
    found = {(simulation.data.payees[e.payee], e.component, e.period + 1): Fraction(e.amount) for e in simulation.result.outcome.earnings}
    assert found == expected


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(worlds(), tiers(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_neither_row_order_nor_chunks_change_a_byte(world: dict[str, Any], given_tiers: list[tuple[int, Fraction]], shuffler: Any, chunk: int) -> None:
    data, prepared = prepared_of(world, plan_text(given_tiers))
    expected = state(prepared, run(prepared, data.facts, data.splits, chunk=None))
    shuffled = {name: list(rows) for name, rows in world.items()}
    for rows in shuffled.values():
        shuffler.shuffle(rows)
    other, other_prepared = prepared_of(shuffled, plan_text(given_tiers))
    assert state(other_prepared, run(other_prepared, other.facts, other.splits, chunk=chunk)) == expected


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(worlds())
def test_credits_of_an_object_sum_to_its_rounded_amount(world: dict[str, Any]) -> None:
    data, prepared = prepared_of(world, plan_text([(0, Fraction(1))]))
    result = run(prepared, data.facts, data.splits)
    total = sum((reference.round_half_up(Fraction(Decimal(row["amount"]))) for row in world["transactions"]), Fraction(0))
    assert Fraction(result.credited_amount["direct"]) == total
    whole = sum((int(v) for v in result.totals.own[:, 0, :].ravel()), 0)
    assert Fraction(whole, result.totals.denominators[0]) == total


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(worlds(), tiers())
def test_adding_then_reversing_everything_earns_nothing(world: dict[str, Any], given_tiers: list[tuple[int, Fraction]]) -> None:
    back = [row | {"id": row["id"] + "R", "amount": f"{-Decimal(row['amount']):f}"} for row in world["transactions"]]
    splits_back = [row | {"transaction": row["transaction"] + "R"} for row in world["splits"]]
    both = world | {"transactions": world["transactions"] + back, "splits": world["splits"] + splits_back}
    simulation = simulation_run(plan_load(plan_text(given_tiers)), both)
    assert {e.amount for e in simulation.result.outcome.earnings} == {Decimal(0)}


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(worlds(), tiers())
def test_leaves_of_every_explanation_sum_to_its_total(world: dict[str, Any], given_tiers: list[tuple[int, Fraction]]) -> None:
    simulation = simulation_run(plan_load(plan_text(given_tiers)), world)
    for (assignment, period), tree in trees(simulation.prepared, simulation.result.totals, simulation.team_pay).items():
        assert leaves_total(tree) == Fraction(tree["amount"])
        assert trace_bytes(tree) == trace_bytes(explain(simulation.prepared, simulation.result.totals, assignment, period, simulation.team_pay))
        for component in tree["children"]:
            rounding = [part for part in component["children"] if part["kind"] == "rounding"]
            if rounding:  # the control: without its rounding leaf the tree does not add up
                component["children"] = [part for part in component["children"] if part["kind"] != "rounding"]
                assert leaves_total(component) != Fraction(component["amount"])


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(worlds(), tiers())
def test_lines_sum_to_what_the_component_pays_before_rounding(world: dict[str, Any], given_tiers: list[tuple[int, Fraction]]) -> None:
    simulation = simulation_run(plan_load(plan_text(given_tiers)), world)
    for earning in simulation.result.outcome.earnings:
        if earning.component in ("bikes", "deals"):
            lines = simulation.lines(earning.assignment, earning.period, earning.component)
            total = sum((Fraction(line.pay) for line in lines if line.pay is not None), Fraction(0))
            assert reference.round_half_up(total) == Fraction(earning.amount)


def keyed(result: RunResult) -> dict[EarningKey, Decimal]:
    return {EarningKey(e.payee, e.assignment, 1, e.component, e.period, "USD"): e.amount for e in result.outcome.earnings}


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(worlds(), worlds(), tiers())
def test_posting_brings_the_ledger_to_what_is_earned_and_twice_posts_nothing(before: Any, after: Any, given_tiers: Any) -> None:
    ledger: dict[EarningKey, Decimal] = {}
    for world in (before, after):
        data, prepared = prepared_of(world, plan_text(given_tiers))
        earned = keyed(run(prepared, data.facts, data.splits))
        for row in post(earned=earned, posted=ledger, pay_period=lambda period: period, scale=2):
            ledger[row.key] = ledger.get(row.key, Decimal(0)) + Decimal(row.amount).scaleb(-row.scale)
        assert {key: amount for key, amount in ledger.items() if amount} == {key: amount for key, amount in earned.items() if amount}
        assert post(earned=earned, posted=ledger, pay_period=lambda period: period, scale=2) == ()


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(worlds(), worlds(), st.integers(0, 5), tiers())
def test_recomputing_only_the_payees_that_changed_equals_the_full_run(world: Any, other: Any, who: int, given_tiers: Any) -> None:
    payee = PAYEES[who]
    kept = [row for row in world["transactions"] if row["payee"] != payee]
    moved = [row | {"id": f"N{i}"} for i, row in enumerate(other["transactions"]) if row["payee"] == payee]
    changed = world | {"transactions": kept + moved, "splits": [s for s in world["splits"] if s["transaction"] in {r["id"] for r in kept}]}
    # one set of names for both states, so that ids agree
    union = [*world["transactions"], *moved]
    names = world | {"transactions": union}
    text = plan_text(given_tiers)
    data, prepared = prepared_of(names, text)
    ids = {name: i for i, name in enumerate(data.objects)}
    old_ids, new_ids = ([ids[row["id"]] for row in rows] for rows in (world["transactions"], changed["transactions"]))
    old = facts_only(data, old_ids)
    new = facts_only(data, new_ids)
    old_totals = run(prepared, *old).totals
    full = run(prepared, *new)
    touched = {payee} | {s["payee"] for s in world["splits"]}
    touched_ids = sorted(data.payee_id(name) for name in touched)
    part, part_splits = facts_for(new[0], new[1], touched_ids)
    fresh = chunk_compute(prepared, part, part_splits, touched_ids).totals
    mixed = totals_merge([without(old_totals, fresh), fresh])
    assert earn(prepared, mixed) == full.outcome


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(worlds(), tiers(), st.integers(1, 5))
def test_earning_group_by_group_equals_earning_at_once(world: dict[str, Any], given_tiers: Any, size: int) -> None:
    data, prepared = prepared_of(world, plan_text(given_tiers))
    result = run(prepared, data.facts, data.splits)
    ids = prepared.people.ids.tolist()
    groups = [ids[i : i + size] for i in range(0, len(ids), size)]
    parts = [earn(prepared, totals, group) for group, totals in zip(groups, totals_split(result.totals, groups), strict=True)]
    assert tuple(e for part in parts for e in part.earnings) == result.outcome.earnings
    assert tuple(f for part in parts for f in part.figures) == result.outcome.figures


def facts_only(data: Any, wanted: list[int]) -> tuple[Any, Any]:
    from incentives.engine.contracts import Splits

    facts, splits = data.facts, data.splits
    keep = np.isin(facts.object_id, wanted)
    picked = replace(
        facts,
        object_id=facts.object_id[keep],
        payee=facts.payee[keep],
        event_date=facts.event_date[keep],
        amount=facts.amount[keep],
        codes={name: codes[keep] for name, codes in facts.codes.items()},
    )
    of = np.isin(splits.object_id, picked.object_id)
    return picked, Splits(splits.object_id[of], splits.payee[of], splits.quota_share[of], splits.pay_share[of], splits.role[of])


def without(totals: Totals, other: Totals) -> Totals:
    """The totals of all assignments that the other does not hold; contributions go with the member."""
    keep = ~np.isin(totals.assignments, other.assignments)
    members = set(totals.assignments[keep].tolist())
    return Totals(totals.assignments[keep], totals.own[keep], totals.denominators, tuple(row for row in totals.team if row.member in members))


@settings(max_examples=60, deadline=None, phases=PHASES)
@given(tiers(), st.integers(-(10**8), 10**8))
def test_marginal_pay_is_continuous_and_grows_with_sales(given_tiers: list[tuple[int, Fraction]], cents: int) -> None:
    plan = plan_load(plan_text(given_tiers))
    table: Any = plan.tables["tiers"]
    step = Decimal("0.0001")
    x = Decimal(cents).scaleb(-2)
    difference = Fraction(table.marginal(x + step)) - Fraction(table.marginal(x))
    assert 0 <= difference <= Fraction(step) * max(rate for _, rate in given_tiers)
    for bound, _ in given_tiers:
        edge = Decimal(bound)
        assert Fraction(table.marginal(edge + step)) - Fraction(table.marginal(edge - step)) <= 2 * Fraction(step) * max(r for _, r in given_tiers)


def test_a_whole_amount_table_jumps_where_a_marginal_one_does_not() -> None:
    table: Any = plan_load(plan_text([(0, Fraction(1, 100)), (1000, Fraction(1, 10))])).tables["tiers"]
    below, at = Decimal("999.99"), Decimal("1000")
    assert at * table.rate(at) - below * table.rate(below) > 80
    assert table.marginal(at) - table.marginal(below) == Decimal("0.0001")


def test_nobody_owns_a_chunk_of_its_own() -> None:
    world = {"transactions": [{"id": "T1", "date": "2025-01-01", "payee": "", "amount": "5", "product": ""}]}
    data, prepared = prepared_of(world, plan_text([(0, Fraction(1))]))
    assert data.facts.payee.tolist() == [NOBODY]
    (left,) = run(prepared, data.facts, data.splits).uncredited
    assert left.reason == "no_owner"


@st.composite
def growing(draw: Any) -> tuple[oracle.Spec, list[oracle.Deal], int, Fraction]:
    """A plan whose rates and multipliers only grow, sales of a year, and one of them with an amount to add."""
    spec = draw(specs(draw(st.sampled_from(["marginal", "whole", "excess", "stacked", "fixed"]))))
    assert spec.tiers is not None
    multipliers = tuple((at, 1 + factor) for at, factor in spec.multipliers)
    tiers_up = replace(spec.tiers, values=tuple(sorted(spec.tiers.values)), below=Fraction(0))
    spec = replace(spec, tiers=tiers_up, multipliers=multipliers, combine="multiplied", scope="year", settle="year", quota=None, deal_cap=None, counts=False)
    deals = draw(
        st.lists(st.builds(oracle.Deal, st.integers(1, 12), st.integers(1, 28), st.integers(0, 900_00).map(lambda c: Fraction(c, 100))), min_size=1, max_size=6)
    )
    return spec, deals, draw(st.integers(0, len(deals) - 1)), Fraction(draw(st.integers(1, 3000_00)), 100)


def pays_in_a_year(spec: oracle.Spec, deals: list[oracle.Deal]) -> Fraction:
    return sum(found_by_month(simulation_run(plan_load(oracle_plan_text(spec)), tables_of(spec, deals))).values(), Fraction(0))


@tried(40)
@given(growing())
def test_more_sales_never_pay_less_where_the_plan_is_monotone(given_case: Any) -> None:
    spec, deals, number, more = given_case
    added = [replace(deal, amount=deal.amount + more) if i == number else deal for i, deal in enumerate(deals)]
    assert pays_in_a_year(spec, added) >= pays_in_a_year(spec, deals)


def test_control_a_regressive_whole_rate_pays_less_for_more() -> None:
    spec = oracle.Spec(mode="whole", tiers=oracle.Tiers((Fraction(0), Fraction(100)), (Fraction(1, 10), Fraction(1, 100))), scope="year", settle="year")
    assert pays_in_a_year(spec, [oracle.Deal(1, 1, Fraction(100))]) < pays_in_a_year(spec, [oracle.Deal(1, 1, Fraction(99))])


@settings(max_examples=20, deadline=None, derandomize=True, phases=PHASES)
@given(worlds())
def test_control_taking_back_all_but_something_leaves_something(world: dict[str, Any]) -> None:
    """The control of adding and reversing: one order that is not taken back whole, and the books do not come to nothing."""
    back = [row | {"id": row["id"] + "R", "amount": f"{-Decimal(row['amount']):f}"} for row in world["transactions"]]
    back[0]["amount"] = f"{Decimal(back[0]['amount']) + 1000:f}"
    both = world | {
        "transactions": world["transactions"] + back,
        "splits": world["splits"] + [row | {"transaction": row["transaction"] + "R"} for row in world["splits"]],
    }
    plan = plan_load(plan_text([(0, Fraction(1, 10))]))
    assert {e.amount for e in simulation_run(plan, both).result.outcome.earnings} != {Decimal(0)}
