"""Chunks of payees: the unit of work and of reuse. Chunk 0 is what nobody owns; the others are payees who are under the same plans.

Each plan of a chunk is computed over arrays of its own: payees of one plan together make few long arrays instead of many short ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from incentives.engine.contract_years import ContractYears
from incentives.engine.contracts import NOBODY, Facts, Splits
from incentives.engine.measure import chunk_compute, lead_compute, totals_add
from incentives.engine.results import ChunkResult, Totals, Uncredited
from incentives.engine.run import facts_for
from incentives.explained import Explained
from incentives.fx import facts_converted
from incentives.inputs import RunInputs, VersionInputs
from incentives.line_loaders import LineNeeds
from incentives.loaders import LoadedFacts, facts_load
from incentives.models import RunChunk
from incentives.reading import ChangeNumbers
from incentives.totals import managers_of, totals_pack, uncredited_pack

CHUNK = 125
Chunks = list[list[int]]


def chunks_of(inputs: RunInputs, size: int) -> Chunks:
    """The payees of each chunk, ascending; chunk 0 is the pseudo payee of what nobody owns. None has more than `size`: whoever is
    under the same plan versions is together, as far as that goes."""
    under: dict[int, list[int]] = {payee: [] for payee in inputs.payees}
    for version in inputs.versions:
        for payee in version.enrolled | version.led:
            if payee in under:
                under[payee].append(version.id)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for payee in sorted(under):
        alike[tuple(under[payee])].append(payee)
    chunks: Chunks = []
    room = 0
    for _, payees in sorted(alike.items()):
        if len(payees) > room:
            chunks.append([])
            room = size
        while len(payees) > room:
            chunks[-1] += payees[:room]
            payees = payees[room:]
            chunks.append([])
            room = size
        chunks[-1] += payees
        room -= len(payees)
    return [[NOBODY], *(sorted(chunk) for chunk in chunks if chunk)]


def chunk_numbers_of(payees: Iterable[int], chunks: Chunks) -> set[int]:
    """The chunks in which the payees are; NOBODY is in chunk 0."""
    number = {payee: n for n, chunk in enumerate(chunks) for payee in chunk}
    return {number[payee] for payee in payees if payee in number}


def groups_of(payees: Iterable[int], chunks: Chunks, size: int) -> Chunks:
    """Some payees in groups of at most `size`, those of one chunk together: what settles them has few plans to look at."""
    wanted = set(payees)
    groups: Chunks = []
    for chunk in chunks[1:]:
        mine = [payee for payee in chunk if payee in wanted]
        if groups and len(groups[-1]) + len(mine) <= size:
            groups[-1] += mine
        elif mine:
            groups.append(mine)
    return groups


class Packed(NamedTuple):
    """A chunk's totals under one plan version, packed, and the seats to whose teams it contributes; under None its uncredited orders."""

    version: int | None
    body: bytes
    managers: list[int]


def chunk_compute_all(inputs: RunInputs, *, chunk: RunChunk, known: ChangeNumbers, amount_scale: int) -> tuple[list[Packed], int]:
    """Totals of a chunk under every plan version, packed, and under None its uncredited orders; and the rows read."""
    payees = chunk.payees or [NOBODY]
    lines = line_needs(inputs, payees)
    loaded = facts_load(payees=payees, known=known, amount_scale=amount_scale, lines=lines)
    explained = Explained(inputs, loaded, payees)
    found: list[Packed] = []
    for version in inputs.versions:
        computed = version_compute(inputs, version, loaded, payees)
        if computed is not None:
            explained.add(version, computed.payees, computed.uncredited)
            found.append(Packed(version.id, totals_pack(computed.result), managers_of(computed.result)))
    found.append(Packed(None, uncredited_pack(explained.rest()), []))
    return found, loaded.rows_read


def line_needs(inputs: RunInputs, payees: list[int]) -> LineNeeds | None:
    """What a chunk reads of order lines; None where no plan of its payees reads them."""
    if inputs.line_needs is None or payees == [NOBODY]:
        return inputs.line_needs
    wanted = (version.enrolled | version.led for version in inputs.versions if version.compiled.reads == "order_lines")
    return inputs.line_needs if any(not enrolled.isdisjoint(payees) for enrolled in wanted) else None


@dataclass(frozen=True)
class Computed:
    """What one plan version makes of a chunk: its payees of it, the result, and every order that it could not credit."""

    payees: list[int]
    result: ChunkResult
    uncredited: list[Uncredited]


