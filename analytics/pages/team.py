"""The manager's home: who needs me today, where will we land."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of, period_nav, today_of
from analytics.selectors.team import Concern, Member, team
from spm.access.guards import requires
from spm.ui.formats import money_short, money_text, number_text, percent_text
from spm.ui.heat import HeatCell, HeatRow, heat_band


def _reason(concern: Concern, locale: str) -> str:
    figure = percent_text(concern.figure, locale) if concern.figure is not None else ""
    return {
        "issue": _("A component could not be computed"),
        "held": _("The statement is held"),
        "no_quota": _("No quota is set"),
        "behind": _("At this pace ends at %(figure)s of the quota") % {"figure": figure},
        "falling": _("Pace is %(figure)s against the last quarter") % {"figure": figure},
        "no_orders": _("No order in this period"),
    }[concern.code]


def _sums(amounts: dict[str, Decimal], locale: str, written: Callable[[Decimal, str, str], str]) -> str:
    """Amounts of several currencies side by side; they are never added."""
    return " · ".join(written(amount, currency, locale) for currency, amount in sorted(amounts.items()))


def _row(member: Member, locale: str, url: str) -> HeatRow:
    def share(value: Decimal | None, title: str) -> HeatCell:
        return HeatCell(None if value is None else percent_text(value, locale), heat_band(value), url, title)

    state = member.quota
    sales = ("", "") if state is None else (money_short(state.actual, state.currency, locale), money_text(state.actual, state.currency, locale))
    earned = _sums(member.earned or {}, locale, money_short), _sums(member.earned or {}, locale, money_text)
    return HeatRow(
        member.payee.detail.display_name,
        [
            share(member.attainment, _("Attainment")),
            share(member.pace, _("Pace")),
            share(member.before, _("Last quarter")),
            HeatCell(sales[0] or None, "0", url, sales[1]),
            HeatCell(number_text(Decimal(member.orders), locale), "0", url),
            HeatCell(earned[0] or None, "0", url, earned[1]),
        ],
        url,
    )


@require_safe
@requires("pay.read_team")
def team_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Heat map of people by metrics, the list of exceptions with reasons, and the team's own figures."""
    choice = choice_of(request)
    if choice is None:
        return render(request, "analytics/no_calendar.html")
    search = request.GET.get("q", "").strip()
    found = team(membership=request.membership, choice=choice, today=today_of(request), search=search)  # type: ignore[attr-defined]
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    urls = {m.payee.pk: reverse("scorecard-of", kwargs={"slug": slug, "uid": m.payee.uid}) + f"?period={choice.period.code}" for m in found.members}
    computed = any(m.earned is not None for m in found.members)
    earned: dict[str, Decimal] = defaultdict(Decimal)
    for member in found.members:
        for currency, amount in (member.earned or {}).items():
            earned[currency] += amount
    context = {
        "team": found,
        "search": search,
        "computed": computed,
        "nav": period_nav(request, choice, "team"),
        "columns": [_("Attainment"), _("Pace"), _("Last quarter"), _("Sales"), _("Orders"), _("Earned")],
        "rows": [_row(m, locale, urls[m.payee.pk]) for m in found.members],
        "concerns": [(c.member.payee.detail.display_name, c.member.title, _reason(c, locale), urls[c.member.payee.pk]) for c in found.concerns],
        "behind": len({c.member.payee.pk for c in found.concerns}),
        "on_quota": sum(1 for m in found.members if m.pace is not None and m.pace >= 1),
        "with_quota": sum(1 for m in found.members if m.has_quota),
        "earned": _sums(earned, locale, money_text) if computed else None,
        "attainment": percent_text(found.totals.attainment, locale) if found.totals else None,
        "projected": percent_text(found.totals.projected_attainment, locale) if found.totals else None,
        "key": [("n3", "< 60 %"), ("n2", "60–80 %"), ("n1", "80–95 %"), ("0", "95–105 %"), ("p1", "105–120 %"), ("p2", "120–150 %"), ("p3", "> 150 %")],
    }
    return render(request, "analytics/team.html", context)
