"""Days under the plan, of leave and of ramps, counted one by one beside the engine; and what a component's own proration does to all that it reads."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import OPEN_END, EmploymentSpan, day_number
from incentives.engine.leavers import DealEvents, LeaverRow, leaving_days, still_due
from incentives.engine.people import Interval
from incentives.engine.proration import DayCount, Holiday, Proration, Ramp, SeatDays, employments_by_payee, joined, months_after, without
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.tabular import tabular_inputs
from incentives.engine.trace import explain

from .test_windows import chained, sums

EPOCH = dt.date(1970, 1, 1)
BASE = day_number("2025-01-01")
# A holiday in the week, one on a Saturday, one on a Sunday, one of a single country, one given twice.
FREE = {"": {day_number(day) for day in ("2025-01-01", "2025-01-11", "2025-01-19", "2025-01-22")}, "US": {day_number("2025-01-20")}}
HOLIDAYS = [*(Holiday(day) for day in sorted(FREE[""])), Holiday(day_number("2025-01-22")), Holiday(min(FREE["US"]), "", ("US", "CA"))]
spans = st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: (BASE + pair[0], BASE + pair[0] + pair[1]))


def days_of(intervals: list[Interval]) -> set[int]:
    return {day for low, high in intervals for day in range(low, high)}


def counts(way: str, day: int, country: str) -> bool:
    return way == "calendar_days" or ((EPOCH + dt.timedelta(day)).weekday() < 5 and day not in FREE[""] | FREE.get(country, set()))


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, max_size=5), st.lists(spans, max_size=4))
def test_intervals_joined_and_taken_away_hold_the_same_days(some: list[Interval], others: list[Interval]) -> None:
    found = joined([*some, (BASE, BASE)])
    assert days_of(found) == days_of(some)
    assert all(low < high for low, high in found)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    left = without(found, others)
    assert days_of(left) == days_of(some) - days_of(others)
    assert sum(high - low for low, high in left) == len(days_of(left))
    assert all(low < high for low, high in left)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(spans, min_size=1, max_size=3), st.lists(spans, max_size=3), spans, st.sampled_from(["calendar_days", "working_days"]),
    st.sampled_from(["", "US", "DE"]), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_shares_are_those_of_days_counted_one_by_one(
    under: list[Interval], leave: list[Interval], window: Interval, way: str, country: str, first: bool, last: bool, counted: bool, lasting: bool
) -> None:
    """Who stays on has no last day; a window without a day that counts is whole."""
    if lasting:
        under = [*under, (max(high for _, high in under) + 3, OPEN_END)]
    seat = SeatDays(
        intervals=under, employments=[EmploymentSpan(1, "leave", *span) for span in leave], start=under[0][0], country=country, count=DayCount(HOLIDAYS)
    )
    asked = [day for day in range(*window) if counts(way, day, country)]
    edges = joined(under)
    mine = set()
    for low, high in edges:
        piece = set(range(max(low, window[0] - 1), min(high, window[1] + 1)))
        mine |= piece - ({low} if not first else set()) - ({high - 1} if not last and high < OPEN_END else set())
    if not counted:
        mine -= days_of(leave)
    expected = Fraction(sum(day in mine for day in asked), len(asked)) if asked else Fraction(1)
    assert seat.share(way, Proration(quota=way, first_day=first, last_day=last, leave=counted), *window) == expected
    assert seat.share("none", Proration(), *window) == 1
    held = {day for day in range(*window) if any(low <= day < high for low, high in edges)}
    assert seat.worked(*window) == (Fraction(len(held - days_of(leave)), len(held)) if held else 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(spans, min_size=1, max_size=3), st.lists(spans, max_size=3), spans, st.sampled_from(["assignment", "hire"]), st.none() | st.integers(1, 20),
    st.lists(st.integers(0, 10), min_size=1, max_size=3), st.integers(0, 59),
)  # fmt: skip
def test_a_ramp_is_weighed_day_by_day(
    under: list[Interval], employed: list[Interval], window: Interval, since: str, length: int | None, shares: list[int], start: int
) -> None:
    """Before the ramp begins its first share holds; on no day under the plan that of the window's last day."""
    seat = SeatDays(
        intervals=under, employments=[EmploymentSpan(1, "active", *span) for span in employed], start=BASE + start, country="", count=DayCount(HOLIDAYS)
    )
    ramp = Ramp("r", since, tuple(Fraction(share, 10) for share in shares), Fraction(2), length)
    begun = BASE + start
    if since == "hire" and employed:
        whole = joined(employed)
        before = [low for low, _ in whole if low <= window[1] - 1]
        begun = max(before) if before else whole[0][0]

    def of(day: int) -> Fraction:
        for i, share in enumerate(ramp.shares):
            if day < (begun + length * (i + 1) if length else months_after(begun, i + 1)):
                return Fraction(share)
        return Fraction(ramp.after)

    held = sorted(days_of(under) & set(range(*window))) or [window[1] - 1]
    assert seat.ramped(ramp, *window) == sum((of(day) for day in held), Fraction(0)) / len(held)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(spans, st.integers(-5, 9).map(Decimal)), max_size=4), spans, st.sampled_from(["calendar_days", "working_days"]),
    st.sampled_from(["", "US"]),
)  # fmt: skip
def test_amounts_that_hold_for_some_days_are_weighed_day_by_day(pieces: list[tuple[Interval, Decimal]], window: Interval, way: str, country: str) -> None:
    """Of two on one day the greater; a window without a day that counts has the greatest in it."""
    given_pieces = [(low, high, amount) for (low, high), amount in pieces]
    found = DayCount(HOLIDAYS).weighed(way, given_pieces, window, country)
    asked = [day for day in range(*window) if counts(way, day, country)]
    inside = [amount for low, high, amount in given_pieces if max(low, window[0]) < min(high, window[1])]
    of = [max((amount for low, high, amount in given_pieces if low <= day < high), default=Decimal(0)) for day in asked]
    assert found == (sum((Fraction(amount) for amount in of), Fraction(0)) / len(asked) if asked else Fraction(max(inside, default=Decimal(0))))


