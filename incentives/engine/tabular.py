"""Rows of plain tables (CSV files, a plan's own tests) -> Facts, Splits and Inputs, with names instead of ids.

Tables and columns are described in docs/plans.md. Names become ids in natural order (T2 before T10), so that the
order of rows cannot matter.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from .calendars import calendar_make
from .cells import Cell, Tables, rows_of, sorted_names
from .contract_years import YEAR, record_of, years_spread
from .contracts import (
    NOBODY,
    OPEN_END,
    Calendar,
    Facts,
    FxRate,
    Inputs,
    KpiValue,
    NumberColumn,
    People,
    Period,
    Splits,
)
from .errors import CellError, InputError
from .plan import LINE_CODES, LINE_MONEY, LINE_NUMBERS, CompiledPlan
from .tabular_lines import categories_read, service_read
from .tabular_people import assignments_read, attributes_read, employments_read, enrolments_read, quotas_read, relations_read, reporting_read

KNOWN: dict[str, tuple[str, ...]] = {
    "transactions": ("id", "date", "payee", "assignment", "amount", "change", "deleted"),
    "assignments": ("assignment", "payee", "position", "from", "to", "fte", "legal_entity", "primary", "currency", "country"),
    "attributes": ("assignment", "payee", "name", "from", "to", "value"),
    "kpis": ("payee", "kpi", "date", "value"),
    "employments": ("payee", "status", "from", "to", "kind"),
    "holidays": ("date", "name", "country"),
    "quotas": ("position", "payee", "quota", "from", "to", "amount", "currency"),
    "splits": ("transaction", "payee", "role", "quota_share", "pay_share", "share"),
    "hierarchy": ("payee", "manager", "from", "to"),
    "relations": ("payee", "relation", "related", "from", "to"),
    "enrolments": ("assignment", "payee", "from", "to"),
    "fx_rates": ("rate_type", "base", "quote", "fx_rate", "from", "to"),
    "calendar": ("period", "from", "to", "quarter", "year"),
    "payments": ("transaction", "date", "amount"),
    "invoices": ("transaction", "date", "amount"),
    "holds": ("transaction", "component", "from", "to"),
    "categories": ("category", "parent", "from", "to"),
    "returns": ("transaction", "date", "amount"),
}


@dataclass(frozen=True)
class Tabular:
    """The engine's inputs and the names behind the ids."""

    facts: Facts
    splits: Splits
    inputs: Inputs
    payees: tuple[str, ...]
    objects: tuple[str, ...]
    assignments: tuple[str, ...]
    tables: Tables

    def object_name(self, row: int) -> str:
        """The name of the transaction to which a row of the facts belongs."""
        return self.objects[record_of(row)]

    def payee_id(self, name: Any) -> int:
        """The id of a payee by name."""
        try:
            return self.payees.index(str(name))
        except ValueError:
            raise InputError(f"payee {name} is unknown; payees: {', '.join(self.payees[:20])}") from None


def tabular_inputs(plan: CompiledPlan, tables: Tables, as_of: int | None = None) -> Tabular:
    """Make the engine's inputs. `as_of`: only versions of transactions with `change` up to this number."""
    check_columns(plan, tables)
    lines = newest(rows_of(tables, "transactions"), as_of)
    splits = rows_of(tables, "splits")
    seats = rows_of(tables, "assignments")
    people = sorted_names(
        [row.text("payee", "") for row in lines]
        + [
            row.text("payee", "")
            for table in ("splits", "assignments", "attributes", "kpis", "employments", "quotas", "enrolments", "hierarchy", "relations")
            for row in rows_of(tables, table)
        ]
        + [row.text("manager", "") for row in rows_of(tables, "hierarchy")]
        + [row.text("related", "") for row in rows_of(tables, "relations")]
    )
    payees = tuple(name for name in people if name)
    payee_of = {name: i for i, name in enumerate(payees)}
    objects = sorted_names(row.text("id") for row in lines)
    facts = _facts(plan, lines, payee_of, {name: i for i, name in enumerate(objects)})
    seat_names, positions, assignments = assignments_read(seats, payees, payee_of)
    by_name = {name: i for i, name in enumerate(seat_names)}
    named = _named_assignments(lines, facts[0], by_name, {name: i for i, name in enumerate(objects)})
    vocabulary = facts[1] | _roles(splits)
    shared = _splits(splits, payee_of, objects, vocabulary)
    if plan.contract_years:
        named, shared = years_spread(plan.contract_years, named, shared)
    inputs = Inputs(
        holidays=tuple((row.day("date"), row.text("name", ""), row.text("country", "")) for row in rows_of(tables, "holidays")),
        calendar=_calendar(plan, tables, named),
        people=People(
            assignments=assignments,
            attributes=attributes_read(tables, assignments, by_name, payee_of),
            reporting=reporting_read(tables, assignments, payee_of),
            enrolments=enrolments_read(tables, assignments, by_name, payee_of),
            relations=relations_read(tables, assignments, payee_of),
            kpi_values=tuple(KpiValue(payee_of[row.text("payee")], row.text("kpi"), row.day("date"), row.number("value")) for row in rows_of(tables, "kpis")),
            employments=employments_read(tables, payee_of),
        ),
        quotas=quotas_read(tables, assignments, payee_of, positions),
        vocabulary=vocabulary,
        fx_rates=_fx_rates(tables),
        categories=categories_read(tables),
    )
    return Tabular(named, shared, inputs, payees, objects, seat_names, tables)


