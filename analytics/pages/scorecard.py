"""The rep's home: attainment, pace, next tier, pay. A manager opens the same page of a team member."""

from __future__ import annotations

from math import ceil
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.common import choice_of, payee_of, period_nav, today_of
from analytics.selectors.periods import PeriodChoice
from analytics.selectors.scorecard import PaceLine, Scorecard, scorecard
from incentives.selectors.scorecards import QuotaGauge
from spm.access.guards import requires
from spm.ui.charts import Chart, Series, bar_chart, money_unit, pace_chart
from spm.ui.formats import money_text, number_text, percent_text


def _pace_chart(line: PaceLine | None) -> Chart | None:
    if line is None:
        return None
    return pace_chart(
        title=_("Pace to quota"),
        labels=line.labels,
        actual=line.actual,
        plan=line.plan,
        projection=line.projection if any(v is not None for v in line.projection) else None,
        low=line.low or None,
        high=line.high or None,
        unit=money_unit(line.currency),
        summary=_("Cumulative sales of the year against the plan."),
    )


def _trend_chart(card: Scorecard) -> Chart | None:
    if not any(amount for _period, amount in card.trend):
        return None
    return bar_chart(
        title=_("Earned by period"),
        labels=[period.code for period, _amount in card.trend],
        series=[Series(_("Earned"), [amount for _period, amount in card.trend])],
        unit=money_unit(card.trend_currency),
        summary=_("The last twelve periods, by the period in which it was earned."),
    )


def _ladders(card: Scorecard, locale: str) -> list[dict[str, Any]]:
    return [
        {
            "title": step.label,
            "gap": money_text(step.distance, step.currency, locale),
            "worth": money_text(step.worth, step.currency, locale, sign=True),
            "tiers": [
                (_("Now"), f"×{number_text(step.rate_now.normalize(), locale)}", min(100, int(step.now * 100 / step.bound)) if step.bound else 0, True),
                (_("Next"), f"×{number_text(step.rate_next.normalize(), locale)}", 0, False),
            ],
        }
        for step in card.steps
    ]


def _window(gauge: QuotaGauge, choice: PeriodChoice) -> str:
    return {"period": choice.period.code, "quarter": choice.period.quarter}.get(gauge.over, choice.period.year)


def _note(gauge: QuotaGauge, locale: str) -> str:
    if gauge.quota is None:
        return _("No quota set")
    return _("%(actual)s of %(quota)s") % {"actual": money_text(gauge.actual, gauge.currency, locale), "quota": money_text(gauge.quota, gauge.currency, locale)}


def _deals(gauge: QuotaGauge) -> int | None:
    """The gap in orders of the average size so far."""
    if not gauge.gap or not gauge.average_order or gauge.average_order < 0:
        return None
    return ceil(gauge.gap / gauge.average_order)


@require_safe
@requires("pay.read_own")
def scorecard_page(request: HttpRequest, slug: str, uid: UUID | None = None) -> HttpResponse:
    """The scorecard of the member, or of a payee whose pay the member may see."""
    choice = choice_of(request)
    if choice is None:
        return render(request, "analytics/no_calendar.html")
    payee = payee_of(request, uid, choice)
    if payee is None:
        return render(request, "analytics/no_payee.html")
    card = scorecard(payee=payee, choice=choice, today=today_of(request))
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    kwargs = {"uid": uid} if uid else {}
    gauges = [
        {
            "label": f"{g.label}, {_window(g, choice)}",
            "seat": g.position_title,
            "ratio": g.attainment,
            "note": _note(g, locale),
            "pace": g.elapsed if g.quota else None,
            "gap": money_text(g.gap, g.currency, locale) if g.gap else None,
            "deals": _deals(g),
            "projected": None if g.projected_attainment is None else percent_text(g.projected_attainment, locale),
        }
        for g in card.gauges
    ]
    context = {
        "card": card,
        "payee": payee,
        "is_own": payee.pk == request.membership.payee_id,  # type: ignore[attr-defined]
        "nav": period_nav(request, choice, "scorecard-of" if uid else "scorecard", **kwargs),
        "gauges": gauges,
        "pace": _pace_chart(card.pace),
        "trend": _trend_chart(card),
        "ladders": _ladders(card, locale),
        "components": [
            (c, int(c.share * 100), reverse("statement-component", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code, "component": c.name}))
            for c in card.components
        ],
        "statement_url": reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code}),
    }
    return render(request, "analytics/scorecard.html", context)
