"""Replay: a past run again from its change number, in memory, compared with what the run left. Writes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from incentives.carried import CarriedTotals
from incentives.chunking import chunk_compute_all, chunks_of
from incentives.engine.measure import totals_merge
from incentives.engine.results import Totals
from incentives.engine.run import outcome_of
from incentives.explain import results_of
from incentives.inputs import RunInputs
from incentives.models import Run, RunChunk
from incentives.reading import ChangeNumbers
from incentives.settle import result_cells
from incentives.summary import results_digest
from incentives.totals import totals_unpack
from spm.calendars.models import Period

Key = tuple[int, int, int]
"""(seat, plan version, period)"""


@dataclass(frozen=True)
class Replayed:
    """What a replay found: how many results, the SHA-256 over all of them as the run kept it and as the replay has it, and a
    sentence for each result that differs."""

    run: Run
    results: int
    kept_hash: str
    found_hash: str
    findings: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Did the replay find the same bytes for everybody?"""
        return not self.findings and self.kept_hash == self.found_hash


def run_replay(run: Run) -> Iterator[str]:
    """One sentence per result that the replay finds otherwise. Needs the scope; a run of one period alone cannot be replayed."""
    yield from run_replayed(run).findings


def run_replayed(run: Run, *, progress: Callable[[int, int], None] = lambda done, total: None) -> Replayed:
    """Computes the run again as of its change number and compares, result by result. Needs the scope; not for a run of one period
    alone. progress: called after each chunk of payees with how many are done, of how many."""
    begun = set(Period.objects.filter(starts__lte=run.business_date).values_list("pk", flat=True))
    kept = results_of(run).filter(period_id__in=begun, **({"payee": run.payee_id} if run.payee_id else {}))
    left = {(seat, version, period): bytes(digest) for seat, version, period, digest in kept.values_list("seat_id", "plan_version_id", "period_id", "hash")}
    found, names = _computed(run, begun, progress)
    findings = []
    for key, digest in found.items():
        seat, version, period = key
        where = f"run {run.number}: seat {seat}, plan {names[version]}, period {period}"
        if key not in left:
            findings.append(f"{where}: the replay finds a result that the run did not leave")
        elif left[key] != digest:
            findings.append(f"{where}: the replay finds another result")
    findings += [
        f"run {run.number}: seat {seat}, plan version {version}, period {period}: the run left a result that the replay does not find"
        for seat, version, period in left
        if (seat, version, period) not in found
    ]
    # What a run for one payee kept is the hash over everybody's results; his are hashed here.
    hashed = results_digest((*key, digest) for key, digest in sorted(left.items())) if run.payee_id else run.results_hash
    return Replayed(run, len(left), hashed, results_digest((*key, digest) for key, digest in sorted(found.items())), tuple(findings))


def _computed(run: Run, begun: set[int], progress: Callable[[int, int], None]) -> tuple[dict[Key, bytes], dict[int, str]]:
    """The hash of every result, and the plan's code of every version."""
    inputs = RunInputs(number=run.known_number, business_date=run.business_date)
    known = ChangeNumbers.up_to(run.known_number)
    parts: dict[int, list[Totals]] = defaultdict(list)
    chunks = chunks_of(inputs, run.chunk_size)
    for number, payees in enumerate(chunks):
        chunk = RunChunk(number=number, payees=[] if number == 0 else payees)
        for version_id, body, _ in chunk_compute_all(inputs, chunk=chunk, known=known, amount_scale=run.amount_scale)[0]:
            if version_id is not None:
                parts[version_id].append(totals_unpack(body).totals)
        progress(number + 1, len(chunks))
    carried = CarriedTotals(inputs.versions, lambda version: totals_merge(parts[version.id]))
    found: dict[Key, bytes] = {}
    for version in inputs.versions:
        outcome = outcome_of(version.prepared, carried.of(version, version.paid))
        for (seat, period), cell in result_cells(version, outcome, begun).items():
            if run.payee_id not in (None, cell.payee):
                continue
            found[seat, version.id, period] = hashlib.sha256(cell.text).digest()
    return found, {version.id: version.plan_code for version in inputs.versions}
