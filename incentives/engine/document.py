"""Reading a plan document: YAML or JSON text -> plain data with exact numbers, and where each value stands.

Numbers with a fraction become Decimal (never float). `Document.place` gives line and column of any path, so that
every later error can name them. Keeping comments through an edit is the editor's business, not the engine's.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.resolver import implicit_resolvers
from yaml.cyaml import CParser  # type: ignore[attr-defined]
from yaml.resolver import BaseResolver

from .errors import PlanError, Problem, shown_params

SchemaPath = tuple[str | int, ...]
MAX_TEXT, MAX_DEPTH, MAX_DIGITS = 500_000, 20, 40
SCHEMA_FILE = Path(__file__).with_name("plan_schema.json")


def path_text(path: SchemaPath) -> str:
    """('components', 0, 'cap') -> components[0].cap"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "document"


FORMS = {"^-?[0-9]": "figure_form", "^[A-Za-z_]": "name_form"}
"""How a pattern of the schema begins -> the finding that says in words what it wants."""


@dataclass(frozen=True)
class Document:
    """Plain data (dict, list, str, int, Decimal, bool, None) and the place of every value."""

    data: dict[str, Any]
    places: dict[SchemaPath, tuple[int, int]]

    def place(self, path: SchemaPath) -> tuple[int, int]:
        """Line and column of a value, of its nearest parent where it is absent."""
        while path not in self.places:
            if not path:
                return (1, 1)
            path = path[:-1]
        return self.places[path]

    def problem(self, path: SchemaPath, code: str, **params: Any) -> Problem:
        """A finding at a path: its code and named parameters (`messages`)."""
        line, column = self.place(path)
        return Problem(path_text(path), line, column, code, shown_params(params))


@cache
def plan_schema() -> dict[str, Any]:
    """The published JSON Schema of plan documents (draft 2020-12)."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def document_read(text: str) -> Document:
    """Parse and validate against the schema; raises PlanError with every finding."""
    document = document_parse(text)
    problems = schema_problems(document)
    if problems:
        raise PlanError(problems)
    return document


def document_parse(text: str) -> Document:
    """Parse alone: YAML errors and duplicate keys are PlanErrors."""
    if len(text) > MAX_TEXT:
        raise PlanError([_whole("document_too_long", count=len(text), most=MAX_TEXT)])
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise PlanError([_whole("not_yaml", line, column, text=str(error.problem or error))]) from error
    except RecursionError as error:
        raise PlanError([_whole("nests_too_deeply", most=MAX_DEPTH)]) from error
    except (YAMLError, ValueError) as error:
        raise PlanError([_whole("not_yaml", text=str(error))]) from error
    places: dict[SchemaPath, tuple[int, int]] = {}
    problems: list[Problem] = []
    data = _convert(node, (), places, problems, set()) if node is not None else None
    if problems:
        raise PlanError(problems)
    if not isinstance(data, dict):
        raise PlanError([_whole("not_a_mapping", 1, 1)])
    return Document(data, places)


def document_again(text: str) -> Document:
    """A document that was read and checked before, by libyaml: some thirty times as fast, and what is wrong with it is not told.

    Raises ValueError where libyaml, which is not the judge of documents, does not follow. Who asks compares the digest.
    """
    problems: list[Problem] = []
    places: dict[SchemaPath, tuple[int, int]] = {}
    try:
        loader = _FastLoader(text)
        try:
            data = _convert(loader.get_single_node(), (), places, problems, set())
        finally:
            loader.dispose()
    except (yaml.YAMLError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if problems or not isinstance(data, dict):
        raise ValueError("not a plan document")
    return Document(data, places)


class _FastLoader(CParser, BaseResolver):  # type: ignore[misc]
    """libyaml's parser with the scalars of YAML 1.2, as documents are first read."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        BaseResolver.__init__(self)


