"""Plans of the published examples' kinds, with other bounds, windows, figures and people, against the oracle: what a table is looked up by (amount,
percent of quota, units, count, rank, any measure), lines of orders, tables of two and three dimensions that change at a date, what counts as
attainment, and components that gate, cap and weigh each other."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.simulate import Simulation, simulation_run

from . import oracle
from .oracle import Tiers
from .test_oracle import MINOR, PEOPLE, ROUNDINGS, cents, text, tried

TEAM = PEOPLE[:3]
ZERO = Fraction(0)


def head(currency: str = "USD") -> str:
    return f"engine: 1\nplan: axes\ncurrency: {currency}\ncalendar: month\ncredits: [{{name: direct, to: owner_or_splits}}]\n"


def steps_text(tiers: Tiers, name: str = "t") -> str:
    steps = ", ".join(f"{{from: {text(bound)}, value: {text(value)}}}" for bound, value in zip(tiers.bounds, tiers.values, strict=True))
    below = "" if tiers.bounds[0] == 0 else f", below: {text(tiers.below)}"
    return f"{{name: {name}, includes: {tiers.includes}, steps: [{steps}]{below}}}"


def earned(simulation: Simulation, component: str) -> dict[tuple[str, int], Fraction]:
    found = {(simulation.data.payees[e.payee], e.period + 1): Fraction(e.amount) for e in simulation.result.outcome.earnings if e.component == component}
    return {(who, month): amount for (who, month), amount in found.items() if month <= 3}


@dataclass(frozen=True)
class Sale:
    who: int
    month: int
    amount: Fraction
    units: int
    product: str
    day: int = 7

    def row(self, number: int, **more: str) -> dict[str, str]:
        date = f"2025-{self.month:02}-{self.day:02}"
        return {
            "id": f"T{number:02}",
            "date": date,
            "payee": TEAM[self.who],
            "amount": text(self.amount),
            "quantity": str(self.units),
            "product": self.product,
        } | more


# Amounts often alike, so that places are shared, and often on bounds.
AMOUNTS = st.sampled_from([Fraction(100), Fraction(200), Fraction(50), ZERO]) | cents(-400_00, 900_00)
SALES = st.lists(
    st.builds(Sale, st.integers(0, 2), st.integers(1, 3), AMOUNTS, st.integers(-3, 20), st.sampled_from(["bike", "helmet"]), st.sampled_from([9, 10])),
    min_size=1,
    max_size=9,
)


@st.composite
def tables(draw: Any, bounds: Any) -> Tiers:
    """Steps up and down, from zero or not, either bound included."""
    found = sorted(draw(st.sets(bounds, min_size=1, max_size=3)))
    from_zero = draw(st.booleans())
    found = [ZERO, *[bound for bound in found if bound > 0]] if from_zero else found
    values = draw(st.lists(cents(0, 5000, 10_000), min_size=len(found), max_size=len(found)))
    return Tiers(tuple(found), tuple(values), draw(st.sampled_from(["lower", "upper"])), draw(cents(0, 100, 10_000)) if found[0] else ZERO)


AXES: dict[str, tuple[str, Any]] = {
    "amount": ("m", st.integers(1, 600).map(Fraction)), "percent of quota": ("att", st.integers(1, 250).map(lambda n: Fraction(n, 100))),
    "units": ("units", st.integers(1, 30).map(Fraction)), "count": ("number", st.integers(1, 4).map(Fraction)),
    "rank": ("rank.c", st.integers(1, 4).map(Fraction)), "another measure": ("bikes", st.integers(1, 600).map(Fraction)),
}  # fmt: skip


def axis_value(axis: str, mine: Sequence[Sale], everybody: dict[int, Fraction], who: int, quota: Fraction) -> Fraction:
    amount = sum((sale.amount for sale in mine), ZERO)
    if axis == "amount":
        return amount
    if axis == "percent of quota":
        return amount / quota if quota else ZERO  # the plan: when_zero 0
    if axis == "units":
        return Fraction(sum(sale.units for sale in mine))
    if axis == "count":
        return Fraction(len(mine))
    if axis == "rank":
        return Fraction(1 + sum(other > everybody[who] for other in everybody.values()))
    return sum((sale.amount for sale in mine if sale.product == "bike"), ZERO)


def looked_up(mode: str, tiers: Tiers, base: Fraction, by: Fraction) -> Fraction:
    if mode in ("fixed", "stacked"):
        return tiers.pay(mode, by, Fraction(1))
    at = tiers.step(abs(by) if tiers.bounds[0] == 0 else by, Fraction(1))
    return base * (tiers.below if at < 0 else tiers.values[at])


@pytest.mark.parametrize("axis", AXES)
def test_tables_by_every_axis_equal_the_oracle(axis: str) -> None:
    name, bounds = AXES[axis]

    @tried(25)
    @given(
        tables(bounds), st.sampled_from(["whole", "fixed", "stacked"]), SALES,
        st.lists(st.sampled_from([ZERO, Fraction(100), Fraction(250)]), min_size=3, max_size=3),
        st.sampled_from(sorted(MINOR)), st.sampled_from(ROUNDINGS),
    )  # fmt: skip
    def law(tiers: Tiers, mode: str, sales: list[Sale], quotas: list[Fraction], currency: str, rounding: str) -> None:
        plan = head(currency) + (
            "quotas: [{name: q}]\nmeasures: [{name: m}, {name: units, value: quantity}, {name: number, aggregate: count}, "
            '{name: bikes, where: product = "bike"}]\nattainments: [{name: att, measure: m, quota: q, when_zero: 0}]\npeers: [{name: c, of: m}]\n'
            f"tables: [{steps_text(tiers)}]\ncomponents: [{{name: pay, base: m, pay_rate: {{table: t, mode: {mode}, by: {name}}}, when_undefined: zero, "
            f"round: {{places: 2, mode: {rounding}}}}}]\n"
        )
        ends = ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]
        rows = [
            {"payee": who, "quota": "q", "amount": text(quota), "from": low, "to": high}
            for who, quota in zip(TEAM, quotas, strict=True) for low, high in itertools.pairwise(ends)
        ]  # fmt: skip
        data = {"transactions": [sale.row(i) for i, sale in enumerate(sales)], "assignments": [{"payee": who} for who in TEAM], "quotas": rows}
        found = earned(simulation_run(plan_load(plan), data), "pay")
        whole = [dataclasses.replace(sale, amount=oracle.rounded(sale.amount, MINOR[currency], "half_up")) for sale in sales]
        for month in range(1, 4):
            mine = {who: [sale for sale in whole if (sale.who, sale.month) == (who, month)] for who in range(3)}
            sums = {who: sum((sale.amount for sale in own), ZERO) for who, own in mine.items()}
            for who in range(3):
                by = axis_value(axis, mine[who], sums, who, quotas[who])
                assert found[TEAM[who], month] == oracle.rounded(looked_up(mode, tiers, sums[who], by), 2, rounding)

    law()


def test_control_another_axis_pays_otherwise() -> None:
    """Two sales of 50 with 12 units: three axes, three rates."""
    tiers = Tiers((ZERO, Fraction(2), Fraction(12)), (Fraction(1, 100), Fraction(2, 100), Fraction(3, 100)))
    sales = [Sale(0, 1, Fraction(50), 6, "bike"), Sale(0, 1, Fraction(50), 5, "helmet")]
    sums = {0: Fraction(100), 1: ZERO, 2: ZERO}
    found = {axis: looked_up("whole", tiers, sums[0], axis_value(axis, sales, sums, 0, Fraction(100))) for axis in AXES}
    assert found == {"amount": 3, "percent of quota": 1, "units": 2, "count": 2, "rank": 1, "another measure": 3}


# ---------------------------------------------------------------- lines of orders


@tried(40)
@given(
    tables(st.integers(1, 400).map(Fraction)), st.sampled_from(["whole", "by cost", "marginal", "running"]),
    st.sampled_from([None, (2, "half_up"), (1, "down")]),
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1), cents(0, 900_00), cents(0, 500_00), st.sampled_from(["bike", "helmet"])), min_size=1, max_size=8),
)  # fmt: skip
def test_tiers_per_line_equal_the_oracle(tiers: Tiers, kind: str, rounding: Any, lines: list[tuple[int, int, Fraction, Fraction, str]]) -> None:
    """Each line of an order by itself: by its amount, by its cost, in slices, or at the rate that the month has reached with it."""
    if kind == "marginal" and tiers.bounds[0]:
        tiers = dataclasses.replace(tiers, bounds=(ZERO, *tiers.bounds[1:]), below=ZERO)
    formula = {
        "whole": "pay_credit * rate(t, pay_credit)", "by cost": "pay_credit * rate(t, cost)", "marginal": "marginal(t, pay_credit)",
        "running": "pay_credit * rate(t, running(pay_credit, 'period'))",
    }[kind]  # fmt: skip
    more = "" if rounding is None else f", round: {{places: {rounding[0]}, mode: {rounding[1]}}}"
    plan = head() + (
        f"reads: order_lines\nmeasures: [{{name: m}}]\ntables: [{steps_text(tiers)}]\n"
        f'components: [{{name: pay, per_line: {{pay: "{formula}", where: "product = \'bike\'"{more}}}}}]\n'
    )
    rows, running, expected = [], dict[int, Fraction](), dict.fromkeys(range(1, 4), ZERO)
    for i, (month, order, amount, cost, product) in enumerate(sorted(lines, key=lambda line: line[0])):
        rows.append(
            {
                "id": f"L{i:02}",
                "order": f"O{month}{order}",
                "date": f"2025-{month:02}-07",
                "payee": TEAM[0],
                "amount": text(amount),
                "cost": text(cost),
                "product": product,
            }
        )
        running[month] = running.get(month, ZERO) + amount  # all that is sold moves the rate, also what is not paid
        if product != "bike":
            continue
        if kind == "marginal":
            pay = sum(tiers.parts("marginal", amount, Fraction(1)), ZERO)
        else:
            pay = looked_up("whole", tiers, amount, {"whole": amount, "by cost": cost, "running": running[month]}[kind])
        expected[month] += pay if rounding is None else oracle.rounded(pay, *rounding)
    found = earned(simulation_run(plan_load(plan), {"transactions": rows, "assignments": [{"payee": TEAM[0]}]}), "pay")
    assert {month: amount for (_, month), amount in found.items()} == {month: oracle.rounded(pay, 2, "half_up") for month, pay in expected.items()}


# ---------------------------------------------------------------- tables of two and three dimensions, from a date on


def cell(at: list[int], x: Fraction) -> int:
    """The step of x; below the first the first, above the last the last (`edge`)."""
    return max((i for i, bound in enumerate(at) if bound <= x), default=0)


def between(at: list[int], values: list[Fraction], x: Fraction) -> Fraction:
    x = min(max(x, Fraction(at[0])), Fraction(at[-1]))
    return oracle.on_line(list(zip(map(Fraction, at), values, strict=True)), x, ZERO, False)


GRID = st.fixed_dictionaries({"low": st.lists(st.integers(0, 500), min_size=12, max_size=12), "high": st.lists(st.integers(0, 500), min_size=12, max_size=12)})


def cells_text(values: list[int]) -> str:
    """[amount][units][product] of 3 x 2 x 2, in percent."""
    return str([[[f"{values[i * 4 + j * 2 + k]}%" for k in range(2)] for j in range(2)] for i in range(3)]).replace("'", "")


@tried(30)
@given(GRID, SALES, st.integers(1, 200), st.integers(201, 600), st.integers(1, 15))
def test_a_table_of_three_dimensions_that_changes_at_a_date_equals_the_oracle(
    values: dict[str, list[int]], sales: list[Sale], a: int, b: int, units: int
) -> None:
    """Per line, by amount, units and product; the later table holds from the tenth of February, in the middle of a period."""
    edge = "between: step, below: edge, above: edge"
    axes = f"{{name: size, at: [0, {a}, {b}], {edge}}}, {{name: units, at: [0, {units}], {edge}}}, "
    axes += "{name: what, labels: [bike, helmet], other: 0}"
    plan = head() + (
        f"measures: [{{name: m}}]\ntables:\n  - {{name: g, dimensions: [{axes}], cells: {cells_text(values['low'])}}}\n"
        f"  - {{name: g, effective: 2025-02-10, dimensions: [{axes}], cells: {cells_text(values['high'])}}}\n"
        'components: [{name: pay, per_line: {pay: "pay_credit * lookup(g, pay_credit, quantity, product)"}}]\n'
    )
    data = {"transactions": [sale.row(i) for i, sale in enumerate(sales)], "assignments": [{"payee": who} for who in TEAM]}
    found = earned(simulation_run(plan_load(plan), data), "pay")
    for who in range(3):
        for month in range(1, 4):
            pay = ZERO
            for sale in sales:
                if (sale.who, sale.month) == (who, month):
                    at = cell([0, a, b], sale.amount) * 4 + cell([0, units], Fraction(sale.units)) * 2 + ["bike", "helmet"].index(sale.product)
                    pay += sale.amount * Fraction(values["low" if (month, sale.day) < (2, 10) else "high"][at], 100)
            assert found[TEAM[who], month] == oracle.rounded(pay, 2, "half_up")


@tried(30)
@given(GRID, SALES, st.integers(1, 200), st.integers(201, 600), st.integers(1, 15))
def test_a_table_read_between_its_points_equals_the_oracle(values: dict[str, list[int]], sales: list[Sale], a: int, b: int, units: int) -> None:
    """Per period, by amount and units: straight lines along both, in either order the same."""
    names = ("size", "units")
    axes = ", ".join(f"{{name: {name}, at: {at}, between: linear, below: edge, above: edge}}" for name, at in zip(names, ([0, a, b], [0, units]), strict=True))
    grid = [[values["low"][i * 2 + j] for j in range(2)] for i in range(3)]
    plan = head() + (
        "measures: [{name: m}, {name: units, value: quantity}]\n"
        f"tables: [{{name: g, dimensions: [{axes}], cells: {grid}}}]\n"
        'components: [{name: pay, formula: "lookup(g, m, units)", round: {places: 4, mode: half_even}}]\n'
    )
    data = {"transactions": [sale.row(i) for i, sale in enumerate(sales)], "assignments": [{"payee": who} for who in TEAM]}
    found = earned(simulation_run(plan_load(plan), data), "pay")
    for who in range(3):
        for month in range(1, 4):
            own = [sale for sale in sales if (sale.who, sale.month) == (who, month)]
            amount, number = sum((sale.amount for sale in own), ZERO), Fraction(sum(sale.units for sale in own))
            rows = [between([0, units], [Fraction(value) for value in row], number) for row in grid]
            assert found[TEAM[who], month] == oracle.rounded(between([0, a, b], rows, amount), 4, "half_even")


# ---------------------------------------------------------------- what counts as attainment


@tried(40)
@given(
    st.sampled_from(["before", "after", "none"]), st.sampled_from(["pay_credit", "quota_credit"]), st.integers(50, 600),
    st.lists(st.tuples(cents(-100_00, 900_00), st.integers(0, 100), st.integers(0, 100), st.sampled_from(["bike", "helmet"])), min_size=1, max_size=6),
    st.sampled_from(sorted(MINOR)), st.sampled_from([ZERO, Fraction(500), Fraction(1234)]),
)  # fmt: skip
def test_attainment_counts_the_credits_the_share_and_the_cap_that_the_plan_names(
    where: str, credit: str, cap: int, deals: list[tuple[Fraction, int, int, str]], currency: str, quota: Fraction
) -> None:
    """Bikes alone count; by pay or quota credit; each deal capped before it is split or after; a quota of zero attains nothing."""
    rule = f', amount: "min(amount, {cap})"' if where == "before" else ""
    value = f"min({credit}, {cap})" if where == "after" else credit
    plan = head(currency).replace("owner_or_splits", f"owner_or_splits{rule}") + (
        f'quotas: [{{name: q}}]\nmeasures: [{{name: m, where: product = "bike", value: "{value}"}}]\n'
        "attainments: [{name: att, measure: m, quota: q, when_zero: 0}]\n"
        "components: [{name: pay, formula: att * 1000, when_undefined: zero, round: {places: 4, mode: half_up}}]\n"
    )
    rows, splits, measured = [], [], [ZERO, ZERO]
    places = MINOR[currency]
    for i, (amount, pay, counted, product) in enumerate(deals):
        rows.append({"id": f"T{i}", "date": "2025-01-07", "payee": TEAM[0], "amount": text(amount), "product": product})
        for who, (p, q) in enumerate(((pay, counted), (100 - pay, 100 - counted))):
            splits.append({"transaction": f"T{i}", "payee": TEAM[who], "pay_share": str(p), "quota_share": str(q)})
        if product == "bike":
            share = (pay if credit == "pay_credit" else counted) * 10_000
            whole = oracle.rounded(min(amount, Fraction(cap)) if where == "before" else amount, places, "half_up")
            for who, part in enumerate(oracle.divided(whole, [share, 1_000_000 - share], places)):
                measured[who] += min(part, Fraction(cap)) if where == "after" else part
    quotas = [{"payee": who, "quota": "q", "amount": text(quota), "from": "2025-01-01", "to": "2025-02-01"} for who in TEAM[:2]]
    found = earned(simulation_run(plan_load(plan), {"transactions": rows, "splits": splits, "quotas": quotas}), "pay")
    for who in range(2):
        assert found[TEAM[who], 1] == oracle.rounded(measured[who] / quota * 1000 if quota else ZERO, 4, "half_up")


# ---------------------------------------------------------------- components that know each other


@dataclass(frozen=True)
class Whole:
    """A plan of a target incentive: a weighted part on sales by a curve, gated; a weighted part on a score; sales of one measure count only up to a
    share of another; a kicker by product on what the first part pays."""

    target: Fraction
    weight: int
    quota: Fraction
    gate: Fraction
    ratio: Fraction
    kicker: Fraction
    points: tuple[tuple[Fraction, Fraction], ...]


WHOLES = st.builds(
    Whole, cents(100_00, 9000_00), st.integers(0, 100), cents(1, 900_00), cents(0, 150), cents(0, 200), cents(0, 150),
    st.lists(cents(0, 250), min_size=3, max_size=3).map(lambda ys: ((ZERO, ys[0]), (Fraction(1, 2), ys[1]), (Fraction(3, 2), ys[2]))),
)  # fmt: skip


@tried(40)
@given(WHOLES, SALES, st.lists(st.none() | st.integers(0, 120).map(lambda n: Fraction(n, 100)), min_size=3, max_size=3))
def test_weights_gates_caps_across_components_and_kickers_equal_the_oracle(whole: Whole, sales: list[Sale], scores: list[Fraction | None]) -> None:
    points = ", ".join(f"{{at: {text(x)}, value: {text(y)}}}" for x, y in whole.points)
    plan = (
        head()
        + f"""\
