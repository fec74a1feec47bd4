"""Crediting and measuring against a slow count of the same: rules with conditions, roles and choice, splits, seats with gaps, a calendar with a gap,
lines upwards and relations as of the day, exclusions, and why nobody was credited. The same in any chunks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.errors import InputError
from incentives.engine.measure import totals_add, totals_merge, totals_split
from incentives.engine.results import TeamRow, Totals
from incentives.engine.run import run
from incentives.engine.simulate import Simulation, simulation_run

from . import oracle
from .test_oracle import text, tried

ZERO = Fraction(0)
WHO = ["ann", "bob", "cid", "dot"]
MONTHS = [("jan", "2025-01-01", "2025-02-01"), ("feb", "2025-02-01", "2025-03-01"), ("apr", "2025-04-01", "2025-05-01")]  # none in March
SEATS = [  # bob comes in February, cid leaves a seat and has another after a gap
    ("ann", "ann", None, None), ("bob", "bob", "2025-02-10", None), ("c1", "cid", None, "2025-02-20"), ("c2", "cid", "2025-02-25", None),
    ("dot", "dot", None, None),
]  # fmt: skip
LINE = [("ann", "bob", None, "2025-02-15"), ("ann", "cid", "2025-02-15", None), ("bob", "dot", None, None), ("cid", "dot", None, "2025-04-10")]
MENTORS = [("ann", "dot", None, "2025-01-20"), ("bob", "cid", None, None)]


@dataclass(frozen=True)
class Order:
    day: str
    owner: str
    amount: Fraction
    kind: str
    splits: tuple[tuple[str, str, int, int], ...] = ()
    """payee, role, pay share and quota share in percent"""


DAYS = [
    "2025-01-05", "2025-01-19", "2025-01-20", "2025-02-09", "2025-02-10", "2025-02-14", "2025-02-15", "2025-02-21", "2025-02-25", "2025-03-05", "2025-04-09",
    "2025-04-10",
]  # fmt: skip


@st.composite
def orders(draw: Any) -> Order:
    count = draw(st.sampled_from([0, 0, 0, 1, 2, 3]))
    pairs = draw(st.lists(st.tuples(st.sampled_from(WHO), st.sampled_from(["", "se", "rep"])), min_size=count, max_size=count, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=max(0, count - 1), max_size=max(0, count - 1))))
    pay = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)][:count]
    if count and draw(st.integers(0, 4)) == 0:
        pay[0] += draw(st.sampled_from([-1, 5])) if pay[0] else 5
    quota = list(reversed(pay)) if draw(st.booleans()) else pay
    splits = tuple((who, role, p, q) for (who, role), p, q in zip(pairs, pay, quota, strict=True))
    amount = draw(st.integers(-40_000, 120_000).map(lambda n: Fraction(n, 100)) | st.sampled_from([Fraction(10), Fraction(500), Fraction(999, 100)]))
    return Order(draw(st.sampled_from(DAYS)), draw(st.sampled_from([*WHO, ""])), amount, draw(st.sampled_from(["new", "old", "none"])), splits)


def within(day: str, low: str | None, high: str | None) -> bool:
    return (low is None or low <= day) and (high is None or day < high)


def seat_of(who: str, day: str) -> str | None:
    return next((seat for seat, payee, low, high in SEATS if payee == who and within(day, low, high)), None)


def above(who: str, day: str, levels: str) -> list[str]:
    """Payees upwards, of those who hold a seat on the day."""
    found: list[str] = []
    while (
        boss := next((m for p, m, low, high in LINE if p == who and within(day, low, high) and seat_of(p, day) and seat_of(m, day)), None)
    ) and boss not in found:
        found.append(boss)
        who = boss
        if levels == "direct":
            break
    return found


def parts_of(order: Order, amount: Fraction, roles: tuple[str, ...] | None, total: bool) -> list[tuple[str, Fraction, Fraction]]:
    """(participant, pay credit, quota credit); shares that make the whole sum to the amount, others are rounded each by itself."""
    taking = sorted(split for split in order.splits if roles is None or split[1] in roles)
    whole = [sum(split[i] for split in taking) == 100 for i in (2, 3)]
    if not taking or (total and not all(whole)):
        return []
    shares = [[split[i] * 10_000 for split in taking] for i in (2, 3)]
    credit = [
        oracle.divided(amount, shares[i], 2) if whole[i] else [oracle.rounded(amount * share / 1_000_000, 2, "half_up") for share in shares[i]] for i in (0, 1)
    ]
    return [(split[0], pay, quota) for split, pay, quota in zip(taking, *credit, strict=True)]


def plan_text(as_of: str, levels: str) -> str:
    return f"""\
