"""Does in the arena's services what a web process would do, by JSON lines: {"act": "enqueue", "tenant": 1, "kind": ..., "key": ...}."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.chaos.work import app  # sets Django up

from django.db import close_old_connections  # isort: skip
from spm.jobs.liveness import pulse_age  # isort: skip
from spm.jobs.relay import message_send  # isort: skip
from spm.jobs.services import job_enqueue  # isort: skip
from spm.tenancy.models import Tenant  # isort: skip
from spm.tenancy.scope import tenant_scope  # isort: skip


def act(asked: dict[str, Any]) -> Any:
    close_old_connections()  # as each web request does
    match asked["act"]:
        case "tenant":
            return Tenant.objects.create(slug=asked["slug"], name=asked["slug"], nightly_hour=asked.get("nightly_hour", 23), is_active=True).pk
        case "enqueue":
            with tenant_scope(asked["tenant"]):
                return job_enqueue(kind=asked["kind"], key=asked["key"], params={"key": asked["key"]}).pk
        case "send":
            for _ in range(asked["times"]):
                message_send(tenant_id=asked["tenant"], job_id=asked["job"])
            return asked["times"]
        case "pulse":
            return pulse_age()
    raise ValueError(asked)


def main() -> None:
    assert app.main == "spm"
    for line in sys.stdin:
        try:
            answer = {"ok": act(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - told to the test, which decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
