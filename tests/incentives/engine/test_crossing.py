"""What one payee's pay takes from others: team commission by the reporting line of the period's last day, places and pools within groups."""

from __future__ import annotations

import calendar
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.crossing import crosses, crossing, team_commission
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.trace import explain

from . import oracle
from .test_oracle import PEOPLE, cents, text, tried

OVER = """\
engine: 1
plan: over
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
components:
  - {{name: own, base: m, pay_rate: {{flat: 10%}}}}
  - {{name: other, base: m, pay_rate: {{flat: 1%}}}}
  - {{name: over, team_override: {{base: commission, component: own, as_of: period_end, levels: {levels}}}, pay_rate: {{flat: 50%}}, round: {{places: 4}}}}
"""


def earned_of(simulation: Simulation, component: str) -> dict[tuple[str, int], Fraction]:
    found = {(simulation.data.payees[e.payee], e.period + 1): Fraction(e.amount) for e in simulation.result.outcome.earnings if e.component == component}
    return {key: amount for key, amount in found.items() if amount}


def boss_of(line: list[tuple[int, int, int]], who: int, day: int) -> int | None:
    return next((boss for one, boss, since in reversed(line) if one == who and since <= day), None)


@tried(40)
@given(
    levels=st.sampled_from(["all", "direct"]),
    sales=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), cents(-900_00, 9000_00)), min_size=1, max_size=8),
    moves=st.lists(st.tuples(st.integers(1, 4), st.sampled_from([31, 32, 58, 59, 60, 90])), max_size=4),
)  # fmt: skip
def test_team_commission_equals_the_oracle_by_the_line_on_the_last_day(levels: str, sales: list[tuple[int, int, Fraction]], moves: Any) -> None:
    """p1 reports to p0, p2 to p1 and so on; who moves reports to p0 from a day on (the year's 31st is the last of January)."""
    line = [(who, who - 1, 1) for who in range(1, 5)] + [(who, 0, day) for who, day in sorted(moves, key=lambda move: move[1])]
    hierarchy = []
    for who in range(1, 5):
        own = sorted({since: boss for one, boss, since in line if one == who}.items())
        for i, (since, boss) in enumerate(own):
            low, high = f"2025-{day_of(since)}", f"2025-{day_of(own[i + 1][0])}" if i + 1 < len(own) else "2026-01-01"
            hierarchy.append({"payee": PEOPLE[who], "manager": PEOPLE[boss], "from": low, "to": high})
    rows = [{"id": f"T{i}", "date": f"2025-{m:02}-11", "payee": PEOPLE[who], "amount": text(amount)} for i, (who, m, amount) in enumerate(sales)]
    simulation = simulation_run(
        plan_load(OVER.format(levels=levels)), {"transactions": rows, "hierarchy": hierarchy, "assignments": [{"payee": who} for who in PEOPLE]}
    )
    own, team = dict[tuple[int, int], Fraction](), dict[tuple[int, int], Fraction]()
    for who, month, amount in sales:
        own[who, month] = own.get((who, month), Fraction(0)) + amount
    for (who, month), amount in own.items():
        last, boss, seen = sum(calendar.monthrange(2025, m)[1] for m in range(1, month + 1)), who, set[int]()
        while (above := boss_of(line, boss, last)) is not None and above not in seen and above != who:
            seen.add(above)
            team[above, month] = team.get((above, month), Fraction(0)) + oracle.rounded(amount / 10, 2, "half_up")
            boss = above
            if levels == "direct":
                break
    expected = {(PEOPLE[who], month): amount / 2 for (who, month), amount in team.items() if amount}
    assert earned_of(simulation, "over") == expected
    # The explanation of a single payee takes the same sums from results that are known already.
    known = team_commission(simulation.prepared, simulation.result.outcome.earnings)
    assert {key: amount for key, amount in known.items() if amount} == {key: amount for key, amount in simulation.team_pay.items() if amount}


def day_of(number: int) -> str:
    """The day of the year as month and day."""
    month = 1
    while number > calendar.monthrange(2025, month)[1]:
        number -= calendar.monthrange(2025, month)[1]
        month += 1
    return f"{month:02}-{number:02}"


