"""Asking for a parallel run, repeating one against what is posted by now, and the comparison itself, as background work."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from incentives.engine.parallel import Cell, compare, controls
from incentives.models import ParallelBasis, ParallelCause, ParallelFile, ParallelRow, ParallelRun
from incentives.parallel import FileRow, Mapper, Theirs, columns_chosen, file_read, ours_read
from incentives.selectors.runs import last_run
from incentives.services.kept import AnswerFailed, answer_queue
from spm.audit.services import audit_record
from spm.imports.errors import ImportFault
from spm.imports.readers import Source, table_open
from spm.tenancy.scope import tenant_scope

KIND = "parallel_run"


class ParallelRefused(Exception):
    """There is nothing to compare with, or the request makes no sense; the text says what to do."""


def parallel_start(
    *, name: str, source: Source, basis: str = ParallelBasis.EARNED, columns: Mapping[str, str] | None = None, words: Mapping[str, str] | None = None,
    decimal: str = ".", actor_id: int | None = None,
) -> ParallelRun:  # fmt: skip
    """Queues the comparison of a file of the earlier system with what the last run left here, under a name.

    columns: which column holds payee, plan, component, period, amount, credit, currency, where its header does not say so. words:
    their names of components and plans -> ours. Raises ImportFault for a file whose header cannot be read, ParallelRefused without
    a run; what is wrong below the header fails the comparison.
    """
    chosen = columns_chosen(table_open(source, decimal=decimal).header, columns or {})
    values = {"name": name.strip() or source.name, "file_name": source.name, "basis": basis, "columns": chosen, "words": dict(words or {})}
    with transaction.atomic(), source.open() as file:
        row = _asked(values | {"decimal": decimal}, actor_id)
        ParallelFile.objects.create(parallel=row, content=zlib.compress(file.read(), 1))
        answer_queue(row, kind=KIND)
    return row


@transaction.atomic
def parallel_again(*, parallel: ParallelRun, words: Mapping[str, str] | None = None, actor_id: int | None = None) -> ParallelRun:
    """Queues the comparison of the same file with what is posted by now; the earlier one stays as it is."""
    if parallel.state != ParallelRun.State.DONE:
        raise ParallelRefused(_("This comparison has not ended well; compare its file anew."))
    values = {
        "name": parallel.name, "file_name": parallel.file_name, "basis": parallel.basis, "columns": parallel.columns, "decimal": parallel.decimal,
        "words": dict(parallel.words) if words is None else dict(words), "again_of": parallel,
    }  # fmt: skip
    row = _asked(values, actor_id)
    answer_queue(row, kind=KIND)
    return row


def parallel_compute(
    *, tenant_id: int, uid: str, commit: Callable[[], AbstractContextManager[Any]], progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Compares and keeps the outcome. Repeating it changes nothing. Raises AnswerFailed."""
    with tenant_scope(tenant_id):
        parallel = ParallelRun.objects.select_related("again_of").get(uid=uid)
        if parallel.state == ParallelRun.State.DONE:
            return
        try:
            rows = _file_rows(parallel)
        except ImportFault as fault:
            raise AnswerFailed(gettext_noop("The file cannot be compared: %(error)s"), error=fault) from fault
        run = last_run()
        assert run is not None
        kept, summary = _compared(rows, parallel, progress)
    with commit():
        ParallelRow.objects.filter(parallel=parallel).delete()
        ParallelRow.objects.bulk_create(kept, batch_size=2000)
        ParallelFile.objects.filter(parallel=parallel).delete()
        parallel.run, parallel.summary, parallel.state, parallel.finished_at = run, summary, ParallelRun.State.DONE, timezone.now()
        parallel.save(update_fields=["run", "summary", "state", "finished_at"])
        after = {"name": parallel.name, "file": parallel.file_name, "run": run.number}
        audit_record(action="parallel.compare", target=parallel, after=after, actor_id=parallel.actor_id)


