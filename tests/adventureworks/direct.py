"""Writes AdventureWorks' sales side straight into the record: people, quota windows, orders. The import has tests of its own."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

from django.db import connection

from incentives.models import Plan
from incentives.services import plan_create, seat_enrol, version_activate
from planning.models import Quota
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.codes import currency_pack
from spm.people.models import Assignment, LegalEntity, Payee, PayTerms, Position, ReportingLine, Seat
from spm.sales.models import Channel, Order, OrderStatus, OrderVersion
from spm.tenancy.changes import change

FIRST_DAY, LAST_DAY = dt.date(2011, 5, 31), dt.date(2014, 7, 1)
PLANS = Path(__file__).parent / "plans"


def plans_forget() -> None:
    """Plans made while the tables were empty are dropped, and loops over whole tables avoided: an import is followed by ANALYZE, but
    what is written within one transaction cannot be analysed, and plans for empty tables read them from end to end for every row."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        cursor.execute("SET LOCAL enable_nestloop = off")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """A CSV file."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def windows(folder: Path) -> list[tuple[dt.date, dt.date]]:
    """The quota windows: from one quota date to the next, the last to the end of the data."""
    days = sorted({dt.date.fromisoformat(row["QuotaDate"]) for row in rows(folder, "SalesPersonQuotaHistory")})
    return list(zip(days, [*days[1:], LAST_DAY], strict=True))


def record_write(folder: Path) -> FiscalCalendar:
    """Everything in three change sets; needs the tenant's scope."""
    calendar = FiscalCalendar.objects.create(code="windows", name="Quota windows", kind="custom")
    for start, end in windows(folder):
        Period.objects.create(calendar=calendar, code=start.isoformat(), starts=start, ends=end, year=str(start.year))
    entity = LegalEntity.objects.create(code="aw", name="Adventure Works", currency="USD")
    nodes = {row["BusinessEntityID"]: row["OrganizationNode"] for row in rows(folder, "Employee")}
    sellers = rows(folder, "SalesPerson")
    positions, payees = {}, {}
    with change(reason="people") as changeset:
        for row in sellers:
            key = row["BusinessEntityID"]
            payees[key] = Payee.objects.create(source="aw", external_id=key, legal_entity=entity, pay_currency="USD", pay_group="windows")
            positions[nodes[key]] = Position.objects.create(code=f"SP-{key}", title="Sales")
        for row in sellers:
            key = row["BusinessEntityID"]
            position = positions[nodes[key]]
            seat = Seat.objects.create(payee=payees[key], position=position)
            Assignment.objects.create(payee=payees[key], position=position, seat=seat, valid_from=FIRST_DAY, known_from=changeset)
            PayTerms.objects.create(seat=seat, currency="USD", valid_from=FIRST_DAY, known_from=changeset, attributes={"commission_pct": row["CommissionPct"]})
            above = positions.get(nodes[key].rstrip("/").rsplit("/", 1)[0] + "/")
            if above is not None:
                ReportingLine.objects.create(position=position, manager=above, valid_from=FIRST_DAY, known_from=changeset)
        ends = dict(windows(folder))
        for row in rows(folder, "SalesPersonQuotaHistory"):
            start = dt.date.fromisoformat(row["QuotaDate"])
            Quota.objects.create(
                position=positions[nodes[row["BusinessEntityID"]]], measure="sales", amount=int(row["SalesQuota"]), amount_scale=0, currency="USD",
                valid_from=start, valid_to=ends[start], known_from=changeset,
            )  # fmt: skip
    with change(kind="import", reason="orders") as changeset:
        headers = rows(folder, "SalesOrderHeader")
        orders = Order.objects.bulk_create([Order(source="aw", external_id=row["SalesOrderID"]) for row in headers], batch_size=5000)
        plans_forget()
        OrderVersion.objects.bulk_create(
            [
                OrderVersion(
                    record=order, change_set=changeset, number=row["SalesOrderNumber"], payee=payees.get(row["SalesPersonID"]), order_date=row["OrderDate"],
                    amount=int(Decimal(row["SubTotal"]).scaleb(4)), amount_scale=4, currency_code=currency_pack("USD"), status=OrderStatus.SHIPPED,
                    channel=Channel.ONLINE if row["OnlineOrderFlag"] == "1" else Channel.DIRECT,
                )
                for order, row in zip(orders, headers, strict=True)
            ],
            batch_size=5000,
        )  # fmt: skip
    return calendar


