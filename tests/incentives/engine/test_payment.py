"""From earned to paid: the arithmetic of holds, instalments, draws, carried balances and clawback, and its laws."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.payment import CARRY_IN, CARRY_OUT, DealPart, Draw, Limits, PaymentTerms, due_by, due_shares, held_targets
from incentives.engine.payout import EarnedPart, Returned, clawback_by, payout, released_by_cash
from incentives.engine.plan import Clawback, Rounding
from incentives.engine.walk import payment_walk

D = Decimal
MONTHS = 12
YEAR = ["2025"] * MONTHS
QUARTERS = [f"Q{i // 3 + 1}" for i in range(MONTHS)]
money = st.integers(-500_000, 500_000).map(lambda cents: Decimal(cents).scaleb(-2))
gains = st.integers(0, 500_000).map(lambda cents: Decimal(cents).scaleb(-2))


def walk(terms, due, *, draws=None, maximum=None, posted=None, closed=()):
    return payment_walk(
        due=dict(enumerate(due)),
        limits=lambda q: Limits(terms, draws or {}, maximum),
        posted=posted or {},
        is_open=lambda q: q not in closed,
        upto=len(due) - 1,
    )


RAMP = PaymentTerms(2, draws=(Draw("ramp", "Ramp"),))


def test_a_draw_tops_up_and_is_recovered_from_what_is_above_it():
    done = walk(RAMP, [D(500), D(3000), D(1600)], draws={"ramp": D(1500)})
    assert [done.payable[q] for q in range(3)] == [D(1500), D(2000), D(1600)]
    assert done.drawn[0] == {"@ramp": D(1000)}
    assert done.drawn[1] == {}


def test_recovery_takes_no_more_than_the_plans_share_of_what_is_due():
    terms = PaymentTerms(2, recovery_limit=Fraction(1, 4), draws=(Draw("ramp", "Ramp"),))
    done = payment_walk(
        due={0: D(0), 1: D("2000.03")}, limits=lambda q: Limits(terms, {"ramp": D(1000) if q == 0 else D(0)}), posted={}, is_open=lambda q: True, upto=1
    )
    assert done.payable[1] == D("1500.03")  # a quarter is 500.0075, rounded down for the payee
    assert done.drawn[1] == {"@ramp": D("500.00")}


def test_what_a_guarantee_paid_is_never_recovered():
    terms = PaymentTerms(2, draws=(Draw("floor", "Floor", recover=False),))
    done = walk(terms, [D(500), D(3000)], draws={"floor": D(1500)})
    assert [done.payable[0], done.payable[1]] == [D(1500), D(3000)]


def test_a_negative_result_is_kept_carried_or_written_off_as_the_plan_says():
    due = [D(-300), D(1000)]
    assert walk(PaymentTerms(2, negative="keep", draws=()), due).payable == {0: D(-300), 1: D(1000)}
    carried = walk(PaymentTerms(2, negative="carry"), due)
    assert carried.payable == {0: D(0), 1: D(700)}
    assert carried.carried[0] == D(-300)
    assert carried.targets[1] == {("carried", CARRY_IN): D(-300)}
    assert walk(PaymentTerms(2, negative="write_off"), due).payable == {0: D(0), 1: D(1000)}


def test_pay_above_the_maximum_is_carried_to_later_periods_or_forfeited():
    kept = walk(PaymentTerms(2, has_maximum=True), [D(1500), D(800), D(100)], maximum=D(1000))
    assert [kept.payable[q] for q in range(3)] == [D(1000), D(1000), D(400)]
    assert kept.targets[0] == {("carried", CARRY_OUT): D(-500)}
    lost = walk(PaymentTerms(2, has_maximum=True, excess="forfeit"), [D(1500), D(800)], maximum=D(1000))
    assert [lost.payable[q] for q in range(2)] == [D(1000), D(800)]


def test_a_closed_period_keeps_what_is_posted_and_hands_on_its_balance():
    posted = {0: {("drawn", "@ramp"): D(1000)}}
    done = walk(RAMP, [D(500), D(3000)], draws={"ramp": D(1500)}, posted=posted, closed={0})
    assert 0 not in done.targets
    assert done.payable == {0: D(1500), 1: D(2000)}


def test_a_draw_that_left_the_plan_is_still_recovered():
    none = PaymentTerms(2, negative="carry")
    done = payment_walk(
        due={0: D(0), 1: D(900)}, limits=lambda q: Limits(RAMP, {"ramp": D(400)}) if q == 0 else Limits(none), posted={}, is_open=lambda q: True, upto=1
    )
    assert done.payable == {0: D(400), 1: D(500)}


@given(
    st.lists(money, min_size=1, max_size=12),
    gains,
    st.sampled_from(["carry", "write_off", "keep"]),
    st.sampled_from(["carry", "forfeit"]),
    gains,
    st.booleans(),
)
def test_no_cent_is_lost_between_due_and_paid(due, level, negative, excess, maximum, upfront):
    """Paid = due + what is still to be recovered - what is still owed + what was written off, less what was forfeited."""
    terms = PaymentTerms(2, negative=negative, has_maximum=True, excess=excess, draws=(Draw("d", "D", upfront=upfront),), recovery_limit=Fraction(1, 2))
    done = walk(terms, due, draws={"d": level}, maximum=maximum)
    last = len(due) - 1
    gone = sum((v for steps in done.targets.values() for (verb, _), v in steps.items() if verb in ("written_off", "forfeited")), D(0))
    assert sum(done.payable.values()) == sum(due) + sum(done.drawn[last].values(), D(0)) - done.carried[last] + gone
    for q in range(len(due)):
        assert all(balance >= 0 for balance in done.drawn[q].values())
        if negative != "keep":
            assert done.payable[q] >= 0
        assert done.payable[q] <= max(maximum, level if upfront else D(0))


@given(st.lists(money, min_size=2, max_size=8), gains, st.data())
def test_closing_periods_in_order_changes_nothing_while_nothing_late_comes(due, level, data):
    """Walking with the first periods closed as they were posted gives the same as walking with all of them open."""
    terms = PaymentTerms(2, negative="carry", draws=(Draw("d", "D"),))
    whole = walk(terms, due, draws={"d": level})
    closed = data.draw(st.integers(1, len(due)))
    again = walk(terms, due, draws={"d": level}, posted={q: whole.targets.get(q, {}) for q in range(closed)}, closed=set(range(closed)))
    assert again.payable == whole.payable
    assert again.drawn == whole.drawn


# ---------------------------------------------------------------- holds, instalments, cash


def test_a_holdback_waits_for_the_end_of_its_window():
    shares = due_shares(PaymentTerms(2, holdback=Fraction(1, 4), until="quarter"), earned_at=0, windows=QUARTERS)
    assert shares[:3] == [Fraction(3, 4), Fraction(3, 4), Fraction(1)]


@given(money, st.integers(1, 12), st.integers(0, 11))
def test_instalments_sum_to_what_was_earned(earned, count, at):
    shares = due_shares(PaymentTerms(2, instalments=count), earned_at=at, windows=YEAR)
    due = [due_by(earned, (), share, q, 2) for q, share in enumerate(shares)]
    if at + count <= MONTHS:
        assert due[-1] == earned
    targets = held_targets(earned={at: earned}, posted={}, is_open=lambda q: True, due=due, freed=due)
    assert sum(targets.values()) + earned == due[-1]


def test_a_held_deal_keeps_its_part_until_it_is_lifted_and_takes_back_nothing_that_was_paid():
    held = [DealPart(D(300), [Fraction(0)] * 3), DealPart(D(700), [Fraction(1)] * 3)]
    free = [DealPart(D(300), [Fraction(1)] * 3), DealPart(D(700), [Fraction(1)] * 3)]
    due, freed = ([due_by(D(1000), parts, Fraction(1), q, 2) for q in range(3)] for parts in (held, free))
    assert held_targets(earned={0: D(1000)}, posted={}, is_open=lambda q: True, due=due, freed=freed)[0] == D(-300)
    # Paid and closed in full before the hold: nothing is taken back later.
    assert held_targets(earned={0: D(1000)}, posted={}, is_open=lambda q: q > 0, due=due, freed=freed) == {1: D(0), 2: D(0)}
    # Held in a closed period, lifted since: released in the first open one.
    lifted = held_targets(earned={0: D(1000)}, posted={0: D(-300)}, is_open=lambda q: q > 0, due=freed, freed=freed)
    assert lifted == {1: D(300), 2: D(0)}


@given(gains, st.lists(st.integers(1, 1000), min_size=1, max_size=4))
def test_cash_releases_in_proportion_and_in_the_end_all_of_it(earned, payments):
    amount = Fraction(sum(payments))
    received = [(10 * (i + 1), Fraction(part)) for i, part in enumerate(payments)]
    shares = released_by_cash(amount, received, [10 * (i + 1) + 1 for i in range(len(payments))])
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert due_by(earned, [DealPart(earned, shares)], Fraction(1), len(payments) - 1, 2) == earned


# ---------------------------------------------------------------- clawback

BACK = Clawback("window", 1, Rounding(2, "half_up"))


def share_at(days):
    return Fraction(1) if days <= 30 else max(Fraction(0), Fraction(90 - days, 60))


def test_a_return_takes_back_by_its_days_and_a_second_one_only_what_is_left():
    half, full = Returned(2, 130, Fraction(1, 2)), Returned(3, 140, Fraction(1))
    total = clawback_by(BACK, share_at, deals=[(D(1000), [full, half])], earned_until=121, positions=5)
    assert total == [D(0), D(0), D(-500), D(-1000), D(-1000)]


def test_a_clawback_in_instalments_sums_to_the_whole():
    total = clawback_by(Clawback("window", 3, Rounding(2, "half_up")), share_at, deals=[(D(100), [Returned(0, 5, Fraction(1))])], earned_until=1, positions=4)
    assert total == [D("-33.33"), D("-66.67"), D("-100.00"), D("-100.00")]


def test_a_clawback_of_a_closed_period_is_taken_in_the_first_open_one():
    part = EarnedPart("key", PaymentTerms(2), 0)
    part.earned[0] = D(1000)
    part.clawback = [D(0), D(-400), D(-400)]
    made = payout(
        parts=[part], adjusted={}, limits=lambda q: Limits(part.terms), posted={}, windows={"quarter": QUARTERS, "year": YEAR}, is_open=lambda q: q == 2, upto=2
    )
    assert made.clawed == {("key", 2): D(-400)}
    assert made.walk.payable == {0: D(1000), 1: D(0), 2: D(-400)}


@given(gains, st.lists(st.tuples(st.integers(0, 5), st.fractions(0, 1)), max_size=5))
def test_returns_never_take_back_more_than_was_earned(pay, returns):
    deals = [(pay, [Returned(q, 100 + 30 * q, share) for q, share in returns])]
    total = clawback_by(BACK, lambda days: Fraction(1), deals=deals, earned_until=100, positions=6)
    rounding = D("0.01") * len(returns)
    assert all(-pay - rounding <= value <= 0 for value in total)
    assert total == sorted(total, reverse=True)


def test_the_guard_against_loss_can_fail():
    """Negative control: a walk that forgets what it carried out loses it."""
    done = walk(PaymentTerms(2, has_maximum=True), [D(1500)], maximum=D(1000))
    with pytest.raises(AssertionError):
        assert sum(done.payable.values()) == D(1500)
    assert sum(done.payable.values()) + done.carried[0] == D(1500)


# ---- limits of recovery by country


def limited(countries, **terms):
    return PaymentTerms(2, negative="carry", countries=countries, **terms)


def test_a_countrys_limit_leaves_the_payee_his_share_and_carries_what_is_left():
    terms = limited((("DE", Fraction(3, 10)),))
    german = walk(terms.limited("DE"), [D(-500), D(1000), D(1000), D(1000)])
    assert [german.payable[q] for q in range(4)] == [D(0), D(700), D(800), D(1000)]
    assert [german.carried[q] for q in range(4)] == [D(-500), D(-200), D(0), D(0)]
    other = walk(terms.limited("US"), [D(-500), D(1000)])
    assert other.payable[1] == D(500), "without a limit of its country all is taken at once"


def test_clawback_and_draws_share_one_limit():
    terms = limited((("DE", Fraction(1, 2)),), draws=(Draw("ramp", "Ramp"),)).limited("DE")
    done = payment_walk(
        due={0: D(0), 1: D(1000) - 300}, clawed={1: D(-300)}, limits=lambda q: Limits(terms, {"ramp": D(400)} if q == 0 else {}), posted={},
        is_open=lambda q: True, upto=1,
    )  # fmt: skip
    # Half of 1,000 may be taken: 300 of clawback first, then 200 of the draw.
    assert done.payable[1] == D(500)
    assert (done.carried[1], done.drawn[1]) == (D(0), {"@ramp": D(200)})
    done = payment_walk(due={0: D(1000) - 900}, clawed={0: D(-900)}, limits=lambda q: Limits(terms), posted={}, is_open=lambda q: True, upto=0)
    assert (done.payable[0], done.carried[0]) == (D(500), D(-400))


@given(st.lists(st.tuples(money, gains), min_size=1, max_size=8), st.fractions(0, 1, max_denominator=20), gains)
def test_law_under_a_countrys_limit_nothing_is_lost_and_no_payment_loses_more_than_the_share(rows, share, draw):
    """earned = paid + what is owed either way; negative control: without the country's limit some payment loses more."""
    terms = limited((("DE", share),), draws=(Draw("ramp", "Ramp"),))
    due = {q: amount - claw for q, (amount, claw) in enumerate(rows)}
    clawed = {q: -claw for q, (_, claw) in enumerate(rows)}
    last = len(rows) - 1

    def done(country):
        mine = terms.limited(country)
        return payment_walk(
            due=due, clawed=clawed, limits=lambda q: Limits(mine, {"ramp": draw} if q == 0 else {}), posted={}, is_open=lambda q: True, upto=last
        )

    for country in ("DE", "US"):
        found = done(country)
        for q in range(last + 1):
            earned = sum((due[p] for p in range(q + 1)), D(0))
            assert earned == sum((found.payable[p] for p in range(q + 1)), D(0)) + found.carried[q] - sum(found.drawn[q].values(), D(0))
    for q, (amount, _) in enumerate(rows):
        if amount > 0:
            assert done("DE").payable[q] >= Fraction(amount) * (1 - share)


def test_negative_control_without_the_countrys_limit_a_payment_loses_more_than_the_share():
    assert walk(limited((("DE", Fraction(3, 10)),)), [D(-500), D(600)]).payable[1] == D(100) < D(600) * D("0.7")
