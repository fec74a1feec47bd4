"""What payees share or compare, and money in other currencies, equal to the plain oracle: pools, places, conversions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.simulate import simulation_run

from . import oracle
from .test_oracle import MINOR, PEOPLE, ROUNDINGS, cents, text, tried

PEERS = """\
engine: 1
plan: contest
currency: {currency}
calendar: month
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
peers: [{{name: c, of: m, among: m > {least}, order: {order}}}]
components:
  - {{name: pool, pool: {{amount: "{amount}", peers: c}}, when_undefined: zero}}
  - {{name: prize, formula: "if(default(rank.c, 0) = 1, {prize} / default(tied.c, 1), 0)", when_undefined: zero, round: {{places: 2, mode: half_up}}}}
  - {{name: place, formula: "default(rank.c, 0)", when_undefined: zero, round: {{places: 0}}}}
  - {{name: number, formula: "default(peers.c, 0)", when_undefined: zero, round: {{places: 0}}}}
"""


@tried(80)
@given(
    currency=st.sampled_from(sorted(MINOR)), amounts=st.lists(st.sampled_from([0, 100, 100, 250, 700]) | st.integers(-50, 900), min_size=5, max_size=5),
    amount=cents(0, 5000_00), prize=st.integers(1, 900), least=st.sampled_from([0, 99, 100]), order=st.sampled_from(["highest", "lowest"]),
)  # fmt: skip
def test_pools_and_places_equal_the_oracle(currency: str, amounts: list[int], amount: Fraction, prize: int, least: int, order: str) -> None:
    rows = [{"id": f"T{i}", "date": "2025-03-05", "payee": who, "amount": str(value)} for i, (who, value) in enumerate(zip(PEOPLE, amounts, strict=True))]
    text_of_plan = PEERS.format(currency=currency, least=least, order=order, amount=text(amount), prize=prize)
    simulation = simulation_run(plan_load(text_of_plan), {"transactions": rows, "assignments": [{"payee": who} for who in PEOPLE]})
    found = {(simulation.data.payees[e.payee], e.component): Fraction(e.amount) for e in simulation.result.outcome.earnings if e.period == 2}
    competing = [who for who, value in zip(PEOPLE, amounts, strict=True) if value > least]
    value_of = dict(zip(PEOPLE, amounts, strict=True))
    whole = oracle.rounded(amount, MINOR[currency], "half_up")
    parts = dict.fromkeys(PEOPLE, Fraction(0))
    if competing:
        total = sum(value_of[who] for who in competing)
        coin = Fraction(1, 10 ** MINOR[currency])
        exact = {who: whole * value_of[who] / total for who in competing}
        parts |= {who: exact[who] // coin * coin for who in competing}
        left = (whole - sum(parts.values())) / coin
        for who in sorted(competing, key=lambda who: (parts[who] - exact[who], PEOPLE.index(who)))[: int(left)]:
            parts[who] += coin
    assert {who: found[who, "pool"] for who in PEOPLE} == parts
    sign = -1 if order == "highest" else 1
    for who in PEOPLE:
        place = 1 + sum(sign * value_of[other] < sign * value_of[who] for other in competing) if who in competing else 0
        tied = sum(value_of[other] == value_of[who] for other in competing)
        assert found[who, "place"] == place
        assert found[who, "prize"] == (oracle.rounded(Fraction(prize, tied), 2, "half_up") if place == 1 else 0)
        assert found[who, "number"] == len(competing)


MONEY = """\
engine: 1
plan: money
currency: {currency}
calendar: month
conversions:
  transaction: {{rate_type: plan, as_of: {as_of}, round: {{places: {places}, mode: {mode}}}}}
credits: [{{name: direct, to: owner, round: none}}]
measures: [{{name: m}}]
components: [{{name: pay, base: m, pay_rate: {{flat: 100%}}, round: {{places: 6}}}}]
"""


@tried(80)
@given(
    currency=st.sampled_from(["USD", "JPY"]), as_of=st.sampled_from(["event", "period_start", "period_end", "year_start"]), places=st.integers(0, 3),
    mode=st.sampled_from(ROUNDINGS), inverse=st.booleans(), rates=st.lists(st.integers(5000, 20000), min_size=4, max_size=4),
    deals=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 28), cents(-900_00, 900_00), st.booleans()), min_size=1, max_size=6),
)  # fmt: skip
def test_conversions_equal_the_oracle(
    currency: str, as_of: str, places: int, mode: str, inverse: bool, rates: list[int], deals: list[tuple[int, int, Fraction, bool]]
) -> None:
    """The rate of the day that the plan names, told in either direction; each transaction is rounded by itself."""
    starts = ["2025-01-01", "2025-03-15", "2025-03-31", "2025-09-01", "2026-02-01"]
    pair = {"base": currency, "quote": "EUR"} if inverse else {"base": "EUR", "quote": currency}
    table = [
        {"rate_type": "plan", **pair, "fx_rate": text(Fraction(rate, 10_000)), "from": start, "to": end}
        for rate, start, end in zip(rates, starts, starts[1:], strict=False)
    ]
    rows, expected = [], dict.fromkeys(range(1, 13), Fraction(0))
    last_day = {m: (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[m - 1] for m in range(1, 13)}
    for i, (month, day, amount, foreign) in enumerate(deals):
        rows.append({"id": f"T{i}", "date": f"2025-{month:02}-{day:02}", "payee": "ann", "amount": text(amount), "currency": "EUR" if foreign else currency})
        asked = {
            "event": f"2025-{month:02}-{day:02}", "period_start": f"2025-{month:02}-01", "period_end": f"2025-{month:02}-{last_day[month]:02}",
            "year_start": "2025-01-01",
        }[as_of]  # fmt: skip
        at = max(n for n, start in enumerate(starts[:-1]) if start <= asked)
        rate = Fraction(rates[at], 10_000)
        expected[month] += oracle.rounded(amount / rate if inverse else amount * rate, places, mode) if foreign else amount
    tables: dict[str, Any] = {"transactions": rows, "fx_rates": table}
    simulation = simulation_run(plan_load(MONEY.format(currency=currency, as_of=as_of, places=places, mode=mode)), tables)
    found = {e.period + 1: Fraction(e.amount) for e in simulation.result.outcome.earnings}
    assert {month: found.get(month, Fraction(0)) for month in expected} == expected
