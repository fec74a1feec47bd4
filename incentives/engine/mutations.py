"""Are a plan's tests sharp? Every rate, bound, cap and other figure is nudged by one unit of its last written digit, up and
down; when no test of the plan breaks one way, nothing would notice a slip of the pen there: the figure is uncovered. A nudge that makes
no valid plan proves nothing; a figure that can be nudged neither way cannot be checked."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from .compile import plan_compile
from .document import Document, SchemaPath, document_read, path_text
from .errors import InputError, PlanError
from .plan_check import plan_tests_break
from .syntax import Node, SyntaxProblem, numbers_of, parse

# Numbers that are no amounts: what they change is how, not how much.
STRUCTURE = frozenset(["engine", "rounding", "round", "places", "periods", "priority", "name", "label", "title", "description", "unit", "currency"])
SECTIONS = (
    "exclusions", "credits", "ramps", "attributes", "kpis", "measures", "attainments", "tables", "values", "peers", "components", "conversions", "payment",
    "leavers", "draws",
    "clawback",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A written figure: its place, its text, and where it stands within the text of a formula (None: it is the value)."""

    path: SchemaPath
    line: int
    column: int
    text: str
    span: tuple[int, int] | None = None
    also: SchemaPath | None = None
    """The next step's start, which moves together with a step's end."""
    open: tuple[str, ...] = ()
    """What it could as well be: nudged to this, no test breaks."""

    @property
    def place(self) -> str:
        """line:column: path: figure"""
        return f"{self.line}:{self.column}: {path_text(self.path)}: {self.text}"


@dataclass(frozen=True)
class MutationReport:
    """What nudging found. uncovered: figures that no test holds, in one direction or both. unchecked: those of which no nudge makes a valid plan."""

    figures: int
    uncovered: tuple[Figure, ...]
    unchecked: tuple[Figure, ...] = ()


def plan_mutations(text: str) -> MutationReport:
    """Nudge each figure of a plan. Raises PlanError for a plan that does not compile."""
    document = document_read(text)
    plan_compile(document)
    figures = list(figures_of(document))
    uncovered, unchecked = [], []
    for figure in figures:
        breaks = {step: _breaks(document, figure, step) for step in (1, -1)}
        open_to = tuple(nudged(figure.text, step) for step, broken in breaks.items() if broken is False)
        if open_to:
            uncovered.append(replace(figure, open=open_to))
        elif set(breaks.values()) == {None}:
            unchecked.append(figure)
    return MutationReport(len(figures), tuple(uncovered), tuple(unchecked))


def nudged(text: str, step: int) -> str:
    """A written number moved by units of its last digit.

    >>> nudged("7.5%", 1), nudged("1_000", -1), nudged("-0.10", 1), nudged("0", -1)
    ('7.6%', '999', '-0.09', '-1')
    """
    percent = "%" if text.endswith("%") else ""
    plain = text.rstrip("%").replace("_", "")
    places = len(plain.partition(".")[2])
    value = int(plain.replace(".", "")) + step
    digits = str(abs(value)).rjust(places + 1, "0")
    shown = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return ("-" if value < 0 else "") + shown + percent


def figures_of(document: Document) -> Iterator[Figure]:
    """All figures of the rules, in order; those of tests are what must come out, not rules."""
    for section in SECTIONS:
        yield from _figures(document, (section,), document.data.get(section))


def _figures(document: Document, path: SchemaPath, value: Any) -> Iterator[Figure]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in STRUCTURE or (key == "from" and path[-2:-1] == ("steps",) and path[-1] != 0 and _joined(document, path)):
                continue
            yield from _figures(document, (*path, key), item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _figures(document, (*path, i), item)
    elif isinstance(value, bool) or value is None:
        return
    elif _written(str(value)):
        line, column = document.place(path)
        yield Figure(path, line, column, str(value), also=_next_start(document, path))
    elif isinstance(value, str):
        yield from _in_formula(document, path, value)


def _written(text: str) -> bool:
    plain = text.rstrip("%").replace("_", "").removeprefix("-")
    return plain.replace(".", "", 1).isdigit() and plain[0].isdigit() and plain[-1].isdigit()


def _at(data: Any, path: SchemaPath) -> Any:
    for step in path:
        data = data[step]
    return data


def _joined(document: Document, path: SchemaPath) -> bool:
    """Does the step before state the same bound as its end?"""
    before = _at(document.data, path[:-1])[int(path[-1]) - 1]
    return "to" in before


def _next_start(document: Document, path: SchemaPath) -> SchemaPath | None:
    if len(path) < 3 or path[-1] != "to" or path[-3] != "steps":
        return None
    steps, index = _at(document.data, path[:-2]), int(path[-2]) + 1
    return (*path[:-2], index, "from") if index < len(steps) else None


def _in_formula(document: Document, path: SchemaPath, text: str) -> Iterator[Figure]:
    try:
        node = parse(text)
    except SyntaxProblem:
        return
    structure = set(_structure(node))
    first, start = document.place(path)
    for token, line, column, low, high in numbers_of(text):
        if (line, column) not in structure:
            yield Figure(path, first + line - 1, column + (start - 1 if line == 1 else 0), token, (low, high))


def _structure(node: Node) -> Iterator[tuple[int, int]]:
    """Where a formula says how to round, how precisely, or to which whole power."""
    if node.op == "call" and node.value in ("round", "power", "root"):
        for arg in node.args[1 if node.value == "round" else 2 :]:
            yield arg.line, arg.column
    for arg in node.args:
        yield from _structure(arg)


def _breaks(document: Document, figure: Figure, step: int) -> bool | None:
    """Does a test break on the nudged figure? None: no valid plan comes of it."""
    data = deepcopy(document.data)
    for path in (figure.path, figure.also):
        if path is None:
            continue
        holder, old = _at(data, path[:-1]), _at(document.data, path)
        if figure.span is not None:
            low, high = figure.span
            holder[path[-1]] = old[:low] + nudged(old[low:high], step) + old[high:]
        else:
            holder[path[-1]] = nudged(str(old), step)
    changed = Document(data, document.places)
    try:
        return plan_tests_break(changed, plan_compile(changed))
    except (PlanError, InputError):
        return None
