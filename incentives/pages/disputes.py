"""Disputes in the browser: one list for who files, who passes on and who decides; one page per dispute; its files as downloads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from incentives.disputes import KINDS, LARGEST_FILE
from incentives.models import Dispute, DisputeEvent, DisputeFile, Statement
from incentives.pages.dispute_fields import FilesField, uploads_of
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.dispute_rules import acts_possible, disputes_visible, today_of_tenant
from incentives.selectors.disputes import ERASED, EventShown, dispute_events, dispute_rows, disputes_filtered, record_shown
from incentives.services.disputes import DisputeRefused, dispute_file
from spm.access.guards import may, requires
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.formats import money_text, period_text
from spm.ui.tables import Column, address_without

PAGE = 200
Subject, Kind = Dispute.Subject, DisputeEvent.Kind
STATES = {
    "open": gettext_lazy("Open"), **{value: label for value, label in Dispute.State.choices if value in ("manager", "team", "escalated")},
    "resolved": gettext_lazy("Decided"), "withdrawn": gettext_lazy("Withdrawn"), "all": gettext_lazy("All"),
}  # fmt: skip
WHOSE = {"": gettext_lazy("All that I see"), "waiting": gettext_lazy("Waiting for me"), "mine": gettext_lazy("My own")}
PERIODS = 18
TONES = {"approved": "good", "partial": "good", "denied": "bad", "escalated": "warn"}


class FileForm(forms.Form):
    """What is disputed, why, how much is claimed, and files. Choices are those of the payee."""

    subject = forms.ChoiceField(label=gettext_lazy("What you dispute"), choices=Subject.choices)
    period = forms.ChoiceField(label=gettext_lazy("Statement of"))
    component = forms.ChoiceField(label=gettext_lazy("Component"), required=False, help_text=gettext_lazy("For a line or an amount."))
    order = forms.CharField(
        label=gettext_lazy("Deal"), max_length=200, required=False,
        help_text=gettext_lazy("For a line its order's number; for a missing deal its number, or customer and day."),
    )  # fmt: skip
    category = forms.ChoiceField(label=gettext_lazy("Reason"), choices=Dispute.Category.choices)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount you claim"), max_digits=20, decimal_places=6, required=False,
        help_text=gettext_lazy("What you should get beyond what you got, in the plan's currency."),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("What is wrong"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Your manager and the compensation team read it."),
    )  # fmt: skip
    attachments = FilesField(label=gettext_lazy("Files"), required=False)

    def __init__(self, *args: Any, payee: Payee, locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payee = payee
        self.periods = {period.code: period for period in _periods_of(payee)}
        named = {place.component: place.label for found in adjustment_places(payee, list(self.periods.values())).values() for place in found}
        self.fields["period"].choices = [(p.code, period_text(p.code, p.starts, p.ends, locale)) for p in self.periods.values()]  # type: ignore[attr-defined]
        self.fields["component"].choices = [("", _("None in particular")), *named.items()]  # type: ignore[attr-defined]
        self.fields["attachments"].help_text = _("Up to %(size)s MB each: %(kinds)s.") % {"size": LARGEST_FILE // 1024**2, "kinds": ", ".join(sorted(KINDS))}


def _periods_of(payee: Payee) -> list[Period]:
    """The latest periods that have begun, of the calendars that the payee's statements are in (else of the default), newest first."""
    today = today_of_tenant()
    calendars = set(Statement.objects.filter(payee=payee).order_by().values_list("period__calendar_id", flat=True))
    begun = Period.objects.filter(starts__lte=today).order_by("-starts", "code")
    return list((begun.filter(calendar_id__in=calendars) if calendars else begun.filter(calendar__is_default=True))[:PERIODS])


