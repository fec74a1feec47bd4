"""A chunk of an incremental run from its last totals and the changed orders alone: what they were is taken off, what they are is added.

Measures are sums over credited orders and every rule looks at one order at a time, so that the sums of a chunk after a change differ
from those before it by its changed orders. Where that does not hold (a formula that runs over earlier orders, a plan that reads lines,
a base without the sums), the chunk is measured again from all of its orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from django.db import connection

from incentives.additive import adds_up
from incentives.changed import change_sets_between
from incentives.chunking import Packed, chunk_compute_all, line_needs, version_compute
from incentives.engine.columns import LIMIT
from incentives.engine.contracts import NOBODY, IntColumn
from incentives.engine.measure import credited_amounts
from incentives.engine.results import ChunkResult, ExclusionCount, TeamRow, Totals, Uncredited
from incentives.engine.run import facts_for
from incentives.explained import Explained
from incentives.inputs import RunInputs, VersionInputs
from incentives.loaders import LoadedFacts, facts_of_orders
from incentives.models import ChunkTotals, Run, RunChunk
from incentives.reading import ChangeNumbers
from incentives.totals import managers_of, totals_pack, totals_unpack, uncredited_pack, uncredited_unpack
from spm.tenancy.scope import required_tenant_id

MOST = 100_000
"""Changed orders that are looked at one by one; of more, whole chunks are measured again."""


@dataclass(frozen=True)
class ChangedOrders:
    """Orders that changed between a run and its base: as the base knew them, and as the run knows them."""

    records: IntColumn
    before: LoadedFacts
    after: LoadedFacts


def chunk_measure(inputs: RunInputs, *, run: Run, chunk: RunChunk) -> tuple[list[Packed], int]:
    """Totals of a chunk as `chunk_compute_all` finds them, and the order versions that were read for it."""
    found = _updated(inputs, run, chunk)
    return found or chunk_compute_all(inputs, chunk=chunk, known=ChangeNumbers.up_to(run.known_number), amount_scale=run.amount_scale)


def _updated(inputs: RunInputs, run: Run, chunk: RunChunk) -> tuple[list[Packed], int] | None:
    payees = chunk.payees or [NOBODY]
    base = run.base
    if run.is_full or base is None or run.payee_id is not None or line_needs(inputs, payees) is not None:
        return None
    own = set(payees)
    versions = [one for one in inputs.versions if payees == [NOBODY] or not own.isdisjoint(one.enrolled) or not own.isdisjoint(one.led)]
    if not all(adds_up(version.compiled) for version in versions):
        return None
    kept = _kept(base, chunk)
    orders = changed_orders(required_tenant_id(), run.pk, base.known_number, run.known_number, run.amount_scale)
    if kept is None or orders is None:
        return None
    before, after = _part(orders.before, payees), _part(orders.after, payees)
    explained = Explained(inputs, after, payees)
    found: list[Packed] = []
    for version in versions:
        was, now = version_compute(inputs, version, before, payees), version_compute(inputs, version, after, payees)
        body = kept.pop(version.id, None)
        if was is None or now is None:
            if body is not None:
                return None
            continue
        result = None if body is None else _moved(version, totals_unpack(body), was.result, now.result)
        if result is None:
            return None
        explained.add(version, now.payees, now.uncredited)
        found.append(Packed(version.id, totals_pack(result), managers_of(result)))
    if kept.keys() != {None}:
        return None  # the base measured under other versions
    found.append(Packed(None, uncredited_pack(_listed(uncredited_unpack(kept[None]), orders.records, explained.rest())), []))
    return found, before.rows_read + after.rows_read


def _kept(base: Run, chunk: RunChunk) -> dict[int | None, bytes] | None:
    """The base's totals of the same payees by version; None where they are no longer there."""
    of = RunChunk.objects.filter(run=base, number=chunk.number).first()
    if of is None or of.payees != chunk.payees or of.state != RunChunk.State.DONE:
        return None
    rows = ChunkTotals.objects.filter(run_id=of.totals_of_id, number=chunk.number).values_list("plan_version_id", "body")
    return dict(rows) or None


