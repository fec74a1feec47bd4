"""What a run knows of deals besides their orders: holds on them, money received for them, returns. As known at a change number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction

from django.db.models import Q

from incentives.engine.contracts import day_number
from incentives.models import Hold
from incentives.models.decisions import in_force
from spm.sales.known import versions_known
from spm.sales.models import InvoiceVersion, OrderSplit, OrderVersion, PaymentVersion, ReturnVersion


@dataclass(frozen=True)
class HeldDeal:
    """A hold in force: of one component or all (""), of one payee or all (None)."""

    component: str
    payee: int | None


@dataclass
class Deals:
    """By order: holds; what was invoiced, received and returned as (day, amount)."""

    holds: dict[int, list[HeldDeal]] = field(default_factory=lambda: defaultdict(list))
    received: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))
    invoiced: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))

    def held(self, order: int, component: str, payee: int) -> bool:
        """Is that payee's pay of that component of the order held?"""
        return any(hold.component in ("", component) and hold.payee in (None, payee) for hold in self.holds.get(order, ()))


def holds_known(number: int) -> list[Hold]:
    """Holds in force at a change number."""
    return list(Hold.objects.filter(in_force(number)).order_by("pk"))


def owners_of(orders: Collection[int]) -> dict[int, set[int]]:
    """Everybody who ever owned or shared each order."""
    found: dict[int, set[int]] = defaultdict(set)
    versions = OrderVersion.objects.filter(record_id__in=orders, payee__isnull=False).order_by()
    for order, payee in versions.values_list("record_id", "payee_id").distinct():
        found[order].add(payee)
    for order, payee in OrderSplit.objects.filter(order_id__in=orders).order_by().values_list("order_id", "payee_id").distinct():
        found[order].add(payee)
    return found


def money_known(deals: Deals, *, orders: Collection[int], number: int) -> None:
    """Adds what was received and returned for orders."""
    order_of = {}
    invoices = versions_known(InvoiceVersion, known_at=number).filter(order_id__in=orders)
    for invoice, order, day, amount, scale in invoices.values_list("record_id", "order_id", "invoice_date", "amount", "amount_scale"):
        order_of[invoice] = order
        deals.invoiced[order].append((day_number(day), Fraction(amount, 10**scale)))
    paid = versions_known(PaymentVersion, known_at=number).filter(Q(order_id__in=orders) | Q(invoice_id__in=list(order_of)))
    for order, invoice, day, amount, scale in paid.values_list("order_id", "invoice_id", "paid_on", "amount", "amount_scale"):
        deals.received[order or order_of[invoice]].append((day_number(day), Fraction(amount, 10**scale)))
    returned = versions_known(ReturnVersion, known_at=number).filter(order_id__in=orders)
    for order, day, amount, scale in returned.values_list("order_id", "returned_on", "amount", "amount_scale"):
        deals.returned[order].append((day_number(day), abs(Fraction(amount, 10**scale))))
