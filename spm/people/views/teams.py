"""Teams: the list as of a day, one team with its dated positions, and what can be done to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spm.access.guards import may, requires
from spm.people import organisation_forms as forms
from spm.people import services
from spm.people.errors import PeopleError
from spm.people.models import Position, Team
from spm.people.organisation import team_rows, team_shown
from spm.people.views.pages import day_asked
from spm.people.views.positions import COLUMNS as POSITIONS
from spm.people.views.positions import HISTORY
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column, address_without

COLUMNS = [
    Column("team", gettext_lazy("Team")),
    Column("positions", gettext_lazy("Positions"), numeric=True),
    Column("people", gettext_lazy("People"), numeric=True),
]
MEMBERSHIPS = [Column("position", gettext_lazy("Position")), Column("days", gettext_lazy("Days"))]


def _list_page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    day, search = day_asked(request), request.GET.get("q", "").replace("\x00", "")
    context = {
        "day": day, "search": search, "columns": COLUMNS, "rows": team_rows(day=day, search=search), "may_write": may(request, "people.write"),
        "chips": [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else [], "on": request.GET.get("on", ""),
    }  # fmt: skip
    return render(request, "people/teams.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("people.read")
def teams(request: HttpRequest, slug: str) -> HttpResponse:
    """All teams with the number of positions and people on a day."""
    return _list_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def team_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new team, without positions yet."""
    drawer = DrawerForm(_("New team"), _("Create"), _("The team was created. Now add its positions."), fields={"team": "code"})
    return drawer_form(
        request, drawer, form=forms.NewTeamForm(request.POST or None), run=lambda data: services.team_create(actor_id=request.user.pk, **data),
        refusals=(PeopleError,), home=reverse("teams", kwargs={"slug": slug}), page=lambda more, status: _list_page(request, more, status),
    )  # fmt: skip


def _page(request: HttpRequest, team: Team, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    day = day_asked(request)
    context = {
        "shown": team_shown(team=team, day=day), "day": day, "columns": [c for c in POSITIONS if c.key != "teams"], "membership_columns": MEMBERSHIPS,
        "history_columns": HISTORY, "may_write": may(request, "people.write"),
    }  # fmt: skip
    return render(request, "people/team.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("people.read")
def team(request: HttpRequest, slug: str, team_uid: uuid.UUID) -> HttpResponse:
    """One team: its positions on a day, every membership on record, what was recorded when."""
    return _page(request, get_object_or_404(Team, uid=team_uid))


def _act(
    drawer: DrawerForm, form: Callable[[HttpRequest, Team], forms.RowForm], run: Callable[[Team, dict[str, Any], int], object]
) -> Callable[..., HttpResponse]:
    """A view of one act on a team: a drawer over its page."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @requires("people.write")
    def view(request: HttpRequest, slug: str, team_uid: uuid.UUID) -> HttpResponse:
        found = get_object_or_404(Team, uid=team_uid)
        return drawer_form(
            request, drawer, form=form(request, found), run=lambda data: run(found, data, request.user.pk),  # type: ignore[arg-type]
            refusals=(PeopleError,), home=reverse("team-page", kwargs={"slug": slug, "team_uid": team_uid}),
            page=lambda more, status: _page(request, found, more, status),
        )  # fmt: skip

    return view


def _add(found: Team, data: dict[str, Any], actor: int) -> None:
    position = get_object_or_404(Position, uid=data["position"])
    services.team_member_set(position=position, team=found, start=data["start"], end=data["end"], actor_id=actor)


def _end(found: Team, data: dict[str, Any], actor: int) -> None:
    position = get_object_or_404(Position, uid=data["position"])
    services.team_member_set(position=position, team=found, start=data["day"], member=False, actor_id=actor)


team_rename = _act(
    DrawerForm(gettext_lazy("Rename the team"), gettext_lazy("Save"), gettext_lazy("The name was changed.")),
    lambda request, found: forms.TeamNameForm(request.POST or None, initial={"name": found.name}),
    lambda found, data, actor: services.team_update(team=found, name=data["name"], actor_id=actor),
)
team_add = _act(
    DrawerForm(gettext_lazy("Add a position"), gettext_lazy("Add"), gettext_lazy("The position was added."), fields={"end_date": "end"}),
    lambda request, found: forms.TeamAddForm(request.POST or None, initial={"start": day_asked(request)}), _add,
)  # fmt: skip
team_end = _act(
    DrawerForm(gettext_lazy("Take a position out"), gettext_lazy("Take out"), gettext_lazy("The position leaves the team on that day.")),
    lambda request, found: forms.TeamEndForm(request.POST or None, team=found, initial={"day": day_asked(request)}),
    _end,
)  # fmt: skip
