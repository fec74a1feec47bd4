"""A compiled plan: the checked document in the shape in which the stages read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .contract_years import ContractYears
from .exact import Number
from .grid import AnyTable
from .payment import PaymentTerms
from .period_formula import Formula
from .proration import Holiday, Proration, Ramp
from .rounding import minor_units
from .syntax import Node

LINE_CODES = ("category", "subcategory", "status", "part", "contract")
LINE_MONEY = ("unit_price", "cost", "tcv", "acv", "arr_change")
LINE_NUMBERS = ("unit_price", "cost", "tcv", "acv", "arr_change", "service_days")
"""Of plans that read order lines. part: line, difference (between an order and its lines), order (one without lines)."""


@dataclass(frozen=True)
class Rounding:
    """Places and mode."""

    places: int
    mode: str


@dataclass(frozen=True)
class Conversion:
    """One of the plan's conversions: rate type, day, target and rounding (own: stated in the plan)."""

    rate_type: str
    as_of: str
    rounding: Rounding
    to: str = ""
    own_places: bool = False

    def rounding_for(self, currency: str) -> Rounding:
        """Places of the target's minor unit unless the plan states them."""
        return self.rounding if self.own_places else Rounding(minor_units(currency), self.rounding.mode)


@dataclass(frozen=True)
class CreditRule:
    """Credits lines to the owner or the split's participants."""

    name: str
    to: str
    where: Node | None
    amount: Node | None
    quota_amount: Node | None
    rounding: Rounding | None
    roles: tuple[str, ...] | None
    must_total: bool
    choose: str = ""
    """Of the rules of one such group only one credits an object: the first by priority, then by number of conditions."""
    priority: int = 0
    specificity: int = 0
    within: tuple[str, ...] = ()
    """The categories that its condition names by the tree."""


@dataclass(frozen=True)
class Rollup:
    """Passes a member's own total of measure `source` on to managers' measure `target`."""

    source: int
    target: int
    as_of: str
    levels: str
    relation: str = ""
    """Name of the relation along which it is passed; "": the reporting line."""


@dataclass(frozen=True)
class Measure:
    """A sum or count over credited lines, per assignment and period. hidden: made by the compiler."""

    name: str
    label: str
    rules: tuple[str, ...]
    aggregate: str
    value: Node | None
    where: Node | None
    over: str = "period"
    hidden: bool = False
    rounding: Rounding | None = None
    """Rounds each line's value."""
    on_change: str = "restart"
    """What a change of plan version, plan or seat within the window does: carry, restart or prorate."""


@dataclass(frozen=True)
class QuotaSpec:
    """A quota that the plan reads as quota.NAME."""

    name: str
    over: str
    prorate: str
    on_change: str = "restart"
    """prorate: of the days under the version alone."""
    ramp: str = ""
    """The ramp by whose share it is multiplied."""


@dataclass(frozen=True)
class KpiSpec:
    """A figure of the record that no transaction tells, read as kpi.NAME over a window to date."""

    name: str
    kpi: str
    """How the record names it."""
    read: str
    """last, first, sum, average, highest, lowest."""
    over: str
    default: Number | None = None
    minimum: Number | None = None
    maximum: Number | None = None


@dataclass(frozen=True)
class AttributeSpec:
    """A dated number of the assignment, read as attr.NAME: on the last or first day, or weighed by calendar days over a
    window (`rounding`: of each part)."""

    name: str
    default: Number | None
    minimum: Number | None = None
    maximum: Number | None = None
    read: str = "last_day"
    over: str = "period"
    rounding: Rounding | None = None


@dataclass(frozen=True)
class AttainmentSpec:
    """measure / quota.NAME; `when_zero` stands for a quota of zero or none (None: undefined)."""

    name: str
    label: str
    measure: str
    quota: str
    when_zero: Number | None
    at_least: str = ""
    """The ramp whose share it is at least."""


@dataclass(frozen=True)
class ValueSpec:
    """A named formula. late: it reads what crosses between payees."""

    name: str
    label: str
    formula: Formula
    text: str
    late: bool = False


@dataclass(frozen=True)
class PeerSpec:
    """A comparison between the payees under the plan: rank.NAME, tied.NAME, peers.NAME, total.NAME."""

    name: str
    label: str
    of: Formula
    among: Formula | None
    within: Formula | None
    highest_first: bool
    pays: frozenset[str] = frozenset()
    """Components whose pay it reads."""


@dataclass(frozen=True)
class Pool:
    """An amount for all participants of a comparison, divided by their values."""

    component: str
    peers: int
    amount: Formula
    rounding: Rounding


@dataclass(frozen=True)
class Allocation:
    """Gives the component's pay back to lines in proportion to the hidden measure `weights`."""

    weights: int
    rounding: Rounding


@dataclass(frozen=True)
class TeamBase:
    """What `team` is in a team_override: a rolled-up measure, or the team's earnings of a component."""

    base: str
    name: str
    as_of: str
    levels: str
    measure: int | None = None


@dataclass(frozen=True)
class PayRate:
    """How the base becomes pay: flat, or a table in one of its modes."""

    kind: str
    flat: Formula | None = None
    table: str = ""
    by: Formula | None = None
    scale: Formula | None = None
    rounding: Rounding | None = None
    """Rounds each slice."""


@dataclass(frozen=True)
class Clawback:
    """Share of a deal's pay that a return takes back, by days since the end of the earning period; in equal instalments."""

    table: str
    instalments: int
    rounding: Rounding


