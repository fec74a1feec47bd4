"""Reads of imports: batches with their totals, and the rows that were refused as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spm.documents.cells import cell_safe
from spm.imports.models import Batch, ImportMapping, StagedRow
from spm.imports.suggest import mapping_fits
from spm.told import shown


def batches() -> QuerySet[Batch]:
    """Imports of the tenant, the latest first."""
    return Batch.objects.select_related("change_set").order_by("-id")


def mappings() -> QuerySet[ImportMapping]:
    """Saved mapping documents by code."""
    return ImportMapping.objects.order_by("code")


def mappings_fitting(names: Sequence[str]) -> list[str]:
    """Codes of the saved mappings that find all their columns among these."""
    return [saved.code for saved in mappings() if mapping_fits(saved.text, names)]


def source_usual() -> str:
    """The source of the latest import, to be proposed for the next."""
    return Batch.objects.exclude(source="").order_by("-id").values_list("source", flat=True).first() or "file"


def batch_summary(batch: Batch) -> dict[str, Any]:
    """Control totals of a batch as plain data: rows, sums as exact decimal strings, what was left out and why."""
    return {
        "batch": str(batch.uid), "state": batch.state, "target": batch.target, "file": batch.file_name,
        "change": batch.change_set.number if batch.change_set else None,
        "rows": {
            "file": batch.rows_file, "staged": batch.rows_staged, "accepted": batch.rows_accepted, "rejected": batch.rows_rejected,
            "left_out": batch.rows_left_out, "new": batch.rows_new, "changed": batch.rows_changed, "unchanged": batch.rows_unchanged,
        },
        "sums": batch.sums, "left_out": batch.left_out,
    }  # fmt: skip


def rows_rejected(batch: Batch) -> QuerySet[StagedRow]:
    """Refused rows in the file's order."""
    return StagedRow.objects.filter(batch=batch, state=StagedRow.State.REJECTED).order_by("line", "id")


def rows_preview(batch: Batch, *, limit: int = 50) -> QuerySet[StagedRow]:
    """The first accepted rows."""
    return StagedRow.objects.filter(batch=batch, state=StagedRow.State.ACCEPTED).order_by("line", "id")[:limit]


def errors_csv(batch: Batch) -> Iterator[str]:
    """Refused rows as CSV: file, line, column, cause, mend. Read it inside the scope."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_("File"), _("Line"), _("Column"), _("Cause"), _("How to mend it")])
    for row in rows_rejected(batch).iterator(chunk_size=2000):
        writer.writerow([cell_safe(batch.file_name), row.line, *(cell_safe(text) for text in (row.column, shown(row.cause), shown(row.mend)))])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
