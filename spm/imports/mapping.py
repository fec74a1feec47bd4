"""Mapping documents: YAML that says which file of a source becomes which field of a target. Parsed and checked here, run in `staging`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext_noop
from jsonschema import Draft202012Validator

from spm.imports.errors import ImportFault

MAX_TEXT = 200_000
_SHORT = ("lookup", "take", "map", "otherwise", "date", "add_days")


class _Loader(yaml.SafeLoader):
    """Texts stay texts: 2014-07-01 is not turned into a date; aliases are refused, so that a document cannot grow without bound."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError(f"line {self.peek_event().start_mark.line + 1}: aliases (*name) are not allowed in a mapping")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"] for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class FieldSpec:
    """How one field is read: where its text comes from, the steps it goes through, and how the last text is understood."""

    name: str
    columns: tuple[str, ...]
    constant: str | None = None
    separator: str = " "
    next_last: str | None = None
    within: tuple[str, ...] = ()
    is_next: bool = False
    steps: tuple[dict[str, Any], ...] = ()
    scale: int | None = None
    date: str = ""
    source: str = ""
    salesforce: bool = False


@dataclass(frozen=True)
class Where:
    """Rows to keep; the others are left out under the named reason."""

    column: str
    reason: str
    op: str
    value: Any


@dataclass(frozen=True)
class Mapping:
    """A checked mapping document."""

    source: str
    target: str
    text: str
    file: str = ""
    format: dict[str, str] = field(default_factory=dict)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    where: tuple[Where, ...] = ()
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    control: str = ""
    unpivot: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)


@cache
def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of mapping documents."""
    return json.loads((Path(__file__).parent / "mapping_schema.json").read_text(encoding="utf-8"))


def document_load(text: str) -> Any:
    """The text as plain data, its schema not checked. Raises ImportFault for what is not YAML."""
    if len(text) > MAX_TEXT:
        raise ImportFault(gettext_noop("The mapping has %(count)s characters; at most %(limit)s are read."), count=len(text), limit=MAX_TEXT)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader of our own)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ImportFault(gettext_noop("The mapping is not valid YAML: %(error)s"), error=error) from None


def mapping_parse(text: str) -> Mapping:
    """A mapping from its text. Raises ImportFault with every problem and its place."""
    document = document_load(text)
    problems = sorted(Draft202012Validator(mapping_schema()).iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    if problems:
        told = "; ".join(f"{'/'.join(map(str, p.absolute_path)) or 'document'}: {p.message[:200]}" for p in problems[:10])
        raise ImportFault(gettext_noop("The mapping does not fit its schema: %(told)s."), told=told)
    lookups = document.get("lookups", {})
    fields = {name: _spec(name, raw, lookups) for name, raw in document["fields"].items()}
    where = []
    for rule in document.get("where", []):
        op = next(key for key in rule if key not in {"column", "reason"})
        if op == "in_lookup" and rule[op] not in lookups:
            raise ImportFault(
                gettext_noop("where: there is no lookup %(op)s; lookups are %(lookups)s."), op=repr(rule[op]), lookups=", ".join(lookups) or "none"
            )
        where.append(Where(rule["column"], rule["reason"], op, rule[op]))
    control = document.get("control", "amount" if "amount" in fields else "")
    if control and control not in fields:
        raise ImportFault(gettext_noop("control: %(control)s is not among the fields; name a field that holds an amount."), control=repr(control))
    return Mapping(
        source=document["source"], target=document["target"], text=text, file=document.get("file", ""), format=document.get("format", {}),
        lookups=lookups, where=tuple(where), fields=fields, control=control, unpivot=document.get("unpivot"), options=document.get("options", {}),
    )  # fmt: skip


def _spec(name: str, raw: Any, lookups: dict[str, Any]) -> FieldSpec:
    if isinstance(raw, str):
        return FieldSpec(name, (raw,))
    origins = [key for key in ("column", "constant", "concat", "next") if key in raw]
    if len(origins) != 1:
        raise ImportFault(gettext_noop("fields/%(name)s: give exactly one of column, constant, concat and next."), name=name)
    origin = origins[0]
    columns = tuple(raw["concat"]) if origin == "concat" else () if origin == "constant" else (raw[origin],)
    steps = [*raw.get("steps", [])]
    if "lookup" in raw or "map" in raw:
        steps.append({key: raw[key] for key in _SHORT if key in raw and key not in {"date", "add_days"}})
    if "add_days" in raw:
        steps.append({"add_days": raw["add_days"], "date": raw.get("date", "")})
    for step in steps:
        if "lookup" in step and (step["lookup"] not in lookups or "take" not in step):
            raise ImportFault(
                gettext_noop("fields/%(name)s: a lookup names one of %(lookups)s and the column to take."),
                name=name,
                lookups=", ".join(lookups) or "(no lookups are defined)",
            )
    constant = raw.get("constant")
    if isinstance(constant, bool):
        constant = "1" if constant else "0"
    return FieldSpec(
        name=name, columns=columns, constant=None if constant is None else str(constant), separator=raw.get("separator", " "),
        is_next=origin == "next", next_last=raw.get("last"), within=tuple(raw.get("within", ())), steps=tuple(steps), scale=raw.get("scale"),
        date="" if "add_days" in raw else raw.get("date", ""), source=raw.get("source", ""), salesforce=bool(raw.get("salesforce_id")),
    )  # fmt: skip
