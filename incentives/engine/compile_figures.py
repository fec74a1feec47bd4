"""Quotas, attributes, KPIs, measures and attainments of a plan document: what period formulas read by name."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from .compile_tables import figure
from .document import SchemaPath
from .exact import text as number_text
from .formula_walk import window_of
from .plan import AttainmentSpec, AttributeSpec, KpiSpec, Measure, QuotaSpec, Rollup
from .typing_rules import MAYBE, NUMBER

if TYPE_CHECKING:
    from .compile import Compiler


def quotas_declare(compiler: Compiler) -> tuple[QuotaSpec, ...]:
    found = []
    for i, item in compiler.items("quotas"):
        spec = QuotaSpec(item["name"], window_of(item), item.get("prorate", "none"))
        compiler.declare(("quotas", i, "name"), f"quota.{spec.name}", MAYBE, spec.over)
        found.append(spec)
    return tuple(found)


def attributes_declare(compiler: Compiler) -> tuple[AttributeSpec, ...]:
    found = []
    for i, item in compiler.items("attributes"):
        default = item.get("default")
        low, high = (figure(item[key]) if key in item else None for key in ("minimum", "maximum"))
        compiler.declare(("attributes", i, "name"), f"attr.{item['name']}", NUMBER)
        read = item.get("read", "last_day")
        for key, wanted in (("over", ("first_day", "by_days")), ("round", ("by_days",))):
            if key in item and read not in wanted:
                compiler.problem(("attributes", i, key), "attribute_key", key=key, read=wanted)
        parts = compiler.rounding_of(item["round"]) if "round" in item else None
        found.append(AttributeSpec(item["name"], None if default is None else Decimal(default), low, high, read, item.get("over", "period"), parts))
    return tuple(found)


def kpis_declare(compiler: Compiler) -> tuple[KpiSpec, ...]:
    found = []
    for i, item in compiler.items("kpis"):
        read, over = item.get("read", "last"), item.get("over", "period")
        default, low, high = (figure(item[key]) if key in item else None for key in ("default", "minimum", "maximum"))
        if low is not None and high is not None and low > high:
            compiler.problem(("kpis", i, "minimum"), "limits_crossed", low=number_text(low), high=number_text(high))
        # A sum grows through its window as a measure does; the other readings are states.
        compiler.declare(("kpis", i, "name"), f"kpi.{item['name']}", NUMBER, *([over] if read == "sum" else []))
        compiler.states[f"kpi.{item['name']}"] = frozenset([over]) - {"period"}
        found.append(KpiSpec(item["name"], item.get("kpi", item["name"]), read, over, default, low, high))
    return tuple(found)


def attainments_declare(compiler: Compiler) -> tuple[AttainmentSpec, ...]:
    measures = {item["name"]: window_of(item) for _, item in compiler.items("measures")}
    quotas = {item["name"]: window_of(item) for _, item in compiler.items("quotas")}
    found = []
    for i, item in compiler.items("attainments"):
        path: SchemaPath = ("attainments", i)
        for key, known in (("measure", measures), ("quota", quotas)):
            if item[key] not in known:
                compiler.problem((*path, key), f"not_{key}", name=item[key], known=list(known))
        over, quota_over = measures.get(item["measure"], "period"), quotas.get(item["quota"], "period")
        if item["measure"] in measures and item["quota"] in quotas and over != quota_over:
            compiler.problem(path, "attainment_windows", measure=over, quota=quota_over)
        when = item.get("when_zero", "undefined")
        compiler.declare((*path, "name"), item["name"], MAYBE if when == "undefined" else NUMBER, over)
        found.append(
            AttainmentSpec(item["name"], item.get("label", item["name"]), item["measure"], item["quota"], None if when == "undefined" else Decimal(when))
        )
    return tuple(found)


def measures_declare(compiler: Compiler) -> None:
    direct = [rule.name for rule in compiler.credits]
    for i, item in compiler.items("measures"):
        path: SchemaPath = ("measures", i)
        wanted = item.get("credits") or direct
        for k, name in enumerate(wanted):
            if name not in direct and name not in compiler.manager_rules:
                compiler.problem((*path, "credits", k), "not_rule", name=name, known=[*direct, *compiler.manager_rules])
        aggregate = item.get("aggregate", "sum")
        if aggregate == "count" and "value" in item:
            compiler.problem((*path, "value"), "count_with_value")
        value = compiler.line((*path, "value"), item["value"]) if "value" in item else None
        where = compiler.line((*path, "where"), item["where"], "bool") if "where" in item else None
        over, label = window_of(item), item.get("label", item["name"])
        rules = tuple(name for name in wanted if name in direct)
        target = len(compiler.measures)
        change = item.get("on_change", "restart")
        if change == "prorate" and over not in ("period", "quarter", "year"):
            compiler.problem((*path, "on_change"), "change_endless", window=over)
        compiler.measures.append(Measure(item["name"], label, rules, aggregate, value, where, over, on_change=change))
        for credit in wanted:
            rule = compiler.manager_rules.get(credit)
            if rule is None or rule["of"] not in direct:
                continue
            source = target
            if rules != (rule["of"],):
                source = len(compiler.measures)
                name = f"{item['name']}@{rule['of']}"
                compiler.measures.append(Measure(name, label, (rule["of"],), aggregate, value, where, over, hidden=True, on_change=change))
            compiler.rollups.append(Rollup(source, target, rule["as_of"], rule.get("levels", "all"), rule.get("relation", "")))
