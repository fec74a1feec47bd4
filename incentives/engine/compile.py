"""From a plan document to a compiled plan: names, types and grains are checked here, before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from .categories import COLUMNS, is_within, labels_of
from .compile_changes import changes_compile, quotas_compile
from .compile_effective import effective_check
from .compile_figures import attainments_declare, attributes_declare, kpis_declare, measures_declare, quotas_declare
from .compile_lines import contract_years_compile
from .compile_money import conversions_compile, currencies_compile
from .compile_parts import components_compile
from .compile_payment import clawback_compile, payment_compile
from .compile_peers import peers_compile, peers_declare
from .compile_people import holidays_compile, holidays_of_compile, prorations_compile, ramped_compile, ramps_compile
from .compile_tables import tables_compile
from .compile_units import units_check
from .contract_years import YEAR
from .document import Document, SchemaPath, document_again, document_read
from .errors import PlanError, Problem
from .exact import text as number_text
from .formula_walk import conditions, walk, window_of
from .grid import AnyTable
from .period_formula import Formula, compiled
from .plan import LINE_CODES, LINE_NUMBERS, CompiledPlan, CreditRule, Measure, Rollup, Rounding, ValueSpec
from .rounding import minor_units
from .syntax import Node, SyntaxProblem, parse
from .typing_rules import CODE, DATE, NUMBER, Scope, Type, TypeProblem, check

STANDARD_CODES = ("kind", "product", "account", "territory", "channel", "currency")
STANDARD_NUMBERS = ("amount", "quantity")


class Compiler:
    """Holds what is known while a document is compiled; collects every problem instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.document, self.data = document, document.data
        self.problems: list[Problem] = []
        rounding = self.data.get("rounding") or {}
        self.rounding = Rounding(rounding.get("places", minor_units(self.data["currency"])), rounding.get("mode", "half_up"))
        self.line_names: dict[str, Type] = {name: NUMBER for name in STANDARD_NUMBERS}
        self.line_names |= {name: CODE for name in STANDARD_CODES} | {"date": DATE}
        if self.data.get("reads") == "order_lines":
            self.line_names |= {name: CODE for name in LINE_CODES} | {name: NUMBER for name in LINE_NUMBERS}
            if self.data.get("contract_years"):
                self.line_names[YEAR] = NUMBER
        self.period_names: dict[str, Type] = {}
        self.windows: dict[str, frozenset[str]] = {}
        """Period name -> windows over which it runs to date."""
        self.states: dict[str, frozenset[str]] = {}
        """Period name -> windows of which it is a state (the last score of a quarter): it may be settled over them, and need not."""
        self.tables: dict[str, AnyTable] = {}
        self.measures: list[Measure] = []
        self.rollups: list[Rollup] = []
        self.line_nodes: list[Node] = []
        self.credits: list[CreditRule] = []
        self.manager_rules: dict[str, Mapping[str, Any]] = {}
        self.hoisted: dict[Node, str] = {}
        self.made_by_formulas = {item["name"] for item in self.data.get("values") or []} | {f"pay.{item['name']}" for item in self.data["components"]}
        """Names that formulas make: known to those below them alone, so that nothing can read itself."""
        self.late: set[str] = set()
        """Period names that read what crosses between payees."""

    # ---- problems and formulas

    def problem(self, path: SchemaPath, code: str, **params: Any) -> None:
        """Record a finding."""
        self.problems.append(self.document.problem(path, code, **params))

    def node(self, path: SchemaPath, value: Any) -> Node | None:
        """Parse a formula standing at `path`."""
        if isinstance(value, int | Decimal):
            return Node("number", (), Decimal(value), 1, 1)
        try:
            return parse(str(value))
        except SyntaxProblem as error:
            self.at(path, error.line, error.column, error.code, error.params)
            return None

    def at(self, path: SchemaPath, line: int, column: int, code: str, params: Mapping[str, Any]) -> None:
        """Record a finding inside the text at `path`."""
        first, start = self.document.place(path)
        place = self.document.problem(path, code, **params)
        self.problems.append(Problem(place.path, first + line - 1, column + (start - 1 if line == 1 else 0), code, place.params))

    def typed(self, path: SchemaPath, value: Any, scope: Scope, wanted: str) -> tuple[Node | None, Type]:
        """Parse and check; the node is None when something was wrong (and recorded)."""
        node = self.node(path, value)
        if node is None:
            return None, NUMBER
        try:
            found = check(node, scope)
        except TypeProblem as error:
            code, params = error.code, error.params
            if code.startswith("name_unknown") and params["name"] in self.made_by_formulas:
                code, params = "reads_later", {"name": params["name"]}
            self.at(path, error.node.line, error.node.column, code, params)
            return None, NUMBER
        if found.kind != wanted:
            self.at(path, node.line, node.column, "condition_needed" if wanted == "bool" else "number_needed", {"found": found.kind})
            return None, NUMBER
        return node, found

    def line(self, path: SchemaPath, value: Any, wanted: str = "number", credited: bool = True) -> Node | None:
        """A line formula."""
        names = dict(self.line_names)
        if credited:
            names |= {"pay_credit": NUMBER, "quota_credit": NUMBER}
        node, _ = self.typed(path, value, Scope("line", names, self.tables, frozenset(self.period_names)), wanted)
        if node is not None:
            self.line_nodes.append(node)
        return node

    def period(
        self, path: SchemaPath, value: Any, owner: str, wanted: str = "number", extra: Mapping[str, Type] | None = None
    ) -> tuple[Formula | None, Type, Node | None]:
        """A period formula, compiled; aggregates over lines become hidden measures."""
        lines = frozenset(self.line_names) | {"pay_credit", "quota_credit"}
        scope = Scope("period", self.period_names | dict(extra or {}), self.tables, lines, lambda node: self._hoist(path, node, owner))
        node, found = self.typed(path, value, scope, wanted)
        if node is None:
            return None, found, None
        units_check(self, path, node)
        return compiled(node, self.tables, self.hoisted, self.rounding.mode), found, node

    def _hoist(self, path: SchemaPath, node: Node, owner: str) -> str:
        if node in self.hoisted:
            return self.hoisted[node]
        if len(self.credits) > 1:
            raise TypeProblem(node, "aggregate_of_which")
        scope = Scope("line", self.line_names | {"pay_credit": NUMBER, "quota_credit": NUMBER}, self.tables, frozenset(self.period_names))
        value, where = node.args[0], node.args[1] if len(node.args) > 1 else None
        if node.value == "count":
            value, where = Node("number", (), Decimal(1), node.line, node.column), value
        kind = check(value, scope).kind
        if kind != "number":
            raise TypeProblem(value, "number_needed", found=kind)
        kind = "bool" if where is None else check(where, scope).kind
        if kind != "bool":
            raise TypeProblem(where or node, "condition_needed", found=kind)
        self.line_nodes += [value] + ([where] if where is not None else [])
        name = f"{owner}:{node.value}{len(self.hoisted) + 1}"
        rules = tuple(rule.name for rule in self.credits)
        self.measures.append(Measure(name, f"{node.value} in {owner}", rules, node.value, value, where, hidden=True))
        self.hoisted[node] = name
        self.windows[name] = frozenset(["period"])
        return name

    def unique(self, section: str, taken: set[str] | None = None) -> None:
        """Names in a section are given once."""
        seen: set[str] = set(taken or ())
        for i, item in enumerate(self.data.get(section) or []):
            if item["name"] in seen:
                self.problem((section, i, "name"), "name_taken", name=item["name"])
            seen.add(item["name"])

    # ---- sections

    def run(self) -> CompiledPlan:
        """Compile everything; raises PlanError with all findings."""
        for i, column in enumerate(self.data.get("columns") or []):
            if column["name"] in self.line_names:
                self.problem(("columns", i, "name"), "standard_column", name=column["name"])
            self.line_names[column["name"]] = NUMBER if column["type"] == "number" else CODE
        for section in ("credits", "quotas", "attributes", "kpis", "components", "exclusions"):
            self.unique(section)
        self.tables = tables_compile(self)
        exclusions = self._exclusions()
        self._credits()
        for i, item in self.items("measures"):
            self.declare(("measures", i, "name"), item["name"], NUMBER, window_of(item))
        holidays, holidays_of, ramps = holidays_compile(self), holidays_of_compile(self), ramps_compile(self)
        quotas, attributes, kpis = quotas_declare(self), attributes_declare(self), kpis_declare(self)
        quotas, attainments = ramped_compile(self, ramps, quotas, attainments_declare(self))
        measures_declare(self)
        peers_declare(self)
        values = self._values()
        (terms, amounts), clawback = payment_compile(self), clawback_compile(self)
        components, quotas = changes_compile(self, components_compile(self)), quotas_compile(self, quotas)
        components = prorations_compile(self, components, quotas)
        effective_check(self, components, values)
        peers = peers_compile(self)
        conversions, currencies = conversions_compile(self), currencies_compile(self)
        contract_years = contract_years_compile(self)
        if self.problems:
            raise PlanError(sorted(self.problems, key=lambda p: (p.line, p.column, p.path)))
        codes, numbers = self._columns()
        canonical = json.dumps(_plain(self.data), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return CompiledPlan(
            key=self.data["plan"],
            title=self.data.get("title", self.data["plan"]),
            reads=self.data.get("reads", "orders"),
            currency=self.data["currency"],
            rounding=self.rounding,
            calendar=self.data["calendar"],
            exclusions=exclusions,
            credits=tuple(self.credits),
            measures=tuple(self.measures),
            rollups=tuple(self.rollups),
            quotas=quotas,
            attributes=attributes,
            kpis=kpis,
            ramps=ramps,
            holidays=holidays,
            holidays_of=holidays_of,
            attainments=attainments,
            values=values + amounts,
            terms=terms,
            clawback=clawback,
            peers=peers,
            components=components,
            tables=self.tables,
            code_columns=codes,
            number_columns=numbers,
            conversions=conversions,
            currencies=currencies,
            document=self.data,
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
            contract_years=contract_years,
            reads_categories=any(is_within(item) for node in self.line_nodes for item in walk(node)),
        )

    def items(self, section: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """A section's entries with their places; nothing where the document has none."""
        yield from enumerate(self.data.get(section) or [])

    def declare(self, path: SchemaPath, name: str, kind: Type, *windows: str) -> None:
        """A name that period formulas read, and the windows over which it runs to date."""
        if name in self.period_names or name in ("quota", "attr", "kpi", "pay", "team", "ramp"):
            self.problem(path, "name_taken", name=name)
        self.period_names[name] = kind
        self.windows[name] = frozenset(windows)

    def _exclusions(self) -> tuple[tuple[str, Node], ...]:
        found = [(item["name"], self.line(("exclusions", i, "where"), item["where"], "bool", credited=False)) for i, item in self.items("exclusions")]
        return tuple((name, node) for name, node in found if node is not None)

    def rounding_of(self, given: Any, none: bool = False) -> Rounding | None:
        """A `round` key; absent: the plan's own (or none)."""
        if given == "none" or (given is None and none):
            return None
        given = given or {}
        return Rounding(given.get("places", self.rounding.places), given.get("mode", self.rounding.mode))

    def _credits(self) -> None:
        for i, item in self.items("credits"):
            path: SchemaPath = ("credits", i)
            if item["to"] in ("managers", "related"):
                self.manager_rules[item["name"]] = item
                continue
            where = self.line((*path, "where"), item["where"], "bool", credited=False) if "where" in item else None
            amount = self.line((*path, "amount"), item["amount"], credited=False) if "amount" in item else None
            quota = self.line((*path, "quota_amount"), item["quota_amount"], credited=False) if "quota_amount" in item else None
            roles = tuple(item["roles"]) if "roles" in item else None
            self.credits.append(
                CreditRule(
                    item["name"],
                    item["to"],
                    where,
                    amount,
                    quota,
                    self.rounding_of(item.get("round")),
                    roles,
                    item.get("must_total", True),
                    item.get("choose", ""),
                    item.get("priority", 0),
                    conditions(where),
                    tuple(labels_of(where)),
                )
            )
        names = [rule.name for rule in self.credits]
        if not names:
            self.problem(("credits",), "no_line_rule")
        for i, item in self.items("credits"):
            if item["to"] in ("managers", "related") and item["of"] not in names:
                self.problem(("credits", i, "of"), "not_line_rule", name=item["of"], known=names)

    def _values(self) -> tuple[ValueSpec, ...]:
        found = []
        for i, item in self.items("values"):
            path: SchemaPath = ("values", i)
            formula, kind, node = self.period((*path, "formula"), item["formula"], item["name"])
            self.declare((*path, "name"), item["name"], kind, *(self.windows_of(node) if node else ()))
            self.states[item["name"]] = self.states_of(self.names_of(node))
            if formula is not None:
                late = bool(self.names_of(node) & self.late)
                if late:
                    self.late.add(item["name"])
                found.append(ValueSpec(item["name"], item.get("label", item["name"]), formula, str(item["formula"]), late))
        return tuple(found)

    def names_of(self, node: Node | None) -> set[str]:
        """The period names in a formula."""
        return {item.value for item in walk(node) if item.op == "name"}

    def states_of(self, names: Iterable[str]) -> frozenset[str]:
        """The windows of which names are states."""
        return frozenset().union(*(self.states.get(name, frozenset()) for name in names))

    def windows_of(self, *nodes: Node | None) -> frozenset[str]:
        """The windows over which the names in formulas run."""
        found: set[str] = set()
        for node in nodes:
            for item in walk(node):
                if item in self.hoisted:
                    found |= self.windows[self.hoisted[item]]
                elif item.op == "name":
                    found |= self.windows.get(item.value, frozenset())
        return frozenset(found)

    def _columns(self) -> tuple[frozenset[str], frozenset[str]]:
        used = {item.value for node in self.line_nodes for item in walk(node) if item.op == "name"}
        if any(is_within(item) for node in self.line_nodes for item in walk(node)):
            used |= set(COLUMNS)
        kinds = {name: self.line_names[name].kind for name in used if name in self.line_names}
        return frozenset(n for n, k in kinds.items() if k == "code"), frozenset(n for n, k in kinds.items() if k == "number" and n != "amount")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _compile_1(document: Document) -> CompiledPlan:
    return Compiler(document).run()


SEMANTICS: dict[int, Callable[[Document], CompiledPlan]] = {1: _compile_1}
"""By the number that a document names as its `engine`. A change of what stored plans mean is a new number beside the old one."""


def plan_compile(document: Document) -> CompiledPlan:
    """Compile a validated document. Raises PlanError with every finding."""
    return SEMANTICS[document.data["engine"]](document)


def plan_load(text: str) -> CompiledPlan:
    """YAML text -> compiled plan. Raises PlanError with every finding (its own tests are `plan_check`'s business)."""
    return plan_compile(document_read(text))


def plan_load_again(text: str, digest: str) -> CompiledPlan:
    """A stored plan, known by the digest of what it says: the same as `plan_load` gives, without its checks of form.

    Where the quick reading does not come to that digest, the document is read as it was the first time.
    """
    try:
        found = plan_compile(document_again(text))
    except (ValueError, PlanError):
        return plan_load(text)
    return found if found.digest == digest else plan_load(text)
