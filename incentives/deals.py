"""What a run knows of deals besides their orders: holds on them, money received for them, returns. As known at a change number."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Q

from incentives.engine.contracts import day_number
from incentives.models import Hold
from incentives.models.decisions import in_force
from spm.currencies.codes import currency_unpack
from spm.sales.known import versions_known
from spm.sales.models import InvoiceVersion, OrderSplit, OrderVersion, PaymentVersion, ReturnVersion

_MONEY = ("amount", "amount_scale", "currency_code")


@dataclass(frozen=True)
class HeldDeal:
    """A hold in force: of one component or all (""), of one payee or all (None)."""

    component: str
    payee: int | None


class Foreign(NamedTuple):
    """An order, by its name in its source, the currency of money that came for it, and its own."""

    order: str
    currency: str
    own: str


@dataclass
class Deals:
    """By order: holds; what was invoiced, received and returned as (day, amount in the order's currency)."""

    holds: dict[int, list[HeldDeal]] = field(default_factory=lambda: defaultdict(list))
    received: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))
    invoiced: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[int, list[tuple[int, Fraction]]] = field(default_factory=lambda: defaultdict(list))

    worth: dict[int, Fraction] = field(default_factory=dict)
    """Of the orders for which there is money: their amounts, in their own currencies."""
    foreign: dict[int, Foreign] = field(default_factory=dict)
    """Orders with money in another currency than theirs."""

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
    """Adds what was invoiced, received and returned for orders, each amount in its order's currency; money in another one is named in
    `foreign` and not counted. Four queries."""
    order_of = {}
    rows: list[tuple[dict[int, list[tuple[int, Fraction]]], int, dt.date, int, int, int]] = []
    invoices = versions_known(InvoiceVersion, known_at=number).filter(order_id__in=orders)
    for invoice, order, day, *money in invoices.values_list("record_id", "order_id", "invoice_date", *_MONEY):
        order_of[invoice] = order
        rows.append((deals.invoiced, order, day, *money))
    paid = versions_known(PaymentVersion, known_at=number).filter(Q(order_id__in=orders) | Q(invoice_id__in=list(order_of)))
    for order, invoice, day, *money in paid.values_list("order_id", "invoice_id", "paid_on", *_MONEY):
        rows.append((deals.received, order or order_of[invoice], day, *money))
    returned = versions_known(ReturnVersion, known_at=number).filter(order_id__in=orders)
    for order, day, amount, *money in returned.values_list("order_id", "returned_on", *_MONEY):
        rows.append((deals.returned, order, day, abs(amount), *money))
    currencies = {}
    known = versions_known(OrderVersion, known_at=number).filter(record_id__in={row[1] for row in rows})
    for order, name, amount, scale, currency in known.values_list("record_id", "record__external_id", *_MONEY):
        deals.worth[order], currencies[order] = Fraction(amount, 10**scale), (currency, name)
    for into, order, day, amount, scale, currency in rows:
        own, name = currencies.get(order, (currency, ""))
        if currency == own:
            into[order].append((day_number(day), Fraction(amount, 10**scale)))
        else:
            deals.foreign[order] = Foreign(name, currency_unpack(currency), currency_unpack(own))
