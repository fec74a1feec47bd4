"""A small company for the tests of runs: a calendar, a plan, sellers with seats, and orders by one line each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from incentives.models import Plan, PlanVersion, Run
from incentives.services import plan_create, recompute, seat_enrol, version_activate
from planning.models import Quota
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.codes import currency_pack
from spm.people.models import Payee, PayTerms, Position, Seat
from spm.sales.models import Account, Channel, DealKind, Order, OrderLine, OrderLineVersion, OrderSplit, OrderStatus, OrderVersion, Product, ProductVersion
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet
from tests.support.factories import make_payee, make_position, seat_payee

PLAN = """\
# Comments stay.
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
rounding: {mode: half_up, places: 2}
exclusions:
  - name: online
    where: channel = "online"
credits:
  - name: sale
    to: owner_or_splits
quotas:
  - name: sales
attributes:
  - name: commission_pct
measures:
  - name: sales
attainments:
  - name: attainment
    measure: sales
    quota: sales
components:
  - name: commission
    base: sales
    pay_rate: {flat: attr.commission_pct}
"""


def make_calendar(year: int = 2024, months: int = 12) -> FiscalCalendar:
    """Calendar months of a year."""
    calendar = FiscalCalendar.objects.create(code="months", name="Months", kind="month", is_default=True)
    for month in range(1, months + 1):
        starts = dt.date(year, month, 1)
        ends = dt.date(year + month // 12, month % 12 + 1, 1)
        Period.objects.create(calendar=calendar, code=f"{year}-{month:02}", starts=starts, ends=ends, quarter=f"Q{(month + 2) // 3}", year=str(year))
    return calendar


def put_order(
    external_id: str, payee: Payee | None, day: str, amount: int, *, scale: int = 2, currency: str = "USD", channel: int = Channel.DIRECT,
    kind: int = DealKind.NEW, splits: Sequence[tuple[Payee, int]] = (), gone: bool = False,
    account: Account | None = None,
) -> Order:  # fmt: skip
    """Publishes a new version of an order; moves it, with a tombstone under the old key, when payee or date differ."""
    order, made = Order.objects.get_or_create(source="test", external_id=external_id)
    with change(reason=f"order {external_id}") as changeset:
        values: dict[str, Any] = {
            "amount": amount, "amount_scale": scale, "currency_code": currency_pack(currency), "channel": channel, "kind": kind,
            "status": OrderStatus.BOOKED, "has_splits": int(bool(splits)), "account": account,
        }  # fmt: skip
        known = OrderVersion.objects.filter(record=order, tombstone=0, change_set__number__isnull=False)
        before = None if made else known.order_by("-change_set__number").first()
        date = dt.date.fromisoformat(day)
        if before is not None and (gone or (before.payee_id, before.order_date) != (payee.pk if payee else None, date)):
            OrderVersion.objects.create(record=order, change_set=changeset, payee_id=before.payee_id, order_date=before.order_date, tombstone=1, **values)
        if not gone:
            OrderVersion.objects.create(record=order, change_set=changeset, payee=payee, order_date=date, **values)
        if not gone:
            _lines_follow(order, payee, date, changeset)
        for other, share in splits:
            OrderSplit.objects.create(order=order, change_set=changeset, payee=other, quota_share_ppm=share, pay_share_ppm=share)
    return order


def _lines_follow(order: Order, payee: Payee | None, date: dt.date, changeset: ChangeSet) -> None:
    """Lines stand under their order's payee and date."""
    newest = {v.record_id: v for v in OrderLineVersion.objects.filter(order=order).order_by("change_set__number", "-tombstone")}
    for line in newest.values():
        if not line.tombstone and (line.payee_id, line.order_date) != (payee.pk if payee else None, date):
            values = {f.attname: getattr(line, f.attname) for f in line._meta.concrete_fields if f.attname not in ("id", "tombstone", "change_set_id")}
            moved = {"payee_id": payee.pk if payee else None, "order_date": date}
            OrderLineVersion.objects.create(**values, change_set=changeset, tombstone=1)
            OrderLineVersion.objects.create(**{**values, **moved}, change_set=changeset)


def put_product(external_id: str, *, category: str = "", code: str = "", name: str = "") -> Product:
    """Publishes a new version of a product."""
    product, _ = Product.objects.get_or_create(source="test", external_id=external_id)
    with change(reason=f"product {external_id}") as changeset:
        ProductVersion.objects.create(record=product, change_set=changeset, name=name or external_id, code=code, category=category)
    return product


