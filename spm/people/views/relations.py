"""Named relations between positions: the list as of a day or at any time, one added, one ended, and what was recorded when."""

from __future__ import annotations

import uuid
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
from spm.people.models import NamedRelation, Position
from spm.people.relations import relation_history, relation_names, relation_rows, relations_found
from spm.people.views.pages import day_asked
from spm.people.views.positions import HISTORY
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column, address_without

COLUMNS = [
    Column("position", gettext_lazy("Position")), Column("relation", gettext_lazy("Relation")), Column("related", gettext_lazy("Related position")),
    Column("days", gettext_lazy("Days")), Column("act", gettext_lazy("Act"), hidden_label=True),
]  # fmt: skip
PAGE = 200


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    day, search = day_asked(request), request.GET.get("q", "").replace("\x00", "").strip()
    names = relation_names()
    name = request.GET.get("relation", "") if request.GET.get("relation", "") in names else ""
    every = request.GET.get("days") == "all"
    found = list(relations_found(day=None if every else day, search=search, name=name)[: PAGE + 1])
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(name, address_without(request, "relation"))] if name else []
    chips += [(_("At any time"), address_without(request, "days"))] if every else []
    context = {
        "day": day, "search": search, "name": name, "names": [("", _("All relations")), *((one, one) for one in names)], "chips": chips,
        "every": "all" if every else "", "spans": [("", _("In force on the day")), ("all", _("At any time"))], "columns": COLUMNS,
        "rows": relation_rows(found[:PAGE], day=day), "more_than": PAGE if len(found) > PAGE else None, "any": bool(names),
        "may_write": may(request, "people.write"), "history_columns": HISTORY,
        "events": [(event.what, event) for event in relation_history(search=search, name=name, limit=PAGE)],
    }  # fmt: skip
    return render(request, "people/relations.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("people.read")
def relations(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is whose mentor, sales engineer or partner."""
    return _page(request)


def _drawer(request: HttpRequest, drawer: DrawerForm, form: forms.RowForm, run: Any) -> HttpResponse:
    home = reverse("relations", kwargs={"slug": request.tenant.slug})  # type: ignore[attr-defined]
    return drawer_form(request, drawer, form=form, run=run, refusals=(PeopleError,), home=home, page=lambda more, status: _page(request, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def relation_new(request: HttpRequest, slug: str) -> HttpResponse:
    """One position comes to stand in a relation to another, from a day on."""

    def run(data: dict[str, Any]) -> None:
        position, related = (get_object_or_404(Position, uid=data[end]) for end in ("position", "related"))
        services.relation_set(
            position=position, related=related, name=data["name"], start=data["start"], end=data["end"], actor_id=request.user.pk
        )  # fmt: skip

    drawer = DrawerForm(
        _("Add a relation"), _("Add"), _("The relation was added. The next run credits along it."), fields={"end_date": "end"},
        intro=_("Plans pass credit along relations outside the reporting line: to a mentor, a sales engineer, a partner."),
    )  # fmt: skip
    return _drawer(request, drawer, forms.RelationForm(request.POST or None, initial={"start": day_asked(request)}), run)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def relation_end(request: HttpRequest, slug: str, namedrelation_uid: uuid.UUID) -> HttpResponse:
    """A relation no longer holds from a day on; what was before stays."""
    found: NamedRelation = get_object_or_404(NamedRelation.objects.select_related("position", "related"), uid=namedrelation_uid)

    def run(data: dict[str, Any]) -> None:
        if found.known_to_id is not None:
            raise PeopleError("relation", _("This relation was changed meanwhile."), _("Look at the list again."))
        services.relation_set(
            position=found.position, related=found.related, name=found.name, start=max(data["day"], found.valid_from), end=found.valid_to, holds=False,
            actor_id=request.user.pk,
        )  # fmt: skip

    title = _("End: %(related)s as %(name)s of %(position)s") % {"related": found.related.code, "name": found.name, "position": found.position.code}
    drawer = DrawerForm(title, _("End the relation"), _("The relation ends on that day."), fields={"end_date": "day"})
    return _drawer(request, drawer, forms.RelationEndForm(request.POST or None, initial={"day": day_asked(request)}), run)