def test_a_hire_counts_from_its_own_day_on() -> None:
    """On the last day of the window; the day after it is too late, and then the first employment there ever was stands."""
    ramp = Ramp("r", "hire", (Fraction(1, 4),), Fraction(1))

    def at(*hires: tuple[str, str]) -> Fraction:
        employments = [EmploymentSpan(1, "active", day_number(low), day_number(high)) for low, high in hires]
        seat = SeatDays(intervals=[(BASE, BASE + 365)], employments=employments, start=BASE, country="", count=DayCount(()))
        assert seat.hired(day_number("2025-06-30")) == day_number(
            max(low for low, _ in hires if low <= "2025-06-30") if hires[0][0] <= "2025-06-30" else hires[0][0]
        )
        return seat.ramped(ramp, day_number("2025-06-30"), day_number("2025-07-01"))

    before = ("2020-01-01", "2021-01-01")
    assert at(before, ("2025-06-30", "2026-01-01")) == Fraction(1, 4)
    assert at(before, ("2025-07-01", "2026-01-01")) == 1
    assert at(before, ("2025-07-02", "2026-01-01")) == 1
    assert at(("2025-07-01", "2026-01-01")) == Fraction(1, 4)


def test_a_ramp_by_months_begins_each_share_on_the_day_of_the_month() -> None:
    ramp = Ramp("r", "assignment", (Fraction(1, 4), Fraction(1, 2)), Fraction(1))
    start = day_number("2025-01-31")
    assert ramp.steps(start) == [
        (start, day_number("2025-02-28"), Fraction(1, 4)), (day_number("2025-02-28"), day_number("2025-03-31"), Fraction(1, 2)),
        (day_number("2025-03-31"), OPEN_END, Fraction(1)),
    ]  # fmt: skip
    thirty = Ramp("r", "assignment", (Fraction(1, 4), Fraction(1, 2)), Fraction(1), 30)
    assert [(low - start, high - start) for low, high, _ in thirty.steps(start)[:2]] == [(0, 30), (30, 60)]


def test_employments_stand_by_payee_in_order_of_time() -> None:
    one, two, other = EmploymentSpan(1, "active", 5, 9), EmploymentSpan(1, "leave", 1, 5), EmploymentSpan(2, "active", 0, 3)
    assert employments_by_payee([one, other, two]) == {1: (two, one), 2: (other,)}


# ---------------------------------------------------------------- leavers


