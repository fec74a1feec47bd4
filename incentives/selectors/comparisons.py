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

    payee_id: int
    uid: Any
    external_id: str
    name: str
    first: Decimal
    second: Decimal

    @property
    def change(self) -> Decimal:
        return self.second - self.first


def comparison_list() -> QuerySet[PlanComparison]:
    """Newest first, without the rows of people."""
    return PlanComparison.objects.select_related("first__plan", "second__plan").defer("people", "summary").order_by("-created_at")


def comparison_pairs(row: PlanComparison, name: str) -> list[Pair]:
    """The sums by `periods` or `components`."""
    return [Pair(item["name"], Decimal(item["first"]), Decimal(item["second"])) for item in row.summary.get(name, [])]


def comparison_people(row: PlanComparison, *, search: str = "", limit: int | None = None) -> list[ComparedPayee]:
    """Everybody, largest change first; `search` is part of a name or number. Three queries whatever the size."""
    amounts = {payee: (Decimal(first), Decimal(second)) for payee, first, second in row.people}
    known = {pk: (uid, number) for pk, uid, number in Payee.objects.filter(pk__in=amounts).values_list("pk", "uid", "external_id")}
    names = dict(PersonDetail.objects.filter(payee_id__in=amounts).values_list("payee_id", "display_name"))
    wanted = search.strip().casefold()
    found = [
        ComparedPayee(pk, *known[pk], names.get(pk, ""), first, second)
        for pk, (first, second) in amounts.items()
        if not wanted or wanted in names.get(pk, "").casefold() or wanted in known[pk][1].casefold()
    ]
    return found[:limit]
