"""`bench engine`: a full run through the real pipeline against its floor, in a scratch database, with a stated seed.

The floor is what the database alone needs, in the same processes with the same shares: COPY out of the columns that the run
reads, and COPY in of the result and ledger rows that it writes, into twins of the tables without policies and foreign keys.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

from incentives.bench_reader import Reader
from incentives.bench_worker import TABLES, Workers, memory_mib
from incentives.bench_world import YEAR, Shape, drafts_write, keys_drop, maintain, orders_write, people_write
from incentives.comparison import versions_compare
from incentives.engine.contracts import NOBODY
from incentives.models import LedgerEntry, Run, RunChunk, RunResult
from incentives.services import run_close, run_open, run_settle_plan
from incentives.services.runs import inputs_forget
from spm.benchmarks import Options, benchmark, scratch_database
from spm.people.models import Payee
from spm.tenancy.changes import known_number
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

SIZES = {"S": (1_000, 1_000_000, 20), "M": (10_000, 10_000_000, 120)}
"""Payees, transactions, plans; over 12 months."""
DAY = dt.date(YEAR, 12, 31)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Sizes."""
    parser.add_argument("--size", choices=sorted(SIZES), help="a published size; --payees, --transactions and --plans change its parts")
    parser.add_argument("--payees", type=int, help="default: that of the size, or 1000")
    parser.add_argument("--transactions", type=int, help="default: that of the size, or 1000000")
    parser.add_argument("--plans", type=int, help="default: that of the size, or 20")
    parser.add_argument("--over", choices=["quarter", "year"], default="quarter", help="the window in which plans accumulate")
    parser.add_argument("--plain", action="store_true", help="one plan and currency, no splits, nobody changes his position: the bare arithmetic")
    parser.add_argument("--lines", type=int, default=0, help="lines of each order; the plan then reads lines (default: none, it reads orders)")
    parser.add_argument("--workers", type=int, default=2, help="processes that measure chunks and settle groups")
    parser.add_argument("--late", type=int, default=1000, help="late transactions for the incremental run (in parts per million of all)")
    parser.add_argument("--only-run", action="store_true", help="stop after the full run and its floor")


def shape_of(options: Options) -> Shape:
    """What to generate."""
    payees, transactions, plans = SIZES[options["size"] or "S"]
    plans = 1 if options["plain"] else options["plans"] or plans
    return Shape(options["payees"] or payees, options["transactions"] or transactions, plans, options["lines"], options["over"], options["plain"])


@dataclass
class Bench:
    """A tenant with its measuring processes."""

    tenant_id: int
    workers: Workers

    def run(self, *, is_full: bool) -> tuple[Run, dict[str, float]]:
        """A run stage by stage, each in its own transactions, chunks and groups shared among processes; and the seconds of each
        stage, of all of them, and of the CPU of all processes of this side."""
        inputs_forget()
        clock = _Clock()
        with clock.timed("open"), tenant_scope(self.tenant_id):
            run = run_open(kind=Run.Kind.MANUAL, business_date=DAY, is_full=is_full)
            todo = list(RunChunk.objects.filter(run=run, state=RunChunk.State.TODO).order_by("number").values_list("number", flat=True))
        with clock.timed("measure"):
            answers = self.workers.share(self.tenant_id, "measure", run.pk, todo)
        with clock.timed("settle"):
            with tenant_scope(self.tenant_id):
                groups = run_settle_plan(run_id=run.pk)
            answers += self.workers.share(self.tenant_id, "settle", run.pk, groups)
        with clock.timed("close"):
            run = run_close(tenant_id=self.tenant_id, run_id=run.pk, commit=lambda: tenant_scope(self.tenant_id))
        cpu = clock.cpu() + sum(answer["cpu"] for answer in answers)
        return run, {**clock.seconds, "all": round(sum(clock.seconds.values()), 3), "cpu": round(cpu, 3)}

    def floor(self, run: Run, payees: list[int], *, by_line: bool) -> dict[str, float]:
        """Seconds until the slower process is through: COPY out of every chunk, COPY in of what the run wrote."""
        clock = _Clock()
        with tenant_scope(self.tenant_id):
            chunks = RunChunk.objects.filter(run=run).order_by("number").values_list("payees", flat=True)
            bounds = [(chunk or [NOBODY], by_line) for chunk in chunks]
        spans = [(payees[0], payees[len(payees) // 2 - 1]), (payees[len(payees) // 2], payees[-1])] if len(self.workers.processes) == 2 else [
            (payees[0], payees[-1])
        ]  # fmt: skip
        with clock.timed("copy_out"):
            self.workers.share(self.tenant_id, "floor_out", run.pk, bounds)
        connections["owner"].close()
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING INDEXES INCLUDING DEFAULTS)")
        self.workers.share(self.tenant_id, "floor_keep", run.pk, spans)
        with clock.timed("copy_in"):
            self.workers.share(self.tenant_id, "floor_in", run.pk, spans)
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DROP TABLE bench_{table}")
        return clock.seconds

    def ledger_hash(self) -> str:
        """Of what is posted for each key in sum, whatever the postings that it came by."""
        with tenant_scope(self.tenant_id), connection.cursor() as cursor:
            cursor.execute(
                "SELECT md5(string_agg(k, ',' ORDER BY k)) FROM (SELECT concat_ws('/', payee_id, seat_id, plan_version_id, component, earning_period_id, "
                "currency, sum(amount * (10 ^ (6 - scale))::bigint)) AS k FROM incentives_ledgerentry WHERE tenant_id = %s "
                "GROUP BY payee_id, seat_id, plan_version_id, component, earning_period_id, currency "
                "HAVING sum(amount * (10 ^ (6 - scale))::bigint) <> 0) t",
                [self.tenant_id],
            )
            return str(cursor.fetchone()[0])

    def memory(self) -> dict[str, Any]:
        """MiB of the measuring processes together: the most that each ever held, and what they hold of their own; this one beside them."""
        answers = [answer["memory"] for answer in self.workers.share(self.tenant_id, "memory", 0, [])]
        return {
            "workers_peak": round(sum(a["peak"] for a in answers), 1), "workers_own": round(sum(a["own"] for a in answers), 1),
            "this_process_peak": memory_mib()["peak"],
        }  # fmt: skip


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._cpu = time.thread_time()

    @contextmanager
    def timed(self, name: str) -> Any:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)

    def cpu(self) -> float:
        return time.thread_time() - self._cpu