def employed(*rows: tuple[str, int, int]) -> list[EmploymentSpan]:
    return [EmploymentSpan(1, status, low, high) for status, low, high in rows]


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ([("active", 0, 10), ("notice", 10, 20)], {"notice": 10, "left": 20}),
        ([("active", 0, 10), ("leave", 10, 14), ("notice", 14, 20), ("notice", 20, 25)], {"notice": 14, "left": 25}),  # unbroken: leave ends nothing
        ([("notice", 0, 10), ("active", 11, 20)], {"left": 20}),  # a day between: another employment, its notice is the first one's own
        ([("notice", 0, 10), ("active", 10, 20)], {"notice": 0, "left": 20}),
        ([("notice", 5, 20)], {"notice": 5, "left": 20}),  # under notice from the first day
        ([("notice", 5, OPEN_END)], {"notice": 5}),
        ([("active", 0, 5), ("active", 7, 9), ("notice", 9, 12)], {"notice": 9, "left": 12}),
        ([("notice", 0, 5), ("active", 6, 8), ("active", 8, 12)], {"left": 12}),
    ],
)
def test_the_days_of_notice_and_leaving_are_those_of_the_last_unbroken_employment(rows: Any, days: dict[str, int]) -> None:
    assert leaving_days(employed(*rows)) == leaving_days(employed(*reversed(rows))) == days


def test_money_before_a_day_is_a_share_of_the_deal_from_nothing_to_the_whole() -> None:
    deal = DealEvents(10, Fraction(100), invoiced=((3, Fraction(30)), (5, Fraction(50))), paid=((4, Fraction(150)), (6, Fraction(-200))))
    assert [deal.before("invoiced", day) for day in (3, 4, 5, 6)] == [0, Fraction(3, 10), Fraction(3, 10), Fraction(4, 5)]
    assert [deal.before("paid", day) for day in (4, 5, 7)] == [0, 1, 0]  # paid too much, then given back
    assert [deal.before("booked", day) for day in (10, 11)] == [0, 1]
    assert DealEvents(10, Fraction(1, 2), paid=((4, Fraction(1, 4)),)).before("paid", 5) == Fraction(1, 2)
    for amount in (0, -5):  # what is given back has nothing to wait for
        assert DealEvents(10, Fraction(amount)).before("paid", 0) == 1
    assert DealEvents(10, Fraction(5)).before("invoiced", 99) == 0


def test_of_an_event_with_one_row_the_other_side_is_due_in_full() -> None:
    deal = DealEvents(10, Fraction(100), paid=((3, Fraction(40)),))
    assert still_due([LeaverRow("left", "paid", "before", Fraction(1, 2))], {"left": 5}, deal) == {"left": Fraction(80, 100)}
    assert still_due([LeaverRow("left", "paid", "after", Fraction(1, 2))], {"left": 5}, deal) == {"left": Fraction(70, 100)}
    both = [LeaverRow("left", "paid", "before", Fraction(1, 2)), LeaverRow("left", "paid", "after", Fraction(0))]
    assert still_due(both, {"left": 5}, deal) == {"left": Fraction(20, 100)}
    assert still_due([], {"left": 5}, deal) == {"left": 1}
    assert still_due([LeaverRow("left", "paid", "after", Fraction(3, 2))], {"left": 5}, deal) == {"left": 1}  # never more than all


# ---------------------------------------------------------------- a component's own proration, through a run


PLAN = """\
engine: 1
plan: days
currency: USD
calendar: month
conversions: {quota: {rate_type: plan, as_of: period_start}}
holidays: [{date: "2025-01-20", countries: [US]}]
credits: [{name: direct, to: owner}]
ramps: [{name: slow, since: assignment, shares: [25%], after: 100%}, {name: fast, since: assignment, shares: [50%, 75%], after: 100%}]
quotas: [{name: sales}, {name: whole, over: ever}, {name: three, over: rolling, periods: 3}, {name: slowly, ramp: slow}, {name: euro}]
attributes: [{name: target_incentive, default: 3100}]
kpis: [{name: score, read: last, over: period}]
measures: [{name: m}]
tables: [{name: t, points: [{at: 0, value: 0}, {at: 3100, value: 31%}], below: 0, above: last}]
attainments: [{name: lost, measure: m, quota: euro, when_zero: 0}, {name: att, measure: m, quota: sales, when_zero: 0}]
peers: [{name: c, of: m}]
values:
  - {name: half, formula: "default(quota.sales, 0) / 2"}
  - {name: placed, formula: "half / max(default(rank.c, 1), 1)"}
  - {name: scored, formula: "half * kpi.score"}
  - {name: last, formula: "half * 10"}
components:
"""


