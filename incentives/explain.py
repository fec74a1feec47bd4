"""One payee's calculation again, as of a run: his measures, the tree of an amount, the lines behind it.

Nothing per line is stored; this derives it in some milliseconds from what the run saw (its change number), so that an
explanation always fits the amount that was posted, whatever has been imported since. What a run measured it keeps for a
while: while it does, orders are read for lines alone.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from incentives.carried import CarriedTotals, seats_needed
from incentives.chunking import facts_before, line_needs, version_facts
from incentives.engine.contracts import Facts, Splits
from incentives.engine.crossing import crosses, crossing, team_commission
from incentives.engine.earn import Crossing, PeriodRecord, UnitRun, totals_matrix
from incentives.engine.lines import Line, component_lines
from incentives.engine.measure import chunk_compute, lead_compute, totals_add
from incentives.engine.outlook import NextStep, next_step, what_if
from incentives.engine.results import Earning, TeamRow, Totals
from incentives.engine.trace import explain
from incentives.fx import facts_converted
from incentives.inputs import RunInputs, VersionInputs
from incentives.kept import payee_totals, team_rows
from incentives.line_loaders import PARTS
from incentives.loaders import LoadedFacts, facts_load
from incentives.models import Run, RunResult
from incentives.payee_inputs import PayeeInputs, frames_forget
from incentives.settle import version_totals
from spm.people.models import NamedRelation, ReportingLine
from spm.tenancy.changes import known_as_at
from spm.tenancy.scope import required_tenant_id


@lru_cache(maxsize=2)
def _everybody(tenant_id: int, run_id: int, number: int, business_date: Any) -> RunInputs:
    """The whole tenant as a run saw it: only for managers who are paid on their team's commission."""
    return RunInputs(number=number, business_date=business_date)


class VersionBook:
    """A payee's part of one plan version: prepared engine inputs, totals, and the orders behind them. Each is read when it is asked for."""

    def __init__(self, owner: PayeeBook, version: VersionInputs) -> None:
        self._owner, self.version = owner, version

    @cached_property
    def totals(self) -> Totals:
        """Measures by seat and period, with what was paid before a change where the plan carries."""
        return self._owner.carried.of(self.version, self.version.paid)

    @cached_property
    def bare(self) -> Totals:
        """Measures by seat and period: as the run kept them, or from the orders where it no longer keeps any."""
        kept = self._owner.kept.get(self.version.id)
        if kept is not None:
            return kept
        found = chunk_compute(self.version.prepared, self.facts, self.splits, [self._owner.payee_id]).totals
        if self.before is not None:
            found = totals_add(found, lead_compute(self.version.prepared, *self.before, [self._owner.payee_id]))
        return replace(found, team=self._owner.team_rows(self.version))

    @cached_property
    def team_pay(self) -> Crossing | None:
        """What this payee's pay takes from others; None where it takes nothing."""
        return self._owner.team_pay(self.version) if crosses(self.version.prepared) else None

    @cached_property
    def _read(self) -> tuple[Facts, Splits]:
        owner, version = self._owner, self.version
        facts, splits = version_facts(version, *owner.loaded.at(version.compiled.grain), [owner.payee_id], whole=True)
        return facts_converted(owner.inputs, version, facts)[0], splits

    @property
    def facts(self) -> Facts:
        """The orders, or their lines, on the version's days; amounts in its currency."""
        return self._read[0]

    @property
    def splits(self) -> Splits:
        """The splits of these."""
        return self._read[1]

    @cached_property
    def before(self) -> tuple[Facts, Splits] | None:
        """Facts and splits of days before the version that count in its measures that carry."""
        if self.version.prepared.lead is None:
            return None
        return facts_before(self._owner.inputs, self.version, self._owner.loaded, [self._owner.payee_id], whole=True)

    def order_of(self, object_id: int) -> int:
        """The order to which a row of the facts belongs: itself, where the plan reads orders."""
        return self._orders.get(object_id, object_id)

    def part_of(self, object_id: int) -> str:
        """What a row of a plan on lines is: line, difference or order."""
        return next(name for name, code in PARTS.items() if code == self._parts[object_id])

    @cached_property
    def _parts(self) -> dict[int, int]:
        return dict(zip(self.facts.object_id.tolist(), self.facts.codes["part"].tolist(), strict=True))

    @cached_property
    def _orders(self) -> dict[int, int]:
        return {} if self.facts.parent is None else dict(zip(self.facts.object_id.tolist(), self.facts.parent.tolist(), strict=True))


