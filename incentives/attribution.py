"""Why a payee's pay of a period is another in one run than in an earlier one: the difference, divided among the causes to the cent.

The payee is calculated again in memory, each time with one kind of input more as the later run knew it (engine.attribution). Of
others only his team is read where his plan pays on it, or all who compete with him. A team of more than TEAM payees is not
read: what it contributes is then taken as the two runs kept it and changes with the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Q, QuerySet

from incentives.carried import CarriedTotals
from incentives.chunking import line_needs, version_compute
from incentives.engine.attribution import Attribution, attribute
from incentives.engine.contracts import Facts, Splits
from incentives.engine.crossing import crosses
from incentives.engine.earn import earn
from incentives.engine.measure import totals_merge
from incentives.engine.results import Outcome, Totals
from incentives.explain import PayeeBook, VersionBook, body_read, results_of
from incentives.finished import runs_finished
from incentives.inputs import RunInputs, VersionInputs, plan_compiled
from incentives.loaders import LoadedFacts, facts_load
from incentives.models import Cause, LedgerEntry, PlanAssignment, PlanVersion, Run
from incentives.reading import ChangeNumbers
from incentives.settle import outcome_for, result_cells
from planning.models import Quota
from spm.calendars.models import Holiday, Period
from spm.currencies.models import FxRate
from spm.people.models import Assignment, Employment, NamedRelation, Payee, PayTerms, ReportingLine
from spm.tenancy.changes import known_as_at
from spm.tenancy.scope import required_tenant_id

TEAM = 100
"""The largest team that is read for one answer."""


class Cell(NamedTuple):
    """What an amount is for, within a payee and an earning period."""

    seat: int
    version: int
    component: str
    currency: str


@dataclass(frozen=True)
class Change:
    """The difference of a payee's pay of a period between two runs, by cell and cause. others: "" (his pay takes nothing from
    others), "read" (it does, and all of it was divided too) or "kept" (what others contribute changes with the data)."""

    period: Period
    before: Run | None
    run: Run
    attribution: Attribution
    others: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All that either run has, ascending."""
        found: set[Any] = {*self.attribution.before, *self.attribution.after}
        for _, amounts in self.attribution.steps:
            found |= set(amounts)
        return tuple(sorted(found))


def change_between(payee: Payee, *, period: Period, before: Run | None, run: Run, manual: bool = True) -> Change:
    """Divides what `run` left for the payee and period, less what `before` did (None: nothing), among the causes. manual: with what
    people posted by hand. Reads in the caller's scope, writes nothing."""
    work = PayeeWork(payee, period, before, run)
    found = attribute(work.value, changed=work.changed)
    found = found.settled(before=work.left(work.before), after=work.left(work.run))
    if manual:
        earlier, between = work.by_hand()
        found = found.with_manual(between, before=earlier)
    return Change(period, before, run, found, work.others_are)


def attribution_within(payee: Payee, *, period: Period, before: Run, run: Run) -> Attribution | None:
    """The same from within a run that has not left its results yet: by what it is about to post. None where the payee's pay takes
    from more than TEAM others, which only results tell."""
    work = PayeeWork(payee, period, before, run)
    if work.others_are == "kept":
        return None
    found = attribute(work.value, changed=work.changed)
    return found.settled(before=work.left(work.before), after=found.after)


