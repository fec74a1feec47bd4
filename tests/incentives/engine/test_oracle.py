"""Generated variants of every plan kind equal an independent oracle in plain Fractions: other bounds, windows, currencies, people.

The run is the same every time; SPM_ORACLE=1000 in the environment tries that many plans of each kind.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.errors import PlanError
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.trace import trees

from . import oracle
from .oracle import Deal, Spec, Terms, Tiers

EXAMPLES = int(os.environ.get("SPM_ORACLE", "0"))


def tried(count: int) -> Any:
    """Settings: deterministic, so many examples. A counterexample is small enough to read without shrinking."""
    return settings(
        max_examples=EXAMPLES or count, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
    )


MINOR = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
MODES = ["marginal", "whole", "excess", "fixed", "stacked", "proportional"]
ROUNDINGS = ["half_up", "half_even", "down", "up"]


def text(value: Fraction) -> str:
    """A Fraction that ends, as plain decimals."""
    found = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    assert Fraction(found) == value
    return found


def cents(low: int, high: int, scale: int = 100) -> Any:
    return st.integers(low, high).map(lambda units: Fraction(units, scale))


roundings = st.tuples(st.integers(0, 4), st.sampled_from(ROUNDINGS))


@st.composite
def tiers(draw: Any, *, starts_at_zero: bool) -> Tiers:
    """Steps with values up or down (regressive), in amounts."""
    count = draw(st.integers(1, 4))
    bounds = sorted(draw(st.sets(st.integers(1, 4000), min_size=count - 1, max_size=count - 1)))
    first = Fraction(0) if starts_at_zero or draw(st.booleans()) else Fraction(draw(st.integers(-40, 40).filter(bool)), 100)
    values = draw(st.lists(cents(0, 5000, 10_000), min_size=count, max_size=count))
    below = Fraction(0) if first == 0 else draw(cents(0, 500, 10_000))
    return Tiers((first, *map(Fraction, bounds)), tuple(values), draw(st.sampled_from(["lower", "upper"])), below)


@st.composite
def specs(draw: Any, mode: str) -> Spec:
    """A plan of one kind with all that may stand around it."""
    currency = draw(st.sampled_from(sorted(MINOR)))
    scope = draw(st.sampled_from(["period", "quarter", "year", "ever", "rolling"]))
    quota = draw(st.none() | cents(100_00, 900_00)) if mode in MODES and scope in ("period", "quarter", "year") else None
    given_tiers = None if mode == "curve" else draw(tiers(starts_at_zero=mode in ("marginal", "excess")))
    if given_tiers is not None and mode == "proportional":
        given_tiers = dataclasses.replace(given_tiers, below=Fraction(0))
    if given_tiers is not None and quota is not None:  # bounds in shares of the quota
        given_tiers = dataclasses.replace(given_tiers, bounds=tuple(bound / 2000 for bound in given_tiers.bounds))
    by = draw(st.none() | cents(50_00, 1900_00)) if mode in ("whole", "fixed", "stacked") and quota is None else None
    if given_tiers is not None and by is not None:  # bounds of growth
        given_tiers = dataclasses.replace(given_tiers, bounds=tuple(bound / 10_000 for bound in given_tiers.bounds))
    xs = sorted(draw(st.sets(st.integers(0, 3000), min_size=2, max_size=4)))
    return Spec(
        by=by,
        currency=currency,
        places=MINOR[currency],
        mode=mode,
        tiers=given_tiers,
        points=tuple((Fraction(x), draw(cents(0, 2000, 10_000))) for x in xs) if mode == "curve" else (),
        below=draw(cents(0, 100, 10_000)) if mode == "curve" else Fraction(0),
        extend=draw(st.booleans()),
        scope=scope,
        rolling=draw(st.integers(2, 4)),
        settle=scope if scope in ("quarter", "year", "ever") and draw(st.booleans()) else "period",
        quota=quota,
        slice_round=draw(st.none() | roundings) if mode in ("marginal", "proportional") and given_tiers and given_tiers.bounds[0] == 0 else None,
        deal_cap=draw(st.none() | st.integers(100, 900).map(Fraction)),
        counts=draw(st.integers(0, 5)) == 0,
        gate=draw(st.none() | st.none() | st.integers(0, 900).map(Fraction)),
        multipliers=tuple(draw(st.lists(st.tuples(st.integers(0, 2000).map(Fraction), cents(0, 250)), max_size=2))),
        combine=draw(st.sampled_from(["multiplied", "added"])),
        floor=draw(st.none() | st.none() | cents(-20_00, 50_00)),
        cap=draw(st.none() | st.none() | cents(10_00, 150_00)),
        share=draw(st.none() | st.none() | cents(0, 150)),
        order=tuple(draw(st.permutations(["multiply", "floor", "cap", "share", *(["round"] if draw(st.booleans()) else [])]))),
        round=(draw(st.integers(0, MINOR[currency])), draw(st.sampled_from(ROUNDINGS))),
    )


sales = st.lists(
    st.builds(Deal, month=st.integers(1, 12), day=st.integers(1, 4), amount=cents(-800_0000, 2500_0000, 10_000)) | st.builds(
        # Exactly on bounds, where inclusion decides.
        Deal, month=st.integers(1, 12), day=st.just(9), amount=st.sampled_from([Fraction(100), Fraction(500), Fraction(1), Fraction(-100), Fraction(0)])
    ),
    min_size=1, max_size=14,
)  # fmt: skip


def rounding_text(given: tuple[int, str]) -> str:
    return f"{{places: {given[0]}, mode: {given[1]}}}"


def plan_text(spec: Spec) -> str:
    """The plan document of a spec."""
    over = {"rolling": f"over: rolling, periods: {spec.rolling}", "line": "over: period", "day": "over: period"}.get(spec.scope, f"over: {spec.scope}")
    value = "" if spec.deal_cap is None else f', value: "min(pay_credit, {text(spec.deal_cap)})"'
    if spec.counts:
        value = ", aggregate: count"
    lines = [
        "engine: 1", "plan: generated", f"currency: {spec.currency}", "calendar: month", "credits: [{name: direct, to: owner_or_splits}]",
        f"measures: [{{name: m, {over}{value}}}]",
    ]  # fmt: skip
    if spec.quota is not None:
        lines.append(f"quotas: [{{name: q, over: {spec.scope}}}]")
    if spec.mode == "curve":
        points = ", ".join(f"{{at: {text(x)}, value: {text(y)}}}" for x, y in spec.points)
        extend = "extend" if spec.extend else "last"
        lines.append(f"tables: [{{name: t, points: [{points}], below: {text(spec.below)}, above: {extend}}}]")
    else:
        assert spec.tiers is not None
        steps = ", ".join(f"{{from: {text(b)}, value: {text(v)}}}" for b, v in zip(spec.tiers.bounds, spec.tiers.values, strict=True))
        below = "" if spec.tiers.bounds[0] == 0 else f", below: {text(spec.tiers.below)}"
        lines.append(f"tables: [{{name: t, includes: {spec.tiers.includes}, steps: [{steps}]{below}}}]")
    lines += ["components:", "  - name: pay"]
    x = "pay_credit" if spec.deal_cap is None else f"min(pay_credit, {text(spec.deal_cap)})"
    if spec.scope == "line":
        formula = f"{x} * rate(t, {x})" if spec.mode == "whole" else f"{spec.mode}(t, {x})"
        more = "" if spec.line_round is None else f", round: {rounding_text(spec.line_round)}"
        lines.append(f'    per_line: {{pay: "{formula}"{more}}}')
    elif spec.scope == "day":
        lines.append(f'    per_line: {{pay: "{x} * rate(t, running({x}, \\"day\\"))"}}')
    else:
        scale = "" if spec.quota is None else ", scale: quota.q"
        by = "" if spec.by is None else f', by: "m / {text(spec.by)} - 1"'
        piece = "" if spec.slice_round is None else f", round: {rounding_text(spec.slice_round)}"
        lines += ["    base: m", f"    pay_rate: {{table: t, mode: {spec.mode}{by}{scale}{piece}}}"]
        if spec.scope != "period":
            lines.append(f"    settle: {spec.settle}")
    if spec.quota is not None:
        lines.append("    when_undefined: zero")
    if spec.gate is not None:
        lines.append(f"    gate: m >= {text(spec.gate)}")
    if spec.multipliers:
        lines.append("    multiply:")
        lines += [f'      - {{name: x{i}, by: "if(m >= {text(at)}, {text(by)}, 1)"}}' for i, (at, by) in enumerate(spec.multipliers)]
        lines.append(f"    combine: {spec.combine}")
    lines += [f'    {name}: "{text(value)}"' for name in ("floor", "cap", "share") if (value := getattr(spec, name)) is not None]
    used = [step for step in spec.order if step == "round" or getattr(spec, {"multiply": "multipliers"}.get(step, step)) not in (None, ())]
    if used:
        lines.append(f"    order: [{', '.join(used)}]")
    lines.append(f"    round: {rounding_text(spec.round)}")
    return "\n".join(lines) + "\n"


def tables_of(spec: Spec, deals: list[Deal]) -> dict[str, list[dict[str, Any]]]:
    rows = [{"id": f"T{i:03}", "date": f"2025-{d.month:02}-{d.day:02}", "payee": "ann", "amount": text(d.amount)} for i, d in enumerate(deals)]
    ends = [f"2025-{month:02}-01" for month in range(1, 13)] + ["2026-01-01"]
    quotas = [] if spec.quota is None else [
        {"payee": "ann", "quota": "q", "amount": text(spec.quota), "from": start, "to": end} for start, end in itertools.pairwise(ends)
    ]  # fmt: skip
    return {"transactions": rows, "quotas": quotas, "assignments": [{"payee": "ann"}]}


def found_by_month(simulation: Simulation, component: str = "pay") -> dict[int, Fraction]:
    return {e.period + 1: Fraction(e.amount) for e in simulation.result.outcome.earnings if e.component == component}


def explanation_check(spec: Spec, deals: list[Deal], simulation: Simulation) -> None:
    """Every part of every month's explanation, its name, amount and evidence, is the oracle's; what was earned earlier closes it."""
    given, earned = credited(spec, deals), expected_by_month(spec, deals)
    labels = {"gate": "" if spec.gate is None else f"m >= {text(spec.gate)}"}
    labels |= {name: text(value) for name in ("floor", "cap", "share") if (value := getattr(spec, name)) is not None}
    for (_, period), tree in trees(simulation.prepared, simulation.result.totals, simulation.team_pay).items():
        (component,) = tree["children"]
        found = component["children"]
        expected = oracle.explained(spec, given, period + 1)
        if found and found[-1]["kind"] == "earlier":
            assert Fraction(found[-1]["amount"]) == earned[period + 1] - sum((part.amount for part in expected), Fraction(0)) != 0
            found = found[:-1]
        else:
            assert sum((part.amount for part in expected), Fraction(0)) == earned[period + 1]
        assert [(one["kind"], Fraction(one["amount"])) for one in found] == [(part.kind, part.amount) for part in expected]
        for one, part in zip(found, expected, strict=True):
            assert {name: None if value is None else Fraction(value) for name, value in one["detail"].items()} == part.detail
            assert one["label"] == labels.get(part.kind, part.label) or part.kind == "lines"


def credited(spec: Spec, deals: list[Deal]) -> list[Deal]:
    """Deals are credited rounded half up to the currency's minor unit, one by one."""
    return [dataclasses.replace(deal, amount=oracle.rounded(deal.amount, spec.places, "half_up")) for deal in deals]