def test_the_parts_of_a_pay_that_crosses_come_from_the_named_component_only() -> None:
    """A second component of the member's, and a month in which he earns one dollar, change nothing in how it is summed."""
    rows = [{"id": f"T{i}", "date": f"2025-0{i}-11", "payee": "bob", "amount": amount} for i, amount in ((1, "10"), (2, "4000"))]
    tables = {"transactions": rows, "hierarchy": [{"payee": "bob", "manager": "ann"}], "assignments": [{"payee": "ann"}, {"payee": "bob"}]}
    simulation = simulation_run(plan_load(OVER.format(levels="direct")), tables)
    assert crosses(simulation.prepared)
    assert not crosses(simulation_run(plan_load(OVER.format(levels="direct").rsplit("\n", 2)[0]), tables).prepared)
    assert simulation.team_pay == {(0, "over", 0): Decimal(1), (0, "over", 1): Decimal(400)}
    assert earned_of(simulation, "over") == {("ann", 1): Fraction(1, 2), ("ann", 2): Fraction(200)}
    assert team_commission(simulation.prepared, simulation.result.outcome.earnings) == {(0, "over", 0): 1, (0, "over", 1): 400}


def test_two_overrides_on_two_components_are_kept_apart() -> None:
    second = "  - {name: over_other, team_override: {base: commission, component: other, as_of: period_end, levels: direct}, pay_rate: {flat: 50%}}\n"
    tables = {"transactions": [{"id": "T", "date": "2025-01-11", "payee": "bob", "amount": "1000"}], "hierarchy": [{"payee": "bob", "manager": "ann"}]}
    simulation = simulation_run(plan_load(OVER.format(levels="direct") + second), tables)
    assert simulation.team_pay == {(0, "over", 0): 100, (0, "over_other", 0): 10}
    assert team_commission(simulation.prepared, simulation.result.outcome.earnings) == simulation.team_pay
    # A team that earned nothing is a base of nothing, not one that is unknown.
    children = explain(simulation.prepared, simulation.result.totals, 0, 1, simulation.team_pay)["children"]
    assert [part["detail"] for node in children if node["name"] == "over" for part in node["children"]] == [{"base": "0", "rate": "0.5"}]


def test_who_takes_part_can_be_named_and_nobody_else_is_counted() -> None:
    rows = [{"id": f"T{i}", "date": "2025-01-11", "payee": who, "amount": "1000"} for i, who in enumerate(("bob", "cat", "dan"))]
    line = [{"payee": who, "manager": "ann"} for who in ("bob", "cat", "dan")]
    # Cat is not enrolled: she is passed over, those after her are not.
    enrolled = [{"payee": who} for who in ("ann", "bob", "dan")]
    tables = {"transactions": rows, "hierarchy": line, "assignments": [{"payee": who} for who in ("ann", "bob", "cat", "dan")], "enrolments": enrolled}
    simulation = simulation_run(plan_load(OVER.format(levels="all")), tables)
    assert simulation.team_pay == {(0, "over", 0): Decimal(200)}
    assert crossing(simulation.prepared, simulation.result.totals, [1, 3, 3]) == {(0, "over", 0): Decimal(200)}
    assert crossing(simulation.prepared, simulation.result.totals, [3]) == {(0, "over", 0): Decimal(100)}
    assert crossing(simulation.prepared, simulation.result.totals, [0]) == {}


GROUPS = """\
engine: 1
plan: groups
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
kpis: [{{name: score, over: period, read: last}}]
attributes: [{{name: zone, read: last_day}}]
peers:
  - {{name: c, of: {of}, within: attr.zone{among}}}
  - {{name: all, of: m}}
components:
  - {{name: pool, pool: {{amount: "{amount}", peers: c}}, when_undefined: zero}}
  - {{name: place, formula: "rank.c * 100 + tied.c * 10 + peers.c", when_undefined: exception}}
  - {{name: sum, formula: "total.c", when_undefined: zero}}
  - {{name: tie, formula: "default(tied.c, 7)"}}
  - {{name: everywhere, formula: "rank.all", when_undefined: zero}}
"""


def compared(
    values: dict[str, str], zones: dict[str, str], of: str = "m", among: str = "", amount: str = "1000", scores: dict[str, str] | None = None
) -> Simulation:
    tables = {
        "transactions": [{"id": f"T{who}", "date": "2025-01-11", "payee": who, "amount": value} for who, value in values.items()],
        "assignments": [{"payee": who} for who in values],
        "attributes": [{"payee": who, "name": "zone", "value": zone} for who, zone in zones.items()],
        "kpis": [{"payee": who, "kpi": "score", "date": "2025-01-05", "value": value} for who, value in (scores or {}).items()],
    }
    return simulation_run(plan_load(GROUPS.format(of=of, among=among, amount=amount)), tables)


