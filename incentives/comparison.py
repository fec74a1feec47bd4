"""Computes two plan versions on the same chunks of facts, in memory; writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from incentives.chunking import CHUNK, chunk_bounds, version_facts
from incentives.engine.compare import Comparison, Earned, compare
from incentives.engine.contracts import NOBODY, Totals, day_number
from incentives.engine.measure import chunk_compute, totals_merge
from incentives.engine.run import outcome_of
from incentives.fx import facts_converted
from incentives.inputs import Instead, RunInputs, VersionInputs
from incentives.loaders import ChangeNumbers, facts_load, scale_needed
from incentives.models import PlanVersion


@dataclass
class Tried:
    """One version over the time in question."""

    inputs: RunInputs
    version: VersionInputs
    parts: list[Totals] = field(default_factory=list)
    uncredited: int = 0


@dataclass(frozen=True)
class Compared:
    """The comparison, and beside it what each plan left over: people with an exception, orders that no rule credited."""

    comparison: Comparison
    issues: tuple[int, int]
    uncredited: tuple[int, int]
    orders: int


def versions_compare(
    *, first: PlanVersion, second: PlanVersion, start: dt.date, end: dt.date, known_number: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Compared:
    """Both versions on the seats under the first one's plan, for the periods that begin in [start, end). Needs the scope.

    Each order is read once. Raises InputError where an amount cannot be read and LookupError where nobody is under the plan then.
    """
    seats_of, last = first.plan_id, end - dt.timedelta(days=1)
    tried = []
    for version in (first, second):
        span = Instead(version, seats_of, day_number(start), day_number(end))
        inputs = RunInputs(number=known_number, business_date=last, instead=span)
        if not inputs.versions:
            raise LookupError(version.plan.code)
        tried.append(Tried(inputs, inputs.versions[0]))
    known, scale, orders = ChangeNumbers.up_to(known_number), scale_needed(after=0), 0
    bounds = chunk_bounds(list(tried[0].inputs.payees), CHUNK)
    for number, (low, high) in enumerate(bounds):
        loaded = facts_load(low=low, high=high, known=known, amount_scale=scale)
        orders += len(loaded.facts)
        payees = [NOBODY] if low is None or high is None else [payee for payee in tried[0].inputs.payees if low <= payee <= high]
        for one in tried:
            mine = payees if payees == [NOBODY] else [payee for payee in payees if payee in one.version.enrolled]
            if not mine:
                continue
            facts, splits = version_facts(one.version, loaded.facts, loaded.splits, mine, whole=len(mine) == len(payees))
            facts, unpriced = facts_converted(one.inputs, one.version, facts)
            result = chunk_compute(one.version.prepared, facts, splits, mine)
            one.parts.append(result.totals)
            one.uncredited += len(result.uncredited) + len(unpriced) if payees != [NOBODY] else 0
        progress(number + 1, len(bounds))
    return _compared(tried, start, end, orders)


def _compared(tried: list[Tried], start: dt.date, end: dt.date, orders: int) -> Compared:
    earned: list[list[Earned]] = []
    attained: list[dict[tuple[int, str], Decimal]] = []
    issues = []
    order: dict[str, None] = {}
    components: dict[str, None] = {}
    for one in tried:
        shown = {p.id: p.key for p in one.version.periods if day_number(start) <= p.start < day_number(end)}
        order.update(dict.fromkeys(shown.values()))
        components.update(dict.fromkeys(component.name for component in one.version.compiled.components))
        outcome = outcome_of(one.version.prepared, totals_merge(one.parts))
        paid = one.version.paid
        earned.append([Earned(e.payee, e.component, shown[e.period], e.amount) for e in outcome.earnings if e.period in shown and e.assignment in paid])
        attained.append(_attained(one.version, outcome.figures, shown))
        issues.append(len({(i.payee, i.component) for i in outcome.issues if i.period in shown and i.assignment in paid}))
    people = {tried[0].inputs.seats[seat][0] for seat in tried[0].version.paid}
    comparison = compare(earned[0], earned[1], payees=people, periods=list(order), components=list(components), attainment=(attained[0], attained[1]))
    return Compared(comparison, (issues[0], issues[1]), (tried[0].uncredited, tried[1].uncredited), orders)


def _attained(version: VersionInputs, figures: tuple, shown: dict[int, str]) -> dict[tuple[int, str], Decimal]:
    """The first attainment of the plan at the end of each of its windows, by (seat, window)."""
    if not version.compiled.attainments:
        return {}
    name = version.compiled.attainments[0].name
    quota = next(q for q in version.compiled.quotas if q.name == version.compiled.attainments[0].quota)
    window = {p.id: {"quarter": p.quarter, "year": p.year}.get(quota.over, p.key) for p in version.periods}
    found: dict[tuple[int, str], Decimal] = {}
    for figure in figures:  # ascending by period: the last of a window stays
        if figure.name == name and figure.value is not None and figure.period in shown and figure.assignment in version.paid:
            found[figure.assignment, window[figure.period]] = figure.value
    return found
