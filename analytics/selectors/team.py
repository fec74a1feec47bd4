"""A manager's team: one row a person and seat, from incentives' heat map, and who needs attention with the reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from analytics.selectors.periods import PeriodChoice
from incentives.models import Run
from incentives.selectors.quotas import QuotaState, period_quotas
from incentives.selectors.teams import HeatRow, team_heat_map
from spm.access.models import Membership
from spm.access.selectors import visible_payees
from spm.people.models import Payee, Seat
from spm.sales.models import OrderVersion


@dataclass(frozen=True)
class Member:
    """One person in one seat. quota: of the first attainment of the plan (None: nothing computed); before: its attainment at the
    end of the quarter before; earned in the period by currency (None: nothing computed); orders counted by order date."""

    payee: Payee
    title: str
    quota: QuotaState | None
    before: Decimal | None
    earned: dict[str, Decimal] | None
    orders: int

    @property
    def has_quota(self) -> bool:
        """Is there a target to be measured by?"""
        return self.quota is not None and self.quota.quota is not None

    @property
    def attainment(self) -> Decimal | None:
        """Actual over quota, to date."""
        return self.quota.attainment if self.quota else None

    @property
    def pace(self) -> Decimal | None:
        """The attainment at the window's end at today's speed."""
        return self.quota.projected_attainment if self.quota else None


@dataclass(frozen=True)
class Concern:
    """Why somebody needs the manager: a code, and the figure behind it."""

    member: Member
    code: str
    figure: Decimal | None = None


@dataclass(frozen=True)
class Team:
    run: Run | None
    choice: PeriodChoice
    members: list[Member]
    concerns: list[Concern]
    totals: QuotaTotals | None


@dataclass(frozen=True)
class QuotaTotals:
    """The team's quotas together: sums of actual, quota and projection of those who have one, where all are in one currency."""

    attainment: Decimal
    projected_attainment: Decimal


def team(*, membership: Membership, choice: PeriodChoice, today: dt.date, search: str = "") -> Team:
    """Everybody whose pay the member may see on the last day of the period that has come. A fixed number of queries."""
    day = choice.day(today)
    payees = visible_payees(membership=membership, on=day).select_related("detail").order_by("detail__display_name")
    if membership.payee_id and not {"comp_admin", "finance", "auditor"} & set(getattr(membership, "role_names", ())):
        payees = payees.exclude(pk=membership.payee_id)
    if search:
        payees = payees.filter(detail__display_name__icontains=search)
    people = {p.pk: p for p in payees}
    ids = list(people)
    heat = team_heat_map(ids, period=choice.period, today=day)
    quarter = choice.window("quarter")
    at = choice.recent.index(quarter[0]) if quarter[0] in choice.recent else 0
    before = period_quotas(ids, period=choice.recent[at - 1], today=day) if at else {}
    counts = dict(
        OrderVersion.objects.filter(payee_id__in=ids, tombstone=0, order_date__gte=choice.period.starts, order_date__lt=choice.period.ends)
        .values_list("payee_id")
        .annotate(n=Count("record", distinct=True))
    )
    titles: dict[int, str] = {}
    for seat in Seat.objects.filter(payee_id__in=ids).select_related("position").order_by("-pk"):
        titles.setdefault(seat.payee_id, seat.position.title)
    rows: dict[int, list[HeatRow]] = {pk: [] for pk in ids}
    for row in heat.rows:
        rows[row.payee_id].append(row)
    members = []
    for pk, payee in people.items():
        for found in rows[pk]:
            then = before.get((pk, found.seat_id))
            members.append(Member(payee, found.position_title, found.quota, then.attainment if then else None, found.earned, counts.get(pk, 0)))
        if not rows[pk]:
            members.append(Member(payee, titles.get(pk, ""), None, None, None, counts.get(pk, 0)))
    told = {(item.payee_id, item.kind) for item in heat.exceptions}
    return Team(heat.freshness.run, choice, members, [c for m in members for c in _concerns(m, told)], _totals(members))


def _totals(members: list[Member]) -> QuotaTotals | None:
    states = [m.quota for m in members if m.quota is not None and m.quota.quota is not None]
    quota = sum((s.quota for s in states if s.quota), Decimal(0))
    if not quota or len({s.currency for s in states}) > 1:
        return None
    return QuotaTotals(sum((s.actual for s in states), Decimal(0)) / quota, sum((s.projected for s in states), Decimal(0)) / quota)


def _concerns(member: Member, told: set[tuple[int, str]]) -> list[Concern]:
    out = [Concern(member, code) for code in ("issue", "held") if (member.payee.pk, code) in told]
    if member.quota is not None and not member.has_quota:
        out.append(Concern(member, "no_quota"))
    pace, elapsed = member.pace, member.quota.elapsed if member.quota else Decimal(0)
    if pace is not None and elapsed > Decimal("0.25") and pace < Decimal("0.6"):
        out.append(Concern(member, "behind", pace))
    elif pace is not None and member.before is not None and member.before > 0 and pace < member.before * Decimal("0.7"):
        out.append(Concern(member, "falling", pace - member.before))
    if member.has_quota and member.orders == 0:
        out.append(Concern(member, "no_orders"))
    return out
