"""Money between currencies without a database: which rate, which day, rounded how, and what happens where there is no rate.

The nightly run's side of it is tests/incentives/test_fx.py."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import FxRate, day_number
from incentives.engine.conversions import Converted, FxIndex, earnings_converted, facts_converted
from incentives.engine.simulate import Simulation, simulation_run

from . import oracle
from .test_oracle import MINOR, ROUNDINGS, cents, text, tried

CODES = ["USD", "EUR", "GBP", "JPY", "KWD"]
PAID = """\
engine: 1
plan: paid
currency: {own}
calendar: month
conversions:
  payment: {{rate_type: pay, as_of: {as_of}, to: payee, round: {{mode: {mode}}}}}
  reporting: {{rate_type: book, as_of: year_start, to: EUR, round: {{places: 4, mode: {mode}}}}}
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
components: [{{name: pay, base: m, pay_rate: {{flat: 7%}}, round: {{places: 3}}}}]
"""


def rates(kind: str, own: str, given_rates: dict[str, list[int]], inverse: bool) -> list[dict[str, str]]:
    """Two rates of each currency against the plan's, changing in mid-May."""
    rows = []
    for code, pair in given_rates.items():
        for rate, start, end in zip(pair, ("2025-01-01", "2025-05-15"), ("2025-05-15", "2026-01-01"), strict=True):
            base, quote = (code, own) if inverse else (own, code)
            rows.append({"rate_type": kind, "base": base, "quote": quote, "fx_rate": text(Fraction(rate, 1000)), "from": start, "to": end})
    return rows


@tried(40)
@given(
    own=st.sampled_from(CODES), as_of=st.sampled_from(["period_start", "period_end", "year_start"]), mode=st.sampled_from(ROUNDINGS), inverse=st.booleans(),
    numbers=st.lists(st.integers(100, 9000), min_size=20, max_size=20), without=st.sampled_from(["", *CODES]),
    deals=st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 12), cents(-900_00, 90_000_00)), min_size=1, max_size=6),
)  # fmt: skip
def test_pay_and_reports_in_five_currencies_equal_the_oracle(
    own: str, as_of: str, mode: str, inverse: bool, numbers: list[int], without: str, deals: list[tuple[str, int, Fraction]]
) -> None:
    """Each is paid in the currency of the assignment at the rate of its day, to its own smallest coin; a missing rate stops only its own."""
    others = [code for code in CODES if code != own]
    pay = {code: numbers[i : i + 2] for i, code in enumerate(others) if code != without}
    book = {code: numbers[10 + i : 12 + i] for i, code in enumerate(others)}
    plan = plan_load(PAID.format(own=own, as_of=as_of, mode=mode))
    tables: dict[str, Any] = {
        "transactions": [{"id": f"T{i}", "date": f"2025-{m:02}-03", "payee": f"in-{code}", "amount": text(a)} for i, (code, m, a) in enumerate(deals)],
        "assignments": [{"payee": f"in-{code}", "currency": "" if code == own else code} for code in CODES],
        "fx_rates": rates("pay", own, pay, inverse) + rates("book", own, book, inverse),
    }
    simulation = simulation_run(plan, tables)
    earned = simulation.result.outcome.earnings
    paid = earnings_converted(simulation.prepared, earned, "payment")
    assert len(paid.rows) + len(paid.issues) == len(earned) > 0
    for row in paid.rows:
        code, month = simulation.data.payees[row.payee].removeprefix("in-"), row.period + 1
        late = {"period_start": month > 5, "period_end": month >= 5, "year_start": False}[as_of]
        one = Fraction(1) if code == own else Fraction(pay[code][late], 1000)
        one = 1 / one if inverse else one
        expected = Fraction(row.source) if code == own else oracle.rounded(Fraction(row.source) * one, MINOR.get(code, 2), mode)
        assert (row.currency, row.fx_rate, Fraction(row.amount), row.component) == (code, one, expected, "pay")
    assert sorted((i.payee, i.period) for i in paid.issues) == [
        (e.payee, e.period) for e in earned if simulation.data.payees[e.payee] == f"in-{without}" != f"in-{own}"
    ]
    assert {simulation.data.payees[i.payee] for i in paid.issues} == ({f"in-{without}"} if without and without != own else set())
    for issue in paid.issues:
        assert (issue.component, simulation.data.payees[issue.payee], issue.assignment) == ("pay", f"in-{without}", issue.payee)
        assert issue.cause.startswith(f"there is no pay rate from {own} to {without} on 2025-")
    told = earnings_converted(simulation.prepared, earned, "reporting")
    assert not told.issues
    rate = Fraction(1) if own == "EUR" else Fraction(book["EUR"][0], 1000)
    rate = 1 / rate if inverse and own != "EUR" else rate
    for row, earning in zip(told.rows, earned, strict=True):
        assert (row.payee, row.assignment, row.period, row.source) == (earning.payee, earning.assignment, earning.period, earning.amount)
        assert (row.currency, row.day) == ("EUR", day_number("2025-01-01"))
        assert Fraction(row.amount) == (Fraction(row.source) if own == "EUR" else oracle.rounded(Fraction(row.source) * rate, 4, mode))


