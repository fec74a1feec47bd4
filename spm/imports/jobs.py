"""The import as a background job: one stage that reads, writes and proves the totals under the job's lease, with live progress."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault
from spm.imports.models import Batch
from spm.imports.services import batch_sources, import_run, tables_vacuum
from spm.jobs.kinds import Stage, job_kind
from spm.jobs.models import Job
from spm.jobs.steps import JobFailed, Step


def load_stage(step: Step) -> dict[str, Any]:
    """All or nothing: a killed worker leaves no trace, and the next one starts anew."""
    try:
        with step.commit():
            batch = Batch.objects.get(uid=step.params["batch"])
            if batch.state == Batch.State.IMPORTED:
                return {"batch": str(batch.uid)}
            if batch.state == Batch.State.DRAFT:
                raise ImportFault(gettext_noop("The mapping of this import was changed since; start its dry run from the import's page."))

            def tell(stage: str, rows: int) -> None:
                step.progress(rows)
                step.check()

            import_run(
                mapping_text=batch.mapping_text, files=batch_sources(batch), dry_run=bool(step.params.get("dry_run")), actor_id=step.requested_by_id,
                progress=tell, batch=batch,
            )  # fmt: skip
            wrote = batch.change_set_id is not None
    except ImportFault as fault:
        raise JobFailed(fault.told) from fault
    if wrote:
        tables_vacuum(target=batch.target)
    return {"batch": str(batch.uid)}


def on_failure(job: Job) -> None:
    """The batch fails with its job."""
    if job.parent_id is None:
        Batch.objects.filter(uid=job.params["batch"]).update(state=Batch.State.FAILED, error=job.error[:4000])


job_kind("import", label=_("Import"), stages=(Stage("load", load_stage),), on_failure=on_failure)
