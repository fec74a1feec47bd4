"""What a change of plan version, plan or seat within a window does to each component: as its measures say, checked for sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import exact
from .period_formula import Formula
from .plan import Component, QuotaSpec
from .syntax import SyntaxProblem, parse
from .windows import COVERED

if TYPE_CHECKING:
    from .compile import Compiler


def changes_compile(compiler: Compiler, components: tuple[Component, ...]) -> tuple[Component, ...]:
    """The components with `on_change`; findings where a settlement would mix what carries with what does not."""
    reads = _measures_read(compiler)
    how = {measure.name: measure.on_change for measure in compiler.measures}
    found = []
    for i, component in enumerate(components):
        names = set(component.uses) | ({component.team.name} if component.team is not None and component.team.base == "sales" else set())
        measures = set().union(*(reads.get(name, set()) for name in names))
        kinds = {how[name] for name in measures} | ({"restart"} if component.line_measure is not None else set())
        item = compiler.data["components"][i]
        given = item.get("on_change") or (next(iter(kinds)) if len(kinds) == 1 else "restart")
        others = sorted(kinds - {given})
        if others and (component.settle != "period" or given != "restart"):
            key = ("on_change",) if "on_change" in item else ()
            compiler.problem(("components", i, *key), "change_differs", given=given, others=others)
        elif "on_change" in item and given != "restart" and not kinds:
            compiler.problem(("components", i, "on_change"), "change_of_nothing", given=given)
        found.append(_prorated(component, item, compiler) if given == "prorate" else replace(component, on_change=given))
        reads[f"pay.{component.name}"] = set()
    return tuple(found)


def quotas_compile(compiler: Compiler, quotas: tuple[QuotaSpec, ...]) -> tuple[QuotaSpec, ...]:
    """The quotas, those prorated with which measures that prorate are compared."""
    how = {measure.name: measure.on_change for measure in compiler.measures}
    kinds: dict[str, set[bool]] = {quota.name: set() for quota in quotas}
    for i, item in enumerate(compiler.data.get("attainments") or []):
        if item["quota"] in kinds and item["measure"] in how:
            kinds[item["quota"]].add(how[item["measure"]] == "prorate")
            if len(kinds[item["quota"]]) > 1:
                compiler.problem(("attainments", i, "quota"), "change_quota", name=item["quota"])
    return tuple(replace(quota, on_change="prorate") if kinds[quota.name] == {True} else quota for quota in quotas)


def _prorated(component: Component, item: dict[str, Any], compiler: Compiler) -> Component:
    """The component, its fixed floor and cap by the covered share of the window that it settles, and the bounds of its table by
    that of the measure which they cut, unless they are multiples of something else (`scale`) or of another figure (`by`)."""
    changed: dict[str, Any] = {"on_change": "prorate"}
    for step in ("floor", "cap"):
        if isinstance(item.get(step), int | Decimal):
            changed[step] = shared_formula(getattr(component, step), COVERED + component.settle)
    rate = item.get("pay_rate") or {}
    cut = rate.get("by", item.get("base"))
    measure = next((m for m in compiler.measures if m.name == str(cut) and m.on_change == "prorate"), None)
    if "table" in rate and "scale" not in rate and measure is not None:
        changed["bounds_over"] = measure.over
    return replace(component, **changed)


def shared_formula(amount: Formula, share: str) -> Formula:
    """An amount times a share that stands in the environment by name."""

    def formula(env: Mapping[str, Any]) -> Any:
        value = amount(env)
        return value if value is None else exact.mul(value, env[share])

    return formula


def _measures_read(compiler: Compiler) -> dict[str, set[str]]:
    """Period name -> the measures that it is made of."""
    data = compiler.data
    reads: dict[str, set[str]] = {item["name"]: {item["name"]} for item in data["measures"]}
    reads |= {item["name"]: {item["measure"]} & set(reads) for item in data.get("attainments") or []}
    for item in data.get("values") or []:
        try:
            names = compiler.names_of(parse(str(item["formula"])))
        except SyntaxProblem:
            names = set()
        reads[item["name"]] = set().union(*(reads.get(name, set()) for name in names))
    return reads