def plan_enrol(name: str, calendar: FiscalCalendar) -> Plan:
    """Activates one of the plan documents and puts every sales person under it."""
    version = version_activate(version=plan_create(text=(PLANS / f"{name}.yaml").read_text(encoding="utf-8"), calendar=calendar, effective_from=FIRST_DAY))
    with change(reason="enrolled") as changeset:
        seat_enrol(plan=version.plan, seats=list(Seat.objects.all()), start=FIRST_DAY, changeset=changeset)
    return version.plan


# ---------------------------------------------------------------- the same figures again, by plain Decimal and Fraction


@dataclass(frozen=True)
class Expected:
    """By sales person (BusinessEntityID) and window start."""

    sales: dict[tuple[str, str], Decimal]
    attainment: dict[tuple[str, str], Fraction]
    flat: dict[tuple[str, str], Decimal]
    accelerated: dict[tuple[str, str], Decimal]
    sales_override: dict[tuple[str, str], Decimal]
    commission_override: dict[tuple[str, str], Decimal]


def cents(value: Decimal | Fraction) -> Decimal:
    """Half up, away from zero."""
    if isinstance(value, Fraction):
        sign = -1 if value < 0 else 1
        whole, rest = divmod(abs(value.numerator) * 100, value.denominator)
        return Decimal(sign * (whole + (2 * rest >= value.denominator))).scaleb(-2)
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def expected_of(folder: Path) -> Expected:
    """An independent computation from the files: no product code, no shared helper."""
    starts = [(start.isoformat(), end.isoformat()) for start, end in windows(folder)]
    rate = {row["BusinessEntityID"]: Fraction(row["CommissionPct"]) for row in rows(folder, "SalesPerson")}
    nodes = {row["BusinessEntityID"]: row["OrganizationNode"] for row in rows(folder, "Employee")}
    sales: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows(folder, "SalesOrderHeader"):
        if row["SalesPersonID"]:
            window = next(start for start, end in starts if start <= row["OrderDate"] < end)
            sales[row["SalesPersonID"], window] += cents(Decimal(row["SubTotal"]))
    quota = {(row["BusinessEntityID"], row["QuotaDate"]): Fraction(row["SalesQuota"]) for row in rows(folder, "SalesPersonQuotaHistory")}
    accelerated, sales_override, commission_override = {}, defaultdict(Fraction), defaultdict(Fraction)
    for key, sold in sales.items():
        if key not in quota:
            continue
        base, bounds, due = Fraction(sold), [0, Fraction(8, 10), 1, Fraction(12, 10), None], Fraction(0)
        for low, high, factor in zip(bounds, bounds[1:], [1, Fraction(5, 4), Fraction(3, 2), 2], strict=False):
            start = low * quota[key]
            end = base if high is None else min(base, high * quota[key])
            due += max(Fraction(0), end - start) * factor
        accelerated[key] = cents(due * rate[key[0]])
    manager_of = {}
    for person in rate:
        above = [other for other in rate if nodes[person].startswith(nodes[other]) and nodes[person].count("/") == nodes[other].count("/") + 1]
        if above:
            manager_of[person] = above[0]
    for (person, window), sold in sales.items():
        if person in manager_of:
            sales_override[manager_of[person], window] += Fraction(sold) * Fraction(15, 10000)
            commission_override[manager_of[person], window] += Fraction(accelerated.get((person, window), 0)) * Fraction(5, 100)
    flat = {key: cents(Fraction(sold) * rate[key[0]]) for key, sold in sales.items()}
    attainment = {key: Fraction(sales[key]) / value for key, value in quota.items()}
    by_sales = {key: cents(value) for key, value in sales_override.items()}
    return Expected(dict(sales), attainment, flat, accelerated, by_sales, {key: cents(value) for key, value in commission_override.items()})
