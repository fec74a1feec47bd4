"""Forms of the calendar pages: each kind asks only for the rules that it needs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext_lazy as _

from spm.calendars.generate import NEWEST, OLDEST, PATTERNS, CalendarError
from spm.calendars.models import FiscalCalendar
from spm.calendars.window_lines import windows_read

Kind = FiscalCalendar.Kind
WINDOWS_HELP = _("One a line: code; first day; day after the last; quarter; year. For instance 2024-W1; 2024-01-01; 2024-01-08; 2024-Q1; 2024")


def _year(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=OLDEST, max_value=NEWEST)


class WindowsField(forms.CharField):
    """Windows of a custom calendar, as a list; says which line is wrong."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Windows"), widget=forms.Textarea(attrs={"rows": 8}), help_text=WINDOWS_HELP, max_length=100_000, **kwargs)

    def clean(self, value: Any) -> Any:
        try:
            return windows_read(super().clean(value))
        except CalendarError as error:
            raise forms.ValidationError(str(error)) from error


class CalendarForm(forms.Form):
    """Base of all kinds. cleaned_data holds what windows_preview takes, beside code, name and is_default."""

    code = forms.SlugField(label=_("Code"), max_length=63, help_text=_("Small letters, digits and hyphens. Plans name the calendar by it."))
    name = forms.CharField(label=_("Name"), max_length=200)
    is_default = forms.BooleanField(label=_("Make it the default calendar"), required=False)


class YearsForm(CalendarForm):
    first_year = _year(_("First fiscal year"))
    last_year = _year(_("Last fiscal year"))
    year_start_month = forms.TypedChoiceField(
        label=_("The fiscal year starts in"), choices=list(MONTHS.items()), coerce=int, initial=1,
        help_text=_("A fiscal year is named after the calendar year in which it ends."),
    )  # fmt: skip


class WeeksForm(YearsForm):
    pattern = forms.ChoiceField(label=_("Weeks of the periods of a quarter"), choices=[(name, name) for name in PATTERNS])
    year_end_weekday = forms.TypedChoiceField(label=_("The year ends on a"), choices=list(WEEKDAYS.items()), coerce=int, initial=5)
    year_end_rule = forms.ChoiceField(
        label=_("Which one"), choices=[("last", _("The last of its month")), ("nearest", _("The one nearest to the end of the month"))]
    )
    week53 = forms.IntegerField(label=_("Period with the extra week of a long year"), min_value=1, max_value=12, initial=12)


class FortnightForm(YearsForm):
    anchor = forms.DateField(label=_("First day of any one window"), widget=forms.DateInput())


class CustomForm(CalendarForm):
    windows = WindowsField()

    def clean(self) -> dict[str, Any]:
        return {**super().clean(), "first_year": OLDEST, "last_year": OLDEST}  # type: ignore[dict-item]


FORMS: dict[str, type[CalendarForm]] = {
    Kind.MONTH: YearsForm,
    Kind.QUARTER: YearsForm,
    Kind.WEEKS_445: WeeksForm,
    Kind.BIWEEKLY: FortnightForm,
    Kind.SEMI_MONTHLY: YearsForm,
    Kind.CUSTOM: CustomForm,
}


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)


class ExtendForm(forms.Form):
    last_year = _year(_("Through fiscal year"))


class WindowsForm(forms.Form):
    windows = WindowsField()


class HolidayGoneForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=forms.DateInput())
    until = forms.DateField(label=_("Until, not on"), required=False, widget=forms.DateInput(), help_text=_("Left out: the one day."))
    country = forms.CharField(label=_("Country"), required=False, max_length=2, help_text=_("Of the legal entity, such as DE; left out: all."))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class HolidayForm(HolidayGoneForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=100)
    field_order = ("day", "until", "name", "country", "reason")
