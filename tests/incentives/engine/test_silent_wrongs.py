"""What once came out wrong without a word: each is paid as the documents say, or refused with line, column and mend."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.mutations import plan_mutations
from incentives.engine.plan_check import earned, plan_check
from tests.incentives.engine.test_credit import HEAD, simulate, tx

CREDIT = "credits: [{name: direct, to: owner}]\n"


def problems(text: str) -> list[str]:
    return [problem.text("p.yaml") for problem in plan_check(HEAD + CREDIT + text).problems]


# ---------------------------------------------------------------- tables that begin below 0

BELOW = """measures: [{name: sales}]
tables:
  - {name: t, below: 0, steps: [{from: %s, to: 100, value: 1%%}, {from: 100, value: 3%%}]}
components:
  - {name: c, %s}
"""


@pytest.mark.parametrize("start", ["-100", "0"])
@pytest.mark.parametrize(
    "pay", ["base: sales, pay_rate: {table: t, mode: marginal}", "base: sales, pay_rate: {table: t, mode: excess}", "formula: 'marginal(t, sales)'"]
)
def test_slices_that_begin_below_zero_are_refused(start: str, pay: str) -> None:
    found = problems(BELOW % (start, pay))
    assert [text.split(": ", 2)[2] for text in found] == (
        [] if start == "0" else [f"{'excess' if 'excess' in pay else 'marginal'} pay needs a table that starts at 0; "
                                 "let its first step begin at 0, its value may be 0; a value below 0 mirrors the one above"]
    )  # fmt: skip


# ---------------------------------------------------------------- what chooses the rate

GROWTH = """measures: [{name: sales}]
attributes: [{name: last_year}]
values: [{name: growth, formula: sales / attr.last_year - 1}]
tables:
  - {name: t, %ssteps: [{from: 0, to: 10%%, value: 1%%}, {from: 10%%, value: 3%%}]}
components:
  - {name: c, base: sales, pay_rate: {table: t, mode: whole, by: growth}, when_undefined: zero}
"""


@pytest.mark.parametrize(("below", "sales", "pay"), [("", 700, 7), ("below: 0, ", 700, 0), ("", 1050, Decimal("10.5")), ("", 1300, 39)])
def test_a_growth_below_zero_takes_the_lowest_rate_or_what_the_table_states(below: str, sales: int, pay: Any) -> None:
    attributes = [{"payee": "ann", "name": "last_year", "value": 1000}]
    assert earned(simulate(CREDIT + GROWTH % below, transactions=[tx("1", "ann", sales)], attributes=attributes), "ann") == pay


def test_a_refund_by_attainment_takes_back_what_the_sale_gave() -> None:
    text = GROWTH.replace("sales / attr.last_year - 1", "sales / attr.last_year") % ""
    rows = [tx("1", "ann", 700), tx("2", "ann", -700, "2025-02-01")]
    assert earned(simulate(CREDIT + text, transactions=rows, attributes=[{"payee": "ann", "name": "last_year", "value": 1000}]), "ann") == 0


# ---------------------------------------------------------------- gates

GATED = """quotas: [{name: q}]
measures: [{name: sales}]
attainments: [{name: a, measure: sales, quota: q}]
components:
  - {name: c, base: sales, pay_rate: {flat: 10%%}, gate: a >= 0.5, when_undefined: %s}
"""


@pytest.mark.parametrize(("when", "quota", "named"), [("exception", 0, True), ("zero", 0, False), ("exception", 100, False)])
def test_a_gate_on_a_missing_quota_is_named_where_the_plan_says_so(when: str, quota: int, named: bool) -> None:
    quotas = [{"payee": "ann", "quota": "q", "from": "2025-01-01", "to": "2025-02-01", "amount": quota}] if quota else []
    simulation = simulate(CREDIT + GATED % when, transactions=[tx("1", "ann", 100)], quotas=quotas)
    assert [issue.cause.startswith("gate") for issue in simulation.result.outcome.issues if issue.period == 0] == ([True] if named else [])
    assert earned(simulation, "ann") == (10 if quota else 0)


# ---------------------------------------------------------------- pay of a component in one that settles a window

SETTLED = """quotas: [{name: q, over: quarter}]
measures: [{name: sales}, {name: qtd, over: quarter}]
attainments: [{name: a, measure: qtd, quota: q}]
components:
"""
KICKER = """  - {name: comm, base: sales, pay_rate: {flat: 10%}}
  - {name: last, gate: a >= 0.1, formula: pay.comm * 10%, settle: SETTLE, when_undefined: zero}
