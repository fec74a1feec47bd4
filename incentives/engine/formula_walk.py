"""What can be read off a plan's parts before they run: the names in a formula, how specific a condition is, a measure's window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .syntax import Node


def window_of(item: Mapping[str, Any]) -> str:
    """The window of a measure or quota: period, quarter, year, ever, or rolling:N."""
    over = item.get("over", "period")
    return f"rolling:{item['periods']}" if over == "rolling" else str(over)


def conditions(node: Node | None) -> int:
    """How many conditions a formula joins by `and`: how specific it is."""
    if node is None:
        return 0
    return sum(conditions(arg) for arg in node.args) if node.op == "and" else 1


def walk(node: Node | None) -> Iterator[Node]:
    """The node and everything below it; not into aggregates, whose lines are of the other grain."""
    if node is None:
        return
    yield node
    if node.op == "aggregate" or (node.op == "call" and node.value in ("sum", "count")):
        return
    for arg in node.args:
        yield from walk(arg)
