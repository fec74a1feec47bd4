"""A plan edit that would lower pay already earned is found, listed person by person, and refused without a named approval."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from decimal import Decimal

import pytest

from incentives.lowering import pay_lowered
from incentives.models import LedgerEntry, LoweringCheck, PlanVersion
from incentives.selectors.lowering import lowering_get
from incentives.services import PlanLowersPay, version_activate, version_draft, version_retire
from incentives.services.lowering import check_known, lowering_compute, version_move
from spm.access.models import Role
from spm.audit.models import AuditEntry
from spm.jobs.execution import job_run_here
from spm.jobs.models import Job
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.world import PLAN, make_world, put_order
from tests.support.factories import make_member, make_tenant, make_user

MARCH = dt.date(2024, 3, 31)
HALF = PLAN.replace("{flat: attr.commission_pct}", "{flat: attr.commission_pct * 50%}")
MORE = PLAN.replace("{flat: attr.commission_pct}", "{flat: attr.commission_pct * 2}")


def draft(world, text, start):
    return version_draft(plan=world.plan, text=text, effective_from=start)


@pytest.fixture
def world(scope):
    world = make_world(2)
    put_order("a", world.payees[0], "2024-01-10", 10_000_00)
    put_order("b", world.payees[0], "2024-03-10", 20_000_00)
    put_order("c", world.payees[1], "2024-02-10", 4_000_00)
    world.run(business_date=MARCH)
    return world


def test_a_version_that_reaches_back_lists_who_loses_what_in_which_period(world):
    rows = pay_lowered(version=draft(world, HALF, dt.date(2024, 2, 1)))
    assert [(row.payee, row.period.code, row.before, row.after) for row in rows] == [
        (world.payees[0], "2024-03", Decimal("1000.00"), Decimal("500.00")),
        (world.payees[1], "2024-02", Decimal("200.00"), Decimal("100.00")),
    ]


def test_currencies_in_which_a_plan_earns_apart_do_not_make_up_for_each_other(scope):
    apart = PLAN + "currencies: [USD, EUR]\n"
    both = apart.replace("{flat: attr.commission_pct}", "{flat: 5%}")
    world = make_world(1, text=both)
    put_order("usd", world.payees[0], "2024-01-10", 10_000_00)
    put_order("eur", world.payees[0], "2024-01-10", 10_000_00, currency="EUR")
    world.run(business_date=MARCH)
    # What euro deals paid, dollar deals are to pay beside what they paid.
    text = both.replace("    to: owner_or_splits\n", '    to: owner_or_splits\n    where: currency = "USD"\n').replace("{flat: 5%}", "{flat: 10%}")
    version = draft(world, text, dt.date(2024, 1, 1))
    assert [(row.currency, row.before, row.after) for row in pay_lowered(version=version)] == [("EUR", Decimal(500), Decimal(0))]
    with pytest.raises(PlanLowersPay, match="1 person would earn less"):
        version_activate(version=version)


def test_it_is_refused_without_a_reason_and_changes_nothing(world):
    version = draft(world, HALF, dt.date(2024, 2, 1))
    with pytest.raises(PlanLowersPay, match="2 people would earn less"):
        version_activate(version=version)
    assert PlanVersion.objects.get(pk=version.pk).state == "draft"
    world.run(business_date=MARCH)
    assert not LedgerEntry.objects.filter(amount__lt=0).exists()


def test_with_a_named_reason_it_is_put_in_force_and_the_audit_trail_says_so(world):
    version_activate(version=draft(world, HALF, dt.date(2024, 2, 1)), lowering_reason="Agreed with the works council", actor_id=7)
    record = AuditEntry.objects.filter(action="plan.activate").latest("pk")
    assert (record.after["lowers"], record.after["by"], record.after["lowering_reason"]) == (2, "-600.00 USD", "Agreed with the works council")
    assert record.actor_id == 7


def test_a_version_that_only_raises_pay_or_begins_later_needs_no_approval(world):
    version_activate(version=draft(world, MORE, dt.date(2024, 1, 1)))
    assert pay_lowered(version=draft(world, HALF, dt.date(2024, 4, 1))) == []
    version_activate(version=draft(world, HALF, dt.date(2024, 4, 1)))


def test_taking_a_version_out_of_force_is_guarded_as_well(world):
    with pytest.raises(PlanLowersPay) as refused:
        version_retire(version=world.version)
    assert sum(row.amount for row in refused.value.rows) == Decimal("-1700.00")
    version_retire(version=world.version, lowering_reason="The plan was a mistake")


def test_new_orders_since_the_last_run_do_not_pass_for_the_edits_doing(world):
    """Negative control: both sides are computed on the same facts, so a lower order alone lists nobody."""
    put_order("a", world.payees[0], "2024-01-10", 1_00)
    assert pay_lowered(version=draft(world, PLAN, dt.date(2024, 1, 1))) == []


@pytest.mark.django_db(transaction=True)
def test_in_the_browser_the_admin_sees_who_loses_and_finance_lets_it_pass(client):
    tenant = make_tenant("acme")
    admin, finance = make_user(), make_user()
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("a", world.payees[0], "2024-01-10", 10_000_00)
        make_member(admin, "comp_admin")
        make_member(finance, "finance")
        world.run(business_date=MARCH)
        version = draft(world, HALF, dt.date(2024, 1, 1))
    url = f"/t/acme/plans/{world.plan.uid}/{version.number}/activate/"
    client.force_login(admin)
    asked = client.post(url, {"lowering_reason": "I say so"})
    assert asked.status_code == 302
    assert "Check for lower pay" in client.get(asked.url).content.decode()
    assert client.post(url).url == asked.url  # the same question is asked once
    job_run_here(tenant_id=tenant.pk, job_id=the_job(tenant))
    text = client.get(asked.url).content.decode()
    assert "$500.00" in text
    assert "$250.00" in text
    assert "Approve and put in force" not in text
    assert client.post(url, {"lowering_reason": "I say so"}).status_code == 409
    client.force_login(finance)
    assert "Approve and put in force" in client.get(asked.url).content.decode()
    assert "Give a reason." in client.post(url, {"lowering_reason": " "}).content.decode()
    assert client.post(url, {"lowering_reason": "Agreed"}).status_code == 302
    with tenant_scope(tenant.pk):
        assert PlanVersion.objects.get(pk=version.pk).state == "active"


def the_job(tenant) -> int:
    with tenant_scope(tenant.pk):
        return Job.objects.get(kind="lowering_check").pk


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_lowers_nobodys_pay_is_made_when_it_has_been_looked_at(client):
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(1)
        put_order("a", world.payees[0], "2024-01-10", 10_000_00)
        world.run(business_date=MARCH)
        version, later = draft(world, MORE, dt.date(2024, 1, 1)), draft(world, HALF, dt.date(2024, 4, 1))
        caller = make_caller(tenant, Role.COMP_ADMIN)
        assert caller.post(f"plan-versions/{later.uid}/activate/", {}).json()["state"] == "active"  # it touches nothing that is earned
        asked = caller.post(f"plan-versions/{version.uid}/activate/", {})
        assert asked.status_code == 202
    job_run_here(tenant_id=tenant.pk, job_id=the_job(tenant))
    with tenant_scope(tenant.pk):
        assert PlanVersion.objects.get(pk=version.pk).state == "active"
        found = caller.get(f"lowering-checks/{asked.json()['uid']}/").json()
        assert (found["state"], found["people"], found["rows"]) == ("done", 0, [])


def test_an_answer_holds_until_a_run_ends_or_the_plan_is_edited(world):
    version = draft(world, HALF, dt.date(2024, 2, 1))

    def looked_at() -> LoweringCheck:
        row = version_move(version=version)
        assert isinstance(row, LoweringCheck)
        lowering_compute(tenant_id=row.tenant_id, uid=str(row.uid), commit=nullcontext)
        row.refresh_from_db()
        return row

    row = looked_at()
    assert check_known(version=version) == row
    assert lowering_get(row).rows == pay_lowered(version=version)
    with pytest.raises(PlanLowersPay, match="2 people"):
        version_move(version=version)
    put_order("d", world.payees[1], "2024-03-10", 4_000_00)
    world.run(business_date=MARCH)
    assert check_known(version=version) is None
    assert len(lowering_get(looked_at()).rows) == 3
    version = version_draft(plan=world.plan, text=MORE, effective_from=dt.date(2024, 2, 1), version=version)
    assert check_known(version=version) is None
    looked_at()
    assert PlanVersion.objects.get(pk=version.pk).state == "active"
