"""The organisation as pages show it: positions with their holders, the reporting tree, teams; each as of a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.core import signing
from django.db.models import Exists, OuterRef, Q

from spm.people.hierarchy import chain_above
from spm.people.models import Assignment, Payee, Position, ReportingLine, Team, TeamMembership
from spm.people.selectors import lines_between
from spm.tenancy.changes import known_as_at, valid_on
from spm.tenancy.models import ChangeSet, DatedModel

_SALT = "people.positions.cursor"


@dataclass(frozen=True)
class Holder:
    """Who sits in a position: the payee, the name to show (the number of an erased person), the share of full time."""

    payee: Payee
    name: str
    fte_ppm: int


@dataclass
class PositionRow:
    """A position on a day. Without holders it is vacant."""

    position: Position
    holders: list[Holder] = field(default_factory=list)
    manager: Position | None = None
    teams: list[Team] = field(default_factory=list)

    @property
    def vacant(self) -> bool:
        return not self.holders


@dataclass(frozen=True)
class PositionsPage:
    rows: list[PositionRow]
    next_cursor: str


def positions_page(*, day: dt.date, search: str = "", vacant: bool = False, cursor: str = "", limit: int = 50) -> PositionsPage:
    """Positions by code from a cursor on. search: part of code, title, or of the name of who sits there that day.

    A cursor that was tampered with is taken as none: the first page.
    """
    found = Position.objects.all()
    seated = valid_on(known_as_at(Assignment.objects.filter(position=OuterRef("pk")), None), day)
    if search.strip():
        named = seated.filter(payee__detail__display_name__icontains=search.strip())
        found = found.filter(Q(code__icontains=search.strip()) | Q(title__icontains=search.strip()) | Q(Exists(named)))
    if vacant:
        found = found.filter(~Exists(seated))
    after = _cursor_read(cursor)
    if after:
        found = found.filter(code__gt=after)
    positions = list(found.order_by("code")[: limit + 1])
    following = signing.dumps(positions[limit - 1].code, salt=_SALT) if len(positions) > limit else ""
    return PositionsPage(position_rows(positions[:limit], day=day), following)


def _cursor_read(text: str) -> str:
    try:
        return str(signing.loads(text, salt=_SALT)) if text else ""
    except (signing.BadSignature, ValueError):
        return ""


def position_rows(positions: list[Position], *, day: dt.date) -> list[PositionRow]:
    """The positions with holders, manager and teams on a day, in three queries."""
    rows = {position.pk: PositionRow(position) for position in positions}
    for seat in _seats(day).filter(position__in=rows).order_by("payee__detail__display_name"):
        rows[seat.position_id].holders.append(Holder(seat.payee, name_of(seat.payee), seat.fte_ppm))
    for line in valid_on(known_as_at(ReportingLine.objects.filter(position__in=rows), None), day).select_related("manager"):
        rows[line.position_id].manager = line.manager
    for member in valid_on(known_as_at(TeamMembership.objects.filter(position__in=rows), None), day).select_related("team").order_by("team__name"):
        rows[member.position_id].teams.append(member.team)
    return list(rows.values())


def _seats(day: dt.date):  # type: ignore[no-untyped-def]
    return valid_on(known_as_at(Assignment.objects.all(), None), day).select_related("payee__detail")


def name_of(payee: Payee) -> str:
    """The name, or the number of a person who was erased."""
    return (payee.detail.display_name if hasattr(payee, "detail") else "") or payee.external_id


@dataclass(frozen=True)
class Event:
    """One change of a position's record: what was recorded, by which change set, and what replaced it since."""

    what: str
    detail: str
    span: tuple[dt.date, dt.date | None]
    changeset: ChangeSet
    replaced_by: ChangeSet | None


@dataclass
class PositionShown:
    """One position's page as of a day: `chain` stands above it, nearest first; `reports` report to it directly."""

    row: PositionRow
    chain: list[PositionRow]
    reports: list[PositionRow]
    seats: list[Assignment]
    history: list[Event]

    @property
    def position(self) -> Position:
        return self.row.position


