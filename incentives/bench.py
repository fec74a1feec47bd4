"""`bench engine`: a full run through the real pipeline against its floor, in a scratch database, with a stated seed.

The floor is what the database alone needs: COPY out of the columns that the run reads, the same sums per payee and month in
SQL, and COPY in of as many result and ledger rows as the run writes, into twins of the tables without policies.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg2
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from incentives.engine.bench import PLAN
from incentives.line_loaders import LineNeeds, line_select
from incentives.loaders import ORDER_COLUMNS
from incentives.models import LedgerEntry, PlanVersion, Run, RunChunk, RunResult
from incentives.selectors import line_trace, scorecard_get, statement_get, team_heat_map
from incentives.services import plan_create, run_close, run_open, run_settle_plan, seat_enrol, version_activate
from incentives.services.runs import inputs_forget
from planning.models import Quota
from spm.benchmarks import Options, benchmark, peak_mib, scratch_database
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.codes import currency_pack
from spm.people.models import Assignment, LegalEntity, Payee, Position, ReportingLine, Seat
from spm.sales.models import Product, ProductVersion
from spm.tenancy.changes import change
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id, tenant_scope

YEAR = 2025
TEAM = 10
# Orders carry no product: the filtered component of the plan reads the kind of sale instead.
TEXT = PLAN.replace('product = "bike"', 'kind = "renewal"')
LINES_TEXT = PLAN.replace("calendar: month\n", "calendar: month\nreads: order_lines\n")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Sizes."""
    parser.add_argument("--payees", type=int, default=1000)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=0, help="lines of each order; the plan then reads lines (default: none, it reads orders)")
    parser.add_argument("--workers", type=int, default=2, help="processes that measure chunks")
    parser.add_argument("--late", type=int, default=1000, help="late transactions for the incremental run (in parts per million of all)")


def people_write(*, payees: int, by_line: bool) -> FiscalCalendar:
    """Payees in teams of ten under one manager each, quarterly quotas, calendar months."""
    calendar = FiscalCalendar.objects.create(code="months", name="Months", kind="month", is_default=True)
    edges = [dt.date(YEAR, month, 1) for month in range(1, 13)] + [dt.date(YEAR + 1, 1, 1)]
    Period.objects.bulk_create(
        Period(calendar=calendar, code=f"{a:%Y-%m}", starts=a, ends=b, quarter=f"Q{(a.month + 2) // 3}", year=str(YEAR)) for a, b in itertools.pairwise(edges)
    )
    entity = LegalEntity.objects.create(code="main", name="Bench", currency="USD")
    start = edges[0]
    people = Payee.objects.bulk_create(Payee(source="bench", external_id=str(n), legal_entity=entity, pay_currency="USD") for n in range(payees))
    positions = Position.objects.bulk_create(Position(code=str(n), title="Seller") for n in range(payees))
    seats = Seat.objects.bulk_create(Seat(payee=who, position=where) for who, where in zip(people, positions, strict=True))
    version = version_activate(version=plan_create(text=LINES_TEXT if by_line else TEXT, calendar=calendar, effective_from=start))
    with change(kind="setup", reason="people") as changeset:
        Assignment.objects.bulk_create(
            Assignment(payee=seat.payee, position=seat.position, seat=seat, valid_from=start, known_from=changeset) for seat in seats
        )
        ReportingLine.objects.bulk_create(
            ReportingLine(position=where, manager=positions[n - n % TEAM], valid_from=start, known_from=changeset)
            for n, where in enumerate(positions)
            if n % TEAM
        )
        Quota.objects.bulk_create(
            Quota(position=where, measure="sales", amount=200_000_00 + 1_000_00 * (n % 97), currency="USD", valid_from=edges[q], valid_to=edges[q + 3],
                  known_from=changeset)
            for n, where in enumerate(positions) for q in (0, 3, 6, 9)
        )  # fmt: skip
        seat_enrol(plan=version.plan, seats=seats, start=start, changeset=changeset)
    return calendar


