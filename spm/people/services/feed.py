"""The HR feed: joiners, movers, leavers, leave of absence from a CSV, as a difference first and then applied.

The preview runs the same services and rolls them back, so what it shows is what will happen. Applying the same file twice
changes nothing the second time. A row with an error changes nothing; without `partial` one such row stops the whole file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from spm.people.acts import Act
from spm.people.errors import PeopleError
from spm.people.feed_file import EVENTS, FeedRow, amount_read, day_read, feed_rows, share_read
from spm.people.models import Assignment, Employment, LegalEntity, Payee, Position, Seat, Team
from spm.people.services.employment import absence_set, employee_hire, employee_leave, employment_status_set
from spm.people.services.organisation import position_create, position_update, reporting_line_set, team_create, team_member_set
from spm.people.services.payees import payee_create, payee_update, person_update
from spm.people.services.seats import assignment_start, pay_terms_set, payee_move
from spm.tenancy.models import ChangeSet
from spm.told import told

SOURCE = "hr"
_REASON = gettext_noop("HR feed")


@dataclass(frozen=True)
class FeedChange:
    """What one row does: the act's name and what was before and is after. Ids, dates and figures, no names."""

    line: int
    external_id: str
    action: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class FeedError:
    """Why a row was refused: line, column, the value there, the cause, and how to mend it."""

    line: int
    column: str
    value: str
    cause: str
    mend: str


@dataclass
class FeedResult:
    """rows = changed + unchanged + refused. `applied` is False for a preview and for a file stopped by its errors."""

    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    applied: bool = False
    changes: list[FeedChange] = field(default_factory=list)
    errors: list[FeedError] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return len({error.line for error in self.errors})


class _Undo(Exception):
    """Rolls the preview back."""


def hr_feed_preview(*, content: bytes | str, source: str = SOURCE) -> FeedResult:
    """What the file would change. Raises FeedUnreadable for a file that cannot be read as a whole."""
    return _run(content, source=source, actor_id=None, keep=lambda result: False)


def hr_feed_apply(*, content: bytes | str, actor_id: int | None, partial: bool = False, source: str = SOURCE) -> FeedResult:
    """Applies the file under one change set. With errors nothing is applied, unless `partial` lets the good rows through."""
    return _run(content, source=source, actor_id=actor_id, keep=lambda result: partial or not result.errors)


def _run(content: bytes | str, *, source: str, actor_id: int | None, keep: Callable[[FeedResult], bool]) -> FeedResult:
    result = FeedResult()
    try:
        with transaction.atomic():
            act = Act(kind=ChangeSet.Kind.FEED, reason=told(_REASON), actor_id=actor_id)
            act.changeset  # noqa: B018 - opened before the first row's savepoint, so that a refused row cannot take it along
            for row in feed_rows(content):
                result.rows += 1
                _row(row, source, act, result)
            if not keep(result):
                raise _Undo
            if act.notes:
                act.finish()
            else:
                act.changeset.delete()
            result.applied = True
    except _Undo:
        pass
    return result


def _row(row: FeedRow, source: str, act: Act, result: FeedResult) -> None:
    so_far = len(act.notes)
    try:
        with transaction.atomic():
            _event(row, source, act)
    except PeopleError as error:
        del act.notes[so_far:]
        result.errors.append(FeedError(row.line, error.field, row[error.field], error.cause, error.mend))
        return
    done = act.notes[so_far:]
    result.changed += bool(done)
    result.unchanged += not done
    result.changes += [FeedChange(row.line, row["external_id"], note.action, note.before, note.after) for note in done]


def _event(row: FeedRow, source: str, act: Act) -> None:
    event = row["event"].lower()
    if event not in EVENTS:
        raise PeopleError("event", _("'%(event)s' is not an event.") % {"event": row["event"]}, _("Use one of %(all)s.") % {"all": ", ".join(EVENTS)})
    day = _cell(row, "date", day_read, _("Write the date as 2024-02-01 or 01.02.2024."))
    if day is None:
        raise PeopleError("date", _("The date is missing."), _("Give the day from which it holds."))
    payee = Payee.objects.filter(source=source, external_id=row["external_id"]).first()
    if payee is None and event != "join":
        raise PeopleError("external_id", _("No payee has the number %(id)s.") % {"id": row["external_id"]}, _("Record the joining first, or mend the number."))
    if payee is not None and payee.erased_at is not None:
        raise PeopleError("external_id", _("This person's data was erased."), _("Take the row out; if the person returns, give a new number."))
    if event == "join":
        payee = _join(row, source, day, payee, act)
    assert payee is not None
    if event == "leave":
        employee_leave(payee=payee, day=day, act=act)
        return
    if event == "absence":
        absence_set(payee=payee, start=day, end=_cell(row, "end_date", day_read, _("Write the date as 2024-02-01 or 01.02.2024.")),
                    leave_kind=row["leave_kind"].lower(), act=act)  # fmt: skip
        return
    if event == "return":
        employment_status_set(payee=payee, status=Employment.Status.ACTIVE, start=day, end=None, act=act)
        return
    if event != "join":
        _details(row, payee, act)
    _seat(row, event, payee, day, act)


