"""Writes a demo company's people: positions, seats, reporting lines, quotas, pay terms, with the hard cases of the organisation."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from decimal import Decimal

from planning.models import Quota
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.models import FxRate
from spm.people.models import Assignment, Employment, LegalEntity, Payee, PayTerms, PersonDetail, Position, ReportingLine, Seat, Team, TeamMembership
from spm.tenancy.models import ChangeSet
from training.demo.company import Company


@dataclass
class Org:
    """What later steps need: the calendar, sellers with the days they sell, and named people of the hard cases."""

    calendar: FiscalCalendar
    first_day: dt.date
    last_day: dt.date
    sellers: list[tuple[Payee, dt.date, dt.date]] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    named: dict[str, Payee] = field(default_factory=dict)


def month_add(day: dt.date, months: int) -> dt.date:
    """The first day of the month `months` later."""
    index = day.year * 12 + day.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def calendar_write(*, name: str, first_day: dt.date, months: int) -> FiscalCalendar:
    """Calendar months with quarters and years."""
    calendar = FiscalCalendar.objects.create(code="months", name=name, kind=FiscalCalendar.Kind.MONTH, is_default=True)
    days = [month_add(first_day, n) for n in range(months + 1)]
    Period.objects.bulk_create(
        Period(calendar=calendar, code=f"{a:%Y-%m}", starts=a, ends=b, quarter=f"{a.year}-Q{(a.month + 2) // 3}", year=str(a.year))
        for a, b in itertools.pairwise(days)
    )
    return calendar


def org_write(*, company: Company, today: dt.date, changeset: ChangeSet) -> Org:
    """People and what is due to them from the January before last year's on, so that two whole years are there."""
    first = dt.date(today.year - 1, 1, 1)
    calendar = calendar_write(name=dict(company.words).get("Calendar months", "Calendar months"), first_day=first, months=36)
    org = Org(calendar=calendar, first_day=first, last_day=today)
    entity = LegalEntity.objects.create(code="main", name=company.legal_entity, country=company.country, currency=company.currency)
    number = iter(range(1001, 2000))

    def payee(name: str, *, kind: str = Payee.Kind.PERSON, currency: str = company.currency, start: dt.date = first, end: dt.date | None = None) -> Payee:
        code = next(number)
        row = Payee.objects.create(kind=kind, source="hr", external_id=str(code), legal_entity=entity, pay_currency=currency)
        PersonDetail.objects.create(payee=row, display_name=name, email=f"p{code}@{company.slug}.example", country=company.country)
        Employment.objects.create(payee=row, valid_from=start, valid_to=end, known_from=changeset)
        return row

    def position(code: str, title: str, manager: Position | None, start: dt.date = first) -> Position:
        row = Position.objects.create(code=code, title=title)
        if manager is not None:
            ReportingLine.objects.create(position=row, manager=manager, valid_from=start, known_from=changeset)
        return row

    def seat(
        who: Payee,
        where: Position,
        start: dt.date = first,
        end: dt.date | None = None,
        *,
        pct: str = "0.06",
        team_pct: str = "0",
        fte: int = 1_000_000,
        draw_until: dt.date | None = None,
    ) -> Seat:
        row = Seat.objects.create(payee=who, position=where)
        Assignment.objects.create(payee=who, position=where, seat=row, valid_from=start, valid_to=end, fte_ppm=fte, known_from=changeset)
        incentive = company.quarter_quota * 4 * 6 // 100
        spans = [(start, draw_until, {"draw": company.draw}), (draw_until, end, {})] if draw_until else [(start, end, {})]
        for low, high, more in spans:
            PayTerms.objects.create(seat=row, currency=company.currency, target_incentive=incentive * 100, ote=incentive * 200, valid_from=low, valid_to=high,
                                    attributes={"commission_pct": pct, "team_pct": team_pct, **more}, known_from=changeset)  # fmt: skip
        org.seats.append(row)
        return row

    def quotas(where: Position, factor: Decimal) -> None:
        for n in range(0, 36, 3):
            start, growth = month_add(first, n), Decimal(100 + 4 * (n // 3)) / 100
            amount = int(company.quarter_quota * factor * growth / 1000) * 1000
            Quota.objects.create(position=where, measure="sales", amount=amount * 100, amount_scale=2, currency=company.currency,
                                 valid_from=start, valid_to=month_add(start, 3), known_from=changeset)  # fmt: skip

    chief_seat, manager_title, rep_title, specialist_title = company.titles
    top = position("CRO", chief_seat, None)
    chief = org.named["chief"] = payee(company.chief)
    seat(chief, top, pct="0", team_pct="0.003")
    quotas(top, Decimal(sum(len(team) for team in company.reps)) * Decimal("0.9"))
    places: list[list[Position]] = []
    for index, ((area, manager_name), names) in enumerate(zip(company.managers, company.reps, strict=True)):
        team = Team.objects.create(code=area, name=dict(company.areas).get(area, area.capitalize()))
        head = position(f"M-{area}", manager_title, top)
        manager = org.named[f"manager{index}"] = payee(manager_name)
        seat(manager, head, pct="0", team_pct="0.008")
        quotas(head, Decimal(len(names)) * Decimal("0.95"))
        places.append([])
        for n, name in enumerate(names):
            where = position(f"{area}-{n + 1}", rep_title, head)
            TeamMembership.objects.create(position=where, team=team, valid_from=first, known_from=changeset)
            quotas(where, Decimal(85 + 6 * n) / 100)
            places[-1].append(where)
            start, end = first, None
            if (index, n) == (0, 4):  # a joiner in the middle of a year
                start = month_add(first, 7)
            if (index, n) == (1, 4):  # a leaver
                end = dt.date(today.year, 3, 15)
            euro = company.currency == "USD" and (index, n) == (2, 1)
            who = payee(name, currency="EUR" if euro else company.currency, start=start, end=end)
            org.named[f"rep{index}{n}"] = who
            org.sellers.append((who, start, end or today + dt.timedelta(days=1)))
            if (index, n) == (1, 1):
                # A mover in the middle of a quarter: from the second team's seat to a new one in the first team.
                moved = dt.date(today.year, 2, 16)
                seat(who, where, start, moved)
                new = position(f"{company.managers[0][0]}-7", rep_title, Position.objects.get(code=f"M-{company.managers[0][0]}"))
                quotas(new, Decimal("0.9"))
                seat(who, new, moved, None)
                org.named["mover"] = who
            elif (index, n) == (0, 2):
                # One payee in two positions: seller and half a specialist, each with a share of full time.
                seat(who, where, start, end, fte=500_000)
                second = position("SPEC-1", specialist_title, head)
                quotas(second, Decimal("0.3"))
                seat(who, second, start, end, fte=500_000, pct="0.02")
            else:
                # The joiner draws for his first half year.
                seat(who, where, start, end, draw_until=month_add(start, 6) if (index, n) == (0, 4) else None)
    partner = org.named["partner"] = payee(company.partner, kind=Payee.Kind.PARTNER)
    channel = position("PARTNER-1", "Partner", top)
    seat(partner, channel, pct="0.04")
    quotas(channel, Decimal("0.5"))
    org.sellers.append((partner, first, today + dt.timedelta(days=1)))
    if company.currency == "USD":
        for n in range(24):
            start = month_add(first, n)
            for kind, value in (("plan", Decimal("1.08") + Decimal(n % 5) / 100), ("payroll", Decimal("1.0815") + Decimal(n * 7 % 41) / 1000)):
                FxRate.objects.create(rate_type=kind, base="EUR", quote="USD", fx_rate=value, valid_from=start, valid_to=month_add(start, 1),
                                      known_from=changeset)  # fmt: skip
    return org
