"""The list of targets and fields in docs/imports.md, made from what is registered."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import override

from spm.imports.formwords import field_takes
from spm.imports.targets import Target, targets

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "imports.md"
BEGIN, END = "<!-- targets: written by manage.py import_reference -->", "<!-- end of targets -->"


def targets_text() -> str:
    """All targets in Markdown: fields in a table each, needed ones marked."""
    with override("en"):
        return "\n".join(_target(target) for target in targets())


def _target(target: Target) -> str:
    known = ", ".join(f"`{name}`" for name in target.identity)
    rows = [f"| `{field.name}` | {'yes' if field.required else ''} | {field_takes(field)} |" for field in target.fields]
    return "\n".join(
        [f"### `{target.name}`: {target.label}", f"A row is known again by {known}.", "", "| field | needed | takes |", "|---|---|---|", *rows, ""]
    )


def document_with(text: str) -> str:
    """The document with the list of now between its marks. Raises ValueError when it has none."""
    head, begin, rest = text.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name} has no place for the targets: it needs the lines {BEGIN} and {END}.")
    return f"{head}{BEGIN}\n{targets_text()}\n{END}{tail}"
