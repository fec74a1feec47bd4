"""The lists that a run leaves: named exclusions with their counts, and the orders that nothing explained."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from incentives.engine.contracts import NOBODY, day_text
from incentives.inputs import RunInputs
from incentives.models import ChunkTotals, Run, RunChunk, RunExclusion, UncreditedOrder
from incentives.totals import totals_unpack, uncredited_unpack
from incentives.writers import UNCREDITED_COLUMNS, rows_end, rows_insert
from spm.sales.crediting import is_stated, reasons_of
from spm.sales.models import CreditedBy

Found = dict[tuple[int, int, str], tuple[Any, ...]]
TERRITORY_REASONS = {
    CreditedBy.NO_ACCOUNT: "no_account", CreditedBy.NO_TERRITORY: "no_territory", CreditedBy.NO_HOLDER: "no_holder", CreditedBy.SHARED: "shared_territory",
}  # fmt: skip


def close_lists(run: Run, inputs: RunInputs) -> dict[int, tuple[int, Decimal]]:
    """Writes exclusions of the run and the differences of the uncredited list; needs the scope. Repeating it changes nothing. A run for
    one payee writes what it found in his own chunk, and leaves the orders of all others as they are.

    Returns the number of credited orders and their pay credit by plan version.
    """
    chunks, listed = RunChunk.objects.filter(run=run), UncreditedOrder.objects.filter(run_to__isnull=True)
    if run.payee_id is not None:
        chunks, listed = chunks.filter(payees=[run.payee_id]), listed.filter(payee=run.payee_id)
    wanted = set(chunks.values_list("number", "totals_of_id"))
    versions = {version.id for version in inputs.versions}
    counts: dict[tuple[int, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    credited: dict[int, list[Any]] = {version: [0, Decimal(0)] for version in versions}
    found: Found = {}
    for row in ChunkTotals.objects.filter(run_id__in={of for _, of in wanted}).iterator():
        if (row.number, row.run_id) not in wanted:
            continue
        if row.plan_version_id is None:
            for item in uncredited_unpack(row.body):
                if run.payee_id in (None, item.payee):
                    found[item.object_id, item.payee, item.reason] = (day_text(item.event_date), item.amount, item.is_part)
            continue
        if row.plan_version_id not in versions:
            continue
        result = totals_unpack(row.body, managers=())
        credited[row.plan_version_id][0] += result.credited_objects
        credited[row.plan_version_id][1] += sum(result.credited_amount.values(), Decimal(0))
        for exclusion in result.exclusions:
            count = counts[row.plan_version_id, exclusion.name]
            count[0] += exclusion.count
            count[1] += exclusion.amount
    found = _named(found, run)
    RunExclusion.objects.filter(run=run).delete()
    RunExclusion.objects.bulk_create(
        RunExclusion(run=run, plan_version_id=version, name=name, count=count, amount=amount) for (version, name), (count, amount) in sorted(counts.items())
    )
    gone = []
    for now in listed.iterator():
        key = (now.order_id, NOBODY if now.payee_id is None else now.payee_id, now.reason)
        same = found.get(key)
        if same is not None and same == (now.event_date.isoformat(), now.amount, now.is_part):
            del found[key]
        else:
            gone.append(now.pk)
    rows_end("incentives_uncreditedorder", gone, run_id=run.pk)
    rows = [
        (order, None if payee == NOBODY else payee, day, amount, reason, run.pk, is_part)
        for (order, payee, reason), (day, amount, is_part) in sorted(found.items())
    ]
    rows_insert("incentives_uncreditedorder", (*UNCREDITED_COLUMNS, ("is_part", "boolean")), rows, uid=True)
    return {version: (count, amount) for version, (count, amount) in sorted(credited.items())}


def _named(found: Found, run: Run) -> Found:
    """The list, with why an order without an owner has none where it was left to territories."""
    if not is_stated():
        return found
    codes = reasons_of([order for order, _, reason in found if reason == "no_owner"], known_at=run.known_number)
    return {(order, payee, TERRITORY_REASONS[CreditedBy(codes[order])] if reason == "no_owner" and order in codes else reason): values
            for (order, payee, reason), values in found.items()}  # fmt: skip
