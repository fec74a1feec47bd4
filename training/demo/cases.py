"""The hard cases of pay, which need a history: months that are closed, a refund that comes after, a deal on hold, two disputes. Written once."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from incentives.models import PeriodState
from incentives.services import hold_place, period_move
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee
from spm.sales.models import Order, OrderLine, OrderLineVersion, OrderVersion
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet
from training.demo.company import Company
from training.demo.disputes import disputes_write


def cases_write(*, company: Company, today: dt.date) -> bool:
    """After the first run: closes all months before this one, then lets a refund of a closed month arrive and puts a deal of this
    month on hold and files two disputes, all of the seller as whom visitors sign in. False where that has been done before."""
    if PeriodState.objects.exists():
        return False
    seller = Payee.objects.get(memberships__user__email=f"rep@{company.slug}.example")
    _close(before=today.replace(day=1))
    _refund(company=company, seller=seller, today=today)
    _hold(company=company, seller=seller, today=today)
    disputes_write(company=company, seller=seller, today=today)
    return True


def _close(*, before: dt.date) -> None:
    """Every month is reviewed, approved, which freezes its statements, closed and paid, in order of time."""
    groups = Payee.objects.order_by("pay_group", "legal_entity_id").values_list("pay_group", "legal_entity_id").distinct()
    entities = LegalEntity.objects.in_bulk()
    states = (PeriodState.State.IN_REVIEW, PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID)
    for period in Period.objects.filter(ends__lte=before).order_by("starts"):
        for group, entity in groups:
            for state in states:
                period_move(period=period, pay_group=group, legal_entity=entities[entity], to=state)


def _refund(*, company: Company, seller: Payee, today: dt.date) -> None:
    """A credit note for a third of a deal of the month before last, known only now."""
    until = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    sold = _newest(OrderVersion.objects.filter(payee=seller, order_date__lt=until, has_splits=0, tombstone=0))
    amount = -(sold.amount // 3)
    with change(kind=ChangeSet.Kind.IMPORT, reason="Credit note") as changeset:
        was = Order.objects.get(pk=sold.record_id)
        order = Order.objects.create(source=was.source, external_id=f"{was.external_id}-CR")
        line = OrderLine.objects.create(source=order.source, external_id=f"{order.external_id}-1")
        shared = {
            "change_set": changeset, "payee": seller, "order_date": sold.order_date, "amount": amount, "amount_scale": sold.amount_scale,
            "currency_code": sold.currency_code, "kind": sold.kind,
        }  # fmt: skip
        OrderVersion.objects.create(record=order, number=order.external_id, account_id=sold.account_id, channel=sold.channel, **shared)
        first = OrderLineVersion.objects.filter(order=was, line_number=1).first()
        product = first.product_id if first else None
        # What is given back counts as less: of its contract, and as a unit that was not sold.
        contract = {"tcv": amount, "acv": amount} if first and first.acv is not None else {}
        given_back = {"product_id": product, "quantity": -10_000, "unit_price": -amount, **contract}
        OrderLineVersion.objects.create(record=line, order=order, line_number=1, **given_back, **shared)


def _hold(*, company: Company, seller: Payee, today: dt.date) -> None:
    recent = OrderVersion.objects.filter(payee=seller, order_date__gte=today.replace(day=1), tombstone=0)
    if recent.exists():
        hold_place(order=Order.objects.get(pk=_newest(recent).record_id), reason=company.hold_reason)


def _newest(orders: QuerySet[OrderVersion]) -> OrderVersion:
    return orders.order_by("-order_date", "-amount", "record_id")[0]
