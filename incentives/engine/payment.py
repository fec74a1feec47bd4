"""Stage payment: what is earned -> what each pay period pays. Holds and instalments by component; draws, recovery, carried
balances and the maximum by payee.

An entry's amount is its effect on the pay period: held is negative, released positive, drawn and advanced positive, recovered
negative. What a period pays is the sum of its entries; a balance is minus the sum of the entries that made it. Positions
count the pay periods of the calendar from 0. All amounts are exact Decimals in one currency.

Closed positions are facts: what is posted in them stays and enters the balances; targets are made for open ones only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from .leavers import LeaverRow
from .rounding import round_number

ZERO = Decimal(0)

CARRY_IN, CARRY_OUT, MAXIMUM, NEGATIVE = "@carried_in", "@carried_out", "@maximum", "@negative"
CLAW_IN, CLAW_OUT = "@clawback_in", "@clawback_out"
OFFSET, BILLED, FORGIVEN, WRITTEN_OFF = "@offset", "@billed", "@forgiven", "@written_off"
MOVED, CONVERTED = "@moved", "@converted"
"""Components of entries that belong to no component of the plan; those of draws are "@" and the draw's name. `OFFSET` and
`MOVED` are followed by ":" and the code of the other plan."""

RECOVERY = ("clawback", "carried", "draws", "maximum")
"""What an order of recovery puts in order: clawback, negative balances carried, draws and advances, and the cut at the maximum."""
ROLLS = ("carry", "forgive", "write_off", "bill")
"""What may become of a debt when a plan year ends."""

PAYMENT_VERBS = ("held", "released", "clawed_back", "advanced", "drawn", "recovered", "carried", "forfeited", "written_off")
"""Verbs that this stage posts; all others are what was earned, or acts of people."""

Step = tuple[str, str]
"""(verb, component)"""


@dataclass(frozen=True)
class Draw:
    """A draw by name. recover False: a guarantee, which is not recovered. upfront: the whole amount is advanced at the start of
    the period and recovered from what is due; else what is due is topped up to it."""

    name: str
    label: str
    recover: bool = True
    upfront: bool = False
    paused: bool = False
    """Is it not paid for days of leave?"""
    year_end: str = "carry"
    """What becomes of its balance when the plan year ends, one of `ROLLS`."""
    pause_on: frozenset[str] | None = None
    """Kinds of leave for which it pauses; None: all."""
    prorate: str = "none"
    """How its amount follows the days of the period under the plan: not at all, or by one of `proration.WAYS`."""

    @property
    def component(self) -> str:
        """Under which its entries stand."""
        return f"@{self.name}"


@dataclass(frozen=True)
class PaymentTerms:
    """Payment terms of a plan. places: decimals of all amounts.

    on: booking, invoice or cash (what is earned is released as its deal is invoiced or paid for). instalments: equal parts in the earning period
    and those after it. holdback: share of what is earned that waits until the last period of the window `until` (quarter, year).
    negative: keep (the period pays less than nothing), carry, offset (taken from the payee's pay under other plans first), or
    write_off. excess: what becomes of pay above the maximum, carry or forfeit. recovery_limit: greatest share of what is due that
    recovery takes in one period. countries: limits in their stead by country; where one holds, balances carried and clawback are
    recovery too. recovery: all of `RECOVERY` in the plan's order; where it is stated, the limit holds for all that is taken back, and
    clawback has a balance of its own. offset: codes of the plans from whose pay is taken, in this order (empty: all by code).
    year_end: what becomes of debts that are left when the plan year ends, one of `ROLLS`. on_move: what becomes of all balances when a
    payee comes under another plan: stay, pass (to that plan), forgive, write_off or bill.
    """

    places: int
    on: str = "booking"
    instalments: int = 1
    holdback: Fraction = Fraction(0)
    until: str = "year"
    negative: str = "keep"
    has_maximum: bool = False
    excess: str = "carry"
    recovery_limit: Fraction = Fraction(1)
    draws: tuple[Draw, ...] = ()
    countries: tuple[tuple[str, Fraction], ...] = ()
    leavers: tuple[LeaverRow, ...] = ()
    limits_all: bool = False
    """Does the limit hold for balances carried and for clawback, too?"""
    recovery: tuple[str, ...] = ()
    offset: tuple[str, ...] = ()
    year_end: str = "carry"
    on_move: str = "stay"

    def limited(self, country: str) -> PaymentTerms:
        """The terms with the limit of a country, if it has one."""
        found = dict(self.countries).get(country)
        return self if found is None else replace(self, recovery_limit=found, limits_all=True)

    @property
    def paused(self) -> dict[str, frozenset[str] | None]:
        """Names of the amounts of draws that pause on leave, and on which kinds of it; None: all."""
        return {f"draw.{draw.name}": draw.pause_on for draw in self.draws if draw.paused}

    @property
    def schedules(self) -> bool:
        """Is anything paid later than it is earned?"""
        return bool(self.leavers) or self.on != "booking" or self.instalments > 1 or self.holdback > 0

    @property
    def walks(self) -> bool:
        """Does a period's pay depend on more than what is due in it?"""
        return bool(self.draws or self.countries) or self.negative != "keep" or self.has_maximum


# ---------------------------------------------------------------- step one: when what is earned is due


@dataclass(frozen=True)
class DealPart:
    """A deal's part of what a component earned in a period. released: share of it that may be paid by each position (1 where
    nothing holds it), ascending with the positions."""

    amount: Decimal
    released: Sequence[Fraction]
    due: Sequence[Fraction] = ()
    """Share that will ever be paid, as it stands at each position (empty: all)."""


def due_shares(terms: PaymentTerms, *, earned_at: int, windows: Sequence[str]) -> list[Fraction]:
    """Share of what was earned at a position that is due by each position. windows: label of the holdback's window by position."""
    shares = []
    last = max(i for i, label in enumerate(windows) if label == windows[earned_at])
    for position in range(len(windows)):
        if position < earned_at:
            shares.append(Fraction(0))
            continue
        part = Fraction(min(terms.instalments, position - earned_at + 1), terms.instalments)
        held = terms.holdback if position < last else Fraction(0)
        shares.append(part * (1 - held))
    return shares


def due_by(earned: Decimal, parts: Sequence[DealPart], share: Fraction, position: int, places: int) -> Decimal:
    """What of an earned amount is due by a position: every deal's part, rounded half up by itself; the whole amount once all is
    released. Without parts the amount is one part that nothing holds."""
    if not parts:
        return round_number(Fraction(earned) * share, places, "half_up")
    total = sum((Fraction(part.amount) for part in parts), Fraction(0))
    due = round_number((Fraction(earned) - total) * share, places, "half_up")
    for part in parts:
        due += round_number(Fraction(part.amount) * part.released[position] * share, places, "half_up")
    return due


def held_targets(
    *, earned: Mapping[int, Decimal], posted: Mapping[int, Decimal], is_open: Callable[[int], bool], due: Sequence[Decimal], freed: Sequence[Decimal]
) -> dict[int, Decimal]:
    """What held and released should sum to at each open position for one component and earning period.

    earned: what is posted as earned by pay position; posted: held and released so far by pay position. due: what is due by each
    position; freed: what would be due without holds on deals. A hold keeps what is not paid yet and takes back nothing.
    """
    targets: dict[int, Decimal] = {}
    paid = ZERO
    for position in range(min(earned, default=len(due)), len(due)):
        own = earned.get(position, ZERO)
        if not is_open(position):
            paid += own + posted.get(position, ZERO)
            continue
        wanted = due[position]
        if wanted < paid:
            wanted = min(paid, max(wanted, freed[position]))
        targets[position] = wanted - paid - own
        paid = wanted
    return targets


# ---------------------------------------------------------------- step two: what a period pays


@dataclass(frozen=True)
class Limits:
    """The plan's amounts for a payee in one pay period: draws by name, the maximum (None: no limit)."""

    terms: PaymentTerms
    draws: Mapping[str, Decimal] = field(default_factory=dict)
    maximum: Decimal | None = None


@dataclass(frozen=True)
class Opened:
    """Balances that the system before this one left, known from a position on. carried: above zero is owed to the payee; draws by
    component: still to be recovered."""

    first: int
    carried: Decimal = ZERO
    draws: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass
class Walk:
    """Entries by position that open periods should hold, and the balances after each position."""

    targets: dict[int, dict[Step, Decimal]] = field(default_factory=dict)
    payable: dict[int, Decimal] = field(default_factory=dict)
    carried: dict[int, Decimal] = field(default_factory=dict)
    """After the position: above zero is owed to the payee, below zero by the payee. What is left of clawback stands apart."""
    drawn: dict[int, dict[str, Decimal]] = field(default_factory=dict)
    """After the position: what of each draw is still to be recovered."""
    clawback: dict[int, Decimal] = field(default_factory=dict)
    """After the position: clawback that is still to be taken, by plans that state an order of recovery."""