def converted(simulation: Simulation, currency_of: dict[int, str] | None = None) -> list[Converted]:
    """What was earned in May, as it is paid."""
    found = earnings_converted(simulation.prepared, simulation.result.outcome.earnings, "payment", currency_of)
    assert not found.issues
    return [row for row in found.rows if row.amount]


def test_control_the_other_days_rate_pays_something_else() -> None:
    sold = {"transactions": [{"id": "T", "date": "2025-05-03", "payee": "ann", "amount": "1000"}], "assignments": [{"payee": "ann", "currency": "EUR"}]}
    sold["fx_rates"] = rates("pay", "USD", {"EUR": [900, 800]}, False)
    found = {}
    for as_of in ("period_start", "period_end"):
        simulation = simulation_run(plan_load(PAID.format(own="USD", as_of=as_of, mode="half_up")), sold)
        (row,) = converted(simulation)
        found[as_of] = text(Fraction(row.amount)), row.day
    assert found == {"period_start": ("63", day_number("2025-05-01")), "period_end": ("56", day_number("2025-05-31"))}


def test_without_a_conversion_pay_stays_in_its_currency() -> None:
    """No rate is asked for, and the day is the period's last."""
    simulation = simulation_run(
        plan_load(PAID.format(own="USD", as_of="period_end", mode="half_up").replace("  payment:", "  quota:").replace("to: payee, ", "")),
        {"transactions": [{"id": "T", "date": "2025-05-03", "payee": "ann", "amount": "1000"}], "assignments": [{"payee": "ann", "currency": "EUR"}]},
    )
    (row,) = converted(simulation)
    assert (row.currency, row.fx_rate, row.day, text(Fraction(row.amount))) == ("USD", 1, day_number("2025-05-31"), "70")


def test_the_currency_that_the_record_names_for_a_payee_goes_before_the_assignments() -> None:
    tables = {"transactions": [{"id": "T", "date": "2025-05-03", "payee": "ann", "amount": "1000"}], "assignments": [{"payee": "ann", "currency": "EUR"}]}
    tables["fx_rates"] = rates("pay", "USD", {"EUR": [900, 800], "JPY": [150_000, 150_000]}, False)
    simulation = simulation_run(plan_load(PAID.format(own="USD", as_of="period_start", mode="half_up")), tables)
    (row,) = converted(simulation, {0: "JPY"})
    assert (row.currency, str(row.amount)) == ("JPY", "10500")  # 70 x 150, no decimals
    (row,) = converted(simulation, {0: ""})
    assert (row.currency, str(row.amount)) == ("USD", "70.000")  # nothing known: as it was earned


# ---------------------------------------------------------------- at credit


SOLD = """\
engine: 1
plan: sold
currency: USD
calendar: month
{more}conversions: {{transaction: {{rate_type: plan, as_of: {as_of}, round: {{places: {places}, mode: half_up}}}}}}
credits: [{{name: direct, to: owner, round: none}}]
measures: [{{name: m}}{measures}]
components: [{{name: pay, base: m, pay_rate: {{flat: 100%}}, round: {{places: 6}}}}{components}]
"""