ORDER = ("multiply", "floor", "cap", "share")
"""The steps between base x pay_rate and rounding, as far as a component does not say otherwise."""


@dataclass(frozen=True)
class Component:
    """One thing that is paid. Exactly one of (base, pay_rate) and formula is set; a per_line component's formula
    reads the hidden measure `line_measure`."""

    name: str
    label: str
    rounding: Rounding
    settle: str
    when_undefined: str
    gate: Formula | None = None
    base: Formula | None = None
    pay_rate: PayRate | None = None
    formula: Formula | None = None
    multiply: tuple[tuple[str, Formula], ...] = ()
    floor: Formula | None = None
    cap: Formula | None = None
    team: TeamBase | None = None
    base_measure: int | None = None
    """The measure that the base simply is, if it is one: its lines can then be given their part of the pay."""
    line_measure: int | None = None
    late: bool = False
    """Needs the team's commission, so it is computed after everybody's other components."""
    pool: Pool | None = None
    allocation: Allocation | None = None
    added: bool = False
    """Multipliers are added: what each is above 1 is summed."""
    share: Formula | None = None
    order: tuple[str, ...] = ORDER
    paid: bool = True
    """False: evaluated and shown, not paid."""
    on_change: str = "restart"
    """carry: what an earlier version or seat paid for the window settled counts as paid. prorate: fixed bounds by the covered share."""
    bounds_over: str = ""
    """The window by whose covered share the bounds of its table are prorated."""
    proration: Proration | None = None
    unit: str = ""
    """What a reward that is not money is counted in."""
    hidden: bool = False
    """Evaluated for administrators alone: not paid, not shown to payees."""
    texts: dict[str, str] = field(default_factory=dict)
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CompiledPlan:
    """The plan as the stages read it. `digest` is the SHA-256 of the canonical document."""

    key: str
    title: str
    reads: str
    """orders, or order_lines."""
    currency: str
    rounding: Rounding
    calendar: str
    exclusions: tuple[tuple[str, Node], ...]
    credits: tuple[CreditRule, ...]
    measures: tuple[Measure, ...]
    rollups: tuple[Rollup, ...]
    quotas: tuple[QuotaSpec, ...]
    attributes: tuple[AttributeSpec, ...]
    kpis: tuple[KpiSpec, ...]
    ramps: tuple[Ramp, ...]
    holidays: tuple[Holiday, ...]
    holidays_of: str
    """Whose holidays count: plan, calendar (the company's), or both."""
    attainments: tuple[AttainmentSpec, ...]
    values: tuple[ValueSpec, ...]
    terms: PaymentTerms
    clawback: Clawback | None
    peers: tuple[PeerSpec, ...]
    components: tuple[Component, ...]
    tables: dict[str, AnyTable]
    code_columns: frozenset[str]
    number_columns: frozenset[str]
    conversions: dict[str, Conversion]
    currencies: tuple[str, ...]
    """Currencies in which the plan earns apart, its own first; empty: in its own alone. The measures of the second and
    further ones follow those of the first, in the same order."""
    document: dict[str, Any]
    digest: str
    contract_years: ContractYears | None = None
    """Lines of contracts over several years are credited year by year; None: whole, on the order's day."""

    reads_categories: bool = False
    """Does it ask what lies within a category of the tree?"""

    @property
    def engine(self) -> int:
        """The semantics that the document names."""
        return int(self.document["engine"])

    @property
    def grain(self) -> str | ContractYears:
        """What is credited one by one: orders, order_lines, or the years of lines."""
        return self.contract_years or self.reads

    def measure_index(self, name: str) -> int:
        """Position of a measure by name."""
        for i, measure in enumerate(self.measures):
            if measure.name == name:
                return i
        raise KeyError(name)

    @property
    def block(self) -> int:
        """How many measures each currency has."""
        return len(self.measures) // max(1, len(self.currencies))

    @property
    def carried(self) -> frozenset[str]:
        """The windows whose measures carry over a change of plan version, plan or seat; empty: none does."""
        return frozenset(measure.over for measure in self.measures if measure.on_change == "carry")

    @cached_property
    def prorated(self) -> tuple[str, ...]:
        """The windows whose covered share its components read."""
        prorating = [component for component in self.components if component.on_change == "prorate"]
        return tuple(sorted({over for component in prorating for over in (component.settle, component.bounds_over) if over}))

    @property
    def reads_employment(self) -> bool:
        """Does it ask when people were hired, on leave or under notice?"""
        prorated = any(c.proration is not None and (not c.proration.leave or c.proration.leave_out) for c in self.components)
        return prorated or bool(self.terms.paused) or any(ramp.since == "hire" for ramp in self.ramps)

    def credit_order(self, depth: Callable[[str], int]) -> list[CreditRule]:
        """The rules in the order in which they take objects. depth: of a category in the tree."""

        def key(rule: CreditRule) -> tuple[int, int, int]:
            return (-rule.priority, -rule.specificity, -max(map(depth, rule.within), default=0)) if rule.choose else (0, 0, 0)

        return sorted(self.credits, key=key)

    @property
    def cash(self) -> frozenset[str]:
        """Components that are paid, in money."""
        return frozenset(c.name for c in self.components if c.paid and not c.unit)

    @property
    def needs_team_cells(self) -> bool:
        """Must totals be cut where a reporting line changes?"""
        return any(rollup.as_of == "event" and not rollup.relation for rollup in self.rollups)
