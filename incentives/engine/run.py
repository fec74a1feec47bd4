"""A whole run of one plan in one process: the stages one after the other, in chunks of payees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from .contracts import NOBODY, Facts, Splits
from .crossing import crosses, crossing
from .earn import earn
from .measure import chunk_compute, totals_merge
from .prepare import Prepared
from .results import ChunkResult, ExclusionCount, Outcome, RunResult, Totals

CHUNK = 200


def payee_chunks(facts: Facts, splits: Splits, prepared: Prepared, size: int = CHUNK) -> list[list[int]]:
    """All payees of a run in chunks, the pseudo payee of unowned objects first."""
    payees = sorted({*facts.payee.tolist(), *splits.payee.tolist(), *prepared.people.payees.tolist()} - {NOBODY})
    return [[NOBODY]] + [payees[i : i + size] for i in range(0, len(payees), size)]


def facts_for(facts: Facts, splits: Splits, payees: Sequence[int]) -> tuple[Facts, Splits]:
    """The part of the facts that a chunk needs: owned objects, and those in whose splits the payees take part."""
    wanted = np.array(payees, dtype=np.int64)
    shared = splits.object_id[np.isin(splits.payee, wanted)]
    keep = np.isin(facts.payee, wanted)
    if len(shared):
        keep |= np.isin(facts.object_id, shared)
    rows = np.flatnonzero(keep)
    part = facts.taken(rows)
    of = np.flatnonzero(np.isin(splits.object_id, part.object_id))
    return part, Splits(splits.object_id[of], splits.payee[of], splits.quota_share[of], splits.pay_share[of], splits.role[of])


def outcome_of(prepared: Prepared, totals: Totals) -> Outcome:
    """Earnings of everybody, overrides on the team's commission included (those last)."""
    return earn(prepared, totals, team_pay=crossing(prepared, totals) if crosses(prepared) else None)


def chunks_merge(chunks: Sequence[ChunkResult]) -> ChunkResult:
    """Chunk results as one."""
    exclusions: dict[str, ExclusionCount] = {}
    amounts: dict[str, Decimal] = {}
    for chunk in chunks:
        for item in chunk.exclusions:
            have = exclusions.get(item.name, ExclusionCount(item.name, 0, item.amount - item.amount))
            exclusions[item.name] = ExclusionCount(item.name, have.count + item.count, have.amount + item.amount)
        for name, amount in chunk.credited_amount.items():
            amounts[name] = amounts.get(name, Decimal(0)) + amount
    uncredited = sorted((item for chunk in chunks for item in chunk.uncredited), key=lambda u: (u.object_id, u.payee))
    return ChunkResult(
        totals_merge([chunk.totals for chunk in chunks]),
        tuple(exclusions.values()),
        tuple(uncredited),
        sum(chunk.credited_objects for chunk in chunks),
        amounts,
    )


def run(prepared: Prepared, facts: Facts, splits: Splits | None = None, chunk: int | None = CHUNK) -> RunResult:
    """Run the plan over all facts. `chunk` payees at a time (None: all at once); the result is the same."""
    splits = splits or Splits.none()
    if chunk is None:
        merged = chunk_compute(prepared, facts, splits)
    else:
        parts = []
        for payees in payee_chunks(facts, splits, prepared, chunk):
            part, part_splits = facts_for(facts, splits, payees)
            parts.append(chunk_compute(prepared, part, part_splits, payees))
        merged = chunks_merge(parts)
    return RunResult(outcome_of(prepared, merged.totals), merged.totals, merged.exclusions, merged.uncredited, merged.credited_objects, merged.credited_amount)
