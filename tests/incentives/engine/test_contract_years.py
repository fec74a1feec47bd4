"""Contracts over several years, year by year: dates and parts by hand, and the law that the parts of a line sum to it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contract_years import SERVICE, ContractYears, later, months, part_of, parts, record_of, years_spread
from incentives.engine.contracts import Facts, NumberColumn, Splits, day_number, day_text
from incentives.engine.errors import PlanError
from incentives.engine.plan_check import plan_check

PLAN = """\
engine: 1
plan: years
currency: USD
calendar: month
reads: order_lines
contract_years: {on: order, since: 2025-01-01}
credits:
  - {name: year, to: owner}
measures:
  - {name: booked}
  - {name: first_year, where: contract_year = 1}
components:
  - {name: pay, base: booked, pay_rate: {flat: 1%}}
  - {name: kicker, base: first_year, pay_rate: {flat: 0.5%}}
tests:
  - name: three years, a reduction in the second, and an order from before
    transactions:
      - {id: 1, date: 2025-03-15, payee: ann, amount: 36000, service_from: 2025-04-01, service_to: 2028-04-01}
      - {id: 2, date: 2026-10-01, payee: ann, amount: -18000, service_from: 2026-10-01, service_to: 2028-04-01, predecessor: 1}
      - {id: 3, date: 2024-12-01, payee: ann, amount: 5000, service_from: 2024-12-01, service_to: 2027-12-01}
    expect:
      - {payee: ann, component: pay, period: 2024-12, amount: 50}
      - {payee: ann, component: pay, period: 2025-03, amount: 120}
      - {payee: ann, component: pay, period: 2026-03, amount: 120}
      - {payee: ann, component: pay, period: 2026-10, amount: -60}
      - {payee: ann, component: pay, period: 2027-03, amount: 0}
      - {payee: ann, component: kicker, amount: 85}
"""


def test_the_plans_own_tests_hold() -> None:
    checked = plan_check(PLAN)
    assert checked.problems == ()
    assert [test.problems for test in checked.tests] == [()]


@pytest.mark.parametrize(
    ("change", "code"),
    [(("reads: order_lines\n", ""), "years_of_lines"),
     (("since: 2025-01-01", "since: 2025-13-01"), "not_a_date"),
     (("contract_years: {on: order, since: 2025-01-01}\n", ""), "name_unknown_near")]
)  # fmt: skip
def test_what_cannot_be_meant_is_found_with_its_line(change: tuple[str, str], code: str) -> None:
    with pytest.raises(PlanError) as found:
        plan_load(PLAN.replace(*change))
    assert code in [problem.code for problem in found.value.problems]


def said(on: str, day: str, start: str, end: str, anchor: str = "", anchor_day: str = "") -> list[tuple[int, str, Fraction]]:
    found = parts(ContractYears(on, 0, 2), *map(day_number, (day, start, end, anchor or start, anchor_day or day)))
    before = [Fraction(0), *(part.upto for part in found)]
    return [(part.year, day_text(part.day), part.upto - low) for part, low in zip(found, before, strict=False)]


def test_years_begin_on_anniversaries_of_the_order_or_with_each_year_of_service() -> None:
    assert said("order", "2024-02-29", "2024-04-01", "2026-10-01") == [(1, "2024-02-29", 12), (2, "2025-02-28", 12), (3, "2026-02-28", 6)]
    assert said("service", "2024-02-29", "2024-04-01", "2026-10-01") == [(1, "2024-04-01", 12), (2, "2025-04-01", 12), (3, "2026-04-01", 6)]


def test_no_year_is_credited_before_the_order_and_a_year_or_less_is_one_part() -> None:
    assert said("service", "2024-06-10", "2024-04-01", "2026-04-01") == [(1, "2024-06-10", 12), (2, "2025-04-01", 12)]
    assert said("order", "2024-06-10", "2024-07-01", "2025-07-01") == [(1, "2024-06-10", 12)]


def test_a_change_follows_the_years_of_its_contract() -> None:
    # 1 October 2026 to 1 April 2028 in a contract of 1 April 2025, ordered on 15 March: six months of its second year, then the third.
    wanted = [(2, "2026-10-01", 6), (3, "2027-03-15", 12)]
    assert said("order", "2026-10-01", "2026-10-01", "2028-04-01", "2025-04-01", "2025-03-15") == wanted


def test_months_count_whole_ones_and_the_rest_as_part_of_its_own() -> None:
    assert months(day_number("2024-01-31"), day_number("2024-03-31")) == 2
    assert months(day_number("2024-01-15"), day_number("2024-03-20")) == 2 + Fraction(5, 31)


DAYS = st.integers(day_number("2020-01-01"), day_number("2030-12-31"))


@given(
    amount=st.integers(-(10**12), 10**12),
    day=DAYS,
    start=DAYS,
    length=st.integers(1, 4000),
    on=st.sampled_from(["order", "service"]),
    scale=st.sampled_from([2, 4, 6]),
)
def test_the_rows_of_a_line_sum_to_it_and_differ_in_their_ids(amount: int, day: int, start: int, length: int, on: str, scale: int) -> None:
    column = {"service_from": start, "service_to": start + length, "anchor_from": 0, "anchor_day": 0}
    numbers = {name: NumberColumn(np.array([column[name]]), 0, np.array([not name.startswith("anchor")])) for name in SERVICE}
    numbers |= {"quantity": NumberColumn(np.array([3]), 0), "tcv": NumberColumn(np.array([amount]), scale), "acv": NumberColumn(np.array([7]), scale)}
    facts = Facts(np.array([5]), np.array([1]), np.array([day], dtype=np.int32), np.array([amount]), scale, numbers=numbers)
    split = Splits(np.array([5]), np.array([2]), np.array([400_000]), np.array([400_000]), np.array([0]))
    spread, splits = years_spread(ContractYears(on, 0, 2), facts, split)
    assert int(spread.amount.sum()) == int(spread.numbers["tcv"].values.sum()) == amount
    assert int(spread.numbers["quantity"].values.sum()) == 3
    assert set(spread.numbers["acv"].values.tolist()) == {7}
    assert [(record_of(row), part_of(row)) for row in spread.object_id.tolist()] == [(5, i) for i in range(len(spread))]
    assert splits.object_id.tolist() == spread.object_id.tolist()
    assert int(spread.event_date.min()) >= day
    assert (np.diff(spread.event_date) >= 0).all()
    if amount % 10 ** (scale - 2) == 0:
        assert not (spread.amount % 10 ** (scale - 2)).any(), "cents are divided into cents"
    assert later(start, len(spread)) >= start + length > later(start, len(spread) - 1)


def test_negative_control_thirds_that_are_each_rounded_do_not_sum() -> None:
    assert 3 * round(Fraction(1000_00, 3)) != 1000_00
