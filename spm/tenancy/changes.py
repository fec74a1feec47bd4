"""Change sets: open one, write under it, publish it in one short step. `known_number` is what a run pins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from spm.tenancy.models import ChangeSet, DatedModel
from spm.tenancy.scope import required_tenant_id


def changeset_open(*, kind: str, reason: str = "", actor_id: int | None = None) -> ChangeSet:
    """A new, unpublished set. Rows written under it are invisible to every reader until it is published."""
    return ChangeSet.objects.create(kind=kind, reason=reason[:400], actor_id=actor_id)


def writers_lock() -> None:
    """The lock under which a tenant's sets get their numbers, held until the transaction ends.

    A short writer takes it first, so that what it reads as newest stays newest until it has published.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('changeset', %s))", [required_tenant_id()])


def changeset_publish(changeset: ChangeSet) -> ChangeSet:
    """Gives the set its number: the next of its tenant. The lock is held until the surrounding transaction commits.

    Publishing twice changes nothing.
    """
    writers_lock()
    fresh = ChangeSet.objects.select_for_update().get(pk=changeset.pk)
    if fresh.number is None:
        fresh.number = (ChangeSet.objects.aggregate(top=Max("number"))["top"] or 0) + 1
        fresh.published_at = timezone.now()
        fresh.save(update_fields=["number", "published_at"])
    changeset.number, changeset.published_at = fresh.number, fresh.published_at
    return changeset


@contextmanager
def change(*, kind: str = ChangeSet.Kind.EDIT, reason: str = "", actor_id: int | None = None) -> Iterator[ChangeSet]:
    """Opens a set, yields it, publishes it as the last act. Must run inside one tenant scope."""
    changeset = changeset_open(kind=kind, reason=reason, actor_id=actor_id)
    yield changeset
    changeset_publish(changeset)


def known_number() -> int:
    """The highest published number of the tenant in scope; 0 when nothing was ever published."""
    return ChangeSet.objects.aggregate(top=Max("number"))["top"] or 0


def known_as_at(queryset: QuerySet, number: int | None) -> QuerySet:
    """Dated rows as known at a change number; None means now."""
    if number is None:
        return queryset.filter(Q(known_from__number__isnull=False)).filter(Q(known_to__isnull=True) | Q(known_to__number__isnull=True))
    return queryset.filter(known_from__number__lte=number).filter(Q(known_to__isnull=True) | Q(known_to__number__isnull=True) | Q(known_to__number__gt=number))


def valid_on(queryset: QuerySet, day: object) -> QuerySet:
    """Dated rows in force on a day: valid_from <= day < valid_to."""
    return queryset.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def dated_retire(row: DatedModel, *, changeset: ChangeSet) -> None:
    """Marks a row as no longer known from this set on. A row is retired once; a second time raises ValueError."""
    done = type(row).objects.filter(pk=row.pk, known_to__isnull=True).update(known_to=changeset)
    if done != 1:
        raise ValueError(f"{type(row).__name__} {row.uid} was already replaced by another change; reload it and try again.")


def dated_revise(row: DatedModel, *, changeset: ChangeSet, **values: object) -> DatedModel:
    """Replaces a row by a successor with changed values; the old one stays readable as known before."""
    dated_retire(row, changeset=changeset)
    kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in {"id", "uid", "known_from", "known_to", "tenant"}}
    successor = type(row)(**kept, known_from=changeset)
    for key, value in values.items():
        setattr(successor, key, value)
    successor.save(force_insert=True)
    return successor


def dated_end(row: DatedModel, *, day: object, changeset: ChangeSet) -> DatedModel | None:
    """Ends a row before `day`. A row that would have begun on or after that day is retired without a successor."""
    if row.valid_from >= day:  # type: ignore[operator]
        dated_retire(row, changeset=changeset)
        return None
    return dated_revise(row, changeset=changeset, valid_to=day)
