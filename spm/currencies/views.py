"""Currency rates in the browser: in force on a day, one pair over time, set by hand, or read from a file of the ECB."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spm.access.guards import may, requires
from spm.calendars.selectors import tenant_date
from spm.currencies import forms, services
from spm.currencies.ecb import NAME, ecb_csv, mapping_for
from spm.currencies.errors import CurrencyError
from spm.currencies.models import FxRate
from spm.currencies.selectors import pair_history, rate_types, rates_on
from spm.imports.errors import ImportFault
from spm.imports.readers import Source
from spm.imports.services import batch_create, batch_start
from spm.tenancy.models import ChangeSet
from spm.told import shown
from spm.ui.charts import Series, trend_chart
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column, address_without

PAGE = 200
COLUMNS = [
    Column("pair", gettext_lazy("Currencies")),
    Column("rate", gettext_lazy("Rate"), numeric=True),
    Column("type", gettext_lazy("Type of rate")),
    Column("days", gettext_lazy("Days")),
    Column("source", gettext_lazy("Source")),
]
SOURCES = {
    ChangeSet.Kind.IMPORT: gettext_lazy("Import"),
    ChangeSet.Kind.EDIT: gettext_lazy("Entered by hand"),
}


def _day(request: HttpRequest) -> dt.date:
    try:
        return dt.date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return tenant_date(tenant=request.tenant, instant=timezone.now())  # type: ignore[attr-defined]


def _rows(rates: list[FxRate]) -> list[dict[str, Any]]:
    """What a table shows of each rate: the exact figure and where it came from."""
    return [
        {
            "rate": rate, "text": f"{rate.fx_rate.normalize():f}", "source": SOURCES.get(rate.known_from.kind, rate.known_from.get_kind_display()),  # type: ignore[call-overload]
            "detail": shown(rate.known_from.reason), "at": rate.known_from.published_at, "number": rate.known_from.number,
        }
        for rate in rates
    ]  # fmt: skip


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    day, search = _day(request), request.GET.get("q", "").replace("\x00", "")
    types = rate_types()
    rate_type = request.GET.get("type", "") if request.GET.get("type") in types else ""
    found = list(rates_on(day=day, rate_type=rate_type, search=search)[: PAGE + 1])
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(rate_type, address_without(request, "type"))] if rate_type else []
    context = {
        "rows": _rows(found[:PAGE]), "more_than": PAGE if len(found) > PAGE else None, "columns": COLUMNS, "day": day, "search": search,
        "types": [(t, t) for t in types],
        "rate_type": rate_type, "chips": chips, "may_write": may(request, "calendars.write"), "may_import": may(request, "imports.write"),
    }  # fmt: skip
    return render(request, "currencies/rates.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("calendars.read")
def fx_rates(request: HttpRequest, slug: str) -> HttpResponse:
    """The rates in force on a day, each with its type and source."""
    return _page(request)


@require_safe
@requires("calendars.read")
def fx_pair(request: HttpRequest, slug: str, rate_type: str, base: str, quote: str) -> HttpResponse:
    """One pair and type over time; 404 where there never was a rate."""
    found = list(pair_history(rate_type=rate_type, base=base.upper(), quote=quote.upper())[: PAGE + 1])
    if not found:
        raise Http404
    past = list(reversed(found[:PAGE]))
    chart = None
    if len(past) > 1:
        title = f"{base.upper()}/{quote.upper()}"
        line = Series(title, [rate.fx_rate for rate in past])
        chart = trend_chart(title=title, labels=[rate.valid_from.isoformat() for rate in past], series=[line], summary=_("The rate over time."))
    context = {
        "rate_type": rate_type, "base": base.upper(), "quote": quote.upper(), "rows": _rows(found[:PAGE]),
        "columns": [c for c in COLUMNS if c.key not in {"pair", "type"}],
        "more_than": PAGE if len(found) > PAGE else None, "chart": chart, "may_write": may(request, "calendars.write"),
        "query": urlencode({"type": rate_type, "base": base.upper(), "quote": quote.upper()}),
    }  # fmt: skip
    return render(request, "currencies/pair.html", context)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The pair from which the drawer was opened."""
    given = {"rate_type": request.GET.get("type", ""), "base": request.GET.get("base", ""), "quote": request.GET.get("quote", "")}
    return {name: value for name, value in given.items() if value}


def _drawer(request: HttpRequest, drawer: DrawerForm, form: Any, run: Any) -> HttpResponse:
    home = reverse("fx-rates", kwargs={"slug": request.tenant.slug})  # type: ignore[attr-defined]
    return drawer_form(request, drawer, form=form, run=run, refusals=(CurrencyError,), home=home, page=lambda more, status: _page(request, more, status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def fx_rate_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A rate set by hand."""
    drawer = DrawerForm(_("Set a rate"), _("Set the rate"), _("The rate was set."))
    form = forms.RateForm(request.POST or None, initial={"rate_type": "plan", "start": _day(request), **_asked(request)})
    return _drawer(request, drawer, form, lambda data: services.fx_rate_set(actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("calendars.write")
def fx_rate_end(request: HttpRequest, slug: str) -> HttpResponse:
    """From a day on there is no rate."""
    drawer = DrawerForm(
        _("End a rate"),
        _("End the rate"),
        _("The rate was ended."),
        confirm=_("Orders in this currency from that day on stay uncredited until there is a rate."),
    )
    form = forms.EndRateForm(request.POST or None, initial={"day": _day(request), **_asked(request)})
    return _drawer(request, drawer, form, lambda data: services.fx_rate_end(actor_id=request.user.pk, **data))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("imports.write")
def fx_ecb(request: HttpRequest, slug: str) -> HttpResponse:
    """A file of the European Central Bank: an import by a mapping that is known, with its preview and its way back."""
    form = forms.EcbForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            source = Source(NAME, content=ecb_csv(data["file"].read(), since=data["since"]))
            batch = batch_create(mapping_text=mapping_for(data["rate_type"]), files=[source], actor_id=request.user.pk, keep=True)
            batch_start(batch=batch, dry_run=True, actor_id=request.user.pk)
        except (CurrencyError, ImportFault) as error:
            field = getattr(error, "field", "")
            form.add_error(field if field in form.fields else None, str(error))
        else:
            return redirect("import", slug=slug, uid=batch.uid)
    return render(request, "currencies/ecb.html", {"form": form}, status=400 if form.errors else 200)
