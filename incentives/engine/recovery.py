"""What one plan's terms make of one pay period: what is brought forward, what is taken back in which order, draws and the maximum.

Amounts are effects on the pay period, as everywhere in the payment stage; all in one currency, exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from .payment import CARRY_IN, CARRY_OUT, CLAW_IN, CLAW_OUT, MAXIMUM, NEGATIVE, ZERO, Limits, PaymentTerms, Step
from .rounding import round_number


class Opening(NamedTuple):
    """What a period begins with. carried: above zero is owed to the payee; clawback: still to be taken (zero or more); draws: still
    to be recovered, by component."""

    carried: Decimal
    clawback: Decimal
    draws: Mapping[str, Decimal]


class PeriodSteps:
    """The entries of one plan and period. left: what else may be taken back in it, within draw and limit."""

    def __init__(self, due: Decimal, clawed: Decimal, opening: Opening, limits: Limits) -> None:
        self.terms, self.draws, self.limits = limits.terms, limits.draws, limits
        self.steps: dict[Step, Decimal] = {}
        self.advanced = self.left = ZERO
        self.level = max((limits.draws.get(draw.name, ZERO) for draw in self.terms.draws if not draw.upfront), default=ZERO)
        self.add("carried", CARRY_IN, opening.carried)
        self.add("carried", CLAW_IN, -opening.clawback)
        if self.terms.recovery:
            self._in_order(due, clawed, opening)
        else:
            self._plain(due, clawed, opening)

    def add(self, verb: str, component: str, amount: Decimal) -> None:
        """Adds to an entry; one that comes to nothing goes."""
        total = self.steps.get((verb, component), ZERO) + amount
        if total:
            self.steps[verb, component] = total
        else:
            self.steps.pop((verb, component), None)

    def _plain(self, due: Decimal, clawed: Decimal, opening: Opening) -> None:
        terms, brought = self.terms, opening.carried - opening.clawback
        amount, taken = due + brought, ZERO
        if terms.limits_all:
            debt = max(-brought, ZERO) + max(-clawed, ZERO)
            taken = min(debt, room_of(due + max(-clawed, ZERO), terms))
            self.add("carried", CARRY_OUT, debt - taken)
            amount += debt - taken
        owed = self._advance(opening.draws)
        amount = self._negative(amount)
        whole = due + max(-clawed, ZERO) if terms.limits_all else amount
        room = min(max(amount - self.level, ZERO), room_of(whole, terms) - taken)
        amount, room = self._recover(owed, amount, room)
        amount = self._cut(self._top_up(amount), self.advanced)
        self.left = max(min(room, amount - self.level), ZERO)

    def _in_order(self, due: Decimal, clawed: Decimal, opening: Opening) -> None:
        """The plan's own order. A return given back lessens what is still to be taken before it is paid."""
        terms = self.terms
        claw, debt, amount = opening.clawback - clawed, max(-opening.carried, ZERO), due - clawed + max(opening.carried, ZERO)
        if claw < 0:
            claw, amount = ZERO, amount - claw
        owed = self._advance(opening.draws)
        amount = self._negative(amount)
        room = room_of(amount, terms)
        for step in terms.recovery:
            if step == "draws":
                own = min(max(amount - self.level, ZERO), room)
                amount, left = self._recover(owed, amount, own)
                room -= own - left
            elif step == "maximum":
                last = terms.recovery[-1] == "maximum"
                amount = self._cut(self._top_up(amount), self.advanced) if last else self._cut(amount, ZERO)
            else:
                have = claw if step == "clawback" else debt
                taken = min(have, room, amount)
                self.add("carried", CLAW_OUT if step == "clawback" else CARRY_OUT, have - taken)
                amount, room = amount - taken, room - taken
        if terms.recovery[-1] != "maximum":
            amount = self._top_up(amount)
        self.left = max(min(room, amount - self.level), ZERO)

    def _advance(self, balances: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Pays what is advanced; what is then to be recovered, by component."""
        owed = dict(balances)
        for draw in self.terms.draws:
            if draw.upfront:
                advance = self.draws.get(draw.name, ZERO)
                self.add("advanced", draw.component, advance)
                self.advanced += advance
                owed[draw.component] = owed.get(draw.component, ZERO) + advance
        return owed

    def _negative(self, amount: Decimal) -> Decimal:
        if amount >= 0 or self.terms.negative == "keep":
            return amount
        if self.terms.negative == "write_off":
            self.add("written_off", NEGATIVE, -amount)
        else:
            self.add("carried", CARRY_OUT, -amount)
        return ZERO

    def _recover(self, owed: Mapping[str, Decimal], amount: Decimal, room: Decimal) -> tuple[Decimal, Decimal]:
        """Takes draws back, in the order of the plan: what is left to be paid, and of the room."""
        first = {draw.component: i for i, draw in enumerate(self.terms.draws)}
        kept = {draw.component for draw in self.terms.draws if not draw.recover}
        for component in sorted(set(owed) - kept, key=lambda name: (first.get(name, len(first)), name)):
            back = min(room, max(owed[component], ZERO))
            self.add("recovered", component, -back)
            room -= back
            amount -= back
        return amount, room

    def _top_up(self, amount: Decimal) -> Decimal:
        for draw in self.terms.draws:
            if not draw.upfront:
                top = max(self.draws.get(draw.name, ZERO) - max(amount, ZERO), ZERO)
                self.add("drawn", draw.component, top)
                amount += top
        return amount

    def _cut(self, amount: Decimal, advanced: Decimal) -> Decimal:
        above = ZERO if self.limits.maximum is None else amount + advanced - self.limits.maximum
        if above <= 0:
            return amount
        self.add(*(("carried", CARRY_OUT) if self.terms.excess == "carry" else ("forfeited", MAXIMUM)), -above)
        return amount - above


def room_of(amount: Decimal, terms: PaymentTerms) -> Decimal:
    """What may be taken back of an amount in one period, rounded down for the payee."""
    return round_number(Fraction(max(amount, ZERO)) * terms.recovery_limit, terms.places, "down")
