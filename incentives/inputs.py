"""What a run reads besides orders: plan versions, calendars, people, quotas, as known at a change number, ready for the engine."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache

from django.db.models import Q, QuerySet

from incentives.carried import Held, lead_of
from incentives.engine.compile import plan_load_again
from incentives.engine.contracts import (
    OPEN_END,
    Assignment,
    Attribute,
    Calendar,
    EmploymentSpan,
    Enrolment,
    Inputs,
    KpiValue,
    LeadIn,
    OpeningAmount,
    People,
    Period,
    Quota,
    Relation,
    ReportingLine,
    Vocabulary,
    day_number,
)
from incentives.engine.people import PositionLine, PositionRelation, relations_from_positions, reporting_from_positions
from incentives.engine.plan import CompiledPlan
from incentives.engine.prepare import Prepared
from incentives.engine.results import CAUSES
from incentives.engine.rounding import scaled
from incentives.line_loaders import PARTS, PRODUCT_CODES, LineNeeds
from incentives.models import PlanAssignment, PlanVersion
from incentives.opening import OpeningSum, openings_known
from incentives.products import ProductLabels, ProductWords
from incentives.words import Accounts, Currencies, Roles
from planning.models import Quota as QuotaRow
from spm.calendars.models import Period as PeriodRow
from spm.people.models import Assignment as AssignmentRow
from spm.people.models import Employment, NamedRelation, Payee, PayTerms, Seat
from spm.people.models import ReportingLine as LineRow
from spm.sales.known import versions_known
from spm.sales.models import Channel, DealKind, KpiValueVersion, OrderStatus
from spm.tenancy.changes import known_as_at
from spm.tenancy.scope import required_tenant_id

# Part of every run's fingerprint: a change in how inputs are read is a new version.
ENGINE_VERSION = "1.0"
Interval = tuple[int, int]


@lru_cache(maxsize=1024)
def plan_compiled(digest: str, text: str) -> CompiledPlan:
    """The compiled plan of a version's text, which has this digest."""
    return plan_load_again(text, digest)


@dataclass(frozen=True)
class VersionInputs:
    """One plan version in the run: its compiled form, the days on which it is in force, and the engine's inputs."""

    id: int
    plan_code: str
    digest: str
    compiled: CompiledPlan
    coverage: tuple[Interval, ...]
    periods: tuple[Period, ...]
    enrolled: frozenset[int]
    """Payees whose orders the version looks at: those under it, and for pay on the team's sales those below them."""
    paid: frozenset[int]
    """Seats under the version: they alone earn by it."""
    prepared: Prepared
    led: frozenset[int] = frozenset()
    """Payees whose orders from before the version count in its measures that carry."""


@dataclass(frozen=True)
class Instead:
    """A version tried over the days [start, end) on the seats that are under the plan `seats_of`."""

    version: PlanVersion
    seats_of: int
    start: int
    end: int


@dataclass(frozen=True)
class _Draft:
    """A version, the days on which it is in force, and the plan whose seats are under it."""

    row: PlanVersion
    coverage: tuple[Interval, ...]
    seats_of: int


@dataclass(frozen=True)
class PayeeGroup:
    """By which groups periods close for a payee."""

    pay_group: str
    legal_entity: int
    pay_currency: str


def versions_in_force(number: int) -> QuerySet[PlanVersion]:
    """Plan versions that are in force as known at a change number."""
    return (
        PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT)
        .filter(activated_in__number__lte=number)
        .filter(Q(retired_in__isnull=True) | Q(retired_in__number__isnull=True) | Q(retired_in__number__gt=number))
        .select_related("plan")
    )


