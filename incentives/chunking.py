"""Chunks of payees: the unit of work and of reuse. Chunk 0 is what nobody owns; the others are runs of ascending payee ids.

New payees have higher ids, so that an existing chunk keeps its payees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from incentives.engine.contracts import NOBODY, ChunkResult, Facts, Splits, Uncredited
from incentives.engine.measure import chunk_compute
from incentives.engine.rounding import scaled
from incentives.engine.run import facts_for
from incentives.fx import facts_converted
from incentives.inputs import RunInputs, VersionInputs
from incentives.loaders import ChangeNumbers, LoadedFacts, facts_load
from incentives.models import RunChunk
from incentives.totals import totals_pack, uncredited_pack

CHUNK = 200
Bounds = list[tuple[int | None, int | None]]


def chunk_bounds(payees: list[int], size: int) -> Bounds:
    """[low, high] of each chunk, chunk 0 first; payees ascending."""
    return [(None, None)] + [(payees[i], payees[min(i + size, len(payees)) - 1]) for i in range(0, len(payees), size)]


def chunk_numbers_of(payees: Iterable[int], bounds: Bounds) -> set[int]:
    """The chunks in which the payees are; NOBODY is in chunk 0."""
    lows = np.array([low for low, _ in bounds[1:]], dtype=np.int64)
    return {0 if payee == NOBODY else int(np.searchsorted(lows, payee, side="right")) for payee in payees}


def chunk_compute_all(inputs: RunInputs, *, chunk: RunChunk, known: ChangeNumbers, amount_scale: int) -> tuple[list[tuple[int | None, bytes]], int]:
    """Totals of a chunk under every plan version, packed, and under None its uncredited orders; and the rows read."""
    loaded = facts_load(low=chunk.low_payee, high=chunk.high_payee, known=known, amount_scale=amount_scale)
    payees = payees_within(inputs, chunk.low_payee, chunk.high_payee)
    explained = Explained(inputs, loaded.facts, payees)
    found: list[tuple[int | None, bytes]] = []
    for version in inputs.versions:
        computed = version_compute(inputs, version, loaded, payees)
        if computed is not None:
            explained.add(version, computed.payees, computed.uncredited)
            found.append((version.id, totals_pack(computed.result)))
    found.append((None, uncredited_pack(explained.rest())))
    return found, loaded.rows_read


def payees_within(inputs: RunInputs, low: int | None, high: int | None) -> list[int]:
    """The payees of a chunk; without bounds the pseudo payee of what nobody owns."""
    return [NOBODY] if low is None or high is None else [payee for payee in inputs.payees if low <= payee <= high]


@dataclass(frozen=True)
class Computed:
    """What one plan version makes of a chunk: its payees of it, the result, and every order that it could not credit."""

    payees: list[int]
    result: ChunkResult
    uncredited: list[Uncredited]


def version_compute(inputs: RunInputs, version: VersionInputs, loaded: LoadedFacts, payees: list[int]) -> Computed | None:
    """Credits and measures a chunk under one plan version; None where none of its payees is under it."""
    mine = payees if payees == [NOBODY] else [payee for payee in payees if payee in version.enrolled]
    if not mine:
        return None
    facts, splits = version_facts(version, loaded.facts, loaded.splits, mine, whole=len(mine) == len(payees))
    facts, unpriced = facts_converted(inputs, version, facts)
    result = chunk_compute(version.prepared, facts, splits, mine)
    return Computed(mine, result, [*result.uncredited, *unpriced])


def version_facts(version: VersionInputs, facts: Facts, splits: Splits, payees: list[int], *, whole: bool) -> tuple[Facts, Splits]:
    """The part of a chunk's facts that a plan version looks at: its payees, the days on which it is in force."""
    keep = np.zeros(len(facts), dtype=bool)
    for low, high in version.coverage:
        keep |= (facts.event_date >= low) & (facts.event_date < high)
    if not keep.all():
        rows = np.flatnonzero(keep)
        facts = replace(
            facts, object_id=facts.object_id[rows], payee=facts.payee[rows], event_date=facts.event_date[rows], amount=facts.amount[rows],
            codes={name: codes[rows] for name, codes in facts.codes.items()},
        )  # fmt: skip
    if whole:
        return facts, splits
    return facts_for(facts, splits, payees)


class Explained:
    """Which orders of a chunk some plan credited or excluded, and why the rest was not.

    An order counts as uncredited when every version that looked at it says so. One from before any plan is nobody's business.
    """

    def __init__(self, inputs: RunInputs, facts: Facts, payees: list[int]) -> None:
        self.inputs, self.facts, self.payees = inputs, facts, payees
        self.owned = np.isin(facts.payee, np.array(payees, dtype=np.int64))
        self.looked = np.zeros(len(facts), dtype=np.int64)
        self.said: dict[tuple[int, int], list[Uncredited]] = defaultdict(list)

    def add(self, version: VersionInputs, payees: list[int], uncredited: Iterable[Uncredited]) -> None:
        """What one version looked at and what it could not credit."""
        facts = self.facts
        mine = np.isin(facts.payee, np.array(payees, dtype=np.int64)) if len(payees) < len(self.payees) else self.owned
        for low, high in version.coverage:
            self.looked += mine & (facts.event_date >= low) & (facts.event_date < high)
        for item in uncredited:
            self.said[item.object_id, item.payee].append(item)

    def rest(self) -> list[Uncredited]:
        """The uncredited orders of the chunk, in order of id."""
        found = []
        if self.said:
            row_of = {int(self.facts.object_id[i]): i for i in np.flatnonzero(self.owned)}
            for (record, payee), items in self.said.items():
                row = row_of[record]
                owner = int(self.facts.payee[row])
                if payee == owner:
                    if len(items) == self.looked[row]:
                        found.append(items[0])
                elif not self._seated_elsewhere(payee, items):
                    found.append(items[0])
        unlooked = self.owned & (self.looked == 0) & self._under_any_plan()
        if self.payees != [NOBODY]:
            facts = self.facts
            for i in np.flatnonzero(unlooked):
                amount = scaled(int(facts.amount[i]), facts.amount_scale)
                found.append(Uncredited(int(facts.object_id[i]), int(facts.payee[i]), int(facts.event_date[i]), amount, "no_plan"))
        return sorted(found, key=lambda item: (item.object_id, item.payee))

    def _seated_elsewhere(self, payee: int, items: list[Uncredited]) -> bool:
        """Is the participant under another plan, which credits his share?"""
        return sum(payee in version.enrolled for version in self.inputs.versions) > len(items)

    def _under_any_plan(self) -> npt.NDArray[np.bool_]:
        """Rows on whose day some plan version is in force."""
        keep = np.zeros(len(self.facts), dtype=bool)
        for version in self.inputs.versions:
            for low, high in version.coverage:
                keep |= (self.facts.event_date >= low) & (self.facts.event_date < high)
        return keep
