"""Compiling the components of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .compile_units import rate_units_check
from .document import SchemaPath
from .exact import text as number_text
from .formula_walk import walk
from .grid import below_stated, first_bounds, table_sample
from .period_formula import Formula
from .plan import ORDER, Allocation, Component, Measure, PayRate, Pool, Rollup, Rounding, TeamBase
from .syntax import Node
from .tables import Points, Steps
from .typing_rules import NUMBER, Type

if TYPE_CHECKING:
    from .compile import Compiler


class _ComponentCompiler:
    def __init__(self, compiler: Compiler, index: int, item: dict[str, Any], late: set[str]) -> None:
        self.compiler, self.item = compiler, item
        self.path: SchemaPath = ("components", index)
        self.late_names = late
        self.hidden_names = frozenset(f"pay.{other['name']}" for other in compiler.data["components"] if other.get("hidden"))
        self.nodes: list[Node | None] = []
        self.aside: list[Node] = []
        """Those of gate, multipliers, floor, cap and share: they may read any window."""
        self.optional = False
        self.extra: dict[str, Type] = {}
        self.texts: dict[str, str] = {}
        self.windows: set[str] = set()

    def formula(self, *keys: str, wanted: str = "number", default: Any = None) -> Formula | None:
        value: Any = self.item
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            value = default
        if value is None:
            return None
        made, kind, node = self.compiler.period((*self.path, *keys), value, self.item["name"], wanted, self.extra)
        self.nodes.append(node)
        if node is not None and keys[0] in ("gate", "floor", "cap", "share"):
            self.aside.append(node)
        self.optional |= kind.optional
        self.texts[".".join(keys)] = str(value)
        return made

    def team(self) -> TeamBase | None:
        given = self.item.get("team_override")
        if given is None:
            return None
        compiler, path = self.compiler, (*self.path, "team_override")
        self.extra = {"team": NUMBER}
        levels = given.get("levels", "all")
        if given["base"] == "sales":
            names = {m.name: k for k, m in enumerate(compiler.measures) if not m.hidden}
            if given["measure"] not in names:
                compiler.problem((*path, "measure"), "not_measure", name=given["measure"], known=list(names))
                return None
            source = names[given["measure"]]
            over, label, change = compiler.measures[source].over, f"team {compiler.measures[source].label}", compiler.measures[source].on_change
            target = len(compiler.measures)
            compiler.measures.append(Measure(f"{self.item['name']}:team", label, (), "sum", None, None, over, hidden=True, on_change=change))
            compiler.rollups.append(Rollup(source, target, given["as_of"], levels))
            self.windows.add(over)
            return TeamBase("sales", given["measure"], given["as_of"], levels, target)
        earlier = [c["name"] for c in compiler.data["components"][: int(self.path[1])]]
        if given["component"] not in earlier:
            compiler.problem((*path, "component"), "not_component_above", name=given["component"], known=earlier)
        elif given["component"] in self.late_names:
            compiler.problem((*path, "component"), "override_of_override", name=given["component"])
        if given["as_of"] == "event":
            compiler.problem((*path, "as_of"), "commission_as_of")
        return TeamBase("commission", given["component"], given["as_of"], levels)

    def pay_rate(self) -> PayRate | None:
        given = self.item.get("pay_rate")
        if given is None:
            return None
        if "flat" in given:
            return PayRate("flat", self.formula("pay_rate", "flat"))
        mode, dated = given["mode"], self.compiler.tables.get(given["table"])
        table = None if dated is None else table_sample(dated)
        path = (*self.path, "pay_rate")
        known = {item["name"] for item in self.compiler.data.get("tables") or []}
        if given["table"] not in known:
            self.compiler.problem((*path, "table"), "not_table", name=given["table"], known=sorted(known))
        elif table is not None and not isinstance(table, Points if mode == "curve" else Steps):
            self.compiler.problem((*path, "mode"), "mode_table", mode=mode, table=given["table"])
        elif dated is not None and mode in ("marginal", "excess") and any(start != 0 for start in first_bounds(dated)):
            self.compiler.problem((*path, "table"), "marginal_from_zero", mode=mode)
        if mode == "proportional" and dated is not None and (below := below_stated(dated)) is not None:
            self.compiler.problem((*path, "table"), "proportional_below", table=given["table"], value=number_text(below))
        if mode in ("marginal", "proportional", "excess") and "by" in given:
            self.compiler.problem((*path, "by"), "mode_by", mode=mode)
        if mode == "curve" and "scale" in given:
            self.compiler.problem((*path, "scale"), "curve_scale")
        slices = None
        if "round" in given and mode not in ("marginal", "proportional"):
            self.compiler.problem((*path, "round"), "mode_round", mode=mode)
        elif "round" in given:
            slices = self.compiler.rounding_of(given["round"])
        return PayRate(mode, table=given["table"], rounding=slices, by=self.formula("pay_rate", "by"), scale=self.formula("pay_rate", "scale"))

    def pool(self) -> Pool | None:
        given = self.item.get("pool")
        if given is None:
            return None
        compiler, path = self.compiler, (*self.path, "pool")
        names = [peer["name"] for peer in compiler.data.get("peers") or []]
        if given["peers"] not in names:
            compiler.problem((*path, "peers"), "not_peers", name=given["peers"], known=names)
            return None
        amount, _, node = compiler.period((*path, "amount"), given["amount"], self.item["name"], "number", self.extra)
        self.nodes.append(node)
        self.optional = True
        self.texts["pool.amount"] = str(given["amount"])
        allowed = {f"{kind}.{given['peers']}" for kind in ("total", "peers")}
        for name in sorted(compiler.names_of(node) - allowed):
            compiler.problem((*path, "amount"), "pool_own", name=name, known=sorted(allowed))
        rounding = compiler.rounding_of(given.get("round") or self.item.get("round"))
        if amount is None or rounding is None:
            return None
        return Pool(self.item["name"], names.index(given["peers"]), amount, rounding)

    def allocation(self) -> Allocation | None:
        given = self.item.get("allocate")
        if given is None:
            return None
        index = self.hidden_measure("allocate", given, "by", "weights", given.get("by", "pay_credit"))
        rounding = self.compiler.rounding_of(given.get("round") or self.item.get("round"))
        assert rounding is not None
        return Allocation(index, rounding)

    def hidden_measure(self, section: str, given: dict[str, Any], key: str, word: str, value: Any, rounding: Rounding | None = None) -> int:
        """A measure of a component's own lines; its number."""
        compiler, path = self.compiler, (*self.path, section)
        direct = [rule.name for rule in compiler.credits]
        rules = given.get("credits") or direct
        for k, name in enumerate(rules):
            if name not in direct:
                compiler.problem((*path, "credits", k), "not_line_rule", name=name, known=direct)
        pay = compiler.line((*path, key), value)
        where = compiler.line((*path, "where"), given["where"], "bool") if "where" in given else None
        name = f"{self.item['name']}:{word}"
        compiler.measures.append(Measure(name, word, tuple(rules), "sum", pay, where, hidden=True, rounding=rounding))
        return len(compiler.measures) - 1

    def per_line(self) -> int | None:
        given = self.item.get("per_line")
        if given is None:
            return None
        self.texts["per_line.pay"] = str(given["pay"])
        self.windows.add("period")
        return self.hidden_measure("per_line", given, "pay", "lines", given["pay"], self.compiler.rounding_of(given.get("round"), none=True))

    def run(self) -> Component:
        item, compiler = self.item, self.compiler
        team = self.team()
        line_measure = self.per_line()
        gate = self.formula("gate", wanted="bool")
        has_rate = "pay_rate" in item
        if has_rate and "base" not in item and "team_override" not in item:
            compiler.problem((*self.path, "pay_rate"), "rate_without_base")
        base = self.formula("base", default="team" if has_rate and "team_override" in item else None) if has_rate else None
        base_node = self.nodes[-1] if base is not None else None
        rate = self.pay_rate()
        rate_units_check(compiler, self.path, item)
        free = self.formula("formula")
        if line_measure is not None:
            name = compiler.measures[line_measure].name
            free = lambda env: env[name]  # noqa: E731
        pool = self.pool()
        if pool is not None:
            own = item["name"]
            free = lambda env: env[own]  # noqa: E731
        multiply = []
        for k, factor in enumerate(item.get("multiply") or []):
            made, kind, node = compiler.period((*self.path, "multiply", k, "by"), factor["by"], item["name"], extra=self.extra)
            self.nodes.append(node)
            self.aside += [node] if node is not None else []
            self.optional |= kind.optional
            self.texts[f"multiply.{factor['name']}"] = str(factor["by"])
            if made is not None:
                multiply.append((factor["name"], made))
        floor, cap, share = self.formula("floor"), self.formula("cap"), self.formula("share")
        allocation = self.allocation()
        if self.optional and "when_undefined" not in item:
            compiler.problem(self.path, "can_be_undefined")
        settle = self._settle()
        rounding = compiler.rounding_of(item.get("round"))
        assert isinstance(rounding, Rounding)
        uses = frozenset(n.value for node in self.nodes for n in _names(node))
        hidden = item.get("hidden", False)
        if hidden and item.get("paid"):
            compiler.problem((*self.path, "hidden"), "hidden_paid")
        if not hidden:
            for name in sorted(uses & self.hidden_names):
                compiler.problem(self.path, "hidden_used", name=name)
        late = pool is not None or (team is not None and team.base == "commission") or bool(uses & compiler.late)
        base_measure = None
        if base_node is not None and base_node.op == "name":
            base_measure = next((k for k, m in enumerate(compiler.measures) if m.name == base_node.value and not m.hidden), None)
        return Component(
            name=item["name"],
            label=item.get("label", item["name"]),
            rounding=rounding,
            settle=settle,
            when_undefined=item.get("when_undefined", "zero"),
            gate=gate,
            base=base,
            pay_rate=rate,
            formula=free,
            multiply=tuple(multiply),
            floor=floor,
            cap=cap,
            team=team,
            base_measure=base_measure,
            line_measure=line_measure,
            late=late,
            pool=pool,
            allocation=allocation,
            added=item.get("combine") == "added",
            share=share,
            order=self._order({"multiply": bool(multiply), "floor": floor is not None, "cap": cap is not None, "share": share is not None, "round": True}),
            paid=item.get("paid", not hidden),
            unit=item.get("unit", ""),
            hidden=hidden,
            texts=self.texts,
            uses=uses,
        )

    def _order(self, present: dict[str, bool]) -> tuple[str, ...]:
        """The steps that the component has, in its order; what it has but does not place is a finding."""
        order = tuple(self.item.get("order") or ORDER)
        for k, step in enumerate(order):
            if step in order[:k]:
                self.compiler.problem((*self.path, "order", k), "order_twice", step=step)
        for step in ORDER:
            if present[step] and step not in order:
                self.compiler.problem((*self.path, "order"), "order_missing", step=step)
        return tuple(step for step in order if present[step])

    def _settle(self) -> str:
        windows = self.windows | self.compiler.windows_of(*self.nodes)
        to_date = windows - {"period"}
        settle = self.item.get("settle")
        if settle is None:
            if to_date:
                window = sorted(to_date)[0]
                if window.startswith("rolling:"):
                    self.compiler.problem(self.path, "settle_rolling")
                else:
                    self.compiler.problem(self.path, "settle_needed", window=window)
            return "period"
        if settle == "period":
            return "period"
        aside = {id(node) for node in self.aside}
        others = (self.windows | self.compiler.windows_of(*(node for node in self.nodes if id(node) not in aside))) - {settle}
        names = {name.value for node in self.nodes for name in _names(node)}
        pays = any(name.startswith("pay.") for name in names) or self.item.get("team_override", {}).get("base") == "commission"
        if others:
            self.compiler.problem((*self.path, "settle"), "settle_differs", settle=settle, others=sorted(others))
        elif settle not in windows | self.compiler.states_of(names) and not pays and None not in self.nodes:
            self.compiler.problem((*self.path, "settle"), "settle_nothing", settle=settle)
        return str(settle)


def _names(node: Node | None) -> list[Node]:
    return [item for item in walk(node) if item.op == "name"]


def components_compile(compiler: Compiler) -> tuple[Component, ...]:
    """All components in order; each may read the pay of those above it as pay.NAME."""
    found, late = [], set[str]()
    for i, item in enumerate(compiler.data["components"]):
        component = _ComponentCompiler(compiler, i, item, late).run()
        if component.late:
            late.add(component.name)
            compiler.late.add(f"pay.{component.name}")
        found.append(component)
        compiler.period_names[f"pay.{component.name}"] = NUMBER
        compiler.windows[f"pay.{component.name}"] = frozenset()
    return tuple(found)
