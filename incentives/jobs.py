"""The nightly job and its twin by hand: credit by territory, open, measure chunks of payees (one queue task each), settle, close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from incentives.models import LoweringCheck, ParallelRun, PlanComparison, Run, RunChunk
from incentives.models.kept import KeptAnswer
from incentives.services.comparisons import comparison_compute
from incentives.services.kept import PARAMETER, AnswerFailed, answer_fail
from incentives.services.lowering import KIND as LOWERING_KIND
from incentives.services.lowering import lowering_compute
from incentives.services.parallel import KIND as PARALLEL_KIND
from incentives.services.parallel import file_drop, parallel_compute
from incentives.services.payee_runs import KIND as PAYEE_KIND
from incentives.services.replays import ReplayFailed, replay_compute
from incentives.services.runs import RunError, run_close, run_fail, run_measure_chunk, run_open, run_settle, run_settle_plan
from spm.calendars.models import Period
from spm.jobs.kinds import Stage, job_kind
from spm.jobs.models import Job
from spm.jobs.steps import JobFailed, Step
from spm.people.models import Payee
from spm.sales.crediting import orders_credit
from spm.tenancy.scope import tenant_scope


def credit_stage(step: Step) -> dict[str, Any]:
    """Gives orders to who holds their accounts' territories by now, where a tenant credits so."""
    with step.commit():
        return {"credited": orders_credit(actor_id=step.requested_by_id)}


def open_stage(step: Step) -> dict[str, Any]:
    """Pins the change number and plans the chunks."""
    params = step.params
    with step.commit():
        run = run_open(
            kind=RUN_KINDS[step.kind],
            payee=Payee.objects.get(uid=params["payee"]) if params.get("payee") else None,
            business_date=dt.date.fromisoformat(params["business_date"]),
            is_full=bool(params.get("full")),
            period=Period.objects.get(uid=params["period"]) if params.get("period") else None,
            job_id=step.job_id,
            actor_id=step.requested_by_id,
        )
    return {"run": run.pk, "run_number": run.number}


def measure_chunks(step: Step) -> list[dict[str, Any]]:
    """The chunks that have to be computed."""
    with tenant_scope(step.tenant_id):
        todo = RunChunk.objects.filter(run_id=step.result["run"], state=RunChunk.State.TODO).order_by("number")
        return [{"number": number} for number in todo.values_list("number", flat=True)]


def measure_stage(step: Step) -> None:
    """One chunk of payees."""
    assert step.chunk is not None
    with _errors():
        run_measure_chunk(tenant_id=step.tenant_id, run_id=step.result["run"], number=step.chunk["number"], commit=step.commit)


def settle_groups(step: Step) -> list[dict[str, Any]]:
    """The payees whose pay may differ, in groups."""
    with tenant_scope(step.tenant_id), _errors():
        return [{"payees": payees} for payees in run_settle_plan(run_id=step.result["run"])]


def settle_stage(step: Step) -> None:
    """Earnings and postings of a group of payees."""
    assert step.chunk is not None
    with _errors():
        run_settle(tenant_id=step.tenant_id, run_id=step.result["run"], payees=step.chunk["payees"], commit=step.commit)


def close_stage(step: Step) -> dict[str, Any]:
    """Lists, summary."""
    run = run_close(tenant_id=step.tenant_id, run_id=step.result["run"], commit=step.commit)
    return {"summary": run.summary}


def on_failure(job: Job) -> None:
    """The run fails with its job."""
    if job.parent_id is None:
        for run in Run.objects.filter(job_id=job.pk):
            run_fail(run_id=run.pk, error=job.error)


@contextmanager
def _errors() -> Iterator[None]:
    """A run that cannot go on ends the job at once: trying again would find the same."""
    try:
        yield
    except RunError as error:
        raise JobFailed(error.told) from error


STAGES = (
    Stage("credit", credit_stage),
    Stage("open", open_stage),
    Stage("measure", measure_stage, chunks=measure_chunks),
    Stage("settle", settle_stage, chunks=settle_groups),
    Stage("close", close_stage),
)
register = partial(job_kind, stages=STAGES, exclusive="pay", on_failure=on_failure)
register("nightly", label=_("Nightly job"), nightly=True)
register("recompute", label=_("Recompute"))
register(PAYEE_KIND, label=_("Recompute of one payee"))
RUN_KINDS = {"nightly": Run.Kind.NIGHTLY, "recompute": Run.Kind.MANUAL, PAYEE_KIND: Run.Kind.PAYEE}


def _progress(step: Step, done: int, total: int) -> None:
    """How far a long step is; a cancelled or lost one ends here."""
    step.progress(done, total)
    step.check()


def answer_kind(
    name: str, *, label: Any, model: type[KeptAnswer], compute: Callable[..., None], drop: Callable[[str], None] = lambda uid: None
) -> None:  # fmt: skip
    """Registers background work that answers a question and keeps the answer; nothing is posted by it. drop: of what failed, what is not
    kept."""

    def stage(step: Step) -> None:
        try:
            compute(tenant_id=step.tenant_id, uid=step.params[PARAMETER], commit=step.commit, progress=partial(_progress, step))
        except AnswerFailed as error:
            raise JobFailed(error.told) from error

    def failed(job: Job) -> None:
        answer_fail(model, uid=job.params[PARAMETER], error=job.error)
        drop(job.params[PARAMETER])

    job_kind(name, label=label, stages=(Stage("compute", stage),), on_failure=failed)


answer_kind("plan_comparison", label=_("Comparison of plans"), model=PlanComparison, compute=comparison_compute)
answer_kind(LOWERING_KIND, label=_("Check for lower pay"), model=LoweringCheck, compute=lowering_compute)
answer_kind(PARALLEL_KIND, label=_("Comparison with the old system"), model=ParallelRun, compute=parallel_compute, drop=file_drop)


def replay_stage(step: Step) -> dict[str, Any]:
    """A past run again, compared with what it left; nothing is posted."""
    try:
        return replay_compute(tenant_id=step.tenant_id, uid=step.params["run"], progress=partial(_progress, step))
    except ReplayFailed as error:
        raise JobFailed(error.told) from error


job_kind("replay", label=_("Replay of a run"), stages=(Stage("replay", replay_stage),))
