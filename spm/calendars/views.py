"""Fiscal calendars in the browser: the list, a new one with its preview, one calendar's periods, and what can be done to it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spm.access.guards import may, requires
from spm.calendars import forms, services
from spm.calendars import holidays as days_off
from spm.calendars.generate import CalendarError
from spm.calendars.models import FiscalCalendar
from spm.calendars.selectors import calendars_spanned, tenant_date
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column

Kind = FiscalCalendar.Kind
COLUMNS = [
    Column("calendar", gettext_lazy("Calendar")),
    Column("kind", gettext_lazy("Kind")),
    Column("days", gettext_lazy("Days")),
    Column("periods", gettext_lazy("Periods"), numeric=True),
]
HOLIDAYS = [Column("days", gettext_lazy("Days")), Column("name", gettext_lazy("Name")), Column("country", gettext_lazy("Country"))]
PERIODS = [
    Column("period", gettext_lazy("Period")),
    Column("days", gettext_lazy("Days")),
    Column("length", gettext_lazy("Length in days"), numeric=True),
    Column("quarter", gettext_lazy("Quarter")),
    Column("year", gettext_lazy("Fiscal year")),
]


def _today(request: HttpRequest) -> Any:
    return tenant_date(tenant=request.tenant, instant=timezone.now())  # type: ignore[attr-defined]


@require_safe
@requires("calendars.read")
def calendars(request: HttpRequest, slug: str) -> HttpResponse:
    """All calendars, the default first."""
    context = {"rows": calendars_spanned(), "columns": COLUMNS, "may_write": may(request, "calendars.write"), "today": _today(request)}
    return render(request, "calendars/calendars.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def calendar_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new calendar of one kind: its periods are shown first, then written."""
    kind = request.GET.get("kind", "") if request.GET.get("kind") in Kind.values else Kind.MONTH.value
    year = _today(request).year
    form = forms.FORMS[kind](request.POST or None, initial={"first_year": year - 1, "last_year": year + 1})
    preview = None
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        kept = {name: data.pop(name) for name in ("code", "name", "is_default")}
        try:
            if "create" in request.POST:
                made = services.calendar_create(kind=kind, actor_id=request.user.pk, **kept, **data)
                messages.success(request, _("The calendar was created."))
                return redirect("calendar", slug=slug, fiscalcalendar_uid=made.uid)
            preview = services.windows_preview(kind=kind, **data)
        except CalendarError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    home = reverse("calendar-new", kwargs={"slug": slug})
    kinds = [(label, f"{home}?kind={value}", value == kind) for value, label in Kind.choices]
    context = {"form": form, "kind": kind, "kinds": kinds, "preview": preview, "columns": PERIODS}
    return render(request, "calendars/new.html", context, status=400 if form.errors else 200)