def check_columns(plan: CompiledPlan, tables: Tables) -> None:
    """Unknown tables and columns are errors: a misspelt column must not read as empty."""
    extra = {"quantity", "kind", "product", "account", "territory", "channel", "currency"} | {c["name"] for c in plan.document.get("columns") or []}
    if plan.reads == "order_lines":
        extra |= {*LINE_CODES, *LINE_NUMBERS, "order"}
    if plan.contract_years:
        extra |= {"service_from", "service_to", "predecessor"}
    for name, rows in tables.items():
        if name not in KNOWN:
            raise InputError(f"{name}: is no table; tables: {', '.join(KNOWN)}")
        known = set(KNOWN[name]) | (extra if name == "transactions" else set())
        found = {column: k for k in range(len(rows) - 1, -1, -1) for column in rows[k] if column not in known}
        for column, k in found.items():
            near = difflib.get_close_matches(column, sorted(known), 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
            raise CellError(name, k, column, "is an unknown column", f"{hint}; a plan declares further columns of transactions under `columns`")


def newest(rows: list[Cell], as_of: int | None) -> list[Cell]:
    """The newest version of each transaction among the changes up to a number, tombstones taken out."""
    found: dict[str, tuple[int, Cell]] = {}
    for row in rows:
        change = int(row.number("change", Decimal(0)))
        key = row.text("id")
        if as_of is not None and change > as_of:
            continue
        if key in found and found[key][0] == change:
            raise row.error("id", f"{key} is given twice", "ids are unique, or versions carry different change numbers")
        if key not in found or found[key][0] < change:
            found[key] = (change, row)
    return [row for _, row in found.values() if row.text("deleted", "no").lower() not in ("yes", "true", "1")]


def _scale(values: Iterable[Decimal]) -> int:
    scale = 0
    for value in values:
        exponent = value.normalize().as_tuple().exponent
        scale = max(scale, -exponent if isinstance(exponent, int) else 0)
    if scale > 6:
        raise InputError(f"transactions: a number has {scale} decimals; up to 6 are possible")
    return scale


def _integers(values: list[Decimal], scale: int, column: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    integers = [int(value.scaleb(scale)) for value in values]
    if any(abs(value) >= 2**63 for value in integers):
        raise InputError(f"transactions, {column}: a number is too large")
    return np.array(integers, dtype=np.int64)


def _facts(plan: CompiledPlan, rows: list[Cell], payee_of: Mapping[str, int], object_of: Mapping[str, int]) -> tuple[Facts, dict[str, dict[str, int]]]:
    amounts = [row.number("amount", Decimal(0)) for row in rows]
    scale = _scale(amounts)
    codes, vocabulary = {}, {}
    for name in sorted(plan.code_columns | {"currency"}):
        labels = [row.text(name, "") for row in rows]
        vocabulary[name] = {label: i for i, label in enumerate(sorted_names(labels)) if label}
        codes[name] = np.array([vocabulary[name].get(label, -1) for label in labels], dtype=np.int64)
    for row in rows:
        currency = row.text("currency", plan.currency)
        if currency not in (plan.currency, *plan.currencies) and "transaction" not in plan.conversions:
            raise row.error("currency", f"{currency} on a plan in {plan.currency}", "state `conversions: transaction`, or convert amounts first")
    numbers = {}
    for name in sorted(plan.number_columns - {"pay_credit", "quota_credit", YEAR}):
        values = [row.number(name, Decimal(0)) for row in rows]
        own = _scale(values)
        stated = np.array([row.text(name, "") != "" for row in rows], dtype=bool) if plan.reads == "order_lines" and name in LINE_NUMBERS else None
        numbers[name] = NumberColumn(_integers(values, own, name), own, stated, plan.reads == "order_lines" and name in LINE_MONEY)
    return (
        Facts(
            object_id=np.array([object_of[row.text("id")] for row in rows], dtype=np.int64),
            payee=np.array([payee_of[row.text("payee")] if row.text("payee", "") else NOBODY for row in rows], dtype=np.int64),
            event_date=np.array([row.day("date") for row in rows], dtype=np.int32),
            amount=_integers(amounts, scale, "amount"),
            amount_scale=scale,
            codes=codes,
            numbers=numbers | (service_read(rows) if plan.contract_years else {}),
            parent=_parents(plan, rows),
        ),
        vocabulary,
    )


def _parents(plan: CompiledPlan, rows: list[Cell]) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """The order of each line; a line that names none is an order by itself."""
    if plan.reads != "order_lines":
        return None
    names = [("order", row.text("order")) if row.text("order", "") else ("line", row.text("id")) for row in rows]
    number = {name: i for i, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _named_assignments(rows: list[Cell], facts: Facts, by_name: Mapping[str, int], object_of: Mapping[str, int]) -> Facts:
    if not any(row.text("assignment", "") for row in rows):
        return facts
    column = []
    for row in rows:
        name = row.text("assignment", "")
        if name and name not in by_name:
            raise row.error("assignment", f"{name} is unknown", "add it to assignments")
        column.append(by_name[name] if name else -1)
    return replace(facts, assignment=np.array(column, dtype=np.int64))


def _fx_rates(tables: Tables) -> tuple[FxRate, ...]:
    """Dated rates; a rate that does not end is written as a fraction, 4/3."""
    found = []
    for row in rows_of(tables, "fx_rates"):
        text = row.text("fx_rate")
        try:
            value = Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise row.error("fx_rate", f"{text!r} is no rate", "write it as 1.2715 or 4/3") from None
        if value <= 0:
            raise row.error("fx_rate", f"{text!r} is not above zero", "give a positive rate")
        found.append(FxRate(row.text("rate_type"), row.text("base"), row.text("quote"), value, row.day("from", -719162), row.day("to", OPEN_END)))
    return tuple(found)


def _roles(rows: list[Cell]) -> dict[str, dict[str, int]]:
    return {"role": {label: i for i, label in enumerate(sorted_names(row.text("role", "") for row in rows))}}


def _splits(rows: list[Cell], payee_of: Mapping[str, int], objects: tuple[str, ...], vocabulary: Any) -> Splits:
    object_of = {name: i for i, name in enumerate(objects)}
    used = []
    for row in rows:
        if row.text("transaction") not in object_of:
            raise row.error("transaction", f"{row.text('transaction')} is unknown", "name a transaction's id")
        used.append(row)
    pay = [row.share("pay_share" if row.text("pay_share", "") else "share") for row in used]
    quota = [row.share("quota_share" if row.text("quota_share", "") else "share") for row in used]
    return Splits(
        np.array([object_of[row.text("transaction")] for row in used], dtype=np.int64),
        np.array([payee_of[row.text("payee")] for row in used], dtype=np.int64),
        np.array(quota, dtype=np.int64),
        np.array(pay, dtype=np.int64),
        np.array([vocabulary["role"][row.text("role", "")] for row in used], dtype=np.int64),
    )


def _calendar(plan: CompiledPlan, tables: Tables, facts: Facts) -> Calendar:
    rows = rows_of(tables, "calendar")
    if rows:
        periods = sorted((row.day("from"), row.day("to"), row.text("period"), row.text("quarter", ""), row.text("year", "")) for row in rows)
        return Calendar(plan.calendar, tuple(Period(i, key, start, end, quarter, year) for i, (start, end, key, quarter, year) in enumerate(periods)))
    if plan.calendar == "custom":
        raise InputError("calendar: the plan pays by custom windows; give them as a table (period, from, to)")
    if not len(facts):
        raise InputError("calendar: there is neither a calendar nor a transaction; give one")
    return calendar_make(plan.calendar, int(facts.event_date.min()), int(facts.event_date.max()))
