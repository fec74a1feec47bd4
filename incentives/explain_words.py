"""The explanation of an amount in people's words: what each part of the engine's tree is called, and its figures in a line."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from spm.ui.formats import number_text


def part_label(part: dict[str, Any]) -> str:
    """The name of a node below a component; a node of the plan's own keeps the plan's label."""
    names = {
        "slice": _("Slice of the table"),
        "rate": _("Rate"),
        "multiplier": _("Multiplied by: %(name)s"),
        "rounding": _("Rounding"),
        "earlier": _("Earned earlier in this window"),
        "carried": _("Earned in this window before the change"),
        "opening": _("Opening balance: paid before this system"),
        "cap": _("Cap"),
        "floor": _("Floor"),
    }
    label = names.get(part["kind"])
    if label is None:
        return str(part["label"])
    return label % {"name": part["label"]} if "%(name)s" in label else label


def part_note(part: dict[str, Any], locale: str) -> str:
    """What the engine says of a node, in a line: from, to, rate, factor."""
    words = {
        "from": _("from"),
        "to": _("to"),
        "covered": _("amount"),
        "value": _("rate"),
        "factor": _("times"),
        "of": _("of"),
        "rate": _("rate"),
        "base": _("on"),
    }
    shown = []
    for name, value in part["detail"].items():
        if value is None:
            continue
        try:
            text = number_text(Decimal(str(value)), locale)
        except ArithmeticError:
            text = str(value)
        shown.append(f"{words.get(name, name)} {text}")
    return ", ".join(shown)


def prorated_label(key: str) -> str:
    """What of a component is prorated: a quota by its name, or target, bounds, cap, floor."""
    figure, _dot, name = key.partition(".")
    if figure == "quota":
        return _("Prorated quota: %(name)s") % {"name": name}
    names = {"target": _("Prorated target incentive"), "bounds": _("Prorated bounds"), "cap": _("Prorated cap"), "floor": _("Prorated floor")}
    return names.get(figure, figure)


def exact_decimal(value: Decimal | str) -> Decimal:
    """An exact number for display: a quotient that does not end (text "n/d") is shown to 28 digits."""
    if isinstance(value, Decimal):
        return value
    found = Fraction(value)
    return Decimal(found.numerator) / Decimal(found.denominator)


def cause_note(cause: str) -> str:
    """What belongs to a cause, in a line."""
    notes = {
        "plan": _("another plan version in force"),
        "engine": _("the calculation itself, in a newer version of the product"),
        "people": _("seats, moves, leaves, and who is under which plan"),
        "hierarchy": _("who reports to whom"),
        "quota": _("the quota of the position"),
        "pay_rate": _("rates and target incentive in the pay terms"),
        "fx_rate": _("currency rates"),
        "crediting": _("orders that changed owner or split"),
        "data": _("orders that are new, changed or gone, and days that have passed"),
        "manual": _("posted by hand"),
    }
    return notes.get(cause, "")
