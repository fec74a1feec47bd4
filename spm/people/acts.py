"""One act of changing people: a change set, the notes of what it did, and their audit entries, all in one transaction.

A service opens an act of its own, or works under the one it is given (the HR feed changes hundreds of rows in one set).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from spm.audit.services import audit_record
from spm.people.spans import FOREVER, Dated, spliced, value_on
from spm.tenancy.changes import changeset_open, changeset_publish, dated_retire
from spm.tenancy.models import ChangeSet, DatedModel, TenantModel


@dataclass(frozen=True)
class Note:
    """What was done to one object; before and after hold ids, dates and figures, never a person's name."""

    action: str
    target: TenantModel
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass
class Act:
    """The change set of an act (opened when first needed) and its notes."""

    kind: str = ChangeSet.Kind.EDIT
    reason: str = ""
    actor_id: int | None = None
    notes: list[Note] = field(default_factory=list)
    _changeset: ChangeSet | None = None

    @property
    def changeset(self) -> ChangeSet:
        if self._changeset is None:
            self._changeset = changeset_open(kind=self.kind, reason=self.reason, actor_id=self.actor_id)
        return self._changeset

    def note(self, action: str, target: TenantModel, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> None:
        self.notes.append(Note(action, target, before or {}, after or {}))

    def finish(self) -> None:
        """Writes the audit entries, then publishes the set: both take the tenant's locks, so they come last."""
        for note in self.notes:
            audit_record(action=note.action, target=note.target, before=note.before, after=note.after, actor_id=self.actor_id)
        if self._changeset is not None:
            changeset_publish(self._changeset)


@contextmanager
def act_open(act: Act | None = None, *, kind: str = ChangeSet.Kind.EDIT, reason: str = "", actor_id: int | None = None) -> Iterator[Act]:
    """Yields the given act, which its owner finishes, or a new one that is finished at the end. Must run inside a tenant scope."""
    if act is not None:
        yield act
        return
    with transaction.atomic():
        own = Act(kind=kind, reason=reason, actor_id=actor_id)
        yield own
        own.finish()


def series_read(model: type[DatedModel], key: dict[str, Any], fields: tuple[str, ...]) -> tuple[list[Dated], dict[Dated, DatedModel]]:
    """The live rows of one key as plain data, and the row of each piece."""
    rows = model.objects.filter(**key, known_to__isnull=True).order_by("valid_from")
    pieces = {Dated(row.valid_from, row.valid_to or FOREVER, tuple(_frozen(getattr(row, f)) for f in fields)): row for row in rows}
    return list(pieces), pieces


def series_write(
    act: Act, model: type[DatedModel], *, key: dict[str, Any], start: dt.date, end: dt.date | None, values: dict[str, Any] | None, fields: tuple[str, ...]
) -> list[DatedModel]:
    """Puts `values` over [start, end) of the series of `key` (None empties it); returns the new rows.

    An open end reaches to the next change on record, so that one known for later stands; emptying reaches for ever.
    Rows that stay as they are are not touched: doing it twice changes nothing.
    """
    old, rows = series_read(model, key, fields)
    wanted = None if values is None else tuple(_frozen(values[f]) for f in fields)
    if end is None and wanted is not None:
        if value_on(old, start) == wanted:
            return []
        end = min((piece.start for piece in old if piece.start > start), default=None)
    new = spliced(old, start, end or FOREVER, wanted)
    for piece in set(old) - set(new):
        dated_retire(rows[piece], changeset=act.changeset)
    made = []
    for piece in sorted(set(new) - set(old), key=lambda p: p.start):
        given = dict(zip(fields, (_thawed(v) for v in piece.value), strict=True))  # type: ignore[arg-type, call-overload, attr-defined]
        row = model(**key, **given, valid_from=piece.start, valid_to=None if piece.end == FOREVER else piece.end, known_from=act.changeset)
        row.save(force_insert=True)
        made.append(row)
    return made


def _frozen(value: Any) -> Any:
    return ("dict", tuple(sorted(value.items()))) if isinstance(value, dict) else value


def _thawed(value: Any) -> Any:
    return dict(value[1]) if isinstance(value, tuple) and value[:1] == ("dict",) else value
