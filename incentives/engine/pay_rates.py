"""What a component owes before rounding: its gate, its pay rate or formula, and the steps that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import exact
from .exact import ONE, ZERO, Number
from .grid import AnyTable, table_at
from .pay_steps import STEPS, Part, Undefined, defined
from .period_formula import DAY, truth
from .plan import Component
from .rounding import round_number
from .tables import Points, Steps
from .windows import COVERED


def component_due(tables: Mapping[str, AnyTable], component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
    """What a component owes in a period before rounding: gate, base times pay rate (or formula), then its further steps in order.

    parts: takes the additive parts of the amount; None: nobody asks. Raises Undefined, MissingInput, OverflowGuard."""
    met = True if component.gate is None else component.gate(env)
    if met is None and component.when_undefined == "exception":
        raise Undefined("gate")
    if not truth(met):
        if parts is not None:
            parts.append(Part("gate", component.texts.get("gate", ""), ZERO))
        return ZERO
    pay = _rated(tables, component, env, parts) if component.pay_rate is not None else _free(component, env, parts)
    for step in component.order:
        pay = STEPS[step](component, env, parts, pay)
    return pay


def _free(component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
    assert component.formula is not None
    pay = defined(component.formula(env), "formula")
    if component.line_measure is not None:
        if parts is not None:
            parts.append(Part("lines", component.texts["per_line.pay"], pay))
    elif component.pool is not None:
        if parts is not None:
            parts.append(Part("pool", component.texts["pool.amount"], pay))
    else:
        if parts is not None:
            parts.append(Part("formula", component.texts["formula"], pay))
    return pay


def _rated(tables: Mapping[str, AnyTable], component: Component, env: Mapping[str, Any], parts: list[Part] | None) -> Number:
    rate = component.pay_rate
    assert rate is not None
    assert component.base is not None
    base = defined(component.base(env), "base")
    if rate.kind == "flat":
        assert rate.flat is not None
        value = defined(rate.flat(env), "pay_rate")
        pay = exact.mul(base, value)
        if parts is not None:
            parts.append(Part("rate", component.texts["pay_rate.flat"], pay, {"base": base, "rate": value}))
        return pay
    table = table_at(tables[rate.table], env[DAY])
    scale = env.get(COVERED + component.bounds_over, ONE) if rate.scale is None else defined(rate.scale(env), "scale")
    if scale <= 0:
        raise Undefined(component.texts.get("pay_rate.scale", "scale"))
    if rate.kind in ("marginal", "proportional"):
        assert isinstance(table, Steps)
        if parts is None and rate.rounding is None:
            return table.marginal(base, scale) if rate.kind == "marginal" else table.proportional(base, scale)
        total: Number = ZERO
        for piece in table.slices(base, scale, rate.kind == "proportional"):
            if rate.rounding is not None:
                piece = piece._replace(amount=round_number(piece.amount, rate.rounding.places, rate.rounding.mode))
            total = exact.add(total, piece.amount)
            detail = {"from": piece.start, "to": piece.end, "covered": piece.covered, "value": piece.value}
            if parts is not None:
                parts.append(Part("slice", rate.table, piece.amount, detail))
        return total
    by = base if rate.by is None else defined(rate.by(env), "by")
    if rate.kind in ("fixed", "stacked", "excess"):
        assert isinstance(table, Steps)
        method: Any = getattr(table, rate.kind)
        amount: Number = method(by, scale)
        if parts is not None:
            parts.append(Part("step", rate.table, amount, {"base": base, "by": by, "rate": table.rate(by, scale), "scale": scale}))
        return amount
    if rate.kind == "whole":
        assert isinstance(table, Steps)
        value = table.rate(by, scale) if rate.by is None or base < 0 else table.rate_by(by, scale)
    else:
        assert isinstance(table, Points)
        value = table.curve(by if scale == 1 else exact.div(by, scale))
    pay = exact.mul(base, value)
    if parts is not None:
        parts.append(Part("step", rate.table, pay, {"base": base, "by": by, "rate": value, "scale": scale}))
    return pay
