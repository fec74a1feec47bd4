"""Contracts on order lines, through the run: credit year by year on anniversaries, cancelled mid-way; tiers on usage by contract."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from incentives.models import LedgerEntry, PeriodState, UncreditedOrder
from incentives.selectors import line_traces
from incentives.services import period_move
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee
from spm.people.services.seats import assignment_end
from spm.sales.models import DealKind
from tests.incentives.world import World, make_calendar, make_world, put_line, put_order

YEARS = """\
engine: 1
plan: years
currency: USD
calendar: month
reads: order_lines
contract_years: {on: order}
credits:
  - {name: year, to: owner_or_splits}
measures:
  - {name: booked}
components:
  - {name: pay, base: booked, pay_rate: {flat: 1%}}
"""
USAGE = """\
engine: 1
plan: usage
currency: USD
calendar: month
reads: order_lines
credits:
  - {name: usage, to: owner, where: kind = "usage"}
tables:
  - name: volume
    steps: [{from: 0, to: 1000, value: 10%}, {from: 1000, value: 4%}]
measures:
  - {name: used}
components:
  - name: pay
    per_line:
      pay: marginal(volume, running(pay_credit, "ever", contract)) - marginal(volume, running(pay_credit, "ever", contract) - pay_credit)
tests:
  - name: each contract has its own thousand
    transactions:
      - {id: 1, date: 2025-01-05, payee: ann, amount: 900, kind: usage, contract: A}
      - {id: 2, date: 2025-02-05, payee: ann, amount: 900, kind: usage, contract: B}
      - {id: 3, date: 2025-03-05, payee: ann, amount: 300, kind: usage, contract: A}
    expect:
      - {payee: ann, component: pay, period: 2025-01, amount: 90}
      - {payee: ann, component: pay, period: 2025-02, amount: 90}
      - {payee: ann, component: pay, period: 2025-03, amount: 18}
