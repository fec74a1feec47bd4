"""Filters of list operations. A parameter that is not known is refused: a mistyped filter must not return everything."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework import exceptions
from rest_framework.request import Request

from spm.api.problems import Problem


class InstantField(IsoDateTimeField):
    """An instant, brought to UTC: PostgreSQL refuses offsets that Python takes (+19:38)."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        try:
            return found and found.astimezone(dt.UTC)
        except OverflowError as error:
            raise forms.ValidationError(_("This instant is out of range."), code="invalid") from error


class InstantFilter(filters.IsoDateTimeFilter):
    field_class = InstantField


class StrictFilterBackend(filters.DjangoFilterBackend):
    """django-filter, with its errors in our shape."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        for name, field in filterset.base_filters.items():
            _value_check(name, field, request.query_params.get(name))
        if not filterset.is_valid():
            raise exceptions.ValidationError({name: [str(e) for e in errors] for name, errors in filterset.errors.items()})
        return filterset.qs


def _value_check(name: str, field: Any, value: str | None) -> None:
    """django-filter takes an empty value, and a boolean that is neither, for no filter at all: that would return everything."""
    if value == "":
        raise Problem("invalid", _("%(name)s is empty; leave it out or give a value.") % {"name": name}, field=name)
    if value is not None and isinstance(field, filters.BooleanFilter) and value not in {"true", "false"}:
        raise Problem("invalid", _("%(name)s is true or false.") % {"name": name}, field=name)


def parameters_check(request: Request, known: set[str]) -> None:
    """Raises unknown_parameter for the first name that the operation does not take, invalid for a NUL or a repeated one."""
    for name, values in request.query_params.lists():
        if name not in known:
            raise Problem("unknown_parameter", _("%(name)s is not a parameter of this operation.") % {"name": name[:80]}, field=name[:80])
        if len(values) > 1:
            raise Problem("invalid", _("%(name)s was given more than once.") % {"name": name}, field=name)
        if "\x00" in values[0]:
            raise Problem("invalid", _("%(name)s holds a NUL character.") % {"name": name}, field=name)
