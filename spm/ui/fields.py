"""Django form fields in the product's look: classes by kind of widget, descriptions linked to their inputs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.safestring import SafeString


def is_checkbox(bound: forms.BoundField) -> bool:
    """Whether the field is one tick box, whose label stands behind it."""
    return isinstance(bound.field.widget, forms.CheckboxInput)


def is_choice_list(bound: forms.BoundField) -> bool:
    """Whether the field is a list of tick boxes or radio buttons, each with a label of its own, under one name."""
    return isinstance(bound.field.widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))


def widget_html(bound: forms.BoundField, **attrs: Any) -> SafeString:
    """The field's widget with class, aria-invalid and aria-describedby for its help and errors (ids `<id>_help`, `<id>_error`)."""
    widget = bound.field.widget
    classes = [widget.attrs.get("class", "")]
    if isinstance(widget, forms.CheckboxInput):
        classes.append("form-check-input")
    elif isinstance(widget, (forms.Select, forms.SelectMultiple)) and not isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        classes.append("form-select")
    elif not isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        classes.append("form-control")
    if isinstance(bound.field, (forms.DecimalField, forms.IntegerField)):
        classes.append("form-control-num")
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    merged: dict[str, Any] = {"class": " ".join(filter(None, classes))}
    if described:
        merged["aria-describedby"] = " ".join(described)
    if bound.errors:
        merged["aria-invalid"] = "true"
    if isinstance(widget, forms.DateInput) and widget.input_type == "text":
        # The browser's own date picker: keyboard, language and week start come with it. Its value is ISO whatever the language.
        widget.input_type, widget.format = "date", "%Y-%m-%d"
    merged.update({key.replace("_", "-"): value for key, value in attrs.items()})
    return bound.as_widget(attrs=merged)


def document_posted(request: HttpRequest, name: str, otherwise: str = "") -> str:
    """A document from an editor of the page, with the line ends that it was written with: forms send CR LF for each."""
    return request.POST.get(name, otherwise).replace("\r\n", "\n")
