"""What one payee's pay takes from others: the team's commission, places and sums among peers, shares of a pool.

Everybody is computed once without what crosses (`earn` leaves those components out), then this module reads the others'
figures, and `earn` runs again with them. Nothing that crosses may feed itself; the compiler refuses it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import exact
from .earn import Crossing, UnitRun, totals_matrix
from .exact import ZERO, Number
from .period_formula import MissingInput
from .plan import PeerSpec, Pool
from .prepare import Prepared
from .results import Totals
from .rounding import allocate

PEER_FIGURES = ("rank", "tied", "peers", "total")


def crosses(prepared: Prepared) -> bool:
    """Does the plan need others' figures at all?"""
    plan = prepared.plan
    return bool(plan.peers) or any(component.late for component in plan.components)


def crossing(prepared: Prepared, totals: Totals, assignments: Sequence[int] | None = None) -> Crossing:
    """What everybody takes from others, by (assignment, name, position of the period).

    assignments: those who take part (None: all under the plan); with peers or pools it must be everybody who competes.
    """
    plan, people = prepared.plan, prepared.people
    commission = [(c.name, c.team) for c in plan.components if c.team is not None and c.team.base == "commission"]
    needed = frozenset(name for peer in plan.peers for name in peer.pays) | {team.name for _, team in commission}
    found: dict[tuple[int, str, int], Any] = defaultdict(lambda: ZERO)
    entries: dict[tuple[int, int], list[tuple[int, Any, Any]]] = defaultdict(list)
    matrix = totals_matrix(prepared, totals, assignments)
    for unit in range(len(people.assignments)) if assignments is None else sorted(people.unit_of[a] for a in set(assignments)):
        seat = people.assignments[unit]
        if not people.enrolled(unit):
            continue
        for record in UnitRun(prepared, totals, unit, matrix.get(seat.id), None, False, needed).run():
            position = record.position
            for name, team in commission:
                amount = record.earned.get(team.name, ZERO)
                if amount != 0:
                    for manager in people.chain(seat.id, prepared.periods[position].end - 1, team.levels):
                        found[manager, name, position] = exact.add(found[manager, name, position], amount)
            for index, peer in enumerate(plan.peers):
                entries[index, position].append((seat.id, *_entry(peer, record.env)))
    for (index, position), rows in entries.items():
        _compare(plan.peers[index], position, rows, found)
    for pool in [c.pool for c in plan.components if c.pool is not None]:
        _share(pool, plan.peers[pool.peers], {p: rows for (i, p), rows in entries.items() if i == pool.peers}, found)
    return dict(found)


def _entry(peer: PeerSpec, env: Mapping[str, Any]) -> tuple[Any, Any]:
    """(group, value) of one participant; value None: takes no part."""
    try:
        group = None if peer.within is None else peer.within(env)
        takes_part = peer.among is None or peer.among(env) is True
        return group, peer.of(env) if takes_part else None
    except MissingInput:
        return None, None


def _compare(peer: PeerSpec, position: int, rows: list[tuple[int, Any, Any]], found: dict[tuple[int, str, int], Any]) -> None:
    groups: dict[Any, list[tuple[int, Any]]] = defaultdict(list)
    for assignment, group, value in rows:
        groups[group].append((assignment, value))
    for members in groups.values():
        values = [value for _, value in members if value is not None]
        total: Number = ZERO
        counts: dict[Number, int] = defaultdict(int)
        for value in values:
            total = exact.add(total, value)
            counts[value] += 1
        place, places = 1, dict[Any, int]()
        for value in sorted(counts, reverse=peer.highest_first):
            places[value] = place
            place += counts[value]
        for assignment, value in members:
            found[assignment, f"total.{peer.name}", position] = total
            found[assignment, f"peers.{peer.name}", position] = Decimal(len(values))
            found[assignment, f"rank.{peer.name}", position] = None if value is None else Decimal(places[value])
            found[assignment, f"tied.{peer.name}", position] = None if value is None else Decimal(counts[value])


def _share(pool: Pool, peer: PeerSpec, by_position: Mapping[int, list[tuple[int, Any, Any]]], found: dict[tuple[int, str, int], Any]) -> None:
    """Divides the pool among the participants in proportion to their values: the parts sum to it exactly."""
    for position, rows in by_position.items():
        groups: dict[Any, list[tuple[int, Any]]] = defaultdict(list)
        for assignment, group, value in rows:
            groups[group].append((assignment, value if value is not None and value > 0 else ZERO))
        for members in groups.values():
            members.sort()
            env = {f"{name}.{peer.name}": found[members[0][0], f"{name}.{peer.name}", position] for name in ("total", "peers")}
            amount = pool.amount(env)
            parts = None if amount is None else allocate(amount, [Fraction(value) for _, value in members], pool.rounding.places, pool.rounding.mode)
            for i, (assignment, _) in enumerate(members):
                found[assignment, pool.component, position] = None if parts is None else parts[i]


def team_commission(prepared: Prepared, earnings: Iterable[Any]) -> dict[tuple[int, str, int], Number]:
    """What each manager's team earned of the components on which team_overrides are paid, by the reporting line as of
    each period's end, from earnings that are known already."""
    wanted = [(c.name, c.team) for c in prepared.plan.components if c.team is not None and c.team.base == "commission"]
    positions = {period.id: i for i, period in enumerate(prepared.periods)}
    found: dict[tuple[int, str, int], Number] = defaultdict(lambda: ZERO)
    for earning in earnings:
        for name, team in wanted:
            if team is None or earning.component != team.name or earning.amount == 0:
                continue
            position = positions[earning.period]
            for manager in prepared.people.chain(earning.assignment, prepared.periods[position].end - 1, team.levels):
                found[manager, name, position] = exact.add(found[manager, name, position], earning.amount)
    return dict(found)