def joiner(*components: str, **more: Any) -> Simulation:
    """In the seat from 17 January: 15 of 31 days; 10 of January's 22 working days in the US (23 less the 20th)."""
    full = {"from": "2025-01-01", "to": "2025-02-01", "position": "p"}
    tables: dict[str, Any] = {
        "transactions": [{"id": "1", "date": "2025-01-21", "payee": "ann", "amount": "1000"}],
        "assignments": [{"payee": "ann", "from": "2025-01-17", "country": "US", "position": "p"}],
        "quotas": [full | {"quota": name, "amount": "3100"} for name in ("sales", "whole", "three", "slowly")]
        + [full | {"quota": "euro", "amount": "9", "currency": "EUR"}],
        "kpis": [{"payee": "ann", "kpi": "score", "date": "2025-01-20", "value": "2"}],
    }  # fmt: skip
    return simulation_run(plan_load(PLAN + "".join(f"  - {line}\n" for line in components)), tables | more)


def node(simulation: Simulation, name: str, month: int = 1) -> dict[str, Any]:
    children = explain(simulation.prepared, simulation.result.totals, 0, month - 1, simulation.team_pay)["children"]
    found: dict[str, Any] = next(one for one in children if one["name"] == name)
    return found


def test_an_explanation_shows_the_share_of_each_quota_target_and_bound_that_is_prorated_and_of_no_other() -> None:
    found = joiner(
        '{name: quota, formula: "default(quota.sales, 0) + default(quota.whole, 0)", settle: period, proration: {quota: calendar_days}}',
        "{name: target, formula: attr.target_incentive, proration: {target: working_days}}",
        '{name: cap, formula: "attr.target_incentive", cap: 620, floor: 31, proration: {cap: calendar_days, floor: working_days}}',
        '{name: plain, formula: "default(quota.sales, 0)"}',
    )
    days, working = "15/31", "10/22"
    assert node(found, "quota")["prorated"] == dict.fromkeys(("quota.euro", "quota.sales", "quota.slowly"), days)  # a window without an end has no share
    assert node(found, "quota")["amount"] == "4600"  # 1,500 and the whole 3,100
    assert node(found, "target")["prorated"] == {"target": "5/11"}
    assert node(found, "target")["amount"] == "1409.09"
    assert node(found, "cap")["prorated"] == {"cap": days, "floor": "5/11"}
    assert node(found, "cap")["amount"] == "300"
    assert "prorated" not in node(found, "plain")
    assert Fraction(working) == Fraction(5, 11)


def test_values_attainments_and_places_are_read_again_with_the_prorated_quota() -> None:
    """The seat's own quota is 1,500: the attainment is two thirds, half of it 750, in the first place of one."""
    found = joiner(
        "{name: att_pay, formula: att * 1500, proration: {quota: calendar_days}}",
        "{name: last_pay, formula: last, proration: {quota: calendar_days}}",
        "{name: place_pay, formula: placed, proration: {quota: calendar_days}, when_undefined: zero}",
        "{name: score_pay, formula: scored, proration: {quota: calendar_days}}",
        "{name: plain, formula: last}",
    )
    assert {name: node(found, name)["amount"] for name in ("att_pay", "last_pay", "place_pay", "score_pay", "plain")} == {
        "att_pay": "1000", "last_pay": "7500", "place_pay": "750", "score_pay": "1500", "plain": "15500",
    }  # fmt: skip
    # Without the score that one component is an exception; those that do not read it are paid.
    without_score = joiner("{name: score_pay, formula: scored, proration: {quota: calendar_days}}",
                           "{name: last_pay, formula: last, proration: {quota: calendar_days}}", kpis=[])  # fmt: skip
    assert node(without_score, "last_pay")["amount"] == "7500"
    assert str(node(without_score, "score_pay")["issue"]) == "scored needs kpi.score is missing on the period's last day"
    # Nothing of it stays behind in the figures that everybody sees.
    figures = explain(found.prepared, found.result.totals, 0, 0, found.team_pay)["figures"]
    assert (figures["quota.sales"], figures["half"]) == ("3100", "1550")


def test_the_points_of_a_curve_move_with_the_days_as_bounds_do() -> None:
    """1,000 in 15 of 31 days stand where 2,066.67 stand in the whole month: at 20.67 %."""
    curve = "{{name: {}, base: m, pay_rate: {{table: t, mode: curve}}{}}}"
    found = joiner(curve.format("whole", ""), curve.format("part", ", proration: {bounds: calendar_days}"))
    assert (node(found, "whole")["amount"], node(found, "part")["amount"]) == ("100", "206.67")
    assert node(found, "part")["prorated"] == {"bounds": "15/31"}


