"""What a run reads besides orders: plan versions, calendars, people, quotas, as known at a change number, ready for the engine."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import Q, QuerySet

from incentives.carried import Held, held_by_payee, lead_of
from incentives.engine.compile import plan_load_again
from incentives.engine.contracts import (
    Assignment,
    Calendar,
    CategoryLink,
    EmploymentSpan,
    Enrolment,
    FxRate,
    Inputs,
    LeadIn,
    OpeningAmount,
    Period,
    Relation,
    ReportingLine,
    Vocabulary,
    day_number,
)
from incentives.engine.plan import CompiledPlan
from incentives.engine.prepare import Prepared
from incentives.engine.results import CAUSES
from incentives.line_loaders import PARTS, PRODUCT_CODES, LineNeeds
from incentives.models import PlanVersion
from incentives.opening import OpeningSum, openings_known
from incentives.products import ProductLabels, ProductWords, categories_known
from incentives.seats import Seats, end_number
from incentives.words import Accounts, Contracts, Currencies, Roles
from spm.calendars.holidays import holidays_known
from spm.calendars.models import Period as PeriodRow
from spm.currencies.models import FxRate as FxRateRow
from spm.sales.models import Channel, DealKind, OrderStatus
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
    inputs: Inputs
    led: frozenset[int] = frozenset()
    """Payees whose orders from before the version count in its measures that carry."""

    @cached_property
    def prepared(self) -> Prepared:
        """Plan and inputs, indexed; made where the version is first worked on."""
        return Prepared(self.compiled, self.inputs)


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
        self.book = self._book_read(chosen, with_lines=only is None or bool(others))
        self.payees, self.countries, self.seats, self.titles = self.book.payees, self.book.countries, self.book.seats, self.book.titles
        self.rows: dict[int, PlanVersion] = {}
        self.openings = self._openings_read(chosen)
        self._calendars: dict[int, tuple[Period, ...]] = {}
        self.versions = tuple(self._versions())

    # ---- what is read (incentives.payee_inputs reads the same of one payee)

    def _book_read(self, chosen: Sequence[int] | None, *, with_lines: bool) -> Seats:
        return Seats(numbers=self.numbers, chosen=chosen, with_lines=with_lines)

    def _openings_read(self, chosen: Sequence[int] | None) -> list[OpeningSum]:
        return openings_known(number=self.numbers["data"], payees=chosen)

    def _in_force_read(self, plans: Sequence[int]) -> Iterable[PlanVersion]:
        return versions_in_force(self.numbers["plan"]).filter(plan_id__in=plans)

    def _periods_read(self, calendar: int) -> Iterable[PeriodRow]:
        return PeriodRow.objects.filter(calendar_id=calendar).order_by("starts")

    @property
    def assignments(self) -> Iterable[Assignment]:
        """Each seat from the first day on which it is filled to the last, ascending by id."""
        return self.book.assignments.values()

    @property
    def reporting(self) -> tuple[ReportingLine, ...]:
        """Reporting lines between seats."""
        return self.book.reporting

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Named relations between seats."""
        return self.book.relations

    @property
    def employments(self) -> tuple[EmploymentSpan, ...]:
        """Who is employed when, on leave or under notice."""
        return self.book.employments

    @cached_property
    def holidays(self) -> tuple[tuple[int, str, str], ...]:
        """Days on which nobody works, each with its name and country; read where a plan asks for the company's."""
        rows = holidays_known(number=self.numbers["people"])
        return tuple((day, row.name, row.country) for row in rows for day in range(day_number(row.valid_from), end_number(row.valid_to)))

    # ---- plans

    def _versions(self) -> list[VersionInputs]:
        if self.instead:
            return self._built([_Draft(one.version, ((one.start, one.end),), one.seats_of) for one in self.instead])
        rows = self._in_force_read(self.book.plans) if self.in_force is None else self.in_force
        drafts: list[_Draft] = []
        taken: dict[int, list[Interval]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row.plan_id, -row.number)):
            own = (day_number(row.effective_from), end_number(row.effective_to))
            coverage = tuple(_subtract(own, taken[row.plan_id]))
            taken[row.plan_id].append(own)
            drafts.append(_Draft(row, coverage, row.plan_id))
        return sorted(self._built(drafts), key=lambda version: version.id)

    def _built(self, drafts: Sequence[_Draft]) -> list[VersionInputs]:
        """The versions that concern somebody, each over the days of its coverage for the seats under its plan."""
        enrolled = {draft: self.book.enrolments(draft.seats_of, draft.coverage) for draft in drafts if draft.coverage}
        held = [
            Held(draft.row.pk, draft.seats_of, self.seats[e.assignment][0], e.assignment, e.start, e.end)
            for draft, enrolments in enrolled.items()
            for e in enrolments
        ]
        by_payee = held_by_payee(held)
        plans = {one.version: one.plan for one in held}
        found = [self._version(draft, enrolments, by_payee, plans) for draft, enrolments in enrolled.items() if enrolments]
        return [version for version in found if version is not None]

    def _version(
        self, draft: _Draft, enrolments: tuple[Enrolment, ...], held: Mapping[int, Sequence[Held]], plans: Mapping[int, int]
    ) -> VersionInputs | None:  # fmt: skip
        """The version for the seats under it; None where no period is concerned."""
        row, coverage = draft.row, draft.coverage
        compiled = plan_compiled(row.digest, row.text)
        calendar = self.periods_of(row.plan.calendar_id)
        lead = lead_of(row.pk, compiled, calendar, held, {self.seats[e.assignment][0] for e in enrolments})
        led = tuple((item.start, item.end) for item in lead.lead_ins)
        periods = _touched(calendar, (*coverage, *led))
        if not periods:
            return None
        paid = frozenset(e.assignment for e in enrolments)
        beside = lead.beside
        if compiled.rollups or any(component.team is not None for component in compiled.components):
            enrolments += self.book.below(paid, coverage)
            beside += tuple(item for item in self.book.below(paid, _joined(led)) if item.assignment not in {item.assignment for item in lead.lead_ins})
        seen = {e.assignment for e in (*enrolments, *beside)} | {seat for item in lead.lead_ins for seat in (item.assignment, item.before)}
        people = self.book.people(seen, enrolments, compiled)
        openings = tuple(_opening(one) for one in self.openings if one.plan_id == draft.seats_of and _holds(coverage, day_number(one.day)))
        openings += self._led_openings(lead.lead_ins, plans)
        inputs = Inputs(
            Calendar(compiled.calendar, periods), people, self.book.quotas(people), self.vocabulary, openings=openings, lead_ins=lead.lead_ins, beside=beside,
            fx_rates=self._fx_rates(compiled, carried=bool(lead.lead_ins)),
            categories=self.categories if compiled.reads_categories else (),
            holidays=self.holidays if compiled.holidays_of != "plan" else (),
        )  # fmt: skip
        enrolled = frozenset(self.seats[e.assignment][0] for e in enrolments)
        led_payees = frozenset(self.seats[seat][0] for seat in (*(e.assignment for e in lead.lead_ins), *(e.assignment for e in beside)))
        self.rows[row.pk] = row
        return VersionInputs(row.pk, row.plan.code, row.digest, compiled, coverage, periods, enrolled, paid, inputs, led_payees)

    def _fx_rates(self, compiled: CompiledPlan, *, carried: bool) -> tuple[FxRate, ...]:
        """Rates by which a plan converts quotas, and (carried) takes over what was paid in another currency. Orders have rates of their own."""
        stated = (compiled.conversions.get(kind) for kind in (("quota", "carried") if carried else ("quota",)))
        types = sorted({conversion.rate_type for conversion in stated if conversion is not None})
        if not types:
            return ()
        found = FxRateRow.objects.filter(Q(base=compiled.currency) | Q(quote=compiled.currency), rate_type__in=types)
        rows = known_as_at(found, self.numbers["fx_rate"]).order_by("rate_type", "base", "quote", "valid_from")
        return tuple(FxRate(row.rate_type, row.base, row.quote, row.fx_rate, day_number(row.valid_from), end_number(row.valid_to)) for row in rows)

    def _led_openings(self, leads: Sequence[LeadIn], plans: Mapping[int, int]) -> tuple[OpeningAmount, ...]:
        """Opening balances of versions and seats that a version carries on."""
        found = []
        for item in leads:
            for one in self.openings:
                if one.seat_id == item.before and one.plan_id == plans.get(item.version) and item.start <= day_number(one.day) < item.end:
                    found.append(_opening(one)._replace(assignment=item.assignment))
        return tuple(found)

    def periods_of(self, calendar: int) -> tuple[Period, ...]:
        """Periods of all years that have begun: a year that has begun is whole, so that its windows have their full span."""
        if calendar in self._calendars:
            return self._calendars[calendar]
        rows = list(self._periods_read(calendar))
        begun = {row.year for row in rows if row.starts <= self.business_date}
        self._calendars[calendar] = tuple(
            Period(r.pk, r.code, day_number(r.starts), day_number(r.ends), f"{r.year}/{r.quarter}" if r.quarter else "", r.year)
            for r in rows
            if r.year in begun
        )
        return self._calendars[calendar]

    @cached_property
    def first_day(self) -> int | None:
        """The first day of any period of the plans' calendars; None without plans."""
        days = [periods[0].start for row in self.rows.values() if (periods := self.periods_of(row.plan.calendar_id))]
        return min(days, default=None)

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
            "contract": Contracts(),
            "role": Roles(),
        }

    @cached_property
    def products(self) -> ProductWords:
        """Codes and categories of products."""
        return ProductWords(self.numbers["data"], whole=self._whole)

    @cached_property
    def categories(self) -> tuple[CategoryLink, ...]:
        """The tree of product categories; read where a plan asks what lies within one."""
        return categories_known(self.numbers["data"])

    @cached_property
    def line_needs(self) -> LineNeeds | None:
        """What the run's plans read of order lines; None where none of them does, and then no line is loaded."""
        plans = [version.compiled for version in self.versions if version.compiled.reads == "order_lines"]
        if not plans:
            return None
        numbers, codes = (frozenset().union(*(getattr(plan, name) for plan in plans)) for name in ("number_columns", "code_columns"))
        return LineNeeds(numbers, codes, self.products.codes, any(plan.contract_years for plan in plans))

    @cached_property
    def frame_hash(self) -> str:
        """Fingerprint of all that credit and measure read besides orders: while it stays, totals of unchanged chunks hold."""
        digest = hashlib.sha256(ENGINE_VERSION.encode())
        for part in (tuple(self.assignments), self.reporting, sorted(self.payees)):
            digest.update(repr(part).encode())
        if self.relations:
            digest.update(repr(self.relations).encode())
        digest.update(repr(self.first_day).encode())
        for version in self.versions:
            digest.update(
                repr((version.id, version.digest, version.coverage, version.periods, sorted(version.paid), version.inputs.people.enrolments)).encode()
            )
            if version.inputs.lead_ins:
                digest.update(repr((version.inputs.lead_ins, version.inputs.beside)).encode())
        if self.line_needs is not None and self.line_needs.codes & set(PRODUCT_CODES):
            digest.update(self.products.digest.encode())
        if any(version.compiled.reads_categories for version in self.versions):
            digest.update(repr(self.categories).encode())
        return digest.hexdigest()


def _holds(coverage: tuple[Interval, ...], day: int) -> bool:
    return any(low <= day < high for low, high in coverage)


def _opening(one: OpeningSum) -> OpeningAmount:
    return OpeningAmount(one.seat_id, one.kind, one.name, one.period_id, one.amount, day_number(one.day), one.currency)


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
