"""Two plans on the same people and the same sales: what each costs, how pay and attainment are spread, who wins and who loses.

Pure: takes what each plan earned, returns sums that tie. Amounts are exact Decimals in the plans' one currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key")

ZERO = Decimal(0)
PERCENTILES = (10, 25, 50, 75, 90)
# Upper bounds of the bands of attainment, the last one open; a bound belongs to the band above it.
BANDS = (Decimal("0.5"), Decimal("0.8"), Decimal(1), Decimal("1.2"), Decimal("1.5"))


class Earned(NamedTuple):
    """What a payee earned of a component in a period under one plan."""

    payee: int
    component: str
    period: str
    amount: Decimal


class Pair(NamedTuple, Generic[Key]):
    """The same sum under both plans: of a payee, a period or a component."""

    key: Key
    first: Decimal
    second: Decimal

    @property
    def change(self) -> Decimal:
        return self.second - self.first


@dataclass(frozen=True)
class Comparison:
    """`periods` and `components` tie to the sum over `payees`, which is everybody, largest change first."""

    periods: tuple[Pair[str], ...]
    components: tuple[Pair[str], ...]
    payees: tuple[Pair[int], ...]
    pay: tuple[tuple[Decimal, ...], tuple[Decimal, ...]]
    """How pay is spread over people, at PERCENTILES, under the first and the second plan."""
    attainment: tuple[tuple[int, ...], tuple[int, ...]]
    """Payees and windows by band of attainment."""

    @property
    def total(self) -> tuple[Decimal, Decimal]:
        return sum((pair.first for pair in self.payees), ZERO), sum((pair.second for pair in self.payees), ZERO)

    @property
    def gains(self) -> list[Decimal]:
        return [pair.change for pair in self.payees if pair.change > 0]

    @property
    def losses(self) -> list[Decimal]:
        return [pair.change for pair in self.payees if pair.change < 0]


def percentiles(values: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """By nearest rank, so that each is somebody's own value: the smallest with at least that share at or below it; 0 for none.

    >>> percentiles(map(Decimal, [4, 3, 2, 1]))
    (Decimal('1'), Decimal('1'), Decimal('2'), Decimal('3'), Decimal('4'))
    """
    ordered = sorted(values) or [ZERO]
    return tuple(ordered[max(0, -(-len(ordered) * percent // 100) - 1)] for percent in PERCENTILES)


def band_counts(values: Iterable[Decimal]) -> tuple[int, ...]:
    """How many values are in each band of BANDS.

    >>> band_counts([Decimal("0.49"), Decimal("0.5"), Decimal(1), Decimal(9)])
    (1, 1, 0, 1, 0, 1)
    """
    counts = [0] * (len(BANDS) + 1)
    for value in values:
        counts[sum(value >= bound for bound in BANDS)] += 1
    return tuple(counts)


def _pairs(first: Iterable[Earned], second: Iterable[Earned], key_of: Callable[[Earned], Key], order: Iterable[Key]) -> tuple[Pair[Key], ...]:
    """Sums by key, in the order given; keys of rows that the order lacks come after it."""
    sums: tuple[dict[Key, Decimal], dict[Key, Decimal]] = (dict.fromkeys(order, ZERO), {})
    for side, rows in zip(sums, (first, second), strict=True):
        for row in rows:
            side[key_of(row)] = side.get(key_of(row), ZERO) + row.amount
    return tuple(Pair(key, sums[0].get(key, ZERO), sums[1].get(key, ZERO)) for key in {**sums[0], **sums[1]})


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
    people = sorted(_pairs(first, second, lambda row: row.payee, sorted(set(payees))), key=lambda pair: (-abs(pair.change), pair.key))
    return Comparison(
        periods=_pairs(first, second, lambda row: row.period, periods),
        components=_pairs(first, second, lambda row: row.component, components),
        payees=tuple(people),
        pay=(percentiles(pair.first for pair in people), percentiles(pair.second for pair in people)),
        attainment=(band_counts(attainment[0].values()), band_counts(attainment[1].values())),
    )
