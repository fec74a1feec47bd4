"""Would a plan edit lower pay that is already earned? The plan's pay with and without the edit, on the same facts, person by person.

Writes nothing. Only periods that the last run has seen count: what has not begun is nobody's yet.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from incentives.carried import CarriedTotals
from incentives.chunking import CHUNK, line_needs, version_compute
from incentives.engine.measure import totals_merge
from incentives.engine.results import Totals
from incentives.engine.run import outcome_of
from incentives.finished import runs_finished
from incentives.inputs import ENGINE_VERSION, RunInputs, VersionInputs, versions_in_force
from incentives.line_loaders import LineNeeds
from incentives.loaders import LoadedFacts, facts_load, scale_needed
from incentives.models import PlanVersion, Run
from incentives.reading import ChangeNumbers
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.tenancy.changes import known_number

ZERO = Decimal(0)


@dataclass(frozen=True)
class Lowered:
    """A payee who would earn less of a currency in a period: before and after the edit."""

    payee: Payee
    period: Period
    currency: str
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """How much less, below zero."""
        return self.after - self.before


@dataclass(frozen=True)
class Basis:
    """What an answer depends on: the last run, and the fingerprint of it, of the edit and of the plan's versions in force."""

    run: Run
    digest: str


def lowering_basis(version: PlanVersion, *, takes_out: bool = False) -> Basis | None:
    """None where the version covers no day that a run has seen: nobody can earn less then."""
    last = runs_finished().first()
    if last is None or version.effective_from > last.business_date:
        return None
    edit = [(row.pk, row.digest, row.effective_from, row.effective_to) for row in (version, *_in_force(version.plan_id))]
    return Basis(last, hashlib.sha256(repr((last.pk, takes_out, ENGINE_VERSION, edit)).encode()).hexdigest())


def pay_lowered(
    *, version: PlanVersion, takes_out: bool = False, basis: Basis | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Lowered]:  # fmt: skip
    """Who would earn less of the plan in periods that have begun, if the version went into force (or, takes_out, were taken out of it).

    Both sides are computed on what the last run knew. Ordered by amount, the largest loss first. Needs the scope; raises InputError
    where the record cannot be read. Costs about two computations of the plan's people; progress: chunks of them done, of how many.
    """
    basis = basis or lowering_basis(version, takes_out=takes_out)
    if basis is None:
        return []
    now = _in_force(version.plan_id)
    then = [row for row in now if row.pk != version.pk] if takes_out else [*now, version]
    before, after = _earned(basis.run, [now, then], progress)
    both = ((key, before.get(key, ZERO), after.get(key, ZERO)) for key in before | after)
    return lowered_read((payee, period, have, left, currency) for (payee, period, currency), have, left in both if left < have)


def lowered_read(rows: Iterable[Sequence[Any]]) -> list[Lowered]:
    """Rows of [payee id, period id, before, after, currency] with payees and periods, the largest loss first. Two queries."""
    found = list(rows)
    payees = Payee.objects.select_related("detail").in_bulk({row[0] for row in found})
    periods = Period.objects.in_bulk({row[1] for row in found})
    lowered = [Lowered(payees[payee], periods[period], currency, Decimal(have), Decimal(left)) for payee, period, have, left, currency in found]
    return sorted(lowered, key=lambda row: (row.amount, row.payee.pk, row.period.starts))


def lowered_totals(rows: Iterable[Lowered]) -> dict[str, Decimal]:
    """How much less in all, by currency."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.currency] += row.amount
    return dict(sorted(found.items()))


def _in_force(plan_id: int) -> list[PlanVersion]:
    return list(versions_in_force(known_number()).filter(plan_id=plan_id).order_by("pk"))


def _earned(run: Run, cases: Sequence[Sequence[PlanVersion]], progress: Callable[[int, int], None]) -> list[dict[tuple[int, int, str], Decimal]]:
    """(payee, period, currency) -> sum of all components, for each choice of versions in force. Orders are read once where all look at the same."""
    number = run.known_number
    inputs = [RunInputs(number=number, business_date=run.business_date, in_force=versions) for versions in cases]
    known, scale = ChangeNumbers.up_to(number), max(scale_needed(after=0), scale_needed(after=0, lines=True))
    people = sorted(set().union(*(version.enrolled | version.led for one in inputs for version in one.versions)))
    parts: list[dict[int, list[Totals]]] = [defaultdict(list) for _ in cases]
    for i in range(0, len(people), CHUNK):
        payees = people[i : i + CHUNK]
        loaded: dict[LineNeeds | None, LoadedFacts] = {}
        for one, totals in zip(inputs, parts, strict=True):
            needs = line_needs(one, payees)
            if needs not in loaded:
                loaded[needs] = facts_load(payees=payees, known=known, amount_scale=scale, lines=needs)
            for version in one.versions:
                computed = version_compute(one, version, loaded[needs], payees)
                if computed is not None:
                    totals[version.id].append(computed.result.totals)
        progress(min(i + CHUNK, len(people)), len(people))
    found = []
    for one, totals in zip(inputs, parts, strict=True):
        carried = CarriedTotals(one.versions, partial(_merged, totals))
        sums: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
        for version in one.versions:
            begun = {period.id for period in version.periods if period.start <= one.today}
            for earning in outcome_of(version.prepared, carried.of(version, version.paid)).earnings:
                if earning.period in begun and earning.assignment in version.paid:
                    sums[earning.payee, earning.period, earning.currency or version.compiled.currency] += earning.amount
        found.append(sums)
    return found


def _merged(totals: dict[int, list[Totals]], version: VersionInputs) -> Totals:
    return totals_merge(totals[version.id])