def test_ramps_stand_as_figures_and_move_only_the_quotas_that_name_them() -> None:
    found = joiner('{name: slow, formula: "ramp.slow * 100"}', '{name: fast, formula: "ramp.fast * 100"}', '{name: quota, formula: "default(quota.slowly, 0)"}')
    assert {name: node(found, name)["amount"] for name in ("slow", "fast", "quota")} == {"slow": "25", "fast": "50", "quota": "775"}
    # February: 16 days of the first month, 12 after it.
    assert node(found, "slow", 2)["amount"] == text_of(Fraction(25 * 16 + 100 * 12, 28))
    assert node(found, "fast", 2)["amount"] == text_of(Fraction(50 * 16 + 75 * 12, 28))


def text_of(value: Fraction) -> str:
    cents = int(value * 100 + Fraction(1, 2))
    return f"{cents / 100:.2f}".rstrip("0").rstrip(".")


def test_an_unusable_quota_stops_its_own_attainment_and_no_other() -> None:
    """The quota in euros has no rate; the attainment behind it in the plan is computed."""
    found = joiner('{name: lost_pay, formula: "lost", when_undefined: zero}', "{name: att_pay, formula: att * 310}")
    assert node(found, "att_pay")["amount"] == "100"
    assert str(node(found, "lost_pay")["issue"]) == "lost has no plan rate from EUR to USD on 2025-01-01"


CARRIED = """\
engine: 1
plan: carried
currency: USD
calendar: month
credits: [{name: direct, to: owner}]
quotas: [{name: q}]
measures: [{name: m, on_change: carry}]
attainments: [{name: att, measure: m, quota: q, when_zero: 0}]
components:
  - {name: carried, formula: att * 310, on_change: carry, proration: {quota: calendar_days}}
"""


def test_where_a_component_carries_over_a_change_the_days_before_it_count_too() -> None:
    """From 17 January under a new version that says the same: the month pays what it pays without the change."""
    tables = {
        "transactions": [{"id": str(i), "date": f"2025-01-{day}", "payee": "ann", "amount": "500"} for i, day in enumerate((10, 20))],
        "quotas": [{"payee": "ann", "quota": "q", "from": "2025-01-01", "to": "2025-02-01", "amount": "3100"}],
    }
    data = tabular_inputs(plan_load(CARRIED), tables)
    edges = [day_number(day) for day in ("2025-01-01", "2025-01-17", "2026-01-01")]
    assert sums(chained(CARRIED, data, edges), {"carried"}) == sums(chained(CARRIED, data, [edges[0], edges[-1]]), {"carried"}) == {(0, "carried", 0): 100}
    # The control: where each version counts its own days, the second one measures 1,000 against its 15 of 31 days.
    apart = CARRIED.replace("on_change: carry, proration", "on_change: restart, proration")
    assert sums(chained(apart, data, edges), {"carried"}) != {(0, "carried", 0): 100}


def test_without_any_employment_no_day_is_leave() -> None:
    found = joiner('{name: quota, formula: "default(quota.sales, 0)", proration: {quota: calendar_days, leave: out}}')
    assert node(found, "quota")["amount"] == "1500"


def test_a_guarantee_holds_with_a_prorated_quota_and_leaves_undefined_what_it_does_not_reach() -> None:
    """January is guaranteed in full, where no quota is given too; in March nothing is, and nothing is made of nothing."""
    head = PLAN.replace("fast, since", "safe, since: assignment, shares: [100%], after: 0}, {name: fast, since")
    head = head.replace("quota: sales, when_zero: 0}]", "quota: sales, at_least: safe}]")
    body = '  - {name: pay, formula: "default(att, 7) * 100", proration: {quota: calendar_days}}\n'
    year = {"from": "2025-01-01", "to": "2025-02-01", "position": "p", "amount": "3100"}
    tables: dict[str, Any] = {
        "transactions": [{"id": "1", "date": "2025-01-21", "payee": "ann", "amount": "600"}],
        "assignments": [{"payee": "ann", "from": "2025-01-17", "position": "p"}],
        "quotas": [year | {"quota": "sales"}],
    }  # fmt: skip
    found = simulation_run(plan_load(head + body), tables)
    assert [node(found, "pay", month)["amount"] for month in (1, 3)] == ["100", "700"]
    found = simulation_run(plan_load(head + body), tables | {"quotas": []})
    assert [node(found, "pay", month)["amount"] for month in (1, 3)] == ["100", "700"]


def test_a_quota_of_one_is_a_quota() -> None:
    full = {"from": "2025-01-01", "to": "2025-02-01", "position": "p"}
    found = joiner("{name: att_pay, formula: att * 2}", quotas=[full | {"quota": "sales", "amount": "1"}])
    assert node(found, "att_pay")["amount"] == "2000"
