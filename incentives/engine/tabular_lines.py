"""Of plain tables: the service of lines, and the contract whose years they follow."""

from __future__ import annotations

import numpy as np

from .cells import Cell
from .contract_years import SERVICE
from .contracts import NumberColumn


def service_read(rows: list[Cell]) -> dict[str, NumberColumn]:
    """The columns of contract_years.SERVICE. A line whose service begins within that of its predecessor follows its years."""
    by_id = {row.text("id"): row for row in rows}
    found: dict[str, list[int | None]] = {name: [] for name in SERVICE}
    for row in rows:
        start, end = _day(row, "service_from"), _day(row, "service_to")
        name, anchor, day = row.text("predecessor", ""), None, None
        seen: set[str] = set()
        while name and name not in seen and start is not None:
            seen.add(name)
            if name not in by_id:
                raise row.error("predecessor", f"{name} is unknown", "name a transaction's id")
            before = by_id[name]
            low, high = _day(before, "service_from"), _day(before, "service_to")
            if low is None or high is None or not low <= start < high:
                break
            anchor, day = low, before.day("date")
            name = before.text("predecessor", "")
        for column, value in zip(SERVICE, (start, end, anchor, day), strict=True):
            found[column].append(value)
    return {
        name: NumberColumn(np.array([value or 0 for value in values], dtype=np.int64), 0, np.array([value is not None for value in values], dtype=bool))
        for name, values in found.items()
    }


def _day(row: Cell, column: str) -> int | None:
    return row.day(column) if row.text(column, "") else None
