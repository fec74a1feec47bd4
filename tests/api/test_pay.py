"""Pay through the API: plan to run to statement to trace, the same cents everywhere, and shown by the reporting line as of its date."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.engine.trace import leaves_total
from spm.access.models import Role
from spm.people.models import ReportingLine
from spm.tenancy.changes import change, dated_end
from spm.tenancy.scope import tenant_scope
from tests.api.plan_text import PLAN as TEXT
from tests.api.support import make_caller
from tests.incentives.world import World, make_world, put_order
from tests.support.factories import make_payee, make_position, seat_payee


@pytest.fixture
def world(tenant) -> World:
    """Two sellers under a manager, with an order each in March, and a run."""
    with tenant_scope(tenant.pk):
        world = make_world(2)
        boss = make_payee("boss")
        seat_payee(boss, world.manager)
        put_order("1", world.payees[0], "2024-03-05", 1000_07)
        put_order("2", world.payees[1], "2024-03-06", 500_00)
        put_order("3", world.payees[0], "2024-05-06", 100_00)
        world.run()
        world.boss = boss  # type: ignore[attr-defined]
        return world


def _statement(caller, world: World, code: str = "2024-03", seller: int = 0):
    with tenant_scope(caller.tenant.pk):
        period = world.period(code).uid
    return caller.get(f"payees/{world.payees[seller].uid}/statements/{period}/")


def test_a_rep_reads_his_statement_its_trace_and_his_scorecard(tenant, world) -> None:
    rep = make_caller(tenant, Role.REP, payee=world.payees[0])
    listed = {row["period_code"]: row["total"] for row in rep.get(f"payees/{world.payees[0].uid}/statements/").json()}
    statement = _statement(rep, world).json()
    part = statement["parts"][0]
    assert listed["2024-03"] == statement["total"] == {"USD": "50.00"}
    assert (part["component"], part["amount"], part["causes"], part["is_late"]) == ("commission", "50.00", ["data"], False)
    query = {name: part[name] for name in ("plan_version", "seat", "component")}
    trace = rep.get(f"payees/{world.payees[0].uid}/traces/{part['earning_period']}/", **query).json()
    assert trace["amount"] == part["amount"]
    assert leaves_total(trace["tree"]) == Decimal("50.00")
    assert [(line["external_id"], line["pay_credit"], line["order_date"]) for line in trace["lines"]] == [("1", "1000.07", "2024-03-05")]
    card = rep.get(f"payees/{world.payees[0].uid}/scorecard/", date="2024-03-31").json()
    gauge = card["gauges"][0]
    assert (gauge["actual"], gauge["quota"], gauge["attainment"]) == ("1000.07", "100000.00", "0.010001")


@pytest.mark.parametrize(
    ("role", "who", "status"),
    [
        (Role.REP, "own", 200), (Role.REP, "other", 404), (Role.REP, None, 404), (Role.MANAGER, "boss", 200), (Role.MANAGER, "other", 404),
        (Role.FINANCE, None, 200), (Role.AUDITOR, None, 200), (Role.COMP_ADMIN, None, 200), (Role.HR, None, 404), (Role.TENANT_ADMIN, None, 404),
        (Role.PLANNING_ADMIN, None, 404),
    ],
)  # fmt: skip
def test_whose_pay_is_shown_to_whom(tenant, world, role, who, status) -> None:
    payee = {"own": world.payees[0], "other": world.payees[1], "boss": world.boss, None: None}[who]  # type: ignore[attr-defined]
    caller = make_caller(tenant, role, payee=payee)
    uid = world.payees[0].uid
    answers = [_statement(caller, world), caller.get(f"payees/{uid}/statements/"), caller.get(f"payees/{uid}/scorecard/", date="2024-03-31")]
    assert {answer.status_code for answer in answers} == {status}


def test_after_a_move_the_old_manager_sees_the_months_before_and_the_new_one_those_after(tenant, world) -> None:
    with tenant_scope(tenant.pk):
        elsewhere, chief = make_position("ELSEWHERE"), make_payee("chief")
        seat_payee(chief, elsewhere)
        line = ReportingLine.objects.get(position=world.seats[0].position)
        day = dt.date(2024, 5, 1)
        with change(reason="moved") as changes:
            dated_end(line, day=day, changeset=changes)
            ReportingLine.objects.create(position=line.position, manager=elsewhere, valid_from=day, known_from=changes)
    old, new = (make_caller(tenant, Role.MANAGER, payee=payee) for payee in (world.boss, chief))  # type: ignore[attr-defined]
    seen = [[_statement(caller, world, code).status_code for code in ("2024-03", "2024-05")] for caller in (old, new)]
    assert seen == [[200, 404], [404, 200]]
    codes = [{row["period_code"] for row in caller.get(f"payees/{world.payees[0].uid}/statements/").json()} for caller in (old, new)]
    assert [sorted(found & {"2024-03", "2024-05"}) for found in codes] == [["2024-03"], ["2024-05"]]


def test_a_team_shows_the_people_below_and_nobody_else(tenant, world) -> None:
    with tenant_scope(tenant.pk):
        period = world.period("2024-03").uid
    boss = make_caller(tenant, Role.MANAGER, payee=world.boss)  # type: ignore[attr-defined]
    rep = make_caller(tenant, Role.REP, payee=world.payees[1])
    assert {row["payee"] for row in boss.get(f"team/{period}/").json()["rows"]} == {str(p.uid) for p in world.payees}
    assert {row["payee"] for row in rep.get(f"team/{period}/").json()["rows"]} == {str(world.payees[1].uid)}


def test_a_run_tells_what_it_changed(tenant, world) -> None:
    with tenant_scope(tenant.pk):
        put_order("late", world.payees[0], "2024-03-09", 200_00)
        run = world.run()
    caller = make_caller(tenant, Role.FINANCE)
    diff = caller.get(f"runs/{run.uid}/diff/").json()
    assert diff["totals"] == {"USD": "10.00"}
    assert [(line["earning_period"], line["before"], line["after"], line["delta"], line["cause"]) for line in diff["lines"]] == [
        ("2024-03", "50.00", "60.00", "10.00", "data")
    ]
    posted = caller.get(f"runs/{run.uid}/postings/").json()["results"]
    assert [(row["amount"], row["payee"]) for row in posted] == [("10.00", str(world.payees[0].uid))]
    assert caller.get(f"runs/{run.uid}/").json()["summary"]["posted"] == 1


def test_a_plan_goes_from_text_to_force_and_its_author_needs_the_scope_to_approve(tenant) -> None:
    from tests.incentives.world import make_calendar

    with tenant_scope(tenant.pk):
        make_calendar()
    writer = make_caller(tenant, Role.COMP_ADMIN, scopes=["plans:read", "plans:write"])
    approver = make_caller(tenant, Role.FINANCE, scopes=["plans:read", "plans:approve"])
    broken = {"text": TEXT.replace("base: sales", "base: nothing"), "calendar": "months", "effective_from": "2024-01-01"}
    refused = writer.post("plans/", broken)
    assert (refused.status_code, refused.json()["code"]) == (422, "plan_refused")
    assert "components[0]" in refused.json()["errors"][0]["field"]
    made = writer.post("plans/", {**broken, "text": TEXT})
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    path = f"plan-versions/{made.json()['uid']}/"
    assert writer.post(f"{path}activate/").status_code == 403
    assert approver.post(f"{path}activate/").json()["state"] == "active"
    again = approver.post(f"{path}activate/")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert writer.request("PUT", path, {"text": TEXT, "effective_from": "2024-02-01"}).status_code == 409


def test_a_run_is_started_once_per_key_and_followed_by_its_job(tenant) -> None:
    caller = make_caller(tenant, Role.COMP_ADMIN)
    first, second = (caller.post("runs/", {"full": True}, **{"Idempotency-Key": "k"}) for _i in range(2))
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    job = caller.get(f"jobs/{first.json()['uid']}/").json()
    assert (job["kind"], job["state"]) == ("recompute", "queued")
    assert len(caller.get("jobs/").json()["results"]) == 1
    assert make_caller(tenant, Role.REP).post("runs/", {}).status_code == 403