@benchmark("engine", help="a full run through the real pipeline against its floor", arguments=arguments)
def bench_engine(options: Options) -> dict[str, Any]:
    """figure: seconds of the first full run (load, credit, measure, pay, post, statements). Beside it, each with its stages: a full run
    that finds nothing to post (unchanged), one for which nothing has changed (idle), one after late orders (incremental), whether its
    ledger equals that of a full run, the reads without and beside a run, two drafts compared over everybody, and memory."""
    shape = shape_of(options)
    began = time.perf_counter()
    with scratch_database():
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        keys_drop()
        with tenant_scope(tenant.pk):
            calendar = people_write(shape)
            payees = list(Payee.objects.order_by("pk").values_list("pk", flat=True))
            orders_write(shape, first=1, count=shape.transactions, payees=payees)
        maintain()
        generated = time.perf_counter() - began
        bench = Bench(tenant.pk, Workers(options["workers"], str(connection.settings_dict["NAME"])))
        run, stages = bench.run(is_full=True)
        memory = bench.memory()
        maintain()
        floor = bench.floor(run, payees, by_line=shape.lines > 0)
        found = {
            **shape.__dict__, "workers": options["workers"], "generated": round(generated, 1), "figure": stages["all"], "floor": round(sum(floor.values()), 3),
            "peak_mib": memory["workers_peak"], "memory_mib": memory, "stages": stages, "floor_parts": floor, "posted": run.summary["posted"],
            "results": run.summary["results"],
        }  # fmt: skip
        if not options["only_run"]:
            found |= _further(bench, shape, payees, calendar, options["late"])
        bench.workers.stop()
        found["memory_mib_end"] = {"children_peak": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)}
        return found


def _further(bench: Bench, shape: Shape, payees: list[int], calendar: Any, parts: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unchanged, found["unchanged"] = bench.run(is_full=True)
    found["unchanged"]["posted"] = unchanged.summary["posted"]
    _, found["idle"] = bench.run(is_full=False)
    late = max(1, shape.transactions * parts // 1_000_000)
    with tenant_scope(bench.tenant_id):
        orders_write(shape, first=shape.transactions + 1, count=late, payees=payees[: max(1, len(payees) // 2)])
    incremental, found["incremental"] = bench.run(is_full=False)
    found["incremental"] |= {"late": late, "posted": incremental.summary["posted"]}
    before = bench.ledger_hash()
    reader = Reader(str(connection.settings_dict["NAME"]), bench.tenant_id, incremental, DAY)
    found["reads_ms"] = {"idle": reader.rounds(), "load": os.getloadavg()}
    beside, (full, found["full_after_incremental"]) = reader.beside(lambda: bench.run(is_full=True))  # a full run that finds nothing to post
    found["reads_ms"] |= {"beside_a_run": beside["reads"], "load_beside": os.getloadavg()}
    reader.stop()
    found["incremental_equals_full"] = before == bench.ledger_hash() and full.summary["posted"] == 0 and full.results_hash == incremental.results_hash
    with tenant_scope(bench.tenant_id):
        first, second = drafts_write(shape, calendar)
        started, cpu = time.perf_counter(), time.process_time()
        compared = versions_compare(first=first, second=second, start=dt.date(YEAR, 1, 1), end=dt.date(YEAR + 1, 1, 1), known_number=known_number())
        found["comparison"] = {
            "all": round(time.perf_counter() - started, 3), "cpu": round(time.process_time() - cpu, 3), "orders": compared.orders,
            "people": len(compared.comparison.payees),
        }  # fmt: skip
        found["rows"] = {"results": RunResult.objects.count(), "ledger": LedgerEntry.objects.count()}
    found["memory_mib_all"] = bench.memory()
    return found