def _list(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    def given(name: str, known: Any, default: str = "") -> str:
        value = request.GET.get(name, default)
        return value if value in known else default

    membership = request.membership  # type: ignore[attr-defined]
    search = request.GET.get("q", "").replace("\x00", "").strip()
    categories = dict(Dispute.Category.choices)
    state, whose, category = given("state", STATES, "open"), given("whose", WHOSE), given("category", categories)
    overdue = request.GET.get("overdue") == "1"
    visible = disputes_visible(membership)
    found = list(disputes_filtered(visible, state=state, category=category, search=search, whose=whose, overdue=overdue, membership=membership)[: PAGE + 1])
    chips = [(f"{_('Search')}: {search}", address_without(request, "q"))] if search else []
    chips += [(str(STATES[state]), address_without(request, "state"))] if state != "open" else []
    chips += [(str(WHOSE[whose]), address_without(request, "whose"))] if whose else []
    chips += [(str(categories[category]), address_without(request, "category"))] if category else []
    chips += [(_("Overdue"), address_without(request, "overdue"))] if overdue else []
    columns = [
        Column("number", _("Dispute")), Column("payee", _("Payee")), Column("about", _("About")), Column("claimed", _("Claimed"), numeric=True),
        Column("state", _("Where it is")), Column("due", _("Answer due")),
    ]  # fmt: skip
    context = {
        "rows": dispute_rows(found[:PAGE]), "columns": columns, "search": search, "state": state, "states": list(STATES.items()), "whose": whose,
        "whose_options": list(WHOSE.items()), "category": category, "categories": list(categories.items()), "overdue": "1" if overdue else "",
        "overdue_options": [("", _("Whether late or not")), ("1", _("Overdue"))], "chips": chips, "more_than": PAGE if len(found) > PAGE else None,
        "any": bool(found) or visible.exists(), "is_payee": membership.payee_id is not None and may(request, "disputes.file"),
        "many": may(request, "pay.read_team"),
    }  # fmt: skip
    return render(request, "incentives/disputes.html", {**context, **(more or {})}, status=status)


@require_safe
@requires("pay.read_own")
def disputes(request: HttpRequest, slug: str) -> HttpResponse:
    """The disputes that the member sees: his own, those of his people, or all."""
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.file")
def dispute_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The member disputes his own statement; ?subject=, ?period=, ?component= and ?order= fill the form in."""
    payee = Payee.objects.filter(pk=request.membership.payee_id).first()  # type: ignore[attr-defined]
    if payee is None:
        messages.info(request, _("You are not paid here, so there is nothing of yours to dispute."))
        return redirect(reverse("disputes", kwargs={"slug": slug}))
    made: list[Dispute] = []

    def done() -> str:
        if made[0].manager is None:
            return _("Dispute %(number)s is filed and lies with the compensation team.") % {"number": made[0].number}
        return _("Dispute %(number)s is filed and lies with your manager.") % {"number": made[0].number}

    given = {name: request.GET[name].replace("\x00", "") for name in ("subject", "period", "component", "order", "category") if request.GET.get(name)}
    form = FileForm(request.POST or None, request.FILES or None, payee=payee, locale=get_language() or "en", initial=given)
    drawer = DrawerForm(
        _("Dispute your pay"), _("File the dispute"), lazy(done, str)(),
        intro=_("Your manager reads it first, then the compensation team decides. You see where it is all the way."), fields={"files": "attachments"},
    )  # fmt: skip

    def run(data: dict[str, Any]) -> None:
        files = uploads_of(data.pop("attachments"))
        values = {**data, "files": files, "period": form.periods[data["period"]]}
        made.append(dispute_file(payee=payee, by=request.membership, base_url=request.build_absolute_uri("/"), **values))  # type: ignore[attr-defined]

    return drawer_form(
        request, drawer, form=form, run=run, refusals=(DisputeRefused,), home=reverse("disputes", kwargs={"slug": slug}),
        page=lambda more, status: _list(request, more, status),
    )  # fmt: skip


def dispute_of(request: HttpRequest, uid: UUID) -> Dispute:
    """The dispute, if the member may see it; else 404, as for no such dispute."""
    found = disputes_visible(request.membership).filter(uid=uid).first()  # type: ignore[attr-defined]
    if found is None:
        raise Http404
    return found


def dispute_page(request: HttpRequest, one: Dispute, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The page of a dispute; more: what a drawer over it adds."""
    [row] = dispute_rows([one])
    locale, own = get_language() or "en", {"slug": request.tenant.slug}  # type: ignore[attr-defined]
    items = [_step(request, one, step, locale) for step in dispute_events(one)]
    acts = acts_possible(one, by=request.membership)  # type: ignore[attr-defined]
    where = {**own, "dispute_uid": one.uid}
    context = {
        "row": row, "dispute": one, "items": items, "own": one.payee_id == request.membership.payee_id,  # type: ignore[attr-defined]
        "record": record_shown(one) if may(request, "pay.read_all") else None,
        "urls": {act: reverse(f"dispute-{act}", kwargs=where) for act in ("comment", "pass", "withdraw", "escalate") if acts[act]},
        "decide": [(label, f"{reverse('dispute-decide', kwargs=where)}?by={by}") for by, label in _ways(one)] if acts["resolve"] else [],
        "statement_url": reverse("statement", kwargs={**own, "uid": one.payee.uid, "code": one.period.code}),
    }  # fmt: skip
    return render(request, "incentives/dispute.html", {**context, **(more or {})}, status=status)


def _step(request: HttpRequest, one: Dispute, step: EventShown, locale: str) -> dict[str, Any]:
    """One step of the timeline with its amounts and files in words."""
    linked, event = step.linked, step.event
    where = {"slug": request.tenant.slug, "dispute_uid": one.uid}  # type: ignore[attr-defined]

    def money(value: Decimal | None) -> str:
        return "" if linked is None or value is None else money_text(value, linked.currency, locale)

    return {
        "event": event, "actor": step.actor, "moved": event.kind != Kind.COMMENTED, "tone": TONES.get(event.state, "") if event.kind != Kind.COMMENTED else "",
        "linked": linked, "amount": money(linked.amount) if linked else "", "before": money(linked.before) if linked else "",
        "paid_in": period_text(linked.paid_in.code, linked.paid_in.starts, linked.paid_in.ends, locale) if linked and linked.paid_in else "",
        # A file whose payee was erased has no content any more.
        "files": [(file, reverse("dispute-file", kwargs={**where, "disputefile_uid": file.uid}) if file.name != ERASED else "") for file in step.files],
    }  # fmt: skip


def _ways(one: Dispute) -> list[tuple[str, str]]:
    """By what a decision may go: a result set by hand and a hold need a deal on record."""
    ways = [("adjustment", _("Approve with an amount"))]
    ways += [("result", _("Set the deal's result"))] if one.order_id is not None else []
    return [*ways, ("release", _("Lift a hold")), ("correction", _("The record was corrected")), ("deny", _("Deny"))]


@require_safe
@requires("pay.read_own")
def dispute(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """One dispute: what is claimed, where it is, everything that was said and done."""
    return dispute_page(request, dispute_of(request, dispute_uid))


@require_safe
@requires("pay.read_own")
def dispute_file_page(request: HttpRequest, slug: str, dispute_uid: UUID, disputefile_uid: UUID) -> HttpResponse:
    """A file as a download; the browser is told never to show or guess it."""
    found = DisputeFile.objects.filter(uid=disputefile_uid, event__dispute=dispute_of(request, dispute_uid)).first()
    if found is None or not found.content:
        raise Http404
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(found.name)}"
    answer["X-Content-Type-Options"], answer["Content-Security-Policy"], answer["Cache-Control"] = "nosniff", "default-src 'none'; sandbox", "no-store"
    return answer