def _join(row: FeedRow, source: str, day: dt.date, payee: Payee | None, act: Act) -> Payee:
    entity = LegalEntity.objects.filter(code=row["legal_entity"]).first() if row["legal_entity"] else None
    if entity is None and payee is None:
        only = list(LegalEntity.objects.all()[:2])
        if row["legal_entity"] or len(only) != 1:
            cause = _("There is no legal entity '%(code)s'.") % {"code": row["legal_entity"]}
            raise PeopleError("legal_entity", cause, _("Create it first, or mend the code."))
        entity = only[0]
    if payee is not None:
        employee_hire(payee=payee, day=day, act=act)
        _details(row, payee, act)
        return payee
    assert entity is not None
    return payee_create(
        external_id=row["external_id"], legal_entity=entity, display_name=row["name"] or f"{row['given_name']} {row['family_name']}".strip(),
        kind=row["kind"] or Payee.Kind.PERSON, source=source, pay_group=row["pay_group"] or "monthly", pay_currency=row["pay_currency"], hired=day, act=act,
        given_name=row["given_name"], family_name=row["family_name"], email=row["email"], phone=row["phone"], country=row["country"],
    )  # fmt: skip


def _details(row: FeedRow, payee: Payee, act: Act) -> None:
    given: dict[str, Any] = {name: row[name] for name in ("given_name", "family_name", "email", "phone", "country") if row[name]}
    if row["name"]:
        given["display_name"] = row["name"]
    person_update(payee=payee, act=act, **given)
    values: dict[str, Any] = {name: row[name] for name in ("pay_group", "pay_currency") if row[name]}
    payee_update(payee=payee, act=act, **values)


def _seat(row: FeedRow, event: str, payee: Payee, day: dt.date, act: Act) -> None:
    """Position, manager, team and terms, as far as the row names them."""
    held = Assignment.objects.filter(payee=payee, known_to__isnull=True, valid_from__lte=day).exclude(valid_to__lte=day).select_related("position", "seat")
    if row["position"]:
        position = _position(row, act)
        share = _cell(row, "fte", share_read, _("Write a share such as 0.5 or 50%."))
        if event == "move":
            leaving = Position.objects.filter(code=row["leaving_position"]).first() if row["leaving_position"] else None
            if row["leaving_position"] and leaving is None:
                raise PeopleError(
                    "leaving_position", _("There is no position %(code)s.") % {"code": row["leaving_position"]}, _("Name the position that is left.")
                )
            seat = payee_move(payee=payee, to=position, day=day, leaving=leaving, fte_ppm=share if row["fte"] else None, act=act)
        else:
            seat = _seat_kept(payee, position, day, share, row, act)
    else:
        rows = list(held)
        if event == "move":
            raise PeopleError("position", _("A move needs the position."), _("Name the position that the payee moves to."))
        if len(rows) != 1:
            if row["target_incentive"] or row["ote"] or row["manager_position"] or row["team"]:
                raise PeopleError("position", _("The row does not say which position it is about."), _("Name the position."))
            return
        position, seat = rows[0].position, rows[0].seat
    if row["manager_position"]:
        manager = Position.objects.filter(code=row["manager_position"]).first() or position_create(
            code=row["manager_position"], title=row["manager_position"], source=SOURCE, act=act
        )
        reporting_line_set(position=position, manager=manager, start=day, act=act)
    if row["team"]:
        team = Team.objects.filter(code=row["team"]).first() or team_create(code=row["team"], name=row["team"], act=act)
        team_member_set(position=position, team=team, start=day, act=act)
    if row["target_incentive"] or row["ote"]:
        _terms(row, payee, seat, day, act)


def _seat_kept(payee: Payee, position: Position, day: dt.date, share: int, row: FeedRow, act: Act) -> Seat:
    """The seat, assigned from `day` on; one that is held already keeps its share unless the row names another."""
    current = Assignment.objects.filter(payee=payee, position=position, known_to__isnull=True, valid_from__lte=day).exclude(valid_to__lte=day).first()
    if current is not None and (not row["fte"] or current.fte_ppm == share):
        return Seat.objects.get(pk=current.seat_id)
    return assignment_start(payee=payee, position=position, start=day, fte_ppm=share, act=act)


def _position(row: FeedRow, act: Act) -> Position:
    found = Position.objects.filter(code=row["position"]).first()
    if found is None:
        return position_create(code=row["position"], title=row["position_title"], source=SOURCE, act=act)
    return position_update(position=found, title=row["position_title"], act=act) if row["position_title"] else found


def _terms(row: FeedRow, payee: Payee, seat: Seat, day: dt.date, act: Act) -> None:
    mend = _("Write an amount a year such as 60000 or 60000.50.")
    incentive, first = _cell(row, "target_incentive", amount_read, mend) if row["target_incentive"] else (0, 2)
    ote, second = _cell(row, "ote", amount_read, mend) if row["ote"] else (incentive, first)
    scale = max(first, second)
    pay_terms_set(
        seat=seat, start=day, currency=row["currency"] or row["pay_currency"] or payee.pay_currency, amount_scale=scale,
        target_incentive=incentive * 10 ** (scale - first), ote=ote * 10 ** (scale - second), act=act,
    )  # fmt: skip


def _cell(row: FeedRow, column: str, read: Callable[[str], Any], mend: str) -> Any:
    try:
        return read(row[column])
    except ValueError as error:
        raise PeopleError(column, _("'%(text)s' cannot be read.") % {"text": row[column]}, mend) from error
