"""The workers' side of the chaos tests: a job with real staged writes, and traps at which a process waits to be killed.

    celery -A tests.chaos.work:app worker

Its writes have no unique key: only the fence and the cursor, committed together with them, keep an effect from counting twice.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

django.setup()

from incentives import settle  # noqa: E402
from incentives.services import runs  # noqa: E402
from spm.celery import app  # noqa: E402
from spm.imports import loading, staging  # noqa: E402
from spm.imports import services as importing  # noqa: E402
from spm.jobs.kinds import Stage, job_kind  # noqa: E402
from spm.jobs.models import Job  # noqa: E402
from spm.jobs.steps import Step  # noqa: E402
from spm.people.models import LegalEntity  # noqa: E402
from spm.tenancy.scope import tenant_scope  # noqa: E402

TRAPS = Path(os.environ["SPM_TEST_TRAPS"])
CHUNKS, WRITES = 4, 3


def trap(point: str) -> None:
    """If somebody set a trap here, walks into it once: says which process is in it and waits there to be killed."""
    try:
        (TRAPS / f"set {point}").rename(TRAPS / f"sprung {point}")
    except FileNotFoundError:
        return
    (TRAPS / f"in {point}.new").write_text(str(os.getpid()))
    (TRAPS / f"in {point}.new").rename(TRAPS / f"in {point}")
    until = time.monotonic() + 20
    while time.monotonic() < until and not (TRAPS / f"go {point}").exists():
        time.sleep(0.02)


def _write(step: Step, place: str, label: str) -> None:
    """WRITES commits, each one row; a restart goes on after the last that was committed."""
    trap(f"{place} start")
    for number in range(step.cursor.get("next", 0), WRITES):
        with step.commit(done=number + 1, total=WRITES, cursor={"next": number + 1}):
            LegalEntity.objects.create(code=uuid.uuid4().hex[:30], name=f"{step.key} {label} {number}", currency="USD")
            trap(f"{place} middle {number}")
    trap(f"{place} end")


def load(step: Step) -> dict[str, Any]:
    _write(step, "load", "load")
    return {"loaded": WRITES}


def spread(step: Step) -> None:
    number = step.chunk["number"] if step.chunk else None
    _write(step, f"spread {number}", f"spread {number}")


def post(step: Step) -> dict[str, Any]:
    with tenant_scope(step.tenant_id):
        rows = LegalEntity.objects.filter(name__startswith=f"{step.params['key']} ").exclude(name__contains=" post ").count()
    _write(step, "post", "post")
    return {"rows": rows}


stages = [Stage("load", load), Stage("spread", spread, chunks=lambda step: [{"number": n} for n in range(1, CHUNKS + 1)]), Stage("post", post)]
job_kind("chaos", stages=stages, max_attempts=5)
job_kind("chaos nightly", stages=[Stage("only", lambda step: None)], nightly=True)


def _die(step: Step) -> None:
    """Kills its own process each time, as a job that runs out of memory does."""
    os.kill(os.getpid(), 9)


job_kind("poison", stages=[Stage("die", _die)], max_attempts=3)

# Real jobs get their traps from outside: before and after each commit of a stage or chunk. Small groups make many commits.
_commit = Step.commit


@contextmanager
def _commit_with_traps(self: Step, **kept: Any) -> Iterator[None]:
    place = f"{self.kind} {self.stage}" + (f" {self.chunk_number}" if self.chunk is not None else "")
    with _commit(self, **kept):
        yield
        trap(f"{place} in commit")
    trap(f"{place} after commit")


Step.commit = _commit_with_traps  # type: ignore[method-assign]
assert runs.run_open.__kwdefaults__ is not None
runs.run_open.__kwdefaults__["chunk_size"] = 4
settle.GROUP = 3

# An import does all its work inside one commit: traps between its steps. Small chunks make several of them.
staging.CHUNK = 100


def _with_trap(owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    real = getattr(owner, name)

    def walked(*args: Any, **given: Any) -> Any:
        if before:
            trap(before)
        found = real(*args, **given)
        if after:
            trap(after)
        return found

    setattr(owner, name, walked)


_with_trap(loading.Load, "take", before="import staging begins", after="import staging goes on")
_with_trap(loading.Load, "resolve", after="import staged")
_with_trap(importing, "_staged_keep", before="import written")
_with_trap(importing, "_publish", before="import publishing", after="import published")

_send = app.send_task


def _send_with_traps(name: str, *args: Any, **options: Any) -> Any:
    """Between the commit that queued a job and the message that tells of it."""
    if name == "spm.jobs.run":
        message = options["kwargs"]
        with tenant_scope(message["tenant_id"]):
            stage = Job.objects.get(pk=message["job_id"]).stage
        trap(f"publish {stage}")
    return _send(name, *args, **options)


app.send_task = _send_with_traps
