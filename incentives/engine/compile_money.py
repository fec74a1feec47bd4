"""Compiling what a plan says of currencies: its conversions, and those in which it earns apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .plan import Conversion, Rounding
from .rounding import minor_units
from .syntax import Node

if TYPE_CHECKING:
    from .compile import Compiler


def conversions_compile(compiler: Compiler) -> dict[str, Conversion]:
    """The conversions by kind."""
    found = {}
    for kind, item in (compiler.data.get("conversions") or {}).items():
        given = item.get("round") or {}
        to = item.get("to", "")
        places = given.get("places", compiler.rounding.places if not to or to == "payee" else minor_units(to))
        as_of = item.get("as_of", "event" if kind in ("transaction", "quota", "carried") else "period_end")
        if as_of == "event" and kind in ("payment", "reporting"):
            compiler.problem(("conversions", kind, "as_of"), "conversion_event", kind=kind)
        rounding = Rounding(places, given.get("mode", compiler.rounding.mode))
        found[kind] = Conversion(item["rate_type"], as_of, rounding, to, "places" in given)
    return found


def currencies_compile(compiler: Compiler) -> tuple[str, ...]:
    """The currencies in which the plan earns apart, its own first. Each has all measures for itself, of its own lines;
    to the plan's own belongs what is converted into it."""
    given = compiler.data.get("currencies") or []
    own = compiler.data["currency"]
    if not given:
        return ()
    if own not in given:
        compiler.problem(("currencies",), "currencies_own", currency=own)
    if compiler.late:
        compiler.problem(("currencies",), "currencies_cross", name=sorted(compiler.late)[0])
    order = (own, *(code for code in given if code != own))
    size = len(compiler.measures)
    measures, rollups = list(compiler.measures), list(compiler.rollups)
    compiler.measures, compiler.rollups = [], []
    # The plan's own block holds what was converted from third currencies, too: all that is in none of the others.
    none_of: Node | None = None
    for code in reversed(order[1:]):
        other = _currency("!=", code)
        none_of = other if none_of is None else Node("and", (other, none_of), None, 1, 1)
    for block, code in enumerate(order):
        where = _currency("=", code) if block else none_of
        if where is not None:
            compiler.line_nodes.append(where)
        for measure in measures:
            both = where if measure.where is None or where is None else Node("and", (measure.where, where), None, 1, 1)
            compiler.measures.append(replace(measure, where=both or measure.where))
        for rollup in rollups:
            compiler.rollups.append(replace(rollup, source=rollup.source + block * size, target=rollup.target + block * size))
    return order


def _currency(operator: str, code: str) -> Node:
    return Node("compare", (Node("name", (), "currency", 1, 1), Node("string", (), code, 1, 1)), operator, 1, 1)
