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

from .rounding import MODES
from .syntax import Node
from .tables import Points, RateTable, Steps


@dataclass(frozen=True)
class Type:
    """A kind, and whether the value may be undefined."""

    kind: str
    optional: bool = False


NUMBER, BOOL, CODE, DATE = Type("number"), Type("bool"), Type("code"), Type("date")
MAYBE = Type("number", True)
WINDOWS = ("day", "period", "quarter", "year")
AGGREGATES = ("sum", "count")


class TypeProblem(Exception):
    """A formula that means nothing; `node` says where."""

    def __init__(self, node: Node, cause: str, mend: str = "") -> None:
        self.node, self.cause, self.mend = node, cause, mend
        super().__init__(cause)


@dataclass(frozen=True)
class Scope:
    """The names a formula may use. `other` are the names of the other grain, for a better error."""

    grain: str
    names: Mapping[str, Type]
    tables: Mapping[str, RateTable] = field(default_factory=dict)
    other: frozenset[str] = frozenset()
    hoist: Callable[[Node], str] | None = None
    """Period grain: registers an aggregate over lines and returns the name under which its total is found."""


def check(node: Node, scope: Scope) -> Type:
    """The type of an expression; raises TypeProblem."""
    op = node.op
    if op == "number":
        return NUMBER
    if op == "bool":
        return BOOL
    if op == "date":
        return DATE
    if op == "string":
        raise TypeProblem(node, "a text stands alone", 'compare it with a code column: channel = "online"')
    if op == "name":
        return _name(node, scope)
    if op in ("add", "sub", "mul"):
        return _numbers(node, scope, node.args)
    if op == "neg":
        return _numbers(node, scope, node.args)
    if op == "int_power":
        if "." in node.value or int(node.value) > 12:
            raise TypeProblem(node, "`^` takes a whole number up to 12", "use power(x, y, digits) and state the precision")
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
            raise TypeProblem(node.args[0], f"`in` lists texts, but this is a {kind.kind}", "use it on a code column")
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
            raise TypeProblem(node, f"mixes grains: `{node.value}` is a value per line", f"take it through an aggregate: sum({node.value})")
        raise TypeProblem(node, f"mixes grains: `{node.value}` is a value per payee and period", "use it outside the aggregate")
    if node.value in scope.tables:
        raise TypeProblem(node, f"`{node.value}` is a table", f"read it: rate({node.value}, x)")
    known = sorted([*scope.names, *scope.tables])
    near = difflib.get_close_matches(node.value, known, 1)
    mend = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
    raise TypeProblem(node, f"`{node.value}` is unknown", mend)


def _numbers(node: Node, scope: Scope, args: tuple[Node, ...]) -> Type:
    optional = False
    for arg in args:
        kind = check(arg, scope)
        if kind.kind != "number":
            raise TypeProblem(arg, f"a number is needed, this is a {kind.kind}")
        optional |= kind.optional
    return Type("number", optional)


def _bools(node: Node, scope: Scope, args: tuple[Node, ...]) -> Type:
    optional = False
    for arg in args:
        kind = check(arg, scope)
        if kind.kind != "bool":
            raise TypeProblem(arg, f"a condition is needed, this is a {kind.kind}", "compare: x > 0")
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
            raise TypeProblem(divisor, "divides by zero")
        return kind
    if scope.grain == "line":
        raise TypeProblem(node, "a line formula divides by constants only", "divide per period, or multiply by a decimal")
    return MAYBE


def _compare(node: Node, scope: Scope) -> Type:
    left, right = node.args
    if left.op == "string" or right.op == "string":
        other = right if left.op == "string" else left
        if other.op == "string" or check(other, scope).kind != "code":
            raise TypeProblem(node, "a text is compared with a code column only")
        if node.value not in ("=", "!="):
            raise TypeProblem(node, f"texts have no order: `{node.value}`", "use = or !=")
        return BOOL
    a, b = check(left, scope), check(right, scope)
    if a.kind != b.kind or a.kind not in ("number", "date"):
        raise TypeProblem(node, f"compares a {a.kind} with a {b.kind}", "both sides must be numbers, or both dates")
    return Type("bool", a.optional or b.optional)


def _aggregate(node: Node, scope: Scope) -> Type:
    if scope.grain == "line":
        raise TypeProblem(node, f"`{node.value}` inside a line formula", "aggregate once, outside")
    if scope.hoist is None:
        raise TypeProblem(node, f"`{node.value}` is not possible here", "define a measure")
    if node.value not in AGGREGATES:
        raise TypeProblem(node, f"`{node.value}(... where ...)` is unknown", "use sum(x where condition) or count(condition)")
    if node.value == "count" and (node.op == "aggregate" or len(node.args) != 1):
        raise TypeProblem(node, "count takes one condition", "count(condition)")
    if node.op == "call" and len(node.args) != 1:
        raise TypeProblem(node, f"{node.value} takes one formula", "sum(x) or sum(x where condition)")
    scope.hoist(node)
    return NUMBER


def _table(node: Node, scope: Scope, wanted: type[Steps] | type[Points]) -> None:
    table = node.args[0] if node.args else None
    if table is None or table.op != "name" or table.value not in scope.tables:
        known = ", ".join(sorted(scope.tables)) or "none is defined"
        raise TypeProblem(table or node, f"{node.value} reads a table first", f"tables: {known}")
    if not isinstance(scope.tables[table.value], wanted):
        raise TypeProblem(
            table, f"`{table.value}` is no table of {wanted.__name__.lower()}", "rate, marginal and proportional read `steps`, curve reads `points`"
        )


def _arity(node: Node, low: int, high: int) -> None:
    if not low <= len(node.args) <= high:
        wanted = str(low) if low == high else f"{low} to {high}" if high < 99 else f"at least {low}"
        raise TypeProblem(node, f"{node.value} takes {wanted} values, {len(node.args)} given")


def _whole(node: Node, low: int, high: int, what: str) -> None:
    if node.op != "number" or node.value != int(node.value) or not low <= node.value <= high:
        raise TypeProblem(node, f"{what} is a whole number from {low} to {high}, written out")


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
        _whole(args[1], 0, 12, "places")
        if len(args) == 3 and (args[2].op != "string" or args[2].value not in MODES):
            raise TypeProblem(args[2], "the rounding mode is unknown", "use one of " + ", ".join(f'"{mode}"' for mode in MODES))
        return _numbers(node, scope, args[:1])
    if name in ("rate", "marginal", "proportional"):
        _arity(node, 2, 3 if scope.grain == "period" else 2)
        _table(node, scope, Steps)
        return _numbers(node, scope, args[1:])
    if name == "running" and scope.grain == "line":
        _arity(node, 2, 2)
        if args[1].op != "string" or args[1].value not in WINDOWS:
            raise TypeProblem(args[1], "the window of running is unknown", "use one of " + ", ".join(f'"{w}"' for w in WINDOWS))
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
            _whole(args[2], 1, 50, "the precision in significant digits")
            _numbers(node, scope, args[:2])
            return MAYBE
    elif name in ("curve", "default", "power", "root"):
        raise TypeProblem(node, f"`{name}` is a function per payee and period", "use it outside the aggregate")
    known = ["min", "max", "abs", "if", "round", "rate", "marginal", "proportional"]
    known += ["running"] if scope.grain == "line" else ["curve", "default", "power", "root", "sum", "count"]
    near = difflib.get_close_matches(name, known, 1)
    mend = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
    raise TypeProblem(node, f"function `{name}` is unknown", mend)
