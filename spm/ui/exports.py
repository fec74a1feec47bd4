"""Tables as CSV for spreadsheets: UTF-8 with a mark, exact amounts as text, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.http import HttpResponse

_RUNS = ("=", "+", "-", "@")


def cell_safe(text: str) -> str:
    """The text with a quote before it where a spreadsheet would take it for a formula.

    >>> cell_safe("=1+1"), cell_safe("Ann")
    ("'=1+1", 'Ann')
    """
    return f"'{text}" if text.strip().startswith(_RUNS) else text


def csv_response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download. Texts are made safe; numbers (int, Decimal) are written as they are, a minus included."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([str(cell) for cell in header])
    for row in rows:
        writer.writerow([f"{cell:f}" if isinstance(cell, Decimal) else cell if isinstance(cell, int) else cell_safe(str(cell)) for cell in row])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
