"""Reads CSV and XLSX into rows of text: finds encoding and delimiter, refuses what cannot be told apart, counts every line."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "cp1251")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PROBE = 1 << 20
csv.field_size_limit(1 << 20)


@dataclass
class Table:
    """An open file: its header, and rows as (line in the file, texts). Iterate once."""

    name: str
    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    dialect: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A file to read: a path or bytes, under the name its owner knows it by."""

    name: str
    path: Path | None = None
    content: bytes | None = None

    def open(self) -> BinaryIO:
        if self.content is not None:
            return io.BytesIO(self.content)
        assert self.path is not None
        return self.path.open("rb")


def table_open(source: Source, *, encoding: str = "auto", delimiter: str = "auto", sheet: str = "", decimal: str = ".") -> Table:
    """Opens a CSV or XLSX file; numbers of a workbook come with the `decimal` mark that the mapping will read.

    Raises ImportFault for an empty file, a double header or bytes of another encoding.
    """
    with source.open() as probe:
        head = probe.read(_PROBE)
    if not head.strip():
        raise ImportFault(gettext_noop("%(name)s is empty: it has no header line. Export it again and choose the new file."), name=source.name)
    if head[:4] == b"PK\x03\x04":
        return _excel(source, sheet, decimal)
    found = encoding if encoding != "auto" else encoding_of(head, whole=len(head) < _PROBE)
    binary = source.open()
    text = io.TextIOWrapper(binary, encoding=found, newline="")
    try:
        first = head.decode(found, errors="ignore")
    except LookupError:
        raise ImportFault(
            gettext_noop("The mapping names the encoding %(found)s, which does not exist; use one of %(encodings)s."),
            found=repr(found),
            encodings=", ".join(ENCODINGS),
        ) from None
    mark = delimiter if delimiter != "auto" else delimiter_of(first)
    # Strict: a quote that is never closed would swallow all further rows into one cell.
    reader = csv.reader(text, delimiter=mark, strict=True)
    try:
        header = [name.strip().strip("\ufeff") for name in next(reader)]
    except UnicodeDecodeError as error:
        raise _undecodable(source.name, found, error) from None
    except csv.Error as error:
        raise ImportFault(gettext_noop("%(name)s, line 1: %(error)s. Mend the quotes in the header."), name=source.name, error=error) from None
    _header_check(source.name, header)
    return Table(source.name, header, _csv_rows(source.name, reader, len(header), found, text), {"encoding": found, "delimiter": mark})


def encoding_of(head: bytes, *, whole: bool = True) -> str:
    """By byte order mark, else UTF-8 where the bytes are valid, else cp1251."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if head[1:2] == b"\0":
        return "utf-16-le"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The probe may end inside a character.
        if whole or error.start < len(head) - 4:
            return "cp1251"
    return "utf-8"


def delimiter_of(text: str) -> str:
    """The mark that cuts the first lines into the same number of parts, more than one; a comma when there is only one column.

    >>> delimiter_of("a;b\\n1,5;2"), delimiter_of("name")
    (';', ',')
    """
    best = (0, 0, ",")
    lines = text[:20_000]
    for order, mark in enumerate(DELIMITERS):
        rows = [row for _, row in zip(range(20), csv.reader(io.StringIO(lines, newline=""), delimiter=mark), strict=False) if row]
        widths = Counter(len(row) for row in rows)
        width = len(rows[0]) if rows else 1
        if width > 1:
            best = max(best, (widths[width] * 1000 + width, -order, mark))
    return best[2]


def _header_check(name: str, header: list[str]) -> None:
    twice = [column for column, count in Counter(c for c in header if c).items() if count > 1]
    if twice:
        places = ", ".join(str(i + 1) for i, column in enumerate(header) if column == twice[0])
        raise ImportFault(
            gettext_noop("%(name)s, line 1: the column %(twice)s stands in the header more than once (columns %(places)s). Rename all but one."),
            name=name,
            twice=repr(twice[0]),
            places=places,
        )
    if not any(header):
        raise ImportFault(gettext_noop("%(name)s, line 1: the header is empty. The first line must name the columns."), name=name)


def _undecodable(name: str, encoding: str, error: UnicodeDecodeError) -> ImportFault:
    return ImportFault(
        gettext_noop(
            "%(name)s is not written in %(encoding)s: byte %(hex)s cannot be read. "
            "Name the encoding in the mapping (format: {encoding: cp1251}) or save the file as UTF-8."
        ),
        name=name,
        encoding=encoding,
        hex=error.object[error.start : error.start + 1].hex(),
    )


def _csv_rows(name: str, reader: Iterator[list[str]], width: int, encoding: str, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1  # type: ignore[attr-defined]
    try:
        for row in reader:
            if row:  # an empty line is no row
                yield line, row
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except UnicodeDecodeError as error:
        raise _undecodable(name, encoding, error) from None
    except csv.Error as error:
        raise ImportFault(gettext_noop("%(name)s, line %(line)s: %(error)s. Mend the quotes in this line."), name=name, line=line, error=error) from None
    finally:
        text.close()


def _book(source: Source) -> Any:
    from python_calamine import CalamineWorkbook

    try:
        with source.open() as file:
            return CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
    except Exception as error:  # noqa: BLE001 (the library raises errors of several kinds)
        raise ImportFault(gettext_noop("%(name)s cannot be opened as a workbook: %(error)s. Save it as XLSX or CSV."), name=source.name, error=error) from None


def sheets_of(source: Source) -> list[str]:
    """The names of a workbook's sheets, in its order."""
    return list(_book(source).sheet_names)


def _excel(source: Source, sheet: str, decimal: str) -> Table:
    book = _book(source)
    if sheet and sheet not in book.sheet_names:
        raise ImportFault(
            gettext_noop("%(name)s has no sheet %(sheet)s; it has %(sheet_names)s."),
            name=source.name,
            sheet=repr(sheet),
            sheet_names=", ".join(book.sheet_names),
        )
    rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python(skip_empty_area=False)
    if not rows:
        raise ImportFault(gettext_noop("%(name)s: the sheet is empty. The first line must name the columns."), name=source.name)
    header = [_cell(value, decimal).strip() for value in rows[0]]
    while header and not header[-1]:
        header.pop()
    _header_check(source.name, header)
    return Table(source.name, header, _excel_rows(rows, len(header), decimal), {"encoding": "xlsx", "delimiter": ""})


def _excel_rows(rows: Sequence[Sequence[object]], width: int, decimal: str) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(rows[1:], start=2):
        cells = [_cell(value, decimal) for value in row]
        # The sheet is as wide as its widest row: empty cells past the header are no cells, filled ones are an error of the row.
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if any(cells):
            yield line, cells


def _cell(value: object, decimal: str) -> str:
    """Cells as text: dates in ISO form, whole numbers without a point, so that ids stay ids; other numbers to Excel's 15 digits."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        # More digits than Excel shows are noise of binary fractions: 0.30000000000000004 stands for 0.3.
        return format(Decimal(format(value, ".15g")), "f").replace(".", decimal)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return "" if value is None else str(value)