def expected_by_month(spec: Spec, deals: list[Deal]) -> dict[int, Fraction]:
    return oracle.earned(spec, credited(spec, deals))


@pytest.mark.parametrize("mode", [*MODES, "curve"])
def test_every_tier_mode_scope_order_and_rounding_equals_the_oracle(mode: str) -> None:
    @tried(45)
    @given(specs(mode), sales)
    def law(spec: Spec, deals: list[Deal]) -> None:
        simulation = simulation_run(plan_load(plan_text(spec)), tables_of(spec, deals))
        assert found_by_month(simulation) == expected_by_month(spec, deals)
        explanation_check(spec, deals, simulation)

    law()


@st.composite
def line_specs(draw: Any) -> Spec:
    scope = draw(st.sampled_from(["line", "day"]))
    mode = draw(st.sampled_from(["marginal", "proportional", "whole"])) if scope == "line" else "whole"
    spec = dataclasses.replace(draw(specs(mode)), scope=scope, settle="period", quota=None, by=None, slice_round=None, counts=False)
    return dataclasses.replace(spec, tiers=draw(tiers(starts_at_zero=True)), line_round=draw(st.none() | roundings) if scope == "line" else None)


@tried(90)
@given(line_specs(), sales)
def test_tiers_per_deal_and_per_day_equal_the_oracle(spec: Spec, deals: list[Deal]) -> None:
    simulation = simulation_run(plan_load(plan_text(spec)), tables_of(spec, deals))
    assert found_by_month(simulation) == expected_by_month(spec, deals)
    explanation_check(spec, deals, simulation)


