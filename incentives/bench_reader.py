"""A reading process of `bench engine`, as a web process is: its reads share no interpreter with a run's workers. One that has to wait for
a lock fails: pages may be slow beside a run, because it takes the processors, but never stand still.

`python -m incentives.bench_reader DATABASE`. Each line is [tenant, run, day, rounds]; the answer is one JSON object. Without rounds it
reads until the next line, which ends it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from incentives.models import Run


class Reader:
    """The process, from the side of the benchmark: the reads of a tenant as of a run."""

    def __init__(self, database: str, tenant_id: int, run: Run, business_date: dt.date) -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "spm.settings"}
        command = [sys.executable, "-m", "incentives.bench_reader", database]
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self._what = [tenant_id, run.pk, business_date.isoformat()]
        self._answer()

    def rounds(self, count: int = 3) -> dict[str, Any]:
        """The spread of each read over so many rounds, and its queries."""
        self._ask([*self._what, count])
        return self._answer()

    def beside(self, work: Callable[[], Any]) -> tuple[dict[str, Any], Any]:
        """The spread of each read for as long as the work goes on, and what the work gave."""
        self._ask([*self._what, None])
        try:
            found = work()
        finally:
            self._ask([])
        return self._answer(), found

    def stop(self) -> None:
        """Ends it."""
        self._process.communicate()

    def _ask(self, what: list[Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the reading process failed; see its error above")
        found: dict[str, Any] = json.loads(line)
        return found


def _serve(database: str) -> None:
    from django.db import connections

    from incentives.bench_reads import Reads
    from incentives.models import Run
    from spm.tenancy.scope import tenant_scope

    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database
    with connections["default"].cursor() as cursor:
        cursor.execute("SET lock_timeout = '10ms'")
    _tell({"ready": True})
    for line in sys.stdin:
        tenant, run, day, rounds = json.loads(line)
        with tenant_scope(tenant):
            seen = Run.objects.get(pk=run)
        reads = Reads(tenant, seen, dt.date.fromisoformat(day))
        if rounds is not None:
            _tell({"reads": reads.rounds(rounds=rounds), "queries": reads.queries()})
            continue
        waiting = threading.Thread(target=sys.stdin.readline, daemon=True)  # the line that ends it
        waiting.start()
        _tell({"reads": reads.rounds(going=waiting.is_alive)})


def _tell(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import django

    django.setup()
    _serve(sys.argv[1])
