"""What of a plan looks at one line or order at a time: its formulas of lines, and whether sums over orders can be put together from parts."""

from __future__ import annotations

from incentives.engine.formula_walk import walk
from incentives.engine.plan import CompiledPlan
from incentives.engine.syntax import Node


def formulas_of_lines(plan: CompiledPlan) -> list[Node | None]:
    """The formulas that crediting and measuring evaluate line by line."""
    credits = [formula for rule in plan.credits for formula in (rule.where, rule.amount, rule.quota_amount)]
    measures = [formula for measure in plan.measures for formula in (measure.value, measure.where)]
    return [*(where for _, where in plan.exclusions), *credits, *measures]


def adds_up(plan: CompiledPlan) -> bool:
    """Whether what an order adds to the plan's measures depends on that order alone."""
    return plan.grain == "orders" and not any(node.op == "call" and node.value == "running" for formula in formulas_of_lines(plan) for node in walk(formula))
