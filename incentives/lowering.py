"""Would a plan edit lower pay that is already earned? The plan's pay with and without the edit, on the same facts, person by person.

Writes nothing. Only periods that the last run has seen count: what has not begun is nobody's yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from incentives.carried import CarriedTotals
from incentives.chunking import CHUNK, line_needs, version_compute
from incentives.engine.measure import totals_merge
from incentives.engine.results import Totals
from incentives.engine.run import outcome_of
from incentives.finished import runs_finished
from incentives.inputs import RunInputs, VersionInputs, versions_in_force
from incentives.loaders import facts_load, scale_needed
from incentives.models import PlanVersion, Run
from incentives.reading import ChangeNumbers
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.tenancy.changes import known_number

ZERO = Decimal(0)


@dataclass(frozen=True)
class Lowered:
    """A payee who would earn less in a period: before and after the edit, in the plan's currency."""

    payee: Payee
    period: Period
    currency: str
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """How much less, below zero."""
        return self.after - self.before


def pay_lowered(*, version: PlanVersion, takes_out: bool = False) -> list[Lowered]:
    """Who would earn less of the plan in periods that have begun, if the version went into force (or, takes_out, were taken out of it).

    Ordered by amount, the largest loss first. Needs the scope; raises InputError where the record cannot be read. Costs about
    two computations of the plan's people; nothing where the version covers no day that a run has seen.
    """
    last = runs_finished().first()
    if last is None or version.effective_from > last.business_date:
        return []
    number = known_number()
    now = [row for row in versions_in_force(number) if row.plan_id == version.plan_id]
    then = [row for row in now if row.pk != version.pk] if takes_out else [*now, version]
    before, after = _earned(number, last, [now, then])
    less = {key: (amount, after.get(key, ZERO)) for key, amount in before.items() if after.get(key, ZERO) < amount}
    payees = Payee.objects.select_related("detail").in_bulk({payee for payee, _ in less})
    periods = Period.objects.in_bulk({period for _, period in less})
    rows = [Lowered(payees[payee], periods[period], version.currency, have, left) for (payee, period), (have, left) in less.items()]
    return sorted(rows, key=lambda row: (row.amount, row.payee.pk, row.period.starts))


def _earned(number: int, run: Run, cases: Sequence[Sequence[PlanVersion]]) -> list[dict[tuple[int, int], Decimal]]:
    """(payee, period) -> sum of all components, for each choice of versions in force."""
    inputs = [RunInputs(number=number, business_date=run.business_date, in_force=versions) for versions in cases]
    known, scale = ChangeNumbers.up_to(number), max(scale_needed(after=0), scale_needed(after=0, lines=True))
    people = sorted(set().union(*(version.enrolled | version.led for one in inputs for version in one.versions)))
    parts: list[dict[int, list[Totals]]] = [defaultdict(list) for _ in cases]
    for i in range(0, len(people), CHUNK):
        payees = people[i : i + CHUNK]
        for one, totals in zip(inputs, parts, strict=True):
            loaded = facts_load(low=payees[0], high=payees[-1], known=known, amount_scale=scale, lines=line_needs(one, payees))
            for version in one.versions:
                computed = version_compute(one, version, loaded, payees)
                if computed is not None:
                    totals[version.id].append(computed.result.totals)
    found = []
    for one, totals in zip(inputs, parts, strict=True):
        carried = CarriedTotals(one.versions, partial(_merged, totals))
        sums: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
        for version in one.versions:
            begun = {period.id for period in version.periods if period.start <= one.today}
            for earning in outcome_of(version.prepared, carried.of(version, version.paid)).earnings:
                if earning.period in begun and earning.assignment in version.paid:
                    sums[earning.payee, earning.period] += earning.amount
        found.append(sums)
    return found


def _merged(totals: dict[int, list[Totals]], version: VersionInputs) -> Totals:
    return totals_merge(totals[version.id])
