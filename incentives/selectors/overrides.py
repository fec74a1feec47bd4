"""Results set by hand as the desk shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from incentives.models import ResultOverride
from incentives.overrides import set_amount
from incentives.selectors.holds import component_choices, decision_names
from spm.sales.known import versions_known
from spm.sales.models import OrderVersion


@dataclass(frozen=True)
class OverrideRow:
    """A result set by hand in the list. number: of the order as known now; calculated: the old value, kept when it was set."""

    item: ResultOverride
    number: str
    component_label: str
    payee_name: str
    amount: Decimal
    calculated: Decimal | None
    placed_by: str
    lifted_by: str


def override_list(*, lifted: bool | None = False) -> QuerySet[ResultOverride]:
    """Results set by hand, newest first. lifted: in force, given back, or (None) both."""
    found = ResultOverride.objects.select_related("order", "payee").order_by("-placed_at", "-uid")
    return found if lifted is None else found.filter(lifted_in__isnull=not lifted)


def override_rows(items: Sequence[ResultOverride]) -> list[OverrideRow]:
    """What is shown of them. The number of queries does not grow with them."""
    numbers = {v.record_id: v.number for v in versions_known(OrderVersion).filter(record_id__in={item.order_id for item in items})}
    people, users = decision_names(items)
    labels = dict(component_choices()) if items else {}
    return [
        OverrideRow(
            item, numbers.get(item.order_id) or item.order.external_id, labels.get(item.component, item.component),
            people.get(item.payee_id) or item.payee.external_id, set_amount(item),
            None if item.calculated is None else Decimal(item.calculated).scaleb(-item.amount_scale),
            users.get(item.placed_by_id or 0, ""), users.get(item.lifted_by_id or 0, ""),
        )
        for item in items
    ]  # fmt: skip