def test_control_the_oracle_tells_an_inclusive_bound_from_an_exclusive_one() -> None:
    """The comparison can fail: one word or one unit in the plan and it does."""
    spec = Spec(mode="whole", tiers=Tiers((Fraction(0), Fraction(100)), (Fraction(1, 100), Fraction(1, 10))))
    deals = [Deal(3, 1, Fraction(100))]
    right = found_by_month(simulation_run(plan_load(plan_text(spec)), tables_of(spec, deals)))
    assert right == expected_by_month(spec, deals)
    assert spec.tiers is not None
    for wrong in (
        dataclasses.replace(spec, tiers=dataclasses.replace(spec.tiers, includes="upper")),
        dataclasses.replace(spec, tiers=dataclasses.replace(spec.tiers, values=(Fraction(1, 100), Fraction(1001, 10_000)))),
        dataclasses.replace(spec, cap=Fraction(999, 100)),
        dataclasses.replace(spec, mode="marginal"),
    ):
        assert expected_by_month(wrong, deals) != right


# ---------------------------------------------------------------- splits, roll-ups


PEOPLE = [f"p{i}" for i in range(5)]
TEAM = """\
engine: 1
plan: team
currency: {currency}
calendar: month
credits:
  - {{name: direct, to: splits}}
  - {{name: above, to: managers, of: direct, as_of: event, levels: {levels}}}
measures:
  - {{name: own, credits: [direct]}}
  - {{name: below, credits: [above]}}
components:
  - {{name: own_pay, base: own, pay_rate: {{flat: 100%}}}}
  - {{name: team_pay, base: below, pay_rate: {{flat: 1%}}, round: {{places: 3, mode: half_even}}}}
"""


