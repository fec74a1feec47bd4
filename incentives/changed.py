"""What changed between two change numbers, and for whom: looks for the events of `incentives.invalidation`, and names the cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Q

from incentives.engine.results import CAUSES
from incentives.invalidation import BY_NAME, EVENTS, Again, Names, Seen, events_of
from incentives.models import Cause, LedgerEntry, PlanVersion, Run, RunIssue
from spm.people.models import Seat
from spm.sales.crediting import crediting_sets
from spm.sales.models import KpiValueVersion
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import required_tenant_id

NONE: frozenset[int] = frozenset()
MARGIN = dt.timedelta(hours=1)
"""How long before the last run's start entries by hand are looked for: one that was being posted then is looked at once more."""


@dataclass(frozen=True)
class Changes:
    """Ids of what changed in (after, upto], by event: of payees (-1 stands for orders without an owner), positions, seats, versions."""

    by_event: Mapping[str, frozenset[int]]

    def named(self, names: Names, *, credit: Again | None = None, pay: Again | None = None, seen: Seen | None = None) -> frozenset[int]:
        """The ids of one kind that events named for whom a stage is computed again. seen: of events noticed in that way alone."""
        events = {event.name for event in events_of(names=names, credit=credit, pay=pay, seen=seen)}
        return NONE.union(*(ids for name, ids in self.by_event.items() if name in events))

    @property
    def credit_everybody(self) -> bool:
        """Did an event happen after which everybody's orders are credited again, and that no fingerprint tells?"""
        return any(ids for name, ids in self.by_event.items() if BY_NAME[name].credit is Again.ALL and BY_NAME[name].seen is Seen.CHANGES)


def changes_between(*, after: int, upto: int) -> Changes:
    """What the change sets numbered in (after, upto] touched. Needs the tenant's scope."""
    found = {event.name: _dated(event.records[0], event.field, event.window, after, upto) for event in EVENTS if event.field}
    return Changes(found | _orders(after, upto) | _money(after, upto) | {"kpi": _kpis(after, upto), "employment": _employments(after, upto)})


def changes_of(run: Run) -> Changes:
    """What happened between a run's base and the run: by change sets, and what people and runs left in the books since."""
    assert run.base is not None
    found = changes_between(after=run.base.known_number, upto=run.known_number)
    by_hand = LedgerEntry.objects.filter(run__isnull=True, cause=Cause.MANUAL, posted_at__gte=run.base.started_at - MARGIN)
    waiting = RunIssue.objects.filter(run_to__isnull=True)
    return Changes(
        {**found.by_event} | {name: frozenset(rows.values_list("payee_id", flat=True)) for name, rows in (("adjustment", by_hand), ("issue", waiting))}
    )


def _dated(label: str, field: str, window: tuple[str, str], after: int, upto: int) -> frozenset[int]:
    """Ids in the rows of a dated record that begin or end in the change sets."""
    model: Any = apps.get_model(label)
    begins, ends = (Q(**{f"{column}__number__gt": after, f"{column}__number__lte": upto}) for column in window)
    return frozenset(model.objects.filter(begins | ends).values_list(field, flat=True))


def change_sets_between(after: int, upto: int) -> list[int]:
    """The ids of the change sets in the window. Queries name them one by one: of a subquery the planner knows nothing, takes one set
    for as large as the first import, and reads all orders for a handful of late ones."""
    return list(ChangeSet.objects.filter(number__gt=after, number__lte=upto).values_list("pk", flat=True))


def _orders(after: int, upto: int) -> dict[str, frozenset[int]]:
    """Owners and participants of changed orders, of orders with a changed line where a plan reads lines, and of those that territories moved."""
    tenant, given = required_tenant_id(), crediting_sets(after=after, upto=upto)
    others = sorted(set(change_sets_between(after, upto)) - set(given))
    orders = "SELECT DISTINCT record_id, payee_id FROM sales_orderversion WHERE tenant_id = %s AND change_set_id = ANY(%s)"
    lines = (
        "SELECT DISTINCT order_id, payee_id FROM sales_orderlineversion WHERE tenant_id = %s AND change_set_id = ANY(%s) "
        # Lines that change another one follow its contract's years, step by step.
        "UNION SELECT order_id, payee_id FROM sales_orderlineversion WHERE tenant_id = %s AND record_id IN (WITH RECURSIVE after (id) AS ("
        "SELECT record_id FROM sales_orderlineversion WHERE tenant_id = %s AND change_set_id = ANY(%s) UNION "
        "SELECT l.record_id FROM after a JOIN sales_orderlineversion l ON l.tenant_id = %s AND l.predecessor_id = a.id) SELECT id FROM after)"
    )
    found = {}
    for name, touched, sets in (("order", orders, others), ("line", lines, others), ("territory", orders, given)):
        if not sets or (name == "line" and not lines_are_read()):
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH touched (record_id, payee_id) AS ({touched}) SELECT payee_id FROM touched "
                "UNION SELECT s.payee_id FROM sales_ordersplit s WHERE s.tenant_id = %s "
                # Participants of any version of a touched order: those who are new to it and those who left it.
                "AND s.order_id IN (SELECT record_id FROM touched)",
                [tenant, sets, *((tenant, tenant, sets, tenant) if name == "line" else ()), tenant],
            )
            found[name] = frozenset(-1 if row[0] is None else row[0] for row in cursor.fetchall())
    return found