"""
CAPPED = """  - {name: first, base: qtd, pay_rate: {flat: 10%}, settle: quarter}
  - {name: last, base: qtd, pay_rate: {flat: 10%}, cap: 250 - pay.first, settle: SETTLE}
"""


@pytest.mark.parametrize(
    ("components", "settle", "months"),
    [
        (KICKER, "quarter", [10, 20, 30, 10]),  # 10 % of 100, 300 and 600 to date; April begins anew
        (KICKER, "period", [10, 20, 30, 10]),
        (CAPPED, "quarter", [100, -150, -300, 100]),  # 250 less 100, 300 and 600 to date, of 100, 300 and 600
    ],
)
def test_pay_in_a_component_that_settles_a_window_is_to_date(components: str, settle: str, months: list[int]) -> None:
    rows = [tx(str(m), "ann", 1000 * m if m < 4 else 1000, f"2025-{m:02}-05") for m in range(1, 5)]
    quotas = [{"payee": "ann", "quota": "q", "from": "2025-01-01", "to": "2026-01-01", "amount": 4000}]
    simulation = simulate(CREDIT + SETTLED + components.replace("SETTLE", settle), transactions=rows, quotas=quotas)
    assert [earned(simulation, "ann", "last", f"2025-{m:02}") for m in range(1, 5)] == months


def test_an_override_on_commission_that_settles_a_window_takes_the_commission_to_date() -> None:
    over = "  - {name: last, gate: a >= 0, team_override: {base: commission, component: comm, as_of: period_end}, pay_rate: {flat: 10%},"
    over += " settle: quarter, when_undefined: zero}\n"
    rows = [tx(str(m), "ann", 1000 * m, f"2025-{m:02}-05") for m in (1, 2, 3)]
    quotas = [{"payee": "mia", "quota": "q", "from": "2025-01-01", "to": "2026-01-01", "amount": 4000}]
    simulation = simulate(
        CREDIT + SETTLED + KICKER.splitlines()[0] + "\n" + over, transactions=rows, quotas=quotas, hierarchy=[{"payee": "ann", "manager": "mia"}]
    )
    assert [earned(simulation, "mia", "last", f"2025-{m:02}") for m in (1, 2, 3)] == [10, 20, 30]


# ---------------------------------------------------------------- the plan's own tests

FLAT = """measures: [{name: sales}]
components:
  - {name: c, base: sales, pay_rate: {flat: 5%}}
tests:
  - name: t
    transactions:
      - {id: 1, date: 2025-01-10, payee: ann, amount: 100}
      - {id: 2, date: 2025-01-10, payee: ann, ROW}
    expect:
      - {payee: ann, component: c, period: 2025-01, amount: 10}
"""


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("amount: 100", []),
        ("amout: 100", ["p.yaml:13:54: tests[0].transactions[1].amout: is an unknown column; did you mean `amount`?"]),
        ("amount: many", ["p.yaml:13:55: tests[0].transactions[1].amount: 'many' is no number; write it as 1234.50"]),
    ],
)
def test_a_row_of_a_test_that_cannot_be_read_is_named_where_it_stands(row: str, found: list[str]) -> None:
    (test,) = plan_check(HEAD + CREDIT + FLAT.replace("ROW", row)).tests
    texts = [problem.text("p.yaml") for problem in test.problems]
    assert len(texts) == len(found)
    assert all(text.startswith(start) for text, start in zip(texts, found, strict=True)), texts


RANKED = """measures: [{name: sales}]
peers: [{name: s, of: sales}]
tables:
  - {name: prize, below: 0, steps: [{from: 1, to: 2, value: 500}, {from: 2, to: 3, value: 300}, {from: 3, value: 0}]}