def january(simulation: Simulation, component: str) -> dict[str, Fraction]:
    return {who: amount for (who, month), amount in earned_of(simulation, component).items() if month == 1}


VALUES = {"ann": "300", "bob": "100", "cat": "100", "dan": "0.60", "eve": "0.20", "fay": "0.20"}
ZONES = {"ann": "1", "bob": "1", "cat": "1", "dan": "2", "eve": "2", "fay": "2"}


def test_places_and_pools_are_those_of_the_group() -> None:
    """Ann, bob and cat compete in one zone, the others sell next to nothing in theirs and yet have a winner and a whole pool."""
    simulation = compared(VALUES, ZONES)
    assert january(simulation, "place") == {"ann": 113, "bob": 223, "cat": 223, "dan": 113, "eve": 223, "fay": 223}
    assert january(simulation, "sum") == {who: Fraction(500) if zone == "1" else Fraction(1) for who, zone in ZONES.items()}
    assert january(simulation, "pool") == {"ann": 600, "bob": 200, "cat": 200, "dan": 600, "eve": 200, "fay": 200}
    assert january(simulation, "everywhere") == {"ann": 1, "bob": 2, "cat": 2, "dan": 4, "eve": 5, "fay": 5}
    # The control: one zone for all, and the second one's winner is fourth.
    assert january(compared(VALUES, dict.fromkeys(VALUES, "1")), "place")["dan"] == 416


def test_a_pool_can_depend_on_what_its_group_sold_and_on_how_many_they_are() -> None:
    """10 % of what is sold and 7 a head: 71 in one zone, 21.10 in the other, to the cent."""
    found = january(compared(VALUES, ZONES, amount="total.c * 10% + peers.c * 7"), "pool")
    assert sum(amount for who, amount in found.items() if ZONES[who] == "1") == 71
    assert sum(amount for who, amount in found.items() if ZONES[who] == "2") == Fraction(2110, 100)
    assert found["ann"] == Fraction(4260, 100)
    assert found["dan"] == Fraction(1266, 100)


def test_who_sold_below_zero_has_a_place_but_no_part_of_the_pool() -> None:
    simulation = compared(VALUES | {"cat": "-50"}, ZONES)
    assert january(simulation, "place")["cat"] == 313
    assert january(simulation, "pool") | {"cat": Fraction(0)} == {"ann": 750, "bob": 250, "cat": 0, "dan": 600, "eve": 200, "fay": 200}


def test_who_lacks_the_figure_that_is_compared_takes_no_part_and_stops_nobody() -> None:
    """Bob's score is missing: two compete for what three competed for, and bob's place is a named exception of his own."""
    simulation = compared(VALUES, ZONES, of="kpi.score", scores={"ann": "4", "cat": "12", "dan": "1", "eve": "1", "fay": "1"})
    assert january(simulation, "pool") == {"ann": 250, "cat": 750, "dan": Fraction(33334, 100), "eve": Fraction(33333, 100), "fay": Fraction(33333, 100)}
    assert january(simulation, "place") == {"cat": 112, "ann": 212, "dan": 133, "eve": 133, "fay": 133}
    assert january(simulation, "tie") == {"ann": 1, "bob": 7, "cat": 1, "dan": 3, "eve": 3, "fay": 3}
    issues = {(simulation.data.payees[i.payee], i.component) for i in simulation.result.outcome.issues if i.period == 0}
    assert issues == {("bob", "place")}


def test_who_is_kept_out_takes_no_place_from_others() -> None:
    simulation = compared(VALUES, ZONES, among=", among: m < 300")
    assert january(simulation, "place") == {"bob": 122, "cat": 122, "dan": 113, "eve": 223, "fay": 223}
    assert january(simulation, "pool") == {"bob": 500, "cat": 500, "dan": 600, "eve": 200, "fay": 200}
    # Asked for bob and cat alone, nobody else competes.
    some = crossing(simulation.prepared, simulation.result.totals, [1, 2])
    assert {seat for seat, _, _ in some} == {1, 2}
    assert some[1, "rank.all", 0] == 1


def test_a_pool_of_no_amount_is_nobodys() -> None:
    """Divided by nothing it is undefined, not zero: the component says what then is paid, and places stand as they are."""
    found = compared({"ann": "10"}, {"ann": "1"}, amount="1000 / (total.c - total.c)")
    assert january(found, "pool") == {}
    assert january(found, "place") == {"ann": 111}
