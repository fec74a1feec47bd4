"""People over time: joining, moving, leaving, leave; seats inside employments; lines without rings; what was known before stays."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from spm.access.models import Membership, Role
from spm.access.selectors import membership_for
from spm.audit.models import AuditEntry
from spm.people import services
from spm.people.errors import PeopleError
from spm.people.models import Assignment, Employment, PayTerms, ReportingLine, Seat
from spm.people.selectors import assignments_on, employment_on, manager_of, pay_terms_on
from spm.tenancy.changes import known_number
from spm.tenancy.models import ChangeSet, Tenant
from tests.support.factories import make_entity, make_member, make_user

D = dt.date
HIRED = D(2024, 1, 1)


@pytest.fixture
def anna(scope):
    return services.payee_create(external_id="E1", legal_entity=make_entity(), display_name="Anna Petrova", hired=HIRED, reason="joined")


@pytest.fixture
def seats(scope):
    return {code: services.position_create(code=code, title=code) for code in ("AE", "AE2", "LEAD", "HEAD")}


def live(model, **key):
    return [(r.valid_from, r.valid_to) for r in model.objects.filter(known_to__isnull=True, **key).order_by("valid_from")]


def test_a_joiner_has_an_open_employment_and_one_change_set(anna):
    assert live(Employment, payee=anna) == [(HIRED, None)]
    assert ChangeSet.objects.count() == 1
    assert anna.pay_currency == "USD"


def test_an_assignment_outside_the_employment_is_refused_with_the_mend(anna, seats):
    with pytest.raises(PeopleError, match=r"not employed on 2023-12-31.*Record the joining first"):
        services.assignment_start(payee=anna, position=seats["AE"], start=D(2023, 12, 31))


def test_shares_may_not_pass_full_time_on_any_day(anna, seats):
    services.assignment_start(payee=anna, position=seats["AE"], start=HIRED, fte_ppm=600_000)
    services.assignment_start(payee=anna, position=seats["AE2"], start=HIRED, end=D(2024, 3, 1), fte_ppm=400_000)
    with pytest.raises(PeopleError, match=r"On 2024-02-01 .* add up to 1\.5 of full time"):
        services.assignment_start(payee=anna, position=seats["LEAD"], start=D(2024, 2, 1), fte_ppm=500_000)
    services.assignment_start(payee=anna, position=seats["LEAD"], start=D(2024, 3, 1), fte_ppm=400_000)
    assert assignments_on(day=D(2024, 3, 1)).count() == 2


def test_a_changed_share_cuts_the_assignment_and_keeps_the_seat(anna, seats):
    seat = services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    known = known_number()
    services.assignment_start(payee=anna, position=seats["AE"], start=D(2024, 6, 1), fte_ppm=500_000)
    assert live(Assignment, seat=seat) == [(HIRED, D(2024, 6, 1)), (D(2024, 6, 1), None)]
    assert assignments_on(day=D(2024, 7, 1)).get().fte_ppm == 500_000
    assert assignments_on(day=D(2024, 7, 1), known_at=known).get().fte_ppm == 1_000_000, "as known before the change"


def test_repeating_a_change_writes_nothing(anna, seats):
    services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    before = (ChangeSet.objects.count(), Assignment.objects.count(), AuditEntry.objects.count())
    services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    services.employee_hire(payee=anna, day=HIRED)
    assert (ChangeSet.objects.count(), Assignment.objects.count(), AuditEntry.objects.count()) == before


def test_a_mover_leaves_no_gap_and_no_overlap_and_takes_the_terms_along(anna, seats):
    old = services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    services.pay_terms_set(seat=old, start=HIRED, target_incentive=6_000_000, ote=12_000_000, currency="USD", attributes={"commission_pct": "0.012"})
    moved = D(2024, 5, 15)
    new = services.payee_move(payee=anna, to=seats["AE2"], day=moved)
    assert live(Assignment, payee=anna) == [(HIRED, moved), (moved, None)]
    assert live(PayTerms, seat=old) == [(HIRED, moved)]
    terms = pay_terms_on(seat_id=new.pk, day=moved)
    assert (terms.target_incentive, terms.attributes) == (6_000_000, {"commission_pct": "0.012"})
    assert services.payee_move(payee=anna, to=seats["AE2"], day=moved) == new
    assert live(Assignment, payee=anna) == [(HIRED, moved), (moved, None)]


def test_a_mover_with_two_positions_must_name_the_one_he_leaves(anna, seats):
    for code in ("AE", "AE2"):
        services.assignment_start(payee=anna, position=seats[code], start=HIRED, fte_ppm=500_000)
    with pytest.raises(PeopleError, match="holds 2 positions"):
        services.payee_move(payee=anna, to=seats["LEAD"], day=D(2024, 5, 1))
    services.payee_move(payee=anna, to=seats["LEAD"], day=D(2024, 5, 1), leaving=seats["AE2"])
    assert {a.position.code for a in assignments_on(day=D(2024, 5, 1))} == {"AE", "LEAD"}


def test_a_leaver_loses_seat_terms_and_access_on_the_day_and_not_before(anna, seats, tenant):
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Tokyo")
    make_member(make_user(), Role.TENANT_ADMIN)
    member = make_member(make_user(), Role.REP, payee=anna)
    seat = services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    services.pay_terms_set(seat=seat, start=HIRED, target_incentive=1, ote=2, currency="USD")
    services.employee_leave(payee=anna, day=D(2024, 7, 1))
    assert live(Employment, payee=anna) == live(Assignment, payee=anna) == live(PayTerms, seat=seat) == [(HIRED, D(2024, 7, 1))]
    member.refresh_from_db()
    assert member.ended_at == dt.datetime(2024, 6, 30, 15, tzinfo=dt.UTC), "midnight in Tokyo"
    assert membership_for(user=member.user, tenant=tenant) is None


def test_access_of_someone_who_leaves_next_month_lasts_until_then(anna, tenant):
    make_member(make_user(), Role.TENANT_ADMIN)
    member = make_member(make_user(), Role.REP, payee=anna)
    services.employee_leave(payee=anna, day=timezone.now().date() + dt.timedelta(days=30))
    assert membership_for(user=member.user, tenant=tenant) is not None
    assert Membership.objects.get(pk=member.pk).ended_at is not None


def test_a_corrected_later_leaving_day_gives_the_days_back(anna, seats):
    seat = services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    services.pay_terms_set(seat=seat, start=HIRED, target_incentive=1, ote=2, currency="USD")
    services.employee_leave(payee=anna, day=D(2024, 7, 1))
    services.employee_leave(payee=anna, day=D(2024, 8, 1))
    assert live(Employment, payee=anna) == live(Assignment, payee=anna) == live(PayTerms, seat=seat) == [(HIRED, D(2024, 8, 1))]


def test_someone_who_returns_has_two_employments_and_the_old_leaving_repeated_changes_nothing(anna):
    services.employee_leave(payee=anna, day=D(2024, 3, 1))
    services.employee_hire(payee=anna, day=D(2024, 9, 1))
    services.employee_leave(payee=anna, day=D(2024, 3, 1))
    assert live(Employment, payee=anna) == [(HIRED, D(2024, 3, 1)), (D(2024, 9, 1), None)]
    with pytest.raises(PeopleError, match="came back later"):
        services.employee_leave(payee=anna, day=D(2024, 5, 1))


def test_leave_of_absence_has_no_gap_and_keeps_the_seat(anna, seats):
    services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    services.absence_set(payee=anna, start=D(2024, 4, 1), end=D(2024, 6, 1))
    statuses = [employment_on(payee=anna, day=day).status for day in (D(2024, 3, 31), D(2024, 4, 1), D(2024, 5, 31), D(2024, 6, 1))]
    assert statuses == ["active", "leave", "leave", "active"]
    assert live(Assignment, payee=anna) == [(HIRED, None)]
    with pytest.raises(PeopleError, match="not employed on 2023-12-01"):
        services.absence_set(payee=anna, start=D(2023, 12, 1), end=D(2024, 1, 5))


def test_lines_that_would_close_a_ring_on_any_day_are_refused_with_the_day_and_the_ring(seats):
    services.reporting_line_set(position=seats["AE"], manager=seats["LEAD"], start=HIRED)
    services.reporting_line_set(position=seats["LEAD"], manager=seats["HEAD"], start=HIRED, end=D(2024, 7, 1))
    with pytest.raises(PeopleError, match="From 2024-03-01 on somebody would report to himself"):
        services.reporting_line_set(position=seats["HEAD"], manager=seats["AE"], start=D(2024, 3, 1))
    assert live(ReportingLine, position=seats["HEAD"]) == []
    services.reporting_line_set(position=seats["HEAD"], manager=seats["AE"], start=D(2024, 7, 1))
    assert manager_of(position=seats["HEAD"], day=D(2024, 7, 1)) == seats["AE"]


def test_a_line_known_for_later_stands_when_an_earlier_one_is_set(seats):
    services.reporting_line_set(position=seats["AE"], manager=seats["HEAD"], start=D(2024, 9, 1))
    services.reporting_line_set(position=seats["AE"], manager=seats["LEAD"], start=HIRED)
    assert live(ReportingLine, position=seats["AE"]) == [(HIRED, D(2024, 9, 1)), (D(2024, 9, 1), None)]
    services.reporting_line_set(position=seats["AE"], manager=None, start=D(2024, 2, 1))
    assert live(ReportingLine, position=seats["AE"]) == [(HIRED, D(2024, 2, 1))]


def test_terms_are_exact_texts_inside_the_assignment_and_ote_includes_the_incentive(anna, seats):
    seat = services.assignment_start(payee=anna, position=seats["AE"], start=HIRED)
    with pytest.raises(PeopleError, match="OTE includes"):
        services.pay_terms_set(seat=seat, start=HIRED, target_incentive=2, ote=1, currency="USD")
    with pytest.raises(PeopleError, match="not a text"):
        services.pay_terms_set(seat=seat, start=HIRED, target_incentive=1, ote=1, currency="USD", attributes={"pct": 0.012})
    with pytest.raises(PeopleError, match="not held on 2023-01-01"):
        services.pay_terms_set(seat=seat, start=D(2023, 1, 1), target_incentive=1, ote=1, currency="USD")
    with pytest.raises(PeopleError, match="not a currency code"):
        services.pay_terms_set(seat=seat, start=HIRED, target_incentive=1, ote=1, currency="dollars")


def test_audit_entries_hold_ids_and_dates_and_no_name(anna, seats):
    services.person_update(payee=anna, family_name="Sidorova")
    texts = str(list(AuditEntry.objects.values_list("before", "after")))
    assert "Petrova" not in texts
    assert "Sidorova" not in texts
    assert "family_name" in texts


def test_a_taken_number_and_a_missing_name_are_refused(anna):
    with pytest.raises(PeopleError, match="exists already"):
        services.payee_create(external_id="E1", legal_entity=make_entity(), display_name="Other")
    with pytest.raises(PeopleError, match="name is missing"):
        services.payee_create(external_id="E2", legal_entity=make_entity(), display_name=" ")
    assert Seat.objects.count() == 0
