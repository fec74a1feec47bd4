"""When what is earned is paid, and what returns take back, equal to the plain oracle: instalments, holdbacks, cash, clawbacks."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.simulate import simulation_run

from . import oracle
from .oracle import Deal, Schedule
from .test_oracle import cents, text, tried

PLAN = """\
engine: 1
plan: paid
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
tables:
  - {{name: window, points: [{{at: 0, value: 100%}}, {{at: {full}, value: 100%}}, {{at: {over}, value: {rest}}}], below: 100%, above: last}}
components: [{{name: pay, base: m, pay_rate: {{flat: 100%}}}}]
payment:
  on: {on}
  instalments: {instalments}
  holdback: {{share: {holdback}%, until: {until}}}
{clawback}"""


def plan_text(schedule: Schedule, *, table: tuple[int, int, Fraction] = (30, 90, Fraction(0)), clawback: int = 0) -> str:
    return PLAN.format(
        on="cash" if schedule.cash else "booking", instalments=schedule.instalments, holdback=text(schedule.holdback * 100), until=schedule.until,
        full=table[0], over=table[1], rest=text(table[2]), clawback=f"clawback: {{table: window, instalments: {clawback}}}\n" if clawback else "",
    )  # fmt: skip


def one_a_month(amounts: dict[int, Fraction]) -> list[Deal]:
    return [Deal(month, 7, amount) for month, amount in sorted(amounts.items())]


def rows(deals: list[Deal]) -> list[dict[str, Any]]:
    return [{"id": f"T{i:02}", "date": f"2025-{d.month:02}-{d.day:02}", "payee": "ann", "amount": text(d.amount)} for i, d in enumerate(deals)]


def paid_by_month(text_of_plan: str, tables: dict[str, Any]) -> list[Fraction]:
    simulation = simulation_run(plan_load(text_of_plan), tables)
    return [Fraction(simulation.paid("ann", "payable", f"2025-{month:02}")) for month in range(1, 13)]


schedules = st.builds(
    Schedule, instalments=st.integers(1, 5), holdback=st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(33, 100)]),
    until=st.sampled_from(["quarter", "year"]), cash=st.booleans(),
)  # fmt: skip


@tried(90)
@given(
    schedules, st.dictionaries(st.integers(1, 12), cents(-300_00, 900_00), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 12), cents(1, 700_00)), max_size=8),
)  # fmt: skip
def test_instalments_holdbacks_and_cash_equal_the_oracle(schedule: Schedule, amounts: dict[int, Fraction], money: list[tuple[int, int, Fraction]]) -> None:
    deals = one_a_month(amounts)
    received: dict[int, list[tuple[int, Fraction]]] = {}
    payments = []
    for number, month, amount in money:
        if number < len(deals):
            received.setdefault(number, []).append((month, amount))
            payments.append({"transaction": f"T{number:02}", "date": f"2025-{month:02}-28", "amount": text(amount)})
    found = paid_by_month(plan_text(schedule), {"transactions": rows(deals), "payments": payments})
    assert found == oracle.scheduled(schedule, deals, received)


@tried(90)
@given(
    cents(1_00, 900_00), st.integers(1, 10), st.integers(1, 4), st.tuples(st.integers(1, 40), st.integers(41, 120), cents(0, 60)),
    st.lists(st.tuples(st.integers(0, 200), cents(1, 120)), min_size=1, max_size=3, unique_by=lambda one: one[0]),
)  # fmt: skip
def test_clawbacks_equal_the_oracle(amount: Fraction, month: int, instalments: int, table: tuple[int, int, Fraction], given_back: list[Any]) -> None:
    (deal,) = one_a_month({month: amount})
    until = dt.date(2025, month + 1, 1)
    returns, given_rows = [], []
    for after, share in given_back:
        day = dt.date(2025, month, 8) + dt.timedelta(days=after)
        if day.year == 2025:
            money = oracle.rounded(amount * share, 2, "half_up")
            returns.append((day.toordinal(), day.month, money / amount))
            given_rows.append({"transaction": "T00", "date": day.isoformat(), "amount": text(money)})
    points = [(Fraction(0), Fraction(1)), (Fraction(table[0]), Fraction(1)), (Fraction(table[1]), table[2])]
    back = oracle.taken_back(amount, until.toordinal(), returns, points, instalments)
    expected = [(amount if at == month else 0) + back[at - 1] for at in range(1, 13)]
    assert paid_by_month(plan_text(Schedule(), table=table, clawback=instalments), {"transactions": rows([deal]), "returns": given_rows}) == expected


def test_control_a_month_later_or_a_cent_less_is_seen() -> None:
    deals, schedule = one_a_month({2: Fraction(100)}), Schedule(instalments=3, holdback=Fraction(1, 4), until="quarter")
    right = paid_by_month(plan_text(schedule), {"transactions": rows(deals)})
    assert right == oracle.scheduled(schedule, deals, {}) == [0, 25, Fraction("41.67"), Fraction("33.33"), *[0] * 8]
    for wrong in (Schedule(3, Fraction(1, 4), "year"), Schedule(2, Fraction(1, 4), "quarter"), Schedule(3, Fraction(1, 5), "quarter")):
        assert oracle.scheduled(wrong, deals, {}) != right
