"""Holidays that the company keeps, in real runs, on their page and in the API."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry
from incentives.replay import run_replay
from spm.access.models import Role
from spm.calendars.generate import CalendarError
from spm.calendars.holidays import holiday_remove, holiday_set, holidays_known
from spm.people.models import LegalEntity
from spm.people.services.employment import absence_set
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.test_payments import JAN, paid
from tests.incentives.test_people_in_pay import PRORATED
from tests.incentives.world import make_world, put_order

TEXT = PRORATED + "holidays_of: calendar\n"


def test_a_holiday_set_and_taken_out_again_moves_pay_and_a_past_run_is_replayed_with_what_was_known(scope):
    world = make_world(1, text=TEXT)
    ann, january = world.payees[0], world.period("2024-01")
    LegalEntity.objects.filter(pk=ann.legal_entity_id).update(country="DE")
    put_order("jan", ann, "2024-01-10", 46_000_00)
    absence_set(payee=ann, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18))
    first = world.run(business_date=JAN)
    # 20 of 23 working days; with the 1st as a holiday 19 of 22: 46,000 / (100,000 x 19 / 22) is 53.263 %.
    assert paid(ann, january)["earned", "bonus"] == Decimal(529)
    holiday_set(day=dt.date(2024, 1, 1), name="New Year", country="DE")
    holiday_set(day=dt.date(2024, 1, 2), name="Elsewhere", country="FR")
    run = world.run(business_date=JAN)
    assert paid(ann, january)["adjusted", "bonus"] == Decimal("532.63") - 529
    assert set(LedgerEntry.objects.filter(run=run).values_list("cause", flat=True)) == {"people"}
    assert list(run_replay(first)) == []
    holiday_remove(day=dt.date(2024, 1, 1), country="DE")
    world.run(business_date=JAN)
    assert sum((amount for (_, name), amount in paid(ann, january).items() if name == "bonus"), Decimal(0)) == Decimal(529)
    count = LedgerEntry.objects.count()
    world.run(business_date=JAN, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_a_plan_with_holidays_of_its_own_does_not_read_the_companys(scope):
    world = make_world(1, text=PRORATED)
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 46_000_00)
    absence_set(payee=ann, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18))
    holiday_set(day=dt.date(2024, 1, 1))
    world.run(business_date=JAN)
    assert paid(ann, world.period("2024-01"))["earned", "bonus"] == Decimal(529)


def test_a_holiday_is_dated_by_change_and_nonsense_is_refused(scope):
    holiday_set(day=dt.date(2024, 12, 25), until=dt.date(2024, 12, 27), name="Christmas")
    assert holiday_set(day=dt.date(2024, 12, 25), until=dt.date(2024, 12, 27), name="Christmas") == []
    number = holidays_known().get().known_from.number
    holiday_remove(day=dt.date(2024, 12, 26))
    holiday_remove(day=dt.date(2024, 12, 26))
    assert holidays_known().get().valid_to == dt.date(2024, 12, 26)
    assert holidays_known(number=number).get().valid_to == dt.date(2024, 12, 27)
    with pytest.raises(CalendarError, match="is not a country code"):
        holiday_set(day=dt.date(2024, 1, 1), country="Germany")
    with pytest.raises(CalendarError, match="not after its start"):
        holiday_set(day=dt.date(2024, 1, 2), until=dt.date(2024, 1, 1))
    with pytest.raises(CalendarError, match="is no holiday here"):
        holiday_remove(day=dt.date(2024, 7, 4), country="US")


def test_holidays_are_kept_by_api_and_only_by_those_who_keep_calendars(tenant):
    admin = make_caller(tenant, Role.COMP_ADMIN)
    made = admin.post("holidays/", {"day": "2024-05-01", "name": "May Day", "country": "DE"})
    assert [(row["valid_from"], row["country"]) for row in made.json()["holidays"]] == [("2024-05-01", "DE")]
    assert [row["name"] for row in admin.get("holidays/", country="DE").json()["results"]] == ["May Day"]
    assert admin.post("holidays/", {"day": "2024-05-01", "country": "Germany"}).status_code == 400
    assert admin.post("holidays/remove/", {"day": "2024-05-01", "country": "DE"}).status_code == 204
    with tenant_scope(tenant.pk):
        assert not holidays_known().exists()
    assert make_caller(tenant, Role.REP).post("holidays/", {"day": "2024-05-01"}).status_code == 403
