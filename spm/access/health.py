"""What the platform operator sees of each tenant: counts and times, never a row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from spm.access.models import Membership
from spm.access.selectors import is_open
from spm.calendars.zones import zone
from spm.jobs.kinds import job_kinds
from spm.jobs.models import ENDED, JobState
from spm.jobs.selectors import job_list
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


@dataclass(frozen=True)
class TenantHealth:
    """A line of the operator's page. `state`: good, late (no nightly job finished for 26 hours), failed, inactive."""

    tenant: Tenant
    members: int
    last_nightly: dt.datetime | None
    failed_jobs: int
    open_jobs: int
    local_time: dt.datetime
    state: str


def tenants_health(*, at: dt.datetime) -> list[TenantHealth]:
    """Every tenant, by name. Opens one scope after another; call it outside one."""
    nightly = [kind.name for kind in job_kinds() if kind.nightly]
    out = []
    for tenant in Tenant.objects.all():
        with tenant_scope(tenant.pk):
            jobs = job_list()
            done = jobs.filter(kind__in=nightly, state=JobState.SUCCEEDED).order_by("-finished_at").values_list("finished_at", flat=True).first()
            failed = jobs.filter(state__in=[JobState.FAILED, JobState.DEAD]).count()
            unfinished = jobs.exclude(state__in=ENDED).count()
            members = Membership.objects.filter(is_open(at)).count()
        late = done is None or done < at - dt.timedelta(hours=26)
        state = "inactive" if not tenant.is_active else "failed" if failed else "late" if late else "good"
        out.append(TenantHealth(tenant, members, done, failed, unfinished, at.astimezone(zone(tenant.time_zone)), state))
    return out