def orders_write(*, first: int, count: int, payees: list[int], lines: int = 0) -> None:
    """`count` orders spread evenly over payees, days and kinds by multiplication modulo primes: the same every time.

    Each has that many lines, which sum to it; every third line is of the product "bike"."""
    tenant = required_tenant_id()
    with change(kind="import", reason="orders") as changeset, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sales_order (tenant_id, source, external_id) SELECT %s, 'bench', n::text FROM generate_series(%s, %s) n",
            [tenant, first, first + count - 1],
        )
        cursor.execute(
            "INSERT INTO sales_orderversion (tenant_id, record_id, change_set_id, tombstone, amount, amount_scale, currency_code, number, payee_id, "
            "order_date, kind, channel, status, has_splits, region) "
            "SELECT %s, o.id, %s, 0, 1000 + (n * 7919) %% 99991, 2, %s, '', (%s::bigint[])[1 + n %% %s], %s::date + ((n * 104729) %% 365)::int, "
            "1 + (n * 31) %% 3, 1, 1, 0, '' FROM (SELECT id, external_id::bigint AS n FROM sales_order WHERE tenant_id = %s AND source = 'bench' "
            "AND external_id::bigint BETWEEN %s AND %s) o",
            [tenant, changeset.pk, currency_pack("USD"), payees, len(payees), dt.date(YEAR, 1, 1), tenant, first, first + count - 1],
        )
        if not lines:
            return
        kinds = [Product.objects.get_or_create(source="bench", external_id=code)[0].pk for code in ("bike", "cap", "tyre")]
        if not ProductVersion.objects.exists():
            ProductVersion.objects.bulk_create(ProductVersion(record_id=pk, change_set=changeset, name=str(pk)) for pk in kinds)
        span = [tenant, first, first + count - 1]
        cursor.execute("SET LOCAL enable_nestloop = off")  # the new tables have no statistics yet
        cursor.execute(
            "INSERT INTO sales_orderline (tenant_id, source, external_id) SELECT %s, 'bench', n || '-' || k "
            "FROM generate_series(%s, %s) n, generate_series(1, %s) k",
            [*span, lines],
        )
        cursor.execute(
            "INSERT INTO sales_orderlineversion (tenant_id, record_id, change_set_id, tombstone, amount, amount_scale, currency_code, order_id, "
            "line_number, payee_id, order_date, product_id, quantity, unit_price, kind, contract) "
            "SELECT %s, l.id, v.change_set_id, 0, CASE WHEN k = 1 THEN v.amount - (%s - 1) * (v.amount / %s) ELSE v.amount / %s END, 2, v.currency_code, "
            "v.record_id, k, v.payee_id, v.order_date, (%s::bigint[])[1 + (o.external_id::bigint + k) %% 3], 10000, 0, 0, '' "
            "FROM sales_orderversion v JOIN sales_order o ON o.tenant_id = v.tenant_id AND o.id = v.record_id CROSS JOIN generate_series(1, %s) k "
            "JOIN sales_orderline l ON l.tenant_id = v.tenant_id AND l.source = 'bench' AND l.external_id = o.external_id || '-' || k "
            "WHERE v.tenant_id = %s AND v.change_set_id = %s",
            [tenant, lines, lines, lines, kinds, lines, tenant, changeset.pk],
        )


