"""The same pay computed row by row in plain Fractions, sharing no code with the engine. Slow and obvious on purpose."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

Rows = list[dict[str, str]]


def round_half_up(value: Fraction, places: int = 2) -> Fraction:
    scaled = abs(value) * 10**places
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return Fraction(whole if value >= 0 else -whole, 10**places)


def marginal(tiers: list[tuple[int, Fraction]], amount: Fraction) -> Fraction:
    if amount < 0:
        return -marginal(tiers, -amount)
    total = Fraction(0)
    for i, (low, rate) in enumerate(tiers):
        high = tiers[i + 1][0] if i + 1 < len(tiers) else None
        if amount > low:
            total += (min(amount, Fraction(high)) - low if high is not None else amount - low) * rate
    return total


def whole_rate(tiers: list[tuple[int, Fraction]], amount: Fraction) -> Fraction:
    found = tiers[0][1]
    for low, rate in tiers:
        if abs(amount) >= low:
            found = rate
    return found


def credits(transactions: Rows, splits: Rows) -> list[tuple[dict[str, str], str, Fraction]]:
    """(transaction, payee, credit in cents' precision)."""
    found = []
    for row in transactions:
        amount = round_half_up(Fraction(Decimal(row["amount"])))
        parts = sorted((s for s in splits if s["transaction"] == row["id"]), key=lambda s: int(s["payee"][1:]))
        if not parts:
            found.append((row, row["payee"], amount))
            continue
        cents = int(abs(amount) * 100)
        shares = [Fraction(Decimal(s["share"])) / 100 for s in parts]
        floors = [int(cents * share) for share in shares]
        order = sorted(range(len(parts)), key=lambda i: (-(cents * shares[i] - floors[i]), i))
        for i in order[: cents - sum(floors)]:
            floors[i] += 1
        found += [(row, s["payee"], Fraction(floor if amount >= 0 else -floor, 100)) for s, floor in zip(parts, floors, strict=True)]
    return found


def chain(payee: str, date: str, hierarchy: Rows) -> list[str]:
    found: list[str] = []
    current = payee
    while True:
        above = [h["manager"] for h in hierarchy if h["payee"] == current and h["from"] <= date < h["to"]]
        if not above or above[0] in found or above[0] == payee:
            return found
        found.append(above[0])
        current = above[0]


def pay(transactions: Rows, splits: Rows, hierarchy: Rows, payees: list[str], tiers: list[tuple[int, Fraction]]) -> dict[tuple[str, str, int], Fraction]:
    """(payee, component, month 1..12) -> amount, of the plan in test_properties.PLAN."""
    month_of = lambda row: int(row["date"][5:7])  # noqa: E731
    sales: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    bikes: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    lines: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    team: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for row, payee, credit in credits(transactions, splits):
        key = (payee, month_of(row))
        sales[key] += credit
        if row["product"] == "bike":
            bikes[key] += credit
        lines[key] += marginal(tiers, credit)
        for manager in chain(payee, row["date"], hierarchy):
            team[manager, month_of(row)] += credit
    result: dict[tuple[str, str, int], Fraction] = {}
    for payee in payees:
        for month in range(1, 13):
            first = month - (month - 1) % 3
            before = sum((sales[payee, m] for m in range(first, month)), Fraction(0))
            now = before + sales[payee, month]
            due, earlier = round_half_up(marginal(tiers, now)), round_half_up(marginal(tiers, before))
            result[payee, "quarterly", month] = due - (earlier if month > first else 0)
            amount = sales[payee, month]
            result[payee, "monthly", month] = round_half_up(amount * whole_rate(tiers, amount))
            result[payee, "bikes", month] = round_half_up(bikes[payee, month] * Fraction(3, 100))
            result[payee, "deals", month] = round_half_up(lines[payee, month])
            result[payee, "override", month] = round_half_up(team[payee, month] * Fraction(1, 200))
    return result
