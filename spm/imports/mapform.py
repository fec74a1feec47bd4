"""The form of a mapping document: what its fields say, and edits put into the text so that comments and layout stay.

Form and text are two views of one document. Only what was changed is written, so an unchanged form gives the same text, and what the
form does not show (lookups, rules, steps) stays as it stands. Pure of the database; ruamel.yaml keeps the comments.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any

import yaml
from django.utils.translation import gettext_noop
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.mapping import MAX_TEXT, document_load
from spm.imports.targets import Target

# What the choice of a field's origin may be, beside "c:" and the name of a column.
NOTHING, CONSTANT, KEPT, COLUMN = "", "=", "*", "c:"
FORMAT = ("encoding", "delimiter", "decimal", "date", "sheet")
_SHOWN = {"import", "source", "target", "format", "fields", "control"}
_ORIGINS = ("column", "constant", "concat", "next")
_WITH = ("separator", "within", "last")
_SCALE = 2


@dataclass
class FieldRow:
    """A field of the target as the form shows it. `origin` is NOTHING, CONSTANT, KEPT or COLUMN and a column's name."""

    field: Field
    origin: str = NOTHING
    constant: str = ""
    source: str = ""
    words: str = ""
    kept: dict[str, Any] = made_by(default_factory=dict)

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def column(self) -> str:
        return self.origin.removeprefix(COLUMN) if self.origin.startswith(COLUMN) else ""


@dataclass
class MappingForm:
    """A mapping document as the form shows it. `extras` are parts of the document that only the text shows."""

    source: str
    target: str
    format: dict[str, str]
    control: str
    scale: str
    rows: list[FieldRow]
    extras: dict[str, Any]
    strangers: list[str]


def _ruamel() -> YAML:
    made = YAML(typ="rt", pure=True)
    made.preserve_quotes = True
    made.width = 100_000
    made.indent(mapping=2, sequence=4, offset=2)
    return made


def _loaded(text: str) -> tuple[CommentedMap, dict[str, Any]]:
    """The document with its comments, and as the import reads it."""
    plain = document_load(text)
    try:
        data = _ruamel().load(text)
    except YAMLError as error:
        raise ImportFault(gettext_noop("The mapping is not valid YAML: %(error)s"), error=str(error).splitlines()[0]) from None
    if not isinstance(data, CommentedMap) or not isinstance(plain, dict):
        raise ImportFault(gettext_noop("The mapping is not a document of names and values; start it with the line import: 1."))
    for part in ("format", "fields"):
        if not isinstance(plain.get(part, {}), dict):
            raise ImportFault(gettext_noop("%(part)s of the mapping is not a list of names and values; mend it in the text."), part=part)
    return data, plain


def mapping_new(*, target: str, source: str) -> str:
    """An empty document to fill by the form; it maps nothing yet."""
    return f"import: 1\nsource: {source}\ntarget: {target}\nfields: {{}}\n"


def form_head(text: str) -> tuple[str, str, dict[str, str]]:
    """Target, source and format of a document: what must be known before its file can be read."""
    _data, plain = _loaded(text)
    form = {name: str(value) for name, value in plain.get("format", {}).items() if name in FORMAT}
    return str(plain.get("target") or ""), str(plain.get("source") or ""), form


def form_read(text: str, target: Target) -> MappingForm:
    """The form for a text that is YAML; raises ImportFault otherwise. The text may still break the schema or miss fields."""
    _data, plain = _loaded(text)
    head = form_head(text)
    given = plain.get("fields", {})
    rows = [_row(known, given.get(known.name)) for known in target.fields if not known.name.endswith(".*")]
    strangers = []
    for name in given:
        if name not in target.by_name():
            try:
                rows.append(_row(target.field(name), given[name]))
            except ImportFault:
                strangers.append(str(name))
    scales = {_scale_of(given[row.name]) for row in rows if row.field.kind == "money" and row.name in given}
    return MappingForm(
        source=head[1], target=head[0], format=head[2], control=str(plain.get("control", "")),
        scale=str(scales.pop()) if len(scales) == 1 else "" if scales else str(_SCALE), rows=rows,
        extras={name: part for name, part in plain.items() if name not in _SHOWN}, strangers=strangers,
    )  # fmt: skip


def _scale_of(raw: Any) -> int:
    return raw.get("scale", _SCALE) if isinstance(raw, dict) else _SCALE


