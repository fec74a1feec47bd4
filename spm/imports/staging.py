"""Turns rows of texts into staged values, a chunk of columns at a time, and keeps exact counts and sums of what the file held."""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault, RowError
from spm.imports.fields import Field, reader_of, scale_of
from spm.imports.mapping import FieldSpec, Mapping, Where
from spm.imports.readers import Source, Table, table_open
from spm.imports.steps import step_of
from spm.imports.values import CellError
from spm.told import told

CHUNK = 20_000
# Forget remembered cells beyond this many per field: ids are all different.
_REMEMBER = 50_000


@dataclass
class Chunk:
    """Staged values of good rows (line first, in the order of `Stager.columns`), and what became of the others."""

    rows: list[tuple[Any, ...]]
    errors: list[tuple[RowError, str, int | None]]
    left_out: list[tuple[int, str, str, int | None]]


@dataclass
class Seen:
    """What the file held: rows, and the control sum as an int at the control's scale (cells that cannot be read count apart)."""

    rows: int = 0
    control: int = 0
    unreadable: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


class _Remembered(dict):  # type: ignore[type-arg]
    """Cell -> value; a cell that cannot be read gives its CellError, which the caller looks for when `failed` is set."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self.read, self.failed, self.idle = read, False, False

    def each(self, cells: Iterable[Any]) -> list[Any]:
        """The values of cells, read one by one and not remembered."""
        read, found = self.read, []
        for cell in cells:
            try:
                found.append(read(cell))
            except CellError as error:
                found.append(error)
                self.failed = True
        return found

    def __missing__(self, key: Any) -> Any:
        try:
            value = self.read(key)
        except CellError as error:
            value, self.failed = error, True
        self[key] = value
        return value


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for reference cycles while a chunk's million cells are made: there are none, and looking takes half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Stager:
    """Reads one file by one mapping. `lookup_source` gives the other files of the import by name."""

    def __init__(self, mapping: Mapping, fields: dict[str, Field], source: Source, lookup_source: Callable[[str], Source]) -> None:
        self.mapping, self.fields, self.source = mapping, fields, source
        self.seen = Seen()
        self.lookups = {name: self._lookup(rule, lookup_source(rule["file"])) for name, rule in mapping.lookups.items()}
        self.columns = list(mapping.fields)
        self.control_scale = scale_of(fields[mapping.control], mapping.fields[mapping.control]) if mapping.control else 0
        self._next = {name: self._next_values(spec) for name, spec in mapping.fields.items() if spec.is_next}
        self._memory = {name: _Remembered(self._cell(spec)) for name, spec in mapping.fields.items()}
        self._firsts: dict[str, set[str]] = defaultdict(set)

    # ---- files

    def _open(self, source: Source) -> Table:
        form = self.mapping.format
        return table_open(
            source, encoding=form.get("encoding", "auto"), delimiter=form.get("delimiter", "auto"), sheet=form.get("sheet", ""),
            decimal=form.get("decimal", "."),
        )  # fmt: skip

    def _table(self) -> Table:
        table = self._open(self.source)
        if self.mapping.unpivot:
            table = unpivoted(table, self.mapping.unpivot)
        for name, spec in self.mapping.fields.items():
            for column in (*spec.columns, *spec.within):
                if column not in table.header:
                    raise ImportFault(
                        gettext_noop("%(name)s has no column %(column)s, which the mapping reads for %(name2)s. Its columns: %(header)s."),
                        name=table.name,
                        column=repr(column),
                        name2=name,
                        header=", ".join(table.header),
                    )
        for rule in self.mapping.where:
            if rule.column not in table.header:
                raise ImportFault(
                    gettext_noop("%(name)s has no column %(column)s, by which the mapping filters. Its columns: %(header)s."),
                    name=table.name,
                    column=repr(rule.column),
                    header=", ".join(table.header),
                )
        return table

    def _lookup(self, rule: dict[str, str], source: Source) -> dict[str, dict[str, str]]:
        table = self._open(source)
        if rule["key"] not in table.header:
            raise ImportFault(
                gettext_noop("%(name)s has no column %(rule)s, by which the mapping looks up. Its columns: %(header)s."),
                name=table.name,
                rule=repr(rule["key"]),
                header=", ".join(table.header),
            )
        at = table.header.index(rule["key"])
        found: dict[str, dict[str, str]] = {}
        for line, row in table.rows:
            if len(row) != len(table.header):
                raise ImportFault(
                    gettext_noop("%(name)s, line %(line)s: %(count)s cells under %(count2)s columns. Mend the line."),
                    name=table.name,
                    line=line,
                    count=len(row),
                    count2=len(table.header),
                )
            if row[at] and row[at] in found:
                raise ImportFault(
                    gettext_noop("%(name)s, line %(line)s: %(rule)s %(at)s stands there twice, so looking it up has no one answer."),
                    name=table.name,
                    line=line,
                    rule=rule["key"],
                    at=repr(row[at]),
                )
            found[row[at]] = dict(zip(table.header, row, strict=True))
        return found

    def _next_values(self, spec: FieldSpec) -> dict[tuple[str, ...], str | None]:
        """Per value: the next larger one of its column (among rows with the same `within`); after the last, `last`."""
        table = self._table()
        at = table.header.index(spec.columns[0])
        groups = [table.header.index(column) for column in spec.within]
        keep = [(table.header.index(rule.column), rule) for rule in self.mapping.where if rule.op != "first"]
        values: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for _, row in table.rows:
            if len(row) == len(table.header) and all(self._kept(rule, row[i]) for i, rule in keep):
                values[tuple(row[i] for i in groups)].add(row[at])
        found: dict[tuple[str, ...], str | None] = {}
        for group, texts in values.items():
            ordered = sorted(texts)
            found |= {(text, *group): after for text, after in zip(ordered, [*ordered[1:], spec.next_last], strict=True)}
        return found

    # ---- cells

    def _cell(self, spec: FieldSpec) -> Callable[[Any], Any]:
        read = reader_of(self.fields[spec.name], spec, self.mapping)
        steps = [step_of(step, self.mapping, self.lookups) for step in spec.steps]
        following, separator, many = self._next.get(spec.name), spec.separator, len(spec.columns) > 1
        if not steps and following is None and not many:
            return lambda text: read(text) if text else None

        def value(cell: Any) -> Any:
            if following is not None:
                text = following.get(cell if isinstance(cell, tuple) else (cell,))
            else:
                text = separator.join(part for part in cell if part) if many else cell
            for step in steps:
                if not text:
                    break
                text = step(text)
            return read(text) if text else None

        return value

    def _kept(self, rule: Where, text: str) -> bool:
        match rule.op:
            case "in":
                return text in rule.value
            case "not_in":
                return text not in rule.value
            case "in_lookup":
                return text in self.lookups[rule.value]
            case "starts_with":
                return text.startswith(rule.value)
            case "from":
                return text >= rule.value
            case "before":
                return text < rule.value
            case "filled":
                return bool(text) is rule.value
            case _:  # first
                seen = self._firsts[rule.column]
                if text in seen:
                    return False
                seen.add(text)
                return True

    # ---- rows

    def chunks(self) -> Iterator[Chunk]:
        """The file, chunk by chunk. `seen` is complete when this ends."""
        table = self._table()
        rows = iter(table.rows)
        while True:
            with _collector_paused():
                taken = list(islice(rows, CHUNK))
                if not taken:
                    return
                chunk = self._chunk(table, taken)
            yield chunk

    def _chunk(self, table: Table, taken: list[tuple[int, list[str]]]) -> Chunk:
        self.seen.rows += len(taken)
        chunk, width, even = Chunk([], [], []), len(table.header), []
        for line, row in taken:
            if len(row) == width:
                even.append((line, row))
            else:
                chunk.errors.append((_ragged(table.name, line, row, width), "", None))
                self.seen.unreadable += bool(self.mapping.control)
        self._stage(table.header, even, chunk)
        return chunk

    def _stage(self, header: list[str], rows: list[tuple[int, list[str]]], chunk: Chunk) -> None:
        if not rows:
            return
        lines = [line for line, _ in rows]
        columns: dict[str, Sequence[str]] = dict(zip(header, zip(*[row for _, row in rows], strict=True), strict=True))
        reasons = self._reasons(columns, len(rows))
        values: dict[str, Sequence[Any]] = {}
        for name in self.columns:
            values[name] = self._column(self.mapping.fields[name], columns, len(rows))
        control = values.get(self.mapping.control)
        if control is not None:
            if self._memory[self.mapping.control].failed:
                self.seen.unreadable += sum(isinstance(value, CellError) for value in control)
                self.seen.control += sum(value for value in control if isinstance(value, int))
            else:
                self.seen.control += sum(filter(None, control))
        bad = self._bad(values, len(rows))
        ids = values.get("external_id") or [""] * len(rows)
        if not bad and not reasons:
            chunk.rows = list(zip(lines, *values.values(), strict=True))
            return
        ordered = list(values.values())
        for i, line in enumerate(lines):
            amount = None if control is None or isinstance(control[i], CellError) else control[i]
            told = ids[i] if isinstance(ids[i], str) else ""
            if i in reasons:
                self.seen.left_out[reasons[i]] += 1
                chunk.left_out.append((line, reasons[i], told, amount))
            elif i in bad:
                name, error = bad[i]
                column = " + ".join(self.mapping.fields[name].columns) or name
                chunk.errors.append((RowError(line, column, error.cause, error.mend), told, amount))
            else:
                chunk.rows.append((line, *(column[i] for column in ordered)))

    def _reasons(self, columns: dict[str, Sequence[str]], count: int) -> dict[int, str]:
        found: dict[int, str] = {}
        for rule in self.mapping.where:
            for i, text in enumerate(columns[rule.column]):
                if i not in found and not self._kept(rule, text):
                    found[i] = rule.reason
        return found

    def _column(self, spec: FieldSpec, columns: dict[str, Sequence[str]], count: int) -> Sequence[Any]:
        memory = self._memory[spec.name]
        if spec.constant is not None:
            return [memory[spec.constant]] * count
        names = (*spec.columns, *spec.within)
        cells: Any = columns[names[0]] if len(names) == 1 else zip(*(columns[name] for name in names), strict=True)
        if memory.idle:
            return memory.each(cells)
        before = len(memory)
        found = list(map(memory.__getitem__, cells))
        # Of cells that hardly repeat, such as ids and amounts, nothing is worth remembering.
        memory.idle = (len(memory) - before) * 2 > count
        if memory.idle or len(memory) > _REMEMBER:
            memory.clear()
        return found

    def _bad(self, values: dict[str, Sequence[Any]], count: int) -> dict[int, tuple[str, CellError]]:
        found: dict[int, tuple[str, CellError]] = {}
        for name, column in values.items():
            if self._memory[name].failed:
                for i, value in enumerate(column):
                    if isinstance(value, CellError):
                        found.setdefault(i, (name, value))
            if self.fields[name].required and None in column:
                for i, value in enumerate(column):
                    if value is None:
                        found.setdefault(
                            i,
                            (
                                name,
                                CellError(
                                    gettext_noop("the cell is empty"),
                                    gettext_noop("%(name)s is needed: fill the cell, or leave the row out by a `where` rule"),
                                    name=name,
                                ),
                            ),
                        )
        return found


def _ragged(name: str, line: int, row: list[str], width: int) -> RowError:
    return RowError(
        line, "", told(gettext_noop("the line has %(count)s cells under %(width)s columns"), count=len(row), width=width),
        told(gettext_noop("a cell that holds a delimiter or a line end must stand in quotes")),
    )  # fmt: skip


def unpivoted(table: Table, rule: dict[str, Any]) -> Table:
    """One row per kept cells and further column that is filled: wide tables of a value per column become long."""
    for column in rule["keep"]:
        if column not in table.header:
            raise ImportFault(
                gettext_noop("%(name)s has no column %(column)s, which the mapping keeps. Its columns: %(header)s."),
                name=table.name,
                column=repr(column),
                header=", ".join(table.header),
            )
    kept = [table.header.index(column) for column in rule["keep"]]
    others = [(i, column) for i, column in enumerate(table.header) if i not in kept]

    def rows() -> Iterator[tuple[int, list[str]]]:
        for line, row in table.rows:
            if len(row) != len(table.header):
                yield line, row[: len(kept) + 1]
                continue
            base = [row[i] for i in kept]
            yield from ((line, [*base, column, row[i]]) for i, column in others if row[i])

    return Table(table.name, [*rule["keep"], rule["name"], rule["value"]], rows(), table.dialect)


def control_decimal(value: int, scale: int) -> Decimal:
    """A control sum as an exact decimal with its scale's places."""
    return Decimal((value < 0, tuple(map(int, str(abs(value)))), -scale))