class RunInputs:
    """Everything small that a run of a tenant reads, as known at `number` and seen from `business_date`.

    only: one payee, whose own measures and pay are wanted; then nothing is read of others, and teams are not known. others:
    payees to read beside him, such as all of his team: then teams are known among these.
    numbers: change numbers by cause (plan, people, hierarchy, quota, pay_rate, fx_rate, data) that take the place of `number`.
    titles: of seats' positions; rows: the plan versions in the run.
    instead: plan versions, drafts or not, that take the place of all those in force (what if one of them had been the plan?).
    in_force: plan versions, drafts or not, that are in force in place of those that are, over the days that they say.
    """

    def __init__(
        self, *, number: int, business_date: dt.date, only: int | None = None, others: Collection[int] = (), instead: Sequence[Instead] = (),
        in_force: Sequence[PlanVersion] | None = None, numbers: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.instead, self.in_force = instead, in_force
        self.tenant_id = required_tenant_id()
        self.number, self.business_date = number, business_date
        self.numbers = dict.fromkeys(CAUSES, number) | dict(numbers or {})
        self.today = day_number(business_date)
        chosen = sorted({only, *others}) if only is not None else None
        self._whole = only is None
        own = {} if chosen is None else {"payee_id__in": chosen}
        of_seat = {} if chosen is None else {"seat__payee_id__in": chosen}
        payees = Payee.objects.order_by("pk").values_list("pk", "pay_group", "legal_entity_id", "pay_currency", "legal_entity__country")
        self.payees: dict[int, PayeeGroup] = {}
        self.countries: dict[int, str] = {}
        """Of the legal entities of these payees."""
        for pk, group, entity, currency, country in payees if chosen is None else payees.filter(pk__in=chosen):
            self.payees[pk] = PayeeGroup(group, entity, currency)
            self.countries[entity] = country
        self._spans: dict[int, list[AssignmentRow]] = defaultdict(list)
        for row in known_as_at(AssignmentRow.objects.filter(**own), self.numbers["people"]).order_by("seat_id", "valid_from"):
            self._spans[row.seat_id].append(row)
        seats = list(Seat.objects.filter(pk__in=list(self._spans)).values_list("pk", "payee_id", "position_id", "position__title"))
        self.seats = {seat: (payee, position) for seat, payee, position, _ in seats}
        self.titles = {seat: title for seat, _, _, title in seats}
        self.rows: dict[int, PlanVersion] = {}
        self._assigned: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        assigned = known_as_at(PlanAssignment.objects.filter(**of_seat), self.numbers["people"])
        for plan_id, seat_id, start, end in assigned.values_list("plan_id", "seat_id", "valid_from", "valid_to"):
            self._assigned[plan_id].append((seat_id, day_number(start), _end(end)))
        self.assignments = tuple(self._assignment(seat) for seat in sorted(self._spans))
        self.reporting = self._reporting() if only is None or others else ()
        self.relations = self._relations() if only is None or others else ()
        self.attributes = self._attributes(known_as_at(PayTerms.objects.filter(**of_seat), self.numbers["pay_rate"]))
        positions = {} if only is None else {"position_id__in": {position for _, position in self.seats.values()}}
        self.quotas = self._quotas(known_as_at(QuotaRow.objects.filter(**positions), self.numbers["quota"]))
        self.openings = openings_known(number=self.numbers["data"], payees=chosen)
        self._calendars: dict[int, tuple[Period, ...]] = {}
        self.versions = tuple(self._versions())

    # ---- people

    def _assignment(self, seat: int) -> Assignment:
        spans, (payee, position) = self._spans[seat], self.seats[seat]
        start = min(day_number(span.valid_from) for span in spans)
        end = max(_end(span.valid_to) for span in spans)
        entity = self.payees[payee].legal_entity
        return Assignment(seat, payee, position, start, end, max(span.fte_ppm for span in spans), str(entity), country=self.countries[entity])

    def _reporting(self) -> tuple[ReportingLine, ...]:
        lines = [
            PositionLine(position, manager, day_number(start), _end(end))
            for position, manager, start, end in known_as_at(LineRow.objects.all(), self.numbers["hierarchy"])
            .order_by("position_id", "valid_from")
            .values_list("position_id", "manager_id", "valid_from", "valid_to")
        ]
        if not lines:
            return ()
        # Span by span, so that a manager who left and came back is not taken to sit there in between.
        spans = [
            Assignment(seat, self.seats[seat][0], self.seats[seat][1], day_number(row.valid_from), _end(row.valid_to), row.fte_ppm)
            for seat in sorted(self._spans)
            for row in self._spans[seat]
        ]
        return reporting_from_positions(lines, spans)

    def _relations(self) -> tuple[Relation, ...]:
        """Named relations between seats, span by span as the reporting lines."""
        rows = [
            PositionRelation(name, position, related, day_number(start), _end(end))
            for name, position, related, start, end in known_as_at(NamedRelation.objects.all(), self.numbers["hierarchy"])
            .order_by("name", "position_id", "related_id", "valid_from")
            .values_list("name", "position_id", "related_id", "valid_from", "valid_to")
        ]
        spans = [
            Assignment(seat, self.seats[seat][0], self.seats[seat][1], day_number(row.valid_from), _end(row.valid_to), row.fte_ppm)
            for seat in sorted(self._spans)
            for row in self._spans[seat]
        ]  # fmt: skip
        return relations_from_positions(rows, spans) if rows else ()

    def _attributes(self, terms: QuerySet[PayTerms]) -> tuple[Attribute, ...]:
        found = []
        for row in terms.order_by("seat_id", "valid_from"):
            if row.seat_id not in self.seats:
                continue
            start, end = day_number(row.valid_from), _end(row.valid_to)
            values = {"target_incentive": scaled(row.target_incentive, row.amount_scale), "ote": scaled(row.ote, row.amount_scale)}
            values |= {name: Decimal(str(value)) for name, value in row.attributes.items()}
            found += [Attribute(row.seat_id, name, value, start, end) for name, value in values.items()]
        return tuple(found)

    def _quotas(self, found: QuerySet[QuotaRow]) -> tuple[Quota, ...]:
        rows = found.order_by("position_id", "measure", "valid_from")
        return tuple(Quota(r.position_id, r.measure, scaled(r.amount, r.amount_scale), day_number(r.valid_from), _end(r.valid_to)) for r in rows)

    @cached_property
    def employments(self) -> tuple[EmploymentSpan, ...]:
        """Who is employed when, on leave or under notice; read where a plan asks for it."""
        found = known_as_at(Employment.objects.filter(payee_id__in=list(self.payees)), self.numbers["people"])
        rows = found.order_by("payee_id", "valid_from").values_list("payee_id", "status", "valid_from", "valid_to")
        return tuple(EmploymentSpan(payee, status, day_number(start), _end(end)) for payee, status, start, end in rows)

    @cached_property
    def kpi_values(self) -> tuple[KpiValue, ...]:
        """What was measured of the payees; read where a plan asks for it."""
        found = versions_known(KpiValueVersion, known_at=self.numbers["data"]).filter(payee_id__in=list(self.payees))
        rows = found.order_by("payee_id", "kpi", "measured_on", "record_id").values_list("payee_id", "kpi", "measured_on", "value", "value_scale")
        return tuple(KpiValue(payee, kpi, day_number(day), scaled(value, scale)) for payee, kpi, day, value, scale in rows)

    # ---- plans

    def _versions(self) -> list[VersionInputs]:
        if self.instead:
            return self._built([_Draft(one.version, ((one.start, one.end),), one.seats_of) for one in self.instead])
        rows: Iterable[PlanVersion] = (
            versions_in_force(self.numbers["plan"]).filter(plan_id__in=list(self._assigned)) if self.in_force is None else self.in_force
        )
        drafts: list[_Draft] = []
        taken: dict[int, list[Interval]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row.plan_id, -row.number)):
            own = (day_number(row.effective_from), _end(row.effective_to))
            coverage = tuple(_subtract(own, taken[row.plan_id]))
            taken[row.plan_id].append(own)
            drafts.append(_Draft(row, coverage, row.plan_id))
        return sorted(self._built(drafts), key=lambda version: version.id)

    def _built(self, drafts: Sequence[_Draft]) -> list[VersionInputs]:
        """The versions that concern somebody, each over the days of its coverage for the seats under its plan."""
        enrolled = {draft: tuple(self._enrolments(draft.seats_of, draft.coverage)) for draft in drafts if draft.coverage}
        held = [
            Held(draft.row.pk, draft.seats_of, self.seats[e.assignment][0], e.assignment, e.start, e.end)
            for draft, enrolments in enrolled.items()
            for e in enrolments
        ]
        found = [self._version(draft, enrolments, held) for draft, enrolments in enrolled.items() if enrolments]
        return [version for version in found if version is not None]

    def _version(self, draft: _Draft, enrolments: tuple[Enrolment, ...], held: Sequence[Held]) -> VersionInputs | None:
        """The version for the seats under it; None where no period is concerned."""
        row, coverage = draft.row, draft.coverage
        compiled = plan_compiled(row.digest, row.text)
        calendar = self._periods(row.plan.calendar_id)
        lead = lead_of(row.pk, compiled, calendar, held)
        led = tuple((item.start, item.end) for item in lead.lead_ins)
        periods = _touched(calendar, (*coverage, *led))
        if not periods:
            return None
        paid = frozenset(e.assignment for e in enrolments)
        beside = lead.beside
        if compiled.rollups or any(component.team is not None for component in compiled.components):
            enrolments += tuple(self._below(paid, coverage))
            beside += tuple(item for item in self._below(paid, _joined(led)) if item.assignment not in {item.assignment for item in lead.lead_ins})
        people = People(self.assignments, self.attributes, self.reporting, enrolments, self.kpi_values if compiled.kpis else (), relations=self.relations)
        if compiled.reads_employment:
            people = replace(people, employments=self.employments)
        openings = tuple(_opening(one) for one in self.openings if one.plan_id == draft.seats_of and _holds(coverage, day_number(one.day)))
        openings += self._led_openings(lead.lead_ins, held)
        inputs = Inputs(Calendar(compiled.calendar, periods), people, self.quotas, self.vocabulary, openings=openings, lead_ins=lead.lead_ins, beside=beside)
        enrolled = frozenset(self.seats[e.assignment][0] for e in enrolments)
        led_payees = frozenset(self.seats[seat][0] for seat in (*(e.assignment for e in lead.lead_ins), *(e.assignment for e in beside)))
        self.rows[row.pk] = row
        return VersionInputs(row.pk, row.plan.code, row.digest, compiled, coverage, periods, enrolled, paid, Prepared(compiled, inputs), led_payees)

    def _led_openings(self, leads: Sequence[LeadIn], held: Sequence[Held]) -> tuple[OpeningAmount, ...]:
        """Opening balances of versions and seats that a version carries on."""
        plans = {one.version: one.plan for one in held}
        found = []
        for item in leads:
            for one in self.openings:
                if one.seat_id == item.before and one.plan_id == plans.get(item.version) and item.start <= day_number(one.day) < item.end:
                    found.append(_opening(one)._replace(assignment=item.assignment))
        return tuple(found)

    def _enrolments(self, plan_id: int, coverage: tuple[Interval, ...]) -> list[Enrolment]:
        found = []
        for seat, start, end in sorted(self._assigned[plan_id]):
            for span in self._spans.get(seat, ()):
                for low, high in coverage:
                    first, last = max(start, low, day_number(span.valid_from)), min(end, high, _end(span.valid_to))
                    if first < last:
                        found.append(Enrolment(seat, first, last))
        return found

    def _below(self, paid: frozenset[int], coverage: tuple[Interval, ...]) -> list[Enrolment]:
        """Members of the teams of those under the plan, who are not under it themselves: measured for their managers, not paid."""
        members: dict[int, set[int]] = defaultdict(set)
        for line in self.reporting:
            members[line.manager].add(line.assignment)
        for relation in self.relations:
            members[relation.related].add(relation.assignment)
        todo, below = list(paid), set[int]()
        while todo:
            fresh = members[todo.pop()] - below
            below |= fresh
            todo += fresh
        own = {self.seats[seat][0] for seat in paid}
        found = []
        for seat in sorted(seat for seat in below if self.seats[seat][0] not in own):
            for span in self._spans[seat]:
                for low, high in coverage:
                    first, last = max(low, day_number(span.valid_from)), min(high, _end(span.valid_to))
                    if first < last:
                        found.append(Enrolment(seat, first, last))
        return found

    def _periods(self, calendar: int) -> tuple[Period, ...]:
        """Periods of all years that have begun: a year that has begun is whole, so that its windows have their full span."""
        if calendar in self._calendars:
            return self._calendars[calendar]
        rows = list(PeriodRow.objects.filter(calendar_id=calendar).order_by("starts"))
        begun = {row.year for row in rows if row.starts <= self.business_date}
        self._calendars[calendar] = tuple(
            Period(r.pk, r.code, day_number(r.starts), day_number(r.ends), f"{r.year}/{r.quarter}" if r.quarter else "", r.year)
            for r in rows
            if r.year in begun
        )
        return self._calendars[calendar]

    # ---- words

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The labels by which plans speak of codes."""
        products = {name: ProductLabels(self.products, name) for name in PRODUCT_CODES}
        return products | {
            "part": PARTS,
            "kind": {kind.name.lower(): kind.value for kind in DealKind},
            "channel": {channel.name.lower(): channel.value for channel in Channel},
            "status": {status.name.lower(): status.value for status in OrderStatus},
            "currency": Currencies(),
            "account": Accounts(),
            "role": Roles(),
        }

    @cached_property
    def products(self) -> ProductWords:
        """Codes and categories of products."""
        return ProductWords(self.numbers["data"], whole=self._whole)

    @cached_property
    def line_needs(self) -> LineNeeds | None:
        """What the run's plans read of order lines; None where none of them does, and then no line is loaded."""
        plans = [version.compiled for version in self.versions if version.compiled.reads == "order_lines"]
        if not plans:
            return None
        numbers, codes = (frozenset().union(*(getattr(plan, name) for plan in plans)) for name in ("number_columns", "code_columns"))
        return LineNeeds(numbers, codes, self.products.codes)

    @cached_property
    def frame_hash(self) -> str:
        """Fingerprint of all that credit and measure read besides orders: while it stays, totals of unchanged chunks hold."""
        digest = hashlib.sha256(ENGINE_VERSION.encode())
        for part in (self.assignments, self.reporting, sorted(self.payees)):
            digest.update(repr(part).encode())
        if self.relations:
            digest.update(repr(self.relations).encode())
        for version in self.versions:
            digest.update(
                repr((version.id, version.digest, version.coverage, version.periods, sorted(version.paid), version.prepared.inputs.people.enrolments)).encode()
            )
            if version.prepared.led:
                digest.update(repr((version.prepared.inputs.lead_ins, version.prepared.inputs.beside)).encode())
        if self.line_needs is not None and self.line_needs.codes & set(PRODUCT_CODES):
            digest.update(self.products.digest.encode())
        return digest.hexdigest()


def _holds(coverage: tuple[Interval, ...], day: int) -> bool:
    return any(low <= day < high for low, high in coverage)


def _opening(one: OpeningSum) -> OpeningAmount:
    return OpeningAmount(one.seat_id, one.kind, one.name, one.period_id, one.amount, day_number(one.day), one.currency)


def _end(day: dt.date | None) -> int:
    return OPEN_END if day is None else day_number(day)


def _subtract(interval: Interval, taken: list[Interval]) -> list[Interval]:
    """What of an interval later versions have not taken."""
    parts = [interval]
    for low, high in taken:
        parts = [piece for start, end in parts for piece in ((start, min(end, low)), (max(start, high), end)) if piece[0] < piece[1]]
    return sorted(parts)


def _joined(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intervals without overlap, ascending."""
    found: list[Interval] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def _touched(periods: tuple[Period, ...], coverage: tuple[Interval, ...]) -> tuple[Period, ...]:
    """The periods of all years that the coverage touches."""
    years = {p.year for p in periods if any(p.start < high and low < p.end for low, high in coverage)}
    return tuple(p for p in periods if p.year in years)
