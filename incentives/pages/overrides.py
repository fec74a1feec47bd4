"""Results set by hand: the list, one set, one given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from incentives.models import ResultOverride
from incentives.pages.decisions import DealForm, LiftForm, decision_drawer, given_in_address
from incentives.selectors.overrides import override_list, override_rows
from incentives.services.overrides import result_override_lift, result_override_place
from spm.access.guards import may, requires
from spm.ui.drawer_forms import DrawerForm
from spm.ui.tables import Column

PAGE = 200


class ResultForm(DealForm):
    """Which deal, of which component, to whom, how much, and why."""

    field_order = ("order", "component", "payee", "amount", "reason")
    amount = forms.DecimalField(
        label=gettext_lazy("It pays"), max_digits=20, decimal_places=6, help_text=gettext_lazy("In the plan's currency, in place of what is calculated.")
    )


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    found = list(override_list(lifted=None)[: PAGE + 1])
    columns = [
        Column("order", _("Order")), Column("what", _("Component")), Column("amount", _("Set to"), numeric=True),
        Column("calculated", _("Calculated before"), numeric=True), Column("reason", _("Reason")), Column("since", _("Since")),
        Column("act", _("Act"), hidden_label=True),
    ]  # fmt: skip
    context = {
        "rows": override_rows(found[:PAGE]), "columns": columns, "may_write": may(request, "pay.adjust"), "more_than": PAGE if len(found) > PAGE else None,
    }  # fmt: skip
    return render(request, "incentives/results_set.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("pay.read_all")
def results_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Results set by hand, with the old value, why, since when and by whom."""
    return _page(request)


def _drawer(request: HttpRequest, drawer: DrawerForm, form: forms.Form, run: Any) -> HttpResponse:
    return decision_drawer(request, drawer, form, run, home="results-set", page=lambda more, status: _page(request, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def result_set_new(request: HttpRequest, slug: str) -> HttpResponse:
    """One deal's result is set by hand; ?order=, ?component= and ?payee= fill the form in."""
    drawer = DrawerForm(
        _("Set a result by hand"), _("Set the result"), _("The result is set. The next run posts the difference."),
        intro=_("The calculation goes on; the difference to it stands on the statement by itself, with the reason, as a manual adjustment."),
    )  # fmt: skip
    form = ResultForm(request.POST or None, initial=given_in_address(request))
    return _drawer(request, drawer, form, lambda data: result_override_place(actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def result_set_back(request: HttpRequest, slug: str, resultoverride_uid: UUID) -> HttpResponse:
    """A result is given back to the calculation."""
    item: ResultOverride = get_object_or_404(ResultOverride.objects.select_related("order", "payee"), uid=resultoverride_uid)
    [row] = override_rows([item])
    drawer = DrawerForm(
        _("Give back the result of %(order)s") % {"order": row.number}, _("Give back"), _("The result was given back. The next run pays what it calculates."),
        confirm=_("The next run pays what it calculates, in the first open period."), intro=item.reason,
    )  # fmt: skip
    form = LiftForm(request.POST or None)
    return _drawer(request, drawer, form, lambda data: result_override_lift(item=item, actor_id=request.user.pk, **data))
