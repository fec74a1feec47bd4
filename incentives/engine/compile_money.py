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
        as_of = item.get("as_of", "event" if kind in ("transaction", "quota") else "period_end")
        if as_of == "event" and kind in ("payment", "reporting"):
            compiler.problem(("conversions", kind, "as_of"), "conversion_event", kind=kind)
        rounding = Rounding(places, given.get("mode", compiler.rounding.mode))
        found[kind] = Conversion(item["rate_type"], as_of, rounding, to, "places" in given)
    return found


def currencies_compile(compiler: Compiler) -> tuple[str, ...]:
    """The currencies in which the plan earns apart, its own first. Each has all measures for itself, of its own lines."""
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
    for block, code in enumerate(order):
        where = _equal(code) if block else Node("or", (_equal(code), _equal("")), None, 1, 1)
        compiler.line_nodes.append(where)
        for measure in measures:
            both = where if measure.where is None else Node("and", (measure.where, where), None, 1, 1)
            compiler.measures.append(replace(measure, where=both))
        for rollup in rollups:
            compiler.rollups.append(replace(rollup, source=rollup.source + block * size, target=rollup.target + block * size))
    return order


def _equal(code: str) -> Node:
    return Node("compare", (Node("name", (), "currency", 1, 1), Node("string", (), code, 1, 1)), "=", 1, 1)
