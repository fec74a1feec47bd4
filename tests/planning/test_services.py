"""Quotas and territories: dated, known as at a number, repeated without effect, refused with a reason."""

from __future__ import annotations

import datetime as dt

import pytest

from planning.models import Quota
from planning.selectors import covered_by, quotas_between, territories_on
from planning.services import quota_end, quota_set, territory_assign, territory_create, territory_release
from spm.audit.models import AuditEntry
from spm.people.errors import PeopleError
from spm.tenancy.changes import known_number
from tests.support.factories import make_position

YEAR = (dt.date(2024, 1, 1), dt.date(2025, 1, 1))


def amounts(**values):
    return [(q.valid_from.month, q.valid_to.month, q.amount) for q in quotas_between(start=YEAR[0], end=YEAR[1], **values)]


def test_a_quota_gives_way_where_another_is_set_and_stays_known_as_it_was(scope):
    position = make_position()
    quota_set(position=position, measure="sales", start=dt.date(2024, 1, 1), end=dt.date(2024, 7, 1), amount=600_00, currency="USD")
    before = known_number()
    quota_set(position=position, measure="sales", start=dt.date(2024, 3, 1), end=dt.date(2024, 4, 1), amount=900_00, currency="USD", actor_id=7)
    assert amounts() == [(1, 3, 600_00), (3, 4, 900_00), (4, 7, 600_00)]
    assert amounts(known_at=before) == [(1, 7, 600_00)]
    assert AuditEntry.objects.filter(action="quota.set", actor_id=7).count() == 1


def test_setting_the_same_quota_again_changes_nothing(scope):
    position = make_position()
    for _ in range(2):
        quota_set(position=position, measure="sales", start=dt.date(2024, 1, 1), end=dt.date(2024, 7, 1), amount=600_00)
    assert Quota.objects.count() == 1
    quota_end(position=position, measure="sales", day=dt.date(2024, 4, 1))
    assert amounts() == [(1, 4, 600_00)]


@pytest.mark.parametrize(("amount", "scale", "end"), [(-1, 2, dt.date(2024, 2, 1)), (1, 7, dt.date(2024, 2, 1)), (1, 2, dt.date(2024, 1, 1))])
def test_a_quota_that_makes_no_sense_is_refused(scope, amount, scale, end):
    with pytest.raises(PeopleError):
        quota_set(position=make_position(), measure="sales", start=dt.date(2024, 1, 1), end=end, amount=amount, amount_scale=scale)


def test_a_territory_is_covered_as_of_a_day(scope):
    position, north = make_position(), territory_create(code="N", name="North")
    territory_assign(position=position, territory=north, start=dt.date(2024, 1, 1))
    territory_release(position=position, territory=north, day=dt.date(2024, 6, 1))
    assert list(territories_on(day=dt.date(2024, 5, 31), position_id=position.pk)) == [north]
    assert covered_by(day=dt.date(2024, 6, 1), territory_id=north.pk) == set()


def test_a_territory_cannot_lie_within_itself(scope):
    world = territory_create(code="W", name="World")
    north = territory_create(code="N", name="North", parent=world)
    with pytest.raises(PeopleError, match="itself"):
        territory_create(code="W", name="World", parent=north)
