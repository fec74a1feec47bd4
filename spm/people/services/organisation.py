"""Positions, teams, and who reports to whom. The reporting lines have no cycle on any day."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.utils.translation import gettext as _

from spm.people.acts import Act, act_open, series_write
from spm.people.errors import PeopleError
from spm.people.hierarchy import FOREVER, Line, first_cycle
from spm.people.models import NamedRelation, Position, ReportingLine, Team, TeamMembership
from spm.people.services.payees import length_check
from spm.tenancy.scope import required_tenant_id


def span_check(start: dt.date, end: dt.date | None) -> None:
    """Raises PeopleError for a span that does not end after it starts."""
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))


def position_create(*, code: str, title: str, source: str = "manual", actor_id: int | None = None, reason: str = "", act: Act | None = None) -> Position:
    """A seat in the organisation."""
    code = code.strip()
    if not code:
        raise PeopleError("position", _("The position's code is missing."), _("Give a short code, such as AE-12."))
    length_check(Position, code=code, title=title)
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if Position.objects.filter(code=code).exists():
            raise PeopleError("position", _("A position %(code)s exists already.") % {"code": code}, _("Choose another code."))
        position = Position.objects.create(code=code, title=title.strip() or code, source=source)
        doing.note("position.create", position, after={"code": code})
        return position


def position_open(
    *, code: str, title: str, manager: Position | None = None, start: dt.date | None = None, actor_id: int | None = None, reason: str = ""
) -> Position:
    """position_create and, when a manager is given, reporting_line_set from `start` on, in one act."""
    if manager is not None and start is None:
        raise PeopleError("start", _("The day from which the position reports is missing."), _("Give the first day of the reporting line."))
    with act_open(reason=reason, actor_id=actor_id) as doing:
        position = position_create(code=code, title=title, act=doing)
        if manager is not None and start is not None:
            reporting_line_set(position=position, manager=manager, start=start, act=doing)
        return position


def position_update(*, position: Position, title: str, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> Position:
    """Another title. An equal one changes nothing; an empty one is refused."""
    if not title.strip():
        raise PeopleError("title", _("The title is missing."), _("Give the title as it should be shown."))
    length_check(Position, title=title)
    if position.title != title.strip():
        with act_open(act, reason=reason, actor_id=actor_id) as doing:
            doing.note("position.update", position, before={"title": position.title}, after={"title": title.strip()})
            position.title = title.strip()
            position.save(update_fields=["title"])
    return position


def team_create(*, code: str, name: str, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> Team:
    """A named group of positions."""
    length_check(Team, code=code, name=name)
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if Team.objects.filter(code=code).exists():
            raise PeopleError("team", _("A team %(code)s exists already.") % {"code": code}, _("Choose another code."))
        team = Team.objects.create(code=code, name=name.strip() or code)
        doing.note("team.create", team, after={"code": code})
        return team


def team_update(*, team: Team, name: str, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> Team:
    """Another name. An equal one changes nothing; an empty one is refused."""
    name = name.strip()
    if not name:
        raise PeopleError("name", _("The team's name is missing."), _("Give the name as it should be shown."))
    length_check(Team, name=name)
    if team.name != name:
        with act_open(act, reason=reason, actor_id=actor_id) as doing:
            doing.note("team.update", team, before={"name": team.name}, after={"name": name})
            team.name = name
            team.save(update_fields=["name"])
    return team


def team_member_set(
    *,
    position: Position,
    team: Team,
    start: dt.date,
    end: dt.date | None = None,
    member: bool = True,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> None:
    """The position belongs (or, with member=False, does not belong) to the team in [start, end). Repeating changes nothing."""
    span_check(start, end)
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        key = {"position": position, "team": team}
        live = TeamMembership.objects.filter(**key, known_to__isnull=True)
        before = set(live.values_list("pk", flat=True))
        series_write(doing, TeamMembership, key=key, start=start, end=end, values={} if member else None, fields=())
        if set(live.values_list("pk", flat=True)) != before:
            doing.note("team.member", position, after={"team": team.code, "member": member, "from": str(start), "to": str(end or "")})


def relation_set(
    *,
    position: Position,
    name: str,
    related: Position,
    start: dt.date,
    end: dt.date | None = None,
    holds: bool = True,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> None:
    """`related` is (or, with holds=False, is not) the position's `name`, such as its mentor, in [start, end). Repeating changes nothing."""
    span_check(start, end)
    name = name.strip()
    if not name:
        raise PeopleError("name", _("The relation's name is missing."), _("Give a short name, such as mentor."))
    length_check(NamedRelation, name=name)
    if related.pk == position.pk:
        raise PeopleError("related", _("A position cannot be related to itself."), _("Name another position."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        key = {"position": position, "name": name, "related": related}
        live = NamedRelation.objects.filter(**key, known_to__isnull=True)
        before = set(live.values_list("pk", flat=True))
        series_write(doing, NamedRelation, key=key, start=start, end=end, values={} if holds else None, fields=())
        if set(live.values_list("pk", flat=True)) != before:
            after = {"name": name, "related": related.code, "holds": holds, "from": str(start), "to": str(end or "")}
            doing.note("position.relation", position, after=after)


def reporting_line_set(
    *,
    position: Position,
    manager: Position | None,
    start: dt.date,
    end: dt.date | None = None,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> None:
    """The position reports to `manager` in [start, end); None: to nobody. Repeating changes nothing.

    Raises PeopleError when somebody would come to stand above himself on any day, naming the day and the positions.
    """
    span_check(start, end)
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if manager is not None and manager.pk == position.pk:
            raise PeopleError("manager_position", _("A position cannot report to itself."), _("Name the position above it."))
        # Two edits that are harmless alone could close a ring together: one at a time.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('reporting', %s))", [required_tenant_id()])
        live = ReportingLine.objects.filter(known_to__isnull=True)
        before = set(live.filter(position=position).values_list("pk", flat=True))
        values = None if manager is None else {"manager_id": manager.pk}
        series_write(doing, ReportingLine, key={"position": position}, start=start, end=end, values=values, fields=("manager_id",))
        if set(live.filter(position=position).values_list("pk", flat=True)) == before:
            return
        rows = live.values_list("position_id", "manager_id", "valid_from", "valid_to")
        cycle = first_cycle([Line(c, p, a, b or FOREVER) for c, p, a, b in rows], start, end or FOREVER)
        if cycle is not None:
            codes = dict(Position.objects.filter(pk__in=cycle[1]).values_list("pk", "code"))
            ring = " > ".join(codes[node] for node in [*cycle[1], cycle[1][0]])
            raise PeopleError(
                "manager_position",
                _("From %(day)s on somebody would report to himself: %(ring)s.") % {"day": cycle[0], "ring": ring},
                _("End one of these lines before that day."),
            )
        doing.note("reporting_line.set", position, after={"manager": manager.code if manager else None, "from": str(start), "to": str(end or "")})
