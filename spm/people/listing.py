"""The list of people and one person's page: rows as pages show them, in a number of queries that does not grow with the list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from spm.people.hierarchy import chain_above
from spm.people.models import Assignment, Employment, Payee, PayTerms, PersonDetail, Position, ReportingLine, TeamMembership
from spm.people.selectors import lines_between
from spm.tenancy.changes import known_as_at, valid_on
from spm.tenancy.models import ChangeSet, DatedModel

STATES = ("active", "on_leave", "left", "erased")
_SALT = "people.cursor"


@dataclass
class PersonRow:
    """A line of the list. `state`: active, on_leave, inactive (not employed on the day), erased."""

    payee: Payee
    name: str
    state: str = "inactive"
    seats: list[Assignment] = field(default_factory=list)
    managers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PeoplePage:
    rows: list[PersonRow]
    next_cursor: str


def people_page(*, day: dt.date, search: str = "", state: str = "", team: str = "", cursor: str = "", limit: int = 50) -> PeoplePage:
    """People by name from a cursor on, as of a day. search: part of name or number; state: one of STATES; team: its code.

    A cursor that was tampered with is taken as none: the first page.
    """
    found = PersonDetail.objects.select_related("payee").annotate(low=Lower("display_name"))
    if search.strip():
        found = found.filter(Q(display_name__icontains=search.strip()) | Q(payee__external_id__icontains=search.strip()))
    employed = valid_on(known_as_at(Employment.objects.filter(payee=OuterRef("payee")), None), day)
    if state == "active":
        found = found.filter(Exists(employed.exclude(status=Employment.Status.LEAVE)))
    if state == "on_leave":
        found = found.filter(Exists(employed.filter(status=Employment.Status.LEAVE)))
    if state == "left":
        found = found.filter(~Exists(employed), payee__erased_at__isnull=True)
    if state == "erased":
        found = found.filter(payee__erased_at__isnull=False)
    if team:
        inside = valid_on(known_as_at(TeamMembership.objects.filter(team__code=team), None), day)
        seats = valid_on(known_as_at(Assignment.objects.filter(payee=OuterRef("payee")), None), day)
        found = found.filter(Exists(seats.filter(position_id__in=inside.values("position_id"))))
    after = _cursor_read(cursor)
    if after is not None:
        found = found.filter(Q(low__gt=after[0]) | Q(low=after[0], pk__gt=after[1]))
    details = list(found.order_by("low", "pk")[: limit + 1])
    following = signing.dumps([details[limit - 1].low, details[limit - 1].pk], salt=_SALT) if len(details) > limit else ""  # type: ignore[attr-defined]
    rows = [PersonRow(detail.payee, detail.display_name) for detail in details[:limit]]
    _fill(rows, day)
    return PeoplePage(rows, following)


def _cursor_read(text: str) -> tuple[str, int] | None:
    try:
        name, pk = signing.loads(text, salt=_SALT) if text else (None, 0)
    except (signing.BadSignature, ValueError):
        return None
    return None if name is None else (name, int(pk))


def _fill(rows: list[PersonRow], day: dt.date) -> None:
    ids = [row.payee.pk for row in rows]
    status = dict(valid_on(known_as_at(Employment.objects.filter(payee__in=ids), None), day).values_list("payee_id", "status"))
    seats: dict[int, list[Assignment]] = {}
    for seat in valid_on(known_as_at(Assignment.objects.filter(payee__in=ids), None), day).select_related("position").order_by("position__code"):
        seats.setdefault(seat.payee_id, []).append(seat)
    positions = [seat.position_id for held in seats.values() for seat in held]
    above = valid_on(known_as_at(ReportingLine.objects.filter(position__in=positions), None), day)
    managers = dict(above.values_list("position_id", "manager_id"))
    named = holders(positions=set(managers.values()), day=day)
    for row in rows:
        row.state = _state(row.payee, status.get(row.payee.pk))
        row.seats = seats.get(row.payee.pk, [])
        row.managers = list(dict.fromkeys(named[managers[s.position_id]] for s in row.seats if s.position_id in managers))


def _state(payee: Payee, status: str | None) -> str:
    if payee.erased_at is not None:
        return "erased"
    return "inactive" if status is None else "on_leave" if status == Employment.Status.LEAVE else "active"


def holders(*, positions: set[int], day: dt.date) -> dict[int, str]:
    """Per position who sits in it on a day, by name; the position's code where nobody does."""
    out = dict(Position.objects.filter(pk__in=positions).values_list("pk", "code"))
    names: dict[int, list[str]] = {}
    seats = valid_on(known_as_at(Assignment.objects.filter(position__in=positions), None), day).select_related("payee__detail")
    for seat in seats.order_by("payee__detail__display_name"):
        names.setdefault(seat.position_id, []).append(seat.payee.detail.display_name or seat.payee.external_id)
    return {pk: ", ".join(names.get(pk, [code])) for pk, code in out.items()}


