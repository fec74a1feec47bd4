"""Starting a parallel run, and repeating one against what is posted by now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.engine.parallel import Cell, compare, controls
from incentives.models import ParallelBasis, ParallelCause, ParallelRow, ParallelRun
from incentives.parallel import FileRow, Mapper, Theirs, file_read, ours_read
from incentives.selectors.runs import last_run
from spm.audit.services import audit_record
from spm.imports.readers import Source


class ParallelRefused(Exception):
    """There is nothing to compare with, or the request makes no sense; the text says what to do."""


def parallel_compare(
    *, name: str, source: Source, basis: str = ParallelBasis.EARNED, columns: Mapping[str, str] | None = None, words: Mapping[str, str] | None = None,
    decimal: str = ".", actor_id: int | None = None,
) -> ParallelRun:  # fmt: skip
    """Compares a file of the earlier system with what the last run left here, and keeps the outcome under a name.

    columns: which column holds payee, plan, component, period, amount, credit, currency, where its header does not say so. words:
    their names of components and plans -> ours. Raises ImportFault for a file that cannot be read, ParallelRefused without a run.
    """
    rows, chosen = file_read(source, columns=columns or {}, decimal=decimal)
    values = {"name": name.strip() or source.name, "file_name": source.name, "basis": basis, "columns": chosen, "words": dict(words or {})}
    return _kept(rows, values, actor_id)


def parallel_again(*, parallel: ParallelRun, words: Mapping[str, str] | None = None, actor_id: int | None = None) -> ParallelRun:
    """Compares the same file with what is posted by now; the earlier comparison stays as it is."""
    rows = [
        FileRow(
            row.their_payee, row.their_component.partition("\t")[0], row.their_component.partition("\t")[2], row.their_period, row.theirs, row.their_credit,
            "" if row.currency == "XXX" else row.currency, row.lines,
        )
        for row in ParallelRow.objects.filter(parallel=parallel, theirs__isnull=False).order_by("pk")
        if row.theirs is not None
    ]  # fmt: skip
    values = {
        "name": parallel.name, "file_name": parallel.file_name, "basis": parallel.basis, "columns": parallel.columns,
        "words": dict(parallel.words) if words is None else dict(words), "again_of": parallel,
    }  # fmt: skip
    return _kept(rows, values, actor_id)


@transaction.atomic
def _kept(rows: list[FileRow], values: dict[str, Any], actor_id: int | None) -> ParallelRun:
    run = last_run()
    if run is None:
        raise ParallelRefused(_("Nothing was computed here yet; start a run first, then compare."))
    mapper = Mapper(rows, values["words"])
    shape = {"basis": values["basis"], "by_plan": mapper.by_plan, "by_component": mapper.by_component}
    periods = mapper.periods_named(rows)
    ours = ours_read(periods=periods, **shape)
    theirs = mapper.read(rows, ours)
    cells = compare(ours, theirs.cells)
    kept = [*(_cell_row(cell, theirs) for cell in cells), *(_strange_row(row, why) for row, why in theirs.strange)]
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
    parallel = ParallelRun.objects.create(**values, run=run, actor_id=actor_id, summary={"currencies": summary, "rows": len(kept), "file_rows": len(rows)})
    for row in kept:
        row.parallel = parallel
    ParallelRow.objects.bulk_create(kept, batch_size=2000)
    audit_record(action="parallel.compare", target=parallel, after={"name": parallel.name, "file": parallel.file_name, "run": run.number}, actor_id=actor_id)
    return parallel


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
