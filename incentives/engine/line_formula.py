"""Evaluating a line formula on columns: vectorised int64, exact, one value per line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from .categories import CategoryTree, is_within, within_met
from .columns import LineNumber, common
from .contracts import Vocabulary, day_number
from .exact import Number
from .grid import AnyTable, Dated, Grid, RateTable, number_places
from .syntax import Node
from .tables import Steps

Mask = npt.NDArray[np.bool_]
ABSENT = -2  # a label that no line carries: equal to no code, not even to "none" (-1)


NO_TREE = CategoryTree(())


@dataclass
class Lines:
    """The columns of some lines, taken on demand. `windows` gives the group of each line for `running`; `stated` where the
    source gives a number, for those that it does not give everywhere."""

    length: int
    numbers: Mapping[str, LineNumber]
    codes: Mapping[str, npt.NDArray[Any]]
    dates: npt.NDArray[Any]
    vocabulary: Vocabulary
    tables: Mapping[str, AnyTable]
    windows: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    mode: str = "half_up"
    stated: Mapping[str, Mask] = field(default_factory=dict)
    tree: CategoryTree = NO_TREE


def unstated(node: Node | None, lines: Lines) -> Mask | None:
    """Where a formula depends on a number that the source does not give; None: nowhere. What a branch or a condition that is
    settled otherwise does not need is not missed."""
    if node is None or not lines.stated:
        return None
    if node.op == "name":
        known = lines.stated.get(node.value)
        return None if known is None else ~known
    parts = [unstated(arg, lines) if isinstance(arg, Node) else None for arg in node.args]
    if all(part is None for part in parts):
        return None
    masks = [np.zeros(lines.length, dtype=bool) if part is None else part for part in parts]
    if node.op in ("and", "or"):
        settled = [condition(arg, lines) if node.op == "or" else ~condition(arg, lines) for arg in node.args]
        return (masks[0] | masks[1]) & ~(settled[0] & ~masks[0]) & ~(settled[1] & ~masks[1])
    if node.op == "call" and node.value == "if":
        return np.asarray(masks[0] | np.where(condition(node.args[0], lines), masks[1], masks[2]))
    return np.asarray(np.logical_or.reduce(masks))


def condition(node: Node, lines: Lines) -> Mask:
    """A bool per line."""
    op = node.op
    if op == "bool":
        return np.full(lines.length, node.value, dtype=bool)
    if op == "and":
        return condition(node.args[0], lines) & condition(node.args[1], lines)
    if op == "or":
        return condition(node.args[0], lines) | condition(node.args[1], lines)
    if op == "not":
        return ~condition(node.args[0], lines)
    if op == "member":
        codes = _codes(node.args[0], lines)
        wanted = [_code(node.args[0].value, label, lines) for label in node.value]
        result = np.zeros(lines.length, dtype=bool)
        for code in wanted:
            result |= codes == code
        return result
    if is_within(node):
        return within_met(node, lines)
    left, right = node.args
    if "string" in (left.op, right.op):
        column, label = (right, left.value) if left.op == "string" else (left, right.value)
        same: Mask = _codes(column, lines) == _code(column.value, label, lines)
        return same if node.value == "=" else ~same
    if "date" in (left.op, right.op) or "date" in (left.value, right.value):
        return _compared(node.value, _dates(left, lines), _dates(right, lines), lines.length)
    a, b = common(number(left, lines), number(right, lines))
    return _compared(node.value, a.values, b.values, lines.length)


def _compared(operator: str, a: Any, b: Any, length: int) -> Mask:
    compare = {"=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    return np.broadcast_to(np.asarray(compare[operator](a, b), dtype=bool), (length,))


def _codes(node: Node, lines: Lines) -> npt.NDArray[Any]:
    return lines.codes[node.value]


def _code(column: str, label: str, lines: Lines) -> int:
    if label == "":
        return lines.vocabulary.get(column, {}).get("", -1)
    return lines.vocabulary.get(column, {}).get(label, ABSENT)


def _dates(node: Node, lines: Lines) -> Any:
    return np.array([day_number(node.value)]) if node.op == "date" else lines.dates


def constant(value: Number) -> LineNumber:
    """A number written in a plan."""
    numerator, denominator = value.as_integer_ratio()
    if (isinstance(value, Decimal) and value == value.to_integral_value()) or denominator == 1:
        return LineNumber.constant(int(value), 1)
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    if isinstance(exponent, int) and exponent < 0:  # decimals keep a power of ten below the line
        return LineNumber.constant(numerator * 10**-exponent // denominator, 10**-exponent)
    return LineNumber.constant(numerator, denominator)


def number(node: Node, lines: Lines) -> LineNumber:
    """A number per line."""
    op, args = node.op, node.args
    if op == "number":
        return constant(node.value)
    if op == "name":
        return lines.numbers[node.value]
    if op == "neg":
        return number(args[0], lines).negated()
    if op in ("add", "sub"):
        return number(args[0], lines).plus(number(args[1], lines), 1 if op == "add" else -1)
    if op == "mul":
        return number(args[0], lines).times(number(args[1], lines))
    if op == "div":
        divisor = number(args[1], lines)
        return number(args[0], lines).divided(int(divisor.values[0]), divisor.denominator)
    if op == "int_power":
        base = number(args[0], lines)
        result = LineNumber.constant(1, 1)
        for _ in range(int(node.value)):
            result = result.times(base)
        return result
    return _called(node, lines)


def _called(node: Node, lines: Lines) -> LineNumber:
    name, args = node.value, node.args
    if name in ("min", "max"):
        result = number(args[0], lines)
        for arg in args[1:]:
            a, b = common(result, number(arg, lines))
            values = np.minimum(a.values, b.values) if name == "min" else np.maximum(a.values, b.values)
            result = LineNumber(values, a.denominator, max(a.bound, b.bound))
        return result
    if name == "abs":
        inner = number(args[0], lines)
        return LineNumber(np.abs(inner.values), inner.denominator, inner.bound)
    if name == "if":
        a, b = common(number(args[1], lines), number(args[2], lines))
        values = np.where(condition(args[0], lines), a.values, b.values)
        return LineNumber(values, a.denominator, max(a.bound, b.bound))
    if name == "round":
        mode = args[2].value if len(args) == 3 else lines.mode
        return number(args[0], lines).rounded(int(args[1].value), mode)
    if name == "running":
        groups = lines.windows[args[1].value]
        if len(args) == 3:
            pairs = np.stack([groups, np.asarray(_codes(args[2], lines), dtype=np.int64)])
            groups = np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)
        return _running(number(args[0], lines), groups, lines.length)
    table = lines.tables[args[0].value]
    if not isinstance(table, Dated):
        return _read(table, name, args[1:], lines)
    result = _read(table.tables[0], name, args[1:], lines)
    for day, each in zip(table.days[1:], table.tables[1:], strict=True):
        a, b = common(result, _read(each, name, args[1:], lines))
        result = LineNumber(np.where(lines.dates >= day, b.values, a.values), a.denominator, max(a.bound, b.bound))
    return result


def _read(table: RateTable, name: str, args: tuple[Node, ...], lines: Lines) -> LineNumber:
    if isinstance(table, Grid):
        places = []
        for dimension, arg in zip(table.dimensions, args, strict=True):
            if dimension.kind == "number":
                places.append(number_places(dimension, number(arg, lines)))
                continue
            if arg.op == "string":
                places.append(np.array([dimension.labels.index(arg.value) if arg.value in dimension.labels else -1]))
                continue
            codes, found = _codes(arg, lines), np.full(lines.length, -1, dtype=np.int64)
            for k, label in enumerate(dimension.labels):
                found = np.where(codes == _code(arg.value, label, lines), k, found)
            places.append(found)
        return table.lookup_lines(places)
    assert isinstance(table, Steps)
    column: LineNumber = getattr(table, f"{name}_lines")(number(args[0], lines))
    return column


def _running(column: LineNumber, groups: npt.NDArray[np.int64], length: int) -> LineNumber:
    """Sum of this line and all earlier ones of the same group, in order of (date, id)."""
    bound = column.bound * max(1, length)
    values = column.wide(length)
    if bound > 2**62:
        values = values.astype(object)
    order = np.argsort(groups, kind="stable")
    ordered, keys = values[order], groups[order]
    total = np.cumsum(ordered)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if length else np.empty(0, dtype=np.int64)
    before = total[first] - ordered[first] if length else total
    lengths = np.diff(np.append(first, length))
    result = np.empty_like(total)
    result[order] = total - np.repeat(before, lengths)
    return LineNumber(result, column.denominator, bound)
