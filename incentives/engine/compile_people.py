"""Compiling what a plan says of people: holidays, ramps, and each component's proration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .compile_changes import shared_formula
from .compile_tables import figure
from .contracts import day_number
from .plan import AttainmentSpec, Component, QuotaSpec
from .proration import TARGET, Holiday, Proration, Ramp
from .typing_rules import NUMBER
from .windows import COVERED

if TYPE_CHECKING:
    from .compile import Compiler


def holidays_compile(compiler: Compiler) -> tuple[Holiday, ...]:
    """The days on which nobody works."""
    found = []
    for i, item in enumerate(compiler.data.get("holidays") or []):
        try:
            found.append(Holiday(day_number(item["date"]), item.get("name", ""), tuple(item.get("countries", ()))))
        except ValueError:
            compiler.problem(("holidays", i, "date"), "not_a_date", value=item["date"])
    return tuple(found)


def holidays_of_compile(compiler: Compiler) -> str:
    """Whose holidays count. Those written in the plan would be passed over in silence where the company's alone do."""
    given: str = compiler.data.get("holidays_of", "plan")
    if given == "calendar" and compiler.data.get("holidays"):
        compiler.problem(("holidays_of",), "holidays_unread")
    return given


def ramps_compile(compiler: Compiler) -> tuple[Ramp, ...]:
    """The ramps, declared as ramp.NAME."""
    compiler.unique("ramps")
    found = []
    for i, item in enumerate(compiler.data.get("ramps") or []):
        compiler.declare(("ramps", i, "name"), f"ramp.{item['name']}", NUMBER)
        shares = tuple(figure(share) for share in item["shares"])
        found.append(Ramp(item["name"], item.get("since", "assignment"), shares, figure(item.get("after", 1)), item.get("days")))
    return tuple(found)


def ramped_compile(
    compiler: Compiler, ramps: tuple[Ramp, ...], quotas: tuple[QuotaSpec, ...], attainments: tuple[AttainmentSpec, ...]
) -> tuple[tuple[QuotaSpec, ...], tuple[AttainmentSpec, ...]]:
    """Quotas and attainments with the ramps that they name."""
    known = [ramp.name for ramp in ramps]

    def named(section: str, key: str) -> list[str]:
        names = []
        for i, item in enumerate(compiler.data.get(section) or []):
            names.append(item.get(key, ""))
            if key in item and item[key] not in known:
                compiler.problem((section, i, key), "not_ramp", name=item[key], known=known)
        return names

    return (
        tuple(replace(one, ramp=name) for one, name in zip(quotas, named("quotas", "ramp"), strict=True)),
        tuple(replace(one, at_least=name) for one, name in zip(attainments, named("attainments", "at_least"), strict=True)),
    )


def prorations_compile(compiler: Compiler, components: tuple[Component, ...], quotas: tuple[QuotaSpec, ...]) -> tuple[Component, ...]:
    """The components with their proration."""
    own = [quota.name for quota in quotas if quota.prorate != "none" or quota.on_change == "prorate"]
    measures = {item["name"] for item in compiler.data["measures"]}
    found = []
    for i, component in enumerate(components):
        item = compiler.data["components"][i]
        given: dict[str, Any] | None = item.get("proration")
        found.append(component if given is None else _prorated(compiler, i, component, item, given, own, measures))
    return tuple(found)


def _prorated(compiler: Compiler, i: int, component: Component, item: dict[str, Any], given: dict[str, Any], own: list[str], measures: set[str]) -> Component:
    ways = {key: given.get(key, "none") for key in ("quota", "target", "bounds", "cap", "floor")}
    path = ("components", i, "proration")
    over = "period" if component.settle == "ever" else component.settle
    policy = Proration(
        **ways, first_day=given.get("first_day", "in") == "in", last_day=given.get("last_day", "in") == "in", leave=given.get("leave", "counts") == "counts",
        over=over, leave_out={key: frozenset(kinds) for key, kinds in (given.get("leave_out") or {}).items()},
    )  # fmt: skip
    changed: dict[str, Any] = {"proration": policy}
    if all(way == "none" for way in ways.values()):
        compiler.problem(path, "proration_nothing")
    for key in policy.leave_out:
        if ways[key] == "none":
            compiler.problem((*path, "leave_out", key), "leave_of_nothing", key=key)
    if policy.leave_out and "leave" in given:
        compiler.problem((*path, "leave"), "proration_twice", name="leave_out")
    if ways["quota"] != "none" and own:
        compiler.problem((*path, "quota"), "proration_twice", name=f"quota.{own[0]}")
    if ways["target"] != "none" and TARGET not in compiler.period_names:
        compiler.problem((*path, "target"), "proration_target")
    if component.on_change == "prorate" and any(ways[key] != "none" for key in ("bounds", "cap", "floor")):
        compiler.problem(path, "proration_twice", name="on_change: prorate")
    for key in ("cap", "floor"):
        if ways[key] == "none":
            continue
        if getattr(component, key) is None:
            compiler.problem((*path, key), "proration_of_nothing", key=key)
        else:
            changed[key] = shared_formula(getattr(component, key), f"{COVERED}@{key}")
    if ways["bounds"] != "none":
        pay_rate = item.get("pay_rate") or {}
        if "table" not in pay_rate or "scale" in pay_rate or str(pay_rate.get("by", item.get("base"))) not in measures:
            compiler.problem((*path, "bounds"), "proration_bounds")
        else:
            changed["bounds_over"] = "@bounds"
    return replace(component, **changed)
