"""What a seller and an admin see of a plan on lines: product, quantity and the line's number beside the order, to the cent."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from urllib.parse import quote

import pytest
from openpyxl import load_workbook

from incentives.selectors import line_traces
from incentives.services.plans import plan_create, seat_enrol, version_activate
from incentives.services.runs import recompute
from spm.access.models import Role
from spm.api.scopes import Scope
from spm.calendars.models import FiscalCalendar, Period
from spm.people.models import Seat
from spm.sales.models import Order
from spm.tenancy.changes import change
from tests.api.support import make_caller
from tests.incentives.world import put_line, put_product
from tests.support.desks import TODAY, Desk, desk_build

PLAN = """\
engine: 1
plan: spiff
title: Vision kits
currency: USD
calendar: month
reads: order_lines
exclusions:
  - {name: freight, where: part = "difference"}
credits:
  - {name: kits, to: owner, where: category = "vision"}
measures:
  - {name: units, value: quantity}
components:
  - {name: spiff, label: Kit bonus, base: units, pay_rate: {flat: 40}}
"""


@pytest.fixture
def desk(scope) -> Desk:
    desk = desk_build(scope)
    version = version_activate(version=plan_create(text=PLAN, calendar=FiscalCalendar.objects.get(), effective_from=dt.date(2026, 1, 1)))
    with change(reason="enrolled") as changeset:
        seat_enrol(plan=version.plan, seats=[Seat.objects.get(payee=desk.rep)], start=dt.date(2026, 1, 1), changeset=changeset)
    kit = put_product("k", category="vision", name="Vision kit")
    put_line(Order.objects.get(external_id="S2"), "S2-7", 40_000_00, product=kit, quantity=3_0000)
    put_line(Order.objects.get(external_id="S2"), "S2-8", 10_000_05, product=put_product("a", category="robots", name="Robot arm"))
    recompute(business_date=TODAY)
    return desk


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("common", "statement_files"):
        monkeypatch.setattr(f"analytics.pages.{page}.today_of", lambda request: TODAY)


def test_the_component_and_its_drawer_show_line_product_and_quantity(desk):
    client = desk.client(desk.rep, Role.REP)
    url = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/spiff/"
    page = client.get(url).content.decode()
    assert "S2, line 7" in page
    assert "3 × Vision kit" in page
    assert "Robot arm" not in page
    (trace,) = line_traces(desk.rep, period=Period.objects.get(code="2026-02"), component="spiff")
    (line,) = trace.lines
    drawer = client.get(f"{url}lines/{quote(line.key)}/", headers={"HX-Request": "true"}).content.decode()
    for shown in ("S2, line 7", "Vision kit", "$40,000.00", "$120.00", "on 3", "Line S2-7 in crm"):
        assert shown in drawer
    assert trace.amount == line.pay == Decimal("120")
    assert client.get(f"{url}lines/crm:S2~S2-8/").status_code == 404


def test_the_interface_gives_the_lines_part_of_the_order(desk):
    caller = make_caller(desk.tenant, Role.COMP_ADMIN, scopes=[Scope.PAY_READ])
    (trace,) = line_traces(desk.rep, period=Period.objects.get(code="2026-02"), component="spiff")
    seat = Seat.objects.get(payee=desk.rep)
    asked = {"plan_version": trace.version.uid, "seat": seat.uid, "component": "spiff"}
    answer = caller.get(f"payees/{desk.rep.uid}/traces/{trace.period.uid}/", **asked)
    assert answer.status_code == 200, answer.content
    (line,) = answer.json()["lines"]
    assert line["part"].pop("change_number") > 0
    assert line["part"] == {"kind": "line", "line_number": 7, "external_id": "S2-7", "product": "Vision kit", "quantity": "3.0000", "year": 1}


def test_the_spreadsheet_names_product_and_quantity(desk):
    client = desk.client(desk.rep, Role.REP)
    body = client.get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/statement.xlsx").content
    rows = [row for row in load_workbook(io.BytesIO(body))["Lines"].iter_rows(values_only=True) if row[1] == "Kit bonus"]
    assert [(row[4], row[5], row[6], row[-1]) for row in rows] == [("S2, line 7", "Vision kit", 3, 120)]


def test_the_run_marks_what_is_left_of_an_order(desk):
    client = desk.client(None, Role.COMP_ADMIN)
    # Under the line plan alone, the robot's line is credited by nobody.
    from incentives.models import PlanVersion
    from incentives.services.plans import version_retire

    version_retire(version=PlanVersion.objects.get(plan__code="sales-commission"), lowering_reason="a test")
    run = recompute(business_date=TODAY)
    page = client.get(f"/t/{desk.tenant.slug}/runs/{run.uid}/").content.decode()
    assert "part of the order" in page
    assert "10,000.05" in page