components:
  - {name: c, base: sales, pay_rate: {table: prize, mode: fixed, by: rank.s}, when_undefined: zero}
payment: {holdback: {share: 100%, until: year}}
"""
BOUND = """measures: [{name: sales}]
tables: [{name: t, steps: [{from: 0, to: 100, value: 5%}, {from: 100, value: 6%}]}]
components:
  - {name: c, base: sales, pay_rate: {table: t, mode: whole}}
tests:
"""


def own_test(amount: int, pay: str) -> str:
    row = f"{{id: 1, date: 2025-01-10, payee: ann, amount: {amount}}}"
    return f"  - {{name: t{amount}, transactions: [{row}], expect: [{{payee: ann, component: c, period: 2025-01, amount: {pay}}}]}}\n"


def test_a_figure_is_held_by_a_test_only_in_a_plan_that_has_one() -> None:
    found = plan_mutations(HEAD + CREDIT + RANKED)
    assert len(found.uncovered) + len(found.unchecked) == found.figures > 5
    assert {figure.text for figure in found.unchecked} == {"2"}  # neither 1 nor 3 fits between its neighbours


@pytest.mark.parametrize(("amounts", "open_to"), [({100: "6"}, [("99",)]), ({99: "4.95"}, [("101",)]), ({99: "4.95", 100: "6"}, [])])
def test_a_test_exactly_on_a_bound_does_not_hold_it_from_below(amounts: dict[int, str], open_to: list[tuple[str, ...]]) -> None:
    text = HEAD + CREDIT + BOUND + "".join(own_test(*item) for item in amounts.items())
    assert plan_check(text).ok
    assert [figure.open for figure in plan_mutations(text).uncovered if figure.text == "100"] == open_to


# ---------------------------------------------------------------- tables that change at a date

DATED = """measures: [{name: sales}, {name: ytd, over: year}]
tables:
  - {name: r, steps: [{from: 0, value: 1%}]}
  - {name: r, effective: DAY, steps: [{from: 0, value: 10%}]}
values: [{name: chosen, formula: "rate(r, sales)"}]
components:
  - {name: c, READ}
"""
MONTHLY = "base: sales, pay_rate: {table: r, mode: marginal}"
THROUGH = "base: sales, pay_rate: {flat: chosen}"
YEARLY = "base: ytd, pay_rate: {table: r, mode: marginal}, settle: year"
BY_LINE = "per_line: {pay: 'marginal(r, pay_credit)'}"


@pytest.mark.parametrize(
    ("read", "day", "refused"),
    [
        (MONTHLY, "2025-07-15", "a pay period"),
        (THROUGH, "2025-07-15", "a pay period"),
        (MONTHLY, "2025-07-01", ""),
        (YEARLY, "2025-07-01", "a year"),
        (YEARLY, "2026-01-01", ""),
        (BY_LINE, "2025-07-15", ""),
        (YEARLY, "2025-07-15, reprices: true", ""),
    ],
)
def test_a_table_that_would_reprice_the_days_before_it_is_refused_unless_it_says_so(read: str, day: str, refused: str) -> None:
    found = problems(DATED.replace("DAY", day).replace("READ", read))
    assert len(found) == bool(refused)
    assert all(text.startswith(f"p.yaml:9:26: tables[1].effective: comes into force within {refused}, ") for text in found), found


def test_a_table_that_reprices_prices_the_whole_period() -> None:
    rows = [tx("1", "ann", 1000, "2025-07-05"), tx("2", "ann", 1000, "2025-07-20")]
    stated = simulate(CREDIT + DATED.replace("DAY", "2025-07-15, reprices: true").replace("READ", MONTHLY), transactions=rows)
    by_line = simulate(CREDIT + DATED.replace("DAY", "2025-07-15").replace("READ", BY_LINE), transactions=rows)
    assert (earned(stated, "ann"), earned(by_line, "ann")) == (200, 110)


# ---------------------------------------------------------------- settled components that look beyond their window

WINDOWS = """quotas: [{name: q, over: quarter}]
kpis: [{name: score, kpi: score, over: quarter}]
measures: [{name: sales}, {name: qtd, over: quarter}, {name: ytd, over: year}]
components:
  - {name: c, READ, settle: quarter, when_undefined: zero}
