"""Rows of plain tables, cell by cell: texts, days and numbers, with errors that say where and how to mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from .contracts import day_number
from .errors import CellError, InputError

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


def natural(text: str) -> tuple[Any, ...]:
    """Sort key by which T2 comes before T10."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


class Cell:
    """One row of a table: its cells as texts, days and numbers, and errors that say where."""

    def __init__(self, table: str, index: int, row: Row, place: str = "row") -> None:
        self.table, self.index, self.row, self.place = table, index, row, place

    def error(self, column: str, cause: str, mend: str) -> InputError:
        """An error at a column, with its cause and how to mend it."""
        return CellError(self.table, self.index - 2, column, cause, mend, self.place)

    def text(self, column: str, default: str | None = None) -> str:
        """The text of a cell without surrounding blanks. Raises InputError when it is empty and has no default."""
        value = self.row.get(column)
        if value is None or str(value).strip() == "":
            if default is None:
                raise self.error(column, "is empty", "give a value")
            return default
        return str(value).strip()

    def day(self, column: str, default: int | None = None) -> int:
        """A date as a day number."""
        text = self.text(column, "" if default is not None else None)
        if text == "" and default is not None:
            return default
        try:
            return day_number(text)
        except ValueError:
            raise self.error(column, f"{text!r} is no date", "write it as 2025-01-31") from None

    def number(self, column: str, default: Decimal | None = None) -> Decimal:
        """A finite number; 5 % is 0.05."""
        text = self.text(column, "" if default is not None else None)
        if text == "" and default is not None:
            return default
        try:
            value = Decimal(text[:-1]).scaleb(-2) if text.endswith("%") else Decimal(text)
        except InvalidOperation:
            raise self.error(column, f"{text!r} is no number", "write it as 1234.50") from None
        if not value.is_finite():
            raise self.error(column, f"{text!r} is no number", "write it as 1234.50")
        return value

    def share(self, column: str, default: str | None = None) -> int:
        """A percentage (50, 33.3333 or 33.3333%) in parts per million."""
        text = self.text(column, default)
        try:
            ppm = Decimal(text.rstrip("%")) * 10_000
        except InvalidOperation:
            raise self.error(column, f"{text!r} is no percentage", "write it as 50 or 33.3333") from None
        if ppm != ppm.to_integral_value():
            raise self.error(column, f"{text!r} is finer than 0.0001 %", "round it to four decimals")
        return int(ppm)


def rows_of(tables: Tables, name: str) -> list[Cell]:
    """The rows of a table, numbered as in a file (header = 1)."""
    return [Cell(name, i + 2, row) for i, row in enumerate(tables.get(name) or ())]


def sorted_names(values: Iterable[str]) -> tuple[str, ...]:
    """Distinct names in natural order; T01 and T1, which are alike in it, by their text."""
    return tuple(sorted(set(values), key=lambda name: (natural(name), name)))
