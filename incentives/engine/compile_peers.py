"""Compiling comparisons between payees: places, sums and numbers of participants, and what may not feed itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .document import SchemaPath
from .plan import PeerSpec
from .typing_rules import MAYBE, NUMBER

if TYPE_CHECKING:
    from .compile import Compiler
    from .syntax import Node

KINDS = (("rank", MAYBE), ("tied", MAYBE), ("peers", NUMBER), ("total", NUMBER))


def peers_declare(compiler: Compiler) -> None:
    """Makes rank.NAME, tied.NAME, peers.NAME and total.NAME known; what reads them is late."""
    compiler.unique("peers")
    for item in compiler.data.get("peers") or []:
        for kind, of in KINDS:
            compiler.period_names[f"{kind}.{item['name']}"] = of
            compiler.windows[f"{kind}.{item['name']}"] = frozenset()
            compiler.late.add(f"{kind}.{item['name']}")


def peers_compile(compiler: Compiler) -> tuple[PeerSpec, ...]:
    """All comparisons; one that would read what crosses between payees is a cycle."""
    found = []
    for i, item in enumerate(compiler.data.get("peers") or []):
        path: SchemaPath = ("peers", i)
        of, nodes = _formula(compiler, path, item, "of", "number")
        among, more = _formula(compiler, path, item, "among", "bool")
        within, rest = _formula(compiler, path, item, "within", "number")
        names = {name for node in (nodes, more, rest) for name in compiler.names_of(node)}
        for name in sorted(names & compiler.late):
            compiler.problem((*path, "of"), "peers_cycle", name=name)
        if of is None:
            continue
        pays = frozenset(name.removeprefix("pay.") for name in names if name.startswith("pay."))
        found.append(PeerSpec(item["name"], item.get("label", item["name"]), of, among, within, item.get("order", "highest") == "highest", pays))
    return tuple(found)


def _formula(compiler: Compiler, path: SchemaPath, item: dict[str, Any], key: str, wanted: str) -> tuple[Any, Node | None]:
    if key not in item:
        return None, None
    formula, _, node = compiler.period((*path, key), item[key], item["name"], wanted)
    return formula, node
