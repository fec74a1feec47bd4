"""Takes back what an import did to rows without a history: removes what it made while nothing refers to it, puts old values back.

All or nothing where something refers to a row that would go; what was changed since the import keeps its later state and is named.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _n
from django.utils.translation import ngettext

from spm.calendars.models import FiscalCalendar, Period
from spm.imports.errors import ImportFault
from spm.imports.models import Batch, UndoRow
from spm.tenancy.models import ChangeSet, DatedModel
from spm.tenancy.scope import required_tenant_id
from spm.told import shown, told

_TOLD = 10
_PERSON = ("people.Payee", "people.PersonDetail", "people.Employment")
# Rows in the words of the pages. What is not here is told by its model's own name.
_ROWS = {
    "people.Payee": _n("payee %(name)s"), "people.PersonDetail": _n("name and contact of payee %(name)s"),
    "people.Employment": _n("employment of payee %(name)s"), "people.Position": _n("position %(name)s"), "planning.Territory": _n("territory %(name)s"),
    "calendars.FiscalCalendar": _n("calendar %(name)s"), "calendars.Period": _n("period %(name)s"),
}  # fmt: skip
_REFERRING = {
    "access.Membership": _n("memberships"), "access.Invitation": _n("invitations"), "people.PersonDetail": _n("names and contacts"),
    "people.Employment": _n("employments"), "people.Assignment": _n("assignments"), "people.Seat": _n("seats"),
    "people.TeamMembership": _n("team memberships"), "people.ReportingLine": _n("reporting lines"),
    "people.NamedRelation": _n("relations"), "sales.AccountVersion": _n("accounts"),
    "sales.OpportunityVersion": _n("opportunities"), "sales.OrderVersion": _n("orders"), "sales.OrderSplit": _n("order splits"),
    "sales.OrderLineVersion": _n("order lines"), "sales.ActivityVersion": _n("activities"), "sales.LeadVersion": _n("leads"),
    "sales.KpiValueVersion": _n("KPI values"), "incentives.LedgerEntry": _n("ledger entries"), "incentives.Statement": _n("statements"),
    "incentives.Run": _n("runs"), "incentives.RunResult": _n("results of runs"), "incentives.RunIssue": _n("issues of runs"),
    "incentives.UncreditedOrder": _n("orders without credit"), "incentives.PeriodState": _n("states of the period"), "incentives.Plan": _n("plans"),
    "planning.TerritoryAssignment": _n("territory assignments"), "planning.Quota": _n("quotas"), "planning.Territory": _n("territories below"),
    "planning.AccountTerritory": _n("accounts in territories"),
    "calendars.Period": _n("periods"),
}  # fmt: skip


class UndoLog:
    """What a writer did, row by row, until it is kept with its batch."""

    def __init__(self) -> None:
        self.rows: list[UndoRow] = []

    def created(self, row: Any, name: str, values: dict[str, Any]) -> None:
        """Notes a row that was made; `values` tell later whether it is still as it was made."""
        self.rows.append(UndoRow(model=row._meta.label, row_id=row.pk, name=name[:200], before=None, after=_plain(row, values)))

    def changed(self, row: Any, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Notes values that were changed, with those that they had."""
        self.rows.append(UndoRow(model=row._meta.label, row_id=row.pk, name=name[:200], before=_plain(row, before), after=_plain(row, after)))

    def keep(self, batch: Batch) -> None:
        """Stores the notes of a batch that wrote."""
        for row in self.rows:
            row.batch = batch
        UndoRow.objects.bulk_create(self.rows, batch_size=2000)


