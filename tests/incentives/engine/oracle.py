"""An independent oracle of pay in plain Fractions: it knows the rules of docs/calculation.md and nothing of the engine's code.

Slow and obvious on purpose. Amounts are Fractions, months are 1..12 of one year, a plan is a `Spec`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

ZERO = Fraction(0)


def rounded(value: Fraction, places: int, mode: str) -> Fraction:
    """half_up: ties away from zero; half_even: to the even neighbour; down: towards zero; up: away from zero."""
    size = abs(value) * 10**places
    whole, rest = divmod(size.numerator, size.denominator)
    left = Fraction(rest, size.denominator)
    half = Fraction(1, 2)
    if mode == "up":
        whole += left > 0
    elif mode == "half_up":
        whole += left >= half
    elif mode == "half_even":
        whole += left > half or (left == half and whole % 2 == 1)
    return Fraction(whole if value >= 0 else -whole, 10**places)


# ---------------------------------------------------------------- tables


@dataclass(frozen=True)
class Tiers:
    """Bounds ascending, each with the value of the step that begins there; the last step is open."""

    bounds: tuple[Fraction, ...]
    values: tuple[Fraction, ...]
    includes: str = "lower"
    below: Fraction = ZERO

    def step(self, x: Fraction, scale: Fraction) -> int:
        """Number of the step in which x lies; -1 below the first."""
        found = -1
        for i, bound in enumerate(self.bounds):
            edge = bound * scale
            if x > edge or (x == edge and (self.includes == "lower" or i == 0)):
                found = i
        return found

    def pay(self, mode: str, x: Fraction, scale: Fraction) -> Fraction:
        """What an amount x is worth."""
        if x < 0 and self.bounds[0] == 0:  # a refund takes back what the sale gave; amounts per step are as at 0
            return self.pay(mode, ZERO, scale) if mode in ("fixed", "stacked") else -self.pay(mode, -x, scale)
        at = self.step(x, scale)
        reached = self.below if at < 0 else self.values[at]
        if mode == "whole":
            return x * reached
        if mode == "fixed":
            return reached
        if mode == "stacked":
            return sum(self.values[: at + 1], ZERO) if at >= 0 else self.below
        if mode == "excess":
            first = x if len(self.bounds) == 1 else min(x, self.bounds[1] * scale)
            return first * self.values[0] + (x - first) * reached
        assert mode in ("marginal", "proportional"), mode
        return sum((part for part in self.parts(mode, x, scale)), ZERO)

    def parts(self, mode: str, x: Fraction, scale: Fraction) -> list[Fraction]:
        """The amounts of the slices of x."""
        found = []
        for i, value in enumerate(self.values):
            low = self.bounds[i] * scale
            high = self.bounds[i + 1] * scale if i + 1 < len(self.bounds) else None
            inside = max(ZERO, (x if high is None else min(x, high)) - low)
            if mode == "marginal":
                found.append(inside * value)
            else:
                found.append(ZERO if high is None else inside / (high - low) * value)
        return found


def on_line(points: list[tuple[Fraction, Fraction]], x: Fraction, below: Fraction, extend: bool) -> Fraction:
    """The value of a line through points; beyond the last one flat or extended."""
    if x < points[0][0]:
        return below
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x < x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    if extend and len(points) > 1:
        (x0, y0), (x1, y1) = points[-2:]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


# ---------------------------------------------------------------- plans


@dataclass(frozen=True)
class Spec:
    """A plan of one component. quotas: by month; None: the table's bounds are amounts."""

    currency: str = "USD"
    places: int = 2
    mode: str = "marginal"
    tiers: Tiers | None = None
    points: tuple[tuple[Fraction, Fraction], ...] = ()
    below: Fraction = ZERO
    extend: bool = False
    scope: str = "period"
    """period, quarter, year or ever to date; rolling; line (each deal by itself); day (each day by itself)."""
    rolling: int = 3
    settle: str = "period"
    quota: Fraction | None = None
    """Of each month."""
    by: Fraction | None = None
    """The step is chosen by the growth over this amount (measured / by - 1), not by what is measured."""
    slice_round: tuple[int, str] | None = None
    line_round: tuple[int, str] | None = None
    deal_cap: Fraction | None = None
    counts: bool = False
    """The measure counts deals instead of adding them."""
    gate: Fraction | None = None
    multipliers: tuple[tuple[Fraction, Fraction], ...] = ()
    """(measure at which it begins, factor)."""
    combine: str = "multiplied"
    floor: Fraction | None = None
    cap: Fraction | None = None
    share: Fraction | None = None
    order: tuple[str, ...] = ("multiply", "floor", "cap", "share")
    round: tuple[int, str] = (2, "half_up")


@dataclass(frozen=True)
class Deal:
    """One credited deal of one payee."""

    month: int
    day: int
    amount: Fraction


def window(month: int, scope: str, rolling: int) -> range:
    """The months of the window up to and including `month`."""
    if scope == "quarter":
        return range(month - (month - 1) % 3, month + 1)
    if scope in ("year", "ever"):
        return range(1, month + 1)
    if scope == "rolling":
        return range(max(1, month - rolling + 1), month + 1)
    return range(month, month + 1)


