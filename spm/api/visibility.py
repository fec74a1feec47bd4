"""Whose records and pay a caller sees: everybody's for the roles of the office, else his own and his reports'."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from spm.access.models import Role
from spm.api.authentication import Principal
from spm.people.models import Assignment, Payee, ReportingLine
from spm.sales.known import versions_known
from spm.sales.models import OrderSplit, OrderVersion
from spm.tenancy.changes import known_as_at, valid_on

OFFICE = frozenset({Role.COMP_ADMIN, Role.PLANNING_ADMIN, Role.FINANCE, Role.AUDITOR})


def today_of(principal: Principal) -> dt.date:
    """Today where the company is."""
    return dt.datetime.now(zoneinfo.ZoneInfo(principal.tenant.time_zone)).date()


def payee_ids_visible(principal: Principal, *, day: dt.date | None = None, office: frozenset[str] = OFFICE) -> frozenset[int] | None:
    """Ids of payees whose records the caller sees by the reporting line on `day` (today); None means all."""
    if principal.roles & office:
        return None
    own = principal.membership.payee_id
    if own is None:
        return frozenset()
    if Role.MANAGER not in principal.roles:
        return frozenset({own})
    day = day or today_of(principal)
    seats = valid_on(known_as_at(Assignment.objects.all(), None), day)
    lines = valid_on(known_as_at(ReportingLine.objects.all(), None), day)
    below, level = set(), set(seats.filter(payee_id=own).values_list("position_id", flat=True))
    while level:
        level = set(lines.filter(manager_id__in=level).values_list("position_id", flat=True)) - below
        below |= level
    return frozenset(seats.filter(position_id__in=below).values_list("payee_id", flat=True)) | {own}


def payees_visible(principal: Principal, rows: QuerySet[Payee], *, office: frozenset[str]) -> QuerySet[Payee]:
    ids = payee_ids_visible(principal, office=office)
    return rows if ids is None else rows.filter(pk__in=ids)


def positions_visible(principal: Principal, rows: QuerySet) -> QuerySet:
    """Rows on positions that the caller's visible payees hold now or ever held."""
    ids = payee_ids_visible(principal)
    return rows if ids is None else rows.filter(position_id__in=Assignment.objects.filter(payee_id__in=ids).values("position_id"))


def sales_visible(principal: Principal, rows: QuerySet, *, person: str) -> QuerySet:
    """Versions that the caller may read. `person` is the column of the record's person; "" means: that of its order."""
    ids = payee_ids_visible(principal)
    if ids is None:
        return rows
    if not person:
        orders = sales_visible(principal, versions_known(OrderVersion), person="payee")
        return rows.filter(order_id__in=orders.values("record_id"))
    mine = Q(**{f"{person}_id__in": ids})
    if rows.model is OrderVersion:
        shares = OrderSplit.objects.filter(order=OuterRef("record"), change_set=OuterRef("change_set"), payee_id__in=ids)
        mine |= Q(Exists(shares))
    return rows.filter(mine)