"""
RATE = "base: qtd, pay_rate: {flat: 10%}"


@pytest.mark.parametrize(
    ("read", "months"),
    [
        (f"{RATE}, gate: ytd >= 250", [0, 30, 30, 10]),  # met from February on: 10 % of 100, 300, 600 to date
        (f"{RATE}, cap: ytd * 5%", [5, 10, 15, 10]),  # April: 5 % of 700 is above what is due
        (f"{RATE}, multiply: [{{name: m, by: 'if(sales > 250, 2, 1)'}}]", [10, 20, 90, 10]),
        ("formula: 300", None),
        ("base: ytd, pay_rate: {flat: 10%}", None),
    ],
)
def test_gate_cap_and_multipliers_of_a_settled_component_may_read_another_window(read: str, months: list[int] | None) -> None:
    text = WINDOWS.replace("READ", read)
    if months is None:
        assert len(problems(text)) == 1
        return
    rows = [tx(str(m), "ann", 100 * m if m < 4 else 100, f"2025-{m:02}-05") for m in range(1, 5)]
    simulation = simulate(CREDIT + text, transactions=rows)
    assert [earned(simulation, "ann", "c", f"2025-{m:02}") for m in range(1, 5)] == months


def test_objectives_of_a_quarter_settle_by_its_last_score() -> None:
    kpis = [{"payee": "ann", "kpi": "score", "date": f"2025-0{m}-20", "value": value} for m, value in ((1, "0.5"), (2, "0.8"))]
    text = WINDOWS.replace("READ", "formula: 300 * kpi.score")
    simulation = simulate(CREDIT + text, transactions=[tx("1", "ann", 1)], kpis=kpis, assignments=[{"payee": "ann", "to": "2025-04-01"}])
    assert [earned(simulation, "ann", "c", f"2025-{m:02}") for m in (1, 2, 3)] == [150, 90, 0]


# ---------------------------------------------------------------- units

UNITS = """quotas: [{name: q}]
measures: [{name: sales}, {name: deals, aggregate: count}]
attainments: [{name: att, measure: sales, quota: q}]
tables: [{name: t, steps: [{from: 0, to: 80%, value: 1%}, {from: 80%, value: 3%}]}]
components:
  - {name: c, READ, when_undefined: zero}
"""


@pytest.mark.parametrize(
    ("wrong", "said", "right"),
    [
        ("base: sales, pay_rate: {table: t, mode: marginal}", "are shares (80%)", "base: sales, pay_rate: {table: t, mode: marginal, scale: quota.q}"),
        ("base: sales, pay_rate: {table: t, mode: whole}", "are shares (80%)", "base: sales, pay_rate: {table: t, mode: whole, by: att}"),
        ("base: sales, pay_rate: {flat: 5%}, gate: att >= 90", "is compared with 90; write 90%", "base: sales, pay_rate: {flat: 5%}, gate: att >= 90%"),
        ("formula: sales + att", "a share of the quota and `sales` an amount", "formula: sales * att + deals"),
        ("base: sales, pay_rate: {table: t, mode: whole, by: att, scale: quota.q}", "a share of the quota already", "formula: 'rate(t, att) * sales'"),
    ],
)
def test_units_that_cannot_be_meant_are_refused(wrong: str, said: str, right: str) -> None:
    (found,) = problems(UNITS.replace("READ", wrong))
    assert said in found
    assert problems(UNITS.replace("READ", right)) == []
