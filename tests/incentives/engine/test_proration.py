"""Proration, ramps and leave: shares of days for quota, target, bounds, cap and floor, each by its own policy."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import EmploymentSpan, day_number
from incentives.engine.errors import InputError, PlanError
from incentives.engine.plan_check import earned, figure, plan_tests_break
from incentives.engine.proration import DayCount, Holiday, Proration, Ramp, SeatDays, months_after
from incentives.engine.simulate import Simulation, simulation_run

D = Decimal
PLAN = """
engine: 1
plan: pro
currency: USD
calendar: month
holidays:
  - {date: "2025-01-01", name: New Year}
  - {date: "2025-01-20", countries: [US]}
credits: [{name: direct, to: owner}]
quotas: [{name: sales}]
attributes: [{name: target_incentive, default: 0}]
measures: [{name: sales}]
attainments: [{name: att, measure: sales, quota: sales, when_zero: 0}]
tables:
  - name: tiers
    steps: [{from: 0, to: 1000, value: 10%}, {from: 1000, value: 20%}]
components:
"""


def simulate(text: str, **tables: list[dict[str, Any]]) -> Simulation:
    return simulation_run(plan_load(text), {name: [{k: str(v) for k, v in row.items()} for row in rows] for name, rows in tables.items()})


def joiner(component: str, day: str = "2025-01-17", amount: int = 1000, head: str = PLAN, **more: Any) -> Simulation:
    """Somebody who joins in January 2025 (31 days; 23 from Monday to Friday; the 1st is a holiday everywhere, the 20th in the US)."""
    return simulate(
        head + component,
        transactions=[{"id": 1, "date": "2025-01-20", "payee": "ann", "amount": amount}],
        assignments=[{"payee": "ann", "from": day, "country": "US", "position": "p"}],
        quotas=[{"position": "p", "quota": "sales", "from": "2025-01-01", "to": "2025-02-01", "amount": 3100}],
        attributes=[{"payee": "ann", "name": "target_incentive", "value": 3100}],
        **more,
    )


@pytest.mark.parametrize(
    ("proration", "pay"),
    [
        ("{quota: none, cap: none, floor: none, target: calendar_days}", D(1500) * 1000 / 3100),  # 15 of 31 days of the target alone
        ("{quota: calendar_days}", D(3100) * 1000 / 1500),
        ("{quota: working_days}", D(3100) * 1000 / (D(3100) * 10 / 21)),  # 17th to 31st: 11 less one holiday; of 23 less two
        ("{quota: calendar_days, target: calendar_days}", D(1000)),
        ("{quota: calendar_days, target: calendar_days, first_day: out}", D(1000)),  # 14 of 31 on both sides
        ("{quota: calendar_days, first_day: out}", D(3100) * 1000 / 1400),
    ],
)
def test_quota_and_target_are_prorated_apart(proration: str, pay: Decimal) -> None:
    found = joiner(f"  - {{name: bonus, formula: att * attr.target_incentive, proration: {proration}}}\n")
    assert earned(found, "ann", "bonus") == pay.quantize(D("0.01"), rounding="ROUND_HALF_UP")


def test_another_component_keeps_the_whole_quota_and_the_shown_attainment_is_that_of_the_plan() -> None:
    found = joiner("  - {name: one, formula: att * 310, proration: {quota: calendar_days}}\n  - {name: two, formula: att * 310}\n")
    assert (earned(found, "ann", "one"), earned(found, "ann", "two")) == (D("206.67"), D(100))


def test_amount_bounds_cap_and_floor_are_prorated_apart() -> None:
    rate = "base: sales, pay_rate: {table: tiers, mode: marginal}"
    # 15 of 31 days: the bound of 1,000 stands at 483.87...; 10 % up to it, 20 % above.
    found = joiner(f"  - {{name: bounds, {rate}, proration: {{bounds: calendar_days}}}}\n")
    assert earned(found, "ann", "bounds") == D("151.61")
    found = joiner(f"  - {{name: cap, {rate}, cap: 62, proration: {{cap: calendar_days}}}}\n")
    assert earned(found, "ann", "cap") == D(30)
    found = joiner(f"  - {{name: floor, {rate}, floor: 310, proration: {{floor: calendar_days}}}}\n", amount=10)
    assert earned(found, "ann", "floor", "2025-01") == D(150)
    plain = joiner(f"  - {{name: plain, {rate}, cap: 62, floor: 3}}\n")
    assert earned(plain, "ann", "plain", "2025-01") == D(62)


def test_days_of_leave_count_or_not_as_the_component_says() -> None:
    employments = [
        {"payee": "ann", "from": "2024-01-01", "to": "2025-01-11"},
        {"payee": "ann", "status": "leave", "from": "2025-01-11", "to": "2025-01-21"},
        {"payee": "ann", "from": "2025-01-21"},
    ]
    bonus = "  - {{name: bonus, formula: 'default(quota.sales, 0)', proration: {{quota: calendar_days, leave: {}}}}}\n"
    assert earned(joiner(bonus.format("out"), "2025-01-01", employments=employments), "ann", "bonus") == D(2100)
    assert earned(joiner(bonus.format("counts"), "2025-01-01", employments=employments), "ann", "bonus") == D(3100)


def test_a_mover_has_its_part_of_the_quota_in_each_seat_and_the_parts_make_the_whole() -> None:
    seats = [
        {"assignment": "a1", "payee": "ann", "position": "p", "from": "2025-01-01", "to": "2025-01-11"},
        {"assignment": "a2", "payee": "ann", "position": "p", "from": "2025-01-11"},
    ]
    found = simulate(
        PLAN + "  - {name: bonus, formula: 'default(quota.sales, 0)', proration: {quota: working_days}}\n",
        assignments=seats,
        transactions=[{"id": 1, "date": "2025-01-02", "payee": "ann", "amount": 1}],
        quotas=[{"position": "p", "quota": "sales", "from": "2025-01-01", "to": "2025-02-01", "amount": 2200}],
    )
    by_seat = {found.data.assignments[e.assignment]: e.amount for e in found.result.outcome.earnings if e.period == 0}
    assert by_seat == {"a1": D(700), "a2": D(1500)}  # 2nd to 10th are 7 of 22 working days


RAMP = PLAN.replace("quotas: [{name: sales}]", "ramps: [{name: new, since: SINCE, shares: [25%, 50%]}]\nquotas: [{name: sales, ramp: new}]")


@pytest.mark.parametrize(
    ("since", "share"),
    [
        ("assignment", Fraction(1, 4)),  # all 15 days lie in the first month since the 17th
        ("hire", Fraction(25 * 2 + 50 * 13, 1500)),  # hired on 19 December: two days of the first month, then the second
    ],
)
def test_a_ramp_gives_its_share_of_the_quota_weighed_by_days(since: str, share: Fraction) -> None:
    employments = [{"payee": "ann", "from": "2024-12-19"}]
    found = joiner("  - {name: bonus, formula: 'default(quota.sales, 0)'}\n", head=RAMP.replace("SINCE", since), employments=employments)
    assert earned(found, "ann", "bonus") == D(3100 * share.numerator / D(share.denominator)).quantize(D("0.01"), rounding="ROUND_HALF_UP")


def test_a_guaranteed_attainment_holds_until_the_ramp_ends_and_where_a_quota_is_missing() -> None:
    head = PLAN.replace("quotas:", "ramps: [{name: safe, shares: [100%, 80%], after: 0}]\nquotas:").replace("when_zero: 0", "when_zero: 0, at_least: safe")
    found = simulate(
        head + "  - {name: bonus, formula: att * 1000}\n",
        transactions=[{"id": m, "date": f"2025-0{m}-10", "payee": "ann", "amount": 50} for m in (1, 2, 3)],
        assignments=[{"payee": "ann", "from": "2025-01-01", "position": "p"}],
        quotas=[{"position": "p", "quota": "sales", "from": f"2025-0{m}-01", "to": f"2025-0{m + 1}-01", "amount": 100} for m in (1, 3)],
    )
    assert [earned(found, "ann", "bonus", p) for p in ("2025-01", "2025-02", "2025-03")] == [D(1000), D(800), D(500)]
    assert figure(found, "ann", "att", "2025-03") == D("0.5")


def test_a_draw_pauses_on_leave_where_it_says_so() -> None:
    leave = [{"payee": "ann", "status": "leave", "from": "2025-01-11", "to": "2025-01-21"}]
    for says, drawn in (("paused", D(2100)), ("paid", D(3100))):
        head = PLAN.replace("components:", f"draws: [{{name: d, amount: 3100, on_leave: {says}}}]\ncomponents:")
        found = joiner("  - {name: c, formula: 0}\n", "2025-01-01", head=head, employments=leave)
        assert found.payments[found.data.payees.index("ann")].value("drawn", 0) == drawn


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ("{name: c, formula: att, proration: {}}", "proration_nothing"),
        ("{name: c, formula: att, proration: {cap: calendar_days}}", "proration_of_nothing"),
        ("{name: c, base: att, pay_rate: {table: tiers, mode: fixed}, proration: {bounds: calendar_days}}", "proration_bounds"),
        ("{name: c, base: sales, pay_rate: {table: tiers, mode: marginal, scale: quota.sales}, proration: {bounds: working_days}}", "proration_bounds"),
    ],
)
def test_a_proration_that_makes_no_sense_is_named_with_its_place(component: str, code: str) -> None:
    from incentives.engine.errors import PlanError

    with pytest.raises(PlanError) as caught:
        plan_load(PLAN + f"  - {component}\n")
    assert [problem.code for problem in caught.value.problems if problem.code == code] == [code]
    assert caught.value.problems[0].line == PLAN.count("\n") + 1


days = st.integers(day_number("2024-01-01"), day_number("2026-01-01"))
ways = st.sampled_from(["calendar_days", "working_days"])
COUNT = DayCount([Holiday(day_number("2025-05-01")), Holiday(day_number("2025-07-04"), "", ("US",))])


@given(days, st.integers(1, 400), st.lists(days, max_size=4), ways, st.booleans())
def test_law_the_shares_of_those_who_follow_each_other_in_a_seat_make_one(low: int, length: int, cuts: list[int], way: str, skewed: bool) -> None:
    """Negative control: with the first day out the parts miss a day for each change."""
    high = low + length
    edges = [low, *sorted({cut for cut in cuts if low < cut < high}), high]
    policy = Proration(quota=way, first_day=not skewed)
    parts = [SeatDays(intervals=[pair], employments=(), start=pair[0], country="US", count=COUNT) for pair in itertools.pairwise(edges)]
    total = sum(part.share(way, policy, low, high) for part in parts)
    counted = [day for day in range(low, high) if way == "calendar_days" or COUNT.working(day, day + 1, "US")]
    if not counted:
        assert total == len(parts)
    else:
        missed = sum(1 for start in edges[:-1] if start in counted) if skewed else 0
        assert total == 1 - Fraction(missed, len(counted))


@given(days, days, st.sampled_from(["", "US", "DE"]))
def test_law_working_days_are_counted_one_by_one(low: int, high: int, country: str) -> None:
    off = {dt.date(2025, 5, 1)} | ({dt.date(2025, 7, 4)} if country == "US" else set())
    epoch = dt.date(1970, 1, 1)
    by_hand = sum(1 for day in range(low, high) if (epoch + dt.timedelta(day)).weekday() < 5 and epoch + dt.timedelta(day) not in off)
    assert COUNT.working(low, high, country) == by_hand


@given(days, st.integers(1, 90), st.integers(0, 700))
def test_law_a_ramps_share_lies_between_its_least_and_greatest(start: int, length: int, later: int) -> None:
    seat = SeatDays(intervals=[(start, start + 5000)], employments=(EmploymentSpan(1, "active", start),), start=start, country="", count=COUNT)
    ramp = Ramp("r", "hire", (D("0.25"), D("0.5"), D("0.75")), D(1))
    now, next_one = seat.ramped(ramp, start + later, start + later + length), seat.ramped(ramp, start + later + 1, start + later + 1 + length)
    assert Fraction(1, 4) <= now <= next_one <= 1
    assert seat.ramped(ramp, months_after(start, 3), months_after(start, 3) + length) == 1


def test_months_end_on_their_last_day() -> None:
    assert months_after(day_number("2025-01-31"), 1) == day_number("2025-02-28")
    assert months_after(day_number("2025-11-30"), 3) == day_number("2026-02-28")


def test_a_plans_own_tests_may_speak_of_employment() -> None:
    text = (
        RAMP.replace("SINCE", "hire")
        + "  - {name: c, formula: 'default(quota.sales, 0)'}\n"
        + """