def _page(request: HttpRequest, calendar: FiscalCalendar, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    today = _today(request)
    years = list(calendar.periods.order_by("year").values_list("year", flat=True).distinct())
    now = calendar.periods.filter(starts__lte=today, ends__gt=today).values_list("year", flat=True).first()
    year = request.GET.get("year", "") if request.GET.get("year") in years else now or (years[-1] if years else "")
    address = reverse("calendar", kwargs={"slug": request.tenant.slug, "fiscalcalendar_uid": calendar.uid})  # type: ignore[attr-defined]
    at = years.index(year) if year in years else 0
    context = {
        "calendar": calendar, "periods": calendar.periods.filter(year=year), "year": year, "today": today, "columns": PERIODS,
        "years": [(name, f"{address}?year={name}", name == year) for name in years],
        "previous_url": f"{address}?year={years[at - 1]}" if at > 0 else "", "next_url": f"{address}?year={years[at + 1]}" if at + 1 < len(years) else "",
        "may_write": may(request, "calendars.write"), "reaches": calendar.periods.filter(starts__lte=today, ends__gt=today).exists(),
        "rules": _rules_told(calendar),
    }  # fmt: skip
    return render(request, "calendars/calendar.html", {**context, **(more or {})}, status=status)


def _rules_told(calendar: FiscalCalendar) -> list[tuple[Any, Any]]:
    """How the calendar is cut, in the reader's words."""
    months, days = dict(forms.MONTHS), dict(forms.WEEKDAYS)
    told: list[tuple[Any, Any]] = [(_("Kind"), calendar.get_kind_display())]
    if calendar.kind != Kind.CUSTOM:
        told.append((_("The fiscal year starts in"), months[calendar.year_start_month]))
    if calendar.kind == Kind.WEEKS_445:
        stored = {"pattern": "4-4-5", "year_end_weekday": 5, "year_end_rule": "last", "week53": 12, **calendar.rules}
        told += [(_("Weeks of the periods of a quarter"), stored["pattern"]), (_("The year ends on a"), days[stored["year_end_weekday"]])]
        rules = {"last": _("The last of its month"), "nearest": _("The one nearest to the end of the month")}
        told += [(_("Which one"), rules[stored["year_end_rule"]]), (_("Period with the extra week of a long year"), stored["week53"])]
    return told


@require_safe
@requires("calendars.read")
def calendar(request: HttpRequest, slug: str, fiscalcalendar_uid: uuid.UUID) -> HttpResponse:
    """One calendar, a fiscal year at a time."""
    return _page(request, get_object_or_404(FiscalCalendar, uid=fiscalcalendar_uid))


@require_POST
@requires("calendars.write")
def calendar_default(request: HttpRequest, slug: str, fiscalcalendar_uid: uuid.UUID) -> HttpResponse:
    """Makes it the company's default."""
    services.calendar_default_set(calendar=get_object_or_404(FiscalCalendar, uid=fiscalcalendar_uid), actor_id=request.user.pk)
    messages.success(request, _("This is now the default calendar."))
    return redirect("calendar", slug=slug, fiscalcalendar_uid=fiscalcalendar_uid)


def _drawer(request: HttpRequest, found: FiscalCalendar, drawer: DrawerForm, form: Any, run: Any) -> HttpResponse:
    home = reverse("calendar", kwargs={"slug": request.tenant.slug, "fiscalcalendar_uid": found.uid})  # type: ignore[attr-defined]
    return drawer_form(request, drawer, form=form, run=run, refusals=(CalendarError,), home=home, page=lambda more, status: _page(request, found, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def calendar_rename(request: HttpRequest, slug: str, fiscalcalendar_uid: uuid.UUID) -> HttpResponse:
    """Another name."""
    found = get_object_or_404(FiscalCalendar, uid=fiscalcalendar_uid)
    drawer = DrawerForm(_("Rename the calendar"), _("Save"), _("The name was changed."))
    form = forms.RenameForm(request.POST or None, initial={"name": found.name})
    return _drawer(request, found, drawer, form, lambda data: services.calendar_rename(calendar=found, actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def calendar_extend(request: HttpRequest, slug: str, fiscalcalendar_uid: uuid.UUID) -> HttpResponse:
    """More years, or of a custom calendar more windows."""
    found = get_object_or_404(FiscalCalendar, uid=fiscalcalendar_uid)
    drawer = DrawerForm(_("Extend the calendar"), _("Extend"), _("The calendar was extended."))
    if found.kind == Kind.CUSTOM:
        custom = forms.WindowsForm(request.POST or None)
        return _drawer(request, found, drawer, custom, lambda data: services.calendar_windows_add(calendar=found, actor_id=request.user.pk, **data))
    last = found.periods.order_by("-starts").values_list("year", flat=True).first()
    form = forms.ExtendForm(request.POST or None, initial={"last_year": int(last) + 1 if last else _today(request).year})
    return _drawer(request, found, drawer, form, lambda data: services.calendar_extend(calendar=found, actor_id=request.user.pk, **data))


def _holidays(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    context = {"rows": days_off.holidays_known(), "columns": HOLIDAYS, "may_write": may(request, "calendars.write")}
    return render(request, "calendars/holidays.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("calendars.read")
def holidays(request: HttpRequest, slug: str) -> HttpResponse:
    """The company's holidays, in order of time."""
    return _holidays(request)


def _holiday_drawer(request: HttpRequest, drawer: DrawerForm, form: Any, run: Any) -> HttpResponse:
    home = reverse("holidays", kwargs={"slug": request.tenant.slug})  # type: ignore[attr-defined]
    return drawer_form(request, drawer, form=form, run=run, refusals=(CalendarError,), home=home, page=lambda more, status: _holidays(request, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def holiday_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Days on which nobody works."""
    drawer = DrawerForm(_("Add a holiday"), _("Add"), _("The holiday was added."))
    return _holiday_drawer(request, drawer, forms.HolidayForm(request.POST or None), lambda data: days_off.holiday_set(actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def holiday_remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Working days again."""
    drawer = DrawerForm(_("Take a holiday out"), _("Take out"), _("The holiday was taken out."))
    form = forms.HolidayGoneForm(request.POST or None)
    return _holiday_drawer(request, drawer, form, lambda data: days_off.holiday_remove(actor_id=request.user.pk, **data))
