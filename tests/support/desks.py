"""A small company with a computed quarter: a manager, two reps, one plan with an accelerator and a share of the team's sales."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.test import Client

from incentives.models import Run
from incentives.services.plans import plan_create, seat_enrol, version_activate
from incentives.services.runs import recompute
from planning.models import Quota
from spm.access.models import Role
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.codes import currency_pack
from spm.people.models import Payee, PayTerms
from spm.sales.models import Channel, Order, OrderVersion
from spm.tenancy.changes import change
from spm.tenancy.models import Tenant
from tests.support.factories import make_member, make_payee, make_position, make_user, seat_payee
from training.demo.build import PLANS

TODAY = dt.date(2026, 2, 15)


@dataclass
class Desk:
    """The company; orders are (external id, day, amount in cents) of the first rep."""

    tenant: Tenant
    manager: Payee
    rep: Payee
    other: Payee
    run: Run
    orders: list[tuple[str, dt.date, int]]

    def client(self, payee: Payee | None, *roles: Role) -> Client:
        """A signed-in browser of a new member with these roles. Needs the scope."""
        user = make_user()
        make_member(user, *roles, payee=payee)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client


def order_write(external_id: str, payee: Payee | None, day: dt.date, cents: int, *, channel: int = Channel.DIRECT) -> Order:
    """One order in a change set of its own."""
    order = Order.objects.create(source="crm", external_id=external_id)
    with change(kind="import", reason=external_id) as changeset:
        OrderVersion.objects.create(
            record=order, change_set=changeset, payee=payee, order_date=day, amount=cents, amount_scale=2, currency_code=currency_pack("USD"),
            number=external_id, channel=channel,
        )  # fmt: skip
    return order


def order_move(external_id: str, payee: Payee) -> None:
    """Gives an order to another payee: a tombstone under the old key, the new version, one change set."""
    before = OrderVersion.objects.get(record__external_id=external_id, tombstone=0)
    values = {f.attname: getattr(before, f.attname) for f in OrderVersion._meta.concrete_fields if f.attname not in {"id", "change_set_id", "tombstone"}}
    with change(kind="import", reason=f"{external_id} moved") as changeset:
        OrderVersion.objects.create(**values, change_set=changeset, tombstone=1)
        OrderVersion.objects.create(**{**values, "payee_id": payee.pk}, change_set=changeset, tombstone=0)


def desk_build(tenant: Tenant) -> Desk:
    """Builds and computes it as of TODAY. Needs the scope."""
    calendar = FiscalCalendar.objects.create(code="m", name="Months", kind="month", is_default=True)
    starts = [dt.date(2026, month, 1) for month in range(1, 13)] + [dt.date(2027, 1, 1)]
    for n, start in enumerate(starts[:-1]):
        Period.objects.create(calendar=calendar, code=f"{start:%Y-%m}", starts=start, ends=starts[n + 1], quarter=f"Q{n // 3 + 1}", year="2026")
    lead = make_position("LEAD", title="Sales manager")
    manager, rep, other = make_payee("Grace Manager"), make_payee("Ava Rep"), make_payee("Ben Rep")
    seats = [
        seat_payee(manager, lead).seat,
        seat_payee(rep, make_position("R1", manager=lead)).seat,
        seat_payee(other, make_position("R2", manager=lead)).seat,
    ]
    with change(reason="terms") as changeset:
        for seat, pct, team in zip(seats, ("0", "0.06", "0.05"), ("0.01", "0", "0"), strict=True):
            PayTerms.objects.create(seat=seat, currency="USD", valid_from=starts[0], known_from=changeset, attributes={"commission_pct": pct, "team_pct": team})
        for seat, quota in zip(seats, (300_000, 100_000, 200_000), strict=True):
            Quota.objects.create(
                position=seat.position, measure="sales", amount=quota * 100, currency="USD", valid_from=starts[0], valid_to=starts[3], known_from=changeset
            )
    orders = [("S1", dt.date(2026, 1, 10), 60_000_00), ("S2", dt.date(2026, 2, 3), 50_000_05), ("S3", dt.date(2026, 2, 4), 10_000_10)]
    for external_id, day, cents in orders:
        order_write(external_id, rep, day, cents)
    order_write("S4", other, dt.date(2026, 1, 20), 20_000_00)
    order_write("W1", None, dt.date(2026, 1, 5), 500_00, channel=Channel.ONLINE)
    order_write("X1", None, dt.date(2026, 1, 6), 900_00)
    text = (PLANS / "sales.yaml").read_text(encoding="utf-8").replace("{{currency}}", "USD")
    version = version_activate(version=plan_create(text=text, calendar=calendar, effective_from=starts[0]))
    with change(reason="enrolled") as changeset:
        seat_enrol(plan=version.plan, seats=seats, start=starts[0], changeset=changeset)
    return Desk(tenant, manager, rep, other, recompute(business_date=TODAY), orders)