def _row(known: Field, raw: Any) -> FieldRow:
    if raw is None:
        return FieldRow(known)
    if not isinstance(raw, dict):
        return FieldRow(known, COLUMN + str(raw))
    origin = next((key for key in _ORIGINS if key in raw), "")
    words = raw.get("map") if isinstance(raw.get("map"), dict) else None
    row = FieldRow(known, source=str(raw.get("source", "")), words="\n".join(f"{key} = {value}" for key, value in (words or {}).items()))
    shown = {origin, "source", "map"} if origin in {"column", "constant"} else {"source", "map"}
    if known.kind == "money":
        shown.add("scale")
    row.kept = {key: value for key, value in raw.items() if key not in shown}
    if origin == "column":
        row.origin = COLUMN + str(raw["column"])
    elif origin == "constant":
        value = raw["constant"]
        row.origin, row.constant = CONSTANT, ("true" if value else "false") if isinstance(value, bool) else str(value)
    else:
        row.origin = KEPT
    return row


def form_fields(form: MappingForm) -> dict[str, str]:
    """Name -> value of every input, as an unchanged form sends it."""
    found = {"source": form.source, "target": form.target, "control": form.control, "scale": form.scale}
    found |= {f"format.{name}": form.format.get(name, "") for name in FORMAT}
    for row in form.rows:
        found |= {f"origin.{row.name}": row.origin, f"constant.{row.name}": row.constant}
        found |= {f"source.{row.name}": row.source, f"words.{row.name}": row.words}
    return found


def form_apply(text: str, posted: Mapping[str, str], target: Target, *, columns: Sequence[str] = (), attributes: Sequence[str] = ()) -> str:
    """The text with the changed inputs written into it; `attributes` are columns to keep as further named values.

    `target` is the one of the text after the edit; fields that it does not have are taken out when `posted` changes the target.
    Raises ImportFault for what cannot be written, and for a document that the edit would change beside what was asked.
    """
    data, plain = _loaded(text)
    before = form_read(text, target)
    shown = form_fields(before)
    columns_by = {_one_line(name): name for name in [*columns, *(row.column for row in before.rows if row.column)]}
    wanted = {name: value.replace("\r\n", "\n") for name, value in posted.items() if name in shown and value.replace("\r\n", "\n") != shown[name]}
    moved = "target" in wanted
    if not wanted and not attributes and not (moved and before.strangers):
        return text
    for document in (data, plain):
        edit = _Edit(document, target, before, columns_by)
        edit.apply(wanted, attributes, take_out=before.strangers if moved else [])
    out = io.StringIO()
    _ruamel().dump(data, out)
    written = out.getvalue()
    if len(written) > MAX_TEXT or document_load(written) != plain:
        raise ImportFault(gettext_noop("The form cannot write this into the document without changing other parts of it; make the change in the text."))
    return written


def _one_line(name: str) -> str:
    """A column's name as a form sends it back: browsers write every line end as CR LF."""
    return name.replace("\r\n", "\n").replace("\r", "\n")


