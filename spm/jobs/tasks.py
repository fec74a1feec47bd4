"""The queue's tasks: run one step of a job; and for all tenants the tick, the relay and the sweep."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from spm.celery import SystemTask
from spm.jobs.execution import job_execute, worker_name
from spm.jobs.liveness import pulse_write
from spm.jobs.nightly import jobs_tick
from spm.jobs.relay import RUN_TASK, outbox_relay_all
from spm.jobs.sweeping import jobs_sweep_all


@shared_task(name=RUN_TASK)
def run(*, tenant_id: int, job_id: int, **_: Any) -> str:
    return job_execute(tenant_id=tenant_id, job_id=job_id, owner=worker_name())


@shared_task(name="spm.jobs.tick", base=SystemTask)
def tick(**_: Any) -> int:
    return len(jobs_tick())


@shared_task(name="spm.jobs.relay", base=SystemTask)
def relay(**_: Any) -> int:
    sent = outbox_relay_all()
    pulse_write()
    return sent


@shared_task(name="spm.jobs.sweep", base=SystemTask)
def sweep(**_: Any) -> dict[str, int]:
    return jobs_sweep_all()
