"""What earlier plan versions and seats paid of a window that carries over a change: computed in order of time, version after version.

A change splits a payee's window among several (plan version, assignment), each of which pays its own days. A component that carries
takes what those before it paid from what is due, so they are computed first: period by period, by the last day of each part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .contracts import LeadIn
from .conversions import conversion_day
from .earn import Crossing, UnitRun, totals_matrix
from .prepare import Prepared
from .results import PriorPay, Totals
from .rounding import round_number

Key = tuple[int, int]
"""(plan version, assignment)"""


@dataclass(frozen=True)
class ChainPart:
    """One plan version of a chain, its totals, and what its pay takes from others (None: components that do are left out)."""

    prepared: Prepared
    totals: Totals
    team_pay: Crossing | None = None


def chain_of(parts: Mapping[int, Prepared], wanted: Iterable[Key]) -> dict[Key, list[LeadIn]]:
    """The lead-ins of (plan version, assignment) that were wanted, and of all before them."""
    found: dict[Key, list[LeadIn]] = {}
    todo = list(wanted)
    while todo:
        version, assignment = todo.pop()
        if (version, assignment) in found or version not in parts:
            continue
        prepared = parts[version]
        carries = any(component.on_change == "carry" for component in prepared.plan.components)
        found[version, assignment] = [item for item in prepared.inputs.lead_ins if item.assignment == assignment] if carries else []
        todo += [(item.version, item.before) for item in found[version, assignment]]
    return found


def prior_pay(parts: Mapping[int, ChainPart], wanted: Iterable[Key]) -> dict[int, tuple[PriorPay, ...]]:
    """By plan version: what was earned before its assignments came under it, for the (version, assignment) that were wanted."""
    chain = chain_of({version: part.prepared for version, part in parts.items()}, wanted)
    prior: dict[Key, list[PriorPay]] = {key: [] for key in chain}
    after: dict[Key, list[tuple[Key, LeadIn]]] = defaultdict(list)
    for key, leads in chain.items():
        for item in leads:
            after[item.version, item.before].append((key, item))
            prior[key] += _missing(parts, key, item)
    steps: list[tuple[int, int, Key, UnitRun, Any]] = []
    matrices = {version: totals_matrix(part.prepared, part.totals, [seat for of, seat in chain if of == version]) for version, part in parts.items()}
    for key in sorted(chain):
        version, seat = key
        part = parts[version]
        unit = part.prepared.people.unit_of[seat]
        for block in range(max(1, len(part.prepared.plan.currencies))):
            run = UnitRun(part.prepared, part.totals, unit, matrices[version].get(seat), part.team_pay, False, currency=block)
            run.prior = prior[key]
            steps += [(step[2], len(steps) + i, key, run, step) for i, step in enumerate(run.steps())]
    for day, _, key, run, step in sorted(steps, key=lambda item: item[:2]):
        record = run.step(*step)
        currency = run.currency or run.plan.currency
        for later, item in after[key]:
            if item.start <= day < item.end:
                earned = [PriorPay(item.assignment, name, currency, day, amount) for name, amount in record.earned.items()]
                prior[later] += [prior_converted(parts[later[0]].prepared, one, item.end) for one in earned]
    found: dict[int, list[PriorPay]] = defaultdict(list)
    for (version, _), items in sorted(prior.items()):
        found[version] += items
    return {version: tuple(items) for version, items in found.items() if items}


def prior_converted(prepared: Prepared, paid: PriorPay, change: int) -> PriorPay:
    """What was paid in another currency, in the plan's by its `conversions: carried` as of the change (the first day under the plan); as it is
    where none is stated or no rate is known, which is an exception of those who need it."""
    plan = prepared.plan
    conversion, position = plan.conversions.get("carried"), prepared.position_of(change)
    if conversion is None or position is None or paid.amount is None or paid.currency in (plan.currency, *plan.currencies):
        return paid
    value = prepared.fx.fx_rate(conversion.rate_type, paid.currency, plan.currency, conversion_day(prepared, conversion, change, position))
    if value is None:
        return paid
    amount = round_number(Fraction(paid.amount) * value, conversion.rounding.places, conversion.rounding.mode)
    return paid._replace(currency=plan.currency, amount=amount)


def _missing(parts: Mapping[int, ChainPart], key: Key, item: LeadIn) -> list[PriorPay]:
    """Components that carry and that the version before does not have: what it paid for them cannot be known."""
    plan = parts[key[0]].prepared.plan
    before = parts.get(item.version)
    known = {component.name for component in before.prepared.plan.components} if before is not None else set()
    lost = [c.name for c in plan.components if c.on_change == "carry" and c.name not in known]
    return [PriorPay(item.assignment, name, plan.currency, item.end - 1, None) for name in lost]