class PayeeBook:
    """Everything to explain one payee as of a run. Reads on demand; needs the tenant's scope."""

    def __init__(self, *, payee_id: int, run: Run) -> None:
        self.payee_id, self.run = payee_id, run
        self.inputs = PayeeInputs(payee_id=payee_id, run=run)

    @cached_property
    def loaded(self) -> LoadedFacts:
        """The payee's orders, as the run knew them."""
        known = self.inputs.frame.change_numbers
        return facts_load(payees=[self.payee_id], known=known, amount_scale=self.run.amount_scale, lines=line_needs(self.inputs, [self.payee_id]))

    @cached_property
    def books(self) -> dict[int, VersionBook]:
        """By plan version id."""
        return {version.id: VersionBook(self, version) for version in self.inputs.versions}

    @cached_property
    def carried(self) -> CarriedTotals:
        """The totals of all versions, with what was paid before a change."""
        return CarriedTotals(self.inputs.versions, lambda version: self.books[version.id].bare, _TeamPay(self.books))

    @cached_property
    def kept(self) -> dict[int, Totals]:
        """The payee's totals by version as the run measured them or took them over, so that no order has to be read. A version of which
        the run no longer keeps them, or kept them over other periods, is left out."""
        rows = payee_totals(run_id=self.run.pk, payee_id=self.payee_id, seats=self.inputs.seats, versions=[version.id for version in self.inputs.versions])
        shapes = {version.id: (len(version.compiled.measures), len(version.periods)) for version in self.inputs.versions}
        return {of: totals for of, totals in rows.items() if totals.own.shape[1:] == shapes[of]}

    @cached_property
    def _leads(self) -> bool:
        positions = {position for _, position in self.inputs.seats.values()}
        number = self.run.known_number
        leads = known_as_at(ReportingLine.objects.filter(manager_id__in=positions), number).values("pk")
        related = known_as_at(NamedRelation.objects.filter(related_id__in=positions), number).values("pk")
        return bool(leads.union(related).exists())

    def team_rows(self, version: VersionInputs) -> tuple[TeamRow, ...]:
        """What the team contributed, as the run kept it; nothing is read for a payee to whom nobody ever reported."""
        plan = version.compiled
        if not (plan.rollups or any(component.team is not None for component in plan.components)) or not self._leads:
            return ()
        return team_rows(run_id=self.run.pk, seats=self.inputs.seats, version=version.id)

    def team_pay(self, version: VersionInputs) -> Crossing:
        """What this payee's pay takes from others: compared anew from the run's totals, the team's commission from its results; in a run
        for him alone from the totals too, because his team has no results of it."""
        whole = _everybody(required_tenant_id(), self.run.pk, self.run.known_number, self.run.business_date)
        everybody = next(item for item in whole.versions if item.id == version.id)
        prepared = everybody.prepared
        if version.compiled.peers or self.run.payee_id is not None:
            carried = CarriedTotals(whole.versions, lambda one: version_totals(self.run, one.id))
            seats = seats_needed(everybody, everybody.paid & set(self.inputs.seats))
            return crossing(prepared, carried.of(everybody, seats), seats)
        wanted = {c.team.name for c in version.compiled.components if c.team is not None and c.team.base == "commission"}
        earnings = []
        for payee, seat, period, body in results_of(self.run).filter(plan_version_id=version.id).values_list("payee_id", "seat_id", "period_id", "body"):
            components = body_read(body)["components"]
            earnings += [Earning(payee, seat, name, period, Decimal(components[name])) for name in wanted & set(components)]
        return team_commission(prepared, earnings)

    # ---- answers

    def record(self, *, version_id: int, seat_id: int, period_id: int) -> PeriodRecord | None:
        """Figures and parts of one seat and period; None when nothing was computed."""
        book = self.books[version_id]
        prepared = book.version.prepared
        position = next((i for i, item in enumerate(prepared.periods) if item.id == period_id), None)
        if position is None or seat_id not in prepared.people.unit_of:
            return None
        matrix = totals_matrix(prepared, book.totals, [seat_id])
        records = UnitRun(prepared, book.totals, prepared.people.unit_of[seat_id], matrix.get(seat_id), book.team_pay, True).run(position)
        return records[-1] if records and records[-1].position == position else None

    def tree(self, *, version_id: int, seat_id: int, period_id: int) -> dict[str, Any]:
        """The explanation tree of a seat and period: its leaves sum to the total, rounding is a leaf."""
        book = self.books[version_id]
        return explain(book.version.prepared, book.totals, seat_id, period_id, book.team_pay)

    def lines(self, *, version_id: int, seat_id: int, period_id: int, component: str) -> tuple[Line, ...]:
        """The orders behind a component, in order of date."""
        book = self.books[version_id]
        return component_lines(book.version.prepared, book.totals, book.facts, book.splits, seat_id, period_id, component, book.team_pay)

    def next_step(self, *, version_id: int, seat_id: int, period_id: int, component: str) -> NextStep | None:
        """Distance to the component's next tier and what it is worth."""
        book = self.books[version_id]
        return next_step(book.version.prepared, book.totals, seat_id, period_id, component, book.team_pay)

    def with_more(self, *, version_id: int, seat_id: int, period_id: int, amount: Decimal) -> PeriodRecord | None:
        """The period as if that much more had been credited."""
        book = self.books[version_id]
        return what_if(book.version.prepared, book.totals, seat_id, period_id, amount, book.team_pay)


