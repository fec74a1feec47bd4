"""A table that changes within a pay period or a settled window would price days before its day anew: that has to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from .contracts import day_number, day_text
from .formula_walk import walk
from .grid import Dated
from .plan import Component, ValueSpec
from .syntax import parse

if TYPE_CHECKING:
    from .compile import Compiler

STARTS: Mapping[str, Callable[[str], bool]] = {
    "month": lambda day: day.endswith("-01"),
    "semi_monthly": lambda day: day.endswith(("-01", "-16")),
    "quarter": lambda day: day[5:] in ("01-01", "04-01", "07-01", "10-01"),
    "year": lambda day: day[5:] == "01-01",
    "ever": lambda day: False,
}
"""Is a day the first of such a window? Of fortnights and windows of the tenant's own the plan does not know."""


def effective_check(compiler: Compiler, components: Iterable[Component], values: Iterable[ValueSpec]) -> None:
    """Each later table of a name comes into force where the windows begin in which periods read it, or says that it reprices them."""
    dated = {name: table for name, table in compiler.tables.items() if isinstance(table, Dated)}
    if not dated:
        return
    through: dict[str, set[str]] = {}
    for value in values:
        names = {node.value for node in walk(parse(value.text)) if node.op == "name"}
        through[value.name] = (names & dated.keys()).union(*(through.get(name, ()) for name in names))
    windows: dict[str, set[str]] = {}
    for component in components:
        read = (component.uses & dated.keys()).union(*(through.get(name, ()) for name in component.uses))
        if component.pay_rate is not None:
            read |= {component.pay_rate.table} & dated.keys()
        for name in read:
            windows.setdefault(name, set()).add(component.settle)
    _check(compiler, dated, windows)


def _check(compiler: Compiler, dated: Mapping[str, Dated], windows: Mapping[str, set[str]]) -> None:
    for i, item in compiler.items("tables"):
        if item["name"] not in windows or "effective" not in item or item.get("reprices"):
            continue
        try:
            day = day_text(day_number(item["effective"]))
        except ValueError:  # a finding already
            continue
        for over in sorted(windows[item["name"]]):
            begins = STARTS.get(compiler.data["calendar"] if over == "period" else over)
            if begins is not None and not begins(day):
                compiler.problem(("tables", i, "effective"), "effective_within", day=day, window="pay period" if over == "period" else over)
                break
