"""A manager's team: one row a person and seat, from incentives' heat map, and who needs attention with the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Count

from analytics.selectors.periods import PeriodChoice
from incentives.models import Run
from incentives.selectors.quotas import QuotaState, period_quotas
from incentives.selectors.teams import HeatRow, team_heat_map
from spm.access.models import Membership
from spm.access.selectors import visible_payees
from spm.people.models import Payee, Seat
from spm.sales.known import versions_known
from spm.sales.models import OrderVersion


@dataclass(frozen=True)
class Member:
    """One person in one seat. quota: of the first attainment of the plan (None: nothing computed); before: its attainment at the
    end of the quarter before; earned in the period by currency (None: nothing computed); orders of the person, counted by order
    date (None: they stand in the row of his first seat); seats: how many rows he has."""

    payee: Payee
    title: str
    quota: QuotaState | None
    before: Decimal | None
    earned: dict[str, Decimal] | None
    orders: int | None
    seats: int = 1

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
    against: Decimal | None = None


class Show(StrEnum):
    """Whom of the team to show."""

    ALL = ""
    ATTENTION = "attention"
    BEHIND = "behind"
    ON_PACE = "on_pace"
    NO_QUOTA = "no_quota"


@dataclass(frozen=True)
class Team:
    """members are those that search and filter leave; concerns and totals are theirs. people: how many rows there are unfiltered."""

    run: Run | None
    choice: PeriodChoice
    members: list[Member]
    concerns: list[Concern]
    totals: QuotaTotals | None
    people: int

    @property
    def earned(self) -> dict[str, Decimal]:
        """What the members shown earned in the period, by currency."""
        found: dict[str, Decimal] = {}
        for member in self.members:
            for currency, amount in (member.earned or {}).items():
                found[currency] = found.get(currency, Decimal(0)) + amount
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class QuotaTotals:
    """The team's quotas together: sums of actual, quota and projection of those who have one, where all are in one currency."""

    attainment: Decimal
    projected_attainment: Decimal


def team(*, membership: Membership, choice: PeriodChoice, today: dt.date, search: str = "", show: Show = Show.ALL, sort: str = "name") -> Team:
    """Everybody whose pay the member may see on the last day of the period that has come, as far as `search` (a part of the
    name) and `show` leave them. sort: a name of SORTS, after a minus descending; those without a figure come last. A fixed
    number of queries."""
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
        versions_known(OrderVersion)
        .filter(payee_id__in=ids, order_date__gte=choice.period.starts, order_date__lt=choice.period.ends)
        .values_list("payee_id")
        .annotate(n=Count("pk"))
    )
    titles: dict[int, str] = {}
    for seat in Seat.objects.filter(payee_id__in=ids).select_related("position").order_by("-pk"):
        titles.setdefault(seat.payee_id, seat.position.title)
    rows: dict[int, list[HeatRow]] = {pk: [] for pk in ids}
    for row in heat.rows:
        rows[row.payee_id].append(row)
    members = []
    for pk, payee in people.items():
        for n, found in enumerate(rows[pk]):
            then = before.get((pk, found.seat_id))
            orders = None if n else counts.get(pk, 0)
            members.append(Member(payee, found.position_title, found.quota, then.attainment if then else None, found.earned, orders, len(rows[pk])))
        if not rows[pk]:
            members.append(Member(payee, titles.get(pk, ""), None, None, None, counts.get(pk, 0)))
    told = {(item.payee_id, item.kind) for item in heat.exceptions}
    concerns = [c for m in members for c in _concerns(m, told)]
    shown = _sorted([m for m in members if _left(m, show, {c.member.payee.pk for c in concerns})], sort)
    payees_shown = {m.payee.pk for m in shown}
    return Team(heat.freshness.run, choice, shown, [c for c in concerns if c.member.payee.pk in payees_shown], _totals(shown), len(members))


def _left(member: Member, show: Show, concerned: set[int]) -> bool:
    pace = member.pace
    return {
        Show.ALL: True,
        Show.ATTENTION: member.payee.pk in concerned,
        Show.BEHIND: pace is not None and pace < 1,
        Show.ON_PACE: pace is not None and pace >= 1,
        Show.NO_QUOTA: not member.has_quota,
    }[show]


SORTS: dict[str, Callable[[Member], Decimal | int | str | None]] = {
    "name": lambda m: m.payee.detail.display_name.casefold(),
    "attainment": lambda m: m.attainment,
    "pace": lambda m: m.pace,
    "before": lambda m: m.before,
    "sales": lambda m: None if m.quota is None else m.quota.actual,
    "orders": lambda m: m.orders,
    # Amounts of one currency compare; several in one row count by the first.
    "earned": lambda m: next((amount for _currency, amount in sorted((m.earned or {}).items())), None),
}


def _sorted(members: list[Member], sort: str) -> list[Member]:
    key = SORTS.get(sort.removeprefix("-"))
    if key is None:
        return members
    known = [m for m in members if key(m) is not None]
    return sorted(known, key=key, reverse=sort.startswith("-")) + [m for m in members if key(m) is None]  # type: ignore[arg-type, type-var]


def _totals(members: list[Member]) -> QuotaTotals | None:
    states = [m.quota for m in members if m.quota is not None and m.quota.quota is not None]
    quota = sum((s.quota for s in states if s.quota), Decimal(0))
    if not quota or len({s.currency for s in states}) > 1:
        return None
    return QuotaTotals(sum((s.actual for s in states), Decimal(0)) / quota, sum((s.projected for s in states), Decimal(0)) / quota)


def _concerns(member: Member, told: set[tuple[int, str]]) -> list[Concern]:
    """The member's reasons, the gravest first. What concerns the person stands at the first of his seats alone."""
    person = member.orders is not None
    out = [Concern(member, code) for code in ("issue", "held") if person and (member.payee.pk, code) in told]
    if member.quota is not None and not member.has_quota:
        out.append(Concern(member, "no_quota"))
    pace, elapsed = member.pace, member.quota.elapsed if member.quota else Decimal(0)
    if pace is not None and elapsed > Decimal("0.25") and pace < Decimal("0.6"):
        out.append(Concern(member, "behind", pace))
    elif pace is not None and pace < 1 and member.before is not None and pace < member.before * Decimal("0.7"):
        out.append(Concern(member, "falling", pace, member.before))
    if member.has_quota and member.orders == 0:
        out.append(Concern(member, "no_orders"))
    return out
