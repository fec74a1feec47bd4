"""Accumulators over a change within their window, in the pure engine: splitting a version in two that say the same changes no total."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from incentives.carried import Held, held_by_payee, lead_of
from incentives.engine.chain import ChainPart, prior_pay
from incentives.engine.compile import plan_load
from incentives.engine.contracts import Enrolment, Facts, day_number
from incentives.engine.crossing import crosses, crossing
from incentives.engine.earn import earn
from incentives.engine.measure import chunk_compute, lead_compute, totals_add
from incentives.engine.plan_check import plan_check
from incentives.engine.prepare import Prepared
from incentives.engine.results import Totals
from incentives.engine.tabular import Tabular, tabular_inputs
from incentives.engine.trace import explain, leaves_total

PLAN = """
engine: 1
plan: windows
currency: USD
calendar: month
credits:
  - {name: direct, to: owner_or_splits}
  - {name: team, to: managers, of: direct, as_of: event}
measures:
  - {name: month, on_change: carry, credits: [direct]}
  - {name: quarter, over: quarter, on_change: carry, credits: [direct]}
  - {name: ever, over: ever, on_change: carry, credits: [direct]}
  - {name: rolling, over: rolling, periods: 2, on_change: carry, credits: [direct]}
  - {name: team_year, over: year, on_change: carry, credits: [team]}
tables:
  - name: tiers
    steps:
      - {from: 0, to: 1000, value: 1%}
      - {from: 1000, to: 2500, value: 3.333%}
      - {from: 2500, value: 7%}
components:
  - {name: monthly, base: month, pay_rate: {table: tiers, mode: whole}}
  - {name: quarterly, base: quarter, pay_rate: {table: tiers, mode: marginal}, settle: quarter, cap: 90}
  - {name: lasting, base: ever, pay_rate: {table: tiers, mode: marginal}, settle: ever}
  - {name: recent, base: rolling, pay_rate: {table: tiers, mode: marginal}, settle: period}
  - {name: team_pay, base: team_year, pay_rate: {table: tiers, mode: marginal}, settle: year}
  - {name: override, team_override: {base: sales, measure: ever, as_of: event}, pay_rate: {table: tiers, mode: marginal}, settle: ever}
  - {name: on_commission, team_override: {base: commission, component: quarterly, as_of: period_end}, pay_rate: {flat: 10%}}
"""
PAYEES = ["ann", "bob", "cid"]
HIERARCHY = [{"payee": "bob", "manager": "ann"}, {"payee": "cid", "manager": "bob"}]
CARRIED = {"monthly", "quarterly", "lasting", "recent", "team_pay", "override"}


@st.composite
def transactions(draw: Any) -> list[dict[str, str]]:
    rows = []
    for i in range(draw(st.integers(1, 14))):
        day = dt.date(2025, 1, 1) + dt.timedelta(days=draw(st.integers(0, 180)))
        amount = draw(st.integers(-60_000, 200_000))
        rows.append({"id": f"T{i}", "date": day.isoformat(), "payee": draw(st.sampled_from(PAYEES)), "amount": f"{amount / 100:.2f}"})
    return rows


def cut(facts: Facts, pieces: list[tuple[int, int]]) -> Facts:
    return facts.taken(np.flatnonzero(np.logical_or.reduce([(facts.event_date >= low) & (facts.event_date < high) for low, high in pieces])))


def chained(text: str, data: Tabular, edges: list[int], owners: list[int] | None = None) -> list[tuple[Prepared, Totals, Any]]:
    """One plan as versions that follow one another on the days between the edges. owners: the version of each stretch of days."""
    plan = plan_load(text)
    whole = data.inputs
    seats = [a.id for a in whole.people.assignments]
    payees = {a.id: a.payee for a in whole.people.assignments}
    pieces = list(itertools.pairwise(edges))
    owners = owners or list(range(len(pieces)))
    held = [Held(v, 1, payees[seat], seat, low, high) for v, (low, high) in zip(owners, pieces, strict=True) for seat in seats]
    parts: dict[int, ChainPart] = {}
    for v in sorted(set(owners)):
        own = [piece for owner, piece in zip(owners, pieces, strict=True) if owner == v]
        lead = lead_of(v, plan, whole.calendar.periods, held_by_payee(held))
        people = replace(whole.people, enrolments=tuple(Enrolment(seat, low, high) for seat in seats for low, high in own))
        prepared = Prepared(plan, replace(whole, people=people, lead_ins=lead.lead_ins, beside=lead.beside))
        totals = chunk_compute(prepared, cut(data.facts, own), data.splits).totals
        parts[v] = ChainPart(prepared, totals_add(totals, lead_compute(prepared, data.facts, data.splits)))
    prior = prior_pay(parts, [(v, seat) for v in parts for seat in seats])
    found = []
    for v, part in parts.items():
        totals = replace(part.totals, prior=prior.get(v, ()))
        found.append((part.prepared, totals, crossing(part.prepared, totals) if crosses(part.prepared) else None))
    return found


def sums(parts: list[tuple[Prepared, Totals, Any]], names: set[str]) -> dict[tuple[int, str, int], Fraction]:
    """By (assignment, component, period)."""
    found: dict[tuple[int, str, int], Fraction] = defaultdict(Fraction)
    for prepared, totals, team_pay in parts:
        for item in earn(prepared, totals, team_pay=team_pay).earnings:
            if item.component in names:
                found[item.assignment, item.component, item.period] += Fraction(item.amount)
    return {key: amount for key, amount in found.items() if amount}


def world(rows: list[dict[str, str]]) -> tuple[Tabular, int, int]:
    data = tabular_inputs(plan_load(PLAN), {"transactions": rows, "hierarchy": HIERARCHY, "assignments": [{"payee": name} for name in PAYEES]})
    periods = data.inputs.calendar.periods
    return data, periods[0].start, periods[-1].end


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(transactions(), st.sets(st.integers(1, 200), min_size=1, max_size=3))
def test_splitting_a_version_in_two_that_say_the_same_changes_no_total(rows: list[dict[str, str]], days: set[int]) -> None:
    data, first, last = world(rows)
    whole = chained(PLAN, data, [first, last])
    split = chained(PLAN, data, [first, *sorted(first + day for day in days), last])
    assert sums(split, CARRIED) == sums(whole, CARRIED)


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(transactions(), st.sets(st.integers(1, 200), min_size=2, max_size=2))
def test_a_version_for_some_days_after_which_the_first_one_goes_on_changes_no_total(rows: list[dict[str, str]], days: set[int]) -> None:
    data, first, last = world(rows)
    edges = [first, *sorted(first + day for day in days), last]
    assert sums(chained(PLAN, data, edges, [0, 1, 0]), CARRIED) == sums(chained(PLAN, data, [first, last]), CARRIED)


def test_negative_control_without_carry_the_totals_differ() -> None:
    rows = [{"id": f"T{i}", "date": f"2025-01-{day:02}", "payee": "ann", "amount": "900"} for i, day in enumerate((5, 25))]
    data, first, last = world(rows)
    day = day_number("2025-01-15")
    text = PLAN.replace(", on_change: carry", "")
    assert sums(chained(text, data, [first, day, last]), CARRIED) != sums(chained(text, data, [first, last]), CARRIED)
    assert sums(chained(PLAN, data, [first, day, last]), CARRIED) == sums(chained(PLAN, data, [first, last]), CARRIED)


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(transactions(), st.integers(1, 200))
def test_leaves_sum_to_the_total_after_a_change(rows: list[dict[str, str]], day: int) -> None:
    data, first, last = world(rows)
    for prepared, totals, team_pay in chained(PLAN, data, [first, first + day, last]):
        for item in prepared.people.assignments:
            for period in prepared.periods:
                tree = explain(prepared, totals, item.id, period.id, team_pay)
                for child in tree["children"]:
                    assert leaves_total(child) == Fraction(child["amount"])


PRORATED = """
engine: 1
plan: prorated
currency: USD
calendar: month
credits:
  - {name: direct, to: owner}
