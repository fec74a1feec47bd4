"""What the engine answers: totals of chunks, earnings and figures, what was not credited and why, and rows for the ledger.

The conventions of `contracts` (dates, ids, exact amounts) hold here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy.typing as npt

from .contracts import IntColumn


@dataclass(frozen=True)
class ExclusionCount:
    """How many objects a named exclusion took, and their amount at source scale."""

    name: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Uncredited:
    """An object, or what a rule gave of it, that nobody is credited with and no exclusion explains. `amount` is at source scale.

    reason: no_owner, no_rule, no_assignment, split_total, outside_calendar, no_fx_rate, not_stated (a figure that the rule
    reads and the source does not give), line_currency. is_part: the rest of the object is credited or explained.
    """

    object_id: int
    payee: int
    event_date: int
    amount: Decimal
    reason: str
    is_part: bool = False


class TeamRow(NamedTuple):
    """What `member` (an assignment) contributes to a manager's measure in a period, as an integer over the
    measure's denominator."""

    manager: int
    measure: int
    period: int
    member: int
    amount: int


class PriorPay(NamedTuple):
    """What was earned of a component before an assignment came under this plan version, up to and including `day`.
    amount None: the version before has no component of that name."""

    assignment: int
    component: str
    currency: str
    day: int
    amount: Decimal | Fraction | None


@dataclass(frozen=True)
class Totals:
    """Measures per assignment and period: `own[i, m, p]` is assignment i's own total of measure m in period p, as
    an integer over `denominators[m]`; the team's contributions stand apart. Sums of chunks are sums of integers, so
    neither chunking nor row order can change them (`measure.totals_merge`)."""

    assignments: IntColumn
    own: npt.NDArray[Any]
    denominators: tuple[int, ...]
    team: tuple[TeamRow, ...] = ()
    prior: tuple[PriorPay, ...] = ()
    """What earlier plan versions and seats paid, for components that carry (`chain.prior_pay`)."""


@dataclass(frozen=True)
class ChunkResult:
    """What one chunk of payees yields."""

    totals: Totals
    exclusions: tuple[ExclusionCount, ...]
    uncredited: tuple[Uncredited, ...]
    credited_objects: int
    credited_amount: Mapping[str, Decimal]
    """Sum of pay credits by crediting rule, after rounding at credit."""
    credited_sums: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The same exactly: numerator and denominator."""


class Earning(NamedTuple):
    """What an assignment earned by itself of a component in a period (0 included), rounded as the plan says."""

    payee: int
    assignment: int
    component: str
    period: int
    amount: Decimal
    currency: str = ""
    """Where the plan earns in several currencies apart; "": in the plan's."""


class Figure(NamedTuple):
    """A measure, attainment or named value of an assignment in a period. value: exact, or to 12 decimals
    where a quotient does not end; None: undefined (quota zero or missing)."""

    payee: int
    assignment: int
    name: str
    period: int
    value: Decimal | None


class Issue(NamedTuple):
    """A named exception on one payee that stops no other: the component earned nothing and says why."""

    payee: int
    assignment: int
    component: str
    period: int
    cause: str


@dataclass(frozen=True)
class Outcome:
    """Earnings, figures and exceptions, ascending by (assignment, period, plan order)."""

    earnings: tuple[Earning, ...]
    figures: tuple[Figure, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """A whole run of one plan over all payees."""

    outcome: Outcome
    totals: Totals
    exclusions: tuple[ExclusionCount, ...]
    uncredited: tuple[Uncredited, ...]
    credited_objects: int
    credited_amount: Mapping[str, Decimal]


CAUSES = ("plan", "engine", "people", "hierarchy", "quota", "pay_rate", "fx_rate", "crediting", "data", "manual")
"""Why an amount changes, in the published order of substitution (docs/calculation.md)."""


class EarningKey(NamedTuple):
    """domain.md's ledger key without tenant and pay period: what an amount is for."""

    payee: int
    assignment: int
    plan_version: int
    component: str
    earning_period: int
    currency: str
    legal_entity: str = ""


class LedgerPost(NamedTuple):
    """One row to append. `amount` is a signed integer at `scale` decimals (the plan's rounding places, normally the
    currency's minor unit). verb: earned for the first post of a key, adjusted for a later difference, reversed for
    one that takes a key back to zero. `cause` is one of `CAUSES`."""

    key: EarningKey
    pay_period: int
    amount: int
    scale: int
    verb: str
    cause: str
