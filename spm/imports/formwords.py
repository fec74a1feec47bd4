"""What the mapping form says of fields: what each takes, what is wrong with its input, and what the document does beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from spm.imports.errors import ImportFault
from spm.imports.fields import Field, reader_of
from spm.imports.loading import NAMED_BY
from spm.imports.mapform import CONSTANT, FieldRow, MappingForm
from spm.imports.mapping import FieldSpec, Mapping
from spm.imports.targets import Target
from spm.imports.values import CellError
from spm.told import shown

_REFERS = {
    "people.Payee": gettext_lazy("external id of a payee"), "people.Position": gettext_lazy("code of a position"),
    "people.LegalEntity": gettext_lazy("code of a legal entity"), "planning.Territory": gettext_lazy("code of a territory"),
    "sales.Account": gettext_lazy("external id of an account"), "sales.Product": gettext_lazy("external id of a product"),
    "sales.Order": gettext_lazy("external id of an order"), "sales.OrderLine": gettext_lazy("external id of an order line"),
    "sales.Opportunity": gettext_lazy("external id of an opportunity"), "sales.Invoice": gettext_lazy("external id of an invoice"),
    "sales.Campaign": gettext_lazy("external id of a campaign"), "incentives.Plan": gettext_lazy("code of a plan"),
}  # fmt: skip
_SOURCE = re.compile(r"[a-z0-9_-]{1,40}")


def ref_by_code(known: Field) -> bool:
    """Whether a reference is found by a code of the tenant, rather than by a source and its external id."""
    return known.to in NAMED_BY


def field_takes(known: Field) -> str:
    """What a cell of the field may hold, in words."""
    match known.kind:
        case "ref":
            return str(_REFERS.get(known.to) or (_("code") if ref_by_code(known) else _("external id")))
        case "money":
            return _("amount")
        case "fixed":
            return ngettext("number with at most %(count)s decimal", "number with at most %(count)s decimals", known.scale) % {"count": known.scale}
        case "decimal" | "attribute":
            return _("number")
        case "integer":
            return _("whole number")
        case "date":
            return _("day")
        case "moment":
            return _("day and time, as 2026-03-31 17:05:00")
        case "flag":
            return _("yes or no, 1 or 0")
        case "choice":
            return _("one of %(choices)s") % {"choices": ", ".join(name for name, _number in known.choices)}
        case "currency" | "currency_text":
            return _("currency of three letters, as USD")
        case _ if known.max_length:
            return ngettext("text of at most %(count)s character", "text of at most %(count)s characters", known.max_length) % {"count": known.max_length}
        case _:
            return _("text")


def kept_words(row: FieldRow) -> str:
    """What the document does with a field that the form does not show, in words; empty when there is nothing."""
    found: list[str] = []
    for key, value in row.kept.items():
        match key:
            case "concat":
                found.append(_("joins the columns %(columns)s") % {"columns": ", ".join(map(str, value))})
            case "next":
                found.append(_("takes the next larger value of the column %(column)s") % {"column": value})
            case "lookup":
                found.append(_("looks up in %(name)s") % {"name": value})
            case "date":
                found.append(_("reads dates as %(form)s") % {"form": value})
            case "add_days":
                found.append(ngettext("adds %(count)s day", "adds %(count)s days", int(value)) % {"count": value} if _whole(value) else f"{key}: {value}")
            case "steps":
                count = len(value) if isinstance(value, list) else 1
                found.append(ngettext("goes through %(count)s step", "goes through %(count)s steps", count) % {"count": count})
            case "salesforce_id":
                found.append(_("makes Salesforce ids 18 characters long"))
            case "separator" | "within" | "last" | "take":
                pass  # a part of what was said
            case _:
                found.append(f"{key}: {value}")
    return "; ".join(found)


def _whole(value: Any) -> bool:
    return isinstance(value, int) or str(value).lstrip("-").isdigit()


def form_problems(form: MappingForm, target: Target, columns: Sequence[str]) -> dict[str, str]:
    """What is wrong, by the name of the input, with what to do about it. `columns` are those of the file; none: not known."""
    found: dict[str, str] = {}
    if not _SOURCE.fullmatch(form.source):
        found["source"] = _("Write a short name of small letters, digits, dashes and low lines, such as crm: the same records come again under it.")
    if not form.scale:
        found["scale"] = _("The amounts of one row have one number of decimals; choose it.")
    known = set(columns)
    for row in form.rows:
        if row.column and known and row.column not in known:
            found[f"origin.{row.name}"] = _("The file has no column %(column)s; choose one that it has.") % {"column": row.column}
        elif not row.origin and row.field.required:
            found[f"origin.{row.name}"] = _("%(name)s is needed: choose its column, or write one value for all rows.") % {"name": row.name}
        elif row.origin == CONSTANT:
            problem = _constant_problem(row, form)
            if problem:
                found[f"constant.{row.name}"] = problem
    if form.control:
        held = next((row for row in form.rows if row.name == form.control), None)
        if held is None or not held.origin or held.field.kind not in {"money", "fixed"}:
            found["control"] = _("%(name)s does not hold an amount of this mapping; choose a field that does, or none.") % {"name": form.control}
    return found


def _constant_problem(row: FieldRow, form: MappingForm) -> str:
    if not row.constant.strip():
        return _("Write the value that all rows get, or choose a column.")
    spec = FieldSpec(row.name, (), constant=row.constant, scale=int(form.scale) if form.scale.isdigit() and row.field.kind == "money" else None)
    if "map" in row.kept or row.words or "steps" in row.kept:
        return ""
    mapping = Mapping(source=form.source, target=form.target, text="", format={"date": form.format.get("date", "")})
    try:
        reader_of(row.field, spec, mapping)(row.constant)
    except CellError as error:
        return _("%(cause)s: %(mend)s.") % {"cause": shown(error.cause), "mend": shown(error.mend)}
    except ImportFault as fault:
        return str(fault)
    return ""
