"""A tenant committed for real, and a kind of job that writes through its lease. Background work is tested on real transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from spm.jobs.kinds import JobKind, Stage, job_kind, job_kind_forget
from spm.jobs.models import Job
from spm.jobs.services import job_enqueue
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_tenant


@pytest.fixture
def firm(transactional_db: None) -> Tenant:
    """A tenant that other connections can see."""
    return make_tenant("acme")


@pytest.fixture
def quick(settings: Any) -> Any:
    """Retries at once."""
    settings.JOBS_RETRY_SECONDS = 0
    return settings


@pytest.fixture
def kind() -> Iterator[Callable[..., JobKind]]:
    """Registers kinds of job for one test: kind("name", stage_name=handler, ...) or kind("name", [Stage, ...])."""
    made: list[str] = []

    def register(name: str, stages: list[Stage] | None = None, **options: Any) -> JobKind:
        handlers = {key: value for key, value in options.items() if callable(value) and key != "on_failure"}
        options = {key: value for key, value in options.items() if key not in handlers}
        made.append(name)
        return job_kind(name, stages=stages or [Stage(stage, run) for stage, run in handlers.items()], **options)

    yield register
    for name in made:
        job_kind_forget(name)


def queued(tenant: Tenant, kind: str, key: str = "one", **params: Any) -> Job:
    """A committed job."""
    with tenant_scope(tenant.pk):
        return job_enqueue(kind=kind, key=key, params=params)


def fresh(job: Job) -> Job:
    with tenant_scope(job.tenant_id):
        return Job.objects.get(pk=job.pk)


def expire(job: Job) -> None:
    """Lets the lease run out, as if its worker had been silent for long."""
    import datetime as dt

    from django.utils import timezone

    with tenant_scope(job.tenant_id):
        assert Job.objects.filter(pk=job.pk, state="running").update(lease_until=timezone.now() - dt.timedelta(seconds=1)) == 1