def whole_window(month: int, scope: str) -> range:
    """The months of the whole window, for the quota."""
    if scope == "quarter":
        first = month - (month - 1) % 3
        return range(first, first + 3)
    return range(1, 13) if scope == "year" else range(month, month + 1)


@dataclass(frozen=True)
class Part:
    """An additive part of what is due, as an explanation names it."""

    kind: str
    label: str
    amount: Fraction
    detail: dict[str, Fraction | None] = field(default_factory=dict)


def rated(spec: Spec, x: Fraction, scale: Fraction) -> list[Part]:
    """The parts of an amount at the plan's rates."""
    if spec.mode == "curve":
        value = on_line(list(spec.points), x, spec.below, spec.extend)
        return [Part("step", "t", x * value, {"base": x, "by": x, "rate": value, "scale": scale})]
    tiers = spec.tiers
    assert tiers is not None
    if spec.mode in ("marginal", "proportional"):
        sign = -1 if x < 0 and tiers.bounds[0] == 0 else 1
        found = []
        for i, amount in enumerate(tiers.parts(spec.mode, x * sign, scale)):
            low, high = tiers.bounds[i] * scale, tiers.bounds[i + 1] * scale if i + 1 < len(tiers.bounds) else None
            covered = (x * sign if high is None else min(x * sign, high)) - low
            if covered < 0 or (covered == 0 and i > 0):
                break
            amount = sign * (amount if spec.slice_round is None else rounded(amount, *spec.slice_round))
            found.append(Part("slice", "t", amount, {"from": low, "to": high, "covered": sign * covered, "value": tiers.values[i]}))
        return found
    by = x if spec.by is None else x / spec.by - 1
    size = by
    if by < 0 and tiers.bounds[0] == 0:  # a negative base mirrors the positive one; a base above 0 is in no step below 0
        size = ZERO if spec.mode == "whole" and x >= 0 else -by
    reached = tiers.below if (at := tiers.step(size, scale)) < 0 else tiers.values[at]
    amount = x * reached if spec.mode == "whole" else tiers.pay(spec.mode, by, scale)
    return [Part("step", "t", amount, {"base": x, "by": by, "rate": reached, "scale": scale})]


def explained(spec: Spec, deals: list[Deal], month: int) -> list[Part]:
    """The parts of what is due in a month (to date, where the measure runs over a window), rounding included."""
    months = window(month, spec.scope, spec.rolling)
    mine = [deal for deal in deals if deal.month in months]
    measured = sum(((Fraction(1) if spec.counts else capped(spec, deal)) for deal in mine), ZERO)
    if spec.gate is not None and not measured >= spec.gate:
        return [Part("gate", "", ZERO)]
    if spec.scope in ("line", "day"):
        parts = [Part("lines", "", sum((per_line(spec, mine)), ZERO))]
    else:
        parts = rated(spec, measured, Fraction(1) if spec.quota is None else spec.quota * len(whole_window(month, spec.scope)))
    pay = sum((part.amount for part in parts), ZERO)

    def add(kind: str, label: str, to: Fraction, always: bool, **detail: Fraction) -> None:
        nonlocal pay
        if to != pay or always:
            parts.append(Part(kind, label, to - pay, dict(detail)))
        pay = to

    rounding = f"{spec.round[1]} to {spec.round[0]} decimals"
    for step in (*spec.order, "round"):
        if step == "multiply":
            base = pay
            for number, (begins, factor) in enumerate(spec.multipliers):
                by, of = factor if measured >= begins else Fraction(1), base if spec.combine == "added" else pay
                add("multiplier", f"x{number}", pay + of * (by - 1), True, factor=by, of=of)
        elif step == "floor" and spec.floor is not None:
            add("floor", "floor", max(pay, spec.floor), False, floor=spec.floor)
        elif step == "cap" and spec.cap is not None:
            add("cap", "cap", min(pay, spec.cap), False, cap=spec.cap)
        elif step == "share" and spec.share is not None:
            add("share", "share", pay * spec.share, True, factor=spec.share, of=pay)
        elif step == "round":
            add("rounding", rounding, rounded(pay, *spec.round), False)
    return parts


def per_line(spec: Spec, deals: list[Deal]) -> list[Fraction]:
    """What each deal pays by itself, or at the rate that the day has reached with it."""
    found, running = [], dict[tuple[int, int], Fraction]()
    for deal in deals:
        one = capped(spec, deal)
        if spec.scope == "line":
            pay = sum((part.amount for part in rated(spec, one, Fraction(1))), ZERO)
            found.append(pay if spec.line_round is None else rounded(pay, *spec.line_round))
        else:
            assert spec.tiers is not None
            day = deal.month, deal.day
            running[day] = running.get(day, ZERO) + one
            at = spec.tiers.step(abs(running[day]), Fraction(1))
            found.append(one * spec.tiers.values[at])
    return found


def due(spec: Spec, deals: list[Deal], month: int) -> Fraction:
    """What is due in a month, rounded."""
    return sum((part.amount for part in explained(spec, deals, month)), ZERO)


