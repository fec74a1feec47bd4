"""Tables as CSV for spreadsheets: UTF-8 with a mark, exact amounts as text, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from spm.documents.cells import cell_safe


def csv_response(name: str, header: Sequence[object], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download. Texts are made safe; numbers (int, Decimal) are written as they are, a minus included; None is empty."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([str(cell) for cell in header])
    writer.writerows([_written(cell) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


def _written(cell: Any) -> str | int:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if cell is None:
        return ""
    return cell if isinstance(cell, int) else cell_safe(str(cell))
