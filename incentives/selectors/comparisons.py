"""Reads of plan comparisons: the list, and who wins and loses by name."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from incentives.engine.compare import Pair
from incentives.models import PlanComparison
from spm.people.models import Payee, PersonDetail


@dataclass(frozen=True)
class ComparedPayee:
    """A payee's pay under both versions. `name` is empty once the person is erased."""

    uid: Any
    external_id: str
    name: str
    pay: Pair[int]


def comparison_list() -> QuerySet[PlanComparison]:
    """Newest first, without the rows of people."""
    return PlanComparison.objects.select_related("first__plan", "second__plan").defer("people", "summary").order_by("-created_at")


def comparison_pairs(row: PlanComparison, name: str) -> list[Pair]:
    """The sums by `periods` or `components`."""
    return [_pair(item) for item in row.summary.get(name, [])]


def comparison_people(row: PlanComparison, *, search: str = "") -> list[ComparedPayee]:
    """Everybody, largest change first; `search` is part of a name or number. Two queries whatever the size."""
    pairs: list[Pair[int]] = [_pair(item) for item in row.people]
    ids = [pair.key for pair in pairs]
    known = {pk: (uid, number) for pk, uid, number in Payee.objects.filter(pk__in=ids).values_list("pk", "uid", "external_id")}
    names = dict(PersonDetail.objects.filter(payee_id__in=ids).values_list("payee_id", "display_name"))
    wanted = search.strip().casefold()
    people = (ComparedPayee(*known[pair.key], names.get(pair.key, ""), pair) for pair in pairs)
    return [one for one in people if not wanted or wanted in one.name.casefold() or wanted in one.external_id.casefold()]


def _pair(item: list[Any]) -> Pair[Any]:
    key, first, second = item
    return Pair(key, Decimal(first), Decimal(second))
