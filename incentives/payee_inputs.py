"""What a run read of one payee besides orders, in a handful of statements: the pages' way to the same inputs as `RunInputs(only=)`.

What is the same for all payees of a run (plan versions, rates, change numbers) is kept in this process by run: it is pinned to a change
number, so that it never changes. What is kept by no change number (periods, titles, groups) is read each time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.db import connection

from incentives.engine.contracts import Attribute, Quota, day_number
from incentives.engine.rounding import scaled
from incentives.fx import FxTable
from incentives.inputs import RunInputs, versions_in_force
from incentives.models import PlanVersion, Run
from incentives.opening import OpeningSum, openings_known
from incentives.reading import ChangeNumbers
from incentives.seats import PayeeGroup, Seats, Span, end_number
from spm.tenancy.scope import required_tenant_id

_KNOWN = (
    "JOIN tenancy_changeset f ON f.tenant_id = x.tenant_id AND f.id = x.known_from_id AND f.number <= %(number)s "
    "LEFT JOIN tenancy_changeset t ON t.tenant_id = x.tenant_id AND t.id = x.known_to_id "
)
_STILL = "(t.number IS NULL OR t.number > %(number)s)"
PEOPLE = (
    "SELECT p.pay_group, p.legal_entity_id, p.pay_currency, e.country, a.seat_id, a.position_id, a.title, a.valid_from, a.valid_to, a.fte_ppm "
    "FROM people_payee p JOIN people_legalentity e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id "
    "LEFT JOIN (SELECT x.payee_id, x.seat_id, s.position_id, o.title, x.valid_from, x.valid_to, x.fte_ppm "
    f"FROM people_assignment x {_KNOWN}"
    "JOIN people_seat s ON s.tenant_id = x.tenant_id AND s.id = x.seat_id JOIN people_position o ON o.tenant_id = x.tenant_id AND o.id = s.position_id "
    f"WHERE x.tenant_id = %(tenant)s AND x.payee_id = %(payee)s AND {_STILL}) a ON a.payee_id = p.id "
    "WHERE p.tenant_id = %(tenant)s AND p.id = %(payee)s ORDER BY a.seat_id, a.valid_from"
)
OF_SEATS = (
    "SELECT 0, x.seat_id, x.valid_from, x.valid_to, x.plan_id, NULL::smallint, NULL::bigint, NULL::bigint, NULL::text "
    f"FROM incentives_planassignment x {_KNOWN} WHERE x.tenant_id = %(tenant)s AND x.seat_id = ANY(%(seats)s) AND {_STILL} "
    "UNION ALL SELECT 1, x.seat_id, x.valid_from, x.valid_to, NULL, x.amount_scale, x.target_incentive, x.ote, x.attributes::text "
    f"FROM people_payterms x {_KNOWN} WHERE x.tenant_id = %(tenant)s AND x.seat_id = ANY(%(seats)s) AND {_STILL} "
    "UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL "
    "WHERE EXISTS (SELECT FROM incentives_openingentry WHERE tenant_id = %(tenant)s AND seat_id = ANY(%(seats)s)) ORDER BY 1, 2, 3"
)
QUOTAS = (
    "SELECT x.position_id, x.measure, x.amount, x.amount_scale, x.valid_from, x.valid_to, x.currency "
    f"FROM planning_quota x {_KNOWN} WHERE x.tenant_id = %(tenant)s AND x.position_id = ANY(%(positions)s) AND {_STILL} ORDER BY 1, 2, 5"
)
PERIODS = "SELECT id, code, starts, ends, quarter, year FROM calendars_period WHERE tenant_id = %(tenant)s AND calendar_id = %(calendar)s ORDER BY starts"


class PeriodRow(NamedTuple):
    """A period of a calendar, as its table has it."""

    pk: int
    code: str
    starts: Any
    ends: Any
    quarter: str
    year: str


@dataclass
class RunFrame:
    """What a run saw that is the same for all its payees."""

    number: int
    versions: dict[int, tuple[PlanVersion, ...]] = field(default_factory=dict)
    """Versions in force by plan; of the plans that were asked for."""
    fx_tables: dict[tuple[str, tuple[str, ...]], FxTable] = field(default_factory=dict)

    @cached_property
    def change_numbers(self) -> ChangeNumbers:
        """Which change sets the run knew."""
        return ChangeNumbers.up_to(self.number)

    def in_force(self, plans: Collection[int]) -> list[PlanVersion]:
        """The versions of these plans in force."""
        missing = [plan for plan in plans if plan not in self.versions]
        if missing:
            found: dict[int, list[PlanVersion]] = defaultdict(list)
            for row in versions_in_force(self.number).filter(plan_id__in=missing):
                found[row.plan_id].append(row)
            self.versions |= {plan: tuple(found[plan]) for plan in missing}
        return [row for plan in plans for row in self.versions[plan]]


@lru_cache(maxsize=8)
def _frame(tenant_id: int, run_id: int, number: int) -> RunFrame:
    return RunFrame(number)


def frames_forget() -> None:
    """Drops what this process keeps of runs."""
    _frame.cache_clear()


class PayeeSeats(Seats):
    """One payee's seats with all that is dated of them. Employment and KPI values are read where a plan asks for them, as for a run."""

    def __init__(self, *, number: int, payee_id: int) -> None:
        self.numbers, self._whole, self._with_lines = defaultdict(lambda: number), False, False
        self._given = {"tenant": required_tenant_id(), "number": number, "payee": payee_id}
        self.payees, self.countries, self.seats, self.titles = {}, {}, {}, {}
        self.spans = defaultdict(list)
        for group, entity, currency, country, seat, position, title, start, end, fte in self._rows(PEOPLE):
            self.payees[payee_id] = PayeeGroup(group, entity, currency)
            self.countries[entity] = country
            if seat is not None:
                self.spans[seat].append(Span(day_number(start), end_number(end), fte))
                self.seats[seat], self.titles[seat] = (payee_id, position), title
        self._enrolled = defaultdict(list)
        self._terms_read: dict[int, list[Attribute]] = defaultdict(list)
        self.has_openings = False
        for kind, seat, start, end, plan, scale, target, ote, more in self._rows(OF_SEATS, seats=list(self.seats)) if self.seats else ():
            if kind == 0:
                self._enrolled[plan].append((seat, day_number(start), end_number(end)))
            elif kind == 1:
                values = {"target_incentive": scaled(target, scale), "ote": scaled(ote, scale)} | {
                    name: Decimal(str(value)) for name, value in json.loads(more).items()
                }
                self._terms_read[seat] += [Attribute(seat, name, value, day_number(start), end_number(end)) for name, value in values.items()]
            else:
                self.has_openings = True

    def _rows(self, sql: str, **given: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._given | given)
            return list(cursor.fetchall())

    @cached_property
    def _attributes_of(self) -> dict[int, list[Attribute]]:
        return self._terms_read

    @cached_property
    def _quotas_of(self) -> dict[int, list[Quota]]:
        found: dict[int, list[Quota]] = defaultdict(list)
        positions = sorted({position for _, position in self.seats.values()})
        for position, measure, amount, scale, start, end, currency in self._rows(QUOTAS, positions=positions) if positions else ():
            found[position].append(Quota(position, measure, scaled(amount, scale), day_number(start), end_number(end), currency))
        return found


class PayeeInputs(RunInputs):
    """One payee's part of what a run read: the same as `RunInputs(number=, business_date=, only=)` of that run."""

    book: PayeeSeats

    def __init__(self, *, payee_id: int, run: Run) -> None:
        self.frame = _frame(required_tenant_id(), run.pk, run.known_number)
        self.__dict__["_fx_tables"] = self.frame.fx_tables
        super().__init__(number=run.known_number, business_date=run.business_date, only=payee_id)

    def _book_read(self, chosen: Sequence[int] | None, *, with_lines: bool) -> PayeeSeats:
        assert chosen is not None
        return PayeeSeats(number=self.number, payee_id=chosen[0])

    def _openings_read(self, chosen: Sequence[int] | None) -> list[OpeningSum]:
        return openings_known(number=self.number, payees=chosen) if self.book.has_openings else []

    def _in_force_read(self, plans: Sequence[int]) -> Iterable[PlanVersion]:
        return self.frame.in_force(plans)

    def _periods_read(self, calendar: int) -> Iterable[Any]:
        return [PeriodRow(*row) for row in self.book._rows(PERIODS, calendar=calendar)]