class _Edit:
    """The same changes on any of the two forms of the document: with comments, and plain to compare with."""

    def __init__(self, document: MutableMapping[str, Any], target: Target, before: MappingForm, columns: Mapping[str, str]) -> None:
        self.document, self.target, self.before, self.columns = document, target, before, columns
        if document.get("fields") is None:
            document["fields"] = CommentedMap()
        self.fields: MutableMapping[str, Any] = document["fields"]
        if isinstance(self.fields, CommentedMap) and not self.fields:
            self.fields.fa.set_block_style()

    def apply(self, wanted: Mapping[str, str], attributes: Sequence[str], *, take_out: Sequence[str]) -> None:
        for name in ("source", "target"):
            if name in wanted:
                self.document[name] = _text(wanted[name].strip())
        for name in FORMAT:
            if f"format.{name}" in wanted:
                self._format(name, wanted[f"format.{name}"])
        for name in take_out:
            self.fields.pop(name, None)
        for row in self.before.rows:
            self._row(row, wanted)
        if "control" in wanted:
            _put(self.document, "control", wanted["control"])
        for column in attributes:
            self._attribute(column)
        scale = wanted.get("scale", self.before.scale)
        if scale.isdigit():
            self._scales(int(scale))

    def _format(self, name: str, value: str) -> None:
        part = self.document.get("format")
        if not value or (value == "auto" and name in {"encoding", "delimiter"}):
            if part is not None:
                part.pop(name, None)
                if not part:
                    del self.document["format"]
        elif part is None:
            _before(self.document, "fields", "format", CommentedMap({name: _text(value)}))
        else:
            part[name] = _text(value)

    def _row(self, row: FieldRow, wanted: Mapping[str, str]) -> None:
        name = row.name
        constant = wanted.get(f"constant.{name}", row.constant)
        # Whoever writes a value for a field without a column means it.
        written = CONSTANT if f"constant.{name}" in wanted and constant.strip() and row.origin == NOTHING else row.origin
        origin = wanted.get(f"origin.{name}", written)
        if origin == NOTHING:
            if row.origin != NOTHING:
                self.fields.pop(name, None)
            return
        if origin == CONSTANT and (row.origin != CONSTANT or constant != row.constant):
            self._origin(name, "constant", _text(constant.strip()))
        elif origin.startswith(COLUMN) and origin != row.origin:
            asked = origin.removeprefix(COLUMN)
            self._origin(name, "column", _text(self.columns.get(_one_line(asked), asked)))
        if f"source.{name}" in wanted:
            self._detail(name, "source", wanted[f"source.{name}"].strip())
        if f"words.{name}" in wanted:
            words = words_read(name, wanted[f"words.{name}"])
            self._detail(name, "map", CommentedMap(words) if words else "")

    def _origin(self, name: str, key: str, value: Any) -> None:
        entry = self.fields.get(name)
        if not isinstance(entry, dict):
            self.fields[name] = value if key == "column" else _flow({"constant": value})
            return
        if key in entry:
            entry[key] = value
            return
        for old in (*_ORIGINS, *_WITH):
            entry.pop(old, None)
        if isinstance(entry, CommentedMap):
            entry.insert(0, key, value)
        else:
            entry[key] = value

    def _detail(self, name: str, key: str, value: Any) -> None:
        entry = self.fields.get(name)
        if entry is None:
            return
        if not isinstance(entry, dict):
            if value:
                self.fields[name] = _flow({"column": entry, key: _text(value) if isinstance(value, str) else value})
            return
        if value:
            entry[key] = _text(value) if isinstance(value, str) else value
            return
        entry.pop(key, None)
        if key == "map":
            entry.pop("otherwise", None)
        if list(entry) == ["column"]:
            self.fields[name] = entry["column"]

    def _attribute(self, column: str) -> None:
        holder = next((known.name for known in self.target.fields if known.name.endswith(".*")), "")
        column = self.columns.get(_one_line(column), column)
        word = attribute_name(column)
        if holder and word and f"{holder[:-1]}{word}" not in self.fields:
            self.fields[f"{holder[:-1]}{word}"] = _text(column)

    def _scales(self, scale: int) -> None:
        """The amounts of one row have one scale."""
        for known in self.target.fields:
            entry = self.fields.get(known.name)
            if known.kind != "money" or entry is None or _scale_of(entry) == scale:
                continue
            if not isinstance(entry, dict):
                self.fields[known.name] = _flow({"column": entry, "scale": scale})
            elif scale == _SCALE:
                self._detail(known.name, "scale", "")
            else:
                entry["scale"] = scale


def attribute_name(column: str) -> str:
    """The name under which a column is kept as an attribute: letters, digits and low lines; empty when nothing is left.

    >>> attribute_name("Deal size (k)")
    'deal_size_k'
    """
    word = "_".join("".join(c.lower() if c.isalnum() else " " for c in column).split())
    return word if word.isidentifier() else f"c_{word}" if word else ""


def words_read(name: str, text: str) -> dict[str, str]:
    """Pairs of the file's words and the field's, from lines such as `New business = new`. Raises ImportFault for a line that is no pair."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        theirs, mark, ours = line.rpartition("=")
        if not mark or not theirs.strip() or not ours.strip():
            raise ImportFault(gettext_noop("%(name)s, words: write one pair on a line, as in New business = new; this line is %(line)s."), name=name, line=line)
        found[_text(theirs.strip())] = _text(ours.strip())
    return found


def _put(document: MutableMapping[str, Any], key: str, value: str) -> None:
    if not value:
        document.pop(key, None)
    elif key in document:
        document[key] = _text(value)
    else:
        _before(document, "fields", key, _text(value))


def _before(document: MutableMapping[str, Any], other: str, key: str, value: Any) -> None:
    if isinstance(document, CommentedMap):
        if isinstance(value, CommentedMap):
            value.fa.set_flow_style()
        document.insert(list(document).index(other), key, value)
    else:
        document[key] = value


def _flow(values: dict[str, Any]) -> CommentedMap:
    made = CommentedMap(values)
    made.fa.set_flow_style()
    return made


def _text(value: str) -> str:
    """A text as it is to be written: in quotes where the reader would take it for a number, a flag or nothing."""
    try:
        plain = document_load(value) == value
    except (ImportFault, yaml.YAMLError):
        plain = False
    return value if plain else SingleQuotedScalarString(value)
