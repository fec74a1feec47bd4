"""A plan year is rolled forward: a diff to review, nothing without confirmation, the same twice, taken back until the year begins."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import call_command

from incentives.models import PlanAssignment, PlanVersion, YearRollForward
from incentives.rollforward import RollForwardRefused
from incentives.services import seat_enrol, version_activate
from incentives.services.rollforward import rollforward_confirm, rollforward_propose, rollforward_undo
from planning.models import Quota
from spm.access.models import Role
from spm.calendars.models import Period
from spm.tenancy.changes import change, known_as_at
from tests.incentives.world import make_world, put_order
from tests.support.factories import make_member, make_user

NEW_YEAR, DECEMBER = dt.date(2025, 1, 1), dt.date(2024, 12, 1)


@pytest.fixture
def world(scope):
    """Two sellers: the first under the plan without an end, the second until the year's end."""
    found = make_world(2)
    with change(reason="until the year's end") as changeset:
        PlanAssignment.objects.filter(seat=found.seats[1]).update(known_to=changeset)
        seat_enrol(plan=found.plan, seats=[found.seats[1]], start=dt.date(2024, 1, 1), end=NEW_YEAR, changeset=changeset)
    return found


def states(row: YearRollForward) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in row.items:
        found.setdefault(item["kind"], []).append(item["state"])
    return {kind: sorted(values) for kind, values in found.items()}


def counted() -> tuple[int, int, int, int]:
    return (
        Period.objects.count(), PlanVersion.objects.count(), known_as_at(Quota.objects.all(), None).count(),
        known_as_at(PlanAssignment.objects.all(), None).count(),
    )  # fmt: skip


def test_the_proposal_shows_every_line_and_makes_nothing(world):
    before = counted()
    row = rollforward_propose(calendar=world.calendar, year="2024", quota_factor=Decimal("1.05"))
    assert counted() == before
    assert states(row) == {"period": ["new"] * 12, "version": ["new"], "quota": ["new"] * 24, "enrolment": ["goes_on", "new"]}
    quota = next(item for item in row.items if item["kind"] == "quota")
    assert (quota["before"], quota["after"]) == ("100000.00 USD", "105000.00 USD")
    assert "2025-01-01 – 2025-02-01" in quota["label"]


def test_the_confirmation_makes_the_next_year_and_the_plan_waits_as_a_draft(world):
    row = rollforward_confirm(rollforward=rollforward_propose(calendar=world.calendar, year="2024", quota_factor=Decimal("1.05")))
    assert row.state == "done"
    assert list(Period.objects.filter(calendar=world.calendar, year="2025").order_by("starts").values_list("code", flat=True))[:2] == ["2025-01", "2025-02"]
    draft = PlanVersion.objects.get(plan=world.plan, effective_from=NEW_YEAR)
    assert (draft.state, draft.text) == ("draft", world.version.text)
    march = Quota.objects.filter(position=world.seats[0].position, valid_from=dt.date(2025, 3, 1)).get()
    assert (march.amount, march.valid_to) == (105_000_00, dt.date(2025, 4, 1))
    assert known_as_at(PlanAssignment.objects.filter(seat=world.seats[1], valid_from=NEW_YEAR), None).get().valid_to == dt.date(2026, 1, 1)


def test_the_next_year_pays_by_the_quotas_and_people_that_were_carried_on(world):
    rollforward_confirm(rollforward=rollforward_propose(calendar=world.calendar, year="2024", quota_factor=Decimal("1.05")))
    version_activate(version=PlanVersion.objects.get(plan=world.plan, effective_from=NEW_YEAR))
    put_order("jan", world.payees[1], "2025-01-10", 10_500_00)
    run = world.run(business_date=dt.date(2025, 1, 31))
    assert run.summary["posted"] == 1


def test_twice_makes_nothing_more(world):
    rollforward_confirm(rollforward=rollforward_propose(calendar=world.calendar, year="2024"))
    before = counted()
    again = rollforward_propose(calendar=world.calendar, year="2024")
    assert not [item for item in again.items if item["state"] == "new"]
    rollforward_confirm(rollforward=again)
    assert counted() == before
    with pytest.raises(RollForwardRefused):
        rollforward_confirm(rollforward=again)


def test_what_changed_since_the_review_is_reviewed_again(world):
    row = rollforward_propose(calendar=world.calendar, year="2024")
    with change(reason="another quota") as changeset:
        Quota.objects.create(
            position=world.seats[0].position, measure="units", amount=5, amount_scale=0, valid_from=dt.date(2024, 1, 1), valid_to=NEW_YEAR, known_from=changeset
        )
    with pytest.raises(RollForwardRefused, match="changed since"):
        rollforward_confirm(rollforward=row)


def test_it_is_taken_back_whole_until_something_of_it_is_in_force(world):
    before = counted()
    row = rollforward_confirm(rollforward=rollforward_propose(calendar=world.calendar, year="2024"))
    with pytest.raises(RollForwardRefused, match="began"):
        rollforward_undo(rollforward=row, today=NEW_YEAR)
    assert rollforward_undo(rollforward=row, today=DECEMBER).state == "cancelled"
    assert counted() == before
    second = rollforward_confirm(rollforward=rollforward_propose(calendar=world.calendar, year="2024"))
    version_activate(version=PlanVersion.objects.get(plan=world.plan, effective_from=NEW_YEAR))
    with pytest.raises(RollForwardRefused, match="in force"):
        rollforward_undo(rollforward=second, today=DECEMBER)


def test_a_year_that_the_calendar_does_not_have_is_refused(world):
    with pytest.raises(RollForwardRefused, match="no year 2031"):
        rollforward_propose(calendar=world.calendar, year="2031")


def test_the_admin_reviews_and_confirms_on_the_page_and_finance_only_reads(world, client, tenant, capsys):
    admin, finance = make_user(), make_user()
    make_member(admin, Role.COMP_ADMIN)
    make_member(finance, Role.FINANCE)
    home = f"/t/{tenant.slug}/plans/next-year/"
    client.force_login(finance)
    assert client.get(home).status_code == 200
    given = {"calendar": str(world.calendar.uid), "year": "2024", "quota_factor": "1.05"}
    assert client.post(f"{home}new/", given).status_code == 403
    client.force_login(admin)
    made = client.post(f"{home}new/", given)
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "105000.00 USD" in page
    assert YearRollForward.objects.get().state == "draft"
    assert client.post(f"{made['Location']}confirm/").status_code == 302
    assert YearRollForward.objects.get().state == "done"
    call_command("rollforward", tenant.slug, "2024")
    assert '"quota stands": 24' in capsys.readouterr().out
