"""The walk of the payment stage: pay periods in order of time, one plan alone or a payee's plans together.

Together, after each plan's own steps, a plan's debt is set off against what other plans pay in the same period, balances of a plan that
the payee has left pass to the one that follows, and what the plan year leaves behind is forgiven, written off or billed. Each of these is
a pair of entries that sums to nothing, or ends a debt by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .payment import BILLED, CARRY_OUT, CLAW_OUT, CONVERTED, FORGIVEN, MOVED, OFFSET, WRITTEN_OFF, ZERO, Limits, Opened, Step, Walk
from .recovery import Opening, PeriodSteps

OUTSIDE = (OFFSET, BILLED, MOVED, CONVERTED)
"""How the components of `carried` begin that are in no plan's balance: they stand against entries of another plan, or are billed."""


def in_balance(component: str) -> bool:
    """Does an entry `carried` of this component stay in its plan's carried balance?"""
    return component.partition(":")[0] not in OUTSIDE


class PlanWalk:
    """One payee, plan and currency, walked position by position: `begin`, what others make of it, `end`."""

    def __init__(
        self, *, due: Mapping[int, Decimal], limits: Callable[[int], Limits], posted: Mapping[int, Mapping[Step, Decimal]], is_open: Callable[[int], bool],
        upto: int, opened: Opened | None = None, clawed: Mapping[int, Decimal] | None = None,
    ) -> None:  # fmt: skip
        self.due, self.limits, self.posted, self.is_open, self.upto = due, limits, posted, is_open, upto
        self.opened, self.clawed = opened, clawed or {}
        self.walk = Walk()
        self._carried = self._clawback = ZERO
        self._draws: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.now: PeriodSteps | None = None
        """The open period that is walked; None: it is closed."""

    def begin(self, position: int) -> None:
        """What the plan's own terms make of the period."""
        if self.opened is not None and position == self.opened.first:
            self._carried += self.opened.carried
            for component, value in self.opened.draws.items():
                self._draws[component] += value
        self.now = None
        if self.is_open(position):
            opening = Opening(self._carried, self._clawback, self._draws)
            self.now = PeriodSteps(self.due.get(position, ZERO), self.clawed.get(position, ZERO), opening, self.limits(position))

    def end(self, position: int) -> None:
        """The balances after the period."""
        steps: Mapping[Step, Decimal] = self.posted.get(position, {}) if self.now is None else self.now.steps
        if self.now is not None and steps:
            self.walk.targets[position] = dict(steps)
        for (verb, component), value in steps.items():
            if verb == "carried" and component.startswith("@clawback"):
                self._clawback += value
            elif verb == "carried" and in_balance(component):
                self._carried -= value
            elif verb in ("drawn", "advanced", "recovered"):
                self._draws[component] += value
        for draw in self.limits(position).terms.draws:  # guarantees leave no balance
            if not draw.recover:
                self._draws.pop(draw.component, None)
        self.walk.payable[position] = self.due.get(position, ZERO) + sum(steps.values(), ZERO)
        self.walk.carried[position], self.walk.clawback[position] = self._carried, self._clawback
        self.walk.drawn[position] = {name: value for name, value in self._draws.items() if value}

    @property
    def drawn(self) -> list[str]:
        """Draws with a balance that is to be recovered, as the period stands."""
        assert self.now is not None
        kept = {draw.component for draw in self.now.terms.draws if not draw.recover}
        names = {*self._draws, *(name for verb, name in self.now.steps if verb in ("drawn", "advanced", "recovered"))}
        return sorted(names - kept)

    def owed(self, component: str) -> Decimal:
        """What would be left of a draw after the period as it stands."""
        now = self.now
        assert now is not None
        return self._draws.get(component, ZERO) + sum((now.steps.get((verb, component), ZERO) for verb in ("drawn", "advanced", "recovered")), ZERO)


def payment_walk(
    *, due: Mapping[int, Decimal], limits: Callable[[int], Limits], posted: Mapping[int, Mapping[Step, Decimal]], is_open: Callable[[int], bool], upto: int,
    opened: Opened | None = None, clawed: Mapping[int, Decimal] | None = None,
) -> Walk:  # fmt: skip
    """Walks the pay periods of one payee, plan and currency in order of time, up to a position.

    due: earned, released, held, clawed back and adjusted by hand, by pay position; clawed: of it what is clawed back.
    posted: this stage's entries of step two by position.
    """
    walk = PlanWalk(due=due, limits=limits, posted=posted, is_open=is_open, upto=upto, opened=opened, clawed=clawed)
    return walks_together([Together("", "", walk, range(upto + 1))])[0]


@dataclass(frozen=True)
class Together:
    """A plan's walk beside others of the payee. code: of the plan; periods: ids of its pay periods in order of time. years_end: positions
    with which its plan years end."""

    code: str
    currency: str
    walk: PlanWalk
    periods: Sequence[int]
    years_end: frozenset[int] = field(default_factory=frozenset)


@dataclass
class Passing:
    """What becomes of balances when the payee leaves a plan for another one (places in the list of plans): from position `first` of the
    one that is left, on. policy: pass, forgive, write_off, bill, or refuse (they stay, and it is noted that there were some).
    converted: from the currency of the one into that of the other, where they pass."""

    of: int
    to: int
    first: int
    policy: str
    converted: Callable[[Decimal], Decimal] | None = None
    refused: bool = False


