"""What the next plan year would be: periods, plan versions, quotas and enrolments, each beside what it comes from."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_noop

from incentives.models import PlanAssignment, PlanVersion
from planning.models import Quota
from spm.calendars.generate import Window, add_months, windows_for_years
from spm.calendars.models import FiscalCalendar, Period
from spm.calendars.services import rules_of
from spm.people.models import Assignment
from spm.tenancy.changes import known_as_at
from spm.told import ToldError

NEW, STANDS, GOES_ON, LEFT_OUT = "new", "stands", "goes_on", "left_out"


class RollForwardRefused(ToldError):
    """The year cannot be rolled forward, or the step does not fit; the text says why."""


@dataclass(frozen=True)
class Item:
    """One line of the diff. kind: period, version, quota or enrolment. state: new (made when confirmed), stands (there already), goes_on
    (needs nothing), left_out. ids: of the rows it comes from, for the confirmation. before and after: days or amounts as text."""

    kind: str
    state: str
    label: str
    before: str
    after: str
    ids: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Years:
    """A plan year and the next one: their periods, the next year's as windows where they are not there yet."""

    this: list[Period]
    next: list[Window]
    missing: list[Window]

    @property
    def start(self) -> dt.date:
        """First day of the next year."""
        return self.this[-1].ends

    @property
    def end(self) -> dt.date:
        """First day after the next year."""
        return self.next[-1].ends

    def moved(self, start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
        """The same stretch of the next year: by the places of its periods, else by calendar months."""
        firsts, lasts = [p.starts for p in self.this], [p.ends for p in self.this]
        if len(self.this) == len(self.next) and start in firsts and end in lasts:
            return self.next[firsts.index(start)].starts, self.next[lasts.index(end)].ends
        return add_months(start, 12), add_months(end, 12)


def years_of(calendar: FiscalCalendar, year: str) -> Years:
    """The year and the next one. RollForwardRefused where the calendar has no such year or cannot be extended."""
    periods = list(Period.objects.filter(calendar=calendar).order_by("starts"))
    this = [period for period in periods if period.year == year]
    if not this:
        raise RollForwardRefused(gettext_noop("Calendar %(code)s has no year %(year)s."), code=calendar.code, year=year)
    later = [period for period in periods if period.starts >= this[-1].ends]
    if later:
        found = [Window(p.code, p.starts, p.ends, p.quarter, p.year) for p in later if p.year == later[0].year]
        return Years(this, found, [])
    if calendar.kind == FiscalCalendar.Kind.CUSTOM or not year.isdigit():
        raise RollForwardRefused(
            gettext_noop("Calendar %(code)s has windows of its own; add those of the year after %(year)s first."), code=calendar.code, year=year
        )
    missing = [w for w in windows_for_years(rules_of(calendar), int(year) + 1, int(year) + 1) if w.starts >= this[-1].ends]
    return Years(this, missing, missing)


def proposal(*, calendar: FiscalCalendar, year: str, quota_factor: Decimal) -> list[Item]:
    """The diff, in a fixed order: the same state of the record gives the same lines."""
    years = years_of(calendar, year)
    missing = {window.code for window in years.missing}
    periods = [
        Item("period", NEW if w.code in missing else STANDS, w.code, "", f"{w.starts} – {w.ends}", {"code": w.code}) for w in years.next
    ]  # fmt: skip
    return [*periods, *_versions(calendar, years), *_quotas(years, quota_factor), *_enrolments(calendar, years)]


def _versions(calendar: FiscalCalendar, years: Years) -> list[Item]:
    rows = PlanVersion.objects.filter(plan__calendar=calendar, plan__is_archived=False).select_related("plan").order_by("plan__code", "-number")
    by_plan: dict[int, list[PlanVersion]] = defaultdict(list)
    for row in rows:
        by_plan[row.plan_id].append(row)
    last = years.start - dt.timedelta(days=1)
    found = []
    for versions in by_plan.values():
        live = [v for v in versions if v.state == PlanVersion.State.ACTIVE]
        base = next((v for v in live if v.effective_from <= last and (v.effective_to is None or v.effective_to > last)), None)
        if base is None:
            continue
        made = next((v for v in versions if v.state != PlanVersion.State.RETIRED and v.effective_from == years.start), None)
        after = f"{made.number}" if made is not None else f"{versions[0].number + 1}"
        shown_end = years.end.isoformat() if base.effective_to is not None else ""
        ids = {"plan": base.plan_id, "version": base.pk, "effective_to": shown_end}
        found.append(
            Item("version", NEW if made is None else STANDS, base.plan.title, f"{base.number}", f"{after}: {years.start} – {shown_end}".strip(" –"), ids)
        )
    return found


def _quotas(years: Years, factor: Decimal) -> list[Item]:
    first = years.this[0].starts
    known = known_as_at(Quota.objects.filter(valid_from__gte=first, valid_to__gt=first), None).select_related("position")
    rows = list(known.order_by("position__code", "measure", "valid_from"))
    taken: dict[tuple[int, str], list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for row in rows:
        taken[row.position_id, row.measure].append((row.valid_from, row.valid_to))
    found = []
    for row in rows:
        if row.valid_to > years.start:
            continue
        start, end = years.moved(row.valid_from, row.valid_to)
        stands = any(low < end and start < high for low, high in taken[row.position_id, row.measure])
        amount = int((Decimal(row.amount) * factor).to_integral_value(ROUND_HALF_UP))
        before, after = (f"{Decimal(value).scaleb(-row.amount_scale):f} {row.currency}".strip() for value in (row.amount, amount))
        label = f"{row.position.code} · {row.measure} · {start} – {end}"
        ids = {"quota": row.pk, "amount": amount, "from": start.isoformat(), "to": end.isoformat()}
        found.append(Item("quota", STANDS if stands else NEW, label, before, after, ids))
    return found


def _enrolments(calendar: FiscalCalendar, years: Years) -> list[Item]:
    rows = list(
        known_as_at(PlanAssignment.objects.filter(plan__calendar=calendar), None)
        .select_related("plan", "seat__position", "seat__payee")
        .order_by("plan__code", "seat__position__code", "seat_id", "valid_from")
    )
    sits = set()
    for seat, end in known_as_at(Assignment.objects.filter(valid_from__lt=years.end), None).values_list("seat_id", "valid_to"):
        if end is None or end > years.start:
            sits.add(seat)
    taken = {(row.seat_id, row.plan_id) for row in rows if row.valid_from < years.end and (row.valid_to is None or row.valid_to > years.start)}
    found = []
    for row in rows:
        goes_on = row.valid_from < years.start and (row.valid_to is None or row.valid_to > years.start)
        if not goes_on and row.valid_to != years.start:
            continue
        state = GOES_ON if goes_on else STANDS if (row.seat_id, row.plan_id) in taken else NEW if row.seat_id in sits else LEFT_OUT
        label = f"{row.plan.title} · {row.seat.position.code} · {row.seat.payee.external_id}"
        before = f"{row.valid_from} – {row.valid_to or ''}".strip(" –")
        after = f"{years.start} – {years.end}" if state == NEW else ""
        found.append(Item("enrolment", state, label, before, after, {"enrolment": row.pk}))
    return found
