"""A run: pin a change number, measure chunks of payees, settle everybody, post the differences, close.

Every step is idempotent: measuring is a pure function of the pinned number, settling writes only what differs from what is
there. Steps are given a `commit` context (a fenced transaction of the job, or a plain scope) and do their reading before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_noop

from incentives.changed import changes_between
from incentives.chunking import CHUNK, Chunks, chunk_numbers_of, chunks_of, groups_of
from incentives.collector import collector_rested
from incentives.delta import changed_orders, chunk_measure
from incentives.engine.contracts import NOBODY
from incentives.engine.errors import InputError
from incentives.finished import runs_finished
from incentives.inputs import ENGINE_VERSION, RunInputs
from incentives.invalidation import Again, Names
from incentives.latecause import late_causes_name
from incentives.loaders import scale_needed
from incentives.models import ChunkTotals, Run, RunChunk
from incentives.onepayee import PlannedChunk, chunks_planned
from incentives.overrides import overrides_add
from incentives.paidcause import payment_causes_name
from incentives.payments import payments_add
from incentives.runwords import ASKED, EARLIER, FIRST, FRAME, RATES, SHAPE
from incentives.services.ledger import books_lock
from incentives.settle import settle_group, settle_payees, totals_forget
from incentives.summary import summary_make
from incentives.uncredited import close_lists
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.sales.crediting import orders_credit
from spm.tenancy.changes import known_number
from spm.tenancy.scope import required_tenant_id, tenant_scope
from spm.told import ToldError

Commit = Callable[[], AbstractContextManager[Any]]


class RunError(ToldError):
    """A run that cannot go on; the text says what, where and how to mend it."""


_inputs: dict[tuple[int, int], RunInputs] = {}


def run_inputs(run: Run) -> RunInputs:
    """The run's small inputs; kept in this process for the run's other chunks."""
    key = (required_tenant_id(), run.pk)
    if key not in _inputs:
        _inputs.clear()
        with collector_rested():
            _inputs[key] = RunInputs(number=run.known_number, business_date=run.business_date)
    return _inputs[key]


def inputs_forget() -> None:
    """Drops what is kept in this process of a run."""
    _inputs.clear()
    changed_orders.cache_clear()
    totals_forget()


def run_open(
    *, kind: str, business_date: dt.date, is_full: bool = False, period: Period | None = None, job_id: int | None = None, actor_id: int | None = None,
    known: int | None = None, chunk_size: int = CHUNK, payee: Payee | None = None,
) -> Run:  # fmt: skip
    """Opens a run pinned to the newest change number (or `known`) and plans its chunks; needs the scope and its transaction. payee: for
    him alone.

    It waits for what people are doing on the books, and they for it: a period that is being approved is approved before the run
    reads which periods are open, and an approval that comes later sees the run and is refused.

    The same job gets its own run again. A run that another job left behind is marked as failed: jobs that pay exclude each
    other, so nobody is working on it. Without `is_full`, chunks of payees of whom nothing changed since the last run keep
    their totals.
    """
    books_lock()
    mine = Run.objects.filter(job_id=job_id).first() if job_id is not None else None
    if mine is not None:
        return mine
    Run.objects.filter(state=Run.State.RUNNING).update(state=Run.State.FAILED, error="The process that worked on it ended; a later run took its place.")
    number = known_number() if known is None else known
    base = runs_finished().filter(period=None).first()
    scale = max(scale_needed(after=base.known_number if base else 0), base.amount_scale if base else 4)
    run = Run.objects.create(
        number=(Run.objects.aggregate(top=Max("number"))["top"] or 0) + 1, kind=kind, state=Run.State.RUNNING, known_number=number, business_date=business_date,
        base=runs_finished(payee.pk).filter(period=None).first() if payee else base, period=period, payee=payee, engine_version=ENGINE_VERSION,
        chunk_size=chunk_size, amount_scale=scale, job_id=job_id, actor_id=actor_id,
    )  # fmt: skip
    inputs = run_inputs(run)
    run.inputs_hash = inputs.frame_hash
    if inputs.line_needs is not None and run.amount_scale < 6:
        # A base with other inputs may have read no lines: then all of them are looked at.
        seen = base.known_number if base is not None and base.inputs_hash == run.inputs_hash else 0
        run.amount_scale = scale_needed(after=seen, lines=True)
    chunks = chunks_of(inputs, chunk_size)
    run.full_because = _full_because(run, base, is_full, chunks)
    run.is_full = bool(run.full_because)
    todo = set(range(len(chunks)))
    kept: dict[int, int] = {}
    if not run.is_full and base is not None:
        changes = changes_between(after=base.known_number, upto=number)
        todo = chunk_numbers_of(changes.named(Names.PAYEE, credit=Again.NAMED), chunks)
        kept = {of: totals for of, totals in RunChunk.objects.filter(run=base).values_list("number", "totals_of_id") if of not in todo}
    if payee is not None:
        run.full_because, run.is_full = "", False
        planned = chunks_planned(inputs, payee.pk, chunks, kept)
    else:
        planned = [PlannedChunk(i, payees, kept.get(i)) for i, payees in enumerate(chunks)]
    run.stages = {"open": {"done": timezone.now().isoformat()}}
    run.save(update_fields=["inputs_hash", "amount_scale", "full_because", "is_full", "stages"])
    RunChunk.objects.bulk_create(
        RunChunk(
            run=run, number=chunk.number, payees=[] if chunk.payees == [NOBODY] else chunk.payees, totals_of_id=chunk.totals_of or run.pk,
            state=RunChunk.State.DONE if chunk.totals_of else RunChunk.State.TODO,
        )
        for chunk in planned
    )  # fmt: skip
    return run


def _full_because(run: Run, base: Run | None, asked: bool, chunks: Chunks) -> str:
    if asked:
        return ASKED
    if base is None:
        return FIRST
    if run.known_number < base.known_number:
        return EARLIER
    if base.inputs_hash != run.inputs_hash:
        return FRAME
    if base.amount_scale != run.amount_scale or chunks != _chunks_planned(base):
        return SHAPE
    if changes_between(after=base.known_number, upto=run.known_number).credit_everybody:
        return RATES
    return ""


def _chunks_planned(run: Run) -> Chunks:
    return [payees or [NOBODY] for payees in RunChunk.objects.filter(run=run).order_by("number").values_list("payees", flat=True)]


def run_measure_chunk(*, tenant_id: int, run_id: int, number: int, commit: Commit) -> int:
    """Credits and measures one chunk of payees; returns how many order versions were read. Repeating it changes nothing."""
    with tenant_scope(tenant_id):
        run = Run.objects.select_related("base").get(pk=run_id)
        chunk = RunChunk.objects.get(run=run, number=number)
        if chunk.state == RunChunk.State.DONE:
            return chunk.rows_read
        try:
            found, rows = chunk_measure(run_inputs(run), run=run, chunk=chunk)
        except InputError as error:
            raise RunError(gettext_noop("Chunk %(chunk)s of run %(run)s: %(error)s"), chunk=number, run=run.number, error=error) from error
    with commit():
        ChunkTotals.objects.filter(run_id=run_id, number=number).delete()
        ChunkTotals.objects.bulk_create(
            ChunkTotals(run_id=run_id, plan_version_id=one.version, number=number, body=one.body, managers=one.managers) for one in found
        )
        RunChunk.objects.filter(pk=chunk.pk).update(state=RunChunk.State.DONE, rows_read=rows)
    return rows


def run_settle_plan(*, run_id: int) -> list[list[int]]:
    """The payees whose pay may differ from what is posted, in groups that can be settled side by side. Needs the scope."""
    run = Run.objects.select_related("base").get(pk=run_id)
    left = RunChunk.objects.filter(run=run, state=RunChunk.State.TODO).count()
    if left:
        raise RunError(gettext_noop("Run %(run)s: chunks not measured yet: %(left)s."), run=run.number, left=left)
    inputs = run_inputs(run)
    return groups_of(settle_payees(run, inputs), chunks_of(inputs, run.chunk_size), run.chunk_size)


def run_settle(*, tenant_id: int, run_id: int, payees: list[int], commit: Commit) -> None:
    """Computes what a group of payees earned and writes the differences: results, ledger entries and statements for them. Repeating it changes nothing."""
    with collector_rested(), tenant_scope(tenant_id):
        run = Run.objects.select_related("base", "period").get(pk=run_id)
        try:
            settlement = settle_group(run, run_inputs(run), payees)
            late_causes_name(settlement, payees)
            overrides_add(settlement, payees)
            payments_add(settlement, payees)
            payment_causes_name(settlement, payees)
        except InputError as error:
            raise RunError(gettext_noop("Run %(run)s: %(error)s"), run=run.number, error=error) from error
    for group in settlement.groups():
        with collector_rested(), commit():
            settlement.write(group)


def run_close(*, tenant_id: int, run_id: int, commit: Commit) -> Run:
    """Writes exclusions and the uncredited list, and ends the run. Repeating it changes nothing."""
    with commit():
        run = Run.objects.select_for_update(of=("self",)).get(pk=run_id)
        if run.state != Run.State.RUNNING:
            return run
        credited = close_lists(run, run_inputs(run))
        run.summary = summary_make(run, credited)
        run.state, run.finished_at = Run.State.DONE, timezone.now()
        run.results_hash = run.summary["results_hash"]
        run.save(update_fields=["summary", "state", "finished_at", "results_hash"])
        if run.period_id is None and run.payee_id is None:
            # A run of one period or payee is no base for later ones: what they build on must stay.
            needed = RunChunk.objects.filter(run=run).values("totals_of_id").distinct()
            ChunkTotals.objects.exclude(run_id__in=needed).delete()
    inputs_forget()
    return run


def run_fail(*, run_id: int, error: str) -> None:
    """Marks a run as failed, in scope. What it has posted stays; the next run posts what is missing."""
    Run.objects.filter(pk=run_id, state=Run.State.RUNNING).update(state=Run.State.FAILED, error=error[:4000], finished_at=timezone.now())


def recompute(
    *, business_date: dt.date, is_full: bool = False, period: Period | None = None, kind: str = Run.Kind.MANUAL, actor_id: int | None = None,
    chunk_size: int = CHUNK, payee: Payee | None = None,
) -> Run:  # fmt: skip
    """A whole run in this process and the caller's scope, without queue or lease (tests, benchmarks, the demo).

    Commands and the nightly job go through spm.jobs instead (incentives.jobs), where runs of a tenant exclude each other.
    """
    tenant_id = required_tenant_id()
    inputs_forget()
    orders_credit(actor_id=actor_id)
    kind = Run.Kind.PAYEE if payee is not None else kind
    run = run_open(kind=kind, business_date=business_date, is_full=is_full, period=period, actor_id=actor_id, chunk_size=chunk_size, payee=payee)

    def commit() -> AbstractContextManager[Any]:
        return tenant_scope(tenant_id)

    for number in RunChunk.objects.filter(run=run, state=RunChunk.State.TODO).order_by("number").values_list("number", flat=True):
        run_measure_chunk(tenant_id=tenant_id, run_id=run.pk, number=number, commit=commit)
    for payees in run_settle_plan(run_id=run.pk):
        run_settle(tenant_id=tenant_id, run_id=run.pk, payees=payees, commit=commit)
    return run_close(tenant_id=tenant_id, run_id=run.pk, commit=commit)
