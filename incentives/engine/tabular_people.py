"""Rows of plain tables -> the people of a run: seats, their attributes, quotas, enrolments, relations and reporting lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .cells import Cell, Tables, rows_of, sorted_names
from .contracts import OPEN_END, WHOLE, Assignment, Attribute, EmploymentSpan, Enrolment, Quota, Relation, ReportingLine
from .proration import LEAVE_KINDS


def assignments_read(rows: list[Cell], payees: tuple[str, ...], payee_of: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Assignment, ...]]:
    """Assignments by name; a payee without a row has one of the payee's name, always in force."""
    given = [(row.text("assignment", row.text("payee")), row) for row in rows]
    with_row = {row.text("payee") for _, row in given}
    names = sorted_names([name for name, _ in given] + [name for name in payees if name not in with_row])
    positions = sorted_names([row.text("position", name) for name, row in given] + [name for name in payees if name not in with_row])
    by_name: dict[str, Assignment] = {}
    for name, row in given:
        if name in by_name:
            raise row.error("assignment", f"{name} is given twice", "name each assignment")
        by_name[name] = Assignment(
            id=names.index(name),
            payee=payee_of[row.text("payee")],
            position=positions.index(row.text("position", name)),
            start=row.day("from", -719162),
            end=row.day("to", OPEN_END),
            fte=row.share("fte", "100"),
            legal_entity=row.text("legal_entity", ""),
            primary=row.text("primary", "yes").lower() in ("yes", "true", "1"),
            currency=row.text("currency", ""),
            country=row.text("country", ""),
        )
    for name in payees:
        if name not in with_row:
            by_name[name] = Assignment(names.index(name), payee_of[name], positions.index(name), -719162, OPEN_END, WHOLE)
    return names, positions, tuple(by_name[name] for name in names)


def _seats(row: Cell, assignments: Sequence[Assignment], by_name: Mapping[str, int], payee_of: Mapping[str, int]) -> list[int]:
    """The assignment named in a row, or all of the payee's."""
    name = row.text("assignment", "")
    if name:
        if name not in by_name:
            raise row.error("assignment", f"{name} is unknown", "add it to assignments")
        return [by_name[name]]
    return [a.id for a in assignments if a.payee == payee_of[row.text("payee")]]


def attributes_read(tables: Tables, assignments: Sequence[Assignment], by_name: Mapping[str, int], payee_of: Mapping[str, int]) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(seat, row.text("name"), row.number("value"), row.day("from", -719162), row.day("to", OPEN_END))
        for row in rows_of(tables, "attributes")
        for seat in _seats(row, assignments, by_name, payee_of)
    )


def employments_read(tables: Tables, payee_of: Mapping[str, int]) -> tuple[EmploymentSpan, ...]:
    found = []
    for row in rows_of(tables, "employments"):
        status = row.text("status", "active")
        if status not in ("active", "leave", "notice"):
            raise row.error("status", f"{status} is unknown", "write active, leave or notice")
        kind = row.text("kind", "")
        if kind not in ("", *LEAVE_KINDS):
            raise row.error("kind", f"{kind} is unknown", f"write {', '.join(LEAVE_KINDS)}, or nothing")
        found.append(EmploymentSpan(payee_of[row.text("payee")], status, row.day("from", -719162), row.day("to", OPEN_END), kind))
    return tuple(found)


def enrolments_read(tables: Tables, assignments: Sequence[Assignment], by_name: Mapping[str, int], payee_of: Mapping[str, int]) -> tuple[Enrolment, ...] | None:
    if "enrolments" not in tables:
        return None
    return tuple(
        Enrolment(seat, row.day("from", -719162), row.day("to", OPEN_END))
        for row in rows_of(tables, "enrolments")
        for seat in _seats(row, assignments, by_name, payee_of)
    )


def relations_read(tables: Tables, assignments: Sequence[Assignment], payee_of: Mapping[str, int]) -> tuple[Relation, ...]:
    found = []
    for row in rows_of(tables, "relations"):
        start, end, name = row.day("from", -719162), row.day("to", OPEN_END), row.text("relation")
        for a in (a for a in assignments if a.payee == payee_of[row.text("payee")]):
            for b in (b for b in assignments if b.payee == payee_of[row.text("related")]):
                low, high = max(start, a.start, b.start), min(end, a.end, b.end)
                if low < high:
                    found.append(Relation(name, a.id, b.id, low, high))
    return tuple(found)


def reporting_read(tables: Tables, assignments: Sequence[Assignment], payee_of: Mapping[str, int]) -> tuple[ReportingLine, ...]:
    by_payee: dict[int, list[Assignment]] = {}
    for a in assignments:
        by_payee.setdefault(a.payee, []).append(a)
    found = []
    for row in rows_of(tables, "hierarchy"):
        start, end = row.day("from", -719162), row.day("to", OPEN_END)
        for a in by_payee.get(payee_of[row.text("payee")], []):
            for m in by_payee.get(payee_of[row.text("manager")], []):
                low, high = max(start, a.start, m.start), min(end, a.end, m.end)
                if low < high:
                    found.append(ReportingLine(a.id, m.id, low, high))
    return tuple(found)


def quotas_read(tables: Tables, assignments: Sequence[Assignment], payee_of: Mapping[str, int], positions: tuple[str, ...]) -> tuple[Quota, ...]:
    """Quota rows name a position, or a payee and mean all of the payee's positions."""
    found = []
    for row in rows_of(tables, "quotas"):
        position = row.text("position", "")
        if position and position not in positions:
            raise row.error("position", f"{position} is nobody's position", "add it to assignments, or name the payee")
        ids = [positions.index(position)] if position else sorted({a.position for a in assignments if a.payee == payee_of[row.text("payee")]})
        found += [Quota(index, row.text("quota"), row.number("amount"), row.day("from"), row.day("to"), row.text("currency", "")) for index in ids]
    return tuple(found)
