"""Steps of a mapping between the cell and its field: look up, map words, cut and shift, one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault
from spm.imports.mapping import Mapping
from spm.imports.values import CellError, date_read


def step_of(step: dict[str, Any], mapping: Mapping, lookups: dict[str, dict[str, dict[str, str]]]) -> Callable[[str], str]:
    """The function of one step of a field: text to text. It raises CellError for a cell, ImportFault where the step itself cannot be."""
    if "lookup" in step:
        name, take = step["lookup"], step["take"]
        rows = lookups[name]
        first = next(iter(rows.values()), {})
        if rows and take not in first:
            raise ImportFault(
                gettext_noop("lookup %(name)s: its file has no column %(take)s. Its columns: %(first)s."),
                name=name,
                take=repr(take),
                first=", ".join(first),
            )

        def look(text: str) -> str:
            if text in rows:
                return rows[text][take]
            if "otherwise" in step:
                return step["otherwise"]
            raise CellError(
                gettext_noop("%(text)s is not in %(name)s"),
                gettext_noop("add it to that file, or leave the row out by a `where` rule"),
                text=repr(text),
                name=mapping.lookups[name]["file"],
            )

        return look
    if "map" in step:
        words = step["map"]

        def mapped(text: str) -> str:
            if text.strip() in words:
                return words[text.strip()]
            if "otherwise" in step:
                return step["otherwise"]
            raise CellError(
                gettext_noop("%(text)s is not among the words that the mapping knows (%(words)s)"),
                gettext_noop("add it to the field's `map`"),
                text=repr(text),
                words=", ".join(words),
            )

        return mapped
    if "parent_path" in step:
        mark = step["parent_path"]
        return lambda text: text.rstrip(mark).rpartition(mark)[0] + mark
    if "add_days" in step:
        form = step.get("date", "")
        return lambda text: (date_read(text, form=form) + dt.timedelta(days=step["add_days"])).isoformat()
    if "date" in step:
        return lambda text: date_read(text, form=step["date"]).isoformat()
    if "quarter" in step:
        return lambda text: f"Q{(date_read(text).month + 2) // 3}"
    if "first" in step:
        return lambda text: text[: step["first"]]
    return lambda text: step.get("prefix", "") + text + step.get("suffix", "")