def sold(rows: list[dict[str, str]], fx: list[dict[str, str]], as_of: str = "event", places: int = 2, **more: str) -> Simulation:
    plan = plan_load(
        SOLD.format(as_of=as_of, places=places, more=more.pop("more", ""), measures=more.pop("measures", ""), components=more.pop("components", ""))
    )
    return simulation_run(plan, {"transactions": rows, "fx_rates": fx, "assignments": [{"payee": who} for who in ("ann", "bob")]})


def sale(number: int, currency: str, amount: str, date: str = "2025-03-05", payee: str = "ann", **more: str) -> dict[str, str]:
    return {"id": f"T{number}", "date": date, "payee": payee, "amount": amount, "currency": currency} | more


def earned_of(simulation: Simulation, component: str = "pay") -> dict[tuple[str, str], str]:
    key = {period.id: period.key for period in simulation.prepared.periods}
    found = {(simulation.data.payees[e.payee], key[e.period]): e.amount for e in simulation.result.outcome.earnings if e.component == component}
    return {key: text(Fraction(amount)) for key, amount in found.items() if amount}


EURO = {"rate_type": "plan", "base": "EUR", "quote": "USD", "fx_rate": "1.1", "from": "2025-01-01", "to": "2026-01-01"}


def test_a_sale_without_a_rate_is_reported_and_stops_no_other() -> None:
    """Who, what, when and how much in its own currency; the sales before and after it are credited."""
    rows = [
        sale(1, "EUR", "100"), sale(2, "GBP", "12.345", payee="bob"), sale(3, "EUR", "200", date="2024-12-31"), sale(4, "USD", "7"),
        sale(5, "EUR", "300", payee="bob"), sale(6, "", "3"),
    ]  # fmt: skip
    simulation = sold(rows, [EURO | {"from": "2025-01-01"}])
    assert earned_of(simulation) == {("ann", "2025-03"): "120", ("bob", "2025-03"): "330"}
    left = [
        (simulation.data.objects[u.object_id], simulation.data.payees[u.payee], u.event_date, str(u.amount), u.reason) for u in simulation.result.uncredited
    ]
    assert left == [
        ("T2", "bob", day_number("2025-03-05"), "12.345", "no_fx_rate"),
        ("T3", "ann", day_number("2024-12-31"), "200.000", "no_fx_rate"),
    ]


@pytest.mark.parametrize(("day", "rate"), [("2025-02-28", None), ("2025-03-01", "2"), ("2025-03-31", "2"), ("2025-04-01", None)])
def test_a_rate_holds_from_its_first_day_up_to_the_day_before_its_end(day: str, rate: str | None) -> None:
    index = FxIndex([FxRate("plan", "EUR", "USD", Fraction(2), day_number("2025-03-01"), day_number("2025-04-01"))])
    asked = day_number(day)
    assert index.fx_rate("plan", "EUR", "USD", asked) == (None if rate is None else Fraction(rate))
    assert index.fx_rate("plan", "USD", "EUR", asked) == (None if rate is None else 1 / Fraction(rate))
    assert index.fx_rate("other", "EUR", "USD", asked) is None
    assert index.fx_rate("other", "EUR", "EUR", asked) == 1


def test_a_rate_of_zero_is_never_turned_round() -> None:
    index = FxIndex([FxRate("plan", "OLD", "USD", Fraction(0), 0, 10)])
    assert index.fx_rate("plan", "OLD", "USD", 5) == 0
    assert index.fx_rate("plan", "USD", "OLD", 5) is None


def test_each_sale_is_rounded_by_itself_to_the_places_that_the_plan_states() -> None:
    rows = [sale(1, "EUR", "0.0333"), sale(2, "EUR", "0.0333"), sale(3, "USD", "0.0333")]
    assert earned_of(sold(rows, [EURO])) == {("ann", "2025-03"): "0.1133"}  # 0.04 + 0.04 + 0.0333; the dollars are not rounded
    assert earned_of(sold(rows, [EURO], places=3)) == {("ann", "2025-03"): "0.1073"}