quotas: [{{name: q}}]
attributes: [{{name: target}}]
kpis: [{{name: score, over: period, read: last, default: 0.5}}]
measures: [{{name: bikes, where: product = "bike"}}, {{name: helmets, where: product = "helmet"}}]
values: [{{name: counted, formula: "bikes + min(helmets, max(bikes, 0) * {text(whole.ratio)})"}}]
tables: [{{name: t, points: [{points}], below: 0, above: last}}]
components:
  - {{name: volume, formula: "attr.target * {whole.weight}% * curve(t, counted / quota.q)", gate: "counted / quota.q >= {text(whole.gate)}",
     multiply: [{{name: bikes, by: "if(bikes > helmets, 1 + {text(whole.kicker)}, 1)"}}], when_undefined: zero}}
  - {{name: quality, formula: "attr.target * {100 - whole.weight}% * min(kpi.score, 1)", gate: pay.volume > 0}}
  - {{name: least, formula: "max(attr.target * 10% - pay.volume - pay.quality, 0)", cap: 50}}
"""
    )
    data: dict[str, Any] = {
        "transactions": [sale.row(i) for i, sale in enumerate(sales)], "assignments": [{"payee": who} for who in TEAM],
        "attributes": [{"payee": who, "name": "target", "value": text(whole.target)} for who in TEAM],
        "quotas": [{"payee": who, "quota": "q", "amount": text(whole.quota), "from": f"2025-0{m}-01", "to": f"2025-0{m + 1}-01"}
                   for who in TEAM for m in (1, 2, 3)],
        "kpis": [{"payee": TEAM[0], "kpi": "score", "date": f"2025-0{m}-20", "value": text(score)} for m, score in enumerate(scores, 1) if score is not None],
    }  # fmt: skip
    simulation = simulation_run(plan_load(plan), data)
    paid = {name: earned(simulation, name) for name in ("volume", "quality", "least")}
    for who in range(3):
        for month in range(1, 4):
            of = {p: sum((s.amount for s in sales if (s.who, s.month, s.product) == (who, month, p)), ZERO) for p in ("bike", "helmet")}
            counted = of["bike"] + min(of["helmet"], max(of["bike"], ZERO) * whole.ratio)
            volume = ZERO
            if counted / whole.quota >= whole.gate:
                volume = whole.target * whole.weight / 100 * oracle.on_line(list(whole.points), counted / whole.quota, ZERO, False)
                volume = oracle.rounded(volume * (1 + whole.kicker if of["bike"] > of["helmet"] else 1), 2, "half_up")
            score = scores[month - 1] if who == 0 else None
            score = Fraction(1, 2) if score is None else score
            quality = oracle.rounded(whole.target * (100 - whole.weight) / 100 * min(score, Fraction(1)), 2, "half_up") if volume > 0 else ZERO
            least = min(max(whole.target / 10 - volume - quality, ZERO), Fraction(50))
            key = TEAM[who], month
            assert (paid["volume"][key], paid["quality"][key], paid["least"][key]) == (volume, quality, oracle.rounded(least, 2, "half_up"))


# ---------------------------------------------------------------- tiers only on what is new


@tried(30)
@given(
    st.integers(0, 3000).map(Fraction), st.lists(cents(0, 5000, 10_000), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(1, 12), cents(-300_00, 900_00)), min_size=1, max_size=9),
)  # fmt: skip
def test_tiers_on_the_new_amount_alone_and_cumulative_pay_less_what_was_paid_agree_until_rounding(
    bound: Fraction, values: list[Fraction], deals: list[tuple[int, Fraction]]
) -> None:
    """Where the year stands says the slices of what is new; paid to date less paid before says the same, but for the cents of rounding."""
    tiers = Tiers((ZERO, bound + 1, bound + 500), tuple(values))
    plan = head() + (
        f"measures: [{{name: m}}, {{name: year, over: year}}]\ntables: [{steps_text(tiers)}]\ncomponents:\n"
        '  - {name: fresh, formula: "marginal(t, year) - marginal(t, year - m)", settle: period}\n'
        "  - {name: trued_up, base: year, pay_rate: {table: t, mode: marginal}, settle: year}\n"
    )
    rows = [{"id": f"T{i}", "date": f"2025-{month:02}-07", "payee": "ann", "amount": text(amount)} for i, (month, amount) in enumerate(deals)]
    simulation = simulation_run(plan_load(plan), {"transactions": rows})
    found = {name: {e.period + 1: Fraction(e.amount) for e in simulation.result.outcome.earnings if e.component == name} for name in ("fresh", "trued_up")}
    sold, paid = ZERO, ZERO
    for month in range(1, 13):
        before, sold = sold, sold + sum((amount for at, amount in deals if at == month), ZERO)
        worth = [tiers.pay("marginal", x, Fraction(1)) for x in (before, sold)]
        assert found["fresh"][month] == oracle.rounded(worth[1] - worth[0], 2, "half_up")
        due = oracle.rounded(worth[1], 2, "half_up")
        assert found["trued_up"][month] == due - paid
        paid = due


def test_control_a_day_of_effect_and_a_place_in_the_table_are_seen() -> None:
    """One sale each side of the day on which a table changes, and one cell read along the wrong axis."""
    assert cell([0, 10], Fraction(10)) == 1
    assert cell([0, 10], Fraction(999, 100)) == 0
    assert between([0, 10], [ZERO, Fraction(10)], Fraction(4)) == 4
    plan = head() + (
        "measures: [{name: m}]\ntables: [{name: t, steps: [{from: 0, value: 1%}]}, {name: t, effective: 2025-02-01, steps: [{from: 0, value: 2%}]}]\n"
        "components: [{name: pay, base: m, pay_rate: {table: t, mode: whole}}]\n"
    )
    rows = [{"id": day, "date": day, "payee": "ann", "amount": "100"} for day in ("2025-01-31", "2025-02-01")]
    assert earned(simulation_run(plan_load(plan), {"transactions": rows}), "pay") == {("ann", 1): 1, ("ann", 2): 2, ("ann", 3): 0}
