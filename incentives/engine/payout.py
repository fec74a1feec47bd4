"""Both steps of the payment stage for one payee, plan and currency: what each component holds or releases, then what each period pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .compile_payment import DRAW, MAXIMUM
from .lines import Line
from .payment import ZERO, DealPart, Limits, Opened, PaymentTerms, Step, Walk, due_by, due_shares, held_targets
from .plan import Clawback
from .results import Figure
from .rounding import allocate, round_number
from .tables import Points, Steps
from .walk import Passing, PlanWalk, Together, walks_together

Released = Callable[[int], Sequence[Fraction]]
"""Object -> share of its part that may be paid by each position."""


@dataclass
class EarnedPart:
    """What is posted of one component for one earning period (an assignment's, under one plan version).

    key: the caller's own. earned and withheld: sums by pay position of what is earned, and of what is held and released.
    parts: the deals behind it where some are held or paid by cash; freed: the same without holds.
    """

    key: Any
    terms: PaymentTerms
    earned_at: int
    earned: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    withheld: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    parts: Sequence[DealPart] = ()
    freed: Sequence[DealPart] = ()
    clawback: Sequence[Decimal] = ()
    """What returns take back by each position, summed up from the start: zero or less."""
    clawed: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    """What is posted of it, by pay position."""
    forfeited: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    """What is posted as no longer due, by pay position: zero or less."""
    first: int = 0
    """Position from which on it is ours: what stands before it comes from an opening balance."""

    @property
    def total(self) -> Decimal:
        """All that is earned, whenever it was posted."""
        return sum(self.earned.values(), ZERO)

    @property
    def waits(self) -> bool:
        """Can anything of it be held, or is something held?"""
        return bool(self.parts) or self.terms.schedules or any(self.withheld.values()) or any(self.forfeited.values())


@dataclass(frozen=True)
class Payout:
    """held: (key, position) -> what held and released should sum to, for open positions; clawed: the same of what is taken back;
    forfeited: of what is no longer due to a leaver. walk: step two."""

    held: dict[tuple[Any, int], Decimal]
    clawed: dict[tuple[Any, int], Decimal]
    walk: Walk
    forfeited: dict[tuple[Any, int], Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanDue:
    """Step one of a payee's plan, and what step two walks: what is due by pay position, of it what is clawed back, limits, and what
    is posted (see `payout`). code: of the plan; periods: ids of its pay periods."""

    code: str
    currency: str
    periods: Sequence[int]
    held: dict[tuple[Any, int], Decimal]
    clawed: dict[tuple[Any, int], Decimal]
    forfeited: dict[tuple[Any, int], Decimal]
    due: Mapping[int, Decimal]
    taken: Mapping[int, Decimal]
    limits: Callable[[int], Limits]
    posted: Mapping[int, Mapping[Step, Decimal]]
    windows: Mapping[str, Sequence[str]]
    is_open: Callable[[int], bool]
    upto: int
    opened: Opened | None = None

    @property
    def together(self) -> Together:
        """The plan as it is walked beside others."""
        walk = PlanWalk(due=self.due, clawed=self.taken, limits=self.limits, posted=self.posted, is_open=self.is_open, upto=self.upto, opened=self.opened)
        years = self.windows["year"]
        ends = frozenset(q for q, label in enumerate(years) if q + 1 == len(years) or years[q + 1] != label)
        return Together(self.code, self.currency, walk, self.periods, ends)


def payouts(plans: Sequence[PlanDue], order: Mapping[int, int] | None = None, passing: Sequence[Passing] = ()) -> list[Payout]:
    """The targets of all open positions of a payee's plans, walked together. order: pay period id -> its place in time; passing: which
    balances leave which plan."""
    walks = walks_together([plan.together for plan in plans], order, passing)
    return [Payout(plan.held, plan.clawed, walk, plan.forfeited) for plan, walk in zip(plans, walks, strict=True)]


def payout(
    *, parts: Sequence[EarnedPart], adjusted: Mapping[int, Decimal], limits: Callable[[int], Limits], posted: Mapping[int, Mapping[Step, Decimal]],
    windows: Mapping[str, Sequence[str]], is_open: Callable[[int], bool], upto: int, opened: Opened | None = None,
) -> Payout:  # fmt: skip
    """The targets of all open positions up to one, of one plan alone.

    adjusted: acts of people by pay position; posted: entries of step two by position. windows: label of each position's quarter and year.
    opened: balances of the system before this one.
    """
    return payouts([
        plan_due(parts=parts, adjusted=adjusted, limits=limits, posted=posted, windows=windows, is_open=is_open, upto=upto, opened=opened)
    ])[0]  # fmt: skip


def plan_due(
    *, parts: Sequence[EarnedPart], adjusted: Mapping[int, Decimal], limits: Callable[[int], Limits], posted: Mapping[int, Mapping[Step, Decimal]],
    windows: Mapping[str, Sequence[str]], is_open: Callable[[int], bool], upto: int, opened: Opened | None = None, code: str = "", currency: str = "",
    periods: Sequence[int] | None = None,
) -> PlanDue:  # fmt: skip
    """Step one of a plan, ready to be walked with others of the payee (see `payout`)."""
    held: dict[tuple[Any, int], Decimal] = {}
    clawed: dict[tuple[Any, int], Decimal] = {}
    forfeited: dict[tuple[Any, int], Decimal] = {}
    due: dict[int, Decimal] = defaultdict(lambda: ZERO)
    taken: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for position, amount in adjusted.items():
        due[position] += amount
    for part in parts:
        for position, amount in part.earned.items():
            due[position] += amount
        for position, amount in _clawed(part, is_open, upto):
            due[position] += amount
            taken[position] += amount
            if is_open(position):
                clawed[part.key, position] = amount
        if not part.waits:
            continue
        shares = due_shares(part.terms, earned_at=part.earned_at, windows=windows[part.terms.until])
        places = part.terms.places
        by = [due_by(part.total, part.parts, shares[q], q, places) for q in range(upto + 1)]
        freed = by if part.freed is part.parts else [due_by(part.total, part.freed, shares[q], q, places) for q in range(upto + 1)]
        targets = held_targets(earned=part.earned, posted=_net(part), is_open=_ours(part, is_open), due=by, freed=freed)
        for position in range(upto + 1):
            due[position] += targets.get(position, part.withheld.get(position, ZERO) + part.forfeited.get(position, ZERO))
        for position, lost in _lost(part, targets, upto):
            if position in targets:
                held[part.key, position] = targets[position] - lost
                forfeited[part.key, position] = lost
    ids = range(upto + 1) if periods is None else periods
    return PlanDue(code, currency, ids, held, clawed, forfeited, due, taken, limits, posted, windows, is_open, upto, opened)


def _ours(part: EarnedPart, is_open: Callable[[int], bool]) -> Callable[[int], bool]:
    return lambda position: position >= part.first and is_open(position)


def _net(part: EarnedPart) -> dict[int, Decimal]:
    """What withholding did to what was paid, by position: what is forfeited stays withheld for good."""
    return {q: part.withheld.get(q, ZERO) + part.forfeited.get(q, ZERO) for q in {*part.withheld, *part.forfeited}}


def _lost(part: EarnedPart, targets: Mapping[int, Decimal], upto: int) -> Iterable[tuple[int, Decimal]]:
    """What each position forfeits: all that will never be due and is not paid yet, less what is forfeited before. Zero or less, above
    where it is due again."""
    before, paid = ZERO, ZERO
    for position in range(upto + 1):
        paid += part.earned.get(position, ZERO) + targets.get(position, part.withheld.get(position, ZERO) + part.forfeited.get(position, ZERO))
        lost = part.forfeited.get(position, ZERO)
        if position in targets:
            ever = sum((round_number(Fraction(one.amount) * (1 - one.due[position]), part.terms.places, "half_up") for one in part.parts if one.due), ZERO)
            lost = -max(ZERO, min(ever, part.total - paid)) - before
        before += lost
        yield position, lost


def _clawed(part: EarnedPart, is_open: Callable[[int], bool], upto: int) -> Iterable[tuple[int, Decimal]]:
    """What each position takes back: what is posted where it is closed, else what is still missing. Nothing is taken back before
    it is earned: a return that bears an earlier date than its deal counts from the earning period on."""
    if not part.clawback and not part.clawed:
        return
    taken = ZERO
    for position in range(upto + 1):
        amount = part.clawed.get(position, ZERO)
        if is_open(position):
            amount = (part.clawback[position] if part.clawback and position >= part.earned_at else ZERO) - taken
        taken += amount
        yield position, amount


@dataclass(frozen=True)
class Returned:
    """A return of a deal: the pay position in which it happened, its day, and its amount over the deal's."""

    position: int
    day: int
    share: Fraction


def clawback_by(
    clawback: Clawback, share_at: Callable[[int], Fraction], *, deals: Sequence[tuple[Decimal, Sequence[Returned]]], earned_until: int, positions: int
) -> list[Decimal]:
    """What returns take back by each position, summed up from the start: zero or less.

    deals: (the deal's part of the pay, its returns). share_at: days from the end of the earning period (`earned_until`, the first
    day after it) to the return -> share. A deal gives back at most once what it earned, in the order of its returns; every
    return is rounded by itself, and its instalments add up to it.
    """
    total = [ZERO] * positions
    for pay, returns in deals:
        left = Fraction(1)
        for item in sorted(returns, key=lambda one: (one.day, one.share)):
            share = min(left, max(item.share, Fraction(0)))
            left -= share
            taken = round_number(Fraction(pay) * share * share_at(max(0, item.day - earned_until + 1)), clawback.rounding.places, clawback.rounding.mode)
            for position in range(item.position, positions):
                part = Fraction(min(clawback.instalments, position - item.position + 1), clawback.instalments)
                total[position] -= round_number(Fraction(taken) * part, clawback.rounding.places, "half_up")
    return total


def share_by_days(table: Steps | Points) -> Callable[[int], Fraction]:
    """A clawback's table as a function of days, kept between 0 and 1."""
    read = table.curve if isinstance(table, Points) else table.rate
    return lambda days: min(Fraction(1), max(Fraction(0), Fraction(read(Decimal(days)))))


@dataclass
class Amounts:
    """A plan's draws by name, and the maximum, of one payee and period."""

    draws: dict[str, Decimal] = field(default_factory=dict)
    maximum: Decimal | None = None
    by_seat: dict[tuple[str, int], Decimal] = field(default_factory=dict, compare=False)
    """(draw, assignment) -> its own amount of a whole period, not rounded."""


def amounts_read(figures: Iterable[Figure], places: int) -> dict[tuple[int, int], Amounts]:
    """What figures say of draws and maxima, by (payee, period id), rounded half up. With several assignments the largest holds: both are the payee's."""
    found: dict[tuple[int, int], Amounts] = defaultdict(Amounts)
    for figure in figures:
        if figure.value is None or not (figure.name == MAXIMUM or figure.name.startswith(DRAW)):
            continue
        value, amounts = round_number(figure.value, places, "half_up"), found[figure.payee, figure.period]
        if figure.name == MAXIMUM:
            amounts.maximum = value if amounts.maximum is None else max(amounts.maximum, value)
        else:
            name = figure.name.removeprefix(DRAW)
            amounts.draws[name] = max(amounts.draws.get(name, ZERO), value)
            amounts.by_seat[name, figure.assignment] = figure.value
    return found


def named_parts(lines: Sequence[Line], earned: Decimal, places: int, released: Released = lambda item: ()) -> list[tuple[int, DealPart]]:
    """What was earned, divided among its deals (object ids, ascending) so that the parts sum to it: by their own pay where the
    component gives one, else by pay credit. Empty where there are no deals or their weights cancel out."""
    weights: dict[int, Fraction] = defaultdict(Fraction)
    own = all(line.pay is not None for line in lines)
    for line in lines:
        weights[line.object_id] += Fraction(line.pay if own else line.pay_credit)  # type: ignore[arg-type]
    objects = sorted(weights)
    shares = allocate(earned, [weights[item] for item in objects], places, "half_up") if objects else None
    return [] if shares is None else [(item, DealPart(share, released(item))) for item, share in zip(objects, shares, strict=True)]


def capped(part: DealPart, due: Sequence[Fraction]) -> DealPart:
    """The part of a leaver's deal: no more is released than is still due. What takes from the payee is not lessened."""
    if part.amount <= 0:
        return part
    return DealPart(part.amount, [min(pair) for pair in zip(part.released, due, strict=True)], due)


def deal_parts(lines: Sequence[Line], earned: Decimal, places: int, released: Released) -> tuple[DealPart, ...]:
    """As `named_parts`, without the names."""
    return tuple(part for _, part in named_parts(lines, earned, places, released))


def released_by_cash(amount: Fraction, received: Sequence[tuple[int, Fraction]], ends: Sequence[int]) -> list[Fraction]:
    """Share of a deal that has been paid for by the end of each period: money received up to then over the deal's amount, from 0
    to 1. received: (day, amount). A deal of nothing or less waits for no money."""
    if amount <= 0:
        return [Fraction(1)] * len(ends)
    return [min(Fraction(1), max(Fraction(0), sum((part for day, part in received if day < end), Fraction(0)) / amount)) for end in ends]
