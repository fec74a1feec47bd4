"""Forms and drawers for what a person decides of one deal: holds, and results set by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incentives.selectors import DealUnknown, component_choices, order_find
from incentives.services.decisions import DecisionRefused
from spm.people.models import Payee
from spm.ui.drawer_forms import DrawerForm, Page, drawer_form


class DealForm(forms.Form):
    """Which deal, of which component, to whom, and why."""

    order = forms.CharField(label=gettext_lazy("Order"), max_length=200, help_text=gettext_lazy("Its number, or its source and id, such as crm:1234."))
    component = forms.ChoiceField(label=gettext_lazy("Component"))
    payee = forms.CharField(label=gettext_lazy("Payee"), max_length=80, help_text=gettext_lazy("An employee number."))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("The payee reads it on the statement.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["component"].choices = component_choices()  # type: ignore[attr-defined]

    def clean_order(self) -> Any:
        """The order that is meant."""
        try:
            return order_find(self.cleaned_data["order"])
        except DealUnknown as unknown:
            raise forms.ValidationError(str(unknown)) from unknown

    def clean_payee(self) -> Payee | None:
        """The payee that is meant; None for everybody."""
        number = self.cleaned_data["payee"].strip()
        found = Payee.objects.filter(external_id=number).first() if number else None
        if number and found is None:
            raise forms.ValidationError(_("Nobody has the employee number %(number)s.") % {"number": number})
        return found


class LiftForm(forms.Form):
    """An optional word on why."""

    note = forms.CharField(label=gettext_lazy("Note"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3}))


def given_in_address(request: HttpRequest) -> dict[str, str]:
    """What ?order=, ?component= and ?payee= fill into the form."""
    return {name: request.GET[name].replace("\x00", "") for name in ("order", "component", "payee") if request.GET.get(name)}


def decision_drawer(request: HttpRequest, drawer: DrawerForm, form: forms.Form, run: Any, *, home: str, page: Page) -> HttpResponse:
    """The drawer over its list; home: name of the list's address, page: renders the list."""
    address = reverse(home, kwargs={"slug": request.tenant.slug})  # type: ignore[attr-defined]
    return drawer_form(request, drawer, form=form, run=run, refusals=(DecisionRefused,), home=address, page=page)