"""
D = Decimal


def world_of(text: str, sellers: int = 1, months: int = 36) -> World:
    calendar = make_calendar()
    for number in range(12, months):
        year, month = 2024 + number // 12, number % 12 + 1
        starts, ends = dt.date(year, month, 1), dt.date(year + month // 12, month % 12 + 1, 1)
        Period.objects.create(calendar=calendar, code=f"{year}-{month:02}", starts=starts, ends=ends, quarter=f"Q{(month + 2) // 3}", year=str(year))
    return make_world(sellers, text=text, calendar=calendar)


def earned(payee: Payee) -> dict[str, Decimal]:
    """Earning period -> sum of the ledger."""
    found: dict[str, Decimal] = {}
    for row in LedgerEntry.objects.filter(payee=payee, component="pay").select_related("earning_period"):
        found[row.earning_period.code] = found.get(row.earning_period.code, D(0)) + D(row.amount).scaleb(-row.scale)
    return {code: amount for code, amount in found.items() if amount}


def sold(
    world: World, *, start: str = "2024-03-01", end: str = "2027-03-01", amount: int = 36_000_00, day: str = "2024-02-20", key: str = "1", **values: Any
) -> Any:
    order = put_order(key, world.payees[0], day, amount)
    line = put_line(order, f"{key}-1", amount, service_from=dt.date.fromisoformat(start), service_to=dt.date.fromisoformat(end), **values)
    return order, line


END = dt.date(2026, 12, 31)


def test_each_year_is_credited_on_its_anniversary_and_none_before_it_comes(scope: Any) -> None:
    world = world_of(YEARS)
    sold(world)
    world.run(business_date=dt.date(2024, 12, 31))
    assert earned(world.payees[0]) == {"2024-02": D("120.00")}
    assert list(UncreditedOrder.objects.filter(run_to=None)) == [], "a year that is still to come is nobody's business"
    world.run(business_date=END)
    assert earned(world.payees[0]) == {"2024-02": D("120.00"), "2025-02": D("120.00"), "2026-02": D("120.00")}


def test_years_of_service_are_credited_as_each_begins_and_cents_are_not_lost(scope: Any) -> None:
    world = world_of(YEARS.replace("on: order", "on: service").replace("flat: 1%", "flat: 100%"))
    sold(world, amount=1000_00)
    world.run(business_date=END)
    assert earned(world.payees[0]) == {"2024-03": D("333.33"), "2025-03": D("333.34"), "2026-03": D("333.33")}


def test_a_contract_cancelled_mid_way_takes_back_what_its_years_were_credited_for(scope: Any) -> None:
    world = world_of(YEARS)
    _, line = sold(world)
    world.run(business_date=dt.date(2025, 3, 31))
    # Cancelled from 1 September 2025: half of the second year, 6,000, at once; the third, 12,000, when it would have come.
    sold(world, key="2", day="2025-08-25", start="2025-09-01", amount=-18_000_00, kind=DealKind.CONTRACTION, predecessor=line)
    world.run(business_date=END)
    assert earned(world.payees[0]) == {"2024-02": D("120.00"), "2025-02": D("120.00"), "2025-08": D("-60.00")}
    # 120 in February 2026 meets the 120 that are taken back there.
    assert sum(earned(world.payees[0]).values()) == D("180.00")


def test_a_shortened_contract_posts_the_difference_in_the_open_period(scope: Any) -> None:
    world = world_of(YEARS)
    order, _ = sold(world)
    world.run(business_date=dt.date(2025, 4, 20))
    # Months are approved in their order.
    for period in Period.objects.filter(ends__lte=dt.date(2025, 4, 1)).order_by("starts"):
        for to in (PeriodState.State.IN_REVIEW, PeriodState.State.APPROVED):
            period_move(period=period, pay_group="monthly", legal_entity=LegalEntity.objects.get(), to=to)
    put_order("1", world.payees[0], "2024-02-20", 18_000_00)
    put_line(order, "1-1", 18_000_00, service_from=dt.date(2024, 3, 1), service_to=dt.date(2025, 9, 1))
    world.run(business_date=dt.date(2025, 4, 21))
    assert earned(world.payees[0]) == {"2024-02": D("120.00"), "2025-02": D("60.00")}
    late = LedgerEntry.objects.get(component="pay", amount__lt=0)
    assert (late.amount, late.earning_period.code, late.pay_period.code) == (-60_00, "2025-02", "2025-04")


def test_the_changed_start_of_a_contract_moves_the_years_of_what_changes_it(scope: Any) -> None:
    world = world_of(YEARS.replace("on: order", "on: service"), 2)
    order, line = sold(world)
    other = put_order("2", world.payees[1], "2025-08-25", -18_000_00)
    put_line(other, "2-1", -18_000_00, service_from=dt.date(2025, 9, 1), service_to=dt.date(2027, 3, 1), predecessor=line)
    world.run(business_date=END, chunk_size=1)
    assert earned(world.payees[1]) == {"2025-09": D("-60.00"), "2026-03": D("-120.00")}
    put_line(order, "1-1", 36_000_00, service_from=dt.date(2024, 1, 1), service_to=dt.date(2027, 3, 1))
    world.run(business_date=END, chunk_size=1)
    # The contract's years begin in January now: four months of eighteen, then a year, then two months.
    assert earned(world.payees[1]) == {"2025-09": D("-40.00"), "2026-01": D("-120.00")}
    incremental = earned(world.payees[1])
    assert world.run(business_date=END, chunk_size=1, is_full=True).summary["posted"] == 0
    assert earned(world.payees[1]) == incremental


def test_a_year_that_falls_to_somebody_who_has_left_is_listed(scope: Any) -> None:
    world = world_of(YEARS)
    sold(world)
    assignment_end(payee=world.payees[0], position=world.seats[0].position, day=dt.date(2025, 6, 1))
    world.run(business_date=END)
    assert earned(world.payees[0]) == {"2024-02": D("120.00"), "2025-02": D("120.00")}
    [row] = UncreditedOrder.objects.filter(run_to=None)
    assert (row.order.external_id, row.amount.normalize(), row.reason, row.is_part) == ("1", D(12_000), "no_assignment", True)


def test_the_trace_says_which_year_of_which_line_was_credited(scope: Any) -> None:
    world = world_of(YEARS)
    sold(world)
    run = world.run(business_date=END)
    [trace] = line_traces(world.payees[0], period=Period.objects.get(code="2025-02"), component="pay", run=run)
    [line] = trace.lines
    assert (line.title, str(line.pay_credit), line.order_date, line.part and line.part.year) == ("1, line 1, year 2", "12000.00", dt.date(2025, 2, 20), 2)


def test_usage_runs_through_the_tiers_of_its_own_contract(scope: Any) -> None:
    world = world_of(USAGE, months=12)
    for key, day, contract, amount in (
        ("1", "2024-01-10", "A", 900_00), ("2", "2024-02-10", "B", 900_00), ("3", "2024-03-10", "A", 300_00), ("4", "2024-04-10", "A", -500_00),
        ("5", "2024-05-10", "", 2000_00),
    ):  # fmt: skip
        order = put_order(key, world.payees[0], day, amount, kind=DealKind.USAGE)
        put_line(order, f"{key}-1", amount, kind=DealKind.USAGE, contract=contract)
    run = world.run()
    # A: 900 at 10 %; then 100 at 10 % and 200 at 4 %; the credit note takes 200 at 4 % and 300 at 10 % back. B has its own thousand.
    # Usage of no contract has one of its own together: 1,000 at 10 % and 1,000 at 4 %.
    wanted = {"2024-01": D(90), "2024-02": D(90), "2024-03": D(18), "2024-04": D(-38), "2024-05": D(140)}
    assert earned(world.payees[0]) == wanted
    assert run.summary["plans"][0]["orders_credited"] == 5


def test_a_plan_may_name_a_contract(scope: Any) -> None:
    world = world_of(USAGE[: USAGE.index("tests:")].replace('kind = "usage"', 'contract = "A"'), months=12)
    for key, contract in (("1", "A"), ("2", "B")):
        order = put_order(key, world.payees[0], "2024-01-10", 100_00)
        put_line(order, f"{key}-1", 100_00, contract=contract)
    world.run()
    assert earned(world.payees[0]) == {"2024-01": D(10)}


def test_negative_control_without_contract_years_the_whole_is_credited_on_the_orders_day(scope: Any) -> None:
    world = world_of(YEARS.replace("contract_years: {on: order}\n", ""))
    sold(world)
    world.run(business_date=END)
    assert earned(world.payees[0]) == {"2024-02": D("360.00")}


@pytest.mark.parametrize("workers", [1, 7])
def test_however_the_payees_are_chunked_the_years_are_the_same(scope: Any, workers: int) -> None:
    world = world_of(YEARS, 2)
    order = put_order("1", world.payees[0], "2024-02-20", 36_000_00, splits=[(world.payees[0], 750_000), (world.payees[1], 250_000)])
    put_line(order, "1-1", 36_000_00, service_from=dt.date(2024, 3, 1), service_to=dt.date(2027, 3, 1))
    world.run(business_date=END, chunk_size=workers)
    assert [earned(payee) for payee in world.payees] == [
        {"2024-02": D(90), "2025-02": D(90), "2026-02": D(90)}, {"2024-02": D(30), "2025-02": D(30), "2026-02": D(30)},
    ]  # fmt: skip
