"""Every finding has a code, words in the table, and a bad plan that is refused by it, at a place."""

from __future__ import annotations

import re

import pytest

from incentives.engine.messages import MESSAGES
from incentives.engine.plan_check import plan_check

from .test_plan_errors import BASE, BOMB

GRID = """  - name: grid
    dimensions:
      - {name: x, at: [0, 10], below: 0}
      - {name: thing, labels: [bike, helmet], other: 0}
    cells:
      - [1, 2]
      - [3, 4]
"""
PEERS = "peers:\n  - {name: contest, of: sales}\n"
TEST = "tests:\n  - name: t\n    transactions: [{id: 1, date: 2025-01-01, payee: ann, amount: 100}]\n    expect: [EXPECT]\n"


def grid(old: str = "", new: str = "") -> str:
    assert not old or GRID.count(old) == 1, old
    return BASE.replace("components:\n", (GRID.replace(old, new) if old else GRID) + "components:\n")


def base(old: str, new: str) -> str:
    assert BASE.count(old) == 1, (old, BASE.count(old))
    return BASE.replace(old, new)


def formula(text: str) -> str:
    return base("base: sales", f"base: {text!r}")


def line(text: str, key: str = "value") -> str:
    return base("  - {name: sales}\n  - {name: ytd", f"  - {{name: sales, {key}: {text!r}}}\n  - {{name: ytd")


def peers(text: str, component: str = "") -> str:
    return BASE.replace("components:\n", f"peers:\n  - {text}\ncomponents:\n") + component


def own_test(expect: str) -> str:
    return BASE + TEST.replace("EXPECT", expect)


TABLE = "  - name: tiers\n    steps:\n      - {from: 0, to: 100, value: 1%}\n      - {from: 100, value: 2%}\n"
RATE = "pay_rate: {flat: 5%}"


def table(text: str) -> str:
    return base(TABLE, text)


def rate(text: str) -> str:
    return base(RATE, f"pay_rate: {text}")


SECOND = "  - name: tiers\n    effective: {}\n    steps: [{{from: 0, value: 1%}}]\n"
POINTS = "  - {name: line, points: [{at: 0, value: 0}, {at: 1, value: 1}], below: 0}\n"
TEAM = "  - {name: o, team_override: {base: commission, component: COMPONENT, as_of: period_end}, pay_rate: {flat: 1%}}\n"

