"""Two plans on the same people and the same sales: what each costs, how pay and attainment are spread, who wins and who loses.

Pure: takes what each plan earned, returns sums that tie. Amounts are exact Decimals in the plans' one currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

PERCENTILES = (10, 25, 50, 75, 90)
# Upper bounds of the bands of attainment, the last one open; a bound belongs to the band above it.
BANDS = (Decimal("0.5"), Decimal("0.8"), Decimal(1), Decimal("1.2"), Decimal("1.5"))


class Earned(NamedTuple):
    """What a payee earned of a component in a period under one plan."""

    payee: int
    component: str
    period: str
    amount: Decimal


class PayeePair(NamedTuple):
    """A payee's pay under both plans over the whole time."""

    payee: int
    first: Decimal
    second: Decimal

    @property
    def change(self) -> Decimal:
        return self.second - self.first


class Pair(NamedTuple):
    """The same sum under both plans."""

    name: str
    first: Decimal
    second: Decimal

    @property
    def change(self) -> Decimal:
        return self.second - self.first


@dataclass(frozen=True)
class Spread:
    """How something is spread over people: percentiles (nearest rank, so that each is somebody's own value)."""

    count: int
    percentiles: tuple[Decimal, ...]


@dataclass(frozen=True)
class Comparison:
    """Totals by period and component tie to the total; `payees` is everybody, largest change first."""

    total: Pair
    periods: tuple[Pair, ...]
    components: tuple[Pair, ...]
    payees: tuple[PayeePair, ...]
    winners: int
    losers: int
    unchanged: int
    gained: Decimal
    lost: Decimal
    pay: tuple[Spread, Spread]
    attainment: tuple[tuple[int, ...], tuple[int, ...]]
    """Payees and windows by band of attainment, under the first and the second plan."""


def percentile(values: Sequence[Decimal], percent: int) -> Decimal:
    """Nearest rank: the smallest value with at least `percent` of all at or below it; 0 for none.

    >>> percentile([Decimal(1), Decimal(2), Decimal(3), Decimal(4)], 50)
    Decimal('2')
    """
    if not values:
        return Decimal(0)
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def band_counts(values: Iterable[Decimal]) -> tuple[int, ...]:
    """How many values are in each band of BANDS.

    >>> band_counts([Decimal("0.49"), Decimal("0.5"), Decimal(1), Decimal(9)])
    (1, 1, 0, 1, 0, 1)
    """
    counts = [0] * (len(BANDS) + 1)
    for value in values:
        counts[sum(value >= bound for bound in BANDS)] += 1
    return tuple(counts)


def _sums(rows: Iterable[Earned], key: str) -> dict[str | int, Decimal]:
    found: dict[str | int, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[getattr(row, key)] += row.amount
    return found


def _pairs(first: Sequence[Earned], second: Sequence[Earned], key: str, order: Sequence[str]) -> tuple[Pair, ...]:
    one, other = _sums(first, key), _sums(second, key)
    names = [name for name in order if name in one or name in other] + sorted(str(name) for name in {*one, *other} - set(order))
    return tuple(Pair(name, one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in names)


def compare(
    first: Sequence[Earned],
    second: Sequence[Earned],
    *,
    payees: Iterable[int],
    periods: Sequence[str],
    components: Sequence[str],
    attainment: tuple[Mapping[tuple[int, str], Decimal], Mapping[tuple[int, str], Decimal]],
) -> Comparison:
    """Compares what two plans earned. payees: everybody under them, also those who earned nothing; periods and components in
    the order in which they are shown; attainment: of each plan, by (seat, window)."""
    one, other = _sums(first, "payee"), _sums(second, "payee")
    zero = Decimal(0)
    people = [PayeePair(payee, one.get(payee, zero), other.get(payee, zero)) for payee in sorted(set(payees) | {int(p) for p in {*one, *other}})]
    people.sort(key=lambda pair: (-abs(pair.change), pair.payee))
    ups = [pair.change for pair in people if pair.change > 0]
    downs = [pair.change for pair in people if pair.change < 0]
    return Comparison(
        total=Pair("", sum((pair.first for pair in people), zero), sum((pair.second for pair in people), zero)),
        periods=_pairs(first, second, "period", periods),
        components=_pairs(first, second, "component", components),
        payees=tuple(people),
        winners=len(ups),
        losers=len(downs),
        unchanged=len(people) - len(ups) - len(downs),
        gained=sum(ups, zero),
        lost=sum(downs, zero),
        pay=(
            Spread(len(people), tuple(percentile([pair.first for pair in people], p) for p in PERCENTILES)),
            Spread(len(people), tuple(percentile([pair.second for pair in people], p) for p in PERCENTILES)),
        ),
        attainment=(band_counts(attainment[0].values()), band_counts(attainment[1].values())),
    )
