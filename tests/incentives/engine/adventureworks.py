"""AdventureWorks as the engine's plain tables: orders by header, quota windows, rates, and who reports to whom."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

Row = dict[str, str]
DATA_ENDS = "2014-07-01"


def read(folder: Path, name: str) -> list[Row]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def windows(folder: Path) -> list[tuple[str, str]]:
    dates = sorted({row["QuotaDate"] for row in read(folder, "SalesPersonQuotaHistory")})
    return list(zip(dates, [*dates[1:], DATA_ENDS], strict=True))


def managers(folder: Path) -> Iterator[tuple[str, str]]:
    """(sales person, employee above) by OrganizationNode, for sales people only."""
    nodes = {row["OrganizationNode"]: row["BusinessEntityID"] for row in read(folder, "Employee")}
    node_of = {person: node for node, person in nodes.items()}
    for row in read(folder, "SalesPerson"):
        node = node_of[row["BusinessEntityID"]]
        above = node.rstrip("/").rsplit("/", 1)[0] + "/"
        if above in nodes:
            yield row["BusinessEntityID"], nodes[above]


def tables(folder: Path) -> dict[str, list[Row]]:
    spans = windows(folder)
    end_of = dict(spans)
    people = [row["BusinessEntityID"] for row in read(folder, "SalesPerson")]
    return {
        "transactions": [
            {
                "id": row["SalesOrderID"],
                "date": row["OrderDate"],
                "payee": row["SalesPersonID"],
                "amount": row["SubTotal"],
                "channel": "online" if row["OnlineOrderFlag"] == "1" else "store",
            }
            for row in read(folder, "SalesOrderHeader")
        ],
        "attributes": [{"payee": row["BusinessEntityID"], "name": "commission_pct", "value": row["CommissionPct"]} for row in read(folder, "SalesPerson")],
        "quotas": [
            {"payee": row["BusinessEntityID"], "quota": "sales", "from": row["QuotaDate"], "to": end_of[row["QuotaDate"]], "amount": row["SalesQuota"]}
            for row in read(folder, "SalesPersonQuotaHistory")
        ],
        "hierarchy": [{"payee": person, "manager": manager} for person, manager in managers(folder)],
        "enrolments": [{"payee": person} for person in people],
        "calendar": [{"period": start, "from": start, "to": end, "year": start[:4]} for start, end in spans],
    }
