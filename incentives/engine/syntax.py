"""The expression language's grammar and syntax tree.

One small language serves both grains (a column per line; a number per payee and period). Parsed by lark, never
evaluated as Python. Errors carry line and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

GRAMMAR = r"""
start: expr
?expr: or_test
?or_test: and_test | or_test "or" and_test -> or_
?and_test: not_test | and_test "and" not_test -> and_
?not_test: comparison | "not" not_test -> not_
?comparison: sum
    | sum COMPARE sum -> compare
    | sum "in" "(" STRING ("," STRING)* ")" -> member
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: unary | product "*" unary -> mul | product "/" unary -> div
?unary: power | "-" unary -> neg
?power: atom | atom "^" NUMBER -> int_power
?atom: DATE -> date
    | NUMBER "%" -> percent
    | NUMBER -> number
    | STRING -> string
    | "true" -> true
    | "false" -> false
    | NAME -> name
    | NAME "." NAME -> dotted
    | NAME "(" [arguments] ")" -> call
    | NAME "(" expr "where" expr ")" -> call_where
    | "(" expr ")"
arguments: expr ("," expr)*
COMPARE: "<=" | ">=" | "!=" | "<" | ">" | "="
DATE.3: /\d{4}-\d{2}-\d{2}/
NUMBER.2: /\d[\d_]*(\.\d+)?/
NAME: /[A-Za-z_][A-Za-z_0-9]*/
STRING: /"[^"\n]*"|'[^'\n]*'/
COMMENT: /#[^\n]*/
%import common.WS
%ignore WS
%ignore COMMENT
"""


@dataclass(frozen=True)
class Node:
    """One operation: `op` with its operands, `value` for leaves and names; line and column from 1."""

    op: str
    args: tuple[Node, ...]
    value: Any
    line: int
    column: int


class SyntaxProblem(Exception):
    """Text that is not an expression; line and column are within the text, from 1."""

    def __init__(self, line: int, column: int, code: str, **params: Any) -> None:
        self.line, self.column, self.code, self.params = line, column, code, params
        super().__init__(code)


@v_args(meta=True)
class _Build(Transformer[Token, Node]):
    def _node(self, meta: Any, op: str, args: list[Any], value: Any = None) -> Node:
        return Node(op, tuple(args), value, getattr(meta, "line", 1), getattr(meta, "column", 1))

    def start(self, meta: Any, items: list[Any]) -> Node:
        node: Node = items[0]
        return node

    def number(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "number", [], Decimal(str(items[0]).replace("_", "")))

    def percent(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "number", [], Decimal(str(items[0]).replace("_", "")).scaleb(-2))

    def string(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "string", [], str(items[0])[1:-1])

    def date(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "date", [], str(items[0]))

    def true(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "bool", [], True)

    def false(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "bool", [], False)

    def name(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "name", [], str(items[0]))

    def dotted(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "name", [], f"{items[0]}.{items[1]}")

    def arguments(self, meta: Any, items: list[Any]) -> list[Any]:
        return items

    def call(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "call", items[1] or [], str(items[0]))

    def call_where(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "aggregate", items[1:], str(items[0]))

    def compare(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "compare", [items[0], items[2]], str(items[1]))

    def member(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "member", [items[0]], tuple(str(item)[1:-1] for item in items[1:]))

    def int_power(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "int_power", [items[0]], str(items[1]))

    def or_(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "or", items)

    def and_(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "and", items)

    def not_(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "not", items)

    def add(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "add", items)

    def sub(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "sub", items)

    def mul(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "mul", items)

    def div(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "div", items)

    def neg(self, meta: Any, items: list[Any]) -> Node:
        return self._node(meta, "neg", items)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True)


MAX_TEXT = 4000
MAX_DEPTH = 60


def parse(text: str) -> Node:
    """Text -> tree. Raises SyntaxProblem."""
    if len(text) > MAX_TEXT:
        raise SyntaxProblem(1, 1, "formula_too_long", count=len(text), most=MAX_TEXT)
    try:
        node = _Build().transform(_parser().parse(text))
    except UnexpectedEOF as error:
        raise _early(text) from error
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _early(text) from error
        raise SyntaxProblem(error.line, error.column, "formula_token", token=str(error.token)) from error
    except UnexpectedCharacters as error:
        raise SyntaxProblem(error.line, error.column, "formula_character", token=text[error.pos_in_stream or 0]) from error
    if _depth(node) > MAX_DEPTH:
        raise SyntaxProblem(1, 1, "formula_too_deep", most=MAX_DEPTH)
    return node


def numbers_of(text: str) -> list[tuple[str, int, int, int, int]]:
    """The numbers written in a formula: text, line and column from 1, start and end within the text; whole powers left out."""
    found, before = [], ""
    for token in _parser().lex(text):
        if token.type == "NUMBER" and before != "^":
            found.append((str(token), token.line or 1, token.column or 1, token.start_pos or 0, token.end_pos or 0))
        before = str(token)
    return found


def _early(text: str) -> SyntaxProblem:
    lines = text.rstrip("\n").split("\n")
    return SyntaxProblem(len(lines), len(lines[-1]) + 1, "formula_ends")


def _depth(node: Node) -> int:
    deepest, level = 0, [(node, 1)]
    while level:
        item, depth = level.pop()
        deepest = max(deepest, depth)
        level.extend((arg, depth + 1) for arg in item.args)
    return deepest
