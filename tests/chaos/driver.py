"""Does in the arena's services what a web process would do, by JSON lines: {"act": "enqueue", "tenant": 1, "kind": ..., "key": ...}."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.chaos.work import app  # sets Django up

from django.db import close_old_connections  # isort: skip
from spm.imports.readers import Source  # isort: skip
from spm.imports.services import batch_create, batch_start  # isort: skip
from spm.jobs.liveness import pulse_age  # isort: skip
from spm.jobs.relay import message_send  # isort: skip
from spm.jobs.services import job_enqueue  # isort: skip
from spm.people.models import Payee  # isort: skip
from spm.tenancy.models import Tenant  # isort: skip
from spm.tenancy.scope import tenant_scope  # isort: skip
from tests.support.factories import make_entity  # isort: skip
from tests.incentives.world import make_world, put_order  # isort: skip


def act(asked: dict[str, Any]) -> Any:
    close_old_connections()  # as each web request does
    match asked["act"]:
        case "tenant":
            return Tenant.objects.create(slug=asked["slug"], name=asked["slug"], nightly_hour=asked.get("nightly_hour", 23), is_active=True).pk
        case "enqueue":
            with tenant_scope(asked["tenant"]):
                return job_enqueue(kind=asked["kind"], key=asked["key"], params=asked.get("params") or {"key": asked["key"]}).pk
        case "company":
            with tenant_scope(asked["tenant"]):
                return company()
        case "late order":
            with tenant_scope(asked["tenant"]):
                put_order("late", Payee.objects.order_by("id")[2], "2024-02-10", 777_77)
                return True
        case "sellers":
            with tenant_scope(asked["tenant"]):
                entity = make_entity()
                rows = [Payee(source="crm", external_id=key, legal_entity=entity, pay_currency="USD") for key in asked["keys"]]
                return len(Payee.objects.bulk_create(rows))
        case "import":
            with tenant_scope(asked["tenant"]):
                file = Source(asked["name"], content=asked["content"].encode())
                batch = batch_create(mapping_text=asked["mapping"], files=[file], keep=True)
                return batch_start(batch=batch, dry_run=False).job_id
        case "send":
            for _ in range(asked["times"]):
                message_send(tenant_id=asked["tenant"], job_id=asked["job"])
            return asked["times"]
        case "pulse":
            return pulse_age()
    raise ValueError(asked)


def company() -> int:
    """Twelve sellers, each with a few orders in every month of a year; returns the number of orders."""
    world = make_world(12)
    number = 0
    for place, payee in enumerate(world.payees):
        for month in range(1, 13):
            for deal in range(2):
                number += 1
                put_order(f"o{number}", payee, f"2024-{month:02}-0{5 + deal}", 100_00 * (place + 1) + 33 * month + deal)
    return number


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
