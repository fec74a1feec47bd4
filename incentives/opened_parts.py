"""What opening balances bring into a run's payment stage: what the system before this one held, and what it paid under clawback."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from incentives.deals import Deals, money_known
from incentives.engine.contracts import Period, day_number
from incentives.engine.grid import table_at
from incentives.engine.payment import DealPart
from incentives.engine.payout import EarnedPart, Returned, clawback_by, share_by_days
from incentives.engine.tables import Points, Steps
from incentives.inputs import VersionInputs
from incentives.models import OpeningKind
from incentives.opening import OpeningSum

Key = tuple[int, int, str, int]
"""(seat, plan version, component, earning period)"""


class Frame(Protocol):
    """The pay periods of a plan, in order of time, and the version in force in each."""

    @property
    def periods(self) -> Sequence[Period]:
        """In order of time; a position is an index into them."""

    @property
    def at(self) -> Mapping[int, int]:
        """Period id -> position."""

    @property
    def in_force(self) -> Sequence[VersionInputs]:
        """By position."""

    def position(self, day: int) -> int | None:
        """The pay period of a day."""


@dataclass
class OpenedReturns:
    """Orders that the system before this one paid for: what they are worth as known now, and what was returned of them."""

    worth: dict[int, Fraction] = field(default_factory=dict)
    returned: Mapping[int, Sequence[tuple[int, Fraction]]] = field(default_factory=dict)

    @staticmethod
    def known(openings: Collection[OpeningSum], number: int) -> OpenedReturns:
        """For these opening balances as known at a change number; nothing is read where none is open to clawback. Four queries at most."""
        orders = {one.order_id for one in openings if one.order_id is not None}
        if not orders:
            return OpenedReturns()
        deals = Deals()
        money_known(deals, orders=orders, number=number)
        return OpenedReturns(deals.worth, deals.returned)

    def of(self, one: OpeningSum, frame: Frame) -> list[Returned]:
        """Returns of the balance's order from its day on; those before are in the balance already."""
        whole, found = self.worth.get(one.order_id or 0, Fraction(0)), []
        for day, amount in self.returned.get(one.order_id or 0, ()):
            position = frame.position(day)
            if position is not None and whole > 0 and day >= day_number(one.day):
                found.append(Returned(position, day, amount / whole))
        return found


def opened_parts(
    openings: Sequence[OpeningSum], frame: Frame, part_of: Callable[[Key], EarnedPart | None], returns: Callable[[], OpenedReturns]
) -> dict[Key, EarnedPart]:
    """By key, what was earned before the first period that is ours: what was held is paid in the period of its day, and what was paid
    under clawback is taken back as the plan that is in force on the day of the balance says.

    part_of: what is posted under a key.
    """
    found: dict[Key, EarnedPart] = {}
    open_to: dict[Key, list[OpeningSum]] = defaultdict(list)
    for one in openings:
        first = frame.position(day_number(one.day))
        held = one.kind == OpeningKind.HELD and one.release_on is not None
        if not (held or one.kind == OpeningKind.CLAWBACK) or first is None or one.period_id not in frame.at:
            continue
        at = frame.at[one.period_id]
        key = (one.seat_id, frame.in_force[first].id, one.name, one.period_id)
        if key not in found:
            part = part_of(key) or EarnedPart(key, frame.in_force[first].compiled.terms, at)
            plain = replace(part.terms, on="booking", instalments=1, holdback=Fraction(0), leavers=())
            found[key] = replace(part, terms=plain, parts=(), clawback=(), first=first)
        if one.kind == OpeningKind.CLAWBACK:
            open_to[key].append(one)
            continue
        release, part = frame.position(day_number(one.release_on)) if one.release_on is not None else None, found[key]
        part.earned[at] += one.amount
        part.withheld[at] -= one.amount
        shares = [Fraction(int(release is not None and position >= release)) for position in range(len(frame.periods))]
        part.parts = part.freed = [*part.parts, DealPart(one.amount, shares)]
    for key, balances in open_to.items():
        found[key].clawback = _taken_back(balances, frame, returns())
    return found


def _taken_back(balances: Sequence[OpeningSum], frame: Frame, returns: OpenedReturns) -> Sequence[Decimal]:
    first = frame.position(day_number(balances[0].day))
    assert first is not None  # looked at before
    compiled, earned_until = frame.in_force[first].compiled, frame.periods[frame.at[balances[0].period_id]].end
    deals = [(one.amount, returned) for one in balances if (returned := returns.of(one, frame))]
    if compiled.clawback is None or not deals:
        return ()
    table = table_at(compiled.tables[compiled.clawback.table], earned_until - 1)
    assert isinstance(table, Steps | Points)
    return clawback_by(compiled.clawback, share_by_days(table), deals=deals, earned_until=earned_until, positions=len(frame.periods))
