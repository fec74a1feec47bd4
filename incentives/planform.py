"""The form of a plan document: fields from the published schema, edits put into the text so that comments and layout stay.

Text and form are two views of one document. A field that was not changed is not written, so an unchanged form gives the same text.
Pure of Django and database; ruamel.yaml keeps the comments.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from incentives.engine.document import plan_schema

Path = tuple[str | int, ...]
PREFIX = "f:"


class FormProblem(ValueError):
    """A field cannot be taken into the document; `path` is its place."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path


@dataclass
class FormNode:
    """A place of the document as the form shows it.

    kind: object, list, choice, text, fragment (YAML of a part whose shape is free). present: stands in the text.
    """

    path: Path
    title: str
    about: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    children: list[FormNode] = field(default_factory=list)
    required: bool = False
    present: bool = True
    removable: bool = False

    @property
    def name(self) -> str:
        return PREFIX + "/".join(str(step) for step in self.path)

    @property
    def id(self) -> str:
        return "f-" + "-".join(str(step) for step in self.path)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 100_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(text: str) -> CommentedMap:
    try:
        data = _yaml().load(text)
    except YAMLError as error:
        raise FormProblem("document", f"the text is not YAML, mend it in the text view first ({str(error).splitlines()[0]})") from error
    if not isinstance(data, CommentedMap):
        raise FormProblem("document", "the text is not a mapping; start it with engine: 1")
    return data


def _dump(value: Any) -> str:
    out = io.StringIO()
    _yaml().dump(value, out)
    return out.getvalue()


def _scalar_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return _dump(value).split("\n")[0].strip()


def _resolve(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its reference put in; its own title and description go first."""
    if "$ref" in schema:
        target = plan_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return {**_resolve(target), **{key: value for key, value in schema.items() if key != "$ref"}}
    return dict(schema)


def form_tree(text: str) -> FormNode:
    """The whole form for a text that parses as YAML; raises FormProblem otherwise. The text may still break the schema."""
    return _node((), plan_schema(), _load(text), title="", required=True)


def _node(path: Path, schema: Mapping[str, Any], value: Any, *, title: str, required: bool) -> FormNode:
    spec = _resolve(schema)
    shown = spec.get("title") or title
    about = spec.get("description", "")
    present = value is not None
    if spec.get("properties") and spec.get("type") == "object" and (value is None or isinstance(value, Mapping)):
        node = FormNode(path, shown, about, "object", required=required, present=present)
        if value is not None:
            for name, part in spec["properties"].items():
                if part is not False:
                    node.children.append(_node((*path, name), part, value.get(name), title=name, required=name in spec.get("required", ())))
        return node
    if spec.get("type") == "array" and (value is None or isinstance(value, list)):
        items = _resolve(spec.get("items", {}))
        if items.get("type") == "object" and items.get("properties"):
            node = FormNode(path, shown, about, "list", required=required, present=present)
            for n, item in enumerate(value or ()):
                child = _node((*path, n), items, item, title="", required=True)
                child.title = str(item.get("name") or item.get("label") or n + 1) if isinstance(item, Mapping) else str(n + 1)
                child.removable = True
                node.children.append(child)
            return node
    if "enum" in spec or "const" in spec:
        options = [_scalar_text(option) for option in spec.get("enum", [spec.get("const")])]
        return FormNode(path, shown, about, "choice", _scalar_text(value), options, required=required, present=present)
    if spec.get("type") in ("string", "number", "integer", "boolean", ["string", "number"], ["string", "integer"]) and not isinstance(value, list | Mapping):
        return FormNode(path, shown, about, "text", _scalar_text(value), required=required, present=present)
    if not present:
        return FormNode(path, shown, about, "fragment", "", required=required, present=False)
    text = _scalar_text(value) if not isinstance(value, list | Mapping) else _dump(value).rstrip("\n")
    return FormNode(path, shown, about, "fragment", text, required=required)


def form_fields(node: FormNode) -> dict[str, str]:
    """Field name -> shown value of every field of the form, as an unchanged form would send it."""
    if node.kind in ("object", "list"):
        return {name: value for child in node.children for name, value in form_fields(child).items()}
    return {node.name: node.value}


def form_apply(text: str, posted: Mapping[str, str], *, add: str = "", remove: str = "") -> str:
    """The text with the changed fields written into it.

    posted: field name -> value; an emptied optional field is taken out. add: path of a list (gets an empty item) or of an absent
    object (gets an empty one). remove: path of an item or object. Raises FormProblem for a value that is not YAML.
    """
    data = _load(text)
    changed = False
    shown = form_fields(form_tree(text))
    for name, value in posted.items():
        if name in shown and value.replace("\r\n", "\n") != shown[name]:
            _write(data, _path(name.removeprefix(PREFIX)), value.replace("\r\n", "\n"))
            changed = True
    if add:
        _add(data, _path(add))
        changed = True
    if remove:
        _remove(data, _path(remove))
        changed = True
    return _dump(data) if changed else text


def _path(text: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in text.split("/"))


def _schema_at(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = plan_schema()
    for step in path:
        spec = _resolve(spec["items"] if isinstance(step, int) else spec["properties"][step])
    return spec


def _parent(data: Any, path: Path) -> Any:
    for step in path[:-1]:
        data = data[step]
    return data


def _write(data: Any, path: Path, value: str) -> None:
    holder, last = _parent(data, path), path[-1]
    if value.strip() == "":
        if isinstance(holder, CommentedMap):
            holder.pop(last, None)
        return
    spec = _schema_at(path)
    if spec.get("type") == "string" and "enum" not in spec:
        holder[last] = value
        return
    try:
        parsed = _yaml().load(value)
    except YAMLError as error:
        raise FormProblem("/".join(map(str, path)), f"{value!r} cannot be read as YAML ({str(error).splitlines()[0]})") from error
    # A formula such as a: b would read as a mapping; where the schema wants one value, the text itself is the value.
    wants_one = spec.get("type") not in ("object", "array") and "oneOf" not in spec
    holder[last] = value if wants_one and isinstance(parsed, list | Mapping) else parsed


def _add(data: Any, path: Path) -> None:
    spec, holder = _schema_at(path), _parent(data, path)
    if spec.get("type") == "array":
        if holder.get(path[-1]) is None:
            holder[path[-1]] = CommentedSeq()
        holder[path[-1]].append(CommentedMap(_needed(spec.get("items", {}))))
    else:
        holder[path[-1]] = CommentedMap(_needed(spec))


def _needed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The required fields of a new item, with the first choice where there is one and an empty text otherwise."""
    spec = _resolve(schema)
    out = {}
    for name in spec.get("required", ()):
        part = _resolve(spec["properties"][name])
        out[name] = part["enum"][0] if "enum" in part else CommentedSeq() if part.get("type") == "array" else ""
    return out or {"name": ""} if "name" in spec.get("properties", {}) else out


def _remove(data: Any, path: Path) -> None:
    holder = _parent(data, path)
    del holder[path[-1]]
