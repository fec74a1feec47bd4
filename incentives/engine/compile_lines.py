"""Compiles what a plan says of lines beyond formulas: contracts that are credited year by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .contract_years import ContractYears
from .contracts import day_number
from .rounding import minor_units

if TYPE_CHECKING:
    from .compile import Compiler


def contract_years_compile(compiler: Compiler) -> ContractYears | None:
    """How contracts over several years are credited; None: whole."""
    given = compiler.data.get("contract_years")
    if given is None:
        return None
    if compiler.data.get("reads") != "order_lines":
        compiler.problem(("contract_years",), "years_of_lines")
    since = -(2**31)
    if "since" in given:
        try:
            since = day_number(given["since"])
        except ValueError:
            compiler.problem(("contract_years", "since"), "not_a_date", value=given["since"])
    return ContractYears(given["on"], since, minor_units(compiler.data["currency"]))
