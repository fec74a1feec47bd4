"""What the desks share: which payee and period an address means, and who may see it."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from analytics.selectors.periods import PeriodChoice, period_choose
from spm.access.selectors import visible_payees
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.ui.formats import period_text


def today_of(request: HttpRequest) -> dt.date:
    """Today in the tenant's time zone."""
    return dt.datetime.now(ZoneInfo(request.tenant.time_zone)).date()  # type: ignore[attr-defined]


def choice_of(request: HttpRequest, code: str | None = None) -> PeriodChoice | None:
    """The period of the address or of ?period=; 404 for one that does not exist. None: the tenant has no calendar yet."""
    try:
        return period_choose(code=code or request.GET.get("period"), today=today_of(request))
    except Period.DoesNotExist:
        raise Http404 from None


def payee_of(request: HttpRequest, uid: UUID | None, choice: PeriodChoice) -> Payee | None:
    """The payee of the address, or the member himself. Whoever may not see the pay of that date gets 404, as for no such payee."""
    visible = visible_payees(membership=request.membership, on=choice.day(today_of(request))).select_related("detail")  # type: ignore[attr-defined]
    if uid is None:
        return visible.filter(pk=request.membership.payee_id).first()  # type: ignore[attr-defined]
    found = visible.filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


def period_nav(request: HttpRequest, choice: PeriodChoice, name: str, **kwargs: object) -> dict[str, object]:
    """Parameters of the component period_nav: links keep the page and its filters, and change the period."""
    kept = {key: value for key, value in request.GET.items() if key != "period" and value}

    def link(period: Period | None) -> str:
        if period is None:
            return ""
        return reverse(name, kwargs={"slug": request.tenant.slug, **kwargs}) + "?" + urlencode({"period": period.code, **kept})  # type: ignore[attr-defined]

    locale = get_language() or "en"

    def name_of(period: Period) -> str:
        return period_text(period.code, period.starts, period.ends, locale)

    return {
        "label": name_of(choice.period),
        "previous_url": link(choice.previous),
        "next_url": link(choice.next),
        "options": [(name_of(p), link(p), p.pk == choice.period.pk) for p in reversed(choice.recent)],
    }
