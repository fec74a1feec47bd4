"""Which rows a caller sees: all with the permission for the whole company, else his own and, by the reporting line as of the
row's own date, those of the people below him (spm.access)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import DateField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from spm.access.policy import permitted
from spm.access.selectors import visible_payees, visible_spans
from spm.api.authentication import Principal
from spm.calendars.selectors import tenant_date
from spm.people.hierarchy import FOREVER
from spm.people.models import Assignment, Payee
from spm.sales.known import versions_known
from spm.sales.models import OrderSplit, OrderVersion
from spm.tenancy.changes import known_as_at

EVER = dt.date(1900, 1, 1)


def today_of(principal: Principal) -> dt.date:
    """Today where the company is."""
    return tenant_date(tenant=principal.tenant, instant=dt.datetime.now(dt.UTC))


def payee_ids_visible(principal: Principal, *, whole: str) -> set[int] | None:
    """Ids of the payees that the caller sees today; None, for everybody, with the permission `whole`."""
    if permitted(principal.roles, whole):
        return None
    return set(visible_payees(membership=principal.membership, on=today_of(principal)).values_list("pk", flat=True))


def payees_visible(principal: Principal, rows: QuerySet[Payee]) -> QuerySet[Payee]:
    """Payees: all for who may read people, else the caller and those below him today."""
    ids = payee_ids_visible(principal, whole="people.read")
    return rows if ids is None else rows.filter(pk__in=ids)


def dated_visible(principal: Principal, rows: QuerySet, *, whole: str, payee: str, day: str = "") -> QuerySet:
    """Rows about a payee (the path `payee`) at a date (the column `day`), or, when that is empty, over [valid_from, valid_to).

    A manager sees of each report what falls into the time in which that person reported to him.
    """
    if permitted(principal.roles, whole):
        return rows
    spans = visible_spans(membership=principal.membership, start=EVER, end=FOREVER)
    return rows if spans is None else rows.filter(_spans_filter(spans, payee=payee, day=day))


def _spans_filter(spans: dict[int, list[tuple[dt.date, dt.date]]], *, payee: str, day: str) -> Q:
    alike: dict[tuple[dt.date, dt.date], list[int]] = defaultdict(list)
    for payee_id, windows in spans.items():
        for window in windows:
            alike[window].append(payee_id)
    found = Q(pk__in=[])
    for (start, end), ids in alike.items():
        if day:
            found |= Q(**{f"{payee}__in": ids, f"{day}__gte": start, f"{day}__lt": end})
        else:
            found |= Q(**{f"{payee}__in": ids}, valid_from__lt=end) & (Q(valid_to__isnull=True) | Q(valid_to__gt=start))
    return found


def quotas_visible(principal: Principal, rows: QuerySet) -> QuerySet:
    """Quotas of positions: all for who may read planning, else while a payee whom the caller sees today held the position."""
    ids = payee_ids_visible(principal, whole="planning.read")
    if ids is None:
        return rows
    held = known_as_at(Assignment.objects.filter(payee_id__in=ids, position=OuterRef("position")), None)
    held = held.filter(valid_from__lt=OuterRef("valid_to")).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_from")))
    return rows.filter(Exists(held))


def sales_visible(principal: Principal, rows: QuerySet, *, person: str, day: str) -> QuerySet:
    """Versions that the caller may read. `person` is the column of the record's person; "" means: that of its order."""
    if permitted(principal.roles, "sales.read"):
        return rows
    if not person:
        orders = sales_visible(principal, versions_known(OrderVersion), person="payee", day="order_date")
        return rows.filter(order_id__in=orders.values("record_id"))
    spans = visible_spans(membership=principal.membership, start=EVER, end=FOREVER) or {}
    seen = _spans_filter(spans, payee=f"{person}_id", day=day)
    if rows.model is OrderVersion:
        # A share in the order shows it too. The date of the order stands in the split's own query for the comparison.
        shares = OrderSplit.objects.filter(order=OuterRef("record"), change_set=OuterRef("change_set"))
        dated = shares.alias(dated=ExpressionWrapper(OuterRef("order_date"), output_field=DateField()))
        seen |= Q(Exists(dated.filter(_spans_filter(spans, payee="payee_id", day="dated"))))
    return rows.filter(seen)
