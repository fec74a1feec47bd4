"""Tables of two and more dimensions: cells read by amounts (steps or straight lines between points) and by texts.

What a table says of values outside its bounds is written in it: the edge, a figure, or undefined. Tables that change
at a date stand under one name; `table_at` gives the one in force.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from .columns import LineNumber
from .exact import ONE, ZERO, Number, add, div, mul, sub
from .tables import Points, Steps, integers

EDGE = "edge"
UNDEFINED = "undefined"
Outside = str | Decimal
"""`edge`, `undefined`, or the figure that the whole table then gives."""


@dataclass(frozen=True)
class Dimension:
    """One axis. `at` for numbers (ascending bounds), `labels` for texts (then `below` is what other texts give)."""

    name: str
    at: tuple[Decimal, ...] = ()
    labels: tuple[str, ...] = ()
    between: str = "step"
    includes: str = "lower"
    below: Outside = UNDEFINED
    above: Outside = EDGE

    @property
    def kind(self) -> str:
        """number or code."""
        return "code" if self.labels else "number"

    @property
    def size(self) -> int:
        """Cells along the axis."""
        return len(self.at) or len(self.labels)

    def find(self, x: Any) -> list[tuple[int, Number]] | Outside:
        """The cells along the axis that x reads, each with its weight (they sum to 1), or what stands outside."""
        if self.labels:
            return [(self.labels.index(x), ONE)] if x in self.labels else self.below
        at = self.at
        if x < at[0]:
            return [(0, ONE)] if self.below == EDGE else self.below
        if x > at[-1]:
            return [(len(at) - 1, ONE)] if self.above == EDGE else self.above
        index = (bisect_right if self.includes == "lower" or self.between == "linear" else bisect_left)(at, x) - 1
        index = max(index, 0)
        if self.between == "step" or index + 1 == len(at):
            return [(index, ONE)]
        share = div(sub(x, at[index]), sub(at[index + 1], at[index]))
        return [(index, sub(ONE, share)), (index + 1, share)] if share else [(index, ONE)]


@dataclass(frozen=True)
class Grid:
    """Cells in order of the dimensions, the last one running fastest; None is an undefined cell."""

    name: str
    dimensions: tuple[Dimension, ...]
    cells: tuple[Decimal | None, ...]

    @property
    def can_be_undefined(self) -> bool:
        """Does any value or cell give undefined?"""
        outside = any(d.below == UNDEFINED or (not d.labels and d.above == UNDEFINED) for d in self.dimensions)
        return outside or None in self.cells

    @property
    def whole_cells(self) -> bool:
        """Can a line read it: no lines between points, nothing undefined?"""
        return not self.can_be_undefined and all(d.between == "step" for d in self.dimensions)

    def lookup(self, values: Sequence[Any]) -> Number | None:
        """The value, exactly; None where it is undefined. Where several dimensions lie outside, the first decides."""
        found: list[list[tuple[int, Number]]] = []
        for dimension, x in zip(self.dimensions, values, strict=True):
            places = dimension.find(x)
            if isinstance(places, str):
                return None
            if isinstance(places, Decimal):
                return places
            found.append(places)
        total: Number = ZERO
        for corner in itertools.product(*found):
            index, weight = 0, ONE
            for (place, share), dimension in zip(corner, self.dimensions, strict=True):
                index = index * dimension.size + place
                weight = mul(weight, share)  # type: ignore[assignment]
            cell = self.cells[index]
            if cell is None:
                return None
            total = add(total, mul(weight, cell))
        return total

    # ---- per line

    @cached_property
    def _padded(self) -> tuple[Any, int]:
        """The cells as integers over one denominator, each axis with a slot before and after for what stands outside."""
        sizes = [d.size for d in self.dimensions]
        values: list[Decimal] = []
        for spot in itertools.product(*(range(-1, size + 1) for size in sizes)):
            values.append(self._outside(spot, sizes))
        whole, denominator = integers(values)
        kind: Any = np.int64 if max(map(abs, whole)) < 2**62 else object
        return np.array(whole, dtype=kind).reshape([size + 2 for size in sizes]), denominator

    def _outside(self, spot: tuple[int, ...], sizes: list[int]) -> Decimal:
        inside = []
        for place, size, dimension in zip(spot, sizes, self.dimensions, strict=True):
            rule = dimension.below if place < 0 or dimension.labels else dimension.above
            if 0 <= place < size:
                inside.append(place)
            elif isinstance(rule, Decimal):
                return rule
            else:
                inside.append(0 if place < 0 else size - 1)
        index = 0
        for place, size in zip(inside, sizes, strict=True):
            index = index * size + place
        cell = self.cells[index]
        return cell if cell is not None else ZERO

    def lookup_lines(self, places: Sequence[Any]) -> LineNumber:
        """`lookup` for columns of places along each axis (`number_places`, `code_places`)."""
        cells, denominator = self._padded
        return LineNumber.of(cells[tuple(np.asarray(place) + 1 for place in places)], denominator)


def number_places(dimension: Dimension, x: LineNumber) -> Any:
    """Cell along a numeric axis for each line; -1 below, `size` above."""
    bounds, denominator = integers(dimension.at)
    column = x.over(denominator * (x.denominator // np.gcd(x.denominator, denominator)))
    factor = column.denominator // denominator
    scaled = [bound * factor for bound in bounds]
    values = column.values if max(map(abs, scaled)) < 2**62 else column.values.astype(object)
    keys = np.array(scaled, dtype=values.dtype)
    index = np.searchsorted(keys, values, side="right" if dimension.includes == "lower" else "left") - 1
    index = np.where(values == keys[0], 0, index)
    return np.where(values < keys[0], -1, np.where(values > keys[-1], dimension.size, index))


RateTable = Steps | Points | Grid


@dataclass(frozen=True)
class Dated:
    """Tables of one name, each in force from its day until the next one's."""

    name: str
    days: tuple[int, ...]
    tables: tuple[RateTable, ...]

    def at(self, day: int) -> RateTable:
        """The table in force on a day."""
        return self.tables[bisect_right(self.days, day) - 1]


AnyTable = RateTable | Dated


def table_at(table: AnyTable, day: int) -> RateTable:
    """The table itself, or the one in force on a day."""
    return table.at(day) if isinstance(table, Dated) else table


def below_stated(table: AnyTable) -> Decimal | None:
    """What tiers state for what is below their first step, where it is more than nothing; None: nothing of that kind is stated."""
    steps = [one for one in (table.tables if isinstance(table, Dated) else (table,)) if isinstance(one, Steps)]
    return next((one.below for one in steps if one.below), None)


def first_bounds(table: AnyTable) -> list[Decimal]:
    """Where the first steps of tiers begin, of each table of the name."""
    return [one.starts[0] for one in (table.tables if isinstance(table, Dated) else (table,)) if isinstance(one, Steps)]


def table_sample(table: AnyTable) -> RateTable:
    """A table of the kind (and dimensions) that all of the name have."""
    return table.tables[0] if isinstance(table, Dated) else table
