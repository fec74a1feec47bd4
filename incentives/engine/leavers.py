"""What is still due to somebody who gave notice or left: the plan's table of status x event (booked, invoiced, paid; before or after)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .contracts import OPEN_END, EmploymentSpan

STATUSES, EVENTS = ("notice", "left"), ("booked", "invoiced", "paid")
Money = Sequence[tuple[int, Fraction]]
"""(day, amount)"""


@dataclass(frozen=True)
class LeaverRow:
    """From the day of a status on, `due` is the share of what a deal earned that is still paid, where its event lies before that
    day or after it (on it included)."""

    status: str
    event: str
    when: str
    due: Fraction


def leaving_days(spans: Iterable[EmploymentSpan]) -> dict[str, int]:
    """The day on which notice was given and the day of leaving (the first not employed), as far as there are such."""
    ordered, found = sorted(spans, key=lambda one: one.start), {}
    if not ordered:
        return {}
    last = ordered[-1]
    begun = last.start
    for one in reversed(ordered):  # the last unbroken employment alone
        if one.start < begun and one.end < begun:
            break
        begun = one.start
    notice = [one.start for one in ordered if one.status == "notice" and one.start >= begun]
    if notice:
        found["notice"] = min(notice)
    if last.end < OPEN_END:
        found["left"] = last.end
    return found


@dataclass(frozen=True)
class DealEvents:
    """A deal's own days: booked, and money invoiced and received, against its amount."""

    booked: int
    amount: Fraction
    invoiced: Money = ()
    paid: Money = ()

    def before(self, event: str, day: int) -> Fraction:
        """Share of the deal (0 to 1) for which the event lies before a day."""
        if event == "booked":
            return Fraction(int(self.booked < day))
        if self.amount <= 0:
            return Fraction(1)
        money = self.invoiced if event == "invoiced" else self.paid
        return min(Fraction(1), max(Fraction(0), sum((part for at, part in money if at < day), Fraction(0)) / self.amount))


def still_due(rows: Sequence[LeaverRow], days: Mapping[str, int], deal: DealEvents) -> dict[str, Fraction]:
    """Share of the deal's pay that is due from each status on: of each event the parts before and after by their rows (100 % where
    none says otherwise), and of several events the least."""
    found = {}
    for status in days:
        shares = [Fraction(1)]
        for event in EVENTS:
            mine = {row.when: row.due for row in rows if row.status == status and row.event == event}
            if mine:
                before = deal.before(event, days[status])
                shares.append(before * mine.get("before", Fraction(1)) + (1 - before) * mine.get("after", Fraction(1)))
        found[status] = min(shares)
    return found


def caps(rows: Sequence[LeaverRow], days: Mapping[str, int], deal: DealEvents, ends: Sequence[int]) -> list[Fraction]:
    """The greatest share that may be paid by the end of each period."""
    due = still_due(rows, days, deal)
    return [min((share for status, share in due.items() if days[status] < end), default=Fraction(1)) for end in ends]
