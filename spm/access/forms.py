"""Forms of the members' pages. Choices of a tenant's rows are read when the form is made, inside the scope."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from spm.access.models import Role


class RolesForm(forms.Form):
    """The roles of a member, and why, when duties meet that should be apart."""

    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Kept in the audit log. Needed when two duties meet that should be apart.")
    )


class InviteForm(RolesForm):
    """Whom to invite, into which roles, linked to which payee."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    payee = forms.ChoiceField(label=_("Payee"), required=False, help_text=_("Whose own pay this person sees."))
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES)
    field_order = ["email", "roles", "payee", "language", "reason"]

    def __init__(self, *args: Any, payees: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payee"].choices = [("", _("Nobody")), *payees]  # type: ignore[attr-defined]


class EndForm(forms.Form):
    """Why access ends."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False, help_text=_("Kept in the audit log."))