@lru_cache(maxsize=1)
def changed_orders(tenant_id: int, run_id: int, after: int, upto: int, amount_scale: int) -> ChangedOrders | None:
    """The orders of a tenant that changed in (after, upto], found by their change sets and read by their ids; kept for the run's other
    chunks. None where they are too many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT record_id FROM sales_orderversion WHERE tenant_id = %s AND change_set_id = ANY(%s) LIMIT %s",
            [tenant_id, change_sets_between(after, upto), MOST + 1],
        )
        records = np.array(sorted(row[0] for row in cursor.fetchall()), dtype=np.int64)
    if len(records) > MOST:
        return None
    before, now = (facts_of_orders(records=records, known=ChangeNumbers.up_to(number), amount_scale=amount_scale) for number in (after, upto))
    return ChangedOrders(records, before, now)


def _part(loaded: LoadedFacts, payees: list[int]) -> LoadedFacts:
    """What of some orders a chunk looks at: those that its payees own or in whose splits they take part."""
    facts, splits = facts_for(loaded.facts, loaded.splits, payees)
    if payees == [NOBODY]:
        facts = facts.taken(np.flatnonzero(facts.payee == NOBODY))
    return LoadedFacts(facts, splits, len(facts))


def _moved(version: VersionInputs, kept: ChunkResult, was: ChunkResult, now: ChunkResult) -> ChunkResult | None:
    """The kept result without what some orders were and with what they are; None where the three cannot be put together."""
    totals = [item.totals for item in (kept, was, now)]
    sums = [item.credited_sums for item in (kept, was, now)]
    if any(one.denominators != totals[0].denominators or one.assignments.tolist() != totals[0].assignments.tolist() for one in totals[1:]):
        return None
    if any(one.own.shape != totals[0].own.shape for one in totals[1:]) or not sums[0].keys() == sums[1].keys() == sums[2].keys():
        return None
    wide = any(one.own.dtype == object or int(np.abs(one.own).max(initial=0)) > LIMIT for one in totals)
    parts = [one.own.astype(object) if wide else one.own for one in totals]
    moved = replace(totals[0], own=parts[0] - parts[1] + parts[2], team=_team(*totals))
    credited = {}
    for name, (amount, denominator) in sums[0].items():
        if not denominator == sums[1][name][1] == sums[2][name][1]:
            return None
        credited[name] = (amount - sums[1][name][0] + sums[2][name][0], denominator)
    return ChunkResult(
        moved, _exclusions(kept, was, now), (), kept.credited_objects - was.credited_objects + now.credited_objects,
        credited_amounts(version.compiled, credited), credited,
    )  # fmt: skip


def _team(kept: Totals, was: Totals, now: Totals) -> tuple[TeamRow, ...]:
    found = {row[:4]: row.amount for row in kept.team}
    for rows, sign in ((was.team, -1), (now.team, 1)):
        for row in rows:
            found[row[:4]] = found.get(row[:4], 0) + sign * row.amount
    return tuple(TeamRow(*key, amount) for key, amount in sorted(found.items()) if amount)


def _exclusions(kept: ChunkResult, was: ChunkResult, now: ChunkResult) -> tuple[ExclusionCount, ...]:
    return tuple(
        ExclusionCount(item.name, item.count - old.count + new.count, item.amount - old.amount + new.amount)
        for item, old, new in zip(kept.exclusions, was.exclusions, now.exclusions, strict=True)
    )


def _listed(kept: Iterable[Uncredited], records: IntColumn, now: Iterable[Uncredited]) -> list[Uncredited]:
    """The uncredited list with what is said of the changed orders now."""
    changed = set(records.tolist())
    return sorted([*(item for item in kept if item.object_id not in changed), *now], key=lambda item: (item.object_id, item.payee, item.reason))