def _plain(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {row._meta.get_field(name).attname: _stored(value) for name, value in values.items()}


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


@dataclass(frozen=True)
class Undone:
    """How many rows were removed or put back, and the names (told texts) of those that were changed since and are left as they are."""

    rows: int
    kept: tuple[str, ...]


class _Rows:
    """The rows of the notes as they stand now. What is not there any more was removed by others and needs nothing."""

    def __init__(self, notes: Iterable[UndoRow]) -> None:
        self.notes = list(notes)
        self.now: dict[tuple[str, int], Any] = {}
        ids: dict[str, set[int]] = defaultdict(set)
        for note in self.notes:
            ids[note.model].add(note.row_id)
        for label, wanted in ids.items():
            self.now |= {(label, row.pk): row for row in apps.get_model(label).objects.filter(pk__in=wanted)}

    def touched(self, note: UndoRow) -> bool:
        """Whether the row is no longer as the import left it."""
        row = self.now[note.model, note.row_id]
        return any(_stored(getattr(row, name)) != value for name, value in note.after.items())


def undo(batch: Batch, changeset: ChangeSet) -> Undone:
    """Takes the batch's notes back, in the transaction that is open. Raises ImportFault with what refers to rows that would go."""
    rows = _Rows(UndoRow.objects.filter(batch=batch).order_by("-id"))
    standing = [note for note in rows.notes if (note.model, note.row_id) in rows.now]
    kept = {(note.model, note.row_id) for note in standing if rows.touched(note)}
    made = {(note.model, note.row_id): note for note in standing if note.before is None}
    kept |= _whole_people(made, kept)
    going = {key: note for key, note in made.items() if key not in kept}
    retired = _retired(going, rows)
    going = {key: note for key, note in going.items() if key not in retired}
    _refuse_referred(going)
    count = 0
    for note in standing:
        key = (note.model, note.row_id)
        if note.before is not None and key not in kept and key not in going:
            rows.now[key].__class__.objects.filter(pk=note.row_id).update(**{name: _given(note, name, value) for name, value in note.before.items()})
            count += 1
    for label, row_id in retired:
        apps.get_model(label).objects.filter(pk=row_id).update(known_to=changeset)
    calendars = {rows.now[key].calendar_id for key in going if key[0] == Period._meta.label}
    for label in _referring_first({label for label, _id in going}):
        _delete(apps.get_model(label), [row_id for name, row_id in going if name == label])
    _refuse_gaps(calendars)
    UndoRow.objects.filter(batch=batch).delete()
    names = sorted({_row_told(note) for note in standing if (note.model, note.row_id) in kept})
    return Undone(count + len(retired) + len(going), tuple(names))


def _given(note: UndoRow, name: str, value: Any) -> Any:
    field = next(f for f in apps.get_model(note.model)._meta.concrete_fields if f.attname == name)
    return dt.date.fromisoformat(value) if isinstance(field, models.DateField) and isinstance(value, str) else value


def _relations(model: type[models.Model]) -> list[Any]:
    """Every foreign key of any table that points at the model."""
    reverse: list[Any] = [r for r in model._meta.get_fields(include_hidden=True) if r.auto_created and not r.concrete]
    return [r.field for r in reverse if r.one_to_many or r.one_to_one]


def _whole_people(made: dict[tuple[str, int], UndoRow], kept: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Of a person whom the import made all stays or all goes: name and employment go with the payee."""
    stay = {made[key].name for key in kept if key in made and key[0] in _PERSON}
    return {key for key, note in made.items() if key[0] in _PERSON and note.name in stay}


def _retired(going: dict[tuple[str, int], UndoRow], rows: _Rows) -> set[tuple[str, int]]:
    """Dated rows of a person who stays are retired, as every dated row is; those of a person who goes, go."""
    found = set()
    for key in going:
        row = rows.now[key]
        if isinstance(row, DatedModel) and (apps.get_model("people.Payee")._meta.label, getattr(row, "payee_id", None)) not in going:
            found.add(key)
    return found


def _refuse_referred(going: dict[tuple[str, int], UndoRow]) -> None:
    held: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for label in dict.fromkeys(label for label, _id in going):
        ids = [row_id for name, row_id in going if name == label]
        for field in _relations(apps.get_model(label)):
            others = field.model.objects.filter(**{f"{field.attname}__in": ids})
            own = [row_id for name, row_id in going if name == field.model._meta.label]
            counted = others.exclude(pk__in=own).order_by().values_list(field.attname).annotate(n=models.Count("pk"))
            for row_id, count in counted:
                held[label, row_id][field.model._meta.label] += count
    if not held:
        return
    said = [
        f"{shown(_row_told(going[label, row_id]))} – {', '.join(_count_words(apps.get_model(of), n) for of, n in counts.items())}"
        for (label, row_id), counts in sorted(held.items(), key=lambda item: going[item[0]].name)
    ]
    more = len(said) - _TOLD
    if more > 0:
        said = [*said[:_TOLD], ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more}]
    raise ImportFault(
        _("Nothing was taken back: other records refer to what this import made (%(rows)s). Take those back first; what is known as history counts too.")
        % {"rows": "; ".join(said)}
    )


def _row_told(note: UndoRow) -> str:
    words = _ROWS.get(note.model)
    return told(words, name=note.name) if words else f"{apps.get_model(note.model)._meta.verbose_name} {note.name}"


def _count_words(model: type[models.Model], count: int) -> str:
    words = _REFERRING.get(model._meta.label)
    return f"{_(words) if words else model._meta.verbose_name_plural}: {count}"


def _referring_first(labels: set[str]) -> list[str]:
    """Models in the order in which their rows can go: none before those that point at it."""
    found: list[str] = []
    while len(found) < len(labels):
        waiting = labels - set(found)
        pointed = {label: {f.model._meta.label for f in _relations(apps.get_model(label))} & waiting - {label} for label in waiting}
        found += sorted(label for label, by in pointed.items() if not by)
    return found


def _delete(model: type[models.Model], ids: list[int]) -> None:
    # Straight to the database: its own foreign keys are the last guard, and nothing may cascade.
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE tenant_id = %s AND id = ANY(%s)', [required_tenant_id(), ids])


def _refuse_gaps(calendars: set[int]) -> None:
    for calendar in FiscalCalendar.objects.filter(pk__in=calendars):
        periods = list(calendar.periods.order_by("starts"))
        for before, after in pairwise(periods):
            if before.ends != after.starts:
                raise ImportFault(
                    _("Nothing was taken back: calendar %(code)s would have a gap from %(start)s to %(end)s. Take the later import back first.")
                    % {"code": calendar.code, "start": before.ends, "end": after.starts}
                )
