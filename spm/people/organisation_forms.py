"""Forms of the pages of positions and teams. Choices of the tenant's rows are read when a form is made, inside the scope."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spm.people.forms import Choices, position_choices
from spm.people.models import Position, Team
from spm.people.organisation import name_of
from spm.people.selectors import payee_choices


class RowForm(forms.Form):
    """Base: fields whose choices are rows of the tenant get them from `row_choices`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in self.row_choices().items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def row_choices(self) -> dict[str, Choices]:
        return {}


def _day(label: Any, **values: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(), **values)


class NewPositionForm(RowForm):
    code = forms.CharField(label=_("Code"), max_length=80, help_text=_("Short and lasting, such as AE-12. Quotas and imports name the position by it."))
    title = forms.CharField(label=_("Title"), max_length=200)
    manager = forms.ChoiceField(label=_("Reports to"), required=False)
    start = _day(_("From"))

    def row_choices(self) -> dict[str, Choices]:
        return {"manager": [("", _("Nobody")), *position_choices()]}


class TitleForm(RowForm):
    title = forms.CharField(label=_("Title"), max_length=200)


class ManagerForm(RowForm):
    manager = forms.ChoiceField(label=_("Reports to"), required=False)
    start = _day(_("From"))
    end = _day(_("Until, not on"), required=False, help_text=_("Left out: until the next change on record."))

    def row_choices(self) -> dict[str, Choices]:
        return {"manager": [("", _("Nobody")), *position_choices()]}


class HolderForm(RowForm):
    payee = forms.ChoiceField(label=_("Person"))
    start = _day(_("First day"))
    end = _day(_("No longer held from"), required=False)
    share = forms.DecimalField(
        label=_("Share of full time, percent"), min_value=1, max_value=100, decimal_places=2, initial=100, help_text=_("All positions together: 100 at most.")
    )

    def row_choices(self) -> dict[str, Choices]:
        return {"payee": list(payee_choices())}


class VacateForm(RowForm):
    payee = forms.ChoiceField(label=_("Person"))
    day = _day(_("No longer held from"))

    def __init__(self, *args: Any, position: Position, **kwargs: Any) -> None:
        self.position = position
        super().__init__(*args, **kwargs)

    def row_choices(self) -> dict[str, Choices]:
        held = self.position.assignments.filter(known_to__isnull=True).select_related("payee__detail").order_by("-valid_from")
        return {"payee": list(dict.fromkeys((str(row.payee.uid), name_of(row.payee)) for row in held))}


class RelationForm(RowForm):
    name = forms.SlugField(
        label=_("Relation"), max_length=40, help_text=_("A short name, such as mentor, engineer or partner. Plans speak of it by this name.")
    )
    position = forms.ChoiceField(label=_("Position"))
    related = forms.ChoiceField(label=_("Related position"), help_text=_("The mentor, engineer or partner of the position."))
    start = _day(_("From"))
    end = _day(_("No longer from"), required=False, help_text=_("Left out: until it is ended."))

    def row_choices(self) -> dict[str, Choices]:
        found = position_choices()
        return {"position": found, "related": found}


class RelationEndForm(RowForm):
    day = _day(_("No longer from"))


class NewTeamForm(RowForm):
    code = forms.SlugField(label=_("Code"), max_length=63, help_text=_("Small letters, digits and hyphens. It stays, whatever the team is called."))
    name = forms.CharField(label=_("Name"), max_length=200)


class TeamNameForm(RowForm):
    name = forms.CharField(label=_("Name"), max_length=200)


class TeamAddForm(RowForm):
    position = forms.ChoiceField(label=_("Position"))
    start = _day(_("First day"))
    end = _day(_("No longer from"), required=False, help_text=_("Left out: until it is ended."))

    def row_choices(self) -> dict[str, Choices]:
        return {"position": position_choices()}


class TeamEndForm(RowForm):
    position = forms.ChoiceField(label=_("Position"))
    day = _day(_("No longer from"))

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        self.team = team
        super().__init__(*args, **kwargs)

    def row_choices(self) -> dict[str, Choices]:
        rows = self.team.members.filter(known_to__isnull=True).select_related("position").order_by("position__code")
        return {"position": list(dict.fromkeys((str(row.position.uid), f"{row.position.code} · {row.position.title}") for row in rows))}
