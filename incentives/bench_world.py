"""The tenant of `bench engine`: people, plans, rates and orders by fixed arithmetic (multiplication modulo primes), the same every time.

Teams of ten under one manager share a plan, and plans pay in three currencies. One payee in twenty changes his position on 1 July,
every fourth plan has a second version from then on, one order in eight is in a currency other than its plan's, one in fifty is split.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, connections

from incentives.engine.bench import PLAN
from incentives.models import PlanVersion
from incentives.services import plan_create, seat_enrol, version_activate
from incentives.services.plans import version_draft
from planning.models import Quota
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.codes import currency_pack
from spm.currencies.models import FxRate
from spm.people.models import Assignment, LegalEntity, Payee, Position, ReportingLine, Seat
from spm.sales.models import Product, ProductVersion
from spm.tenancy.changes import change
from spm.tenancy.scope import required_tenant_id

YEAR = 2025
TEAM = 10
MIDYEAR = dt.date(YEAR, 7, 1)
CURRENCIES = ("USD", "EUR", "GBP")
ABROAD = ("CHF", "SEK")
RATES = {"EUR": "1.08", "GBP": "1.27", "CHF": "1.12", "SEK": "0.095"}
"""US dollars for one unit in January; each month a thousandth more."""
MOVES_EACH, SPLIT_EACH, ABROAD_EACH, VERSIONS_EACH = 20, 50, 8, 4


@dataclass(frozen=True)
class Shape:
    """What the tenant is made of. over: the window in which plans accumulate; plain: one plan, one currency, no splits, nobody moves."""

    payees: int
    transactions: int
    plans: int
    lines: int
    over: str
    plain: bool


def plan_text(shape: Shape, key: str, currency: str, first: str = "2%") -> str:
    """The plan of engine.bench on what orders carry. Orders have no product: its filtered component reads the kind of sale."""
    text = PLAN.replace("calendar: month\n", "calendar: month\nreads: order_lines\n") if shape.lines else PLAN.replace('product = "bike"', 'kind = "renewal"')
    text = text.replace("plan: bench", f"plan: {key}").replace("currency: USD", f"currency: {currency}").replace("value: 2%", f"value: {first}")
    return text.replace("over: quarter", f"over: {shape.over}").replace("settle: quarter", f"settle: {shape.over}")


def people_write(shape: Shape) -> FiscalCalendar:
    """Payees in teams of ten under one manager each, quarterly quotas, calendar months, plans with their versions, rates."""
    calendar = FiscalCalendar.objects.create(code="months", name="Months", kind="month", is_default=True)
    edges = [dt.date(YEAR, month, 1) for month in range(1, 13)] + [dt.date(YEAR + 1, 1, 1)]
    Period.objects.bulk_create(
        Period(calendar=calendar, code=f"{a:%Y-%m}", starts=a, ends=b, quarter=f"Q{(a.month + 2) // 3}", year=str(YEAR)) for a, b in itertools.pairwise(edges)
    )
    entity = LegalEntity.objects.create(code="main", name="Bench", currency="USD")
    start, count = edges[0], shape.payees
    plan_of = [n // TEAM % shape.plans for n in range(count)]
    currency = ["USD" if shape.plain else CURRENCIES[k % len(CURRENCIES)] for k in range(shape.plans)]
    people = Payee.objects.bulk_create(Payee(source="bench", external_id=str(n), legal_entity=entity, pay_currency=currency[plan_of[n]]) for n in range(count))
    positions = Position.objects.bulk_create(Position(code=str(n), title="Seller") for n in range(count))
    seats = Seat.objects.bulk_create(Seat(payee=who, position=where) for who, where in zip(people, positions, strict=True))
    movers = [] if shape.plain else [n for n in range(count) if n % MOVES_EACH == 7]
    later = Position.objects.bulk_create(Position(code=f"{n}-2", title="Senior seller") for n in movers)
    second = Seat.objects.bulk_create(Seat(payee=people[n], position=where) for n, where in zip(movers, later, strict=True))
    versions = [
        version_activate(version=plan_create(text=plan_text(shape, f"plan-{k}", currency[k]), calendar=calendar, effective_from=start))
        for k in range(shape.plans)
    ]
    for k in () if shape.plain else range(0, shape.plans, VERSIONS_EACH):
        text = plan_text(shape, f"plan-{k}", currency[k], "2.5%")
        version_activate(version=version_draft(plan=versions[k].plan, text=text, effective_from=MIDYEAR))
    moved = dict(zip(movers, second, strict=True))
    with change(kind="setup", reason="people") as changeset:
        Assignment.objects.bulk_create(
            Assignment(payee=seat.payee, position=seat.position, seat=seat, valid_from=start, valid_to=MIDYEAR if n in moved else None, known_from=changeset)
            for n, seat in enumerate(seats)
        )
        Assignment.objects.bulk_create(
            Assignment(payee=seat.payee, position=seat.position, seat=seat, valid_from=MIDYEAR, known_from=changeset) for seat in second
        )
        placed = [*enumerate(positions), *zip(movers, later, strict=True)]
        ReportingLine.objects.bulk_create(
            ReportingLine(position=where, manager=positions[n - n % TEAM], valid_from=start, known_from=changeset) for n, where in placed if n % TEAM
        )
        Quota.objects.bulk_create(
            Quota(position=where, measure="sales", amount=200_000_00 + 1_000_00 * (n % 97), currency=currency[plan_of[n]], valid_from=edges[q],
                  valid_to=edges[q + 3], known_from=changeset)
            for n, where in placed for q in (0, 3, 6, 9)
        )  # fmt: skip
        for k, version in enumerate(versions):
            mine = [seat for n, seat in enumerate(seats) if plan_of[n] == k] + [seat for n, seat in moved.items() if plan_of[n] == k]
            seat_enrol(plan=version.plan, seats=mine, start=start, changeset=changeset)
        FxRate.objects.bulk_create(_rates(edges, changeset.pk))
    return calendar


def _rates(edges: list[dt.date], changeset: int) -> list[FxRate]:
    """Dated plan rates between all pairs, month by month."""
    usd = {"USD": Decimal(1), **{code: Decimal(text) for code, text in RATES.items()}}
    pairs = [(base, quote) for place, quote in enumerate(CURRENCIES) for base in usd if base != quote and base not in CURRENCIES[:place]]
    return [
        FxRate(
            rate_type="plan", base=base, quote=quote, fx_rate=round(usd[base] / usd[quote] * (1 + Decimal(month) / 1000), 10),
            valid_from=low, valid_to=high, known_from_id=changeset,
        )
        for base, quote in pairs for month, (low, high) in enumerate(itertools.pairwise(edges))
    ]  # fmt: skip


def drafts_write(shape: Shape, calendar: FiscalCalendar) -> tuple[PlanVersion, PlanVersion]:
    """Two drafts of a plan that is not in force, under which everybody is: for the comparison over the whole tenant."""
    first = plan_create(text=plan_text(shape, "drafted", "USD"), calendar=calendar, effective_from=dt.date(YEAR, 1, 1))
    second = version_draft(plan=first.plan, text=plan_text(shape, "drafted", "USD", "2.5%"), effective_from=dt.date(YEAR, 1, 1))
    with change(kind="setup", reason="drafts") as changeset:
        seat_enrol(plan=first.plan, seats=list(Seat.objects.all()), start=dt.date(YEAR, 1, 1), changeset=changeset)
    return first, second


def keys_drop() -> None:
    """Takes the foreign keys off the sales record of the scratch database: they are checked by imports, and no run writes there."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text LIKE 'sales_order%'")
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def orders_write(shape: Shape, *, first: int, count: int, payees: list[int]) -> None:
    """`count` orders spread evenly over payees, days, kinds and currencies. Lines sum to their order; every third is of the product "bike"."""
    tenant = required_tenant_id()
    plain = currency_pack("USD")
    own = [plain if shape.plain else currency_pack(CURRENCIES[n // TEAM % shape.plans % len(CURRENCIES)]) for n in range(shape.payees)]
    codes = [plain] if shape.plain else [currency_pack(code) for code in (*CURRENCIES, *ABROAD)]
    split, abroad = (0, 0) if shape.plain else (SPLIT_EACH, ABROAD_EACH)
    with change(kind="import", reason="orders") as changeset, connection.cursor() as cursor:
        cursor.execute(
            "WITH o AS (INSERT INTO sales_order (tenant_id, source, external_id) SELECT %(tenant)s, 'bench', n::text "
            "FROM generate_series(%(first)s, %(last)s) n RETURNING id, external_id::bigint AS n), "
            "w AS (INSERT INTO sales_orderversion (tenant_id, record_id, change_set_id, tombstone, amount, amount_scale, currency_code, number, payee_id, "
            "order_date, kind, channel, status, has_splits, region, credited_by) "
            "SELECT %(tenant)s, o.id, %(set)s, 0, 1000 + (n * 7919) %% 99991, 2, "
            "CASE WHEN %(abroad)s > 0 AND n / %(each)s %% %(abroad)s = 0 THEN (%(codes)s::int[])[1 + (n * 13) %% %(kinds)s] "
            "ELSE (%(own)s::int[])[1 + n %% %(each)s] END, "
            "'', (%(payees)s::bigint[])[1 + n %% %(each)s], %(start)s::date + ((n * 104729) %% 365)::int, 1 + (n * 31) %% 3, 1, 1, "
            "CASE WHEN %(split)s > 0 AND n / %(each)s %% %(split)s = 1 THEN 1 ELSE 0 END, '', 0 FROM o) "
            "INSERT INTO sales_ordersplit (tenant_id, order_id, change_set_id, payee_id, quota_share_ppm, pay_share_ppm, role) "
            "SELECT %(tenant)s, o.id, %(set)s, (%(payees)s::bigint[])[1 + (CASE part WHEN 0 THEN n %% %(each)s "
            "ELSE n %% %(each)s / 10 * 10 + (n %% %(each)s + 1) %% 10 END) %% %(each)s], CASE part WHEN 0 THEN 600000 ELSE 400000 END, "
            "CASE part WHEN 0 THEN 600000 ELSE 400000 END, '' FROM o CROSS JOIN generate_series(0, 1) part "
            "WHERE %(split)s > 0 AND n / %(each)s %% greatest(%(split)s, 1) = 1",
            {
                "tenant": tenant, "first": first, "last": first + count - 1, "set": changeset.pk, "abroad": abroad, "each": len(payees), "codes": codes,
                "kinds": len(codes), "own": own, "payees": payees, "start": dt.date(YEAR, 1, 1), "split": split,
            },
        )  # fmt: skip
        if shape.lines:
            _lines_write(shape, first=first, count=count, changeset=changeset.pk)


def _lines_write(shape: Shape, *, first: int, count: int, changeset: int) -> None:
    tenant, lines = required_tenant_id(), shape.lines
    kinds = [Product.objects.get_or_create(source="bench", external_id=code)[0].pk for code in ("bike", "cap", "tyre")]
    if not ProductVersion.objects.exists():
        ProductVersion.objects.bulk_create(ProductVersion(record_id=pk, change_set_id=changeset, name=str(pk)) for pk in kinds)
    span = [tenant, first, first + count - 1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")  # the new tables have no statistics yet
        cursor.execute(
            "INSERT INTO sales_orderline (tenant_id, source, external_id) SELECT %s, 'bench', n || '-' || k "
            "FROM generate_series(%s, %s) n, generate_series(1, %s) k",
            [*span, lines],
        )
        cursor.execute(
            "INSERT INTO sales_orderlineversion (tenant_id, record_id, change_set_id, tombstone, amount, amount_scale, currency_code, order_id, "
            "line_number, payee_id, order_date, product_id, quantity, unit_price, kind, contract) "
            "SELECT %s, l.id, v.change_set_id, 0, CASE WHEN k = 1 THEN v.amount - (%s - 1) * (v.amount / %s) ELSE v.amount / %s END, 2, v.currency_code, "
            "v.record_id, k, v.payee_id, v.order_date, (%s::bigint[])[1 + (o.external_id::bigint + k) %% 3], 10000, 0, 0, '' "
            "FROM sales_orderversion v JOIN sales_order o ON o.tenant_id = v.tenant_id AND o.id = v.record_id CROSS JOIN generate_series(1, %s) k "
            "JOIN sales_orderline l ON l.tenant_id = v.tenant_id AND l.source = 'bench' AND l.external_id = o.external_id || '-' || k "
            "WHERE v.tenant_id = %s AND v.change_set_id = %s",
            [tenant, lines, lines, lines, kinds, lines, tenant, changeset],
        )


def maintain() -> None:
    """What the maintenance job does after an import: visibility map and statistics, as the owner, outside a transaction."""
    connections["owner"].close()
    tables = (
        "sales_order",
        "sales_orderversion",
        "sales_ordersplit",
        "sales_orderlineversion",
        "incentives_ledgerentry",
        "incentives_runresult",
        "people_seat",
    )
    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM (ANALYZE) {table}")
