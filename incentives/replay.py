"""Replay: a past run again from its change number, in memory, compared with what the run left. Writes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator

from incentives.carried import CarriedTotals
from incentives.chunking import chunk_bounds, chunk_compute_all
from incentives.engine.contracts import Totals
from incentives.engine.measure import totals_merge
from incentives.engine.run import outcome_of
from incentives.explain import results_of
from incentives.inputs import RunInputs
from incentives.models import Run, RunChunk
from incentives.reading import ChangeNumbers
from incentives.settle import result_cells
from incentives.totals import totals_unpack
from spm.calendars.models import Period


def run_replay(run: Run) -> Iterator[str]:
    """One sentence per result that the replay finds otherwise. Needs the scope; a run of one period alone cannot be replayed."""
    inputs = RunInputs(number=run.known_number, business_date=run.business_date)
    known = ChangeNumbers.up_to(run.known_number)
    parts: dict[int, list[Totals]] = defaultdict(list)
    for number, (low, high) in enumerate(chunk_bounds(list(inputs.payees), run.chunk_size)):
        chunk = RunChunk(number=number, low_payee=low, high_payee=high)
        for version_id, body, _ in chunk_compute_all(inputs, chunk=chunk, known=known, amount_scale=run.amount_scale)[0]:
            if version_id is not None:
                parts[version_id].append(totals_unpack(body).totals)
    begun = set(Period.objects.filter(starts__lte=run.business_date).values_list("pk", flat=True))
    left = {
        (seat, version, period): bytes(digest)
        for seat, version, period, digest in results_of(run).filter(period_id__in=begun).values_list("seat_id", "plan_version_id", "period_id", "hash")
    }
    carried = CarriedTotals(inputs.versions, lambda version: totals_merge(parts[version.id]))
    for version in inputs.versions:
        outcome = outcome_of(version.prepared, carried.of(version, version.paid))
        for (seat, period), cell in result_cells(version, outcome, begun).items():
            before = left.pop((seat, version.id, period), None)
            if before is None:
                yield f"run {run.number}: seat {seat}, plan {version.plan_code}, period {period}: the replay finds a result that the run did not leave"
            elif before != hashlib.sha256(cell.text).digest():
                yield f"run {run.number}: seat {seat}, plan {version.plan_code}, period {period}: the replay finds another result"
    for seat, gone, period in left:
        yield f"run {run.number}: seat {seat}, plan version {gone}, period {period}: the run left a result that the replay does not find"