engine: 1
plan: credited
currency: USD
calendar: custom
exclusions: [{{name: tiny, where: amount < 10 and amount > -10}}, {{name: other, where: 'kind = "old" and amount > 1000'}}]
credits:
  - {{name: direct, to: owner_or_splits, where: kind != "none"}}
  - {{name: engineers, to: splits, roles: [se], must_total: false, amount: amount * 3, quota_amount: amount}}
  - {{name: small, to: owner, choose: size}}
  - {{name: big, to: owner, choose: size, priority: 1, where: amount >= 500, amount: amount * 2}}
  - {{name: up, to: managers, of: direct, as_of: {as_of}, levels: {levels}}}
  - {{name: mentors, to: related, relation: mentor, of: direct, as_of: {as_of}}}
measures:
  - {{name: m, credits: [direct]}}
  - {{name: q, credits: [direct], value: quota_credit}}
  - {{name: n, credits: [direct], aggregate: count}}
  - {{name: se, credits: [engineers]}}
  - {{name: se_quota, credits: [engineers], value: quota_credit}}
  - {{name: sized, credits: [small, big]}}
  - {{name: bigs, credits: [big], aggregate: count}}
  - {{name: thirds, credits: [direct], value: pay_credit / 3, where: 'kind = "new"'}}
  - {{name: rounded, credits: [direct], value: 'round(pay_credit / 3, 1, "down")'}}
  - {{name: upwards, credits: [up]}}
  - {{name: mentored, credits: [mentors]}}
