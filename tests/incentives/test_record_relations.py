"""Credit along named relations outside the reporting line: a mentor and a partner, as of the day, in the run, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.errors import PlanError
from incentives.engine.plan_check import plan_check
from incentives.models import LedgerEntry
from incentives.selectors import component_traces
from incentives.services import plan_create, seat_enrol, version_activate
from spm.access.models import Role
from spm.people.errors import PeopleError
from spm.people.models import NamedRelation, Payee, Seat
from spm.people.services import relation_set
from spm.tenancy.changes import change
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import World, make_world, put_order
from tests.support.factories import make_payee, make_position, seat_payee

PLAN = """\
engine: 1
plan: mentors
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
  - {name: mentored, to: related, relation: mentor, of: sale, as_of: event}
measures:
  - {name: mentored_sales, credits: [mentored]}
components:
  - {name: mentor_bonus, base: mentored_sales, pay_rate: {flat: 1.5%}}
tests:
  - name: the mentor of the day is paid, and of nobody else's sales
    transactions:
      - {id: 1, date: 2025-01-05, payee: bob, amount: 1000}
      - {id: 2, date: 2025-01-15, payee: bob, amount: 300}
      - {id: 3, date: 2025-01-15, payee: cleo, amount: 70}
    relations:
      - {payee: bob, relation: mentor, related: ann, from: 2025-01-01, to: 2025-01-10}
      - {payee: bob, relation: mentor, related: dan, from: 2025-01-10}
      - {payee: cleo, relation: engineer, related: dan}
    expect:
      - {payee: ann, component: mentor_bonus, period: 2025-01, amount: 15}
      - {payee: dan, component: mentor_bonus, period: 2025-01, amount: 4.5}
"""
JAN = dt.date(2024, 1, 31)
FIRST, MIDDLE = dt.date(2024, 1, 1), dt.date(2024, 1, 10)


@pytest.fixture
def mentor(scope: Any) -> tuple[World, Seat]:
    """A mentor outside everybody's line, under a plan of his own, and two sellers; he mentors the first from 10 January."""
    world = make_world(2)
    seat = seat_payee(make_payee("Mentor"), make_position()).seat
    version = version_activate(version=plan_create(text=PLAN, calendar=world.calendar, effective_from=FIRST))
    with change(reason="mentor's plan") as changeset:
        seat_enrol(plan=version.plan, seats=[seat], start=FIRST, changeset=changeset)
    relation_set(position=world.seats[0].position, name="mentor", related=seat.position, start=MIDDLE)
    put_order("1", world.payees[0], "2024-01-09", 500_00)
    put_order("2", world.payees[0], "2024-01-10", 1000_33)
    put_order("3", world.payees[1], "2024-01-10", 7000_00)
    return world, seat


def earned(payee: Payee, component: str = "mentor_bonus") -> Decimal:
    rows = LedgerEntry.objects.filter(payee=payee, component=component)
    return sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0))


def test_the_plans_own_test_holds() -> None:
    assert plan_check(PLAN).problems == ()
    assert all(not test.problems for test in plan_check(PLAN).tests)


def test_the_mentor_is_paid_for_what_was_sold_while_he_was_it(mentor: tuple[World, Seat]) -> None:
    world, seat = mentor
    world.run(business_date=JAN)
    assert earned(seat.payee) == Decimal("15.00")  # 1.5 % of 1,000.33 = 15.00495
    assert earned(world.payees[0], "commission") == Decimal("75.02")
    [trace] = component_traces(seat.payee, period=world.period("2024-01"))
    assert trace.tree["children"][0]["inputs"]["mentored_sales"] == "1000.33" or trace.parts[0]["detail"]["base"] == "1000.33"


def test_a_late_order_of_the_mentored_reaches_the_mentor_in_the_next_run(mentor: tuple[World, Seat]) -> None:
    world, seat = mentor
    world.run(business_date=JAN)
    put_order("4", world.payees[0], "2024-01-20", 2000_00)
    run = world.run(business_date=JAN)
    assert not run.is_full
    assert earned(seat.payee) == Decimal("45.00")  # 1.5 % of 3,000.33 = 45.00495


def test_a_relation_that_changes_is_found_by_the_next_run_under_its_cause(mentor: tuple[World, Seat]) -> None:
    world, seat = mentor
    world.run(business_date=JAN)
    relation_set(position=world.seats[1].position, name="mentor", related=seat.position, start=FIRST)
    run = world.run(business_date=JAN)
    assert earned(seat.payee) == Decimal("120.00")  # 1.5 % of 8,000.33 = 120.00495
    assert set(LedgerEntry.objects.filter(run=run).values_list("payee_id", "cause")) == {(seat.payee_id, "hierarchy")}
    relation_set(position=world.seats[1].position, name="mentor", related=seat.position, start=FIRST, holds=False)
    world.run(business_date=JAN)
    assert earned(seat.payee) == Decimal("15.00")


def test_nobody_sits_there_nobody_is_paid(scope: Any) -> None:
    world = make_world(1)
    relation_set(position=world.seats[0].position, name="mentor", related=make_position(), start=FIRST)
    put_order("1", world.payees[0], "2024-01-09", 500_00)
    world.run(business_date=JAN)
    assert set(LedgerEntry.objects.values_list("component", flat=True)) == {"commission"}


def test_a_position_is_not_its_own_mentor_and_a_repeated_act_changes_nothing(scope: Any) -> None:
    one, other = make_position(), make_position()
    with pytest.raises(PeopleError):
        relation_set(position=one, name="mentor", related=one, start=FIRST)
    for _ in range(2):
        relation_set(position=one, name="mentor", related=other, start=FIRST)
    assert NamedRelation.objects.count() == 1


def test_relations_by_api(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        one, other = make_position(), make_position()
    admin = make_caller(tenant, Role.HR)
    given = {"position": one.code, "name": "mentor", "related": other.code, "start": "2024-01-01"}
    assert admin.post("relations/set/", given).status_code == 200
    [row] = admin.get("relations/", name="mentor").json()["results"]
    assert (row["position"], row["related"]) == (one.code, other.code)
    assert make_caller(tenant, Role.REP).post("relations/set/", given).status_code == 403


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{name: m, to: related, of: sale, as_of: event}", "key_missing"),
        ("{name: m, to: related, relation: mentor, of: sales, as_of: event}", "not_line_rule"),
        ("{name: m, to: managers, relation: mentor, of: sale, as_of: event}", "key_does_not_go"),
    ],
)
def test_a_wrong_rule_is_found_at_its_line(rule: str, code: str) -> None:
    text = PLAN.split("tests:")[0].replace("{name: mentored, to: related, relation: mentor, of: sale, as_of: event}", rule)
    with pytest.raises(PlanError) as error:
        plan_load(text)
    assert (code, 7) in {(p.code, p.line) for p in error.value.problems}
