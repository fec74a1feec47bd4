"""A measuring process of `bench engine`: waits for chunks and groups on standard input, as a worker of the queue does.

`python -m incentives.bench_worker DATABASE`. Each line is [tenant, stage, run, todo]; the answer is one JSON object. Started
afresh, because a worker's child may not fork. The floor is measured in the same processes, with the shares of work alike.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TABLES = ("incentives_runresult", "incentives_ledgerentry")
"""Where a run writes what people earned."""


class Null(io.RawIOBase):
    """Takes what COPY gives and keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


class Workers:
    """The processes, from the side of the benchmark."""

    def __init__(self, count: int, database: str) -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "spm.settings"}
        command = [sys.executable, "-m", "incentives.bench_worker", database]
        self.processes = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]  # noqa: S603
        self._answers()

    def share(self, tenant_id: int, stage: str, run_id: int, todo: Sequence[Any]) -> list[dict[str, Any]]:
        """Gives each process every n-th of the chunks or groups, and waits until all have done their share."""
        for n, process in enumerate(self.processes):
            assert process.stdin is not None
            process.stdin.write(json.dumps([tenant_id, stage, run_id, todo[n :: len(self.processes)]]) + "\n")
            process.stdin.flush()
        return self._answers()

    def _answers(self) -> list[dict[str, Any]]:
        found = []
        for process in self.processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("a measuring process failed; see its error above")
            found.append(json.loads(line))
        return found

    def stop(self) -> None:
        """Ends them."""
        for process in self.processes:
            process.communicate()


def memory_mib() -> dict[str, float]:
    """This process: the most it ever held (peak), and what it holds now by itself (own, shared pages in proportion)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()
    own = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return {"peak": round(int(status["VmHWM"].split()[0]) / 1024, 1), "own": round(own / 1024, 1)}


def _serve(database: str) -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database
    bodies: dict[str, io.BytesIO] = {}
    _answer({"ready": True})
    for line in sys.stdin:
        tenant, stage, run, todo = json.loads(line)
        began, cpu = time.perf_counter(), time.process_time()
        _work(tenant, stage, run, todo, bodies)
        answer = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "memory": memory_mib()}
        _answer(answer)


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _work(tenant: int, stage: str, run: int, todo: list[Any], bodies: dict[str, io.BytesIO]) -> None:
    from incentives.services.runs import inputs_forget, run_measure_chunk, run_settle
    from spm.tenancy.scope import tenant_scope

    if stage == "measure":
        for number in todo:
            run_measure_chunk(tenant_id=tenant, run_id=run, number=number, commit=lambda: tenant_scope(tenant))
    elif stage == "settle":
        for payees in todo:
            run_settle(tenant_id=tenant, run_id=run, payees=payees, commit=lambda: tenant_scope(tenant))
    elif stage == "floor_out":
        _copy_out(tenant, todo)
    elif stage == "floor_keep":
        inputs_forget()
        _rows_keep(tenant, run, todo, bodies)
    elif stage == "floor_in":
        _copy_in(bodies)


def _copy_out(tenant: int, chunks: list[tuple[list[int], bool]]) -> None:
    from django.db import connection

    from incentives.line_loaders import LineNeeds, line_select
    from incentives.loaders import chunk_select
    from spm.tenancy.scope import tenant_scope

    with tenant_scope(tenant), connection.cursor() as cursor:
        for payees, by_line in chunks:
            cursor.copy_expert(f"COPY ({chunk_select(payees)}) TO STDOUT (FORMAT binary)", Null())
            if by_line:
                needs = LineNeeds(frozenset(), frozenset(), lambda name, ids: ids)
                cursor.copy_expert(f"COPY ({line_select(payees, needs)}) TO STDOUT (FORMAT binary)", Null())


def _rows_keep(tenant: int, run: int, spans: list[tuple[int, int]], bodies: dict[str, io.BytesIO]) -> None:
    """What the run wrote for some payees, into memory; not part of the floor."""
    from django.db import connection

    from spm.tenancy.scope import tenant_scope

    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    with tenant_scope(tenant), connection.cursor() as cursor:
        for table, column in zip(TABLES, ("run_from_id", "run_id"), strict=True):
            bodies[table] = io.BytesIO()
            select = f"SELECT * FROM {table} WHERE tenant_id = {tenant} AND {column} = {run} AND payee_id BETWEEN {low} AND {high}"
            cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", bodies[table])
            bodies[table].seek(0)


def _copy_in(bodies: dict[str, io.BytesIO]) -> None:
    """Into twins of the tables with the same indexes, without policies and foreign keys."""
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table, body in bodies.items():
            cursor.copy_expert(f"COPY bench_{table} FROM STDIN (FORMAT binary)", body)
    bodies.clear()


if __name__ == "__main__":
    import django

    django.setup()
    _serve(sys.argv[1])
