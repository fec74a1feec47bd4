"""The list of people and one person's page."""

from __future__ import annotations

import datetime as dt
import uuid
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from spm.access.guards import may, requires
from spm.calendars.selectors import tenant_date
from spm.people.listing import STATES, people_page, person_shown
from spm.people.models import Payee, Team
from spm.ui.tables import Column, address_without

COLUMNS = [
    Column("person", gettext_lazy("Person")),
    Column("number", gettext_lazy("Employee number")),
    Column("position", gettext_lazy("Position")),
    Column("manager", gettext_lazy("Reports to")),
    Column("state", gettext_lazy("State")),
]
WORDS = {"active": gettext_lazy("Active"), "on_leave": gettext_lazy("On leave"), "left": gettext_lazy("Not employed"), "erased": gettext_lazy("Erased")}


def day_asked(request: HttpRequest) -> dt.date:
    """?on=2024-02-01, else today where the company is."""
    today = tenant_date(tenant=request.tenant, instant=timezone.now())  # type: ignore[attr-defined]
    try:
        return dt.date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return today


@require_safe
@requires("people.read")
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody, by name; search, state and team are in the address."""
    day, search = day_asked(request), request.GET.get("q", "")
    state = request.GET.get("state", "") if request.GET.get("state") in STATES else ""
    teams = list(Team.objects.order_by("name").values_list("code", "name"))
    team = request.GET.get("team", "") if request.GET.get("team") in dict(teams) else ""
    page = people_page(day=day, search=search, state=state, team=team, cursor=request.GET.get("cursor", ""))
    kept = {key: value for key, value in (("q", search), ("state", state), ("team", team), ("on", request.GET.get("on", ""))) if value}
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(str(WORDS[state]), address_without(request, "state"))] if state else []
    chips += [(dict(teams)[team], address_without(request, "team"))] if team else []
    context = {
        "columns": COLUMNS, "page": page, "search": search, "state": state, "team": team, "chips": chips, "day": day,
        "states": [(key, WORDS[key]) for key in STATES], "teams": teams, "may_write": may(request, "people.write"),
        "next_url": f"{request.path}?{urlencode({**kept, 'cursor': page.next_cursor})}" if page.next_cursor else "",
        "first_url": f"{request.path}?{urlencode(kept)}" if request.GET.get("cursor") else "",
    }  # fmt: skip
    return render(request, "people/people.html", context)


def person_context(request: HttpRequest, payee: Payee) -> dict[str, object]:
    """What the person's page shows; its drawers lie over the same."""
    day = day_asked(request)
    shown = person_shown(payee=payee, day=day, with_terms=may(request, "people.read_terms"))
    names = {"employment": _("Employment"), "assignment": _("Position"), "terms": _("Target pay")}
    return {
        "shown": shown,
        "day": day,
        "events": [(names[event.what], event) for event in shown.history[:100]],
        "may_write": may(request, "people.write") and shown.state != "erased",
        "may_write_terms": may(request, "people.write_terms") and shown.state != "erased",
        "may_erase": may(request, "people.erase") and shown.state != "erased",
        "employment_columns": [Column("from", _("Days")), Column("status", _("State"))],
        "seat_columns": [Column("position", _("Position")), Column("from", _("Days")), Column("share", _("Share of full time"), numeric=True)],
        "terms_columns": [
            Column("position", _("Position")), Column("from", _("Days")), Column("ti", _("Target incentive"), numeric=True),
            Column("ote", _("OTE"), numeric=True), Column("more", _("Values for plans")),
        ],
        "history_columns": [
            Column("change", _("Change"), numeric=True), Column("what", _("What")), Column("days", _("Days")),
            Column("state", _("Now")), Column("why", _("Reason")),
        ],
    }  # fmt: skip


@require_safe
@requires("people.read")
def person(request: HttpRequest, slug: str, payee_uid: uuid.UUID) -> HttpResponse:
    """One person over time, as of a day."""
    payee = get_object_or_404(Payee.objects.select_related("legal_entity"), uid=payee_uid, detail__isnull=False)
    return render(request, "people/person.html", person_context(request, payee))