@pytest.mark.parametrize(("as_of", "expected"), [("event", "220"), ("period_start", "100"), ("period_end", "300"), ("year_start", "100")])
def test_the_day_whose_rate_counts_is_the_plans(as_of: str, expected: str) -> None:
    steps = [("1", "2025-01-01", "2025-03-05"), ("2.2", "2025-03-05", "2025-03-31"), ("3", "2025-03-31", "2026-01-01")]
    fx = [EURO | {"fx_rate": rate, "from": low, "to": high} for rate, low, high in steps]
    assert earned_of(sold([sale(0, "USD", "0", date="2025-01-01"), sale(1, "EUR", "100")], fx, as_of)) == {("ann", "2025-03"): expected}


def test_the_last_day_of_the_first_period_is_its_last_day_too() -> None:
    fx = [EURO | {"fx_rate": "2", "to": "2025-01-31"}, EURO | {"fx_rate": "3", "from": "2025-01-31"}]
    assert earned_of(sold([sale(1, "EUR", "100", date="2025-01-05")], fx, "period_end")) == {("ann", "2025-01"): "300"}


def test_facts_that_bear_no_currency_stay_as_they_are() -> None:
    """Sources of one currency give no column for it."""
    simulation = sold([sale(1, "USD", "7")], [EURO])
    facts = dataclasses.replace(simulation.data.facts, codes={})
    assert facts_converted(simulation.prepared, facts) == (facts, ())


def test_a_sale_outside_the_calendar_is_said_to_be_outside_not_to_lack_a_rate() -> None:
    """It has no period whose first day could be asked for: the rate of its own day is read."""
    plan = plan_load(SOLD.format(as_of="period_start", places=2, more="", measures="", components="").replace("calendar: month", "calendar: custom"))
    fx = [EURO | {"from": "2025-05-01", "to": "2025-06-01"}, EURO | {"from": "2025-01-01", "to": "2025-02-01"}]
    tables = {
        "transactions": [sale(1, "EUR", "100", date="2025-05-09"), sale(2, "EUR", "100", date="2025-01-09")], "fx_rates": fx, "assignments": [{"payee": "ann"}],
        "calendar": [{"period": "Jan", "from": "2025-01-01", "to": "2025-02-01"}, {"period": "Feb", "from": "2025-02-01", "to": "2025-03-01"}],
    }  # fmt: skip
    simulation = simulation_run(plan, tables)
    assert [(simulation.data.objects[u.object_id], u.reason) for u in simulation.result.uncredited] == [("T1", "outside_calendar")]
    assert earned_of(simulation) == {("ann", "Jan"): "110"}


def test_every_sum_of_money_of_a_line_is_converted_and_its_days_are_not() -> None:
    rows = [sale(1, "EUR", "100", cost="40.25", acv="9", service_days="30"), sale(2, "USD", "10", cost="1", acv="2.5", service_days="5")]
    names = ("cost", "acv", "service_days")
    simulation = sold(
        rows, [EURO], more="reads: order_lines\n",
        measures="".join(f", {{name: {name}, value: {name}}}" for name in names),
        components="".join(f", {{name: of_{name}, base: {name}, pay_rate: {{flat: 100%}}, round: {{places: 6}}}}" for name in names),
    )  # fmt: skip
    assert {name: earned_of(simulation, f"of_{name}") for name in names} == {
        "cost": {("ann", "2025-03"): "45.28"}, "acv": {("ann", "2025-03"): "12.4"}, "service_days": {("ann", "2025-03"): "35"},
    }  # fmt: skip


def test_currencies_in_which_the_plan_earns_apart_are_not_converted() -> None:
    plan = plan_load(SOLD.format(as_of="event", places=2, more="currencies: [USD, EUR]\n", measures="", components=""))
    pound = EURO | {"base": "GBP", "fx_rate": "1.3"}
    rows = [sale(1, "EUR", "100"), sale(2, "GBP", "100"), sale(3, "USD", "1"), sale(4, "", "5")]
    simulation = simulation_run(plan, {"transactions": rows, "fx_rates": [EURO, pound], "assignments": [{"payee": "ann"}]})
    found = {e.currency or "USD": text(Fraction(e.amount)) for e in simulation.result.outcome.earnings if e.amount}
    assert found == {"USD": "136", "EUR": "100"}
