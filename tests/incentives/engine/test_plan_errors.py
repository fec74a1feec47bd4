"""What is wrong with a plan is found before it runs, at its line and column, with a mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from incentives.engine.cli import main
from incentives.engine.document import plan_schema
from incentives.engine.plan_check import plan_check

BASE = """engine: 1
plan: p
currency: USD
calendar: month
columns: [{name: gp, type: number}]
credits:
  - {name: direct, to: owner}
quotas:
  - {name: sales}
attributes:
  - {name: pct}
measures:
  - {name: sales}
  - {name: ytd, over: year}
attainments:
  - {name: att, measure: sales, quota: sales}
tables:
  - name: tiers
    steps:
      - {from: 0, to: 100, value: 1%}
      - {from: 100, value: 2%}
components:
  - name: c
    base: sales
    pay_rate: {flat: 5%}
"""


def found(old: str, new: str) -> list[str]:
    assert BASE.count(old) == 1, old
    return [problem.text("p.yaml") for problem in plan_check(BASE.replace(old, new)).problems]


def test_the_base_is_right() -> None:
    assert plan_check(BASE).ok


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("currency: USD", "currency: usd", "p.yaml:3:11: currency: 'usd' does not look right"),
        ("engine: 1", "engine: 2", "p.yaml:1:9: engine: 2 is not possible here; write 1"),
        ("calendar: month", "calendar: monthly", "p.yaml:4:11: calendar: 'monthly' is not possible here; use one of month"),
        ("    base: sales\n", "    bass: sales\n", "components[0].bass: unknown key `bass`; did you mean `base`?"),
        ("plan: p\n", "plan: p\nplan: q\n", "p.yaml:3:1: plan: `plan` is given twice"),
        ("base: sales", "base: saels", "p.yaml:24:11: components[0].base: `saels` is unknown; did you mean `sales`?"),
        ("base: sales", "base: amount * 2", "p.yaml:24:11: components[0].base: mixes grains: `amount` is a value per line; take it through an"),
        ("flat: 5%", "flat: 5% +", "p.yaml:25:26: components[0].pay_rate.flat: the formula ends too early"),
        ("base: sales", "base: sales ! 2", "p.yaml:24:17: components[0].base: `!` means nothing here"),
        ("flat: 5%", "flat: 1 / sales", "components[0]: can be undefined"),
        ("base: sales", "base: sales / 0", "components[0].base: divides by zero"),
        ("base: sales", "base: ytd", "components[0]: reads a measure over the year to date; state `settle: year`"),
        ("    base: sales\n", "    base: sales\n    settle: quarter\n", "settles over a quarter but its base or rate reads measures over: period"),
        ("to: 100, value", "to: 90, value", "tables[0].steps[0].to: gap between 90 and 100"),
        ("to: 100, value", "to: 110, value", "tables[0].steps[0].to: overlap between 110 and 100"),
        ("{from: 100, value", "{from: 100, to: 200, value", "nothing is said about values beyond 200"),
        ("{from: 0, to: 100", "{from: 5, to: 100", "nothing is said about values below 5"),
        ("to: 100, value", "to: 10k, value", "tables[0].steps[0].to: '10k' is no figure; write 10000, 10_000 or 7.5%"),
        ("{from: 0, to: 100", "{from: -100, to: 100", "nothing is said about values below -100"),
        ("{flat: 5%}", "{table: tears, mode: whole}", "`tears` is no table; tables: tiers"),
        ("{flat: 5%}", "{table: tiers, mode: curve}", "curve does not fit `tiers`"),
        ("{flat: 5%}", "{table: tiers, mode: marginal, by: att}", "marginal cuts the base itself"),
        ("    base: sales\n", "", "the pay_rate has no base"),
        ("quota: sales}", "quota: bookings}", "attainments[0].quota: `bookings` is no quota of this plan"),
        ("{name: att, measure: sales", "{name: att, measure: ytd", "measures over a year against a quota over a period"),
        ("  - {name: ytd, over: year}", "  - {name: ytd, over: year}\n  - {name: sales}", "measures[2].name: `sales` is already taken"),
        ("  - {name: sales}\n  - {name: ytd", "  - {name: sales, where: product > 5}\n  - {name: ytd", "compares a code with a number"),
        ("  - {name: sales}\n  - {name: ytd", "  - {name: sales, value: amount / gp}\n  - {name: ytd", "a line formula divides by constants only"),
        ("  - {name: sales}\n  - {name: ytd", "  - {name: sales, value: att * amount}\n  - {name: ytd", "mixes grains: `att` is a value per payee and period"),
        ("base: sales", 'base: "power(sales, 2)"', "power takes 3 values, 2 given"),
        ("base: sales", "base: 'rate(sales, 1)'", "rate reads a table first; tables: tiers"),
        ("base: sales", "base: 'if(sales, 1, 2)'", "a condition is needed, this is a number"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_where_it_is(old: str, new: str, expected: str) -> None:
    problems = found(old, new)
    assert any(expected in problem for problem in problems), problems


def test_all_mistakes_are_reported_at_once() -> None:
    text = BASE.replace("base: sales", "base: saels").replace("to: 100, value", "to: 90, value")
    assert len(plan_check(text).problems) == 2


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "a: [",
        "engine: 1\n\tplan: x",
        "a: 1\na: 2",
        BOMB,
        "a: &a [*a]",
        "[" * 5000,
        "a: " + "{b: " * 30 + "1" + "}" * 30,
        "a: \x00",
        "a" * 500_001,
    ],
)
def test_what_is_no_plan_is_refused_with_a_reason(text: str) -> None:
    assert plan_check(text).problems


@pytest.mark.parametrize("number", ["1e999999", "1" * 60, ".inf", ".nan"])
def test_a_number_beyond_any_money_is_no_number(number: str) -> None:
    assert found("to: 100, value: 1%", f"to: 100, value: {number}")


def test_a_formula_that_explodes_is_an_exception_on_the_payee() -> None:
    report = plan_check(
        BASE.replace("base: sales", "base: big ^ 12").replace("components:", "values:\n  - {name: big, formula: ((sales + 0.1) ^ 12) ^ 12}\ncomponents:")
        + TEST.split(BASE)[1].replace("AMOUNT", "0")
    )
    assert report.ok, report


def test_a_formula_in_a_block_is_placed_in_its_own_line() -> None:
    problems = found("    base: sales\n", "    base: |\n      sales +\n      saels\n")
    assert any(problem.startswith("p.yaml:26:") for problem in problems), problems


TEST = (
    BASE
    + """tests:
  - name: five percent
    transactions: [{id: 1, date: 2025-01-01, payee: ann, amount: 100}]
    expect:
      - {payee: ann, component: c, period: 2025-01, amount: AMOUNT}
