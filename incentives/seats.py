"""Who sits where, reports to whom and has which terms, as known at a change number: read once for a run, handed to each plan version
for the seats that concern it alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from incentives.engine.contracts import (
    OPEN_END,
    Assignment,
    Attribute,
    EmploymentSpan,
    Enrolment,
    KpiValue,
    People,
    Quota,
    Relation,
    ReportingLine,
    day_number,
)
from incentives.engine.people import PositionLine, PositionRelation, relations_from_positions, reporting_from_positions
from incentives.engine.plan import CompiledPlan
from incentives.engine.rounding import scaled
from incentives.models import PlanAssignment
from planning.models import Quota as QuotaRow
from spm.people.models import Assignment as AssignmentRow
from spm.people.models import Employment, NamedRelation, Payee, PayTerms, Seat
from spm.people.models import ReportingLine as LineRow
from spm.sales.known import versions_known
from spm.sales.models import KpiValueVersion
from spm.tenancy.changes import known_as_at

Interval = tuple[int, int]


@dataclass(frozen=True)
class PayeeGroup:
    """By which groups periods close for a payee."""

    pay_group: str
    legal_entity: int
    pay_currency: str


class Span(NamedTuple):
    """A seat is filled over `[start, end)` with a share of full time."""

    start: int
    end: int
    fte_ppm: int


class _OfSeat(Protocol):
    @property
    def assignment(self) -> int: ...


Row = TypeVar("Row", bound=_OfSeat)


class Seats:
    """Payees, their seats, and what is dated of seats.

    chosen: the payees to read (None: everybody). numbers: change numbers by cause. with_lines: read who stands above whom, too.
    """

    def __init__(self, *, numbers: Mapping[str, int], chosen: Sequence[int] | None, with_lines: bool) -> None:
        self.numbers, self._whole, self._with_lines = numbers, chosen is None, with_lines
        own = {} if chosen is None else {"payee_id__in": chosen}
        of_seat = {} if chosen is None else {"seat__payee_id__in": chosen}
        payees = Payee.objects.order_by("pk").values_list("pk", "pay_group", "legal_entity_id", "pay_currency", "legal_entity__country")
        self.payees: dict[int, PayeeGroup] = {}
        self.countries: dict[int, str] = {}
        """Of the legal entities of these payees."""
        groups: dict[tuple[str, int, str], PayeeGroup] = {}
        for pk, group, entity, currency, country in payees if chosen is None else payees.filter(pk__in=chosen):
            self.payees[pk] = groups.setdefault((group, entity, currency), PayeeGroup(group, entity, currency))
            self.countries[entity] = country
        self.spans: dict[int, list[Span]] = defaultdict(list)
        filled = known_as_at(AssignmentRow.objects.filter(**own), numbers["people"]).order_by("seat_id", "valid_from")
        for seat, start, end, fte in filled.values_list("seat_id", "valid_from", "valid_to", "fte_ppm"):
            self.spans[seat].append(Span(day_number(start), end_number(end), fte))
        rows = Seat.objects.all() if chosen is None else Seat.objects.filter(payee_id__in=chosen)
        seats = [row for row in rows.values_list("pk", "payee_id", "position_id", "position__title") if row[0] in self.spans]
        self.seats = {seat: (payee, position) for seat, payee, position, _ in seats}
        self.titles = {seat: title for seat, _, _, title in seats}
        self._enrolled: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        assigned = known_as_at(PlanAssignment.objects.filter(**of_seat), numbers["people"])
        for plan_id, seat_id, start, end in assigned.values_list("plan_id", "seat_id", "valid_from", "valid_to"):
            self._enrolled[plan_id].append((seat_id, day_number(start), end_number(end)))
        self._terms = known_as_at(PayTerms.objects.filter(**of_seat), numbers["pay_rate"])

    @cached_property
    def assignments(self) -> dict[int, Assignment]:
        """Each seat from the first day on which it is filled to the last, by id, ascending."""
        found = {}
        for seat in sorted(self.spans):
            spans, (payee, position) = self.spans[seat], self.seats[seat]
            entity = self.payees[payee].legal_entity
            start, end, fte = min(s.start for s in spans), max(s.end for s in spans), max(s.fte_ppm for s in spans)
            found[seat] = Assignment(seat, payee, position, start, end, fte, str(entity), country=self.countries[entity])
        return found

    # ---- who stands above whom

    @cached_property
    def reporting(self) -> tuple[ReportingLine, ...]:
        """Reporting lines between seats."""
        if not self._with_lines:
            return ()
        lines = [
            PositionLine(position, manager, day_number(start), end_number(end))
            for position, manager, start, end in known_as_at(LineRow.objects.all(), self.numbers["hierarchy"])
            .order_by("position_id", "valid_from")
            .values_list("position_id", "manager_id", "valid_from", "valid_to")
        ]
        return reporting_from_positions(lines, self._span_by_span()) if lines else ()

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """Named relations between seats, span by span as the reporting lines."""
        if not self._with_lines:
            return ()
        rows = [
            PositionRelation(name, position, related, day_number(start), end_number(end))
            for name, position, related, start, end in known_as_at(NamedRelation.objects.all(), self.numbers["hierarchy"])
            .order_by("name", "position_id", "related_id", "valid_from")
            .values_list("name", "position_id", "related_id", "valid_from", "valid_to")
        ]
        return relations_from_positions(rows, self._span_by_span()) if rows else ()

    def _span_by_span(self) -> list[Assignment]:
        """So that a manager who left and came back is not taken to sit there in between."""
        return [Assignment(seat, *self.seats[seat], span.start, span.end, span.fte_ppm) for seat in sorted(self.spans) for span in self.spans[seat]]

    # ---- who is under a plan

    @property
    def plans(self) -> list[int]:
        """The plans under which somebody is."""
        return list(self._enrolled)

    def enrolments(self, plan: int, coverage: Iterable[Interval]) -> tuple[Enrolment, ...]:
        """The seats under a plan on the days of the coverage on which they are filled."""
        found = []
        for seat, start, end in sorted(self._enrolled[plan]):
            for span in self.spans.get(seat, ()):
                for low, high in coverage:
                    first, last = max(start, low, span.start), min(end, high, span.end)
                    if first < last:
                        found.append(Enrolment(seat, first, last))
        return tuple(found)

    def below(self, paid: frozenset[int], coverage: Iterable[Interval]) -> tuple[Enrolment, ...]:
        """Members of the teams of those under a plan, who are not under it themselves: measured for their managers, not paid."""
        todo, below = list(paid), set[int]()
        while todo:
            fresh = self._members[todo.pop()] - below
            below |= fresh
            todo += fresh
        own = {self.seats[seat][0] for seat in paid}
        found = []
        for seat in sorted(seat for seat in below if self.seats[seat][0] not in own):
            for span in self.spans[seat]:
                for low, high in coverage:
                    first, last = max(low, span.start), min(high, span.end)
                    if first < last:
                        found.append(Enrolment(seat, first, last))
        return tuple(found)

    @cached_property
    def _members(self) -> dict[int, set[int]]:
        members: dict[int, set[int]] = defaultdict(set)
        for line in self.reporting:
            members[line.manager].add(line.assignment)
        for relation in self.relations:
            members[relation.related].add(relation.assignment)
        return members

    # ---- what a plan version sees

    def people(self, seats: Collection[int], enrolments: tuple[Enrolment, ...], plan: CompiledPlan) -> People:
        """All that a plan reads of people: these seats with all others of their payees, and everybody above them."""
        payees = {self.seats[seat][0] for seat in seats}
        wanted = {seat for payee in payees for seat in self._seats_of[payee]}
        todo = list(wanted)
        while todo:
            seat = todo.pop()
            above = [line.manager for line in self._lines_of.get(seat, ())] + [item.related for item in self._relations_of.get(seat, ())]
            fresh = set(above) - wanted
            wanted |= fresh
            todo += fresh
        own = sorted(wanted)
        return People(
            tuple(self.assignments[seat] for seat in own),
            _of(self._attributes_of, own),
            _of(self._lines_of, own),
            enrolments,
            tuple(value for value in self.kpi_values if value.payee in payees) if plan.kpis else (),
            relations=_of(self._relations_of, own),
            employments=tuple(span for span in self.employments if span.payee in payees) if plan.reads_employment else (),
        )

    def quotas(self, people: People) -> tuple[Quota, ...]:
        """Quotas of the positions of these people."""
        positions = sorted({assignment.position for assignment in people.assignments})
        return tuple(quota for position in positions for quota in self._quotas_of.get(position, ()))

    @cached_property
    def _seats_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for seat in sorted(self.spans):
            found[self.seats[seat][0]].append(seat)
        return found

    @cached_property
    def _lines_of(self) -> dict[int, list[ReportingLine]]:
        return _by_seat(self.reporting)

    @cached_property
    def _relations_of(self) -> dict[int, list[Relation]]:
        return _by_seat(self.relations)

    @cached_property
    def _attributes_of(self) -> dict[int, list[Attribute]]:
        found: dict[int, list[Attribute]] = defaultdict(list)
        terms = self._terms.order_by("seat_id", "valid_from")
        for seat, first, last, scale, target, ote, more in terms.values_list(
            "seat_id", "valid_from", "valid_to", "amount_scale", "target_incentive", "ote", "attributes"
        ):
            if seat not in self.seats:
                continue
            start, end = day_number(first), end_number(last)
            values = {"target_incentive": scaled(target, scale), "ote": scaled(ote, scale)} | {name: Decimal(str(value)) for name, value in more.items()}
            found[seat] += [Attribute(seat, name, value, start, end) for name, value in values.items()]
        return found

    @cached_property
    def _quotas_of(self) -> dict[int, list[Quota]]:
        positions = {} if self._whole else {"position_id__in": {position for _, position in self.seats.values()}}
        rows = known_as_at(QuotaRow.objects.filter(**positions), self.numbers["quota"]).order_by("position_id", "measure", "valid_from")
        found: dict[int, list[Quota]] = defaultdict(list)
        columns = ("position_id", "measure", "amount", "amount_scale", "valid_from", "valid_to", "currency")
        for position, measure, amount, scale, start, end, currency in rows.values_list(*columns):
            found[position].append(Quota(position, measure, scaled(amount, scale), day_number(start), end_number(end), currency))
        return found

    @cached_property
    def employments(self) -> tuple[EmploymentSpan, ...]:
        """Who is employed when, on leave or under notice; read where a plan asks for it."""
        found = known_as_at(Employment.objects.filter(payee_id__in=list(self.payees)), self.numbers["people"])
        rows = found.order_by("payee_id", "valid_from").values_list("payee_id", "status", "valid_from", "valid_to", "leave_kind")
        return tuple(EmploymentSpan(payee, status, day_number(start), end_number(end), kind) for payee, status, start, end, kind in rows)

    @cached_property
    def kpi_values(self) -> tuple[KpiValue, ...]:
        """What was measured of the payees; read where a plan asks for it."""
        found = versions_known(KpiValueVersion, known_at=self.numbers["data"]).filter(payee_id__in=list(self.payees))
        rows = found.order_by("payee_id", "kpi", "measured_on", "record_id").values_list("payee_id", "kpi", "measured_on", "value", "value_scale")
        return tuple(KpiValue(payee, kpi, day_number(day), scaled(value, scale)) for payee, kpi, day, value, scale in rows)


def _by_seat(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.assignment].append(row)
    return found


def _of(rows: Mapping[int, list[Row]], seats: Iterable[int]) -> tuple[Row, ...]:
    return tuple(row for seat in seats for row in rows.get(seat, ()))


def end_number(day: dt.date | None) -> int:
    """The day on which something dated ends, as the engine counts; what is open ends never."""
    return OPEN_END if day is None else day_number(day)
