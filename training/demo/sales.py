"""Generates a demo company's customers, products and two years of orders, the same for the same day and company."""

from __future__ import annotations

import datetime as dt
import random

from spm.currencies.codes import currency_pack
from spm.sales.models import Account, AccountVersion, Channel, DealKind, Order, OrderSplit, OrderVersion, Product, ProductVersion
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
    versions: list[dict] = []
    days = (org.last_day - org.first_day).days
    for index, (payee, start, end) in enumerate(org.sellers):
        skill = 0.72 + 0.62 * ((index * 37) % 19) / 18
        for offset in range(days):
            day = org.first_day + dt.timedelta(days=offset)
            # Weekdays only, busier towards a quarter's end and growing over time: what a pace line looks like in life.
            rush = 1.7 if day.month % 3 == 0 and day.day > 15 else 0.85
            if day.weekday() > 4 or not start <= day < end or rng.random() > 0.12 * rush:
                continue
            _, _, price = company.products[rng.randrange(len(company.products))]
            size = company.quarter_quota / 9.4 * skill * (1 + 0.04 * offset / 91) * rng.lognormvariate(-0.18, 0.6)
            amount = max(price // 8, int(size)) * 100 + rng.randrange(100)
            kind = rng.choices([DealKind.NEW, DealKind.RENEWAL, DealKind.EXPANSION], [6, 3, 2])[0]
            orders.append(Order(source="crm", external_id=f"S{len(orders) + 1:06}"))
            versions.append({"payee": payee, "order_date": day, "amount": amount, "kind": kind, "channel": Channel.DIRECT})
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
    return len(orders)
