"""The Celery application and its two kinds of task: one works for one tenant, one walks over all of them.

Every task is a TenantTask unless it says otherwise, so that a task written without thinking about tenants refuses to run.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spm.settings")


class TenantMissing(RuntimeError):
    """A task was called without the id of the tenant that it works for."""


class TenantTask(Task):
    """Refuses to run without `tenant_id=`. It opens no scope: the service that it calls does, for as long as it writes."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tenant_id = kwargs.get("tenant_id")
        if not isinstance(tenant_id, int) or isinstance(tenant_id, bool) or tenant_id <= 0:
            raise TenantMissing(f"{self.name}: called with tenant_id={tenant_id!r}. Pass tenant_id=, the id of the tenant that the task works for.")
        _refuse_open_scope(self.name)
        return super().__call__(*args, **kwargs)


class SystemTask(Task):
    """Walks over all tenants and opens each one's scope in turn (tick, relay, sweep). Takes no tenant, inherits no scope."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _refuse_open_scope(self.name)
        return super().__call__(*args, **kwargs)


def _refuse_open_scope(name: str) -> None:
    from spm.tenancy.scope import current_tenant_id

    left_open = current_tenant_id()
    if left_open is not None:
        raise RuntimeError(f"{name}: started inside the scope of tenant {left_open}, which a former task left open.")


app = Celery("spm", task_cls=TenantTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
