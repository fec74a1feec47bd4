"""The sales record as known at a change number: of each record the newest version among the published sets up to it."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from spm.sales.base import SalesVersion
from spm.sales.models import OrderLineVersion, OrderSplit, OrderVersion


def versions_known(model: type[SalesVersion], *, known_at: int | None = None) -> QuerySet:
    """One version of each record that stands at `known_at` (None: now), with `record` and `change_set` loaded.

    A set that moves a record writes a tombstone under the old key and the new version: the version stands. A set with a
    tombstone alone takes the record away.
    """
    newer = model.objects.filter(record=OuterRef("record"), change_set__number__gt=OuterRef("change_set__number"))
    found = model.objects.filter(tombstone=0, change_set__number__isnull=False)
    if known_at is not None:
        newer, found = newer.filter(change_set__number__lte=known_at), found.filter(change_set__number__lte=known_at)
    return found.filter(~Exists(newer)).select_related("record", "change_set")


def order_lines_known(order: OrderVersion, *, known_at: int | None = None) -> QuerySet[OrderLineVersion]:
    """Lines of an order as known then, in line order. Reads by the order, not by the whole table."""
    found = versions_known(OrderLineVersion, known_at=known_at).filter(order_id=order.record_id)
    return found.select_related("record", "change_set", "product").order_by("line_number", "record__external_id")


def order_splits(order: OrderVersion) -> QuerySet[OrderSplit]:
    """Splits that belong to this very version of the order."""
    return OrderSplit.objects.filter(order_id=order.record_id, change_set_id=order.change_set_id).select_related("payee").order_by("id")
