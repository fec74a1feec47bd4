"""An amount posted by hand, from the payee's statement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from analytics.pages.common import choice_of, payee_of
from analytics.pages.statement import statement_render
from analytics.selectors.periods import PeriodChoice
from incentives.models import LedgerEntry
from incentives.selectors.adjusting import adjustment_places
from incentives.services.adjustments import AdjustmentRefused, adjustment_make
from spm.access.guards import requires
from spm.people.models import Payee
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.formats import period_text


class AdjustForm(forms.Form):
    """On what, for when, how much, and why. Choices are those of the payee in the periods that have begun."""

    component = forms.ChoiceField(label=gettext_lazy("Component"))
    period = forms.ChoiceField(label=gettext_lazy("Earned in"))
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), max_digits=20, decimal_places=6, help_text=gettext_lazy("In the plan's currency; with a minus to take away.")
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("The payee reads it on the statement.")
    )

    def __init__(self, *args: Any, payee: Payee, choice: PeriodChoice, locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.periods = {p.code: p for p in reversed(sorted({*choice.recent, choice.period}, key=lambda p: p.starts))}
        places = adjustment_places(payee, list(self.periods.values()))
        named = {place.key: f"{place.title} · {place.version.currency}" for found in places.values() for place in found}
        self.fields["component"].choices = list(named.items())  # type: ignore[attr-defined]
        self.fields["period"].choices = [(p.code, period_text(p.code, p.starts, p.ends, locale)) for p in self.periods.values()]  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def statement_adjust(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """The form beside the statement; the amount is paid in the first open period."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    posted: list[LedgerEntry] = []

    def done() -> str:
        return _("The adjustment was posted; it is paid with the statement of %(period)s.") % {"period": posted[0].pay_period.code}

    drawer = DrawerForm(
        _("Adjust by hand"), _("Post the adjustment"), lazy(done, str)(),
        confirm=_("It stays in the books for good; taking it back is a second adjustment."), intro=_("Paid in the first period that is still open."),
    )  # fmt: skip
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    form = AdjustForm(request.POST or None, payee=payee, choice=choice, locale=locale, initial={"period": choice.period.code})

    def run(data: dict[str, Any]) -> None:
        earning = form.periods[data["period"]]
        values = {"payee": payee, "place": data["component"], "earning_period": earning, "amount": data["amount"], "note": data["note"]}
        posted.append(adjustment_make(**values, actor_id=request.user.pk))

    return drawer_form(
        request, drawer, form=form, run=run, refusals=(AdjustmentRefused,),
        home=reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code}),
        page=lambda more, status: statement_render(request, slug, payee, choice, more=more, status=status),
    )  # fmt: skip
