"""People in real runs: proration, leave, ramps, limits of recovery and leavers, in the ledger, against figures computed by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from incentives.models import LedgerEntry
from spm.people.services.employment import absence_set
from tests.incentives.test_payments import JAN, MAR, paid
from tests.incentives.world import PLAN, make_world, put_order

PRORATED = PLAN.replace("attributes:", "ramps: [{name: new, since: hire, shares: [25%, 50%, 75%]}]\nattributes:").replace(
    "  - name: commission\n",
    "  - {name: bonus, formula: 'default(attainment, 0) * 1000', proration: {quota: working_days, leave: out}}\n  - name: commission\n",
)


def test_leave_that_is_recorded_late_lowers_the_quota_and_posts_the_difference_to_that_payee_alone(scope):
    world = make_world(2, text=PRORATED)
    ann, bob = world.payees
    for payee in (ann, bob):
        put_order(f"jan {payee.pk}", payee, "2024-01-10", 46_000_00)
    world.run(business_date=JAN)
    assert paid(ann, world.period("2024-01"))["earned", "bonus"] == Decimal(460)
    absence_set(payee=ann, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18))  # Saturday to Wednesday: 3 of 23 working days
    count = LedgerEntry.objects.count()
    run = world.run(business_date=JAN)
    # Quota 100,000 x 20/23; 46,000 of it are 52.9 %.
    assert paid(ann, world.period("2024-01"))["adjusted", "bonus"] == Decimal(529) - 460
    assert set(LedgerEntry.objects.filter(run=run).values_list("payee_id", "cause")) == {(ann.pk, "people")}
    world.run(business_date=JAN, is_full=True)
    assert LedgerEntry.objects.count() == count + 1


def test_a_ramp_since_the_hire_lowers_the_quota_by_the_days_of_its_months(scope):
    world = make_world(1, text=PRORATED.replace("  - name: sales\nramps", "  - {name: sales, ramp: new}\nramps"))
    ann = world.payees[0]
    ann.employments.update(valid_from=dt.date(2023, 11, 16))
    put_order("jan", ann, "2024-01-10", 39_000_00)
    put_order("mar", ann, "2024-03-10", 39_000_00)
    world.run(business_date=MAR)
    # January: 15 days of the second month (50 %), 16 of the third (75 %): 100,000 x 19.5/31; March: all of it.
    assert paid(ann, world.period("2024-01"))["earned", "bonus"] == Decimal(620)
    assert paid(ann, world.period("2024-03"))["earned", "bonus"] == Decimal(390)
