"""The next plan year: propose it, review the diff, confirm it, take it back."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from incentives.models import YearRollForward
from incentives.rollforward import GOES_ON, LEFT_OUT, NEW, STANDS, RollForwardRefused
from incentives.services.rollforward import rollforward_confirm, rollforward_propose, rollforward_undo
from spm.access.guards import may, requires
from spm.calendars.models import FiscalCalendar, Period
from spm.told import shown
from spm.ui.tables import Column

KINDS = {
    "period": gettext_lazy("Pay periods"), "version": gettext_lazy("Plan versions, as drafts"), "quota": gettext_lazy("Quotas"),
    "enrolment": gettext_lazy("People under the plans"),
}  # fmt: skip
STATES = {
    NEW: gettext_lazy("New"), STANDS: gettext_lazy("There already"), GOES_ON: gettext_lazy("Goes on by itself"),
    LEFT_OUT: gettext_lazy("Left out: nobody sits there any more"),
}  # fmt: skip
TONES = {NEW: "good", STANDS: "info", GOES_ON: "", LEFT_OUT: "warn"}


class RollForwardForm(forms.Form):
    """Which year, and what becomes of quotas."""

    calendar: Any = forms.ModelChoiceField(queryset=None, label=gettext_lazy("Calendar"), to_field_name="uid", empty_label=None)
    year = forms.ChoiceField(label=gettext_lazy("Plan year"), help_text=gettext_lazy("The year that is rolled forward into the next one."))
    quota_factor = forms.DecimalField(
        label=gettext_lazy("Quotas times"),
        min_value=0,
        max_value=10_000,
        max_digits=9,
        decimal_places=4,
        initial=1,
        help_text=gettext_lazy("1.05 raises them by 5%."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["calendar"]
        field.queryset = FiscalCalendar.objects.order_by("-is_default", "code")
        field.label_from_instance = lambda calendar: calendar.name
        years = list(dict.fromkeys(Period.objects.order_by("-starts").values_list("year", flat=True)))
        self.fields["year"].choices = [(year, year) for year in years]  # type: ignore[attr-defined]


def _list(request: HttpRequest, form: RollForwardForm) -> HttpResponse:
    columns = [Column("year", _("Plan year")), Column("calendar", _("Calendar")), Column("at", _("Proposed")), Column("state", _("State"))]
    context = {"form": form, "rows": YearRollForward.objects.select_related("calendar")[:50], "columns": columns, "may_write": may(request, "plans.write")}
    return render(request, "incentives/rollforward_list.html", context, status=422 if form.errors else 200)


@require_safe
@requires("plans.read")
def rollforward_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, for those who may propose, and the roll-forwards there are."""
    return _list(request, RollForwardForm())


@require_POST
@requires("plans.write")
def rollforward_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Proposes the next year and shows the diff; nothing is made yet."""
    form = RollForwardForm(request.POST)
    if form.is_valid():
        try:
            row = rollforward_propose(**form.cleaned_data, actor_id=request.user.pk)
        except RollForwardRefused as refused:
            form.add_error(None, shown(str(refused)))
        else:
            return redirect("rollforward", slug=slug, yearrollforward_uid=row.uid)
    return _list(request, form)


@require_safe
@requires("plans.read")
def rollforward(request: HttpRequest, slug: str, yearrollforward_uid: UUID) -> HttpResponse:
    """The diff between the years, line by line."""
    row = get_object_or_404(YearRollForward.objects.select_related("calendar"), uid=yearrollforward_uid)
    groups = []
    for kind, title in KINDS.items():
        items = [item for item in row.items if item["kind"] == kind]
        lines = [(item, str(STATES[item["state"]]), TONES[item["state"]]) for item in items]
        groups.append((title, lines, sum(1 for item in items if item["state"] == NEW)))
    columns = [Column("what", _("What")), Column("before", _("This year")), Column("after", _("Next year")), Column("state", _("State"))]
    context = {"row": row, "groups": groups, "columns": columns, "new": sum(count for *_rest, count in groups), "may_write": may(request, "plans.write")}
    return render(request, "incentives/rollforward.html", context)


@require_POST
@requires("plans.write")
def rollforward_make(request: HttpRequest, slug: str, yearrollforward_uid: UUID) -> HttpResponse:
    """Makes what was reviewed."""
    row = get_object_or_404(YearRollForward, uid=yearrollforward_uid)
    return _acted(
        request, slug, row, lambda: rollforward_confirm(rollforward=row, actor_id=request.user.pk), _("The next year was made. Plan versions wait as drafts.")
    )


@require_POST
@requires("plans.write")
def rollforward_back(request: HttpRequest, slug: str, yearrollforward_uid: UUID) -> HttpResponse:
    """Takes it back."""
    row = get_object_or_404(YearRollForward, uid=yearrollforward_uid)
    return _acted(
        request, slug, row, lambda: rollforward_undo(rollforward=row, today=_today(), actor_id=request.user.pk), _("The roll-forward was taken back.")
    )


def _today() -> dt.date:
    return timezone.localdate()


def _acted(request: HttpRequest, slug: str, row: YearRollForward, act: Any, done: str) -> HttpResponse:
    try:
        act()
    except RollForwardRefused as refused:
        messages.error(request, shown(str(refused)))
    else:
        messages.success(request, done)
    return redirect("rollforward", slug=slug, yearrollforward_uid=row.uid)
