"""The first rows of an import in the words of people: amounts with their decimals, choices and currencies by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from spm.currencies.codes import currency_unpack
from spm.imports.errors import ImportFault
from spm.imports.fields import Field, scale_of
from spm.imports.loading import column_of
from spm.imports.mapping import mapping_parse
from spm.imports.models import Batch
from spm.imports.selectors import rows_preview
from spm.imports.targets import target_get


def preview_table(batch: Batch, *, limit: int = 20) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The names of the mapped fields, and the first accepted rows as (line, texts). Empty when there are none to show."""
    rows = [row for row in rows_preview(batch, limit=limit) if row.fields is not None]
    if not rows:
        return [], []
    try:
        mapping = mapping_parse(batch.mapping_text)
        target = target_get(mapping.target)
        fields = {name: target.field(name) for name in mapping.fields}
    except ImportFault:
        return [], []
    scales = {name: scale_of(known, mapping.fields[name]) for name, known in fields.items()}
    shown = [(row.line, [_shown(fields[name], (row.fields or {}).get(column_of(name)), scales[name]) for name in fields]) for row in rows]
    return list(fields), shown


def _shown(known: Field, value: Any, scale: int) -> str:
    if value is None:
        return ""
    match known.kind:
        case "money" | "fixed":
            return f"{Decimal(value).scaleb(-scale):f}"
        case "choice":
            return next((name for name, number in known.choices if number == value), str(value))
        case "currency":
            return currency_unpack(value)
        case "flag":
            return "1" if value else "0"
        case _:
            return str(value)
