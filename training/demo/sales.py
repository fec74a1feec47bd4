"""Generates a demo company's customers, products and two years of orders, the same for the same day and company."""

from __future__ import annotations

import datetime as dt
import random

from spm.currencies.codes import currency_pack
from spm.sales.models import (
    Account,
    AccountVersion,
    Channel,
    DealKind,
    Order,
    OrderLine,
    OrderLineVersion,
    OrderSplit,
    OrderVersion,
    Product,
    ProductVersion,
)  # fmt: skip
from spm.tenancy.models import ChangeSet
from training.demo.company import Company
from training.demo.org import Org


def sales_write(*, company: Company, org: Org, changeset: ChangeSet) -> int:
    """Writes the record in one change set; returns the number of orders. Amounts are cents (scale 2)."""
    rng = random.Random(f"{company.slug}:{org.first_day}")  # noqa: S311 - a demo must be reproducible, not secret
    currency = currency_pack(company.currency)
    accounts = Account.objects.bulk_create(Account(source="crm", external_id=f"A{n:04}") for n in range(len(company.customers)))
    AccountVersion.objects.bulk_create(
        AccountVersion(record=a, change_set=changeset, name=name, country=company.country, industry="Manufacturing")
        for a, name in zip(accounts, company.customers, strict=True)
    )
    products = Product.objects.bulk_create(Product(source="crm", external_id=f"P{n:03}") for n in range(len(company.products)))
    ProductVersion.objects.bulk_create(
        ProductVersion(record=p, change_set=changeset, name=name, category=category, code=p.external_id)
        for p, (name, category, _) in zip(products, company.products, strict=True)
    )
    orders: list[Order] = []
    sold: dict[int, int] = {}  # place in `orders` -> main product
    versions: list[dict] = []
    days = (org.last_day - org.first_day).days
    for index, (payee, start, end) in enumerate(org.sellers):
        skill = 0.72 + 0.62 * ((index * 37) % 19) / 18
        # The first seller is the one whom visitors sign in as: smaller deals and more of them, so that each month has some.
        busy, size_of = (2.6, 0.5) if index == 0 else (1.0, 1.0)
        for offset in range(days):
            day = org.first_day + dt.timedelta(days=offset)
            # Weekdays only, busier towards a quarter's end and growing over time: what a pace line looks like in life.
            rush = 1.7 if day.month % 3 == 0 and day.day > 15 else 0.85
            if day.weekday() > 4 or not start <= day < end or rng.random() > 0.12 * rush * busy:
                continue
            product = rng.randrange(len(company.products))
            price = company.products[product][2]
            size = company.quarter_quota / 9.4 * skill * size_of * (1 + 0.04 * offset / 91) * rng.lognormvariate(-0.18, 0.6)
            amount = max(price // 8, int(size)) * 100 + rng.randrange(100)
            kind = rng.choices([DealKind.NEW, DealKind.RENEWAL, DealKind.EXPANSION], [6, 3, 2])[0]
            orders.append(Order(source="crm", external_id=f"S{len(orders) + 1:06}"))
            versions.append({"payee": payee, "order_date": day, "amount": amount, "kind": kind, "channel": Channel.DIRECT})
            sold[len(orders) - 1] = product
        if index % 3 == 0:
            for n in range(24):
                orders.append(Order(source="shop", external_id=f"W{index:02}{n:04}"))
                day = org.first_day + dt.timedelta(days=min(days - 1, n * 28 + index))
                versions.append({"payee": None, "order_date": day, "amount": 49_900 + 1_000 * n, "kind": DealKind.ONE_OFF, "channel": Channel.ONLINE})
    for n in range(3):  # nobody's orders: the exception list of the run
        orders.append(Order(source="crm", external_id=f"X{n + 1:06}"))
        day = org.last_day - dt.timedelta(days=40 + 9 * n)
        versions.append({"payee": None, "order_date": day, "amount": 1_250_000 + 31_700 * n, "kind": DealKind.NEW, "channel": Channel.DIRECT})
    orders = Order.objects.bulk_create(orders, batch_size=5000)
    # Every fortieth deal is split 60:40 with a colleague.
    pair = {org.sellers[n][0].pk: org.sellers[(n + 1) % len(org.sellers)][0] for n in range(len(org.sellers))}
    splits, rows = [], []
    for n, (order, value) in enumerate(zip(orders, versions, strict=True)):
        split = value["payee"] is not None and n % 40 == 7 and pair[value["payee"].pk].pk != value["payee"].pk
        rows.append(
            OrderVersion(
                record=order,
                change_set=changeset,
                number=order.external_id,
                amount_scale=2,
                currency_code=currency,
                account=accounts[n % len(accounts)],
                has_splits=int(split),
                **value,
            )
        )
        if split:
            for who, share in ((value["payee"], 600_000), (pair[value["payee"].pk], 400_000)):
                splits.append(OrderSplit(order=order, change_set=changeset, payee=who, quota_share_ppm=share, pay_share_ppm=share, role="seller"))
    OrderVersion.objects.bulk_create(rows, batch_size=5000)
    OrderSplit.objects.bulk_create(splits)
    lines_write(company=company, products=products, rows={n: rows[n] for n in sold}, sold=sold, changeset=changeset)
    return len(orders)


def lines_write(*, company: Company, products: list[Product], rows: dict[int, OrderVersion], sold: dict[int, int], changeset: ChangeSet) -> None:
    """Lines that sum to their order to the cent: the main product, and for most a year of service; renewals name their contract."""
    service = len(products) - 1
    parts: list[tuple[OrderVersion, int, int, int, int]] = []  # order, line number, product, pieces, cents
    for n, order in rows.items():
        pieces = max(1, min(4, order.amount // 100 // company.products[sold[n]][2]))
        extra = order.amount * (10 + n % 9) // 100 if n % 4 else 0
        main = (order.amount - extra) // pieces * pieces
        parts.append((order, 1, sold[n], pieces, main))
        if order.amount > main:
            parts.append((order, 2, service, 1, order.amount - main))
    lines = OrderLine.objects.bulk_create((OrderLine(source="crm", external_id=f"{o.number}-{at}") for o, at, *_ in parts), batch_size=5000)
    OrderLineVersion.objects.bulk_create(
        (
            OrderLineVersion(
                record=line, change_set=changeset, order_id=order.record_id, line_number=at, payee=order.payee, order_date=order.order_date,
                product=products[product], quantity=pieces * 10_000, unit_price=cents // pieces, amount=cents, amount_scale=2,
                currency_code=order.currency_code, kind=order.kind,
                **(_contract(order, cents) if product in (service, service - 1) else {}),
            )
            for line, (order, at, product, pieces, cents) in zip(lines, parts, strict=True)
        ),
        batch_size=5000,
    )  # fmt: skip


def _contract(order: OrderVersion, cents: int) -> dict[str, object]:
    """What a year of software or service is as a contract: TCV and ACV are the line's own amount."""
    day = order.order_date
    until = day.replace(year=day.year + 1, day=min(day.day, 28))
    grows = cents if order.kind in (DealKind.NEW, DealKind.EXPANSION) else 0
    return {"contract": f"C-{order.number}", "service_from": day, "service_to": until, "tcv": cents, "acv": cents, "arr_change": grows}
