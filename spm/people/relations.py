"""Named relations as the page shows them: who is whose mentor, sales engineer or partner, as of a day or at any time, and since which change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from spm.people.models import Assignment, NamedRelation
from spm.people.organisation import Event, Holder, event_of, position_rows
from spm.tenancy.changes import known_as_at, valid_on


@dataclass(frozen=True)
class RelationRow:
    """A relation with who sits at either end on the day (nobody: vacant). ended: does it no longer hold on the day?"""

    relation: NamedRelation
    holders: tuple[Holder, ...]
    related_holders: tuple[Holder, ...]
    ended: bool


def relation_names() -> list[str]:
    """The names in use or used once: mentor, partner and so on. One query."""
    return list(NamedRelation.objects.order_by("name").values_list("name", flat=True).distinct())


def relations_found(*, day: dt.date | None, search: str = "", name: str = "") -> QuerySet[NamedRelation]:
    """Relations on record, by name and position. day: in force on it (None: at any time); search: part of a code, a title or of the name
    of somebody who sits or sat at either end."""
    found = _matching(known_as_at(NamedRelation.objects.all(), None), search, name)
    if day is not None:
        found = valid_on(found, day)
    return found.select_related("position", "related").order_by("name", "position__code", "related__code", "-valid_from", "pk")


def _matching(rows: QuerySet[NamedRelation], search: str, name: str) -> QuerySet[NamedRelation]:
    if name:
        rows = rows.filter(name=name)
    text = search.strip()
    if not text:
        return rows
    wanted = Q()
    for end in ("position", "related"):
        seated = known_as_at(Assignment.objects.filter(position=OuterRef(end)), None).filter(payee__detail__display_name__icontains=text)
        wanted |= Q(**{f"{end}__code__icontains": text}) | Q(**{f"{end}__title__icontains": text}) | Q(Exists(seated))
    return rows.filter(wanted)


def relation_rows(relations: Sequence[NamedRelation], *, day: dt.date) -> list[RelationRow]:
    """What is shown of them. The number of queries does not grow with them."""
    positions = {position.pk: position for relation in relations for position in (relation.position, relation.related)}
    holders = {row.position.pk: tuple(row.holders) for row in position_rows(list(positions.values()), day=day)} if positions else {}
    return [
        RelationRow(
            relation, holders.get(relation.position.pk, ()), holders.get(relation.related.pk, ()),
            relation.valid_to is not None and relation.valid_to <= day,
        )
        for relation in relations
    ]  # fmt: skip


def relation_history(*, search: str = "", name: str = "", limit: int) -> list[Event]:
    """What was recorded when, newest first. Two queries."""
    rows = _matching(NamedRelation.objects.filter(known_from__number__isnull=False), search, name)
    rows = rows.select_related("position", "related", "known_from", "known_to").order_by("-known_from__number", "-valid_from", "pk")
    return [event_of(row.name, f"{row.position.code} → {row.related.code} · {row.related.title}", row) for row in rows[:limit]]
