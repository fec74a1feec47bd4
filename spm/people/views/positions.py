"""Positions: the reporting tree and the list as of a day, one position over time, and what can be done to it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

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
from spm.people.models import Payee, Position
from spm.people.organisation import position_shown, positions_page
from spm.people.reporting_tree import reporting_tree
from spm.people.views.pages import day_asked
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column, address_without
from spm.ui.trees import TreeNode

COLUMNS = [
    Column("position", gettext_lazy("Position")),
    Column("holders", gettext_lazy("Held by")),
    Column("manager", gettext_lazy("Reports to")),
    Column("teams", gettext_lazy("Teams")),
]
HISTORY = [
    Column("change", gettext_lazy("Change"), numeric=True),
    Column("what", gettext_lazy("What")),
    Column("days", gettext_lazy("Days")),
    Column("state", gettext_lazy("Now")),
    Column("why", gettext_lazy("Reason")),
]
SEATS = [Column("person", gettext_lazy("Person")), Column("days", gettext_lazy("Days")), Column("share", gettext_lazy("Share of full time"), numeric=True)]
WORDS = {"seat": gettext_lazy("Person"), "line": gettext_lazy("Reports to"), "team": gettext_lazy("Team")}


def _list_page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The tree or the list. Day, search, vacancies, and the top of the tree are in the address."""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    day, search, vacant = day_asked(request), request.GET.get("q", ""), request.GET.get("vacant") == "1"
    view = "list" if request.GET.get("view") == "list" else "tree"
    root = Position.objects.filter(code=request.GET.get("root", "")).first() if "\x00" not in request.GET.get("root", "") else None
    kept = {k: v for k, v in (("on", request.GET.get("on", "")), ("q", search), ("vacant", "1" if vacant else "")) if v}
    home = reverse("positions", kwargs={"slug": slug})

    def page_url(position: Position) -> str:
        return reverse("position", kwargs={"slug": slug, "position_uid": position.uid}) + (f"?on={day}" if kept.get("on") else "")

    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(_("Vacant only"), address_without(request, "vacant"))] if vacant else []
    chips += [(_("Below %(code)s") % {"code": root.code}, address_without(request, "root"))] if root and view == "tree" else []
    context: dict[str, Any] = {
        "day": day, "search": search, "vacant": vacant, "view": view, "root": root, "chips": chips, "columns": COLUMNS, "kept": kept,
        "may_write": may(request, "people.write"), "any": Position.objects.exists(),
        "views": [(_("Tree"), f"{home}?{urlencode(kept)}", view == "tree"), (_("List"), f"{home}?{urlencode({**kept, 'view': 'list'})}", view == "list")],
    }  # fmt: skip
    if view == "list":
        page = positions_page(day=day, search=search, vacant=vacant, cursor=request.GET.get("cursor", ""))
        onward = {**kept, "view": "list"}
        context |= {
            "rows": page.rows, "first_url": f"{home}?{urlencode(onward)}" if request.GET.get("cursor") else "",
            "next_url": f"{home}?{urlencode({**onward, 'cursor': page.next_cursor})}" if page.next_cursor else "",
        }  # fmt: skip
    else:
        forest = reporting_tree(
            day=day, search=search, vacant=vacant, root=root.code if root else "", page_url=page_url,
            root_url=lambda position: f"{home}?{urlencode({**kept, 'root': position.code})}",
        )  # fmt: skip
        top = TreeNode(_("Top of the company") if root is None else _("Chosen position"), kind="total", children=forest.tops)
        context |= {"forest": forest, "tree": top, "open_depth": 60 if search or vacant else 4}
    return render(request, "people/positions.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("people.read")
def positions(request: HttpRequest, slug: str) -> HttpResponse:
    """Who reports to whom on a day, and which seats are empty."""
    return _list_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def position_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new position, under a manager's when one is given."""
    form = forms.NewPositionForm(request.POST or None, initial={"start": day_asked(request), "manager": request.GET.get("manager", "")})

    def run(data: dict[str, Any]) -> None:
        manager = get_object_or_404(Position, uid=data["manager"]) if data["manager"] else None
        services.position_open(code=data["code"], title=data["title"], manager=manager, start=data["start"], actor_id=request.user.pk)

    drawer = DrawerForm(_("New position"), _("Create"), _("The position was created."), fields={"position": "code", "manager_position": "manager"})
    home = reverse("positions", kwargs={"slug": slug})
    return drawer_form(request, drawer, form=form, run=run, refusals=(PeopleError,), home=home, page=lambda more, status: _list_page(request, more, status))


def _page(request: HttpRequest, position: Position, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    day = day_asked(request)
    shown = position_shown(position=position, day=day)
    context = {
        "shown": shown, "day": day, "events": [(WORDS[event.what], event) for event in shown.history[:100]], "may_write": may(request, "people.write"),
        "columns": COLUMNS, "seat_columns": SEATS, "history_columns": HISTORY,
    }  # fmt: skip
    return render(request, "people/position.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("people.read")
def position(request: HttpRequest, slug: str, position_uid: uuid.UUID) -> HttpResponse:
    """One position: who holds and held it, whom it reports to, what was recorded when."""
    return _page(request, get_object_or_404(Position, uid=position_uid))


def _act(
    drawer: DrawerForm, form: Callable[[HttpRequest, Position], forms.RowForm], run: Callable[[Position, dict[str, Any], int], object]
) -> Callable[..., HttpResponse]:
    """A view of one act on a position: a drawer over its page."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @requires("people.write")
    def view(request: HttpRequest, slug: str, position_uid: uuid.UUID) -> HttpResponse:
        found = get_object_or_404(Position, uid=position_uid)
        return drawer_form(
            request, drawer, form=form(request, found), run=lambda data: run(found, data, request.user.pk),  # type: ignore[arg-type]
            refusals=(PeopleError,), home=reverse("position", kwargs={"slug": slug, "position_uid": position_uid}),
            page=lambda more, status: _page(request, found, more, status),
        )  # fmt: skip

    return view


def _today(request: HttpRequest) -> dict[str, dt.date]:
    day = day_asked(request)
    return {"start": day, "day": day}


def _line(found: Position, data: dict[str, Any], actor: int) -> None:
    manager = get_object_or_404(Position, uid=data["manager"]) if data["manager"] else None
    services.reporting_line_set(position=found, manager=manager, start=data["start"], end=data["end"], actor_id=actor)


def _hold(found: Position, data: dict[str, Any], actor: int) -> None:
    payee = get_object_or_404(Payee, uid=data["payee"])
    share = int(data["share"] * 10_000)
    services.assignment_start(payee=payee, position=found, start=data["start"], end=data["end"], fte_ppm=share, actor_id=actor)


def _vacate(found: Position, data: dict[str, Any], actor: int) -> None:
    services.assignment_end(payee=get_object_or_404(Payee, uid=data["payee"]), position=found, day=data["day"], actor_id=actor)


position_title = _act(
    DrawerForm(gettext_lazy("Rename the position"), gettext_lazy("Save"), gettext_lazy("The title was changed.")),
    lambda request, found: forms.TitleForm(request.POST or None, initial={"title": found.title}),
    lambda found, data, actor: services.position_update(position=found, title=data["title"], actor_id=actor),
)
position_line = _act(
    DrawerForm(
        gettext_lazy("Change whom it reports to"), gettext_lazy("Save"), gettext_lazy("The reporting line was changed."),
        fields={"manager_position": "manager", "end_date": "end"},
    ),
    lambda request, found: forms.ManagerForm(request.POST or None, initial=_today(request)), _line,
)  # fmt: skip
position_hold = _act(
    DrawerForm(
        gettext_lazy("Put a person into it"), gettext_lazy("Give the position"), gettext_lazy("The position was given."),
        fields={"date": "start", "end_date": "end", "fte": "share"},
    ),
    lambda request, found: forms.HolderForm(request.POST or None, initial=_today(request)), _hold,
)  # fmt: skip
position_vacate = _act(
    DrawerForm(
        gettext_lazy("End a seat"), gettext_lazy("End the seat"), gettext_lazy("The seat was ended."), fields={"position": "payee", "date": "day"},
        intro=gettext_lazy("The person's target pay in this position ends on the same day."),
    ),
    lambda request, found: forms.VacateForm(request.POST or None, position=found, initial=_today(request)), _vacate,
)  # fmt: skip
