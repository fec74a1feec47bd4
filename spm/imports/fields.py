"""Fields of targets: their kinds, how a cell becomes a value of that kind, and the column type that stages it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from spm.currencies.codes import currency_pack
from spm.imports.mapping import FieldSpec, Mapping
from spm.imports.values import CellError, date_read, flag_read, number_read, salesforce_id, scaled_read

SQL_TYPES = {
    "text": "text", "code": "text", "money": "bigint", "fixed": "bigint", "date": "date", "moment": "timestamptz", "flag": "boolean", "integer": "integer",
    "choice": "smallint", "currency": "smallint", "ref": "text", "decimal": "numeric", "attribute": "text", "currency_text": "text",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a target. `column` is the table's column; `to` the label of the model that a reference names."""

    name: str
    kind: str
    column: str = ""
    required: bool = False
    to: str = ""
    max_length: int = 0
    scale: int = 2
    choices: tuple[tuple[str, int], ...] = ()
    default: Any = None
    nullable: bool = True
    help: str = ""


def scale_of(field: Field, spec: FieldSpec | None) -> int:
    """The scale at which an amount is stored: the mapping's, else the field's own."""
    return field.scale if spec is None or spec.scale is None else spec.scale


def reader_of(field: Field, spec: FieldSpec, mapping: Mapping) -> Callable[[str], Any]:
    """A function from a cell's text to the staged value; None for an empty cell. It raises CellError."""
    # A constant is the mapping's own and written with a point, whatever the file does.
    decimal, form = mapping.format.get("decimal", ".") if spec.constant is None else ".", spec.date or mapping.format.get("date", "")
    scale = scale_of(field, spec)
    codes = dict(field.choices)

    def text(value: str) -> str:
        if spec.salesforce:
            return salesforce_id(value)
        value = value.strip()
        if "\0" in value:
            raise CellError(gettext_noop("the cell holds a zero byte"), gettext_noop("take it out at the source"))
        if field.max_length and len(value) > field.max_length:
            raise CellError(
                gettext_noop("the text has %(count)s characters"), gettext_noop("at most %(max_length)s fit"), count=len(value), max_length=field.max_length
            )
        return value

    def choice(value: str) -> int:
        try:
            return codes[value.strip().lower()]
        except KeyError:
            raise CellError(
                gettext_noop("%(value)s is not one of %(codes)s"),
                gettext_noop("map the source's words to these in the mapping (map: {...})"),
                value=repr(value),
                codes=", ".join(codes),
            ) from None

    def currency(value: str) -> int:
        try:
            return currency_pack(value.strip().upper())
        except ValueError:
            raise CellError(
                gettext_noop("%(value)s is not a currency"), gettext_noop("write the three letters of ISO 4217, such as USD"), value=repr(value)
            ) from None

    def currency_text(value: str) -> str:
        currency(value)
        return value.strip().upper()

    def integer(value: str) -> int:
        number = scaled_read(value, scale=0, decimal=decimal)
        if abs(number) >= 2**31:
            raise CellError(gettext_noop("%(value)s is too large"), gettext_noop("whole numbers go up to 2,147,483,647"), value=repr(value))
        return number

    readers: dict[str, Callable[[str], Any]] = {
        "text": text, "code": text, "ref": text, "choice": choice, "currency": currency, "currency_text": currency_text, "integer": integer,
        "money": lambda value: scaled_read(value, scale=scale, decimal=decimal),
        "fixed": lambda value: scaled_read(value, scale=scale, decimal=decimal),
        "decimal": lambda value: number_read(value, decimal=decimal),
        "attribute": lambda value: format(number_read(value, decimal=decimal).normalize(), "f"),
        "date": lambda value: date_read(value, form=form).isoformat(),
        "moment": _moment,
        "flag": lambda value: "t" if flag_read(value) else "f",
    }  # fmt: skip
    return readers[field.kind]


def _moment(value: str) -> str:
    import datetime as dt

    try:
        found = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        raise CellError(
            gettext_noop("%(value)s is not a time"), gettext_noop("write YYYY-MM-DD HH:MM:SS, with the offset of the time zone"), value=repr(value)
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).isoformat()