for _versions, _tag, _pattern, _first in implicit_resolvers:
    if (1, 2) in _versions:
        _FastLoader.add_implicit_resolver(_tag, _pattern, _first)


def _whole(code: str, line: int = 0, column: int = 0, **params: Any) -> Problem:
    return Problem("document", line, column, code, shown_params(params))


def _convert(node: Any, path: SchemaPath, places: dict[SchemaPath, tuple[int, int]], problems: list[Problem], seen: set[int]) -> Any:
    kind, mark = node.id, node.start_mark
    if id(node) in seen:
        problems.append(Problem(path_text(path), mark.line + 1, mark.column + 1, "alias"))
        return None
    seen.add(id(node))
    if len(path) > MAX_DEPTH:
        problems.append(Problem(path_text(path[:3]), mark.line + 1, mark.column + 1, "nests_too_deeply", shown_params({"most": MAX_DEPTH})))
        return None
    quoted = kind == "scalar" and node.style in ("'", '"')
    places[path] = (mark.line + 1, mark.column + 1 + quoted)
    if kind == "scalar" and node.style in ("|", ">"):
        places[path] = (mark.line + 2, 1)
    if kind == "mapping":
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                start = key_node.start_mark
                problems.append(Problem(path_text((*path, key)), start.line + 1, start.column + 1, "key_twice", shown_params({"key": key})))
            result[key] = _convert(value_node, (*path, key), places, problems, seen)
        return result
    if kind == "sequence":
        return [_convert(item, (*path, i), places, problems, seen) for i, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    value, tag = node.value, str(node.tag)
    if tag.endswith(":int") or tag.endswith(":float"):
        try:
            number = Decimal(value.replace("_", ""))
        except InvalidOperation:
            return value
        if not number.is_finite() or len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
            return value  # the schema then says that this is no number
        return int(number) if tag.endswith(":int") else number
    if tag.endswith(":bool"):
        return value.lower() == "true"
    if tag.endswith(":null"):
        return None
    return value


def schema_problems(document: Document) -> list[Problem]:
    """Everything in which the document departs from the schema, in order of place."""
    problems = []
    for error in Draft202012Validator(plan_schema()).iter_errors(document.data):
        problems.extend(_explain(document, error))
    return sorted(set(problems), key=lambda problem: (problem.line, problem.column, problem.path, problem.code, problem.params))


def _explain(document: Document, error: Any) -> list[Problem]:
    path: SchemaPath = tuple(error.absolute_path)
    kind, expected, value = error.validator, error.validator_value, error.instance
    if kind == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        found = []
        for key in sorted(set(value) - set(known)):
            near = difflib.get_close_matches(key, known, 1)
            if near:
                found.append(document.problem((*path, key), "unknown_key_near", key=key, near=near[0]))
            else:
                found.append(document.problem((*path, key), "unknown_key", key=key, known=known))
        return found
    if kind == "required":
        missing = [key for key in expected if key not in value]
        return [document.problem(path, "key_missing", key=key) for key in missing]
    if kind == "enum":
        return [document.problem(path, "not_one_of", value=repr(value), known=expected)]
    if kind == "type":
        wanted = " or ".join(expected) if isinstance(expected, list) else expected
        return [document.problem(path, "wrong_type", value=_short(value), wanted=wanted)]
    if kind == "pattern":
        code = next((code for start, code in FORMS.items() if expected.startswith(start)), "")
        return [document.problem(path, code, value=repr(value)) if code else document.problem(path, "wrong_pattern", value=repr(value), pattern=expected)]
    if kind is None:
        return [document.problem(path, "key_does_not_go", key=path[-1] if path else "this")]
    if kind in ("oneOf", "anyOf"):
        return [document.problem(path, "combination", hint=error.schema.get("$comment", "see docs/plans.md"))]
    if kind == "const":
        return [document.problem(path, "not_the_constant", value=_short(value), wanted=expected)]
    return [document.problem(path, "beyond_limit", value=_short(value), rule=kind, bound=expected)]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