def put_line(
    order: Order, external_id: str, amount: int, *, product: Product | None = None, scale: int = 2, currency: str = "USD", gone: bool = False, **values: Any
) -> OrderLine:  # fmt: skip
    """Publishes a new version of a line, under the payee and date that its order has then."""
    line, _ = OrderLine.objects.get_or_create(source="test", external_id=external_id)
    header = OrderVersion.objects.filter(record=order, tombstone=0).order_by("-change_set__number").first()
    assert header is not None
    with change(reason=f"line {external_id}") as changeset:
        known = {
            "order": order, "payee_id": header.payee_id, "order_date": header.order_date, "amount": amount, "amount_scale": scale,
            "currency_code": currency_pack(currency), "product": product, "line_number": int(external_id.rsplit("-", 1)[-1]), **values,
        }  # fmt: skip
        OrderLineVersion.objects.create(record=line, change_set=changeset, tombstone=int(gone), **known)
    return line


@dataclass
class World:
    """What `make_world` built."""

    calendar: FiscalCalendar
    plan: Plan
    version: PlanVersion
    payees: list[Payee] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    manager: Position | None = None

    def period(self, code: str) -> Period:
        """A period by its code."""
        return Period.objects.get(calendar=self.calendar, code=code)

    def run(self, **values: Any) -> Run:
        """A run as seen at the end of the year."""
        return recompute(business_date=values.pop("business_date", dt.date(2024, 12, 31)), **values)


def make_world(sellers: int = 2, *, text: str = PLAN, pct: str = "0.05", quota: int = 100_000_00, calendar: FiscalCalendar | None = None) -> World:
    """Sellers under one manager, each with a quota a month and a commission rate, all under one active plan."""
    calendar = calendar or make_calendar()
    version = version_activate(version=plan_create(text=text, calendar=calendar, effective_from=dt.date(2024, 1, 1)))
    world = World(calendar, version.plan, version, manager=make_position("M"))
    for _ in range(sellers):
        payee = make_payee()
        position = make_position(manager=world.manager)
        world.payees.append(payee)
        world.seats.append(seat_payee(payee, position).seat)
    with change(reason="terms") as changeset:
        for seat in world.seats:
            PayTerms.objects.create(seat=seat, currency="USD", valid_from=dt.date(2024, 1, 1), known_from=changeset, attributes={"commission_pct": pct})
            for period in Period.objects.filter(calendar=calendar):
                Quota.objects.create(
                    position_id=seat.position_id, measure="sales", amount=quota, currency="USD", valid_from=period.starts, valid_to=period.ends,
                    known_from=changeset,
                )  # fmt: skip
        seat_enrol(plan=world.plan, seats=world.seats, start=dt.date(2024, 1, 1), changeset=changeset)
    return world


TEAM_PLAN = """\
engine: 1
plan: team
title: Managers
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
measures:
  - {name: sales}
components:
  - name: team_pay
    team_override: {base: sales, measure: sales, as_of: event, levels: direct}
    pay_rate: {flat: 1%}
"""


def add_manager(world: World, *, text: str = TEAM_PLAN) -> Seat:
    """Puts a manager into the world's manager position, under a plan that pays on the team's sales."""
    assert world.manager is not None
    seat = seat_payee(make_payee("Manager"), world.manager).seat
    version = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=dt.date(2024, 1, 1)))
    with change(reason="manager's plan") as changeset:
        seat_enrol(plan=version.plan, seats=[seat], start=dt.date(2024, 1, 1), changeset=changeset)
    return seat


LINE_PLAN = """\
engine: 1
plan: units
title: Units
currency: USD
calendar: month
reads: order_lines
exclusions:
  - {name: online lines, where: channel = "online"}
credits:
  - {name: sale, to: owner_or_splits, where: category = "Bikes" or part = "order"}
measures:
  - {name: sales, label: Sales}
  - {name: units, value: quantity}
components:
  - {name: by_line, base: sales, pay_rate: {flat: 3%}}
  - {name: spiff, base: units, pay_rate: {flat: 5}}
"""


def add_line_plan(world: World, *, text: str = LINE_PLAN) -> PlanVersion:
    """Puts the world's sellers, but the first, also under a plan that reads order lines."""
    version = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=dt.date(2024, 1, 1)))
    with change(reason="plan on lines") as changeset:
        seat_enrol(plan=version.plan, seats=world.seats[1:], start=dt.date(2024, 1, 1), changeset=changeset)
    return version
