"""What the payment stage walks: a plan's versions of one currency over its pay periods, and who moves from one to another, when."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from incentives.engine.contracts import OPEN_END, Period
from incentives.engine.payout import Amounts, amounts_read
from incentives.engine.plan import Conversion
from incentives.engine.prepare import window_label
from incentives.engine.proration import Interval, joined
from incentives.engine.rounding import round_number
from incentives.fx import table_of
from incentives.inputs import RunInputs, VersionInputs
from incentives.models import OpeningKind
from incentives.settle import Settlement

FrameKey = tuple[str, str]
"""(plan code, currency)"""


class PlanFrame:
    """A plan's versions of one currency in the run, and its pay periods in order of time. further: periods of the calendar to look at besides."""

    def __init__(self, inputs: RunInputs, versions: Sequence[VersionInputs], further: Iterable[Period] = ()) -> None:
        self.inputs = inputs
        self.versions = {version.id: version for version in sorted(versions, key=lambda version: version.coverage[0] if version.coverage else (0, 0))}
        periods: dict[int, Period] = {period.id: period for period in (*further, *(period for version in versions for period in version.periods))}
        self.periods = sorted(periods.values(), key=lambda period: period.start)
        self.at = {period.id: i for i, period in enumerate(self.periods)}
        self.windows = {over: [window_label(period, over) for period in self.periods] for over in ("quarter", "year")}
        self.begun = sum(1 for period in self.periods if period.start <= inputs.today)
        self.starts = [period.start for period in self.periods]
        self.currency = next(iter(self.versions.values())).compiled.currency
        self.code = versions[0].plan_code
        self.plan_id = inputs.rows[versions[0].id].plan_id
        self.in_force = [self._version(period) for period in self.periods]

    @property
    def key(self) -> FrameKey:
        """By what it is told from others."""
        return self.code, self.currency

    def _version(self, period: Period) -> VersionInputs:
        """The version in force on the period's last day, else the last one before it, else the first."""
        found = next(iter(self.versions.values()))
        for version in self.versions.values():
            for low, high in version.coverage:
                if low < period.end:
                    found = version
                if low < period.end <= high:
                    return version
        return found

    @property
    def has_terms(self) -> bool:
        """Does any version's pay depend on more than what is earned in the period?"""
        return any(v.compiled.terms.schedules or v.compiled.terms.walks or v.compiled.clawback is not None for v in self.versions.values())

    @property
    def moves(self) -> bool:
        """Does any version say what becomes of balances when a payee moves?"""
        return any(v.compiled.terms.on_move != "stay" for v in self.versions.values())

    def position(self, day: int) -> int | None:
        """The pay period of a day."""
        i = bisect.bisect_right(self.starts, day) - 1
        return i if i >= 0 and day < self.periods[i].end else None

    @cached_property
    def under(self) -> dict[int, list[tuple[VersionInputs, int, Interval]]]:
        """Payee -> (version, seat, days) under the plan, in no order."""
        found: dict[int, list[tuple[VersionInputs, int, Interval]]] = defaultdict(list)
        for version in self.versions.values():
            people = version.prepared.people
            for seat in sorted(version.paid):
                found[self.inputs.seats[seat][0]] += [(version, seat, days) for days in people.enrolled(people.unit_of[seat])]
        return found

    def days(self, payee: int) -> list[Interval]:
        """Days of the payee under the plan in this currency, those that touch made one."""
        return joined(days for _, _, days in self.under.get(payee, ()))


def frames_of(inputs: RunInputs) -> list[PlanFrame]:
    """The frames of a run, by plan code and currency. Where a balance can pass from one to another, frames of one calendar have the same periods."""
    by_key: dict[FrameKey, list[VersionInputs]] = defaultdict(list)
    for version in inputs.versions:
        by_key[version.plan_code, version.compiled.currency].append(version)
    frames = [PlanFrame(inputs, versions, _opened_in(inputs, versions)) for _, versions in sorted(by_key.items())]
    if len({code for code, _ in by_key}) == len(by_key) and not any(frame.moves for frame in frames):
        return frames
    together: dict[int, list[Period]] = defaultdict(list)
    calendar = {frame.key: inputs.rows[next(iter(frame.versions))].plan.calendar_id for frame in frames}
    for frame in frames:
        together[calendar[frame.key]] += frame.periods
    return [PlanFrame(inputs, list(frame.versions.values()), together[calendar[frame.key]]) for frame in frames]


