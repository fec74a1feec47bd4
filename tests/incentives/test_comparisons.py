"""Plan A against plan B on the sales that were made: equal to runs of each, posting nothing, by service, page and API."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from incentives import comparison
from incentives.chunking import version_compute
from incentives.comparison import versions_compare
from incentives.engine.errors import InputError
from incentives.models import LedgerEntry, PlanComparison, PlanVersion, Run
from incentives.pages.comparisons import texts_changed
from incentives.services import PlanRefused, comparison_start, plan_create, version_draft
from incentives.services.comparisons import comparison_compute
from spm.currencies.models import FxRate
from spm.jobs.execution import job_run_here
from spm.tenancy.changes import change, known_number
from spm.tenancy.scope import tenant_scope
from tests.incentives.world import PLAN, World, add_manager, make_world, put_order
from tests.support.factories import make_member, make_tenant, make_user

RICHER = PLAN.replace("pay_rate: {flat: attr.commission_pct}", "pay_rate: {flat: attr.commission_pct * 2}\n    cap: 900")
YEAR = (dt.date(2024, 1, 1), dt.date(2025, 1, 1))


@pytest.fixture
def world(scope) -> World:
    world = make_world(3)
    put_order("A", world.payees[0], "2024-01-10", 10_000_00)
    put_order("B", world.payees[0], "2024-02-10", 4_000_00)
    put_order("C", world.payees[1], "2024-02-11", 30_000_00, splits=[(world.payees[1], 500_000), (world.payees[2], 500_000)])
    put_order("N", None, "2024-02-11", 70_00)
    return world


def richer(world: World):  # type: ignore[no-untyped-def]
    return version_draft(plan=world.plan, text=RICHER, effective_from=YEAR[0])


def test_each_side_is_what_a_run_under_that_plan_pays(world) -> None:
    world.run()
    posted = LedgerEntry.objects.values("payee_id").annotate(cents=Sum(F("amount")))
    found = versions_compare(first=world.version, second=richer(world), start=YEAR[0], end=YEAR[1], known_number=known_number())
    pay = {pair.key: (pair.first, pair.second) for pair in found.comparison.payees}
    assert {who: first for who, (first, _) in pay.items() if first} == {row["payee_id"]: Decimal(row["cents"]).scaleb(-2) for row in posted}
    first, second, third = (p.pk for p in world.payees)
    # Twice the rate, at most 900 a month: 1,000 becomes 900, 400 stays; 1,500 becomes 900.
    assert pay == {first: (Decimal(700), Decimal(1300)), second: (Decimal(750), Decimal(900)), third: (Decimal(750), Decimal(900))}
    assert (len(found.comparison.gains), len(found.comparison.losses), sum(found.comparison.gains)) == (3, 0, Decimal(900))
    assert [(p.key, p.first) for p in found.comparison.periods[:3]] == [("2024-01", 500), ("2024-02", 1700), ("2024-03", 0)]


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        (RICHER, True),
        (RICHER.replace("to: owner_or_splits", "to: owner"), False),
        (RICHER.replace("  - name: sales\nattainments", "  - name: sales\n    where: amount > 50\nattainments"), False),
        (RICHER.replace('channel = "online"', 'channel = "partner"'), False),
    ],
    ids=["pay", "credits", "measures", "exclusions"],
)
def test_versions_that_differ_in_pay_alone_credit_each_order_once(world, monkeypatch, text, alike) -> None:
    draft = version_draft(plan=world.plan, text=text, effective_from=YEAR[0])
    asked = {"first": world.version, "second": draft, "start": YEAR[0], "end": YEAR[1], "known_number": known_number()}
    computed = []

    def counted(inputs, version, *rest):  # type: ignore[no-untyped-def]
        computed.append(version.id)
        return version_compute(inputs, version, *rest)

    monkeypatch.setattr(comparison, "version_compute", counted)
    found = versions_compare(**asked)
    assert set(computed) == ({world.version.pk} if alike else {world.version.pk, draft.pk})
    monkeypatch.setattr(comparison, "measured_alike", lambda *versions: False)
    assert versions_compare(**asked) == found


def test_what_a_plan_earns_apart_in_another_currency_is_converted_and_never_added_as_it_is(scope) -> None:
    text = PLAN.replace("{flat: attr.commission_pct}", "{flat: 5%}") + "currencies: [USD, EUR]\n"
    world = make_world(1, text=text)
    put_order("usd", world.payees[0], "2024-01-10", 1_000_00)
    put_order("eur", world.payees[0], "2024-01-10", 1_000_00, currency="EUR")
    second = version_draft(plan=world.plan, text=text.replace("flat: 5%", "flat: 10%"), effective_from=YEAR[0])
    sides = {"first": world.version, "second": second, "start": YEAR[0], "end": YEAR[1]}
    with pytest.raises(InputError, match="earns in EUR: there is no rate of type plan or daily into USD on 2024-01-31"):
        versions_compare(**sides, known_number=known_number())
    with change(kind="setup", reason="rates") as changeset:
        FxRate.objects.create(rate_type="daily", base="EUR", quote="USD", fx_rate="1.1", valid_from=YEAR[0], valid_to=None, known_from=changeset)
    found = versions_compare(**sides, known_number=known_number())
    assert found.comparison.total == (Decimal("105.00"), Decimal("210.00"))  # 50 dollars and 50 euros at 1.10; twice that


def test_a_text_that_was_edited_after_the_comparison_is_named(scope) -> None:
    world = make_world(1)
    put_order("a", world.payees[0], "2024-01-10", 1_000_00)
    row = PlanComparison(first=world.version, second=richer(world), summary={})
    row.summary = {"digests": [row.first.digest, row.second.digest]}
    assert texts_changed(row) == []
    row.second.digest = "0" * 64
    assert texts_changed(row) == ["Version 2"]


def test_nothing_is_posted_and_no_run_is_made(world) -> None:
    versions_compare(first=world.version, second=richer(world), start=YEAR[0], end=YEAR[1], known_number=known_number())
    assert (Run.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_only_periods_of_the_asked_time_and_sales_known_then_count(world) -> None:
    number = known_number()
    draft = richer(world)
    put_order("LATE", world.payees[0], "2024-02-20", 1_000_00)
    found = versions_compare(first=world.version, second=draft, start=dt.date(2024, 2, 1), end=dt.date(2024, 3, 1), known_number=number)
    assert [p.key for p in found.comparison.periods] == ["2024-02"]
    assert found.comparison.total[0] == Decimal(1700)


def test_another_plan_is_tried_on_the_people_of_the_first(world) -> None:
    """A plan that nobody is under yet: its seats are those of the plan in force."""
    other = plan_create(text=RICHER.replace("plan: direct", "plan: next-year"), calendar=world.calendar, effective_from=YEAR[0])
    found = versions_compare(first=world.version, second=other, start=YEAR[0], end=YEAR[1], known_number=known_number())
    assert found.comparison.total == (Decimal(2200), Decimal(3100))


def test_a_managers_plan_counts_the_managers_pay_alone(world) -> None:
    add_manager(world)
    team = PlanVersion.objects.get(plan__code="team")
    higher = version_draft(plan=team.plan, text=team.text.replace("1%", "2%"), effective_from=YEAR[0])
    found = versions_compare(first=team, second=higher, start=YEAR[0], end=YEAR[1], known_number=known_number())
    assert [(p.first, p.second) for p in found.comparison.payees] == [(Decimal(440), Decimal(880))]


def test_what_cannot_be_compared_is_refused_with_the_mend(world) -> None:
    with pytest.raises(PlanRefused, match="two different versions"):
        comparison_start(first=world.version, second=world.version, start=YEAR[0], end=YEAR[1])
    draft = richer(world)
    with pytest.raises(PlanRefused, match="ends before"):
        comparison_start(first=world.version, second=draft, start=YEAR[1], end=YEAR[0])
    euro = plan_create(text=RICHER.replace("USD", "EUR").replace("plan: direct", "plan: euro"), calendar=world.calendar, effective_from=YEAR[0])
    with pytest.raises(PlanRefused, match="one currency"):
        comparison_start(first=world.version, second=euro, start=YEAR[0], end=YEAR[1])
    assert PlanComparison.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_job_keeps_the_result_and_repeating_it_changes_nothing() -> None:
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(2)
        put_order("A", world.payees[0], "2024-01-10", 10_000_00)
        row = comparison_start(first=world.version, second=richer(world), start=YEAR[0], end=YEAR[1])
    job = job_run_here(tenant_id=tenant.pk, job_id=row.job_id)
    with tenant_scope(tenant.pk):
        row.refresh_from_db()
        assert (job.state, row.state) == ("succeeded", "done")
        assert row.summary["total"] == ["500.00", "900.00"]
        assert row.people[0] == [world.payees[0].pk, "500.00", "900.00"]
        assert (row.summary["winners"], row.summary["unchanged"]) == (1, 1)
    comparison_compute(tenant_id=tenant.pk, uid=str(row.uid), commit=lambda: tenant_scope(tenant.pk))
    with tenant_scope(tenant.pk):
        assert PlanComparison.objects.get().finished_at == row.finished_at


@pytest.mark.django_db(transaction=True)
def test_a_comparison_of_nobody_fails_and_says_what_to_do() -> None:
    tenant = make_tenant("acme")
    with tenant_scope(tenant.pk):
        world = make_world(1)
        row = comparison_start(first=world.version, second=richer(world), start=dt.date(2031, 1, 1), end=dt.date(2032, 1, 1))
    assert job_run_here(tenant_id=tenant.pk, job_id=row.job_id).state == "failed"
    with tenant_scope(tenant.pk):
        row.refresh_from_db()
        assert row.state == "failed"
        assert "choose another time" in row.error


@pytest.mark.django_db(transaction=True)
def test_an_admin_compares_in_the_browser_and_the_file_ties_with_the_page(client) -> None:
    tenant = make_tenant("acme")
    admin, auditor = make_user(), make_user()
    with tenant_scope(tenant.pk):
        world = make_world(2)
        put_order("A", world.payees[0], "2024-01-10", 10_000_00)
        make_member(admin, "comp_admin")
        make_member(auditor, "auditor")
        draft = richer(world)
    client.force_login(auditor)
    form = {"first": world.version.uid, "second": draft.uid, "start": "2024-01-01", "end": "2025-01-01"}
    assert client.post("/t/acme/plans/comparisons/start/", form).status_code == 403, "who audits asks for nothing"
    client.force_login(admin)
    wrong = client.post("/t/acme/plans/comparisons/start/", {**form, "second": world.version.uid})
    assert (wrong.status_code, "two different versions" in wrong.content.decode()) == (422, True)
    asked = client.post("/t/acme/plans/comparisons/start/", form)
    assert f"{asked.url}job/" in client.get(asked.url).content.decode(), "the page asks for the job until it has ended"
    with tenant_scope(tenant.pk):
        row = PlanComparison.objects.get()
    job_run_here(tenant_id=tenant.pk, job_id=row.job_id)
    page = client.get(asked.url).content.decode()
    assert "$500.00" in page
    assert "+$400.00" in page
    lines = client.get(f"{asked.url}people.csv").content.decode("utf-8-sig").splitlines()
    assert lines[-1] == "Total,,500.00,900.00,400.00,USD"
    assert len(lines) == 1 + 2 + 1
    client.force_login(auditor)
    assert client.get(asked.url).status_code == 200