BAD: dict[str, str] = {
    "document_too_long": "a" * 500_001,
    "not_yaml": "a: [",
    "nests_too_deeply": "a: " + "{b: " * 30 + "1" + "}" * 30,
    "not_a_mapping": "[1, 2]",
    "alias": BOMB,
    "key_twice": "a: 1\na: 2",
    "unknown_key": base("    base: sales\n", "    base: sales\n    zzz: 1\n"),
    "unknown_key_near": base("    base: sales\n", "    bass: sales\n"),
    "key_missing": base("currency: USD\n", ""),
    "not_one_of": base("calendar: month", "calendar: monthly"),
    "wrong_type": base("measures:\n", "exclusions: 5\nmeasures:\n"),
    "figure_form": table(TABLE.replace("to: 100", 'to: "10,000"')),
    "name_form": base("  - {name: pct}", "  - {name: 2pct}"),
    "wrong_pattern": base("currency: USD", "currency: usd"),
    "key_does_not_go": base("  - {name: direct, to: owner}", "  - {name: direct, to: owner, levels: all}"),
    "combination": base("    " + RATE + "\n", ""),
    "not_the_constant": base("engine: 1", "engine: 2"),
    "beyond_limit": base("currency: USD", "currency: USD\nrounding: {places: 9}"),
    "formula_too_long": formula("1 + " * 1200 + "1"),
    "formula_too_deep": formula("(" * 70 + "-" * 65 + "1" + ")" * 70),
    "formula_token": formula("sales sales"),
    "formula_character": formula("sales ! 2"),
    "formula_ends": formula("sales +"),
    "number_needed": formula("sales > 1"),
    "condition_needed": formula("if(sales, 1, 2)"),
    "text_alone": formula('"online"'),
    "whole_power": formula("sales ^ 13"),
    "in_needs_code": line('amount in ("a", "b")', "where"),
    "grain_line": formula("amount * 2"),
    "grain_period": line("att * amount"),
    "name_is_table": formula("tiers + 1"),
    "name_unknown": formula("zzz"),
    "name_unknown_near": formula("saels"),
    "divides_by_zero": formula("sales / 0"),
    "line_division": line("amount / gp"),
    "text_needs_code": line('amount = "x"', "where"),
    "text_order": line('product > "x"', "where"),
    "compares_unlike": line("product > 5", "where"),
    "aggregate_in_line": line("sum(amount)"),
    "aggregate_unknown": formula("mean(amount where gp > 1)"),
    "count_takes": formula("count(gp > 1 where gp > 2)"),
    "aggregate_takes": formula("sum(amount, gp)"),
    "aggregate_of_which": formula("sum(amount)").replace("  - {name: direct, to: owner}", "  - {name: direct, to: owner}\n  - {name: other, to: splits}"),
    "reads_table": formula("rate(sales, 1)"),
    "table_kind": formula("curve(tiers, 1)"),
    "arity": formula("abs(1, 2)"),
    "whole_places": formula("round(sales, 1.5)"),
    "whole_digits": formula("default(power(sales, 2, 99), 0)"),
    "mode_unknown": formula('round(sales, 2, "odd")'),
    "window_unknown": line('running(amount, "decade")'),
    "running_by": line('running(amount, "year", gp)'),
    "period_function": line("power(amount, 2, 9)"),
    "function_unknown": formula("zzz(1)"),
    "function_unknown_near": formula("mni(1, 2)"),
    "lookup_dimension": grid().replace("base: sales", "base: lookup(grid, sales, att)"),
    "lookup_line": grid("below: 0", "below: undefined").replace("  - {name: ytd", "  - {name: l, value: 'lookup(grid, amount, product)'}\n  - {name: ytd"),
    "standard_column": base("{name: gp, type: number}", "{name: amount, type: number}"),
    "name_taken": base("  - {name: ytd, over: year}", "  - {name: ytd, over: year}\n  - {name: sales}"),
    "no_line_rule": base("  - {name: direct, to: owner}", "  - {name: direct, to: managers, of: direct, as_of: event}"),
    "not_line_rule": base("  - {name: direct, to: owner}", "  - {name: direct, to: owner}\n  - {name: up, to: managers, of: other, as_of: event}"),
    "not_rule": base("  - {name: sales}\n  - {name: ytd", "  - {name: sales, credits: [other]}\n  - {name: ytd"),
    "not_measure": base("{name: att, measure: sales", "{name: att, measure: bookings"),
    "not_quota": base("quota: sales}", "quota: bookings}"),
    "not_table": rate("{table: tears, mode: whole}"),
    "not_component_above": BASE + TEAM.replace("COMPONENT", "other"),
    "attainment_windows": base("{name: att, measure: sales", "{name: att, measure: ytd"),
    "count_with_value": base("  - {name: sales}\n  - {name: ytd", "  - {name: sales, aggregate: count, value: amount}\n  - {name: ytd"),
    "step_order": table(TABLE.replace("{from: 100,", "{from: 0,")),
    "step_ends_early": table(TABLE.replace("to: 100", "to: 0")),
    "step_gap": table(TABLE.replace("to: 100", "to: 90")),
    "step_overlap": table(TABLE.replace("to: 100", "to: 110")),
    "step_no_above": table(TABLE.replace("from: 100,", "from: 100, to: 200,")),
    "step_above_open": table(TABLE + "    above: 1\n"),
    "step_no_below": table(TABLE.replace("from: 0", "from: 5")),
    "step_above_number": table(TABLE.replace("from: 100,", "from: 100, to: 200,") + "    above: last\n"),
    "point_order": table(TABLE + POINTS.replace("{at: 1,", "{at: 0,")),
    "point_no_below": table(TABLE + POINTS.replace(", below: 0", "")),
    "point_above": table(TABLE + POINTS.replace("below: 0", "below: 0, above: 7")),
    "cells_shape": grid("      - [3, 4]\n", ""),
    "cell_number": grid("[3, 4]", "[3, four]"),
    "dimension_outside": grid(", below: 0", ""),
    "dimension_twice": grid("[bike, helmet]", "[bike, bike]"),
    "not_a_date": table(TABLE + SECOND.format("soon")),
    "effective_first": table(TABLE.replace("tiers\n", "tiers\n    effective: 2025-01-01\n")),
    "effective_order": table(TABLE + SECOND.format("2025-07-01") + SECOND.format("2025-07-01")),
    "within_category": line('within(product, "Bikes")', "where"),
    "within_texts": line("within(category, 5)", "where").replace("calendar: month\n", "calendar: month\nreads: order_lines\n"),
    "ratio_points": base("    base: sales\n", "    base: sales\n    when_undefined: zero\n    gate: att >= 90\n"),
    "ratio_amount": base("    base: sales\n", "    base: sales + att\n    when_undefined: zero\n"),
    "ratio_scaled": rate("{table: tiers, mode: whole, by: att, scale: quota.sales}").replace(
        "    base: sales\n", "    base: sales\n    when_undefined: zero\n"
    ),
    "bounds_of_amount": rate("{table: tiers, mode: marginal}").replace("100", "100%"),
    "settle_nothing": base("    base: sales\n", "    base: attr.pct\n    settle: quarter\n    when_undefined: zero\n"),
    "effective_within": table(TABLE + SECOND.format("2025-07-15")).replace("pay_rate: {flat: 5%}", "pay_rate: {table: tiers, mode: whole}"),
    "effective_kind": table(TABLE + "  - {name: tiers, effective: 2025-07-01, points: [{at: 0, value: 0}, {at: 1, value: 1}], below: 0}\n"),
    "conversion_event": base("currency: USD", "currency: USD\nconversions: {payment: {rate_type: daily, to: EUR, as_of: event}}"),
    "currencies_own": base("currency: USD", "currency: USD\ncurrencies: [EUR, GBP]"),
    "currencies_cross": peers("{name: a, of: sales}").replace("currency: USD", "currency: USD\ncurrencies: [USD, EUR]"),
    "attribute_key": base("  - {name: pct}", "  - {name: pct, over: year}"),
    "hidden_paid": base("    base: sales\n", "    base: sales\n    hidden: true\n    paid: true\n"),
    "hidden_used": base("    base: sales\n", "    base: sales\n    hidden: true\n") + "  - {name: seen, formula: pay.c}\n",
    "reads_later": formula("pay.c"),
    "number_too_long": rate("{flat: " + "9" * 301 + "}"),
    "limits_crossed": base("measures:\n", "kpis: [{name: nps, minimum: 5, maximum: 4}]\nmeasures:\n"),
    "peers_cycle": peers("{name: a, of: total.b}\n  - {name: b, of: sales}"),
    "not_peers": peers("{name: a, of: sales}", "  - {name: p, pool: {amount: 10, peers: b}, when_undefined: zero}\n"),
    "pool_own": peers("{name: a, of: sales}", "  - {name: p, pool: {amount: sales, peers: a}, when_undefined: zero}\n"),
    "order_twice": base("    base: sales\n", "    base: sales\n    order: [cap, cap]\n"),
    "order_missing": base("    base: sales\n", "    base: sales\n    cap: 5\n    order: [floor]\n"),
    "mode_table": rate("{table: tiers, mode: curve}"),
    "proportional_below": rate("{table: tiers, mode: proportional}").replace(TABLE, TABLE.replace("from: 0", "from: 5") + "    below: 7\n"),
    "marginal_from_zero": rate("{table: tiers, mode: marginal}").replace(TABLE, TABLE.replace("from: 0", "from: 5") + "    below: 0\n"),
    "mode_by": rate("{table: tiers, mode: marginal, by: att}"),
    "mode_round": rate("{table: tiers, mode: whole, round: {places: 2}}"),
    "curve_scale": table(TABLE + POINTS).replace(RATE, "pay_rate: {table: line, mode: curve, scale: 2}"),
    "rate_without_base": base("    base: sales\n", ""),
    "amount_undefined": BASE + "draws:\n  - {name: d, amount: 1 / sales}\n",
    "share_range": BASE + "payment: {recovery_limit: 101%}\n",
    "excess_of_what": BASE + "payment: {excess: forfeit}\n",
    "holidays_unread": BASE + 'holidays: [{date: "2025-01-01"}]\nholidays_of: calendar\n',
    "pause_of_nothing": BASE + "draws:\n  - {name: d, amount: 5, pause_on: [unpaid]}\n",
    "leave_of_nothing": base("base: sales", "base: sales\n    proration: {target: none, leave_out: {quota: [unpaid]}}"),
    "year_end_guarantee": BASE + "draws:\n  - {name: d, amount: 5, recover: never, year_end: forgive}\n",
    "recovery_steps": BASE + "payment: {negative: carry, recovery: [draws, carried]}\n",
    "recovery_keeps": BASE + "payment: {year_end: bill}\n",
    "offset_of_what": BASE + "payment: {negative: carry, offset: [b]}\n",
    "offset_plan": BASE + "payment: {negative: offset, offset: [b, b]}\n",
    "upfront_guarantee": BASE + "draws:\n  - {name: d, amount: 5, recover: never, paid: upfront}\n",
    "clawback_table": BASE + "clawback: {table: nothing}\n",
    "can_be_undefined": rate("{flat: 1 / sales}"),
    "settle_needed": base("base: sales", "base: ytd"),
    "settle_rolling": base("base: sales", "base: lately").replace("  - {name: ytd", "  - {name: lately, over: rolling, periods: 3}\n  - {name: ytd"),
    "settle_differs": base("    base: sales\n", "    base: sales\n    settle: quarter\n"),
    "override_of_override": BASE + TEAM.replace("COMPONENT", "c") + TEAM.replace("{name: o", "{name: oo").replace("COMPONENT", "o"),
    "commission_as_of": BASE + TEAM.replace("COMPONENT", "c").replace("period_end", "event"),
    "change_endless": base("{name: ytd, over: year}", "{name: ytd, over: ever, on_change: prorate}"),
    "change_differs": base("    base: sales\n", "    base: sales\n    on_change: carry\n"),
    "change_quota": base("{name: ytd, over: year}", "{name: other, on_change: prorate}").replace(
        "  - {name: att,", "  - {name: more, measure: other, quota: sales}\n  - {name: att,"
    ),
    "change_of_nothing": base("    base: sales\n", "    base: 5\n    on_change: carry\n"),
    "leaver_twice": BASE + "leavers:\n" + "  - {status: left, event: paid, when: after, due: 0}\n" * 2,
    "not_ramp": base("  - {name: att,", "  - {at_least: nothing, name: att,"),
    "proration_nothing": base("    base: sales\n", "    base: sales\n    proration: {leave: out}\n"),
    "proration_twice": base("    base: sales\n", "    base: sales\n    proration: {quota: working_days}\n").replace(
        "  - {name: sales}\n", "  - {name: sales, prorate: calendar_days}\n", 1
    ),
    "proration_target": base("    base: sales\n", "    base: sales\n    proration: {target: working_days}\n"),
    "proration_of_nothing": base("    base: sales\n", "    base: sales\n    proration: {cap: working_days}\n"),
    "proration_bounds": base("    base: sales\n", "    base: sales\n    proration: {bounds: working_days}\n"),
    "test_rows": BASE + TEST.replace("2025-01-01", "soon").replace("EXPECT", "{uncredited: 0}"),
    "test_amount": own_test("{payee: ann, component: c, amount: 6}"),
    "test_undefined": own_test("{payee: ann, figure: att, period: 2025-01, amount: 6}"),
    "test_defined": own_test("{payee: ann, figure: sales, period: 2025-01, undefined: true}"),
    "test_no_amount": own_test("{payee: ann, component: c}"),
    "test_no_exclusion": own_test("{excluded: nobody, count: 1}"),
    "test_excluded": own_test("{excluded: small, count: 1}").replace("measures:\n", "exclusions: [{name: small, where: amount < 5}]\nmeasures:\n", 1),
    "test_uncredited": own_test("{uncredited: 1}"),
    "test_names": own_test("{payee: ann}"),
    "years_of_lines": base("measures:\n", "contract_years: {on: order}\nmeasures:\n"),
}


def test_every_message_can_be_reached_and_every_bad_plan_has_a_message() -> None:
    assert set(BAD) == set(MESSAGES)


@pytest.mark.parametrize("code", sorted(BAD))
def test_a_bad_plan_is_found_by_its_code_at_its_place(code: str) -> None:
    report = plan_check(BAD[code])
    problems = [*report.problems, *(p for test in report.tests for p in test.problems)]
    hits = [p for p in problems if p.code == code]
    assert hits, [p.text() for p in problems]
    assert not report.ok
    for hit in hits:
        assert hit.cause
        assert hit.mend
        assert "%(" not in hit.text()
        assert hit.line > 0 or code in ("document_too_long", "nests_too_deeply")


def test_a_message_uses_only_the_parameters_that_its_finding_has() -> None:
    for code, text in BAD.items():
        report = plan_check(text)
        found = next(p for p in [*report.problems, *(p for t in report.tests for p in t.problems)] if p.code == code)
        named = {name for part in MESSAGES[code] for name in re.findall(r"%\((\w+)\)s", part)}
        assert named == {name for name, _ in found.params}, code
