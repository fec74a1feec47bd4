"""Forms of the pages of currency rates."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from spm.currencies.services import DECIMALS, DIGITS

TYPE_HELP = _("Small letters, digits and hyphens. Pay is computed with rates of the type plan, else of the type daily.")


class PairForm(forms.Form):
    rate_type = forms.SlugField(label=_("Type of rate"), max_length=40, initial="plan", help_text=TYPE_HELP)
    base = forms.CharField(label=_("One unit of"), max_length=3, min_length=3, help_text=_("Currency code, such as EUR."))
    quote = forms.CharField(label=_("Costs units of"), max_length=3, min_length=3, help_text=_("Currency code, such as USD."))


class RateForm(PairForm):
    fx_rate = forms.DecimalField(label=_("Rate"), max_digits=DIGITS, decimal_places=DECIMALS)
    start = forms.DateField(label=_("From"), widget=forms.DateInput())
    end = forms.DateField(label=_("Until, not on"), required=False, widget=forms.DateInput(), help_text=_("Left out: until the next rate on record."))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class EndRateForm(PairForm):
    day = forms.DateField(label=_("No rate from"), widget=forms.DateInput())
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class EcbForm(forms.Form):
    file = forms.FileField(label=_("File of the bank"), help_text=_("eurofxref.zip or eurofxref-hist.zip, or the CSV or XML of the same name."))
    rate_type = forms.SlugField(label=_("Type of rate"), max_length=40, initial="daily", help_text=TYPE_HELP)
    since = forms.DateField(label=_("Days from"), required=False, widget=forms.DateInput(), help_text=_("Left out: all days of the file."))
