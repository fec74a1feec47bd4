"""Deals on hold: the list, a hold placed, a hold lifted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from incentives.models import Hold
from incentives.pages.decisions import DealForm, LiftForm, decision_drawer, given_in_address
from incentives.selectors import hold_list, hold_rows
from incentives.selectors.holds import ALL, LIFTED, OPEN
from incentives.services.holds import hold_lift, hold_place
from spm.access.guards import may, requires
from spm.ui.drawer_forms import DrawerForm
from spm.ui.tables import Column, address_without

PAGE = 200
STATES = {OPEN: gettext_lazy("On hold"), LIFTED: gettext_lazy("Lifted"), ALL: gettext_lazy("All")}


class HoldForm(DealForm):
    """One component or all of them, one payee or all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        component, payee = self.fields["component"], self.fields["payee"]
        component.choices = [("", _("All of them")), *component.choices]  # type: ignore[attr-defined]
        component.required = payee.required = False
        payee.label, payee.help_text = _("Only for"), _("An employee number. Left out: everybody who is paid for the deal.")


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "").strip()
    state = request.GET.get("state", OPEN)
    state = state if state in STATES else OPEN
    found = list(hold_list(state=state, search=search)[: PAGE + 1])
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(str(STATES[state]), address_without(request, "state"))] if state != OPEN else []
    columns = [
        Column("order", _("Order")), Column("what", _("What waits")), Column("amount", _("Held in it now"), numeric=True),
        Column("reason", _("Reason")), Column("since", _("Since")), Column("act", _("Act"), hidden_label=True),
    ]  # fmt: skip
    context = {
        "rows": hold_rows(found[:PAGE]), "more_than": PAGE if len(found) > PAGE else None, "columns": columns, "search": search, "state": state,
        "states": list(STATES.items()), "chips": chips, "may_write": may(request, "pay.adjust"), "any": bool(found) or Hold.objects.exists(),
    }  # fmt: skip
    return render(request, "incentives/holds.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("pay.read_all")
def holds(request: HttpRequest, slug: str) -> HttpResponse:
    """Deals on hold, with what waits, why, since when and by whom."""
    return _page(request)


def _drawer(request: HttpRequest, drawer: DrawerForm, form: forms.Form, run: Any) -> HttpResponse:
    return decision_drawer(request, drawer, form, run, home="holds", page=lambda more, status: _page(request, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def hold_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A deal is put on hold; ?order=, ?component= and ?payee= fill the form in."""
    drawer = DrawerForm(
        _("Place a hold"), _("Place the hold"), _("The deal is on hold. The next run keeps its pay back."),
        intro=_("What the deal pays is kept back from the next run on. What was paid already stays paid."),
    )  # fmt: skip
    form = HoldForm(request.POST or None, initial=given_in_address(request))
    return _drawer(request, drawer, form, lambda data: hold_place(actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def hold_release(request: HttpRequest, slug: str, hold_uid: UUID) -> HttpResponse:
    """A hold is lifted."""
    hold: Hold = get_object_or_404(Hold.objects.select_related("order"), uid=hold_uid)
    [row] = hold_rows([hold])
    drawer = DrawerForm(
        _("Lift the hold on %(order)s") % {"order": row.number}, _("Lift the hold"), _("The hold was lifted. The next run pays what it kept back."),
        confirm=_("The next run pays what was kept back, in the first open period."), intro=hold.reason,
    )  # fmt: skip
    return _drawer(request, drawer, LiftForm(request.POST or None), lambda data: hold_lift(hold=hold, actor_id=request.user.pk, **data))
