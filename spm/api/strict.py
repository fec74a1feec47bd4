"""What DRF lets pass and this API does not: fields that an operation does not take, numbers for texts, words for booleans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


def strict_errors(serializer: serializers.Serializer, given: Any) -> Iterator[tuple[str, list[ErrorDetail]]]:
    """Errors by field of a JSON body or a form; a body that is no object is left to the serializer."""
    if not hasattr(given, "keys"):
        return
    for name in sorted(set(given) - set(serializer.fields)):
        yield name, [ErrorDetail(_("This operation does not take this field."), code="unknown")]
    if not isinstance(given, dict) or hasattr(given, "getlist"):
        return  # all values of a form are texts
    for name, field in serializer.fields.items():
        value = given.get(name)
        if value is not None and not _fits(field, value):
            yield name, [ErrorDetail(_("The type of the value is not the one that the schema states."), code="wrong_type")]


def _fits(field: serializers.Field, value: Any) -> bool:
    if isinstance(field, serializers.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, serializers.IntegerField):
        # 3.0 is a whole number in JSON.
        return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    if isinstance(field, serializers.CharField | serializers.DateField | serializers.DateTimeField | serializers.UUIDField | serializers.DecimalField):
        return isinstance(value, str)
    if isinstance(field, serializers.ListField):
        return isinstance(value, list) and all(_fits(field.child, item) for item in value)
    return True