tests:
  - name: the second month since the hire has half the quota
    transactions: [{id: 1, date: 2025-02-10, payee: ann, amount: 1}]
    employments: [{payee: ann, from: 2025-01-01}]
    quotas: [{payee: ann, quota: sales, from: 2025-02-01, to: 2025-03-01, amount: 100}]
    expect: [{payee: ann, component: c, period: 2025-02, amount: AMOUNT}]
"""
    )
    from incentives.engine.document import document_read

    for amount, breaks in (("50", False), ("51", True)):
        document = document_read(text.replace("AMOUNT", amount))
        assert plan_tests_break(document, plan_load(text.replace("AMOUNT", amount))) is breaks


# ---------------------------------------------------------------- kinds of leave


@pytest.mark.parametrize(
    ("proration", "pay"),
    [
        # Quota and target 3,100 each; unpaid leave 1 to 10 January, paid 11 to 15, one without a kind 16 to 20: 31, 21, 16, 26 or 11 days count.
        ("quota: calendar_days", D(1000)),
        ("quota: calendar_days, leave_out: {quota: [unpaid]}", D(1000) * 31 / 21),
        ("quota: calendar_days, leave_out: {quota: [unpaid, paid]}", D(1000) * 31 / 16),
        ("quota: calendar_days, leave_out: {quota: [unstated]}", D(1000) * 31 / 26),
        ("quota: calendar_days, leave_out: {quota: [parental]}", D(1000)),
        ("quota: calendar_days, leave: out", D(1000) * 31 / 11),
        ("quota: calendar_days, target: calendar_days, leave_out: {target: [unpaid, paid, unstated]}", D(1000) * 11 / 31),
        ("quota: calendar_days, target: calendar_days, leave_out: {target: [unpaid], quota: [paid]}", D(1000) * 31 / 26 * 21 / 31),
    ],
)
def test_paid_and_unpaid_leave_count_apart_for_each_figure(proration: str, pay: Decimal) -> None:
    found = joiner(f"  - {{name: bonus, formula: att * attr.target_incentive, proration: {{{proration}}}}}\n", day="2025-01-01", employments=LEAVES)
    assert earned(found, "ann", "bonus") == pay.quantize(D("0.01"), rounding="ROUND_HALF_UP")


LEAVES = [
    {"payee": "ann", "status": "leave", "kind": "unpaid", "from": "2025-01-01", "to": "2025-01-11"},
    {"payee": "ann", "status": "leave", "kind": "paid", "from": "2025-01-11", "to": "2025-01-16"},
    {"payee": "ann", "status": "leave", "from": "2025-01-16", "to": "2025-01-21"},
    {"payee": "ann", "from": "2025-01-21"},
]


def test_a_draw_pauses_on_the_kinds_of_leave_that_it_names() -> None:
    def drawn(more: str) -> Decimal:
        text = "  - {name: pay, base: sales, pay_rate: {flat: 0}}\ndraws: [{name: d, amount: 3100, on_leave: paused" + more + "}]\n"
        return joiner(text, day="2025-01-01", employments=LEAVES).paid("ann", "drawn", "2025-01")

    assert [drawn(""), drawn(", pause_on: [unpaid]"), drawn(", pause_on: [paid, unstated]"), drawn(", pause_on: [sick]")] == [1100, 2100, 2100, 3100]


KINDS = ("paid", "unpaid", "parental", "sick", "")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.sampled_from(KINDS)), max_size=4), st.sampled_from(["calendar_days", "working_days"]))
def test_leave_of_all_kinds_is_all_leave_and_the_kinds_divide_it(spans: list[tuple[int, int, str]], way: str) -> None:
    """Every kind named out is the same as `leave: out`; what the kinds take one by one sums to that, where they do not overlap."""
    low, day, employments = day_number("2025-01-01"), 0, []
    for start, length, kind in spans:
        begin = max(day, start)
        employments.append(EmploymentSpan(1, "leave", low + begin, low + begin + length, kind))
        day = begin + length
    seat = SeatDays(intervals=[(low, low + 90)], employments=employments, start=low, country="", count=DayCount([]))

    def share(**policy: Any) -> Fraction:
        return seat.share(way, Proration(quota=way, **policy), low, low + 90, "quota")

    words = [kind or "unstated" for kind in KINDS]
    everything = share(leave=False)
    assert share(leave_out={"quota": frozenset(words)}) == everything
    assert sum(1 - share(leave_out={"quota": frozenset([word])}) for word in words) == 1 - everything
    assert share(leave_out={"target": frozenset(words)}) == share() == 1, "another figure's kinds change nothing"


def test_a_kind_of_leave_that_nobody_knows_is_refused_with_its_place() -> None:
    with pytest.raises(PlanError) as caught:
        plan_load(PLAN + "  - {name: b, formula: att, proration: {quota: calendar_days, leave_out: {quota: [long]}}}\n")
    assert caught.value.problems[0].line == len((PLAN + "x").splitlines())
    assert "unstated" in caught.value.problems[0].mend
    with pytest.raises(InputError, match="write paid, unpaid, parental, sick"):
        joiner("  - {name: b, formula: att}\n", employments=[{"payee": "ann", "status": "leave", "kind": "long"}])


# ---------------------------------------------------------------- the company's holidays

COMPANY = [{"date": "2025-01-21", "country": "US"}, {"date": "2025-01-22", "country": "DE"}, {"date": "2025-01-23"}]


@pytest.mark.parametrize(
    ("whose", "days"),
    [
        # January 2025 has 23 weekdays, 11 of them from the 17th on. The plan's own: the 1st and, in the US, the 20th.
        ("plan", Fraction(10, 21)),
        ("calendar", Fraction(9, 21)),
        ("both", Fraction(8, 19)),
    ],
)
def test_a_plan_counts_working_days_by_its_own_holidays_or_the_companys(whose: str, days: Fraction) -> None:
    head = PLAN.replace("holidays:", f"holidays_of: {whose}\nholidays:")
    if whose == "calendar":
        head = head[: head.index("holidays:\n")] + head[head.index("credits:") :]
    text = "  - {name: bonus, formula: att * attr.target_incentive, proration: {quota: working_days}}\n"
    found = joiner(text, head=head, holidays=COMPANY)
    assert earned(found, "ann", "bonus") == (Decimal(1000) * days.denominator / days.numerator).quantize(D("0.01"), rounding="ROUND_HALF_UP")
    dates = [row["date"] for row in COMPANY]
    moved = joiner(text, head=head, holidays=[{"date": date.replace("2025-01", "2025-02")} for date in dates])
    assert (earned(moved, "ann", "bonus") == earned(found, "ann", "bonus")) is (whose == "plan"), "the control: holidays of another month"
