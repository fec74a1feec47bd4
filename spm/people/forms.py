"""Forms of the people pages. Choices of the tenant's rows are read when a form is made, inside the scope."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spm.people.models import Assignment, Employment, LegalEntity, Payee, Position
from spm.tenancy.changes import known_as_at

Choices = list[tuple[str, Any]]


def position_choices() -> Choices:
    return [(str(p.uid), f"{p.code} · {p.title}") for p in Position.objects.order_by("code")]


def held_choices(payee: Payee | None) -> Choices:
    """Positions that the payee holds or held, newest first."""
    if payee is None:
        return []
    rows = known_as_at(Assignment.objects.filter(payee=payee), None).select_related("position").order_by("-valid_from")
    return list(dict.fromkeys((str(row.position.uid), f"{row.position.code} · {row.position.title}") for row in rows))


class PeopleForm(forms.Form):
    """Base: knows the payee it is about, None on the page of a new one."""

    def __init__(self, *args: Any, payee: Payee | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payee = payee
        for name, choices in self.row_choices().items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def row_choices(self) -> dict[str, Choices]:
        return {}


def _day(label: Any, **values: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(), **values)


def _share() -> forms.DecimalField:
    return forms.DecimalField(
        label=_("Share of full time, percent"), min_value=1, max_value=100, decimal_places=2, initial=100, help_text=_("All positions together: 100 at most.")
    )


class NewPersonForm(PeopleForm):
    display_name = forms.CharField(label=_("Name"), max_length=200)
    external_id = forms.CharField(label=_("Employee number"), max_length=80)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Payee.Kind.choices)
    legal_entity = forms.ChoiceField(label=_("Legal entity"))
    pay_currency = forms.CharField(label=_("Currency of pay"), max_length=3, required=False, help_text=_("Left out: that of the legal entity."))
    hired = _day(_("First day"))
    position = forms.ChoiceField(label=_("Position"), required=False)

    def row_choices(self) -> dict[str, Choices]:
        entities = [(str(e.uid), e.name) for e in LegalEntity.objects.order_by("name")]
        return {"legal_entity": entities, "position": [("", _("None yet")), *position_choices()]}


class DetailsForm(PeopleForm):
    display_name = forms.CharField(label=_("Name"), max_length=200)
    given_name = forms.CharField(label=_("Given name"), max_length=100, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=100, required=False)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)


class AssignForm(PeopleForm):
    position = forms.ChoiceField(label=_("Position"))
    start = _day(_("First day"))
    end = _day(_("No longer held from"), required=False)
    share = _share()

    def row_choices(self) -> dict[str, Choices]:
        return {"position": position_choices()}


class MoveForm(PeopleForm):
    position = forms.ChoiceField(label=_("Moves to"))
    day = _day(_("First day there"))
    leaving = forms.ChoiceField(label=_("Leaves"), required=False)
    carry_terms = forms.BooleanField(label=_("Take the target pay along"), required=False, initial=True)

    def row_choices(self) -> dict[str, Choices]:
        return {"position": position_choices(), "leaving": [("", _("The only position held")), *held_choices(self.payee)]}


class LineForm(PeopleForm):
    position = forms.ChoiceField(label=_("Position"))
    manager = forms.ChoiceField(label=_("Reports to"), required=False)
    start = _day(_("From"))

    def row_choices(self) -> dict[str, Choices]:
        return {"position": held_choices(self.payee), "manager": [("", _("Nobody")), *position_choices()]}


class TermsForm(PeopleForm):
    position = forms.ChoiceField(label=_("Position"))
    start = _day(_("From"))
    target_incentive = forms.DecimalField(label=_("Target incentive a year"), min_value=0, max_digits=15, decimal_places=2)
    ote = forms.DecimalField(label=_("OTE a year"), min_value=0, max_digits=15, decimal_places=2, help_text=_("Base pay and target incentive together."))
    currency = forms.CharField(label=_("Currency"), max_length=3)
    attributes = forms.CharField(
        label=_("Values for plans"), required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("One a line, such as commission_pct = 0.012")
    )

    def row_choices(self) -> dict[str, Choices]:
        return {"position": held_choices(self.payee)}

    def clean_attributes(self) -> dict[str, str]:
        out: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["attributes"].splitlines(), start=1):
            if line.strip():
                name, sign, value = (part.strip() for part in line.partition("="))
                if not (name and sign and value):
                    raise forms.ValidationError(_("Line %(number)s is not a name, an equals sign and a value."), params={"number": number})
                out[name] = value
        return out


class AbsenceForm(PeopleForm):
    start = _day(_("First day away"))
    end = _day(_("First day back"), required=False, help_text=_("Left out: until the return is recorded."))
    leave_kind = forms.ChoiceField(
        label=_("Kind of leave"), required=False, choices=[("", _("Not stated")), *Employment.LeaveKind.choices],
        help_text=_("Plans may count paid and unpaid leave apart."),
    )  # fmt: skip


class LeaveForm(PeopleForm):
    day = _day(_("First day not employed"), help_text=_("Seats and target pay end that day, and so does access to this product."))


class EraseForm(PeopleForm):
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The request or legal ground, without the person's name. Kept in the audit log."))


class FeedForm(forms.Form):
    file = forms.FileField(label=_("CSV file"))

    def clean_file(self) -> bytes:
        given = self.cleaned_data["file"]
        if given.size > 5_000_000:
            raise forms.ValidationError(_("The file is larger than 5 MB; split it."))
        return bytes(given.read())
