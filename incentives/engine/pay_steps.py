"""The steps between base x pay_rate and what is earned: multipliers, floor, cap, share, rounding; each says what it adds or takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import exact
from .exact import Number
from .plan import Component
from .rounding import round_number


class Part(NamedTuple):
    """An additive part of an amount. kind: rate, slice, step, formula, lines, pool, multiplier, floor, cap, share, gate,
    undefined, earlier, rounding."""

    kind: str
    label: str
    amount: Number
    detail: dict[str, Any] = {}


class Undefined(Exception):
    """A formula of a component is undefined."""


def defined(value: Any, what: str) -> Number:
    """The value; raises Undefined, saying what it is, where there is none."""
    if value is None:
        raise Undefined(what)
    number: Number = value
    return number


def _multiplied(component: Component, env: Mapping[str, Any], parts: list[Part] | None, pay: Number) -> Number:
    base = pay
    for name, formula in component.multiply:
        factor = defined(formula(env), name)
        before = base if component.added else pay
        change = exact.sub(exact.mul(before, factor), before)
        if parts is not None:
            parts.append(Part("multiplier", name, change, {"factor": factor, "of": before}))
        pay = exact.add(pay, change)
    return pay


def _floored(component: Component, env: Mapping[str, Any], parts: list[Part] | None, pay: Number) -> Number:
    if component.floor is None:
        return pay
    floor = defined(component.floor(env), "floor")
    if pay >= floor:
        return pay
    if parts is not None:
        parts.append(Part("floor", component.texts["floor"], exact.sub(floor, pay), {"floor": floor}))
    return floor


def _capped(component: Component, env: Mapping[str, Any], parts: list[Part] | None, pay: Number) -> Number:
    if component.cap is None:
        return pay
    cap = defined(component.cap(env), "cap")
    if pay <= cap:
        return pay
    if parts is not None:
        parts.append(Part("cap", component.texts["cap"], exact.sub(cap, pay), {"cap": cap}))
    return cap


def _shared(component: Component, env: Mapping[str, Any], parts: list[Part] | None, pay: Number) -> Number:
    if component.share is None:
        return pay
    share = defined(component.share(env), "share")
    product = exact.mul(pay, share)
    if parts is not None:
        parts.append(Part("share", component.texts["share"], exact.sub(product, pay), {"factor": share, "of": pay}))
    return product


def rounded_step(component: Component, env: Mapping[str, Any], parts: list[Part] | None, pay: Number) -> Number:
    rounded = round_number(pay, component.rounding.places, component.rounding.mode)
    if parts is not None and rounded != pay:
        parts.append(Part("rounding", f"{component.rounding.mode} to {component.rounding.places} decimals", exact.sub(rounded, pay)))
    return rounded


Step = Callable[[Component, Mapping[str, Any], "list[Part] | None", Number], Number]
STEPS: dict[str, Step] = {"multiply": _multiplied, "floor": _floored, "cap": _capped, "share": _shared, "round": rounded_step}
