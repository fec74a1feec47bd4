"""Accumulators over a change of plan version, plan or seat: which days before it count, and the totals with what was paid for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from incentives.engine.chain import ChainPart, Key, chain_of, prior_pay
from incentives.engine.contracts import Enrolment, LeadIn, Period
from incentives.engine.crossing import crosses, crossing
from incentives.engine.plan import CompiledPlan
from incentives.engine.prepare import rolling_periods, window_label
from incentives.engine.results import PriorPay, Totals

if TYPE_CHECKING:
    from incentives.engine.earn import Crossing
    from incentives.inputs import VersionInputs


@dataclass(frozen=True)
class Held:
    """A seat under a plan version over `[start, end)`; those before the change and those after it alike."""

    version: int
    plan: int
    payee: int
    seat: int
    start: int
    end: int


@dataclass(frozen=True)
class Lead:
    """Lead-ins of a version's seats, and the seats beside them (see `Inputs`)."""

    lead_ins: tuple[LeadIn, ...] = ()
    beside: tuple[Enrolment, ...] = ()


def held_by_payee(held: Iterable[Held]) -> dict[int, list[Held]]:
    """What is held by each payee."""
    found: dict[int, list[Held]] = defaultdict(list)
    for item in held:
        found[item.payee].append(item)
    return found


def lead_of(version: int, plan: CompiledPlan, periods: Sequence[Period], held: Mapping[int, Sequence[Held]], payees: Iterable[int] | None = None) -> Lead:
    """The days before its own that a version's measures count, by seat. held: by payee, under all versions of the run; payees: those under
    the version (None: to be found among them).

    Counted are days under another version of the plan, under a plan that the seat has left, and in a seat whose heir this one is;
    days under no plan, and under one that goes on beside it, are not.
    """
    if not plan.carried:
        return Lead()
    leads: list[LeadIn] = []
    beside: set[tuple[int, int, int]] = set()
    for payee in sorted(held if payees is None else payees):
        mine = held[payee]
        if len(mine) == 1:
            continue
        lineage = _lineages(mine)
        for own in (item for item in mine if item.version == version):
            first = window_start(plan.carried, periods, own.start)
            seats = lineage[own.seat]
            for other in mine:
                if other.seat in seats and (other.version, other.seat) != (version, own.seat) and other.end <= own.start and first < other.end:
                    if other.plan != own.plan and not _left(other, own, seats, mine):
                        continue
                    leads.append(LeadIn(own.seat, max(first, other.start), other.end, other.seat, other.version))
            for other in mine:
                if other.seat not in seats and other.start < own.start and first < other.end:
                    beside.add((other.seat, max(first, other.start), min(other.end, own.start)))
    led = {item.assignment for item in leads}
    return Lead(tuple(dict.fromkeys(leads)), tuple(Enrolment(*item) for item in sorted(beside) if item[0] not in led))


def _left(other: Held, own: Held, seats: frozenset[int], mine: Sequence[Held]) -> bool:
    """Has the payee come to this plan from the other one? Not where this plan was in force beside it, or the other one goes on."""
    for item in mine:
        if item.seat not in seats:
            continue
        if item.plan == own.plan and item.start < other.end and other.start < item.end:
            return False
        if item.plan == other.plan and item.start <= own.start < item.end:
            return False
    return True


def _lineages(held: Sequence[Held]) -> dict[int, frozenset[int]]:
    """Seat -> itself and the seats that the payee left for it: of those that begin after a seat ended, the first one."""
    starts = {seat: min(item.start for item in held if item.seat == seat) for seat in {item.seat for item in held}}
    ends = {seat: max(item.end for item in held if item.seat == seat) for seat in starts}
    before: dict[int, set[int]] = defaultdict(set)
    for seat in starts:
        heirs = [(starts[other], other) for other in starts if other != seat and starts[other] >= ends[seat]]
        if heirs:
            before[min(heirs)[1]].add(seat)
    found = {}
    for seat in starts:
        line, todo = {seat}, [seat]
        while todo:
            fresh = before[todo.pop()] - line
            line |= fresh
            todo += fresh
        found[seat] = frozenset(line)
    return found