"""
)


def test_a_failing_test_of_the_plan_makes_the_check_fail(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text(TEST.replace("AMOUNT", "5"))
    wrong.write_text(TEST.replace("AMOUNT", "5.01"))
    out: list[str] = []
    assert main(["plan", "check", str(right)], out.append) == 0
    assert main(["plan", "check", str(wrong)], out.append) == 1
    assert "is 5, 5.01 was expected" in "\n".join(out)
    assert ":30:" in "\n".join(out)


def test_an_expectation_of_somebody_unknown_fails() -> None:
    report = plan_check(TEST.replace("payee: ann, component", "payee: bob, component").replace("AMOUNT", "5"))
    assert not report.ok
    assert "payee bob is unknown" in report.tests[0].problems[0].cause


def test_every_key_of_the_schema_has_a_title_or_a_fixed_form() -> None:
    schema = plan_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["required"]) == {"engine", "plan", "currency", "calendar", "credits", "measures", "components"}


PROPORTIONAL = """tables:
  - name: tiers
    steps:
      - {from: 10, to: 100, value: 500}
      - {from: 100, value: 900}
    below: 40
components:
  - {name: c, base: sales, pay_rate: {table: tiers, mode: proportional}}
  - {name: d, formula: "proportional(tiers, sales)"}
"""


def test_what_proportional_would_never_pay_is_an_error() -> None:
    head = BASE[: BASE.index("tables:")]
    report = plan_check(head + PROPORTIONAL)
    texts = [problem.text("p.yaml") for problem in report.problems]
    told = "`tiers` states 40 below its first step, which proportional never pays; state `below: 0`, or take another mode"
    assert texts == [f"p.yaml:24:46: components[0].pay_rate.table: {told}", f"p.yaml:25:38: components[1].formula: {told}"]
    assert plan_check(head + PROPORTIONAL.replace("below: 40", "below: 0")).ok
    assert plan_check(head + PROPORTIONAL.replace("mode: proportional", "mode: fixed").replace("proportional(", "fixed(")).ok