def _opened_in(inputs: RunInputs, versions: Sequence[VersionInputs]) -> list[Period]:
    """Periods in which the system before this one earned what it held or paid under clawback, where they lie before the plan's years."""
    plan = inputs.rows[versions[0].id]
    ids = {one.period_id for one in inputs.openings if one.plan_id == plan.plan_id and one.kind in (OpeningKind.HELD, OpeningKind.CLAWBACK)}
    ids -= {period.id for version in versions for period in version.periods}
    return [period for period in inputs.periods_of(plan.plan.calendar_id) if period.id in ids] if ids else []


@dataclass(frozen=True)
class Leaving:
    """From which pay period on a payee's balances leave a frame, on which day, and for which frame."""

    period: int
    day: int
    to: PlanFrame

    def policy(self, frame: PlanFrame) -> str:
        """What becomes of the balances: pass, stay, or how they are ended."""
        if frame.code == self.to.code:
            return "pass"
        at = frame.at[self.period]
        return frame.in_force[at].compiled.terms.on_move

    @property
    def conversion(self) -> Conversion | None:
        """Which rate the plan that takes the balances states for them."""
        return self.to.in_force[self.to.at[self.period]].compiled.conversions.get("carried")

    def fx_rate(self, frame: PlanFrame) -> Fraction | None:
        """Units of the new currency for one of the old; None where no rate is stated or known."""
        if frame.currency == self.to.currency:
            return Fraction(1)
        if self.conversion is None:
            return None
        day = self.fx_day
        return table_of(self.to.inputs, self.to.currency, (self.conversion.rate_type,)).fx_rate(frame.currency, day)

    @property
    def fx_day(self) -> int:
        """The day of the rate."""
        at, as_of = self.to.at[self.period], "event" if self.conversion is None else self.conversion.as_of
        period = self.to.periods[at]
        if as_of == "year_start":
            return min(one.start for one, year in zip(self.to.periods, self.to.windows["year"], strict=True) if year == self.to.windows["year"][at])
        return {"event": self.day, "period_start": period.start, "period_end": period.end - 1}[as_of]

    def converted(self, amount: Decimal, value: Fraction) -> Decimal:
        """An amount of the old currency in the new one, rounded as the plan that takes it says."""
        if value == 1 or self.conversion is None:
            return amount
        return round_number(Fraction(amount) * value, self.conversion.rounding.places, self.conversion.rounding.mode)


def leaving_of(frame: PlanFrame, frames: Sequence[PlanFrame], payee: int) -> Leaving | None:
    """Where the payee goes on leaving a frame for good: to the plan, or to the plan's next currency, under which he comes on that day;
    None where there is none. Of several plans the first by code."""
    days = frame.days(payee)
    if not days or days[-1][1] >= OPEN_END:
        return None
    end = days[-1][1]
    at = frame.position(end - 1)
    if at is None:
        return None
    period = frame.periods[at].id
    for other in sorted(frames, key=lambda one: (one.code != frame.code, one.key)):
        if other is not frame and period in other.at and any(low == end for low, _ in other.days(payee)):
            return Leaving(period, end, other)
    return None


class DrawAmounts:
    """A plan's draws and maxima in its pay periods, as far as a settlement has computed them."""

    def __init__(self, settlement: Settlement, frame: PlanFrame) -> None:
        self.frame = frame
        self.read = {v.id: amounts_read(settlement.figures.get(v.id, ()), v.compiled.terms.places) for v in frame.versions.values()}

    def of(self, payee: int, position: int) -> Amounts:
        """The payee's amounts in a pay period; draws that are prorated by the days on which he is under the plan."""
        period, version = self.frame.periods[position], self.frame.in_force[position]
        found = self.read[version.id].get((payee, period.id), Amounts())
        prorated = [draw for draw in version.compiled.terms.draws if draw.prorate != "none"]
        if not prorated:
            return found
        under = self.frame.under.get(payee, ())
        draws = dict(found.draws)
        for draw in prorated:
            pieces = []
            for one, seat, days in under:
                amount = self.read[one.id].get((payee, period.id), Amounts()).by_seat.get((draw.name, seat))
                if amount is not None:
                    pieces.append((*days, amount))
            country = self.frame.inputs.countries[self.frame.inputs.payees[payee].legal_entity]
            share = version.prepared.day_count.weighed(draw.prorate, pieces, (period.start, period.end), country)
            draws[draw.name] = round_number(share, version.compiled.terms.places, "half_up")
        return Amounts(draws, found.maximum)