quotas:
  - {name: sales, over: quarter}
measures:
  - {name: sales, over: quarter, on_change: prorate}
attainments:
  - {name: attainment, measure: sales, quota: sales}
tables:
  - name: amounts
    steps: [{from: 0, to: 1000, value: 1%}, {from: 1000, value: 10%}]
  - name: shares
    steps: [{from: 0, to: 100%, value: 1%}, {from: 100%, value: 10%}]
components:
  - {name: by_amount, base: sales, pay_rate: {table: amounts, mode: marginal}, settle: quarter, cap: 60}
  - {name: by_share, base: sales, pay_rate: {table: shares, mode: whole, by: attainment}, settle: quarter, when_undefined: zero}
"""


def test_prorate_measures_from_the_change_against_the_covered_share() -> None:
    """First quarter of 2025: 90 days, the change on 15 February is its middle: half of quota, fixed bounds and cap to each; percent bounds stay."""
    tables = {
        "transactions": [{"id": f"T{i}", "date": day, "payee": "ann", "amount": "800"} for i, day in enumerate(("2025-01-10", "2025-02-20"))],
        "quotas": [{"payee": "ann", "quota": "sales", "from": "2025-01-01", "to": "2025-04-01", "amount": "1000"}],
    }
    data = tabular_inputs(plan_load(PRORATED), tables)
    periods = data.inputs.calendar.periods
    first, change, last = periods[0].start, day_number("2025-02-15"), periods[-1].end
    split = sums(chained(PRORATED, data, [first, change, last]), {"by_amount", "by_share"})
    seat = data.inputs.people.assignments[0].id
    # Each part: 500 x 1 % + 300 x 10 % = 35, of at most 30; attainment 800 / 500, so 800 x 10 %.
    wanted = {("by_amount", 0): 30, ("by_share", 0): 80, ("by_amount", 1): 30, ("by_share", 1): 80}
    assert {(name, period): int(amount) for (who, name, period), amount in split.items() if who == seat} == wanted
    # Without a change the quarter is one: 1,000 x 1 % + 600 x 10 % = 70, of at most 60.
    whole = sums(chained(PRORATED, data, [first, last]), {"by_amount"})
    assert sum(whole.values()) == 60


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{name: ever, over: ever, on_change: carry", "{name: ever, over: ever, on_change: prorate", "a window without an end (ever) has no share"),
        ("{name: ever, over: ever, on_change: carry", "{name: ever, over: ever, on_change: kept", "use one of carry, restart, prorate"),
        (
            "marginal}, settle: ever}\n  - {name: recent",
            "marginal}, settle: ever, on_change: restart}\n  - {name: recent",
            "components[2].on_change: is restart on a change but reads measures that are: carry",
        ),
        ("cap: 90}", "cap: 90, on_change: prorate}", "is prorate on a change but reads measures that are: carry"),
        ("pay_rate: {flat: 10%}", "pay_rate: {flat: 10%}, on_change: carry", "is carry on a change but reads no measure; take `on_change` out"),
    ],
)
def test_what_makes_no_sense_is_found_with_its_place(old: str, new: str, expected: str) -> None:
    assert PLAN.count(old) == 1
    problems = [problem.text("p.yaml") for problem in plan_check(PLAN.replace(old, new)).problems]
    assert any(expected in text for text in problems), problems
