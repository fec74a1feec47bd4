"""Reads about people: who sits where on a day, who reports to whom, what a payee's terms are, as known now or at a change number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from spm.people.hierarchy import FOREVER, Line, Span, below, edges_of, spans_merged
from spm.people.models import Assignment, Employment, Payee, PayTerms, Position, ReportingLine
from spm.tenancy.changes import known_as_at, valid_on


def assignments_on(*, day: dt.date, known_at: int | None = None) -> QuerySet[Assignment]:
    """Assignments in force on a day, as known now or at a change number."""
    return valid_on(known_as_at(Assignment.objects.all(), known_at), day)


def payees_in(*, positions: Iterable[int], day: dt.date, known_at: int | None = None) -> set[int]:
    """Ids of the payees who sit in any of the positions on a day."""
    return set(assignments_on(day=day, known_at=known_at).filter(position_id__in=list(positions)).values_list("payee_id", flat=True))


def positions_of(*, payee_id: int, day: dt.date, known_at: int | None = None) -> set[int]:
    """Ids of the positions that a payee holds on a day."""
    return set(assignments_on(day=day, known_at=known_at).filter(payee_id=payee_id).values_list("position_id", flat=True))


def lines_between(*, start: dt.date, end: dt.date, known_at: int | None = None) -> list[Line]:
    """Reporting lines that touch [start, end), as plain data."""
    rows = known_as_at(ReportingLine.objects.all(), known_at).filter(valid_from__lt=end).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=start))
    return [Line(c, p, a, b or FOREVER) for c, p, a, b in rows.values_list("position_id", "manager_id", "valid_from", "valid_to")]


def positions_below(*, positions: Iterable[int], day: dt.date, known_at: int | None = None) -> set[int]:
    """Ids of all positions that report to the given ones on a day, however deep."""
    return below(lines_between(start=day, end=day + dt.timedelta(days=1), known_at=known_at), positions, day)


def team_of(*, payee_id: int, day: dt.date, known_at: int | None = None) -> set[int]:
    """Ids of the payees below a payee on a day through any position he holds; he himself is not among them."""
    mine = positions_of(payee_id=payee_id, day=day, known_at=known_at)
    if not mine:
        return set()
    return payees_in(positions=positions_below(positions=mine, day=day, known_at=known_at) - mine, day=day, known_at=known_at) - {payee_id}


def team_spans(*, payee_id: int, start: dt.date, end: dt.date, known_at: int | None = None) -> dict[int, list[Span]]:
    """Per payee below `payee_id` at any time in [start, end): the spans in which he was so. A mover has a part of the window only.

    Four queries, whatever the length of the window.
    """
    seats = known_as_at(Assignment.objects.all(), known_at).filter(valid_from__lt=end).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=start))
    held = [(p, pos, a, b or FOREVER) for p, pos, a, b in seats.values_list("payee_id", "position_id", "valid_from", "valid_to")]
    lines = lines_between(start=start, end=end, known_at=known_at)
    edges = [(a, b) for _, _, a, b in held] + [(line.start, line.end) for line in lines]
    found: dict[int, list[Span]] = {}
    for piece_start, piece_end in edges_of(edges, start, end):
        mine = {pos for p, pos, a, b in held if p == payee_id and a <= piece_start < b}
        under = below(lines, mine, piece_start) - mine if mine else set()
        for p, pos, a, b in held:
            if pos in under and p != payee_id and a <= piece_start < b:
                found.setdefault(p, []).append((piece_start, piece_end))
    return {p: spans_merged(spans) for p, spans in found.items()}


def manager_of(*, position: Position, day: dt.date, known_at: int | None = None) -> Position | None:
    """The position that a position reports to on a day, or None at the top."""
    line = valid_on(known_as_at(ReportingLine.objects.filter(position=position), known_at), day).select_related("manager").first()
    return line.manager if line else None


def employment_on(*, payee: Payee, day: dt.date, known_at: int | None = None) -> Employment | None:
    """The employment in force on a day, or None before joining, after leaving, between two."""
    return valid_on(known_as_at(Employment.objects.filter(payee=payee), known_at), day).first()


def pay_terms_on(*, seat_id: int, day: dt.date, known_at: int | None = None) -> PayTerms | None:
    """The pay terms of a seat on a day, or None."""
    return valid_on(known_as_at(PayTerms.objects.filter(seat_id=seat_id), known_at), day).first()


def payee_choices() -> list[tuple[str, str]]:
    """(uid, name and number) of every payee who is not erased, by name, for a form's list."""
    rows = Payee.objects.filter(erased_at__isnull=True).select_related("detail")
    named = [(str(p.uid), f"{p.detail.display_name} ({p.external_id})" if hasattr(p, "detail") else p.external_id) for p in rows]
    return sorted(named, key=lambda pair: pair[1].casefold())