def _money(after: int, upto: int) -> dict[str, frozenset[int]]:
    """Owners and participants of orders that were held, paid for or returned."""
    tenant, sets = required_tenant_id(), change_sets_between(after, upto)
    held = "SELECT order_id FROM incentives_hold WHERE tenant_id = %s AND (placed_in_id = ANY(%s) OR lifted_in_id = ANY(%s))"
    paid = (
        "SELECT COALESCE(p.order_id, i.order_id) FROM sales_paymentversion p LEFT JOIN sales_invoiceversion i "
        "ON i.tenant_id = p.tenant_id AND i.record_id = p.invoice_id WHERE p.tenant_id = %s AND p.change_set_id = ANY(%s) "
        "UNION SELECT order_id FROM sales_invoiceversion WHERE tenant_id = %s AND change_set_id = ANY(%s) AND order_id IS NOT NULL "
        "UNION SELECT order_id FROM sales_returnversion WHERE tenant_id = %s AND change_set_id = ANY(%s)"
    )
    found = {}
    asked: tuple[tuple[str, str, list[Any]], ...] = (("hold", held, [tenant, sets, sets]), ("money", paid, [tenant, sets] * 3))
    for name, touched, given in asked:
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH touched (order_id) AS ({touched}) "
                "SELECT payee_id FROM sales_orderversion WHERE tenant_id = %s AND record_id IN (SELECT order_id FROM touched) AND payee_id IS NOT NULL "
                "UNION SELECT payee_id FROM sales_ordersplit WHERE tenant_id = %s AND order_id IN (SELECT order_id FROM touched)",
                [*given, tenant, tenant],
            )
            found[name] = frozenset(row[0] for row in cursor.fetchall())
    return found


def _kpis(after: int, upto: int) -> frozenset[int]:
    """Payees of every version of a KPI value that changed: those who have it now and those who had it."""
    touched = KpiValueVersion.objects.filter(change_set__number__gt=after, change_set__number__lte=upto).values("record_id")
    return frozenset(KpiValueVersion.objects.filter(record_id__in=touched).values_list("payee_id", flat=True))


def _employments(after: int, upto: int) -> frozenset[int]:
    """Seats of payees whose employment changed."""
    payees = _dated("people.Employment", "payee_id", ("known_from", "known_to"), after, upto)
    return frozenset(Seat.objects.filter(payee_id__in=payees).values_list("pk", flat=True)) if payees else NONE


def lines_are_read() -> bool:
    """Whether a plan version that is or was in force credits line by line. Where none does, lines are nobody's business."""
    return PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).filter(canonical__contains='"reads":"order_lines"').exists()


@dataclass(frozen=True)
class CauseOf:
    """Names the cause of a difference: the first in the published order (contracts.CAUSES) of what was touched for the seat."""

    changes: Changes | None
    position_of: dict[int, int]
    engine_changed: bool
    window: tuple[int, int] = (0, 0)
    """The change numbers (after, upto] between which it looks."""
    payee_of: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def reowned(self) -> bool:
        """Whether any order may have changed hands: one left its key, or its splits were written. Asked once, however many groups ask."""
        tenant, sets = required_tenant_id(), change_sets_between(*self.window)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM sales_orderversion WHERE tenant_id = %s AND tombstone = 1 AND change_set_id = ANY(%s)) "
                "OR EXISTS (SELECT FROM sales_ordersplit WHERE tenant_id = %s AND change_set_id = ANY(%s))",
                [tenant, sets, tenant, sets],
            )
            return bool(cursor.fetchone()[0])

    @cached_property
    def touched(self) -> frozenset[str]:
        """The causes of which something changed, for anybody."""
        return frozenset(BY_NAME[name].cause for name, ids in (self.changes.by_event if self.changes else {}).items() if ids)

    @cached_property
    def is_mixed(self) -> bool:
        """Did more than one kind of input change? Orders that changed hands count beside orders that are new."""
        return self.engine_changed or len(self.touched) > 1 or ("data" in self.touched and self.reowned)

    def __call__(self, seat: int, version: int) -> str:
        found = self.changes
        if found is None:
            return "data"
        keys = {Names.VERSION: version, Names.SEAT: seat, Names.POSITION: self.position_of.get(seat, -1)}
        own = {BY_NAME[name].cause for name, ids in found.by_event.items() if keys.get(BY_NAME[name].names, -2) in ids}
        if self.engine_changed:
            own.add("engine")
        # Orders that changed hands bear a cause of their own; whatever else is told of a payee is data.
        if self.payee_of.get(seat, -1) in found.by_event.get("territory", NONE) and not own:
            own.add(BY_NAME["territory"].cause)
        if not own and not found.named(Names.PAYEE, credit=Again.NAMED):
            # Nobody's orders changed: the difference came up or down the tree.
            own = {BY_NAME[name].cause for name, ids in found.by_event.items() if ids and BY_NAME[name].names is not Names.PAYEE}
        return next((cause for cause in CAUSES if cause in own), "data")
