"""What one more deal would pay is what it pays once it is there."""

from __future__ import annotations

from decimal import Decimal

from incentives.selectors import statement_get
from incentives.selectors.whatif import pay_what_if
from tests.incentives.test_selectors import TIERED
from tests.incentives.world import make_world, put_order


def test_an_open_deal_is_worth_what_it_pays_once_it_is_won(scope):
    world = make_world(1, text=TIERED, quota=1000_00)
    payee, march = world.payees[0], world.period("2024-03")
    put_order("1", payee, "2024-03-05", 700_07)
    run = world.run()
    asked = {"payee_id": payee.pk, "version_id": world.version.pk, "seat_id": world.seats[0].pk, "period_id": march.pk}
    found = pay_what_if(**asked, run_id=run.pk, amount=Decimal("600.05"))
    assert found is not None
    # 700.07 at 5 %; with the deal 1000 at 5 % and 300.12 at twice that
    assert (found.currency, found.now, found.then) == ("USD", {"commission": Decimal("35")}, {"commission": Decimal("80.01")})
    assert found.worth == Decimal("45.01")
    put_order("2", payee, "2024-03-06", 600_05)
    later = world.run()
    assert statement_get(payee, march).total == {"USD": found.then["commission"]}
    again = pay_what_if(**asked, run_id=later.pk, amount=Decimal("100"))
    assert again is not None
    assert again.now == found.then  # of the new run, although the old one's book is kept
    earlier = pay_what_if(**asked, run_id=run.pk, amount=Decimal(0))
    assert earlier is not None
    assert (earlier.now, earlier.worth) == (found.now, Decimal(0))


def test_a_seat_that_is_not_under_the_plan_gets_no_answer(scope):
    world = make_world(2, text=TIERED)
    run = world.run()
    first = world.payees[0]
    asked = {"payee_id": first.pk, "version_id": world.version.pk, "period_id": world.period("2024-03").pk, "run_id": run.pk, "amount": Decimal(1)}
    assert pay_what_if(**asked, seat_id=world.seats[1].pk) is None
    assert pay_what_if(**{**asked, "version_id": 0}, seat_id=world.seats[0].pk) is None
    assert pay_what_if(**asked, seat_id=world.seats[0].pk) is not None