def position_shown(*, position: Position, day: dt.date) -> PositionShown:
    """Everything about a position: who sits there and sat there, who stands above and below on the day, what was recorded when."""
    lines = lines_between(start=day, end=day + dt.timedelta(days=1))
    above = chain_above(lines, position.pk, day)
    under = [line.child for line in lines if line.parent == position.pk and line.on(day)]
    near = {p.pk: p for p in Position.objects.filter(pk__in={position.pk, *above, *under}).order_by("code")}
    rows = {row.position.pk: row for row in position_rows(list(near.values()), day=day)}
    seats = Assignment.objects.filter(position=position).select_related("payee__detail", "known_from", "known_to")
    managers = ReportingLine.objects.filter(position=position).select_related("manager", "known_from", "known_to")
    teams = TeamMembership.objects.filter(position=position).select_related("team", "known_from", "known_to")
    history = [event_of("seat", f"{name_of(row.payee)}, {row.fte_ppm / 10_000:g} %", row) for row in seats]
    history += [event_of("line", f"{row.manager.code} · {row.manager.title}", row) for row in managers]
    history += [event_of("team", row.team.name, row) for row in teams]
    return PositionShown(
        row=rows[position.pk],
        chain=[rows[pk] for pk in above],
        reports=[row for row in rows.values() if row.position.pk in set(under)],
        seats=sorted((row for row in seats if row.known_to_id is None), key=lambda row: row.valid_from, reverse=True),
        history=sorted((e for e in history if e.changeset.number), key=lambda e: (e.changeset.number or 0, e.span[0]), reverse=True),
    )


def event_of(what: str, detail: str, row: DatedModel) -> Event:
    """A dated row as something that was recorded, and replaced or not."""
    return Event(what, detail, (row.valid_from, row.valid_to), row.known_from, row.known_to)


@dataclass(frozen=True)
class TeamRow:
    """A team on a day: how many positions belong to it and how many people sit in them."""

    team: Team
    positions: int
    people: int


def team_rows(*, day: dt.date, search: str = "") -> list[TeamRow]:
    """All teams by name, in three queries."""
    teams = Team.objects.filter(Q(name__icontains=search.strip()) | Q(code__icontains=search.strip())).order_by("name", "code")
    inside: dict[int, set[int]] = {}
    for team, position in valid_on(known_as_at(TeamMembership.objects.all(), None), day).values_list("team_id", "position_id"):
        inside.setdefault(team, set()).add(position)
    seated: dict[int, set[int]] = {}
    for position, payee in valid_on(known_as_at(Assignment.objects.all(), None), day).values_list("position_id", "payee_id"):
        seated.setdefault(position, set()).add(payee)
    return [
        TeamRow(team, len(inside.get(team.pk, ())), len({payee for position in inside.get(team.pk, ()) for payee in seated.get(position, ())}))
        for team in teams
    ]


@dataclass
class TeamShown:
    """One team's page: the positions that belong to it on the day, and every membership on record, newest first."""

    team: Team
    rows: list[PositionRow]
    memberships: list[TeamMembership]
    history: list[Event]


def team_shown(*, team: Team, day: dt.date) -> TeamShown:
    every = list(TeamMembership.objects.filter(team=team).select_related("position", "known_from", "known_to").order_by("-valid_from", "position__code"))
    live = [row for row in every if row.known_to_id is None]
    now = {row.position.pk: row.position for row in live if row.valid_from <= day and (row.valid_to is None or row.valid_to > day)}
    history = [event_of("team", f"{row.position.code} · {row.position.title}", row) for row in every if row.known_from.number]
    return TeamShown(
        team=team,
        rows=sorted(position_rows(list(now.values()), day=day), key=lambda row: row.position.code),
        memberships=live,
        history=sorted(history, key=lambda e: (e.changeset.number or 0, e.span[0]), reverse=True),
    )
