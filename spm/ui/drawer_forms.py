"""One form in a drawer with an address of its own: shown, checked, run, and shown again with what was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise

from spm.ui.drawers import drawer_wanted

Text = str | Promise
# Renders the page behind the drawer: it gets what to add to its context, and the status.
Page = Callable[[dict[str, Any], int], HttpResponse]


@dataclass(frozen=True)
class DrawerForm:
    """What is written on the drawer. `confirm` asks before it is done, `intro` stands above the fields."""

    title: Text
    button: Text
    done: Text
    confirm: Text = ""
    intro: Text = ""
    # Which form field shows an error that the service lays on a value of another name.
    fields: Mapping[str, str] = field(default_factory=dict)


def drawer_form(
    request: HttpRequest,
    drawer: DrawerForm,
    *,
    form: forms.Form,
    run: Callable[[dict[str, Any]], object],
    refusals: tuple[type[Exception], ...],
    home: str,
    page: Page,
) -> HttpResponse:
    """Answers GET and POST of the drawer's address. `run` gets the cleaned data; `refusals` are the errors written for people.

    Done, it says so and goes to `home`, which is also where closing the drawer leads. The page's template puts
    {% if drawer_form %}{% include "_drawer_form.html" %}{% endif %} into its drawer block.
    """
    if request.method == "POST" and form.is_valid():
        try:
            run(form.cleaned_data)
        except refusals as error:
            named = drawer.fields.get(getattr(error, "field", ""), getattr(error, "field", ""))
            form.add_error(named if named in form.fields else None, str(error))
        else:
            messages.success(request, str(drawer.done))
            return redirect(home)
    status = 400 if form.errors else 200
    context = {"drawer_form": drawer, "form": form, "action_url": request.get_full_path()}
    if drawer_wanted(request):
        return render(request, "_drawer_form.html", context, status=status)
    return page({**context, "drawer_title": drawer.title, "drawer_open": True, "drawer_close_url": home}, status)
