"""What changed between two change numbers, and for whom: the table by which a run recomputes only that, and names the cause.

| changed                                   | measures            | earnings | cause      |
|-------------------------------------------|---------------------|----------|------------|
| orders, splits, lines that plans read     | of the payees named | yes      | data       |
| products, where plans read lines          | all                 | yes      | data       |
| payments, returns, holds                  | no                  | payments | data       |
| quotas                                    | no                  | yes      | quota      |
| pay terms                                 | no                  | yes      | pay_rate   |
| assignments, plan assignments, payees     | all                 | yes      | people     |
| reporting lines                           | all                 | yes      | hierarchy  |
| plan versions                             | all                 | yes      | plan       |
| calendars, currency rates, engine version | all                 | yes      | engine ... |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from incentives.models import PlanAssignment, PlanVersion
from planning.models import Quota
from spm.currencies.models import FxRate
from spm.people.models import Assignment, PayTerms, ReportingLine
from spm.tenancy.scope import required_tenant_id


@dataclass(frozen=True)
class Changes:
    """Ids of what changed in (after, upto]."""

    payees: frozenset[int]
    """Owners and participants of changed orders, and of orders with a changed line where a plan reads lines; -1 stands for
    orders without an owner."""
    paid_payees: frozenset[int]
    """Owners and participants of orders that were held, paid for or returned."""
    quota_positions: frozenset[int]
    rate_seats: frozenset[int]
    people_seats: frozenset[int]
    line_positions: frozenset[int]
    plan_versions: frozenset[int]
    fx: bool


def changes_between(*, after: int, upto: int) -> Changes:
    """What the change sets numbered in (after, upto] touched. Needs the tenant's scope."""
    window = [required_tenant_id(), after, upto]
    touched_orders = "SELECT DISTINCT record_id, payee_id FROM sales_orderversion WHERE tenant_id = %s AND change_set_id IN (SELECT id FROM sets)"
    tenants = 2
    if lines_are_read():
        touched_orders += " UNION SELECT order_id, payee_id FROM sales_orderlineversion WHERE tenant_id = %s AND change_set_id IN (SELECT id FROM sets)"
        tenants = 3
    sets = "SELECT id FROM tenancy_changeset WHERE tenant_id = %s AND number > %s AND number <= %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH sets AS MATERIALIZED ({sets}), touched AS ({touched_orders}) "
            "SELECT payee_id FROM touched UNION SELECT s.payee_id FROM sales_ordersplit s WHERE s.tenant_id = %s "
            # Participants of any version of a touched order: those who are new to it and those who left it.
            "AND s.order_id IN (SELECT record_id FROM touched)",
            [*window, *[window[0]] * tenants],
        )
        payees = frozenset(-1 if row[0] is None else row[0] for row in cursor.fetchall())
        cursor.execute(
            f"WITH sets AS MATERIALIZED ({sets}), touched AS ("
            "SELECT order_id FROM incentives_hold WHERE tenant_id = %s AND (placed_in_id IN (SELECT id FROM sets) OR lifted_in_id IN (SELECT id FROM sets)) "
            "UNION SELECT COALESCE(p.order_id, i.order_id) FROM sales_paymentversion p LEFT JOIN sales_invoiceversion i "
            "ON i.tenant_id = p.tenant_id AND i.record_id = p.invoice_id WHERE p.tenant_id = %s AND p.change_set_id IN (SELECT id FROM sets) "
            "UNION SELECT order_id FROM sales_returnversion WHERE tenant_id = %s AND change_set_id IN (SELECT id FROM sets)) "
            "SELECT payee_id FROM sales_orderversion WHERE tenant_id = %s AND record_id IN (SELECT order_id FROM touched) AND payee_id IS NOT NULL "
            "UNION SELECT payee_id FROM sales_ordersplit WHERE tenant_id = %s AND order_id IN (SELECT order_id FROM touched)",
            [*window, *[window[0]] * 5],
        )
        paid_payees = frozenset(row[0] for row in cursor.fetchall())

    def touched(model: Any, field: str, *, first: str = "known_from", last: str = "known_to") -> frozenset[int]:
        low = Q(**{f"{first}__number__gt": after, f"{first}__number__lte": upto})
        high = Q(**{f"{last}__number__gt": after, f"{last}__number__lte": upto})
        return frozenset(model.objects.filter(low | high).values_list(field, flat=True))

    return Changes(
        payees=payees,
        paid_payees=paid_payees,
        quota_positions=touched(Quota, "position_id"),
        rate_seats=touched(PayTerms, "seat_id"),
        people_seats=touched(Assignment, "seat_id") | touched(PlanAssignment, "seat_id"),
        line_positions=touched(ReportingLine, "position_id"),
        plan_versions=touched(PlanVersion, "id", first="activated_in", last="retired_in"),
        fx=bool(touched(FxRate, "id")),
    )


def lines_are_read() -> bool:
    """Whether a plan version that is or was in force credits line by line. Where none does, lines are nobody's business."""
    return PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).filter(canonical__contains='"reads":"order_lines"').exists()


@dataclass(frozen=True)
class CauseOf:
    """Names the cause of a difference by the published order: plan, engine, people, hierarchy, quota, pay_rate, fx_rate, data."""

    changes: Changes | None
    position_of: dict[int, int]
    engine_changed: bool

    def __call__(self, seat: int, version: int) -> str:
        found = self.changes
        if found is None:
            return "data"
        position = self.position_of.get(seat, -1)
        if version in found.plan_versions:
            return "plan"
        if self.engine_changed:
            return "engine"
        if seat in found.people_seats:
            return "people"
        if position in found.line_positions:
            return "hierarchy"
        if position in found.quota_positions:
            return "quota"
        if seat in found.rate_seats:
            return "pay_rate"
        if not found.payees:
            # Nobody's orders changed: the difference came up or down the tree.
            for cause, some in (
                ("plan", found.plan_versions), ("people", found.people_seats), ("hierarchy", found.line_positions),
                ("quota", found.quota_positions), ("pay_rate", found.rate_seats), ("fx_rate", found.fx),
            ):  # fmt: skip
                if some:
                    return cause
        return "data"
