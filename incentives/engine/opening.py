"""Opening balances: what an earlier system credited and paid before the day on which this one starts to count.

From that day on they enter measures to date and what settling components have paid; periods before it are the old system's
and earn nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .contracts import OpeningAmount, Period
from .exact import ZERO, Number, add

CREDIT, PAID = "credit", "paid"
Amounts = Mapping[tuple[str, str], Sequence[tuple[int, Decimal]]]
"""(name, currency) -> (position of the period, amount)"""


@dataclass
class Opening:
    """The opening balance of one assignment under the plan.

    first: position of the first period that is ours. credits by measure and paid by component: amounts by the position of the
    period to which they belong, all before `first`. day: the first day that is ours, as a day number.
    """

    first: int
    day: int
    credits: Amounts = field(default_factory=dict)
    paid: Amounts = field(default_factory=dict)

    def credited(self, measure: str, currency: str, labels: Sequence[str], position: int, rolling: int) -> Number:
        """Credit that counts in the measure's window at a position. labels: the window of every period; rolling: its periods, 0
        where it does not roll."""
        total: Number = ZERO
        for at, amount in self.credits.get((measure, currency), ()):
            if at > position - rolling if rolling else labels[at] == labels[position]:
                total = add(total, amount)
        return total

    def paid_in(self, component: str, currency: str, labels: Sequence[str]) -> Number:
        """What the old system paid of the component in the window that is running when ours starts."""
        total: Number = ZERO
        if self.first < len(labels):
            for at, amount in self.paid.get((component, currency), ()):
                if labels[at] == labels[self.first]:
                    total = add(total, amount)
        return total


def openings_indexed(rows: Iterable[OpeningAmount], periods: Sequence[Period], currency: str) -> dict[int, Opening]:
    """Opening balances by assignment. currency: the plan's own, under which amounts stand as ""."""
    at = {period.id: i for i, period in enumerate(periods)}
    found: dict[int, Opening] = {}
    credits: dict[int, dict[tuple[str, str], list[tuple[int, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    paid: dict[int, dict[tuple[str, str], list[tuple[int, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows):
        first = next((i for i, period in enumerate(periods) if period.end > row.day), len(periods))
        opening = found.setdefault(row.assignment, Opening(first, row.day))
        opening.first, opening.day = max(first, opening.first), max(row.day, opening.day)
        if row.period in at and row.kind in (CREDIT, PAID):
            into = credits if row.kind == CREDIT else paid
            into[row.assignment][row.name, "" if row.currency == currency else row.currency].append((at[row.period], row.amount))
    for assignment, opening in found.items():
        opening.credits, opening.paid = dict(credits[assignment]), dict(paid[assignment])
    return found
