"""A manager's team: one row a person, a metric a column, and who needs attention with the reason."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from analytics.metrics.pace import elapsed_share
from analytics.selectors.periods import PeriodChoice
from analytics.selectors.results import Result, Results, last_run, results_load
from incentives.models import Run, RunIssue
from spm.access.models import Membership
from spm.access.selectors import visible_payees
from spm.people.models import Payee, Seat
from spm.sales.models import OrderVersion


@dataclass(frozen=True)
class Member:
    """One person of the team. attainment and before are ratios of the first quota (this window, the one before), pace the
    attainment over the share of the window gone; earned in `currency` for the period; orders counted by order date."""

    payee: Payee
    title: str
    attainment: Decimal | None
    pace: Decimal | None
    before: Decimal | None
    actual: Decimal | None
    quota: Decimal | None
    earned: Decimal | None
    orders: int
    currency: str


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
    elapsed: Decimal


def team(*, membership: Membership, choice: PeriodChoice, today: dt.date, search: str = "") -> Team:
    """Everybody whose pay the member may see on the last day of the period that has come. A fixed number of queries."""
    on = min(choice.period.ends - dt.timedelta(days=1), max(today, choice.period.starts))
    payees = visible_payees(membership=membership, on=on).select_related("detail").order_by("detail__display_name")
    if membership.payee_id and not {"comp_admin", "finance", "auditor"} & set(getattr(membership, "role_names", ())):
        payees = payees.exclude(pk=membership.payee_id)
    if search:
        payees = payees.filter(detail__display_name__icontains=search)
    people = list(payees)
    ids = [p.pk for p in people]
    quarter = choice.window("quarter")
    at = choice.recent.index(quarter[0]) if quarter[0] in choice.recent else 0
    results = results_load(payee_ids=ids, periods=[choice.period, *choice.recent[max(0, at - 1) : at]])
    titles: dict[int, str] = {}
    for seat in Seat.objects.filter(payee_id__in=ids).select_related("position").order_by("-pk"):
        titles.setdefault(seat.payee_id, seat.position.title)
    counts = dict(
        OrderVersion.objects.filter(payee_id__in=ids, tombstone=0, order_date__gte=choice.period.starts, order_date__lt=choice.period.ends)
        .values_list("payee_id")
        .annotate(n=Count("record", distinct=True))
    )
    by_payee: dict[int, list[Result]] = defaultdict(list)
    for row in results.rows:
        by_payee[row.payee_id].append(row)
    elapsed = elapsed_share(start=quarter[0].starts.toordinal(), end=quarter[-1].ends.toordinal(), today=today.toordinal())
    members = [_member(p, by_payee[p.pk], results, choice, elapsed, titles.get(p.pk, ""), counts.get(p.pk, 0)) for p in people]
    issues = set(RunIssue.objects.filter(payee_id__in=ids, period=choice.period, run_to__isnull=True).values_list("payee_id", flat=True))
    return Team(last_run(), choice, members, [c for m in members for c in _concerns(m, elapsed, issues)], elapsed)


def _first_quota(rows: list[Result], results: Results) -> tuple[Decimal | None, Decimal, Decimal | None]:
    """(attainment, actual, quota) summed over the person's seats that have the plan's first quota."""
    actual, quota = Decimal(0), Decimal(0)
    for row in rows:
        for spec in results.plans[row.version_id].attainments[:1]:
            target = row.figures.get(f"quota.{spec.quota}")
            if target:
                quota += target
                actual += row.figures.get(spec.measure) or Decimal(0)
    return (actual / quota if quota else None, actual, quota or None)


def _member(payee: Payee, rows: list[Result], results: Results, choice: PeriodChoice, elapsed: Decimal, title: str, orders: int) -> Member:
    here = [r for r in rows if r.period.pk == choice.period.pk]
    attainment, actual, quota = _first_quota(here, results)
    before, _, _ = _first_quota([r for r in rows if r.period.pk != choice.period.pk], results)
    return Member(
        payee=payee,
        title=title,
        attainment=attainment,
        pace=attainment / elapsed if attainment is not None and elapsed > 0 else None,
        before=before,
        actual=actual if here else None,
        quota=quota,
        earned=sum((r.earned for r in here), Decimal(0)) if here else None,
        orders=orders,
        currency=here[0].currency if here else "",
    )


def _concerns(member: Member, elapsed: Decimal, issues: set[int]) -> list[Concern]:
    out = []
    if member.payee.pk in issues:
        out.append(Concern(member, "issue"))
    if member.actual is not None and member.quota is None:
        out.append(Concern(member, "no_quota"))
    if member.pace is not None and elapsed > Decimal("0.25") and member.pace < Decimal("0.6"):
        out.append(Concern(member, "behind", member.pace))
    elif member.pace is not None and member.before is not None and member.before > 0 and member.pace < member.before * Decimal("0.7"):
        out.append(Concern(member, "falling", member.pace - member.before))
    if member.quota is not None and member.orders == 0:
        out.append(Concern(member, "no_orders"))
    return out