def maintain() -> None:
    """What the maintenance job does after an import: visibility map and statistics, as the owner, outside a transaction."""
    connections["owner"].close()
    with connections["owner"].cursor() as cursor:
        for table in ("sales_order", "sales_orderversion", "sales_orderlineversion", "incentives_ledgerentry", "incentives_runresult", "people_seat"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")


class Workers:
    """Processes that wait for chunks, as the queue's workers do (a worker's child may not fork, so each is started afresh)."""

    def __init__(self, count: int) -> None:
        code = (
            "import json, sys, django; django.setup();"
            "from django.db import connections;"
            f"[connections[a].settings_dict.__setitem__('NAME', {connection.settings_dict['NAME']!r}) for a in ('default', 'owner')];"
            "from incentives.services.runs import run_measure_chunk, run_settle; from spm.tenancy.scope import tenant_scope;"
            "print('ready', flush=True)\n"
            "for line in sys.stdin:\n"
            "    tenant, run, stage, todo = json.loads(line)\n"
            "    for one in todo:\n"
            "        given = {'number': one} if stage == 'measure' else {'payees': one}\n"
            "        work = run_measure_chunk if stage == 'measure' else run_settle\n"
            "        work(tenant_id=tenant, run_id=run, commit=lambda: tenant_scope(tenant), **given)\n"
            "    print('done', flush=True)\n"
        )
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "spm.settings"}
        self.processes = [
            subprocess.Popen([sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
            for _ in range(count)
        ]
        for process in self.processes:
            self._expect(process, "ready")

    def _expect(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        if process.stdout.readline().strip() != word:
            raise RuntimeError("a measuring process failed; see its error above")

    def give(self, tenant_id: int, run_id: int, stage: str, todo: Sequence[Any]) -> None:
        """Each process gets its share of the chunks or groups and begins."""
        for n, process in enumerate(self.processes):
            assert process.stdin is not None
            process.stdin.write(json.dumps([tenant_id, run_id, stage, todo[n :: len(self.processes)]]) + "\n")
            process.stdin.flush()

    def wait(self) -> None:
        """Until all have done their share."""
        for process in self.processes:
            self._expect(process, "done")

    def stop(self) -> None:
        """Ends them; their sizes then count in peak_mib."""
        for process in self.processes:
            process.communicate()


def run_timed(tenant_id: int, *, workers: Workers, is_full: bool) -> tuple[Run, dict[str, float]]:
    """A run stage by stage, each in its own transactions, chunks shared among processes; and the seconds of each stage."""
    seconds: dict[str, float] = {}
    inputs_forget()

    def commit() -> Any:
        return tenant_scope(tenant_id)

    started = time.perf_counter()
    with tenant_scope(tenant_id):
        run = run_open(kind=Run.Kind.MANUAL, business_date=dt.date(YEAR, 12, 31), is_full=is_full)
        todo = list(RunChunk.objects.filter(run=run, state=RunChunk.State.TODO).order_by("number").values_list("number", flat=True))
    seconds["open"] = time.perf_counter() - started
    started = time.perf_counter()
    workers.give(tenant_id, run.pk, "measure", todo)
    workers.wait()
    seconds["measure"] = time.perf_counter() - started
    started = time.perf_counter()
    with tenant_scope(tenant_id):
        groups = run_settle_plan(run_id=run.pk)
    workers.give(tenant_id, run.pk, "settle", groups)
    workers.wait()
    seconds["settle"] = time.perf_counter() - started
    started = time.perf_counter()
    run = run_close(tenant_id=tenant_id, run_id=run.pk, commit=commit)
    seconds["close"] = time.perf_counter() - started
    return run, {name: round(value, 3) for name, value in seconds.items()}


def floor_measure(tenant_id: int, *, by_line: bool) -> dict[str, float]:
    """Seconds of COPY out, SQL aggregate, COPY in, one after the other, one connection each."""
    seconds: dict[str, float] = {}
    shown = ", ".join(expression for _, _, expression in ORDER_COLUMNS)
    order = "ORDER BY payee_id, order_date, record_id, change_set_id"
    with tenant_scope(tenant_id), connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.copy_expert(f"COPY (SELECT {shown} FROM sales_orderversion WHERE tenant_id = {tenant_id} {order}) TO STDOUT (FORMAT binary)", _Null())
        if by_line:
            read = line_select(None, None, LineNeeds(frozenset(), frozenset(), lambda name, ids: ids)).replace("AND payee_id IS NULL", "")
            cursor.copy_expert(f"COPY ({read}) TO STDOUT (FORMAT binary)", _Null())
        seconds["copy_out"] = time.perf_counter() - started
        started = time.perf_counter()
        cursor.execute("SELECT payee_id, date_trunc('month', order_date), sum(amount) FROM sales_orderversion WHERE tenant_id = %s GROUP BY 1, 2", [tenant_id])
        cursor.fetchall()
        seconds["aggregate"] = time.perf_counter() - started
        bodies = {}
        for table in ("incentives_runresult", "incentives_ledgerentry"):
            bodies[table] = io.BytesIO()
            cursor.copy_expert(f"COPY (SELECT * FROM {table} WHERE tenant_id = {tenant_id}) TO STDOUT (FORMAT binary)", bodies[table])
            bodies[table].seek(0)
    settings = connections["owner"].settings_dict
    with psycopg2.connect(
        dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"], host=settings["HOST"], port=settings["PORT"] or None
    ) as owner:
        with owner.cursor() as cursor:
            for table in bodies:
                cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING INDEXES INCLUDING DEFAULTS)")
        owner.commit()
        started = time.perf_counter()
        with owner.cursor() as cursor:
            for table, body in bodies.items():
                cursor.copy_expert(f"COPY bench_{table} FROM STDIN (FORMAT binary)", body)
        owner.commit()
        seconds["copy_in"] = time.perf_counter() - started
        with owner.cursor() as cursor:
            for table in bodies:
                cursor.execute(f"DROP TABLE bench_{table}")
    owner.close()
    return {name: round(value, 3) for name, value in seconds.items()}


class _Null(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def reads_measure(tenant_id: int, run: Run) -> dict[str, dict[str, float]]:
    """Milliseconds (median, largest) and queries of what the desks read, over twenty payees spread over the tenant."""
    day = dt.date(YEAR, 12, 31)
    with tenant_scope(tenant_id):
        payees = list(Payee.objects.order_by("pk"))
        shown = [payees[n * len(payees) // 20] for n in range(20)]
        period = Period.objects.order_by("-starts").first()
        version = PlanVersion.objects.get()
        seats = dict(Seat.objects.values_list("payee_id", "pk"))
        teams = {who.pk: [p.pk for p in payees[max(0, payees.index(who) - TEAM) :][: 2 * TEAM]] for who in shown}
        assert period is not None
        reads: dict[str, Callable[[Payee], Any]] = {
            "scorecard": lambda who: scorecard_get(who, business_date=day),
            "statement": lambda who: statement_get(who, period),
            "trace": lambda who: line_trace(who, period=period, version_id=version.pk, seat_id=seats[who.pk], component="quarterly", run=run),
            "team": lambda who: team_heat_map(teams[who.pk], period=period),
        }
        found = {}
        for name, read in reads.items():
            times = []
            for who in shown:
                with CaptureQueriesContext(connection) as queries:
                    started = time.perf_counter()
                    read(who)
                    times.append(1000 * (time.perf_counter() - started))
            found[name] = {"p50": round(sorted(times)[10], 1), "max": round(max(times), 1), "queries": len(queries)}
        return found


@benchmark("engine", help="a full run through the real pipeline against its floor", arguments=arguments)
def bench_engine(options: Options) -> dict[str, Any]:
    """figure: seconds of the first full run (load, credit, measure, pay, post, statements). Seconds of the stages, of a run with
    nothing changed, and of an incremental run after late orders stand beside it."""
    payees, transactions, lines = options["payees"], options["transactions"], options["lines"]
    with scratch_database():
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        with tenant_scope(tenant.pk):
            people_write(payees=payees, by_line=lines > 0)
            ids = list(Payee.objects.order_by("pk").values_list("pk", flat=True))
            orders_write(first=1, count=transactions, payees=ids, lines=lines)
        maintain()
        workers = Workers(options["workers"])
        started = time.perf_counter()
        run, stages = run_timed(tenant.pk, workers=workers, is_full=True)
        figure = time.perf_counter() - started
        maintain()
        floor = floor_measure(tenant.pk, by_line=lines > 0)
        started = time.perf_counter()
        unchanged, _ = run_timed(tenant.pk, workers=workers, is_full=True)
        unchanged_seconds = time.perf_counter() - started
        late = max(1, transactions * options["late"] // 1_000_000)
        with tenant_scope(tenant.pk):
            orders_write(first=transactions + 1, count=late, payees=ids[: max(1, payees // 2)], lines=lines)
        started = time.perf_counter()
        incremental, _ = run_timed(tenant.pk, workers=workers, is_full=False)
        incremental_seconds = time.perf_counter() - started
        reads = reads_measure(tenant.pk, incremental)
        workers.stop()
        peak = peak_mib()
        with tenant_scope(tenant.pk):
            rows = {"results": RunResult.objects.count(), "ledger": LedgerEntry.objects.count()}
        return {
            "payees": payees, "transactions": transactions, "lines": transactions * lines, "workers": options["workers"], "figure": round(figure, 3),
            "floor": round(sum(floor.values()), 3), "peak_mib": peak, "stages": stages, "floor_parts": floor, "posted": run.summary["posted"],
            "results": run.summary["results"], "unchanged": round(unchanged_seconds, 3), "unchanged_posted": unchanged.summary["posted"],
            "incremental": round(incremental_seconds, 3), "incremental_late": late, "incremental_posted": incremental.summary["posted"], "rows": rows,
            "reads_ms": reads,
        }  # fmt: skip
