"""Units that cannot be meant: an attainment (1 is 100 %) taken for percent points or added to an amount, shares as the bounds of an amount.

Only what is certain is a finding: a measure of amounts, a quota or an attainment, each by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .document import SchemaPath
from .exact import text as number_text
from .formula_walk import walk
from .syntax import Node

if TYPE_CHECKING:
    from .compile import Compiler

MOST = 20
"""An attainment from here on (2,000 %) is no threshold of any plan: percent points were meant."""
AMOUNTS = (None, "pay_credit", "quota_credit", "amount")


def units_check(compiler: Compiler, path: SchemaPath, node: Node) -> None:
    """Findings of a period formula."""
    ratios, amounts = attainments_of(compiler.data), amounts_of(compiler.data)
    for item in walk(node):
        if item.op not in ("compare", "add", "sub") or len(item.args) != 2:
            continue
        for one, other in (item.args, item.args[::-1]):
            if one.op != "name" or one.value not in ratios:
                continue
            if item.op == "compare" and other.op == "number" and other.value >= MOST:
                value = number_text(other.value)
                compiler.at(path, other.line, other.column, "ratio_points", {"name": one.value, "value": value, "percent": value + "%"})
            elif other.op == "name" and other.value in amounts:
                compiler.at(path, item.line, item.column, "ratio_amount", {"name": one.value, "amount": other.value})


def attainments_of(data: Mapping[str, Any]) -> set[str]:
    """Names that are attainments."""
    return {item["name"] for item in data.get("attainments") or []}


def amounts_of(data: Mapping[str, Any]) -> set[str]:
    """Names that are certainly amounts: sums of credit."""
    return {item["name"] for item in data.get("measures") or [] if item.get("aggregate", "sum") == "sum" and item.get("value") in AMOUNTS}


def rate_units_check(compiler: Compiler, path: SchemaPath, item: Mapping[str, Any]) -> None:
    """Findings of a component's base, table and bounds."""
    given = item.get("pay_rate") or {}
    table = next((each for each in compiler.data.get("tables") or [] if each["name"] == given.get("table")), None)
    bounds = [str(step["from"]) for step in (table or {}).get("steps") or []]
    shares = [bound for bound in bounds if bound != "0" and bound != "0%"]
    by = str(given.get("by", "")).strip()
    if by in attainments_of(compiler.data) and str(given.get("scale", "")).strip().startswith("quota."):
        compiler.problem((*path, "pay_rate", "scale"), "ratio_scaled", name=by)
    amount = not by and "scale" not in given and str(item.get("base", "")).strip() in amounts_of(compiler.data)
    if amount and shares and all(bound.endswith("%") for bound in shares):
        compiler.problem((*path, "pay_rate", "table"), "bounds_of_amount", table=given["table"], base=str(item["base"]).strip(), bound=shares[0])
