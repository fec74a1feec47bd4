"""Ours against theirs: pays of an earlier system beside the ones made here, cell by cell, every difference under one cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)
CENT = Decimal("0.01")

CAUSES = ("same", "rounding", "credit", "pay_rate", "missing_ours", "missing_theirs", "not_mapped", "unexplained")
"""Why a cell differs; the first that holds names it."""


class CellKey(NamedTuple):
    """payee and period by id, plan and component by name. component "": all of the plan."""

    payee: int
    plan: str
    component: str
    period: int
    currency: str


@dataclass
class Side:
    """One system's figures of a cell. credit None: not stated."""

    amount: Decimal = ZERO
    credit: Decimal | None = None

    def add(self, amount: Decimal, credit: Decimal | None) -> None:
        """Takes in another row of the cell."""
        self.amount += amount
        if credit is not None:
            self.credit = (self.credit or ZERO) + credit


@dataclass(frozen=True)
class Cell:
    """A cell of both systems; None: the system has nothing there."""

    key: CellKey
    ours: Side | None
    theirs: Side | None
    cause: str

    @property
    def difference(self) -> Decimal:
        """Ours less theirs."""
        return (self.ours.amount if self.ours else ZERO) - (self.theirs.amount if self.theirs else ZERO)


def cause_of(ours: Side | None, theirs: Side | None) -> str:
    """The cause of a cell that both could have. An amount of nothing against nothing is the same."""
    mine, other = (side.amount if side is not None else ZERO for side in (ours, theirs))
    if mine == other:
        return "same"
    if theirs is None:
        return "missing_theirs"
    if ours is None:
        return "missing_ours"
    if abs(mine - other) <= CENT:
        return "rounding"
    if theirs.credit is None or ours.credit is None:
        return "unexplained"
    return "credit" if theirs.credit != ours.credit else "pay_rate"


def compare(ours: Mapping[CellKey, Side], theirs: Mapping[CellKey, Side]) -> list[Cell]:
    """Every cell of either, in the order of their keys."""
    return [Cell(key, ours.get(key), theirs.get(key), cause_of(ours.get(key), theirs.get(key))) for key in sorted(set(ours) | set(theirs))]


@dataclass
class Control:
    """Sums of one currency. file = matched + unmatched, and difference = sum of `by_cause`: what is left over is `residue`, 0."""

    file: Decimal = ZERO
    matched: Decimal = ZERO
    unmatched: Decimal = ZERO
    ours: Decimal = ZERO
    by_cause: dict[str, Decimal] | None = None
    counts: dict[str, int] | None = None

    @property
    def difference(self) -> Decimal:
        """Ours less theirs, over all."""
        return self.ours - self.file

    @property
    def residue(self) -> Decimal:
        """What no cause explains and what the file's sum does not hold; 0 in a comparison that ties."""
        return abs(self.difference - sum((self.by_cause or {}).values(), ZERO)) + abs(self.file - self.matched - self.unmatched)


def controls(file: Mapping[str, Decimal], ours: Mapping[str, Decimal], rows: Iterable[tuple[str, str, Decimal | None, Decimal | None]]) -> dict[str, Control]:
    """Control totals by currency. file and ours: sums as read, before anything was compared; rows: (currency, cause, ours, theirs)."""
    found = {currency: Control(file.get(currency, ZERO), ours=ours.get(currency, ZERO), by_cause={}, counts={}) for currency in sorted({*file, *ours})}
    for currency, cause, mine, other in rows:
        control = found[currency]
        assert control.by_cause is not None
        assert control.counts is not None
        if other is not None:
            if mine is None:
                control.unmatched += other
            else:
                control.matched += other
        control.by_cause[cause] = control.by_cause.get(cause, ZERO) + (mine or ZERO) - (other or ZERO)
        control.counts[cause] = control.counts.get(cause, 0) + 1
    return found
