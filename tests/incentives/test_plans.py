"""Plans as documents: drafts compile, tests block activation, what is in use is frozen."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from django.db import DatabaseError, transaction

from incentives.models import PlanVersion
from incentives.services import PlanRefused, plan_create, version_activate, version_draft
from spm.tenancy.scope import tenant_scope
from tests.incentives.world import PLAN, make_calendar, make_world
from tests.support.factories import make_member, make_tenant, make_user

START = dt.date(2024, 1, 1)
FAILING = (
    PLAN
    + """\
tests:
  - name: wrong
    calendar: [{period: m1, from: 2024-01-01, to: 2024-02-01}]
    transactions: [{id: 1, date: 2024-01-05, payee: 1, amount: 100}]
    attributes: [{payee: 1, name: commission_pct, value: 0.05}]
    quotas: [{payee: 1, quota: sales, from: 2024-01-01, to: 2024-02-01, amount: 100}]
    expect: [{payee: 1, component: commission, period: m1, amount: 6}]
"""
)


def test_the_text_is_kept_as_written_and_the_digest_is_that_of_its_canonical_form(scope):
    version = plan_create(text=PLAN, calendar=make_calendar(), effective_from=START)
    assert version.text == PLAN
    assert "Comments stay" in version.text
    assert hashlib.sha256(version.canonical.encode()).hexdigest() == version.digest


def test_a_text_with_errors_is_refused_with_all_of_them(scope):
    with pytest.raises(PlanRefused) as refused:
        plan_create(text=PLAN.replace("base: sales", "base: salez").replace("quota: sales", "quota: nothing"), calendar=make_calendar(), effective_from=START)
    assert len(refused.value.problems) >= 2
    assert all(problem.line for problem in refused.value.problems)


def test_a_failing_test_of_its_own_blocks_activation(scope):
    version = plan_create(text=FAILING, calendar=make_calendar(), effective_from=START)
    with pytest.raises(PlanRefused, match="own tests"):
        version_activate(version=version)
    mended = version_draft(plan=version.plan, version=version, text=FAILING.replace("amount: 6}", "amount: 5}"), effective_from=START)
    assert version_activate(version=mended).state == "active"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [('channel = "online"', 'product = "bike"', "product"), ("calendar: month", "calendar: quarter", "kind month")],
)
def test_a_plan_that_would_stop_the_night_is_not_activated(scope, old, new, reason):
    version = plan_create(text=PLAN.replace(old, new), calendar=make_calendar(), effective_from=START)
    with pytest.raises(PlanRefused, match=reason):
        version_activate(version=version)


def test_a_version_in_use_is_frozen_and_a_draft_is_not(scope):
    version = plan_create(text=PLAN, calendar=make_calendar(), effective_from=START)
    PlanVersion.objects.filter(pk=version.pk).update(note="still a draft", text=PLAN + "# more\n")
    version_activate(version=PlanVersion.objects.get(pk=version.pk))
    for change in ({"text": PLAN}, {"effective_from": dt.date(2023, 1, 1)}, {"state": "draft"}):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            PlanVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).delete()
    with pytest.raises(PlanRefused, match="frozen"):
        version_draft(plan=version.plan, version=PlanVersion.objects.get(pk=version.pk), text=PLAN, effective_from=START)


@pytest.mark.django_db(transaction=True)
def test_the_page_names_the_figures_that_no_test_holds(client):
    tenant, admin = make_tenant("acme"), make_user()
    with tenant_scope(tenant.pk):
        make_member(admin, "comp_admin")
        world = make_world(1, text=PLAN.replace("{flat: attr.commission_pct}", "{flat: attr.commission_pct}\n    cap: 7777"))
    client.force_login(admin)
    url = f"/t/acme/plans/{world.plan.uid}/1/?tab=tests"
    assert "7777" not in client.get(url).content.decode()
    page = client.get(f"{url}&figures=1").content.decode()
    assert "7777" in page
    assert "components[0].cap" in page
