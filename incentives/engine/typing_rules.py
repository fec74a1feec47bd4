"""Types and grains of expressions: what may stand where, said before anything runs.

Kinds: number, bool, code (a label such as a product), date, table. A number may be *optional*: a quotient whose
divisor can be zero, a quota that may be missing. Optional spreads through every operation until `default(x, y)` or
the component's `when_undefined` ends it. Grains: a line formula sees columns, a period formula sees measures; the
other grain's names are an error, `sum(...)` and `count(...)` being the way from lines to a period.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .exact import text as number_text
from .grid import AnyTable, Dated, Grid, below_stated, first_bounds, table_sample
from .rounding import MODES
from .syntax import Node
from .tables import Points, Steps


@dataclass(frozen=True)
class Type:
    """A kind, and whether the value may be undefined."""

    kind: str
    optional: bool = False


NUMBER, BOOL, CODE, DATE = Type("number"), Type("bool"), Type("code"), Type("date")
MAYBE = Type("number", True)
WINDOWS = ("day", "period", "quarter", "year", "ever")
AGGREGATES = ("sum", "count")
DIGITS = 300
"""Before the decimal point; numbers that grow longer while a run computes are named exceptions of their payee."""
TIERS = ("rate", "marginal", "proportional", "excess", "fixed", "stacked")


class TypeProblem(Exception):
    """A formula that means nothing; `node` says where."""

    def __init__(self, node: Node, code: str, **params: Any) -> None:
        self.node, self.code, self.params = node, code, params
        super().__init__(code)


@dataclass(frozen=True)
class Scope:
    """The names a formula may use. `other` are the names of the other grain, for a better error."""

    grain: str
    names: Mapping[str, Type]
    tables: Mapping[str, AnyTable] = field(default_factory=dict)
    other: frozenset[str] = frozenset()
    hoist: Callable[[Node], str] | None = None
    """Period grain: registers an aggregate over lines and returns the name under which its total is found."""


def check(node: Node, scope: Scope) -> Type:
    """The type of an expression; raises TypeProblem."""
    op = node.op
    if op == "number":
        digits = node.value.adjusted() + 1 if node.value else 0
        if digits > DIGITS:
            raise TypeProblem(node, "number_too_long", count=digits, most=DIGITS)
        return NUMBER
    if op == "bool":
        return BOOL
    if op == "date":
        return DATE
    if op == "string":
        raise TypeProblem(node, "text_alone")
    if op == "name":
        return _name(node, scope)
    if op in ("add", "sub", "mul"):
        return _numbers(node, scope, node.args)
    if op == "neg":
        return _numbers(node, scope, node.args)
    if op == "int_power":
        if "." in node.value or int(node.value) > 12:
            raise TypeProblem(node, "whole_power")
        return _numbers(node, scope, node.args)
    if op == "div":
        return _division(node, scope)
    if op in ("and", "or", "not"):
        return _bools(node, scope, node.args)
    if op == "compare":
        return _compare(node, scope)
    if op == "member":
        kind = check(node.args[0], scope)
        if kind.kind != "code":
            raise TypeProblem(node.args[0], "in_needs_code", found=kind.kind)
        return BOOL
    if op == "aggregate" or (op == "call" and node.value in AGGREGATES):
        return _aggregate(node, scope)
    return _call(node, scope)


def _name(node: Node, scope: Scope) -> Type:
    found = scope.names.get(node.value)
    if found is not None:
        return found
    if node.value in scope.other:
        if scope.grain == "period":
            raise TypeProblem(node, "grain_line", name=node.value)
        raise TypeProblem(node, "grain_period", name=node.value)
    if node.value in scope.tables:
        raise TypeProblem(node, "name_is_table", name=node.value)
    known = sorted([*scope.names, *scope.tables])
    near = difflib.get_close_matches(node.value, known, 1)
    if near:
        raise TypeProblem(node, "name_unknown_near", name=node.value, near=near[0])
    raise TypeProblem(node, "name_unknown", name=node.value, known=known)


def _numbers(node: Node, scope: Scope, args: tuple[Node, ...]) -> Type:
    optional = False
    for arg in args:
        kind = check(arg, scope)
        if kind.kind != "number":
            raise TypeProblem(arg, "number_needed", found=kind.kind)
        optional |= kind.optional
    return Type("number", optional)


def _bools(node: Node, scope: Scope, args: tuple[Node, ...]) -> Type:
    optional = False
    for arg in args:
        kind = check(arg, scope)
        if kind.kind != "bool":
            raise TypeProblem(arg, "condition_needed", found=kind.kind)
        optional |= kind.optional
    return Type("bool", optional)


def _constant(node: Node) -> bool:
    return node.op == "number" or (node.op == "neg" and _constant(node.args[0]))


def _division(node: Node, scope: Scope) -> Type:
    kind = _numbers(node, scope, node.args)
    divisor = node.args[1]
    if _constant(divisor):
        value = divisor.value if divisor.op == "number" else divisor.args[0].value
        if value == 0:
            raise TypeProblem(divisor, "divides_by_zero")
        return kind
    if scope.grain == "line":
        raise TypeProblem(node, "line_division")
    return MAYBE


def _compare(node: Node, scope: Scope) -> Type:
    left, right = node.args
    if left.op == "string" or right.op == "string":
        other = right if left.op == "string" else left
        if other.op == "string" or check(other, scope).kind != "code":
            raise TypeProblem(node, "text_needs_code")
        if node.value not in ("=", "!="):
            raise TypeProblem(node, "text_order", operator=node.value)
        return BOOL
    a, b = check(left, scope), check(right, scope)
    if a.kind != b.kind or a.kind not in ("number", "date"):
        raise TypeProblem(node, "compares_unlike", left=a.kind, right=b.kind)
    return Type("bool", a.optional or b.optional)


def _aggregate(node: Node, scope: Scope) -> Type:
    if scope.grain == "line":
        raise TypeProblem(node, "aggregate_in_line", name=node.value)
    if node.value not in AGGREGATES:
        raise TypeProblem(node, "aggregate_unknown", name=node.value)
    if node.value == "count" and (node.op == "aggregate" or len(node.args) != 1):
        raise TypeProblem(node, "count_takes")
    if node.op == "call" and len(node.args) != 1:
        raise TypeProblem(node, "aggregate_takes", name=node.value)
    assert scope.hoist is not None
    scope.hoist(node)
    return NUMBER


def _table(node: Node, scope: Scope, wanted: type[Steps] | type[Points] | type[Grid]) -> Any:
    table = node.args[0] if node.args else None
    if table is None or table.op != "name" or table.value not in scope.tables:
        raise TypeProblem(table or node, "reads_table", function=node.value, known=sorted(scope.tables))
    found = table_sample(scope.tables[table.value])
    if not isinstance(found, wanted):
        words = {Steps: "steps", Points: "points", Grid: "cells"}
        raise TypeProblem(table, "table_kind", table=table.value, wanted=words[wanted])
    return found


def _lookup(node: Node, scope: Scope) -> Type:
    grid: Grid = _table(node, scope, Grid)
    _arity(node, len(grid.dimensions) + 1, len(grid.dimensions) + 1)
    optional = False
    for dimension, arg in zip(grid.dimensions, node.args[1:], strict=True):
        kind = CODE if arg.op == "string" else check(arg, scope)
        if kind.kind != dimension.kind:
            raise TypeProblem(arg, "lookup_dimension", dimension=dimension.name, table=grid.name, wanted=dimension.kind, found=kind.kind)
        optional |= kind.optional
    table = scope.tables[grid.name]
    grids = table.tables if isinstance(table, Dated) else (table,)
    if scope.grain == "line" and not all(isinstance(g, Grid) and g.whole_cells for g in grids):
        raise TypeProblem(node, "lookup_line", table=grid.name)
    return Type("number", optional or any(isinstance(g, Grid) and g.can_be_undefined for g in grids))


def _arity(node: Node, low: int, high: int) -> None:
    if not low <= len(node.args) <= high:
        wanted = str(low) if low == high else f"{low}-{high}" if high < 99 else f"{low}+"
        raise TypeProblem(node, "arity", function=node.value, wanted=wanted, given=len(node.args))


def _whole(node: Node, low: int, high: int, code: str) -> None:
    if node.op != "number" or node.value != int(node.value) or not low <= node.value <= high:
        raise TypeProblem(node, code, low=low, high=high)


def _call(node: Node, scope: Scope) -> Type:
    name, args = node.value, node.args
    if name in ("min", "max"):
        _arity(node, 2, 99)
        return _numbers(node, scope, args)
    if name == "abs":
        _arity(node, 1, 1)
        return _numbers(node, scope, args)
    if name == "if":
        _arity(node, 3, 3)
        condition = _bools(node, scope, args[:1])
        return Type("number", _numbers(node, scope, args[1:]).optional or condition.optional)
    if name == "round":
        _arity(node, 2, 3)
        _whole(args[1], 0, 12, "whole_places")
        if len(args) == 3 and (args[2].op != "string" or args[2].value not in MODES):
            raise TypeProblem(args[2], "mode_unknown", known=[f'"{mode}"' for mode in MODES])
        return _numbers(node, scope, args[:1])
    if name == "lookup":
        return _lookup(node, scope)
    if name in TIERS:
        _arity(node, 2, 3 if scope.grain == "period" else 2)
        _table(node, scope, Steps)
        if name in ("marginal", "excess") and any(start < 0 for start in first_bounds(scope.tables[args[0].value])):
            raise TypeProblem(args[0], "marginal_from_zero", mode=name)
        below = below_stated(scope.tables[args[0].value]) if name == "proportional" else None
        if below is not None:
            raise TypeProblem(args[0], "proportional_below", table=args[0].value, value=number_text(below))
        return _numbers(node, scope, args[1:])
    if name == "within" and scope.grain == "line":
        _arity(node, 2, 99)
        if args[0].op != "name" or args[0].value != "category" or "category" not in scope.names:
            raise TypeProblem(args[0], "within_category")
        for arg in args[1:]:
            if arg.op != "string":
                raise TypeProblem(arg, "within_texts")
        return BOOL
    if name == "running" and scope.grain == "line":
        _arity(node, 2, 3)
        if len(args) == 3 and (args[2].op != "name" or check(args[2], scope).kind != "code"):
            raise TypeProblem(args[2], "running_by", known=sorted(name for name, kind in scope.names.items() if kind.kind == "code"))
        if args[1].op != "string" or args[1].value not in WINDOWS:
            raise TypeProblem(args[1], "window_unknown", function=name, known=[f'"{w}"' for w in WINDOWS])
        return _numbers(node, scope, args[:1])
    if scope.grain == "period":
        if name == "curve":
            _arity(node, 2, 2)
            _table(node, scope, Points)
            return _numbers(node, scope, args[1:])
        if name == "default":
            _arity(node, 2, 2)
            _numbers(node, scope, args[:1])
            return _numbers(node, scope, args[1:])
        if name in ("power", "root"):
            _arity(node, 3, 3)
            _whole(args[2], 1, 50, "whole_digits")
            _numbers(node, scope, args[:2])
            return MAYBE
    elif name in ("curve", "default", "power", "root"):
        raise TypeProblem(node, "period_function", function=name)
    known = ["min", "max", "abs", "if", "round", *TIERS, "lookup"]
    known += ["running", "within"] if scope.grain == "line" else ["curve", "default", "power", "root", "sum", "count"]
    near = difflib.get_close_matches(name, known, 1)
    if near:
        raise TypeProblem(node, "function_unknown_near", function=name, near=near[0])
    raise TypeProblem(node, "function_unknown", function=name, known=known)