def file_drop(uid: str) -> None:
    """Of a comparison that failed the file is not kept."""
    ParallelFile.objects.filter(parallel__uid=uid).delete()


def _asked(values: dict[str, Any], actor_id: int | None) -> ParallelRun:
    run = last_run()
    if run is None:
        raise ParallelRefused(_("Nothing was computed here yet; start a run first, then compare."))
    return ParallelRun.objects.create(**values, run=run, actor_id=actor_id)


def _file_rows(parallel: ParallelRun) -> list[FileRow]:
    """The rows of the file, or of the comparison that is repeated."""
    file = ParallelFile.objects.filter(parallel=parallel).first()
    if file is not None:
        source = Source(parallel.file_name, content=zlib.decompress(bytes(file.content)))
        return file_read(source, columns=parallel.columns, decimal=parallel.decimal)[0]
    if parallel.again_of is None:
        raise AnswerFailed(gettext_noop("The file is not kept any more; compare it anew."))
    return [
        FileRow(
            row.their_payee, row.their_component.partition("\t")[0], row.their_component.partition("\t")[2], row.their_period, row.theirs, row.their_credit,
            "" if row.currency == "XXX" else row.currency, row.lines,
        )
        for row in ParallelRow.objects.filter(parallel=parallel.again_of, theirs__isnull=False).order_by("pk")
        if row.theirs is not None
    ]  # fmt: skip


def _compared(rows: list[FileRow], parallel: ParallelRun, progress: Callable[[int, int], None]) -> tuple[list[ParallelRow], dict[str, Any]]:
    """All cells, and the summary."""
    mapper = Mapper(rows, parallel.words)
    ours = ours_read(periods=mapper.periods_named(rows), basis=parallel.basis, by_plan=mapper.by_plan, by_component=mapper.by_component, progress=progress)
    theirs = mapper.read(rows, ours)
    cells = compare(ours, theirs.cells)
    kept = [*(_cell_row(cell, theirs) for cell in cells), *(_strange_row(row, why) for row, why in theirs.strange)]
    for row in kept:
        row.parallel = parallel
    total: dict[str, Decimal] = {}
    for key, side in ours.items():
        total[key.currency] = total.get(key.currency, Decimal(0)) + side.amount
    sums = controls(theirs.total, total, [(row.currency, row.cause, row.ours, row.theirs) for row in kept])
    summary = {
        currency: {
            "file": _text(one.file), "matched": _text(one.matched), "unmatched": _text(one.unmatched), "ours": _text(one.ours),
            "difference": _text(one.difference), "residue": _text(one.residue), "counts": one.counts or {},
            "by_cause": {cause: _text(amount) for cause, amount in (one.by_cause or {}).items()},
        }
        for currency, one in sums.items()
    }  # fmt: skip
    return kept, {"currencies": summary, "rows": len(kept), "file_rows": len(rows)}


def _cell_row(cell: Cell, theirs: Theirs) -> ParallelRow:
    row = theirs.words.get(cell.key)
    return ParallelRow(
        cause=cell.cause, payee_id=cell.key.payee, period_id=cell.key.period, plan=cell.key.plan, component=cell.key.component, currency=cell.key.currency,
        theirs=cell.theirs.amount if cell.theirs else None, ours=cell.ours.amount if cell.ours else None, difference=cell.difference,
        their_credit=cell.theirs.credit if cell.theirs else None, our_credit=cell.ours.credit if cell.ours else None, **_words(row),
    )  # fmt: skip


def _strange_row(row: FileRow, why: str) -> ParallelRow:
    return ParallelRow(
        cause=ParallelCause.NOT_MAPPED,
        currency=row.currency or "XXX",
        theirs=row.amount,
        their_credit=row.credit,
        difference=-row.amount,
        why=why,
        **_words(row),
    )


def _words(row: FileRow | None) -> dict[str, str]:
    if row is None:
        return {}
    component = f"{row.plan}\t{row.component}"
    return {"their_payee": row.payee[:120], "their_component": component[:200], "their_period": row.period[:40], "lines": row.lines[:200]}


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