def walks_together(plans: Sequence[Together], order: Mapping[int, int] | None = None, passing: Sequence[Passing] = ()) -> list[Walk]:
    """Walks a payee's plans side by side, in the order given. order: pay period id -> its place in time (default: the ids ascend)."""
    at: dict[int, list[tuple[Together, int]]] = defaultdict(list)
    for plan in plans:
        for position, period in enumerate(plan.periods[: plan.walk.upto + 1]):
            at[period].append((plan, position))
    for period in sorted(at, key=lambda one: (one if order is None else order[one], one)):
        here = at[period]
        for plan, position in here:
            plan.walk.begin(position)
        for plan, _ in here:
            if plan.walk.now is not None and plan.walk.now.terms.negative == "offset":
                _set_off(plan, [other for other, _ in here if other is not plan and other.currency == plan.currency])
        at_work = {id(plan): position for plan, position in here}
        for one in passing:
            if at_work.get(id(plans[one.of]), -1) >= one.first and id(plans[one.to]) in at_work:
                _pass_on(plans[one.of], plans[one.to], one)
        for plan, position in here:
            if plan.walk.now is not None and position in plan.years_end:
                _year_ends(plan.walk)
            plan.walk.end(position)
    return [plan.walk.walk for plan in plans]


DEBTS = {"carried": CARRY_OUT, "clawback": CLAW_OUT}


def _set_off(plan: Together, others: Sequence[Together]) -> None:
    """Takes a plan's debts from what the payee's other plans pay: the debts in the plan's order of recovery, the plans in that of its
    `offset`; from each no more than its own draws and limit leave."""
    now = plan.walk.now
    assert now is not None
    wanted = now.terms.offset
    chosen = [other for code in wanted for other in others if other.code == code] if wanted else sorted(others, key=lambda one: one.code)
    for debt in now.terms.recovery or ("carried",):
        for other in chosen if debt in DEBTS else ():
            theirs = other.walk.now
            left = now.steps.get(("carried", DEBTS[debt]), ZERO)
            if theirs is None or left <= 0:
                continue
            taken = min(left, theirs.left)
            now.add("carried", DEBTS[debt], -taken)
            now.add("carried", _of_plan(other), taken)
            theirs.add("carried", _of_plan(plan), -taken)
            theirs.left -= taken


def _of_plan(plan: Together, kind: str = OFFSET) -> str:
    """The component under which a pair of entries names the other plan, no longer than a component may be."""
    return f"{kind}:{plan.code}"[:64]


def _pass_on(plan: Together, to: Together, one: Passing) -> None:
    """Balances that are left after the period pass from a plan to the one that the payee has come under, or are ended by name."""
    now, theirs = plan.walk.now, to.walk.now
    if now is None or theirs is None:
        return
    balances = {("carried", name): now.steps.get(("carried", name), ZERO) for name in DEBTS.values()}
    balances |= {("recovered", name): plan.walk.owed(name) for name in plan.walk.drawn}
    for (verb, name), left in balances.items():
        if not left:
            continue
        if one.policy == "refuse":
            one.refused = True
        elif one.policy == "pass" and one.converted is not None:
            same = plan.code == to.code
            now.add(verb, name, -left)
            now.add("carried", CONVERTED if same else _of_plan(to, MOVED), left)
            taken = one.converted(left)
            theirs.add("carried", CONVERTED if same else _of_plan(plan, MOVED), -taken)
            theirs.add(*_taken_as(theirs, verb, name), taken)
        elif left > 0:
            now.add(verb, name, -left)
            now.add(*ENDED[one.policy], left)


def _taken_as(theirs: PeriodSteps, verb: str, name: str) -> Step:
    """Under which verb and component a plan takes a balance of another one: clawback and draws for what they are, where it can."""
    if verb == "carried":
        return verb, name if name != CLAW_OUT or theirs.terms.recovery else CARRY_OUT
    guarantee = any(draw.component == name and not draw.recover for draw in theirs.terms.draws)
    return ("carried", CARRY_OUT) if guarantee else ("drawn", name)


def _year_ends(walk: PlanWalk) -> None:
    """What a plan year leaves behind, by the name of its policy: each debt and draw by itself."""
    now = walk.now
    assert now is not None
    for component in DEBTS.values():
        left = now.steps.get(("carried", component), ZERO)
        if left > 0 and now.terms.year_end != "carry":
            now.add("carried", component, -left)
            now.add(*ENDED[now.terms.year_end], left)
    for draw in now.terms.draws:
        left = walk.owed(draw.component) if draw.recover else ZERO
        if left > 0 and draw.year_end != "carry":
            now.add("recovered", draw.component, -left)
            now.add(*ENDED[draw.year_end], left)


ENDED = {"forgive": ("written_off", FORGIVEN), "write_off": ("written_off", WRITTEN_OFF), "bill": ("carried", BILLED)}
"""Policy -> under which verb and component a debt is ended."""

__all__ = ["DEBTS", "ENDED", "PlanWalk", "Together", "in_balance", "payment_walk", "walks_together"]
