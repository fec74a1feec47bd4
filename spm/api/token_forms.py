"""The form of a new API token: what it may do is offered only as far as the member's own roles reach."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from spm.api.permissions import role_allows
from spm.api.scopes import Scope

DAYS = (7, 30, 90, 180, 365)


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=120, help_text=_("Such as: nightly export to the warehouse. Give each program its own."))
    days = forms.TypedChoiceField(label=_("Works for"), coerce=int, initial=90)
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple, help_text=_("Never more than you may do yourself."))

    def __init__(self, *args: Any, roles: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(value, label) for value, label in Scope.choices if role_allows(roles, value)]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]
        self.fields["days"].choices = [(days, ngettext("%(count)d day", "%(count)d days", days) % {"count": days}) for days in DAYS]  # type: ignore[attr-defined]