@tried(60)
@given(
    currency=st.sampled_from(sorted(MINOR)), levels=st.sampled_from(["all", "direct"]),
    deals=st.lists(st.tuples(cents(-90_0000, 900_0000, 10_000), st.lists(st.integers(0, 10**6), max_size=3)), min_size=1, max_size=8),
    bosses=st.lists(st.integers(-1, 3), min_size=4, max_size=4),
)  # fmt: skip
def test_splits_and_roll_ups_equal_the_oracle(currency: str, levels: str, deals: list[tuple[Fraction, list[int]]], bosses: list[int]) -> None:
    above = {i + 1: boss for i, boss in enumerate(bosses) if 0 <= boss <= i}
    own, team = dict.fromkeys(range(5), Fraction(0)), dict.fromkeys(range(5), Fraction(0))
    transactions, splits = [], []
    for number, (amount, cuts) in enumerate(deals):
        edges = [0, *sorted(cuts), 10**6]
        shares = [high - low for low, high in itertools.pairwise(edges)]
        credited = oracle.rounded(amount, MINOR[currency], "half_up")
        transactions.append({"id": f"T{number}", "date": "2025-02-03", "payee": "p0", "amount": text(amount)})
        splits += [{"transaction": f"T{number}", "payee": PEOPLE[i], "share": text(Fraction(share, 10_000))} for i, share in enumerate(shares)]
        for who, part in enumerate(oracle.divided(credited, shares, MINOR[currency])):
            own[who] += part
            boss = above.get(who)
            while boss is not None:
                team[boss] += part
                boss = above.get(boss) if levels == "all" else None
    hierarchy = [{"payee": PEOPLE[who], "manager": PEOPLE[boss], "from": "2025-01-01", "to": "2026-01-01"} for who, boss in above.items()]
    tables = {"transactions": transactions, "splits": splits, "hierarchy": hierarchy, "assignments": [{"payee": name} for name in PEOPLE]}
    simulation = simulation_run(plan_load(TEAM.format(currency=currency, levels=levels)), tables)
    found = {(simulation.data.payees[e.payee], e.component): Fraction(e.amount) for e in simulation.result.outcome.earnings if e.period == 1}
    places = MINOR[currency]
    assert {who: found[PEOPLE[who], "own_pay"] for who in own} == {who: oracle.rounded(amount, places, "half_up") for who, amount in own.items()}
    assert {who: found[PEOPLE[who], "team_pay"] for who in team} == {who: oracle.rounded(amount / 100, 3, "half_even") for who, amount in team.items()}


# ---------------------------------------------------------------- draws, carries, maxima


terms_given = st.builds(
    Terms, draw=st.just(Fraction(0)) | cents(1_00, 90_00), recover=st.booleans(), upfront=st.booleans(), maximum=st.none() | cents(100_00, 300_00),
    excess=st.sampled_from(["carry", "forfeit"]), negative=st.sampled_from(["keep", "carry", "write_off"]),
    limit=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(33, 100)]),
).filter(lambda terms: terms.recover or not terms.upfront)  # fmt: skip


