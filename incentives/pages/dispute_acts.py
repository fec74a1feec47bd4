"""What is done to a dispute, each in a drawer over its page: a comment, passed on, decided, withdrawn, escalated."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from incentives.disputes import APPROVED, DENIED, PARTIAL
from incentives.models import Dispute, DisputeEvent, Hold
from incentives.pages.dispute_fields import FilesField, uploads_of
from incentives.pages.disputes import dispute_of, dispute_page
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.dispute_rules import today_of_tenant
from incentives.selectors.disputes import correction_of, holds_to_lift
from incentives.selectors.holds import component_choices
from incentives.services.adjustments import AdjustmentRefused
from incentives.services.dispute_outcomes import dispute_resolve
from incentives.services.disputes import DisputeRefused, dispute_comment, dispute_escalate, dispute_pass, dispute_withdraw
from incentives.services.holds import HoldRefused
from incentives.services.overrides import OverrideRefused
from spm.access.guards import requires
from spm.calendars.models import Period
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.formats import period_text

Means = DisputeEvent.Means
REFUSALS = (DisputeRefused, AdjustmentRefused, OverrideRefused, HoldRefused)
PERIODS = 12


def _words(label: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, max_length=4000, required=required, widget=forms.Textarea(attrs={"rows": 4}))


class CommentForm(forms.Form):
    text = _words(gettext_lazy("Comment"), required=False)
    attachments = FilesField(label=gettext_lazy("Files"), required=False)


class WordsForm(forms.Form):
    text = _words(gettext_lazy("Why"))


class NoteForm(forms.Form):
    text = _words(gettext_lazy("Note"), required=False)


class OutcomeForm(forms.Form):
    """A decision by one of the ways; only the fields of that way are there."""

    outcome = forms.ChoiceField(label=gettext_lazy("Decision"), choices=[(APPROVED, gettext_lazy("Approve")), (PARTIAL, gettext_lazy("Approve in part"))])
    place = forms.ChoiceField(label=gettext_lazy("Component"))
    earning_period = forms.ChoiceField(label=gettext_lazy("Earned in"))
    component = forms.ChoiceField(label=gettext_lazy("Component"))
    amount = forms.DecimalField(label=gettext_lazy("Amount"), max_digits=20, decimal_places=6)
    hold = forms.ChoiceField(label=gettext_lazy("Hold"))
    change_number = forms.IntegerField(
        label=gettext_lazy("Number of the change"), min_value=1, required=False,
        help_text=gettext_lazy("Of the import or edit that corrected the record. Left out: the newest change of the disputed order."),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("Reason"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}), help_text=gettext_lazy("The payee reads it.")
    )

    FIELDS = {
        Means.ADJUSTMENT.value: ("outcome", "place", "earning_period", "amount", "text"), Means.RESULT.value: ("outcome", "component", "amount", "text"),
        Means.RELEASE.value: ("outcome", "hold", "text"), Means.CORRECTION.value: ("outcome", "change_number", "text"), "deny": ("text",),
    }  # fmt: skip

    def __init__(self, *args: Any, dispute: Dispute, by: str, locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(self.FIELDS[by]):
            del self.fields[name]
        choices: dict[str, list[tuple[str, Any]]] = {}
        if by == Means.ADJUSTMENT:
            begun = Period.objects.filter(calendar_id=dispute.period.calendar_id, starts__lte=today_of_tenant()).order_by("-starts")[:PERIODS]
            self.periods = {p.code: p for p in sorted({dispute.period, *begun}, key=lambda p: p.starts, reverse=True)}
            places = [p for found in adjustment_places(dispute.payee, list(self.periods.values())).values() for p in found]
            places.sort(key=lambda place: place.component != dispute.component)
            choices["place"] = list({place.key: f"{place.title} · {place.version.currency}" for place in places}.items())
            choices["earning_period"] = [(p.code, period_text(p.code, p.starts, p.ends, locale)) for p in self.periods.values()]
            self.initial.setdefault("earning_period", dispute.period.code)
        elif by == Means.RESULT:
            choices["component"] = component_choices()
            self.initial.setdefault("component", dispute.component)
            self.fields["amount"].label, self.fields["amount"].help_text = _("The deal pays"), _("In place of what is calculated, from the next run on.")
        elif by == Means.RELEASE:
            self.holds = {str(hold.uid): hold for hold in holds_to_lift(dispute)}
            choices["hold"] = [(uid, f"{hold.order}: {hold.reason}") for uid, hold in self.holds.items()]
        elif by == Means.CORRECTION and correction_of(dispute) is not None:
            self.initial.setdefault("change_number", correction_of(dispute))
        for name, options in choices.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]


def _act(request: HttpRequest, one: Dispute, drawer: DrawerForm, form: forms.Form, run: Any) -> HttpResponse:
    return drawer_form(
        request, drawer, form=form, run=run, refusals=REFUSALS,
        home=reverse("dispute", kwargs={"slug": request.tenant.slug, "dispute_uid": one.uid}),  # type: ignore[attr-defined]
        page=lambda more, status: dispute_page(request, one, more, status),
    )  # fmt: skip


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.membership, "base_url": request.build_absolute_uri("/")}  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.file")
def comment(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """A word or files for all who see the dispute."""
    one = dispute_of(request, dispute_uid)
    drawer = DrawerForm(_("Comment on dispute %(number)s") % {"number": one.number}, _("Add"), _("The comment was added."), fields={"files": "attachments"})
    form = CommentForm(request.POST or None, request.FILES or None)
    return _act(
        request, one, drawer, form, lambda data: dispute_comment(dispute=one, text=data["text"], files=uploads_of(data["attachments"]), **_who(request))
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.pass")
def pass_on(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """From the manager to the compensation team, with what he thinks of it."""
    one = dispute_of(request, dispute_uid)
    drawer = DrawerForm(
        _("Pass on dispute %(number)s") % {"number": one.number}, _("Pass on"), _("The dispute lies with the compensation team."),
        intro=_("Say what you think of it: the payee and the compensation team read it."),
    )  # fmt: skip
    return _act(request, one, drawer, WordsForm(request.POST or None), lambda data: dispute_pass(dispute=one, **data, **_who(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.file")
def withdraw(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """The payee takes it back."""
    one = dispute_of(request, dispute_uid)
    drawer = DrawerForm(
        _("Withdraw dispute %(number)s") % {"number": one.number}, _("Withdraw"), _("The dispute was withdrawn."),
        confirm=_("A dispute that was withdrawn is not taken up again; you may file another one."),
    )  # fmt: skip
    return _act(request, one, drawer, NoteForm(request.POST or None), lambda data: dispute_withdraw(dispute=one, **data, **_who(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.file")
def escalate(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """The payee asks for an overdue answer, or once for another decision."""
    one = dispute_of(request, dispute_uid)
    drawer = DrawerForm(
        _("Escalate dispute %(number)s") % {"number": one.number}, _("Escalate"), _("The dispute is escalated."),
        intro=_("Somebody of the compensation team who has not decided it yet decides it now."),
    )  # fmt: skip
    return _act(request, one, drawer, WordsForm(request.POST or None), lambda data: dispute_escalate(dispute=one, **data, **_who(request)))


DONE = {
    Means.ADJUSTMENT.value: gettext_lazy("The dispute is decided, and the amount is posted."),
    Means.RESULT.value: gettext_lazy("The dispute is decided. The next run posts the difference."),
    Means.RELEASE.value: gettext_lazy("The dispute is decided. The next run pays what the hold kept back."),
    Means.CORRECTION.value: gettext_lazy("The dispute is decided. The next run calculates with the corrected record."),
    "deny": gettext_lazy("The dispute is denied."),
}
INTROS = {
    Means.ADJUSTMENT.value: gettext_lazy("Posted by hand, and paid in the first period that is still open. Nothing that was posted changes."),
    Means.RESULT.value: gettext_lazy("The calculation goes on; the next run posts the difference to it, in the first open period."),
    Means.RELEASE.value: gettext_lazy("What the hold kept back is paid by the next run, in the first open period."),
    Means.CORRECTION.value: gettext_lazy("Correct the record by an import or at its page first. The next run posts the difference, in the first open period."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("disputes.resolve")
def decide(request: HttpRequest, slug: str, dispute_uid: UUID) -> HttpResponse:
    """The decision, by the way that ?by= names: adjustment, result, release, correction, or deny."""
    one = dispute_of(request, dispute_uid)
    way = request.GET.get("by", "")
    way = way if way in OutcomeForm.FIELDS else Means.ADJUSTMENT.value
    denied = way == "deny"
    fields = {"component": "place", "period": "earning_period", "note": "text", "reason": "text"} if way == Means.ADJUSTMENT else {"reason": "text"}
    title = _("Deny dispute %(number)s") if denied else _("Decide dispute %(number)s")
    drawer = DrawerForm(title % {"number": one.number}, _("Deny") if denied else _("Decide"), DONE[way], intro=INTROS.get(way, ""), fields=fields)
    form = OutcomeForm(request.POST or None, dispute=one, by=way, locale=get_language() or "en")

    def run(data: dict[str, Any]) -> None:
        values = dict(data)
        if "earning_period" in values:
            values["earning_period"] = form.periods[values["earning_period"]]
        if "hold" in values:
            held: Hold = form.holds[values["hold"]]
            values["hold"] = held
        outcome = values.pop("outcome", DENIED)
        dispute_resolve(dispute=one, outcome=outcome, means="" if denied else way, **values, **_who(request))

    return _act(request, one, drawer, form, run)
