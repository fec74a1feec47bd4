"""A run for one payee: whose orders have to be measured so that his pay comes out as in a run for everybody.

He has a chunk of his own. Others count only where a plan of his pays on a team or compares him with others; their chunks are the
usual ones, so that those of which nothing changed keep their totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from incentives.chunking import Chunks
from incentives.engine.crossing import crosses
from incentives.inputs import RunInputs


class PlannedChunk(NamedTuple):
    """A chunk of payees (NOBODY: what nobody owns); totals_of: the run whose totals still hold, None where it has to be computed."""

    number: int
    payees: list[int]
    totals_of: int | None


def others_needed(inputs: RunInputs, payee: int) -> frozenset[int]:
    """The payees from whom his pay takes something under any version of the run."""
    found: set[int] = set()
    for version in inputs.versions:
        plan = version.compiled
        if any(inputs.seats[seat][0] == payee for seat in version.paid) and (
            plan.rollups or any(component.team is not None for component in plan.components) or crosses(version.prepared)
        ):
            found |= version.enrolled | version.led
    return frozenset(found - {payee})


def chunks_planned(inputs: RunInputs, payee: int, chunks: Chunks, kept: Mapping[int, int]) -> list[PlannedChunk]:
    """His own chunk, and of the usual ones those in which somebody is from whom his pay takes. kept: number of a usual chunk -> the run
    whose totals of it hold. Own numbers begin behind those of the usual chunks."""
    if payee not in inputs.payees:
        return []
    others = others_needed(inputs, payee)
    found, beside = [], [[payee]]
    for number, chunk in enumerate(chunks):
        if others.isdisjoint(chunk):
            continue
        if payee in chunk:
            beside.append([other for other in chunk if other != payee])
        else:
            found.append(PlannedChunk(number, chunk, kept.get(number)))
    return found + [PlannedChunk(len(chunks) + i, chunk, None) for i, chunk in enumerate(beside)]
