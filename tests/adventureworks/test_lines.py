"""AdventureWorks by line: pay by the category of what was sold equals an independent Decimal computation to the cent."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from django.db.models import Sum

from incentives.models import LedgerEntry, RunExclusion, UncreditedOrder
from incentives.services import recompute
from spm.currencies.codes import currency_pack
from spm.sales.models import Order, OrderLine, OrderLineVersion, OrderVersion, Product, ProductVersion
from spm.tenancy.changes import change
from tests.adventureworks.direct import cents, plan_enrol, plans_forget, record_write, rows, windows


def lines_write(folder: Path) -> int:
    """Products and all order lines, under the payee and date of their orders."""
    categories = {row["ProductCategoryID"]: row["Name"] for row in rows(folder, "ProductCategory")}
    below = {row["ProductSubcategoryID"]: (categories[row["ProductCategoryID"]], row["Name"]) for row in rows(folder, "ProductSubcategory")}
    with change(kind="import", reason="lines") as changeset:
        found = rows(folder, "Product")
        products = Product.objects.bulk_create([Product(source="aw", external_id=row["ProductID"]) for row in found], batch_size=5000)
        versions = []
        for product, row in zip(products, found, strict=True):
            category, subcategory = below.get(row["ProductSubcategoryID"], ("", ""))
            versions.append(
                ProductVersion(record=product, change_set=changeset, name=row["Name"], code=row["ProductNumber"], category=category, subcategory=subcategory)
            )
        ProductVersion.objects.bulk_create(versions, batch_size=5000)
        by_id = {product.external_id: product for product in products}
        headers = {v.record.external_id: v for v in OrderVersion.objects.select_related("record")}
        details = rows(folder, "SalesOrderDetail")
        lines = OrderLine.objects.bulk_create([OrderLine(source="aw", external_id=row["SalesOrderDetailID"]) for row in details], batch_size=5000)
        plans_forget()
        OrderLineVersion.objects.bulk_create(
            (
                OrderLineVersion(
                    record=line, change_set=changeset, order_id=headers[row["SalesOrderID"]].record_id, line_number=int(row["SalesOrderDetailID"]),
                    payee_id=headers[row["SalesOrderID"]].payee_id, order_date=headers[row["SalesOrderID"]].order_date, product=by_id[row["ProductID"]],
                    quantity=int(row["OrderQty"]) * 10_000, amount=int(Decimal(row["LineTotal"]).scaleb(6)), amount_scale=6,
                    currency_code=currency_pack("USD"),
                )
                for line, row in zip(lines, details, strict=True)
            ),
            batch_size=5000,
        )  # fmt: skip
    return len(details)


def expected_of(folder: Path) -> dict[str, dict[tuple[str, str], Decimal]]:
    """Component -> (sales person, window) -> pay, straight from the files."""
    starts = [(start.isoformat(), end.isoformat()) for start, end in windows(folder)]
    names = {row["ProductCategoryID"]: row["Name"] for row in rows(folder, "ProductCategory")}
    sub = {row["ProductSubcategoryID"]: (names[row["ProductCategoryID"]], row["Name"]) for row in rows(folder, "ProductSubcategory")}
    kind = {row["ProductID"]: sub.get(row["ProductSubcategoryID"], ("", "")) for row in rows(folder, "Product")}
    header = {
        row["SalesOrderID"]: (row["SalesPersonID"], next(start for start, end in starts if start <= row["OrderDate"] < end))
        for row in rows(folder, "SalesOrderHeader")
        if row["SalesPersonID"]
    }
    sums: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows(folder, "SalesOrderDetail"):
        if row["SalesOrderID"] not in header:
            continue
        key = header[row["SalesOrderID"]]
        category, subcategory = kind[row["ProductID"]]
        sums[category][key] += cents(Decimal(row["LineTotal"]))
        if subcategory == "Mountain Bikes":
            sums["units"][key] += Decimal(row["OrderQty"])
    other: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for category in ("Clothing", "Accessories"):
        for key, amount in sums[category].items():
            other[key] += amount
    parts = {
        "bikes_pay": (sums["Bikes"], "0.01"), "parts_pay": (sums["Components"], "0.0175"), "other_pay": (other, "0.04"), "spiff": (sums["units"], "2.5"),
    }  # fmt: skip
    paid = {name: {key: cents(value * Decimal(pay_rate)) for key, value in found.items()} for name, (found, pay_rate) in parts.items()}
    return {name: {key: value for key, value in found.items() if value} for name, found in paid.items()}


def posted(component: str) -> dict[tuple[str, str], Decimal]:
    """(sales person, window) -> sum of the ledger."""
    found = LedgerEntry.objects.filter(component=component).values_list("payee__external_id", "earning_period__code")
    return {(who, window): Decimal(amount).scaleb(-2) for who, window, amount in found.annotate(total=Sum("amount")) if amount}


def test_commission_by_product_category_equals_an_independent_computation(scope, shared_dir):
    folder = shared_dir / "data" / "adventureworks"
    calendar = record_write(folder)
    assert lines_write(folder) == 121_317
    plans_forget()
    plan_enrol("category", calendar)
    run = recompute(business_date=dt.date(2014, 7, 1))
    expected = expected_of(folder)
    for component in ("bikes_pay", "parts_pay", "other_pay", "spiff"):
        assert posted(component) == expected[component]
        assert expected[component]
    assert run.amount_scale == 6
    assert run.summary["plans"][0]["orders_credited"] == 3806
    # Counted in orders, though their lines were taken out one by one.
    assert list(RunExclusion.objects.filter(run=run).values_list("name", "count")) == [("online orders", 27_659)]
    assert UncreditedOrder.objects.count() == 0
    assert Order.objects.count() == 31_465
    print({name: sum(found.values()) for name, found in expected.items()})