class PayeeWork:
    """One payee's pay in two runs, calculated with any choice of causes as the later one knew them."""

    def __init__(self, payee: Payee, period: Period, before: Run | None, run: Run) -> None:
        self.payee, self.period = payee, period
        self.before, self.run = _covering(before, period, payee), _covering(run, period, payee) or run
        self.last = self.run.known_number
        # Before a period begins nothing is earned in it, whatever is known: there is but one step then.
        self.first = self.before.known_number if self.before is not None and self._begun(self.before) else self.last
        self._loaded: dict[tuple[int, int, int], LoadedFacts] = {}
        self._totals: dict[tuple[Any, ...], Totals | None] = {}
        self._known: dict[int, ChangeNumbers] = {}
        self._books: dict[int, PayeeBook] = {}

    # ---- what may have changed

    @cached_property
    def changed(self) -> frozenset[str]:
        """The causes that may have an amount. The day of a run counts as data: with it periods begin."""
        if self.first == self.last:
            same = self.before is not None and self.before.business_date == self.run.business_date
            return frozenset() if same else frozenset({"data"})
        seats = {"seat__payee_id__in": self.payees}
        touched = {
            "data": True,
            "plan": self._touched(PlanVersion.objects.all(), "activated_in", "retired_in"),
            "people": self._touched(Assignment.objects.filter(payee_id__in=self.payees))
            or self._touched(PlanAssignment.objects.filter(**seats))
            or self._touched(Employment.objects.filter(payee_id__in=self.payees))
            or self._touched(Holiday.objects.all()),
            "hierarchy": self.others_are == "read" and (self._touched(ReportingLine.objects.all()) or self._touched(NamedRelation.objects.all())),
            "quota": self._touched(Quota.objects.filter(position__seats__payee_id__in=self.payees)),
            "pay_rate": self._touched(PayTerms.objects.filter(**seats)),
            "fx_rate": self._touched(FxRate.objects.all()),
            "crediting": any(self._credited_otherwise(payee) for payee in self.payees if self._lined or payee in self._ordered),
        }
        return frozenset(cause for cause, is_so in touched.items() if is_so)

    def _touched(self, rows: QuerySet[Any], first: str = "known_from", last: str = "known_to") -> bool:
        either = [Q(**{f"{name}__number__gt": self.first, f"{name}__number__lte": self.last}) for name in (first, last)]
        return rows.filter(either[0] | either[1]).exists()

    def _credited_otherwise(self, payee: int) -> bool:
        if self._lined:
            return True  # the loader of lines compares nothing; the step finds out
        one, two = (self._facts(payee, self.first, credited) for credited in (self.first, self.last))
        return _who(one.facts, one.splits) != _who(two.facts, two.splits)

    def _begun(self, run: Run) -> bool:
        return self.period.starts <= run.business_date

    # ---- others

    @cached_property
    def _plans(self) -> list[Any]:
        """The compiled plan versions, in force or once in force, of plans under which the payee ever was."""
        plans = PlanAssignment.objects.filter(seat__payee=self.payee).values("plan_id")
        return [plan_compiled(row.digest, row.text) for row in PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).filter(plan_id__in=plans)]

    @cached_property
    def _lined(self) -> bool:
        return any(plan.reads == "order_lines" for plan in self._plans)

    @cached_property
    def _others(self) -> list[int]:
        found: set[int] = set()
        if any(plan.rollups or any(component.team is not None for component in plan.components) for plan in self._plans):
            found |= self._team()
        if any(plan.peers for plan in self._plans):
            plans = PlanAssignment.objects.filter(seat__payee=self.payee).values("plan_id")
            found |= set(PlanAssignment.objects.filter(plan_id__in=plans).values_list("seat__payee_id", flat=True))
        return sorted(found - {self.payee.pk})

    def _team(self) -> set[int]:
        """Everybody below the payee, or beside him in his position, at either change number."""
        positions = set(Assignment.objects.filter(payee=self.payee).values_list("seat__position_id", flat=True))
        related = NamedRelation.objects.filter(related_id__in=positions)
        if not ReportingLine.objects.filter(manager_id__in=positions).exists() and not related.exists():
            return set()
        below: dict[int, set[int]] = defaultdict(set)
        for number in (self.first, self.last):
            for position, manager in known_as_at(ReportingLine.objects.all(), number).values_list("position_id", "manager_id"):
                below[manager].add(position)
            for position, other in known_as_at(related, number).values_list("position_id", "related_id"):
                below[other].add(position)
        todo = list(positions)
        while todo:
            fresh = below[todo.pop()] - positions
            positions |= fresh
            todo += fresh
        return set(Assignment.objects.filter(seat__position_id__in=positions).values_list("payee_id", flat=True))

    @cached_property
    def others_are(self) -> str:
        """As Change.others."""
        return "" if not self._others else "kept" if len(self._others) > TEAM else "read"

    @cached_property
    def payees(self) -> list[int]:
        """Those who are calculated, the payee first."""
        return [self.payee.pk, *(self._others if self.others_are == "read" else ())]

    # ---- calculation

    def value(self, chosen: frozenset[str]) -> dict[Any, Any]:
        """What the payee earned in the period with these causes as the later run knew them."""
        run = self.seen_by(chosen)
        if run is None or not self._begun(run):
            return {}
        found: dict[Any, Any] = {}
        for version, outcome in self.outcomes(chosen, run)[1]:
            for (seat, _), cell in result_cells(version, outcome, {self.period.pk}).items():
                found |= _cells(seat, version.id, version.compiled.currency, cell.components)
        return found

    def seen_by(self, chosen: frozenset[str]) -> Run | None:
        """The run whose orders and day count."""
        return self.run if "data" in chosen else self.before

    def outcomes(self, chosen: frozenset[str], run: Run, *, periods: bool = True) -> tuple[RunInputs, list[tuple[VersionInputs, Outcome]]]:
        """What the payee earned by each version that has the period; periods False: by each version."""
        numbers = {cause: self.last if cause in chosen else self.first for cause in ("plan", "people", "hierarchy", "quota", "pay_rate", "fx_rate", "data")}
        inputs = RunInputs(number=run.known_number, business_date=run.business_date, only=self.payee.pk, others=self.payees[1:], numbers=numbers)
        found = []
        credited = self.last if "crediting" in chosen else self.first
        kept = self._book(run).books if self.others_are == "kept" else {}
        pays = {of: book.team_pay for of, book in kept.items()} if kept else None
        carried = CarriedTotals(inputs.versions, lambda version: self._totals_of(inputs, version, kept.get(version.id), credited), pays)
        for version in inputs.versions:
            seats = sorted(seat for seat in version.paid if inputs.seats[seat][0] == self.payee.pk)
            if seats and (not periods or any(item.id == self.period.pk for item in version.periods)):
                found.append((version, self._outcome(version, seats, carried.of(version, seats), kept.get(version.id))))
        return inputs, found

    def _totals_of(self, inputs: RunInputs, version: VersionInputs, kept: VersionBook | None, credited: int) -> Totals:
        found = [self._measured(inputs, version, payee, credited) for payee in self.payees if payee in version.enrolled | version.led]
        totals = totals_merge([part for part in found if part is not None])
        return totals if kept is None else replace(totals, team=kept.totals.team)

    def _outcome(self, version: VersionInputs, seats: list[int], totals: Totals, kept: VersionBook | None) -> Outcome:
        if self.others_are != "kept":
            return outcome_for(version, totals, seats)
        if kept is None:
            return earn(version.prepared, totals, seats, team_pay={} if crosses(version.prepared) else None)
        return earn(version.prepared, totals, seats, team_pay=kept.team_pay)

    def _measured(self, inputs: RunInputs, version: VersionInputs, payee: int, credited: int) -> Totals | None:
        """The payee's measures under a version. Quotas and pay terms have no part in them: kept while nothing else changes."""
        number = inputs.numbers["data"]
        if not self._lined and payee not in self._ordered:
            number = credited = self.first
        frame = tuple(inputs.numbers[cause] for cause in ("plan", "people", "hierarchy", "fx_rate"))
        key = (version.id, payee, number, credited, inputs.business_date, *frame)
        if key not in self._totals:
            computed = version_compute(inputs, version, self._facts(payee, number, credited, inputs), [payee])
            self._totals[key] = None if computed is None else computed.result.totals
        return self._totals[key]

    @cached_property
    def _ordered(self) -> frozenset[int]:
        """Those whose orders have versions of between the runs: owners then or now, and whoever ever took part in them."""
        if not self.others_are:
            return frozenset(self.payees)  # the loader finds out as fast
        tenant = required_tenant_id()
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH sets AS MATERIALIZED (SELECT id FROM tenancy_changeset WHERE tenant_id = %s AND number > %s AND number <= %s), "
                "shared AS MATERIALIZED (SELECT DISTINCT order_id, payee_id FROM sales_ordersplit WHERE tenant_id = %s AND payee_id = ANY(%s)) "
                "SELECT payee_id FROM sales_orderversion WHERE tenant_id = %s AND payee_id = ANY(%s) AND change_set_id IN (SELECT id FROM sets) "
                "UNION SELECT s.payee_id FROM shared s JOIN sales_orderversion v ON v.tenant_id = %s AND v.record_id = s.order_id "
                "WHERE v.change_set_id IN (SELECT id FROM sets)",
                [tenant, self.first, self.last, tenant, self.payees, tenant, self.payees, tenant],
            )
            return frozenset(row[0] for row in cursor.fetchall())

    def _book(self, run: Run) -> PayeeBook:
        if run.pk not in self._books:
            self._books[run.pk] = PayeeBook(payee_id=self.payee.pk, run=run)
        return self._books[run.pk]

    def _facts(self, payee: int, number: int, credited: int, inputs: RunInputs | None = None) -> LoadedFacts:
        """The payee's orders as known at a number, credited as at another. Kept, but for what a plan reads of lines."""
        lines = line_needs(inputs, [payee]) if inputs is not None else None
        key = (payee, number, credited)
        if lines is None and key in self._loaded:
            return self._loaded[key]
        scale = max(run.amount_scale for run in (self.before, self.run) if run is not None)
        otherwise = self._numbers(credited) if credited != number else None
        loaded = facts_load(payees=[payee], known=self._numbers(number), amount_scale=scale, lines=lines, credited=otherwise)
        if lines is None:
            self._loaded[key] = loaded
        return loaded

    def _numbers(self, number: int) -> ChangeNumbers:
        if number not in self._known:
            self._known[number] = ChangeNumbers.up_to(number)
        return self._known[number]

    # ---- what is kept

    def left(self, run: Run | None) -> dict[Any, Any]:
        """What a run left for the payee and period."""
        if run is None:
            return {}
        rows = list(results_of(run).filter(payee=self.payee, period=self.period).values_list("seat_id", "plan_version_id", "body"))
        versions = PlanVersion.objects.in_bulk({version for _, version, _ in rows})
        found: dict[Any, Any] = {}
        for seat, version, body in rows:
            row = versions[version]
            found |= _cells(seat, version, plan_compiled(row.digest, row.text).currency, body_read(body)["components"])
        return found

    def by_hand(self) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """What people posted for the period up to the earlier run, and between the two."""
        entries = LedgerEntry.objects.filter(payee=self.payee, earning_period=self.period, cause=Cause.MANUAL)
        earlier: dict[Any, Decimal] = defaultdict(Decimal)
        between: dict[Any, Decimal] = defaultdict(Decimal)
        until, since = _moment(self.run), _moment(self.before) if self.before else None
        for entry in entries:
            if entry.posted_at <= until:
                of = earlier if since is not None and entry.posted_at <= since else between
                of[Cell(entry.seat_id, entry.plan_version_id, entry.component, entry.currency)] += Decimal(entry.amount).scaleb(-entry.scale)
        return dict(earlier), dict(between)


def _covering(run: Run | None, period: Period, payee: Payee) -> Run | None:
    """The run whose results stand for the period: itself, or where it computed another period alone the last that computed this one."""
    if run is None or run.period_id in (None, period.pk):
        return run
    done = runs_finished(payee.pk).filter(number__lt=run.number)
    return done.filter(Q(period=None) | Q(period=period)).first()


def _moment(run: Run) -> Any:
    return run.finished_at or run.touched_at


def _cells(seat: int, version: int, currency: str, components: dict[str, str]) -> dict[Any, Any]:
    """Component texts of a result by cell; NAME@CURRENCY is of a plan that earns in several apart."""
    found = {}
    for name, amount in components.items():
        component, _, other = name.partition("@")
        found[Cell(seat, version, component, other or currency)] = Decimal(amount)
    return found


def _who(facts: Facts, splits: Splits) -> tuple[list[Any], list[Any]]:
    """Who is credited with which orders."""
    owners = sorted(zip(facts.object_id.tolist(), facts.payee.tolist(), strict=True))
    columns: Iterable[Any] = (splits.object_id, splits.payee, splits.quota_share, splits.pay_share, splits.role)
    return owners, sorted(np.stack([np.asarray(column) for column in columns], axis=1).tolist())
