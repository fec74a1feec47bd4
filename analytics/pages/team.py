"""The manager's home: who needs me today, where will we land."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of, period_nav, today_of
from analytics.selectors.periods import PeriodChoice
from analytics.selectors.team import Concern, Member, Show, Team, team
from spm.access.guards import requires
from spm.ui.formats import money_short, money_text, number_text, percent_text
from spm.ui.heat import HeatCell, HeatRow, heat_band
from spm.ui.tables import Column, address_without, sort_given

GRAVE = {"issue", "held", "behind"}


def _reason(concern: Concern, locale: str) -> str:
    def share(value: Decimal | None) -> str:
        return "" if value is None else percent_text(value, locale)

    return {
        "issue": _("A component could not be computed"),
        "held": _("The statement is held"),
        "no_quota": _("No quota is set"),
        "behind": _("At this pace ends at %(figure)s of the quota") % {"figure": share(concern.figure)},
        "falling": _("At this pace ends at %(figure)s of the quota; the last quarter ended at %(against)s")
        % {"figure": share(concern.figure), "against": share(concern.against)},
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
            HeatCell(None if member.orders is None else number_text(Decimal(member.orders), locale), "0", url),
            HeatCell(earned[0] or None, "0", url, earned[1]),
        ],
        url,
        member.title,
    )


def columns_of() -> list[Column]:
    """The figures of a member, as the page and its files have them; the person stands before them."""
    titles = [
        ("attainment", _("Attainment")),
        ("pace", _("Pace")),
        ("before", _("Last quarter")),
        ("sales", _("Sales")),
        ("orders", _("Orders")),
        ("earned", _("Earned")),
    ]
    return [Column(key, label, sortable=True, numeric=True) for key, label in titles]


def show_options() -> list[tuple[str, str]]:
    """The choices of the filter."""
    return [
        (Show.ALL.value, _("Everybody")),
        (Show.ATTENTION.value, _("Who needs you")),
        (Show.BEHIND.value, _("Behind the pace")),
        (Show.ON_PACE.value, _("On pace")),
        (Show.NO_QUOTA.value, _("Without a quota")),
    ]


def team_of_request(request: HttpRequest, choice: PeriodChoice) -> Team:
    """The team as the address asks for it: ?q=, ?show=, ?sort=. What is not a choice counts as not given."""
    given = request.GET.get("show", "")
    return team(
        membership=request.membership, choice=choice, today=today_of(request), search=request.GET.get("q", "").strip(),  # type: ignore[attr-defined]
        show=Show(given) if given in list(Show) else Show.ALL, sort=sort_of(request),
    )  # fmt: skip


def sort_of(request: HttpRequest) -> str:
    """The ordering of the address; by name where it names none."""
    return sort_given(request, [Column("name", "", sortable=True), *columns_of()], default="name")


def _concerns(found: Team, urls: dict[int, str], locale: str) -> list[dict[str, Any]]:
    """One entry a person with all his reasons, each with the seat where he has several."""
    people: dict[int, dict[str, Any]] = {}
    for concern in found.concerns:
        member = concern.member
        entry = people.setdefault(
            member.payee.pk, {"name": member.payee.detail.display_name, "title": member.title, "url": urls[member.payee.pk], "reasons": []}
        )
        reason = _reason(concern, locale)
        several = member.seats > 1 and concern.code not in {"issue", "held", "no_orders"}
        entry["reasons"].append((f"{member.title}: {reason}" if several else reason, concern.code in GRAVE))
    return list(people.values())


@require_safe
@requires("pay.read_team")
def team_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Heat map of people by metrics, the list of exceptions with reasons, and the team's own figures."""
    choice = choice_of(request)
    if choice is None:
        return render(request, "analytics/no_calendar.html")
    found = team_of_request(request, choice)
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    urls = {m.payee.pk: reverse("scorecard-of", kwargs={"slug": slug, "uid": m.payee.uid}) + f"?period={choice.period.code}" for m in found.members}
    computed = any(m.earned is not None for m in found.members)
    concerns = _concerns(found, urls, locale)
    sort = sort_of(request)
    query = {key: request.GET[key] for key in ("q", "show", "sort") if request.GET.get(key)}
    files = [
        (name, reverse(f"team-{name.lower()}", kwargs={"slug": slug}) + "?" + urlencode({"period": choice.period.code, **query})) for name in ("CSV", "XLSX")
    ]
    context = {
        "team": found,
        "search": request.GET.get("q", "").strip(),
        "show": request.GET.get("show", ""),
        "filtered": len(found.members) < found.people or bool(request.GET.get("q", "").strip()),
        "all_url": address_without(request, "q", "show"),
        "period_code": request.GET.get("period", ""),
        "shows": show_options(),
        "sorts": [("name", _("Name")), *((f"-{c.key}", c.label) for c in columns_of())],
        "sort": sort,
        "corner": Column("name", _("Person"), sortable=True),
        "files": files,
        "computed": computed,
        "nav": period_nav(request, choice, "team"),
        "columns": columns_of(),
        "rows": [_row(m, locale, urls[m.payee.pk]) for m in found.members],
        "concerns": concerns,
        "behind": len(concerns),
        "on_quota": sum(1 for m in found.members if m.pace is not None and m.pace >= 1),
        "with_quota": sum(1 for m in found.members if m.has_quota),
        "earned": _sums(found.earned, locale, money_text) if computed else None,
        "attainment": percent_text(found.totals.attainment, locale) if found.totals else None,
        "projected": percent_text(found.totals.projected_attainment, locale) if found.totals else None,
        "key": [("n3", "< 60 %"), ("n2", "60–80 %"), ("n1", "80–95 %"), ("0", "95–105 %"), ("p1", "105–120 %"), ("p2", "120–150 %"), ("p3", "> 150 %")],
    }
    return render(request, "analytics/team.html", context)
