"""`bench import`: seconds to import orders by a mapping document, beside the floor: bare COPY into twins of the same tables."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from django.db import connections

from spm.benchmarks import Options, benchmark, peak_mib, scratch_database
from spm.imports.readers import Source
from spm.imports.services import import_run, tables_vacuum
from spm.people.models import LegalEntity, Payee
from spm.sales.models import Account
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

PAYEES, ACCOUNTS = 1000, 20_000
MAPPING = """\
import: 1
source: bench
target: order
fields:
  external_id: id
  number: number
  order_date: date
  payee: seller
  account: customer
  amount: {column: amount, scale: 4}
  currency: {constant: USD}
  channel: {column: online, map: {"1": online, "0": direct}}
control: amount
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Size."""
    parser.add_argument("--rows", type=int, default=1_000_000)


@benchmark("import", help="a million orders by a mapping document, against bare COPY", arguments=arguments)
def bench_import(options: Options) -> dict[str, Any]:
    """Imports orders into an empty tenant; figure and floor in seconds."""
    rows = int(options["rows"])
    with scratch_database("spm_bench_import"), tempfile.TemporaryDirectory() as folder:
        tenant = Tenant.objects.create(slug="bench", name="Benchmark")
        with tenant_scope(tenant.pk):
            entity = LegalEntity.objects.create(code="bench", name="Bench", currency="USD")
            Payee.objects.bulk_create(Payee(source="bench", external_id=f"p{i}", legal_entity=entity, pay_currency="USD") for i in range(PAYEES))
            Account.objects.bulk_create((Account(source="bench", external_id=f"c{i}") for i in range(ACCOUNTS)), batch_size=5000)
        path = Path(folder) / "orders.csv"
        file_write(path, rows)
        stages: dict[str, float] = {}
        began = time.perf_counter()
        with tenant_scope(tenant.pk):
            batch = import_run(
                mapping_text=MAPPING, files=[Source(path.name, path=path)], progress=lambda stage, _: stages.update({stage: time.perf_counter() - began})
            )
        figure = time.perf_counter() - began
        peak = peak_mib()
        if batch.rows_accepted != rows:
            raise RuntimeError(f"{batch.rows_accepted} of {rows} rows were accepted")
        tables_vacuum(target="order")
        floor = floor_import(Path(folder), tenant_id=tenant.pk)
    return {
        "rows": rows, "figure": round(figure, 2), "floor": round(floor, 2), "rows_per_second": round(rows / figure),
        "until_read": round(stages["read"], 2), "until_resolved": round(stages["write"], 2), "until_written": round(stages["check"], 2), "peak_mib": peak,
    }  # fmt: skip


def file_write(path: Path, rows: int) -> None:
    """A CSV file of orders, spread over payees, accounts and the days of a year."""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,number,date,seller,customer,amount,online\n")
        file.writelines(
            f"{i},SO{i},2024-{i % 12 + 1:02}-{i % 28 + 1:02},p{i * 7919 % PAYEES},c{i * 104_729 % ACCOUNTS},{i % 9973}.{i % 10_000:04},{i % 5 // 4}\n"
            for i in range(rows)
        )


def floor_import(folder: Path, *, tenant_id: int) -> float:
    """Seconds to COPY the same rows into twins of sales_order and sales_orderversion: same indexes and keys, no policies."""
    tables = ("sales_order", "sales_orderversion")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, false)", [str(tenant_id)])
        for table in tables:
            with (folder / table).open("wb") as file:
                cursor.copy_expert(f"COPY (SELECT * FROM {table} WHERE tenant_id = {int(tenant_id)} ORDER BY id) TO STDOUT", file)
            cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL)")
        _keys(cursor, "sales_order", {})
        _keys(cursor, "sales_orderversion", {"sales_order": "twin_sales_order"})
        began = time.perf_counter()
        cursor.execute("BEGIN")
        for table in tables:
            with (folder / table).open("rb") as file:
                cursor.copy_expert(f"COPY twin_{table} FROM STDIN", file)
        cursor.execute("COMMIT")
        return time.perf_counter() - began


def _keys(cursor: Any, table: str, twins: dict[str, str]) -> None:
    cursor.execute(
        "SELECT pg_get_constraintdef(c.oid), t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid "
        "WHERE c.conrelid = %s::regclass AND c.contype = 'f'",
        [table],
    )
    for definition, target in cursor.fetchall():
        cursor.execute(f"ALTER TABLE twin_{table} ADD {definition.replace(f'REFERENCES {target}(', f'REFERENCES {twins.get(target, target)}(')}")