def payment_text(terms: Terms) -> str:
    lines = [
        "engine: 1", "plan: paid", "currency: USD", "calendar: month", "credits: [{name: direct, to: owner}]", "measures: [{name: m}]",
        "components: [{name: pay, base: m, pay_rate: {flat: 100%}}]", "payment:", f"  negative: {terms.negative}",
        f"  recovery_limit: {text(terms.limit * 100)}%",
    ]  # fmt: skip
    if terms.maximum is not None:
        lines += [f"  maximum: {text(terms.maximum)}", f"  excess: {terms.excess}"]
    if terms.draw:
        recover, how = "later" if terms.recover else "never", "upfront" if terms.upfront else "top_up"
        lines.append(f"draws: [{{name: d, amount: {text(terms.draw)}, recover: {recover}, paid: {how}}}]")
    return "\n".join(lines) + "\n"


@tried(120)
@given(terms_given, sales)
def test_draws_carries_and_maxima_equal_the_oracle(terms: Terms, deals: list[Deal]) -> None:
    spec = Spec()
    simulation = simulation_run(plan_load(payment_text(terms)), tables_of(spec, deals))
    due = [sum((oracle.rounded(d.amount, 2, "half_up") for d in deals if d.month == month), Fraction(0)) for month in range(1, 13)]
    expected, carried, owed = oracle.paid(terms, due)
    assert [Fraction(simulation.paid("ann", "payable", f"2025-{month:02}")) for month in range(1, 13)] == expected
    if terms.draw and terms.recover:
        assert Fraction(simulation.paid("ann", "to_recover", "2025-12")) == owed
    assert sum(expected) + carried == sum(due) + owed or terms.negative == "write_off" or terms.excess == "forfeit" or not terms.recover


def test_control_a_draw_that_is_not_recovered_pays_more() -> None:
    due = [Fraction(10), Fraction(200)]
    assert oracle.paid(Terms(draw=Fraction(50)), due)[0] == [Fraction(50), Fraction(160)]
    assert oracle.paid(Terms(draw=Fraction(50), recover=False), due)[0] == [Fraction(50), Fraction(200)]
    assert oracle.paid(Terms(draw=Fraction(50), upfront=True), due)[0] == [Fraction(50), Fraction(160)]


RETURNS = """\
engine: 1
plan: returns
currency: USD
calendar: month
credits: [{name: direct, to: owner}]
measures: [{name: m}]
tables:
  - {name: window, points: [{at: 0, value: 100%}, {at: 90, value: 100%}], below: 100%, above: last}
components: [{name: pay, base: m, pay_rate: {flat: 10%}}]
clawback: {table: window}
"""


@pytest.mark.parametrize(("day", "month"), [("2025-02-10", 4), ("2025-04-20", 4), ("2025-05-02", 5)])
def test_nothing_is_taken_back_before_it_is_earned(day: str, month: int) -> None:
    """A return may bear an earlier date than its deal, by mistake; it counts from the deal's period on."""
    tables = {
        "transactions": [{"id": "T1", "date": "2025-04-05", "payee": "ann", "amount": "1000"}],
        "returns": [{"transaction": "T1", "date": day, "amount": "500"}],
    }
    simulation = simulation_run(plan_load(RETURNS), tables)
    paid = {m: simulation.paid("ann", "payable", f"2025-{m:02}") for m in range(1, 13)}
    assert {m: amount for m, amount in paid.items() if amount} == ({4: Decimal(50)} if month == 4 else {4: Decimal(100), month: Decimal(-50)})


@tried(60)
@given(st.sampled_from(["marginal", "excess"]), tiers(starts_at_zero=False))
def test_a_plan_that_pays_slices_pays_nothing_for_nothing_or_is_refused(mode: str, drawn: Tiers) -> None:
    """What is sold is cut from 0 on: a plan whose table begins elsewhere never runs."""
    written = plan_text(Spec(mode=mode, tiers=drawn))
    if drawn.bounds[0] != 0:
        with pytest.raises(PlanError, match="needs a table that starts at 0"):
            plan_load(written)
    else:
        rows = [Deal(1, 1, Fraction(100)), Deal(1, 2, Fraction(-100))]
        assert set(found_by_month(simulation_run(plan_load(written), tables_of(Spec(mode=mode, tiers=drawn), rows))).values()) == {Fraction(0)}


@tried(40)
@given(tiers(starts_at_zero=True).filter(lambda drawn: len(drawn.bounds) > 1), cents(100_00, 900_00), sales)
def test_a_rate_chosen_by_growth_equals_the_oracle(drawn: Tiers, by: Fraction, deals: list[Deal]) -> None:
    """Growth is below 0 in every month that sells less than `by`, also where nothing was taken back."""
    spec = Spec(mode="whole", tiers=dataclasses.replace(drawn, bounds=tuple(bound / 10_000 for bound in drawn.bounds)), by=by)
    simulation = simulation_run(plan_load(plan_text(spec)), tables_of(spec, deals))
    assert found_by_month(simulation) == expected_by_month(spec, deals)