def book_of(*, payee_id: int, run: Run) -> PayeeBook:
    """The payee's book as of a run, kept in this process while others are not asked for: what a run saw never changes, and who opens a
    statement goes on to its traces, its lines and what one more deal would pay."""
    return _book(required_tenant_id(), payee_id, run)


@lru_cache(maxsize=32)
def _book(tenant_id: int, payee_id: int, run: Run) -> PayeeBook:
    return PayeeBook(payee_id=payee_id, run=run)


def books_forget() -> None:
    """Drops the books that this process keeps."""
    _book.cache_clear()
    frames_forget()


class _TeamPay(Mapping[int, Crossing | None]):
    """What pay takes from others by version, found when a version is asked for."""

    def __init__(self, books: Mapping[int, VersionBook]) -> None:
        self._books = books

    def __getitem__(self, version: int) -> Crossing | None:
        return self._books[version].team_pay

    def __iter__(self) -> Iterator[int]:
        return iter(self._books)

    def __len__(self) -> int:
        return len(self._books)


def results_of(run: Run) -> Any:
    """The results in force as of a run (a queryset of RunResult)."""
    from django.db.models import Q

    return RunResult.objects.filter(run_from__number__lte=run.number).filter(Q(run_to__isnull=True) | Q(run_to__number__gt=run.number))


def body_read(body: bytes | memoryview) -> dict[str, Any]:
    """The figures and components of a RunResult as exact texts; a figure is None where it is undefined."""
    found: dict[str, Any] = json.loads(zlib.decompress(bytes(body)))
    return found


def body_hash(body: bytes | memoryview) -> bytes:
    """What RunResult.hash must be."""
    return hashlib.sha256(zlib.decompress(bytes(body))).digest()


__all__ = ["PayeeBook", "VersionBook", "body_hash", "body_read", "book_of", "books_forget", "results_of"]