def window_start(overs: Iterable[str], periods: Sequence[Period], day: int) -> int:
    """The first day of the earliest of the windows to which a day belongs."""
    at = next((i for i, period in enumerate(periods) if period.start <= day < period.end), None)
    if at is None:
        return day
    starts = [day]
    for over in overs:
        rolling = rolling_periods(over)
        if rolling:
            starts.append(periods[max(0, at + 1 - rolling)].start)
        else:
            label = window_label(periods[at], over)
            starts.append(min(period.start for period in periods if window_label(period, over) == label))
    return min(starts)


class CarriedTotals:
    """Totals of plan versions, those of versions that carry with what was paid before the change.

    team_pay: what pay takes from others, by version, where it is known already; else it is computed from everybody's totals.
    """

    def __init__(
        self, versions: Sequence[VersionInputs], totals_of: Callable[[VersionInputs], Totals], team_pay: Mapping[int, Crossing | None] | None = None
    ) -> None:
        self._versions = {version.id: version for version in versions}
        self._team_pay = team_pay
        self._totals_of = totals_of
        self._plain: dict[int, Totals] = {}

    def of(self, version: VersionInputs, seats: Collection[int]) -> Totals:
        """The totals of a version, complete for these seats and for those whose figures their pay takes."""
        totals = self._bare(version.id)
        led = version.prepared.led
        wanted = [(version.id, seat) for seat in seats_needed(version, seats) if seat in led] if led else []
        return replace(totals, prior=self._prior(wanted).get(version.id, ())) if wanted else totals

    def _bare(self, version: int) -> Totals:
        if version not in self._plain:
            self._plain[version] = self._totals_of(self._versions[version])
        return self._plain[version]

    def _prior(self, wanted: Sequence[Key]) -> dict[int, tuple[PriorPay, ...]]:
        pays = self._team_pay or {}
        prepared = {one: version.prepared for one, version in self._versions.items()}
        chain = chain_of(prepared, wanted)
        parts = {one: ChainPart(prepared[one], self._bare(one), pays.get(one)) for one in sorted({of for of, _ in chain})}
        late = [one for one in parts if crosses(parts[one].prepared)] if self._team_pay is None else []
        # Once without what crosses between payees, to know it, then with it.
        crossed: dict[int, Crossing] = {}
        for one in late:
            needed = seats_needed(self._versions[one], [seat for of, seat in chain if of == one])
            led = [(one, seat) for seat in needed if seat in parts[one].prepared.led]
            below = sorted({of for of, _ in chain_of(prepared, led)})
            prior = prior_pay({of: ChainPart(prepared[of], self._bare(of)) for of in below}, led).get(one, ())
            crossed[one] = crossing(parts[one].prepared, replace(parts[one].totals, prior=prior), needed)
        return prior_pay({one: replace(part, team_pay=crossed.get(one, part.team_pay)) for one, part in parts.items()}, wanted)


def seats_needed(version: VersionInputs, seats: Collection[int]) -> list[int]:
    """These seats and those whose figures their pay under a version takes: their teams where it pays on commission, all who compete
    where it compares."""
    if not crosses(version.prepared):
        return sorted(seats)
    if version.compiled.peers:
        return sorted(version.paid)
    members: dict[int, set[int]] = defaultdict(set)
    for line in version.prepared.inputs.people.reporting:
        members[line.manager].add(line.assignment)
    todo, needed = list(seats), set(seats)
    while todo:
        fresh = members[todo.pop()] - needed
        needed |= fresh
        todo += fresh
    return sorted(needed)


__all__ = ["CarriedTotals", "Held", "Lead", "held_by_payee", "lead_of", "seats_needed", "window_start"]
