"""Compiling a period formula to closures over exact numbers. None is "undefined" and spreads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import exact
from .exact import ONE, ZERO, Number
from .grid import AnyTable, Dated, Grid
from .rounding import round_number
from .said import said
from .syntax import Node
from .tables import Points

Env = Mapping[str, Any]
"""Names -> exact numbers (None: undefined; Unusable: an attribute that is missing or out of bounds)."""
Formula = Callable[[Env], Any]
DAY = "@day"
"""The name under which the day stands as of which dated tables are read."""


@dataclass(frozen=True)
class Unusable:
    """Stands in for an attribute that cannot be used, and says why."""

    cause: str


MISSING = Unusable(said("is missing on the period's last day"))


class MissingInput(Exception):
    """An attribute that a formula needs is missing or out of bounds: a named exception on this payee."""


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {"add": exact.add, "sub": exact.sub, "mul": exact.mul}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def compiled(node: Node, tables: Mapping[str, AnyTable], names: Mapping[Node, str], mode: str) -> Formula:
    """A closure for a checked formula. `names` maps hoisted aggregates to the names of their totals."""

    def build(item: Node) -> Formula:
        return compiled(item, tables, names, mode)

    op, args = node.op, node.args
    if node in names:
        return _named(names[node])
    if op in ("number", "bool"):
        value = node.value
        return lambda env: value
    if op == "name":
        return _named(node.value)
    if op in _ARITHMETIC:
        return _two(_ARITHMETIC[op], build(args[0]), build(args[1]))
    if op == "neg":
        return _one(exact.neg, build(args[0]))
    if op == "div":
        return _two(lambda a, b: None if b == 0 else exact.div(a, b), build(args[0]), build(args[1]))
    if op == "int_power":
        return _one(_whole_power(int(node.value)), build(args[0]))
    if op == "compare":
        return _two(_COMPARE[node.value], build(args[0]), build(args[1]))
    if op == "not":
        return _one(lambda a: not a, build(args[0]))
    if op in ("and", "or"):
        return _logic(op == "and", build(args[0]), build(args[1]))
    return _call(node, build, tables, mode)


def _named(name: str) -> Formula:
    def read(env: Env) -> Any:
        value = env[name]
        if isinstance(value, Unusable):
            raise MissingInput(said("%(name)s %(cause)s", name=name, cause=value.cause))
        return value

    return read


def _one(apply: Callable[[Any], Any], inner: Formula) -> Formula:
    def run(env: Env) -> Any:
        value = inner(env)
        return None if value is None else apply(value)

    return run


def _two(apply: Callable[[Any, Any], Any], left: Formula, right: Formula) -> Formula:
    def run(env: Env) -> Any:
        a, b = left(env), right(env)
        return None if a is None or b is None else apply(a, b)

    return run


def _logic(is_and: bool, left: Formula, right: Formula) -> Formula:
    def run(env: Env) -> Any:
        a = left(env)
        if a is not None and bool(a) is not is_and:
            return a
        b = right(env)
        if b is not None and bool(b) is not is_and:
            return b
        return None if a is None or b is None else b

    return run


def _whole_power(times: int) -> Callable[[Number], Number]:
    def run(base: Number) -> Number:
        result: Number = ONE
        for _ in range(times):
            result = exact.mul(result, base)
        return result

    return run


def _call(node: Node, build: Callable[[Node], Formula], tables: Mapping[str, AnyTable], mode: str) -> Formula:
    name, args = node.value, node.args
    if name in ("min", "max"):
        pick: Any = min if name == "min" else max
        parts = [build(arg) for arg in args]

        def extreme(env: Env) -> Any:
            values = [part(env) for part in parts]
            return None if None in values else pick(values)

        return extreme
    if name == "abs":
        return _one(lambda a: exact.neg(a) if a < 0 else a, build(args[0]))
    if name == "if":
        test, yes, no = build(args[0]), build(args[1]), build(args[2])

        def choose(env: Env) -> Any:
            value = test(env)
            return None if value is None else yes(env) if value else no(env)

        return choose
    if name == "round":
        places, how = int(args[1].value), args[2].value if len(args) == 3 else mode
        return _one(lambda a: round_number(a, places, how), build(args[0]))
    if name == "default":
        first, other = build(args[0]), build(args[1])

        def fallback(env: Env) -> Any:
            value = first(env)
            return other(env) if value is None else value

        return fallback
    if name in ("power", "root"):
        digits = int(args[2].value)
        apply = exact.power if name == "power" else exact.root
        return _two(lambda a, b: apply(a, b, digits), build(args[0]), build(args[1]))
    return _read(tables[args[0].value], name, [_text(arg) if arg.op == "string" else build(arg) for arg in args[1:]])


def _text(node: Node) -> Formula:
    return lambda env: node.value


def _read(table: AnyTable, name: str, parts: list[Formula]) -> Formula:
    """A table read by the values of formulas; a dated one as of the period's day."""
    if isinstance(table, Dated):
        dated, formulas = table, [_read(each, name, parts) for each in table.tables]
        return lambda env: formulas[dated.tables.index(dated.at(env[DAY]))](env)
    if isinstance(table, Grid):
        grid = table

        def look(env: Env) -> Any:
            values = [part(env) for part in parts]
            return None if None in values else grid.lookup(values)

        return look
    if isinstance(table, Points):
        return _one(table.curve, parts[0])
    method = getattr(table, name)
    return _two(method, parts[0], parts[1]) if len(parts) == 2 else _one(method, parts[0])


def truth(value: Any) -> bool:
    """A condition's outcome; undefined is not met."""
    return value is True


__all__ = ["DAY", "MISSING", "ZERO", "Env", "Formula", "MissingInput", "Unusable", "compiled", "truth"]
