"""Spreadsheets: numbers as numbers, texts that no program runs as a formula, the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from spm.currencies.codes import minor_units
from spm.documents.cells import cell_safe

# What a ZIP archive can say at the earliest; the files inside carry it, so that the clock leaves no mark.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WIDEST = 60


@dataclass(frozen=True)
class Amount:
    """Money for a numeric cell: shown with all its decimals, at least the currency's own."""

    value: Decimal
    currency: str


@dataclass(frozen=True)
class Share:
    """A ratio for a numeric cell that is shown in per cent."""

    value: Decimal


Cell = str | int | Decimal | dt.date | Amount | Share | None


@dataclass
class Sheet:
    """One sheet: lines above the table, its header, its rows, and rows of totals in bold."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    intro: Sequence[Sequence[Cell]] = field(default=())


def workbook_bytes(sheets: Sequence[Sheet], *, title: str) -> bytes:
    """An .xlsx file. Texts are guarded (see `cell_safe`) and typed as texts; a Decimal is written digit by digit."""
    from openpyxl import Workbook  # heavy: loaded by the first file
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = title, "SPM"
    book.properties.created = dt.datetime(*_EPOCH)  # noqa: DTZ001
    bold = Font(bold=True)
    for sheet in sheets:
        target = book.create_sheet(sheet.title)
        widths: dict[int, int] = {}

        def put(row: int, cells: Sequence[Any], *, strong: bool = False, target: Any = target, widths: dict[int, int] = widths) -> None:
            for column, value in enumerate(cells, 1):
                if value is None:
                    continue
                cell = target.cell(row=row, column=column)
                _fill(cell, value)
                if strong:
                    cell.font = bold
                widths[column] = max(widths.get(column, 0), len(_seen(value)))

        at = 0
        for line in sheet.intro:
            put(at := at + 1, line)
        if sheet.intro:
            at += 1
        put(at := at + 1, sheet.header, strong=True)
        target.freeze_panes = f"A{at + 1}"
        head = at
        for line in sheet.rows:
            put(at := at + 1, line)
        if at > head:
            target.auto_filter.ref = f"A{head}:{get_column_letter(len(sheet.header))}{at}"
        for line in sheet.totals:
            put(at := at + 1, line, strong=True)
        for column, width in widths.items():
            target.column_dimensions[get_column_letter(column)].width = min(_WIDEST, width + 2)
    made = io.BytesIO()
    book.save(made)
    return _without_clock(made.getvalue())


def _fill(cell: Any, value: Cell) -> None:
    if isinstance(value, Amount):
        places = max(minor_units(value.currency), -int(value.value.as_tuple().exponent))
        cell.value, cell.number_format = value.value, "#,##0" + ("." + "0" * places if places else "")
    elif isinstance(value, Share):
        cell.value, cell.number_format = value.value, "0.0%"
    elif isinstance(value, dt.date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, (int, Decimal)):
        cell.value = value
    else:
        cell.value = cell_safe(str(value))
        cell.data_type = "s"


def _seen(value: Any) -> str:
    return f"{value.value:,}" if isinstance(value, (Amount, Share)) else str(value)


def _without_clock(made: bytes) -> bytes:
    """The archive with fixed times: of its entries, and of the last change that the writer notes."""
    import re

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            body = source.read(item)
            if item.filename == "docProps/core.xml":
                body = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", body)
            entry = zipfile.ZipInfo(item.filename, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, body)
    return out.getvalue()