@dataclass(frozen=True)
class Event:
    """One change of a person's record: what was recorded, by which change set, and whether it has been replaced since."""

    what: str
    span: tuple[dt.date, dt.date | None]
    detail: str
    changeset: ChangeSet
    replaced_by: ChangeSet | None


@dataclass
class PersonShown:
    """One person's page as of a day. `terms` is None for a reader who may not see target pay."""

    payee: Payee
    detail: PersonDetail
    state: str
    employments: list[Employment]
    seats: list[Assignment]
    chain: list[tuple[str, list[str]]]
    terms: list[PayTerms] | None
    history: list[Event]

    @property
    def name(self) -> str:
        return self.detail.display_name


def person_shown(*, payee: Payee, day: dt.date, with_terms: bool) -> PersonShown:
    """Everything about a person: spans of employment and seats, who stands above on the day, terms, and what was recorded when."""
    every: dict[type[DatedModel], list[Any]] = {model: list(_rows(model, payee)) for model in (Employment, Assignment, PayTerms)}
    live = {model: [row for row in rows if row.known_to_id is None] for model, rows in every.items()}
    held = [seat for seat in live[Assignment] if seat.valid_from <= day and (seat.valid_to is None or seat.valid_to > day)]
    lines = lines_between(start=day, end=day + dt.timedelta(days=1))
    chains = {seat.position.code: chain_above(lines, seat.position_id, day) for seat in held}
    named = holders(positions={pk for chain in chains.values() for pk in chain}, day=day)
    now = next((e.status for e in live[Employment] if e.valid_from <= day and (e.valid_to is None or e.valid_to > day)), None)
    shown: list[type[DatedModel]] = [Employment, Assignment, *([PayTerms] if with_terms else [])]
    history = [_event(row) for model in shown for row in every[model] if row.known_from.number is not None]
    return PersonShown(
        payee=payee,
        detail=PersonDetail.objects.get(payee=payee),
        state=_state(payee, now),
        employments=live[Employment],
        seats=live[Assignment],
        chain=[(code, [named[pk] for pk in chain]) for code, chain in chains.items()],
        terms=live[PayTerms] if with_terms else None,
        history=sorted(history, key=lambda e: (e.changeset.number or 0, e.span[0]), reverse=True),
    )


def _rows(model: type[DatedModel], payee: Payee):  # type: ignore[no-untyped-def]
    key = {"seat__payee": payee} if model is PayTerms else {"payee": payee}
    related: tuple[str, ...] = {Employment: (), Assignment: ("position", "seat"), PayTerms: ("seat__position",)}[model]
    return model.objects.filter(**key).select_related("known_from", "known_to", *related).order_by("-valid_from", "pk")  # type: ignore[attr-defined]


def _event(row: Employment | Assignment | PayTerms) -> Event:
    if isinstance(row, Employment):
        what, detail = "employment", str(row.get_leave_kind_display() if row.leave_kind else row.get_status_display())
    elif isinstance(row, Assignment):
        what, detail = "assignment", f"{row.position.code}, {row.fte_ppm / 10_000:g} %"
    else:
        what, detail = "terms", row.seat.position.code
    return Event(what, (row.valid_from, row.valid_to), detail, row.known_from, row.known_to)
