"""From the outbox to the queue. A message carries the tenant's id and the job's id, nothing else, and may be sent twice."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import F

from spm.celery import app
from spm.jobs.clock import DatabaseNow
from spm.jobs.models import Job, Outbox
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id, tenant_scope

logger = logging.getLogger(__name__)
RUN_TASK = "spm.jobs.run"
AT_ONCE = 500
ONE_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def message_send(*, tenant_id: int, job_id: int) -> None:
    """Puts one message on the queue; raises when the broker cannot be reached. Never waits for long.

    The one retry is for a pooled connection that did not survive a restart of Redis.
    """
    app.send_task(RUN_TASK, kwargs={"tenant_id": tenant_id, "job_id": job_id}, retry=True, retry_policy=ONE_RETRY)


def outbox_put(*jobs: Job) -> None:
    """Writes the wish to send a message per job, in the caller's transaction, and sends it as soon as that commits.

    When the process dies between the commit and the sending, or the broker is away, the row is still there for the relay.
    """
    tenant_id = required_tenant_id()
    Outbox.objects.bulk_create([Outbox(tenant_id=tenant_id, job=job) for job in jobs], ignore_conflicts=True)
    transaction.on_commit(lambda: _relay_soon(tenant_id), robust=True)


def _relay_soon(tenant_id: int) -> None:
    try:
        while outbox_relay(tenant_id=tenant_id) == AT_ONCE:
            pass
    except Exception:  # the broker is away; the periodic relay will send it
        logger.warning("tenant %s: the queue did not take a message; it stays in the outbox", tenant_id, exc_info=True)


def outbox_relay(*, tenant_id: int, limit: int = AT_ONCE, send: Callable[..., None] = message_send) -> int:
    """Sends what is due in one tenant's outbox, oldest first; returns how many.

    Relays may run side by side: each takes rows that no other holds. A row is deleted in the transaction that sent it, so
    that a crash in between sends it again and never loses it.
    """
    with tenant_scope(tenant_id):
        rows = list(
            Outbox.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(job__due_at__lte=DatabaseNow())
            .order_by("id")
            .values_list("id", "job_id")[:limit]
        )
        for _, job_id in rows:
            send(tenant_id=tenant_id, job_id=job_id)
        if rows:
            Outbox.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
            Job.objects.filter(pk__in=[job_id for _, job_id in rows]).update(published_at=DatabaseNow(), publishes=F("publishes") + 1)
    return len(rows)


def outbox_relay_all() -> int:
    """Relays every active tenant's outbox. One tenant's trouble does not hold up another; it is raised at the end."""
    sent, broken = 0, []
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        try:
            while (now_sent := outbox_relay(tenant_id=tenant_id)) == AT_ONCE:
                sent += now_sent
            sent += now_sent
        except Exception:
            logger.exception("tenant %s: relay failed", tenant_id)
            broken.append(tenant_id)
    if broken:
        raise RuntimeError(f"The outbox of tenants {broken} was not sent; see the log above.")
    return sent
