"""Compiling the two larger sections of a plan: rate tables and components."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .document import SchemaPath
from .period_formula import Formula
from .plan import Component, Measure, PayRate, Rollup, Rounding, TeamBase
from .syntax import Node
from .tables import Points, RateTable, Steps
from .typing_rules import NUMBER, Type

if TYPE_CHECKING:
    from .compile import Compiler


def figure(value: Any) -> Decimal:
    """A written figure: 1000, "1_000", "7.5%"."""
    text = str(value).replace("_", "")
    return Decimal(text[:-1]).scaleb(-2) if text.endswith("%") else Decimal(text)


# ---------------------------------------------------------------- tables


def tables_compile(compiler: Compiler) -> dict[str, RateTable]:
    """All rate tables by name; gaps, overlaps and missing ends are problems."""
    found: dict[str, RateTable] = {}
    for i, item in enumerate(compiler.data.get("tables") or []):
        table = _steps(compiler, i, item) if "steps" in item else _points(compiler, i, item)
        if table is not None:
            found[item["name"]] = table
    return found


def _steps(compiler: Compiler, i: int, item: dict[str, Any]) -> Steps | None:
    steps = item["steps"]
    path: SchemaPath = ("tables", i, "steps")
    starts: list[Decimal] = []
    values: list[Decimal] = []
    good = True
    for k, step in enumerate(steps):
        start, last = figure(step["from"]), k == len(steps) - 1
        if starts and start <= starts[-1]:
            compiler.problem((*path, k, "from"), f"{step['from']} is not above the previous step's {steps[k - 1]['from']}", "order steps upwards")
            good = False
        if "to" in step and figure(step["to"]) <= start:
            compiler.problem((*path, k, "to"), f"the step ends at {step['to']} before it starts", "put `to` above `from`")
            good = False
        if "to" in step and not last and figure(step["to"]) != figure(steps[k + 1]["from"]):
            word = "gap" if figure(step["to"]) < figure(steps[k + 1]["from"]) else "overlap"
            compiler.problem((*path, k, "to"), f"{word} between {step['to']} and {steps[k + 1]['from']}", "let each step start where the one before ends")
            good = False
        starts.append(start)
        values.append(figure(step["value"]))
    end = steps[-1].get("to")
    if end is not None and "above" not in item:
        compiler.problem((*path, len(steps) - 1, "to"), f"nothing is said about values beyond {end}", "take `to` out, or state `above`")
        good = False
    if end is None and "above" in item:
        compiler.problem(("tables", i, "above"), "the last step is open, `above` has no meaning", "give the last step a `to`, or take `above` out")
        good = False
    if starts and starts[0] > 0 and "below" not in item:
        compiler.problem((*path, 0, "from"), f"nothing is said about values below {steps[0]['from']}", "start at 0, or state `below`")
        good = False
    if end is not None and "above" in item:
        try:
            values.append(figure(item["above"]))
            starts.append(figure(end))
        except ArithmeticError:
            compiler.problem(("tables", i, "above"), f"{item['above']!r} is no number", "steps need a number above the last bound")
            good = False
    below = figure(item["below"]) if "below" in item else None
    return Steps(item["name"], tuple(starts), tuple(values), item.get("includes", "lower"), below) if good else None


def _points(compiler: Compiler, i: int, item: dict[str, Any]) -> Points | None:
    points, good = item["points"], True
    xs = [figure(point["at"]) for point in points]
    for k in range(1, len(xs)):
        if xs[k] <= xs[k - 1]:
            compiler.problem(("tables", i, "points", k, "at"), f"{points[k]['at']} is not above the point before", "order points upwards")
            good = False
    if "below" not in item:
        compiler.problem(("tables", i), "nothing is said about values below the first point", "state `below`")
        good = False
    if item.get("above", "last") not in ("last", "extend"):
        compiler.problem(("tables", i, "above"), f"{item['above']!r} is not possible for points", "use last or extend")
        good = False
    if not good:
        return None
    return Points(item["name"], tuple(xs), tuple(figure(p["value"]) for p in points), figure(item["below"]), item.get("above") == "extend")


# ---------------------------------------------------------------- components


class _ComponentCompiler:
    def __init__(self, compiler: Compiler, index: int, item: dict[str, Any], late: set[str]) -> None:
        self.compiler, self.item = compiler, item
        self.path: SchemaPath = ("components", index)
        self.late_names = late
        self.nodes: list[Node | None] = []
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
                compiler.problem((*path, "measure"), f"`{given['measure']}` is no measure", f"measures: {', '.join(names)}")
                return None
            source = names[given["measure"]]
            over = compiler.measures[source].over
            target = len(compiler.measures)
            compiler.measures.append(Measure(f"{self.item['name']}:team", f"team {compiler.measures[source].label}", (), "sum", None, None, over, hidden=True))
            compiler.rollups.append(Rollup(source, target, given["as_of"], levels))
            self.windows.add(over)
            return TeamBase("sales", given["measure"], given["as_of"], levels, target)
        earlier = [c["name"] for c in compiler.data["components"][: int(self.path[1])]]
        if given["component"] not in earlier:
            compiler.problem(
                (*path, "component"), f"`{given['component']}` is no component above this one", f"components above: {', '.join(earlier) or 'none'}"
            )
        elif given["component"] in self.late_names:
            compiler.problem((*path, "component"), f"`{given['component']}` is itself paid on the team's commission", "name the members' own component")
        if given["as_of"] == "event":
            compiler.problem((*path, "as_of"), "commission is earned per period, not per event", "use period_end")
        return TeamBase("commission", given["component"], given["as_of"], levels)

    def pay_rate(self) -> PayRate | None:
        given = self.item.get("pay_rate")
        if given is None:
            return None
        if "flat" in given:
            return PayRate("flat", self.formula("pay_rate", "flat"))
        mode, table = given["mode"], self.compiler.tables.get(given["table"])
        path = (*self.path, "pay_rate")
        known = {item["name"] for item in self.compiler.data.get("tables") or []}
        if given["table"] not in known:
            self.compiler.problem((*path, "table"), f"`{given['table']}` is no table", f"tables: {', '.join(sorted(known)) or 'none'}")
        elif table is not None and isinstance(table, Points) != (mode == "curve"):
            self.compiler.problem((*path, "mode"), f"{mode} does not fit `{given['table']}`", "curve reads `points`, the other modes read `steps`")
        elif isinstance(table, Steps) and mode == "marginal" and table.starts[0] > 0:
            self.compiler.problem((*path, "table"), "marginal pay needs a table that starts at 0", "add a first step from 0, its value may be 0")
        if mode in ("marginal", "proportional") and "by" in given:
            self.compiler.problem((*path, "by"), f"{mode} cuts the base itself", "take `by` out; use `scale` for bounds in percent of quota")
        if mode == "curve" and "scale" in given:
            self.compiler.problem((*path, "scale"), "a curve has no scale", "divide `by` instead")
        return PayRate(mode, table=given["table"], by=self.formula("pay_rate", "by"), scale=self.formula("pay_rate", "scale"))

    def per_line(self) -> int | None:
        given = self.item.get("per_line")
        if given is None:
            return None
        compiler, path = self.compiler, (*self.path, "per_line")
        direct = [rule.name for rule in compiler.credits]
        rules = given.get("credits") or direct
        for k, name in enumerate(rules):
            if name not in direct:
                compiler.problem((*path, "credits", k), f"`{name}` is no rule that credits lines", f"rules: {', '.join(direct)}")
        pay = compiler.line((*path, "pay"), given["pay"])
        where = compiler.line((*path, "where"), given["where"], "bool") if "where" in given else None
        self.texts["per_line.pay"] = str(given["pay"])
        rounding = compiler.rounding_of(given.get("round"), none=True)
        compiler.measures.append(Measure(f"{self.item['name']}:lines", "pay of lines", tuple(rules), "sum", pay, where, hidden=True, rounding=rounding))
        self.windows.add("period")
        return len(compiler.measures) - 1

    def run(self) -> Component:
        item, compiler = self.item, self.compiler
        team = self.team()
        line_measure = self.per_line()
        gate = self.formula("gate", wanted="bool")
        has_rate = "pay_rate" in item
        if has_rate and "base" not in item and "team_override" not in item:
            compiler.problem((*self.path, "pay_rate"), "the pay_rate has no base", "add `base:`, for example the name of a measure")
        base = self.formula("base", default="team" if has_rate and "team_override" in item else None) if has_rate else None
        base_node = self.nodes[-1] if base is not None else None
        rate = self.pay_rate()
        free = self.formula("formula")
        if line_measure is not None:
            name = compiler.measures[line_measure].name
            free = lambda env: env[name]  # noqa: E731
        multiply = []
        for k, factor in enumerate(item.get("multiply") or []):
            made, kind, node = compiler.period((*self.path, "multiply", k, "by"), factor["by"], item["name"], extra=self.extra)
            self.nodes.append(node)
            self.optional |= kind.optional
            self.texts[f"multiply.{factor['name']}"] = str(factor["by"])
            if made is not None:
                multiply.append((factor["name"], made))
        floor, cap = self.formula("floor"), self.formula("cap")
        if self.optional and "when_undefined" not in item:
            compiler.problem(
                self.path, "can be undefined (a quota may be zero or missing)", "state `when_undefined: zero` or `exception`, or use default(x, 0)"
            )
        settle = self._settle()
        rounding = compiler.rounding_of(item.get("round"))
        assert isinstance(rounding, Rounding)
        uses = frozenset(n.value for node in self.nodes for n in _names(node))
        late = (team is not None and team.base == "commission") or any(f"pay.{name}" in uses for name in self.late_names)
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
            texts=self.texts,
            uses=uses,
        )

    def _settle(self) -> str:
        windows = self.windows | self.compiler.windows_of(*self.nodes)
        to_date = windows - {"period"}
        settle = self.item.get("settle")
        if settle is None:
            if to_date:
                window = sorted(to_date)[0]
                self.compiler.problem(
                    self.path,
                    f"reads a measure over the {window} to date",
                    f"state `settle: {window}` (pays the difference) or `settle: period` (pays what the formula gives, each period)",
                )
            return "period"
        if settle != "period" and windows != {settle}:
            other = sorted(windows - {settle}) or ["nothing"]
            self.compiler.problem(
                (*self.path, "settle"), f"settles over a {settle} but reads measures over: {', '.join(other)}", f"let what it reads run `over: {settle}`"
            )
        return str(settle)


def _names(node: Node | None) -> list[Node]:
    from .compile import walk

    return [item for item in walk(node) if item.op == "name"]


def components_compile(compiler: Compiler) -> tuple[Component, ...]:
    """All components in order; each may read the pay of those above it as pay.NAME."""
    found, late = [], set[str]()
    for i, item in enumerate(compiler.data["components"]):
        component = _ComponentCompiler(compiler, i, item, late).run()
        if component.late:
            late.add(component.name)
        found.append(component)
        compiler.period_names[f"pay.{component.name}"] = NUMBER
        compiler.windows[f"pay.{component.name}"] = frozenset()
    return tuple(found)
