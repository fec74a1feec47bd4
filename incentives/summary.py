"""What a run says of itself in a few figures, as JSON: for the command, the run console and the comparison of runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from incentives.models import LedgerEntry, PlanVersion, Run, RunChunk, RunExclusion, RunIssue, RunResult, UncreditedOrder
from spm.tenancy.scope import required_tenant_id


def money(amount: int, scale: int) -> str:
    """An integer at a scale as text.

    >>> money(-1205, 2)
    '-12.05'
    """
    return str(Decimal(amount).scaleb(-scale))


def summary_make(run: Run, credited: dict[int, tuple[int, Decimal]]) -> dict[str, Any]:
    """The summary; needs the scope. Amounts are texts, by currency. credited: orders and pay credit by plan version."""
    names = {v.pk: {"plan": v.plan.code, "version": v.number} for v in PlanVersion.objects.select_related("plan")}
    posts = LedgerEntry.objects.filter(run=run).order_by().values_list("currency", "scale", "cause").annotate(n=Count("id"), a=Sum("amount"))
    chunks = RunChunk.objects.filter(run=run).aggregate(
        all=Count("id"), computed=Count("id", filter=Q(totals_of=run)), rows=Sum("rows_read", filter=Q(totals_of=run))
    )
    amounts: dict[str, Decimal] = {}
    causes: dict[str, int] = {}
    for currency, scale, cause, count, amount in posts:
        amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(amount).scaleb(-scale)
        causes[cause] = causes.get(cause, 0) + count
    changed = RunResult.objects.filter(run_from=run).count()
    return {
        "run": run.number, "kind": run.kind, "known_number": run.known_number, "business_date": run.business_date.isoformat(), "full": run.is_full,
        "full_because": run.full_because, "chunks": chunks["all"], "chunks_computed": chunks["computed"], "rows_read": chunks["rows"] or 0,
        "plans": [
            {**names[version], "orders_credited": count, "amount_credited": str(amount)} for version, (count, amount) in credited.items()
        ],
        "results": RunResult.objects.filter(run_to__isnull=True).count(), "results_changed": changed, "results_hash": results_hash(),
        "posted": sum(causes.values()), "posted_by_cause": causes,
        "posted_amount": {currency: str(amount) for currency, amount in sorted(amounts.items())},
        "exclusions": [
            {**names[row.plan_version_id], "name": row.name, "count": row.count, "amount": str(row.amount.normalize() if row.amount else 0)}
            for row in RunExclusion.objects.filter(run=run).order_by("plan_version_id", "name")
        ],
        "uncredited": UncreditedOrder.objects.filter(run_to__isnull=True).count(),
        "issues": RunIssue.objects.filter(run_to__isnull=True).count(),
    }  # fmt: skip


def results_hash() -> str:
    """SHA-256 over all results in force: equal for two runs that found the same. As `results_digest` has it, but seat by seat where the rows are."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(convert_to(concat_ws('/', seat_id, plan_version_id, period_id, ''), 'UTF8') || hash, ''::bytea "
            "ORDER BY plan_version_id, period_id) FROM incentives_runresult WHERE tenant_id = %s AND run_to_id IS NULL GROUP BY seat_id ORDER BY seat_id",
            [required_tenant_id()],
        )
        for (of_seat,) in cursor.fetchall():
            digest.update(of_seat)
    return digest.hexdigest()


def results_digest(results: Iterable[tuple[int, int, int, bytes | memoryview]]) -> str:
    """SHA-256 over (seat, plan version, period, hash) in ascending order: what a run keeps, and what its replay must come to."""
    digest = hashlib.sha256()
    for seat, version, period, found in results:
        digest.update(f"{seat}/{version}/{period}/".encode() + bytes(found))
    return digest.hexdigest()