def capped(spec: Spec, deal: Deal) -> Fraction:
    return deal.amount if spec.deal_cap is None else min(deal.amount, spec.deal_cap)


def earned(spec: Spec, deals: list[Deal], months: range = range(1, 13)) -> dict[int, Fraction]:
    """Month -> what it earned: what is due to date less what the window's earlier months earned, where it is settled."""
    found: dict[int, Fraction] = {}
    for month in months:
        before = ZERO
        if spec.settle != "period":
            first = window(month, spec.settle, 0)[0]
            before = sum((found[m] for m in range(first, month)), ZERO)
        found[month] = due(spec, deals, month) - before
    return found


# ---------------------------------------------------------------- splits, roll-ups, draws


def divided(amount: Fraction, shares: list[int], places: int) -> list[Fraction]:
    """An amount by shares in ppm that make a million: everybody his part cut off, the units left over to the largest remainders,
    ties to who stands first."""
    units = int(abs(amount) * 10**places)
    exact = [Fraction(units * share, 1_000_000) for share in shares]
    parts = [int(one) for one in exact]
    order = sorted(range(len(shares)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: units - sum(parts)]:
        parts[i] += 1
    return [Fraction(part if amount >= 0 else -part, 10**places) for part in parts]


@dataclass(frozen=True)
class Terms:
    """How what is earned is paid, with one draw."""

    draw: Fraction = ZERO
    recover: bool = True
    upfront: bool = False
    maximum: Fraction | None = None
    excess: str = "carry"
    negative: str = "keep"
    limit: Fraction = Fraction(1)
    places: int = 2


def paid(terms: Terms, due_by_month: list[Fraction]) -> tuple[list[Fraction], Fraction, Fraction]:
    """What each month pays of what is due in it, and at the end what is carried and what of the draw is owed."""
    found, carried, owed = [], ZERO, ZERO
    for due_now in due_by_month:
        pay, carried, advance = due_now + carried, ZERO, ZERO
        if terms.upfront:
            advance = terms.draw
            owed += advance
        if pay < 0 and terms.negative != "keep":
            carried = pay if terms.negative == "carry" else ZERO
            pay = ZERO
        level = ZERO if terms.upfront else terms.draw
        if terms.recover:
            room = min(max(ZERO, pay - level), rounded(max(ZERO, pay) * terms.limit, terms.places, "down"))
            back = min(owed, room)
            pay, owed = pay - back, owed - back
        else:
            owed = ZERO
        if not terms.upfront and max(pay, ZERO) < terms.draw:  # a result below zero counts as nothing
            top = terms.draw - max(pay, ZERO)
            pay += top
            owed += top if terms.recover else ZERO
        pay += advance
        if terms.maximum is not None and pay > terms.maximum:
            carried += pay - terms.maximum if terms.excess == "carry" else ZERO
            pay = terms.maximum
        found.append(pay)
    return found, carried, owed if terms.recover else ZERO


@dataclass(frozen=True)
class Schedule:
    """When what is earned is paid. until: quarter or year, the window at whose end the holdback is released."""

    instalments: int = 1
    holdback: Fraction = ZERO
    until: str = "year"
    cash: bool = False


def scheduled(schedule: Schedule, deals: list[Deal], received: dict[int, list[tuple[int, Fraction]]]) -> list[Fraction]:
    """What each month pays of deals of which each earned its amount. received: deal's number -> (month, money)."""
    paid_in = [ZERO] * 12
    for number, deal in enumerate(deals):
        before = ZERO
        last = whole_window(deal.month, schedule.until)[-1]
        for month in range(deal.month, 13):
            share = Fraction(min(schedule.instalments, month - deal.month + 1), schedule.instalments)
            if month < last:
                share *= 1 - schedule.holdback
            released = Fraction(1)
            if schedule.cash and deal.amount > 0:
                released = min(Fraction(1), sum((money for at, money in received.get(number, []) if at <= month), ZERO) / deal.amount)
            due_now = rounded(deal.amount * released * share, 2, "half_up")
            paid_in[month - 1] += due_now - before
            before = due_now
    return paid_in


def taken_back(
    pay: Fraction, earned_until: int, returns: list[tuple[int, int, Fraction]], window_table: list[tuple[Fraction, Fraction]], instalments: int
) -> list[Fraction]:
    """What each month takes back of a deal's pay. returns: (day number, month, share of the deal); days count from the end of the
    earning period, of which `earned_until` is the first day after it; a deal gives back at most once what it earned."""
    found, left = [ZERO] * 12, Fraction(1)
    for day, month, share in sorted(returns):
        share = min(share, left)
        left -= share
        due_back = min(Fraction(1), max(ZERO, on_line(window_table, Fraction(max(0, day - earned_until + 1)), Fraction(1), False)))
        whole, before = rounded(pay * share * due_back, 2, "half_up"), ZERO
        for at in range(month, 13):
            now = rounded(whole * Fraction(min(instalments, at - month + 1), instalments), 2, "half_up")
            found[at - 1] -= now - before
            before = now
    return found
