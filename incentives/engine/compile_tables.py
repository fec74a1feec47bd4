"""Compiling rate tables: steps, points and cells; gaps, overlaps and missing ends are findings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .contracts import day_number
from .document import SchemaPath
from .grid import UNDEFINED, AnyTable, Dated, Dimension, Grid, Outside, RateTable
from .tables import Points, Steps

if TYPE_CHECKING:
    from .compile import Compiler

EVER = -(10**9)


def figure(value: Any) -> Decimal:
    """A written figure: 1000, "1_000", "7.5%"."""
    text = str(value).replace("_", "")
    return Decimal(text[:-1]).scaleb(-2) if text.endswith("%") else Decimal(text)


def tables_compile(compiler: Compiler) -> dict[str, AnyTable]:
    """All rate tables by name; gaps, overlaps and missing ends are problems."""
    found: dict[str, list[tuple[int, RateTable]]] = {}
    begun: dict[str, int] = {}
    for i, item in enumerate(compiler.data.get("tables") or []):
        name, path = item["name"], ("tables", i)
        day = _effective(compiler, (*path, "effective"), item)
        if day is not None and name not in begun:
            compiler.problem((*path, "effective"), "effective_first", day=item["effective"])
        elif name in begun and day is None:
            compiler.problem((*path, "name"), "name_taken", name=name)
        elif name in begun and day is not None and day <= begun[name]:
            compiler.problem((*path, "effective"), "effective_order", day=item["effective"])
        begun[name] = day if day is not None else begun.get(name, EVER)
        table = _steps(compiler, i, item) if "steps" in item else _points(compiler, i, item) if "points" in item else _grid(compiler, i, item)
        if table is None:
            continue
        if name in found and not _alike(found[name][0][1], table):
            compiler.problem((*path, "name"), "effective_kind", name=name)
        found.setdefault(name, []).append((begun[name], table))
    return {name: rows[0][1] if len(rows) == 1 else Dated(name, tuple(d for d, _ in rows), tuple(t for _, t in rows)) for name, rows in found.items()}


def _effective(compiler: Compiler, path: SchemaPath, item: dict[str, Any]) -> int | None:
    if "effective" not in item:
        return None
    try:
        return day_number(item["effective"])
    except ValueError:
        compiler.problem(path, "not_a_date", value=item["effective"])
        return EVER


def _alike(a: RateTable, b: RateTable) -> bool:
    if isinstance(a, Grid) and isinstance(b, Grid):
        return [(d.name, d.kind) for d in a.dimensions] == [(d.name, d.kind) for d in b.dimensions]
    return type(a) is type(b)


def _steps(compiler: Compiler, i: int, item: dict[str, Any]) -> Steps | None:
    steps = item["steps"]
    path: SchemaPath = ("tables", i, "steps")
    starts: list[Decimal] = []
    values: list[Decimal] = []
    good = True
    for k, step in enumerate(steps):
        start, last = figure(step["from"]), k == len(steps) - 1
        if starts and start <= starts[-1]:
            compiler.problem((*path, k, "from"), "step_order", value=step["from"], previous=steps[k - 1]["from"])
            good = False
        if "to" in step and figure(step["to"]) <= start:
            compiler.problem((*path, k, "to"), "step_ends_early", value=step["to"])
            good = False
        if "to" in step and not last and figure(step["to"]) != figure(steps[k + 1]["from"]):
            code = "step_gap" if figure(step["to"]) < figure(steps[k + 1]["from"]) else "step_overlap"
            compiler.problem((*path, k, "to"), code, value=step["to"], next=steps[k + 1]["from"])
            good = False
        starts.append(start)
        values.append(figure(step["value"]))
    end = steps[-1].get("to")
    if end is not None and "above" not in item:
        compiler.problem((*path, len(steps) - 1, "to"), "step_no_above", value=end)
        good = False
    if end is None and "above" in item:
        compiler.problem(("tables", i, "above"), "step_above_open")
        good = False
    if starts and starts[0] != 0 and "below" not in item:
        compiler.problem((*path, 0, "from"), "step_no_below", value=steps[0]["from"])
        good = False
    if end is not None and "above" in item:
        try:
            values.append(figure(item["above"]))
            starts.append(figure(end))
        except ArithmeticError:
            compiler.problem(("tables", i, "above"), "step_above_number", value=repr(item["above"]))
            good = False
    below = figure(item["below"]) if "below" in item else None
    return Steps(item["name"], tuple(starts), tuple(values), item.get("includes", "lower"), below) if good else None


def _points(compiler: Compiler, i: int, item: dict[str, Any]) -> Points | None:
    points, good = item["points"], True
    xs = [figure(point["at"]) for point in points]
    for k in range(1, len(xs)):
        if xs[k] <= xs[k - 1]:
            compiler.problem(("tables", i, "points", k, "at"), "point_order", value=points[k]["at"])
            good = False
    if "below" not in item:
        compiler.problem(("tables", i), "point_no_below")
        good = False
    if item.get("above", "last") not in ("last", "extend"):
        compiler.problem(("tables", i, "above"), "point_above", value=repr(item["above"]))
        good = False
    if not good:
        return None
    return Points(item["name"], tuple(xs), tuple(figure(p["value"]) for p in points), figure(item["below"]), item.get("above") == "extend")


def _grid(compiler: Compiler, i: int, item: dict[str, Any]) -> Grid | None:
    before = len(compiler.problems)
    dimensions = [_dimension(compiler, ("tables", i, "dimensions", k), spec) for k, spec in enumerate(item["dimensions"])]
    cells = _cells(compiler, ("tables", i, "cells"), item["cells"], dimensions)
    return Grid(item["name"], tuple(dimensions), tuple(cells)) if len(compiler.problems) == before else None


def _dimension(compiler: Compiler, path: SchemaPath, spec: dict[str, Any]) -> Dimension:
    name = spec["name"]
    if "labels" in spec:
        for k, label in enumerate(spec["labels"]):
            if label in spec["labels"][:k]:
                compiler.problem((*path, "labels", k), "dimension_twice", value=label, dimension=name)
        if "other" not in spec:
            compiler.problem(path, "dimension_outside", dimension=name, key="other")
        return Dimension(name, labels=tuple(spec["labels"]), below=_outside(compiler, path, spec, "other", UNDEFINED))
    at = [figure(value) for value in spec["at"]]
    for k in range(1, len(at)):
        if at[k] <= at[k - 1]:
            compiler.problem((*path, "at", k), "point_order", value=spec["at"][k])
    between = spec.get("between", "step")
    for key in ("below", "above"):
        if key not in spec and (key == "below" or between == "linear"):
            compiler.problem(path, "dimension_outside", dimension=name, key=key)
    below, above = _outside(compiler, path, spec, "below", UNDEFINED), _outside(compiler, path, spec, "above", "edge")
    return Dimension(name, tuple(at), (), between, spec.get("includes", "lower"), below, above)


def _outside(compiler: Compiler, path: SchemaPath, spec: dict[str, Any], key: str, absent: str) -> Outside:
    given = spec.get(key, absent)
    if given in ("edge", UNDEFINED) and not (key == "other" and given == "edge"):
        return str(given)
    return _cell(compiler, (*path, key), given) or Decimal(0)


def _cell(compiler: Compiler, path: SchemaPath, value: Any) -> Decimal | None:
    try:
        return figure(value)
    except (ArithmeticError, ValueError):
        compiler.problem(path, "cell_number", value=repr(value))
        return None


def _cells(compiler: Compiler, path: SchemaPath, given: Any, dimensions: list[Dimension]) -> list[Decimal | None]:
    if not dimensions:
        return [None if given == UNDEFINED else _cell(compiler, path, given)]
    rows = given if isinstance(given, list) else []
    if len(rows) != dimensions[0].size:
        compiler.problem(path, "cells_shape", given=len(rows), wanted=dimensions[0].size, dimension=dimensions[0].name)
        return []
    return [cell for k, row in enumerate(rows) for cell in _cells(compiler, (*path, k), row, dimensions[1:])]
