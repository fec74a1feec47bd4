"""Reads of planning: quotas in force over a window, territories as of a day, as known now or at a change number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from planning.models import Quota, Territory, TerritoryAssignment
from spm.tenancy.changes import known_as_at, valid_on


def quotas_between(*, start: dt.date, end: dt.date, positions: Iterable[int] | None = None, known_at: int | None = None) -> QuerySet[Quota]:
    """Quotas that touch [start, end), of these positions (None: all), with their positions."""
    rows = known_as_at(Quota.objects.all(), known_at).filter(valid_from__lt=end, valid_to__gt=start)
    if positions is not None:
        rows = rows.filter(position_id__in=list(positions))
    return rows.select_related("position").order_by("position__code", "measure", "valid_from")


def territories_on(*, day: dt.date, position_id: int, known_at: int | None = None) -> QuerySet[Territory]:
    """The territories that a position covers on a day."""
    rows = valid_on(known_as_at(TerritoryAssignment.objects.all(), known_at), day).filter(position_id=position_id)
    return Territory.objects.filter(pk__in=rows.values("territory_id")).order_by("code")


def covered_by(*, day: dt.date, territory_id: int, known_at: int | None = None) -> set[int]:
    """Ids of the positions that cover a territory on a day."""
    rows = valid_on(known_as_at(TerritoryAssignment.objects.all(), known_at), day)
    return set(rows.filter(territory_id=territory_id).values_list("position_id", flat=True))
