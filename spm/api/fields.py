"""How values look on the wire: money as exact decimal text, never a float; codes as words; references by public ids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from spm.currencies.codes import currency_unpack
from spm.told import shown

_DECIMAL = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1234.5600"]}


def scaled_text(value: int, scale: int) -> str:
    """value / 10 ** scale as exact text with `scale` decimals.

    >>> scaled_text(-12345, 4)
    '-1.2345'
    """
    return f"{Decimal(value).scaleb(-scale):f}"


@extend_schema_field(_DECIMAL)
class ScaledField(serializers.Field):
    """An int column with its scale beside it (or a fixed scale), as exact decimal text."""

    def __init__(self, column: str = "amount", *, scale: str | int = "amount_scale", **kwargs: Any) -> None:
        self.column, self.scale = column, scale
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, row: Any) -> str | None:
        value = getattr(row, self.column)
        scale = self.scale if isinstance(self.scale, int) else getattr(row, self.scale)
        return None if value is None else scaled_text(value, scale)


@extend_schema_field({**_DECIMAL, "type": ["string", "null"]})
class NullableScaledField(ScaledField):
    """The same where the column may be empty."""


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$"})
class PackedCurrencyField(serializers.Field):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(source="currency_code", read_only=True, **kwargs)

    def to_representation(self, value: int) -> str:
        return currency_unpack(value)


class ToldField(serializers.CharField):
    """A kept text (spm.told), in the language that the caller accepts."""

    def to_representation(self, value: str) -> str:
        return shown(value)


class CodeField(serializers.ChoiceField):
    """An integer code of a Choices class, as its name in small letters."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        self.codes = choices
        super().__init__(choices=[member.name.lower() for member in choices], **kwargs)

    def to_representation(self, value: int) -> str:
        return self.codes(value).name.lower()


class RecordRef(serializers.Serializer):
    """A record of the sales record by its source's id."""

    source = serializers.CharField()
    external_id = serializers.CharField()