def version_compute(inputs: RunInputs, version: VersionInputs, loaded: LoadedFacts, payees: list[int]) -> Computed | None:
    """Credits and measures a chunk under one plan version; None where none of its payees is under it."""
    mine = payees if payees == [NOBODY] else [payee for payee in payees if payee in version.enrolled]
    both = sorted({*mine, *(payee for payee in payees if payee in version.led)}) if version.led else mine
    if not both:
        return None
    facts, splits = version_part(loaded, version.compiled.grain, version.coverage, mine, whole=len(mine) == len(payees))
    facts, unpriced = facts_converted(inputs, version, facts)
    result = chunk_compute(version.prepared, facts, splits, both)
    lead = lead_totals(inputs, version, loaded, both, whole=len(both) == len(payees))
    if lead is not None:
        result = replace(result, totals=totals_add(result.totals, lead))
    return Computed(mine, result, [*result.uncredited, *unpriced, *_refused(version, loaded, mine)])


def lead_totals(inputs: RunInputs, version: VersionInputs, loaded: LoadedFacts, payees: list[int], *, whole: bool) -> Totals | None:
    """What was sold before the version's own days and counts in its measures that carry; None where nothing does."""
    found = facts_before(inputs, version, loaded, payees, whole=whole)
    return None if found is None else lead_compute(version.prepared, *found, payees)


def facts_before(inputs: RunInputs, version: VersionInputs, loaded: LoadedFacts, payees: list[int], *, whole: bool) -> tuple[Facts, Splits] | None:
    """The part of a chunk's facts that lies on days of lead-ins; None where the version has none."""
    prepared = version.prepared
    if prepared.lead is None:
        return None
    low = min(item.start for item in prepared.inputs.lead_ins)
    high = max(item.end for item in prepared.inputs.lead_ins)
    facts, splits = version_part(loaded, version.compiled.grain, ((low, high),), payees, whole=whole)
    return facts_converted(inputs, version, facts)[0], splits


def _refused(version: VersionInputs, loaded: LoadedFacts, payees: list[int]) -> list[Uncredited]:
    """Orders of these payees that the version looks at and that cannot be read by line."""
    if version.compiled.reads == "orders" or loaded.lines is None:
        return []
    mine = set(payees)
    return [item for item in loaded.lines.refused if item.payee in mine and any(low <= item.event_date < high for low, high in version.coverage)]


def version_part(
    loaded: LoadedFacts, reads: str | ContractYears, coverage: Iterable[tuple[int, int]], payees: list[int], *, whole: bool
) -> tuple[Facts, Splits]:  # fmt: skip
    """The part of a chunk's facts that lies in some days and concerns some of its payees (whole: they are all of them): what they own,
    and that in whose splits they take part, with all its splits. As `engine.run.facts_for` finds it, with what is the same for all
    versions of a chunk done once."""
    facts, splits = loaded.at(reads)
    keep = np.zeros(len(facts), dtype=bool)
    for low, high in coverage:
        keep |= (facts.event_date >= low) & (facts.event_date < high)
    if whole:
        return (facts if keep.all() else facts.taken(np.flatnonzero(keep))), splits
    rows = loaded.split_rows(reads)
    if rows is None:
        return facts_for(facts.taken(np.flatnonzero(keep)), splits, payees)
    wanted = np.array(payees, dtype=np.int64)
    mine = np.isin(facts.payee, wanted)
    shared = rows[np.isin(splits.payee, wanted)]
    mine[shared[shared >= 0]] = True
    keep &= mine
    of = np.flatnonzero((rows >= 0) & keep[rows]) if len(facts) else np.empty(0, dtype=np.int64)
    part = Splits(splits.object_id[of], splits.payee[of], splits.quota_share[of], splits.pay_share[of], splits.role[of])
    return facts.taken(np.flatnonzero(keep)), part


def version_facts(version: VersionInputs, facts: Facts, splits: Splits, payees: list[int], *, whole: bool) -> tuple[Facts, Splits]:
    """The part of a chunk's facts that a plan version looks at: its payees, the days on which it is in force."""
    keep = np.zeros(len(facts), dtype=bool)
    for low, high in version.coverage:
        keep |= (facts.event_date >= low) & (facts.event_date < high)
    if not keep.all():
        facts = facts.taken(np.flatnonzero(keep))
    if whole:
        return facts, splits
    return facts_for(facts, splits, payees)
