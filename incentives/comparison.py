"""Computes two plan versions on the same chunks of facts, in memory; writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from incentives.additive import formulas_of_lines
from incentives.chunking import CHUNK, Computed, chunks_of, line_needs, version_compute
from incentives.engine.compare import Comparison, Earned, compare
from incentives.engine.contracts import NOBODY, day_number, day_text
from incentives.engine.errors import InputError
from incentives.engine.formula_walk import walk
from incentives.engine.measure import totals_merge
from incentives.engine.results import Totals
from incentives.engine.rounding import round_number
from incentives.engine.run import outcome_of
from incentives.fx import RATE_TYPES, table_of
from incentives.inputs import Instead, RunInputs, VersionInputs
from incentives.loaders import LoadedFacts, facts_load, scale_needed
from incentives.models import PlanVersion
from incentives.reading import ChangeNumbers

# All of a plan that crediting and measuring read, but for the tables that its formulas of lines name.
_MEASURING = (
    "reads", "contract_years", "currency", "currencies", "calendar", "rounding", "exclusions", "credits", "measures", "rollups", "code_columns",
    "number_columns", "conversions",
)  # fmt: skip


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
    tried = tuple(Instead(version, first.plan_id, day_number(start), day_number(end)) for version in (first, second))
    inputs = RunInputs(number=known_number, business_date=end - dt.timedelta(days=1), instead=tried)
    if len(inputs.versions) < len(tried):
        raise LookupError(first.plan.code)
    parts: list[list[Totals]] = [[] for _ in tried]
    uncredited = [0 for _ in tried]
    known, scale, orders = ChangeNumbers.up_to(known_number), scale_needed(after=0), 0
    if inputs.line_needs is not None:
        scale = max(scale, scale_needed(after=0, lines=True))
    chunks, alike = chunks_of(inputs, CHUNK), measured_alike(*inputs.versions)
    for done, payees in enumerate(chunks, start=1):
        loaded = facts_load(payees=payees, known=known, amount_scale=scale, lines=line_needs(inputs, payees))
        orders += len(loaded.facts)
        computed: Computed | None = None
        for n, version in enumerate(inputs.versions):
            computed = computed if n and alike else version_compute(inputs, version, loaded, payees)
            if computed is not None:
                parts[n].append(computed.result.totals)
                # What nobody owns is left over under any plan.
                uncredited[n] += orders_left(version, loaded, computed) if payees != [NOBODY] else 0
        progress(done, len(chunks))
    return _compared(inputs, parts, uncredited, start, end, orders)


def measured_alike(one: VersionInputs, other: VersionInputs) -> bool:
    """Whether two versions credit and measure the same: they differ in what they pay for it at most, as drafts of one plan often do.
    Then each order is credited once."""
    plans = (one.compiled, other.compiled)
    if any(getattr(plans[0], name) != getattr(plans[1], name) for name in _MEASURING):
        return False
    sides = (one.inputs.people.enrolments, one.coverage, one.periods, one.led), (other.inputs.people.enrolments, other.coverage, other.periods, other.led)
    if sides[0] != sides[1] or one.led:
        return False
    named = {node.value for formula in formulas_of_lines(plans[0]) for node in walk(formula) if isinstance(node.value, str)}
    return all(plans[0].tables[name] == plans[1].tables.get(name) for name in named & plans[0].tables.keys())


def orders_left(version: VersionInputs, loaded: LoadedFacts, computed: Computed) -> int:
    """How many orders a version leaves uncredited, in whole or in part."""
    if version.compiled.reads == "orders":
        return len(computed.uncredited)
    return len({(order, item.payee) for order, item in zip(loaded.orders_of(computed.uncredited), computed.uncredited, strict=True)})


def _compared(inputs: RunInputs, parts: list[list[Totals]], uncredited: list[int], start: dt.date, end: dt.date, orders: int) -> Compared:
    earned: list[list[Earned]] = []
    attained: list[dict[tuple[int, str], Decimal]] = []
    issues = []
    order: dict[str, None] = {}
    components: dict[str, None] = {}
    for version, totals in zip(inputs.versions, parts, strict=True):
        shown = {p.id: p.key for p in version.periods if day_number(start) <= p.start < day_number(end)}
        order.update(dict.fromkeys(shown.values()))
        components.update(dict.fromkeys(component.name for component in version.compiled.components))
        outcome = outcome_of(version.prepared, totals_merge(totals))
        paid = version.paid
        ends = {p.id: p.end for p in version.periods}
        earned.append([
            Earned(e.payee, e.component, shown[e.period], _converted(inputs, version, e.currency, e.amount, ends[e.period] - 1))
            for e in outcome.earnings if e.period in shown and e.assignment in paid
        ])  # fmt: skip
        attained.append(_attained(version, outcome.figures, shown))
        issues.append(len({(i.payee, i.component) for i in outcome.issues if i.period in shown and i.assignment in paid}))
    people = {inputs.seats[seat][0] for seat in inputs.versions[0].paid}
    comparison = compare(earned[0], earned[1], payees=people, periods=list(order), components=list(components), attainment=(attained[0], attained[1]))
    return Compared(comparison, (issues[0], issues[1]), (uncredited[0], uncredited[1]), orders)


def _converted(inputs: RunInputs, version: VersionInputs, currency: str, amount: Decimal, day: int) -> Decimal:
    """What a plan earns apart in another currency, in its own, at the rate of the period's last day (plan rates, else the daily ones),
    half up at the plan's places: sums of two currencies are no sum. Raises InputError without a rate."""
    if not currency or not amount:
        return amount
    plan = version.compiled
    fx_rate = table_of(inputs, plan.currency, RATE_TYPES).fx_rate(currency, day)
    if fx_rate is None:
        raise InputError(
            f"plan {version.plan_code} earns in {currency}: there is no rate of type {' or '.join(RATE_TYPES)} into {plan.currency} on {day_text(day)}; "
            "import one to compare its cost"
        )
    return round_number(Fraction(amount) * fx_rate, plan.rounding.places, "half_up")


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
