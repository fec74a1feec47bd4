"""Of plain tables: the service of lines, the contract whose years they follow, and the tree of categories."""

from __future__ import annotations

import numpy as np

from .categories import BEFORE, cycle_of
from .cells import Cell, Tables, rows_of
from .contract_years import SERVICE
from .contracts import OPEN_END, CategoryLink, NumberColumn


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


def categories_read(tables: Tables) -> tuple[CategoryLink, ...]:
    """The tree of categories, from the table of that name."""
    rows = rows_of(tables, "categories")
    links = tuple(CategoryLink(row.text("category"), row.text("parent"), row.day("from", BEFORE), row.day("to", OPEN_END)) for row in rows)
    seen: dict[str, list[CategoryLink]] = {}
    for row, link in zip(rows, links, strict=True):
        if any(link.start < other.end and other.start < link.end for other in seen.setdefault(link.category, [])):
            raise row.error("category", f"{link.category} lies in two categories at once", "end the earlier row before this one starts")
        seen[link.category].append(link)
    found = cycle_of(links)
    if found is not None:
        raise next(row for row in rows if row.text("category") == found[0]).error("parent", f"{found[0]} would lie within itself", "name another parent")
    return links


def _day(row: Cell, column: str) -> int | None:
    return row.day(column) if row.text(column, "") else None