components: [{{name: pay, base: m, pay_rate: {{flat: 1%}}}}]
"""


def dated(low: str | None, high: str | None) -> dict[str, str]:
    return ({} if low is None else {"from": low}) | ({} if high is None else {"to": high})


def tables_of(given_orders: list[Order]) -> dict[str, list[dict[str, str]]]:
    return {
        "transactions": [{"id": f"T{i}", "date": o.day, "payee": o.owner, "amount": text(o.amount), "kind": o.kind} for i, o in enumerate(given_orders)],
        "splits": [
            {"transaction": f"T{i}", "payee": who, "role": role, "pay_share": str(pay), "quota_share": str(quota)}
            for i, o in enumerate(given_orders) for who, role, pay, quota in o.splits
        ],
        "assignments": [{"assignment": seat, "payee": payee} | dated(low, high) for seat, payee, low, high in SEATS],
        "hierarchy": [{"payee": payee, "manager": boss} | dated(low, high) for payee, boss, low, high in LINE],
        "relations": [{"payee": payee, "relation": "mentor", "related": other} | dated(low, high) for payee, other, low, high in MENTORS],
        "calendar": [{"period": name, "from": low, "to": high} for name, low, high in MONTHS],
    }  # fmt: skip


def expected(given_orders: list[Order], as_of: str, levels: str) -> dict[tuple[str, str, str], Fraction]:
    """(measure, payee, month) -> amount, zeros left out."""
    found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    for o in given_orders:
        month = next(((name, high) for name, low, high in MONTHS if low <= o.day < high), None)
        if month is None or -10 < o.amount < 10 or (o.kind == "old" and o.amount > 1000):
            continue
        last = {"jan": "2025-01-31", "feb": "2025-02-28", "apr": "2025-04-30"}[month[0]]
        direct = []
        if o.kind != "none":
            direct = parts_of(o, o.amount, None, True) if o.splits else [(o.owner, o.amount, o.amount)] if o.owner else []
        for who, pay, quota in direct:
            if seat_of(who, o.day) is None:
                continue
            for name, amount in (("m", pay), ("q", quota), ("n", Fraction(1)), ("rounded", oracle.rounded(pay / 3, 1, "down"))):
                found[name, who, month[0]] += amount
            if o.kind == "new":
                found["thirds", who, month[0]] += pay / 3
            day = o.day if as_of == "event" else last
            seat = seat_of(who, o.day)
            # The line is that of the seat in which the credit stands; one that has ended by the day has nobody above.
            if seat_of(who, day) == seat:
                for boss in above(who, day, levels):
                    found["upwards", boss, month[0]] += pay
                for payee, other, low, high in MENTORS:
                    if payee == who and within(day, low, high) and seat_of(other, day):
                        found["mentored", other, month[0]] += pay
        for who, pay, _ in parts_of(o, o.amount * 3, ("se",), False):
            if seat_of(who, o.day):
                found["se", who, month[0]] += pay
        for who, _, quota in parts_of(o, o.amount, ("se",), False):
            if seat_of(who, o.day):
                found["se_quota", who, month[0]] += quota
        if o.owner and seat_of(o.owner, o.day):
            found["sized", o.owner, month[0]] += o.amount * (2 if o.amount >= 500 else 1)
            found["bigs", o.owner, month[0]] += o.amount >= 500
    return {key: amount for key, amount in found.items() if amount}


def measured(simulation: Simulation, totals: Totals) -> dict[tuple[str, str, str], Fraction]:
    """The totals by measure, payee and month, what comes from below added."""
    plan, people = simulation.prepared.plan, simulation.prepared.people
    payee = {seat.id: simulation.data.payees[seat.payee] for seat in people.assignments}
    found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    for at, seat in enumerate(totals.assignments.tolist()):
        for index, measure in enumerate(plan.measures):
            for period, units in enumerate(totals.own[at, index].tolist()):
                found[measure.name, payee[seat], simulation.prepared.periods[period].key] += Fraction(int(units), totals.denominators[index])
    for row in totals.team:
        found[plan.measures[row.measure].name, payee[row.manager], simulation.prepared.periods[row.period].key] += Fraction(
            row.amount, totals.denominators[row.measure]
        )
    shown = {measure.name for measure in plan.measures if not measure.hidden}  # what rolls up stands in measures of its own, too
    return {key: amount for key, amount in found.items() if amount and key[0] in shown}


@tried(60)
@given(st.lists(orders(), min_size=1, max_size=12), st.sampled_from(["event", "period_end"]), st.sampled_from(["all", "direct"]), st.integers(1, 3))
def test_every_credit_and_measure_is_that_of_a_slow_count_in_any_chunks(given_orders: list[Order], as_of: str, levels: str, chunk: int) -> None:
    simulation = simulation_run(plan_load(plan_text(as_of, levels)), tables_of(given_orders))
    wanted = expected(given_orders, as_of, levels)
    assert measured(simulation, simulation.result.totals) == wanted
    apart = run(simulation.prepared, simulation.data.facts, simulation.data.splits, chunk=chunk)
    assert measured(simulation, apart.totals) == wanted
    assert (apart.uncredited, apart.exclusions, apart.credited_objects, dict(apart.credited_amount)) == (
        simulation.result.uncredited, simulation.result.exclusions, simulation.result.credited_objects, dict(simulation.result.credited_amount),
    )  # fmt: skip
    out = [[o.amount for o in given_orders if -10 < o.amount < 10], [o.amount for o in given_orders if o.kind == "old" and o.amount > 1000]]
    assert [(e.name, e.count, Fraction(e.amount)) for e in apart.exclusions] == [
        (name, len(amounts), sum(amounts, ZERO)) for name, amounts in zip(("tiny", "other"), out, strict=True)
    ]  # fmt: skip


ALONE = plan_text("event", "all").split("credits:")[0] + (
    'credits: [{name: direct, to: owner_or_splits, where: kind != "none"}]\nmeasures: [{name: m}]\ncomponents: [{name: pay, base: m, pay_rate: {flat: 1%}}]\n'
)


@tried(60)
@given(st.lists(orders(), min_size=1, max_size=12))
def test_what_nobody_is_credited_for_has_its_reason_and_every_cent_is_somewhere(given_orders: list[Order]) -> None:
    """Each order is excluded, credited, or listed; of a split whose participant has no seat the share is listed by his name."""
    simulation = simulation_run(plan_load(ALONE), tables_of(given_orders))
    wanted: list[tuple[str, str, Fraction, str]] = []
    credited, done = ZERO, 0
    for i, o in enumerate(given_orders):
        if -10 < o.amount < 10 or (o.kind == "old" and o.amount > 1000):
            continue
        parts = [] if o.kind == "none" else parts_of(o, o.amount, None, True) if o.splits else [(o.owner, o.amount, ZERO)] if o.owner else []
        seated = [part for part in parts if seat_of(part[0], o.day)]
        inside = any(low <= o.day < high for _, low, high in MONTHS)
        if seated and inside:
            credited, done = credited + sum((pay for _, pay, _ in seated), ZERO), done + 1
            wanted += [(f"T{i}", who, pay, "no_assignment") for who, pay, _ in parts if not seat_of(who, o.day)]
            continue
        reason = "no_owner" if not o.owner else "no_rule"
        if o.kind != "none" and o.splits:
            reason = "split_total" if not parts else "no_assignment"
        elif o.kind != "none" and o.owner:
            reason = "no_assignment"
        wanted.append((f"T{i}", o.owner, o.amount, reason if inside else "outside_calendar"))
    names = {-1: ""} | dict(enumerate(simulation.data.payees))
    found = [(simulation.data.objects[u.object_id], names.get(u.payee, ""), Fraction(u.amount), u.reason) for u in simulation.result.uncredited]
    assert sorted(found) == sorted(wanted)
    assert simulation.result.credited_objects == done
    assert Fraction(simulation.result.credited_amount["direct"]) == credited


# ---------------------------------------------------------------- totals as pieces


def totals(assignments: list[int], amounts: list[int], denominator: int = 1, team: tuple[TeamRow, ...] = ()) -> Totals:
    return Totals(np.array(assignments, dtype=np.int64), np.array(amounts, dtype=np.int64).reshape(len(assignments), 1, 1), (denominator,), team)


def test_totals_of_chunks_are_one_by_assignment_whatever_the_chunks() -> None:
    a, b = totals([3, 7], [30, 70], team=(TeamRow(9, 0, 0, 3, 5),)), totals([1, 9], [10, 90], team=(TeamRow(9, 0, 0, 1, 4), TeamRow(1, 0, 0, 3, 2)))
    for parts in ([a, b], [b, a]):
        whole = totals_merge(parts)
        assert whole.assignments.tolist() == [1, 3, 7, 9]
        assert whole.own.ravel().tolist() == [10, 30, 70, 90]
        assert whole.team == (TeamRow(1, 0, 0, 3, 2), TeamRow(9, 0, 0, 1, 4), TeamRow(9, 0, 0, 3, 5))
    first, second = totals_split(totals_merge([a, b]), [[9, 3], [1, 42]])
    assert (first.assignments.tolist(), first.team) == ([3, 9], (TeamRow(9, 0, 0, 1, 4), TeamRow(9, 0, 0, 3, 5)))
    assert (second.assignments.tolist(), second.own.ravel().tolist(), second.team) == ([1], [10], (TeamRow(1, 0, 0, 3, 2),))
    for parts, message in (
        ([], "there is no chunk to merge"),
        ([a, a], "an assignment stands in two chunks; a payee belongs to one chunk"),
        ([a, totals([1], [1], 10)], "chunks differ in the scale of their columns; give all facts of a run at one scale"),
    ):
        with pytest.raises(InputError) as found:
            totals_merge(parts)
        assert str(found.value) == message


def test_totals_of_the_same_people_add_at_a_common_denominator() -> None:
    a, b = totals([1, 2], [5, 6], 2, (TeamRow(1, 0, 0, 2, 3),)), totals([1, 2], [5, -9], 3, (TeamRow(1, 0, 0, 2, 4), TeamRow(1, 0, 0, 1, 6)))
    both = totals_add(a, b)
    assert both.denominators == (6,)
    assert both.own.ravel().tolist() == [25, 0]
    assert both.team == (TeamRow(1, 0, 0, 1, 12), TeamRow(1, 0, 0, 2, 17))
    assert totals_add(a, None) is a
    assert totals_add(a, a).own.ravel().tolist() == [10, 12]


def test_sums_beyond_64_bits_are_exact() -> None:
    """Sales of nine quintillion millionths each, and thousandths of their thirds."""
    big = "9223372036854.775807"
    rows = [
        {"id": f"T{i}", "date": f"2025-01-0{day}", "payee": who, "amount": big} for i, (day, who) in enumerate([(1, "ann"), (1, "ann"), (2, "ann"), (1, "bob")])
    ]
    plan = (
        "engine: 1\nplan: big\ncurrency: USD\ncalendar: month\ncredits: [{name: direct, to: owner, round: none}]\n"
        "measures: [{name: m}, {name: thirds, value: pay_credit / 3000}]\nvalues: [{name: v, formula: m / 1000000}]\n"
        "components: [{name: pay, formula: v, round: {places: 6}}]\n"
    )
    simulation = simulation_run(plan_load(plan), {"transactions": rows})
    figures = {(f.assignment, f.name): f.value for f in simulation.result.outcome.figures if f.period == 0}
    assert (figures[0, "m"], figures[1, "m"]) == (3 * Decimal(big), Decimal(big))
    assert Fraction(figures[1, "thirds"]) == oracle.rounded(Fraction(big) / 3000, 12, "half_even")
