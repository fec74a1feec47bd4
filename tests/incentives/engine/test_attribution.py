"""A difference is divided among causes in the published order, to the last cent, whatever the causes do to each other."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.attribution import attribute
from incentives.engine.errors import InputError
from incentives.engine.results import CAUSES

D = Decimal
STEPS = tuple(cause for cause in CAUSES if cause not in ("engine", "manual"))
changes = st.frozensets(st.sampled_from(STEPS))
money = st.one_of(st.decimals(-(10**9), 10**9, places=2), st.fractions(-(10**6), 10**6, max_denominator=97))


@st.composite
def calculations(draw):
    """A function of the chosen causes that knows no rule at all: any two causes may do anything to each other."""
    made: dict[frozenset[str], dict[str, Decimal | Fraction]] = {}

    def value(chosen: frozenset[str]) -> dict[str, Decimal | Fraction]:
        if chosen not in made:
            made[chosen] = draw(st.dictionaries(st.sampled_from("abc"), money))
        return made[chosen]

    return value


@given(calculations(), changes)
def test_the_steps_sum_to_the_difference_and_nothing_is_left_over(value, changed):
    found = attribute(value, changed=changed)
    for key in "abc":
        steps = sum((Fraction(found.amount(cause, key)) for cause in CAUSES), Fraction(0))
        assert steps == Fraction(value(frozenset(changed)).get(key, 0)) - Fraction(value(frozenset()).get(key, 0))
        assert found.residue(key) == 0


@given(calculations())
def test_nothing_changed_is_all_zero(value):
    assert attribute(value, changed=()).steps == ()


@given(calculations(), changes)
def test_only_what_changed_has_amounts_in_the_published_order(value, changed):
    causes = [cause for cause, _ in attribute(value, changed=changed).steps]
    assert set(causes) <= changed
    assert causes == sorted(causes, key=CAUSES.index)


@given(calculations(), changes, st.dictionaries(st.sampled_from("abc"), money), st.dictionaries(st.sampled_from("abc"), money))
def test_what_other_engines_left_is_the_engines_and_nothing_is_left_over(value, changed, before, after):
    found = attribute(value, changed=changed)
    settled = found.settled(before=before, after=after)
    for key in "abc":
        assert settled.residue(key) == 0
        assert all(settled.amount(cause, key) == found.amount(cause, key) for cause in STEPS)
    assert found.settled(before=found.before, after=found.after).steps == found.steps


@given(calculations(), changes, st.dictionaries(st.sampled_from("abc"), money), st.dictionaries(st.sampled_from("abc"), money))
def test_what_people_post_by_hand_stands_under_its_own_name(value, changed, earlier, between):
    found = attribute(value, changed=changed).with_manual(between, before=earlier)
    for key in "abc":
        assert found.residue(key) == 0
        assert found.amount("manual", key) == between.get(key, 0)


def test_what_two_causes_only_do_together_falls_to_the_later_one():
    def pay(chosen: frozenset[str]) -> dict[str, Decimal]:
        pay_rate, sales = D("0.05" if "pay_rate" in chosen else "0.04"), D(1500 if "data" in chosen else 1000)
        return {"commission": pay_rate * sales}

    found = attribute(pay, changed={"data", "pay_rate"})
    # 1,000 at one percent more is 10; 500 more at the new five percent are 25.
    assert found.causes(["commission"]) == (("pay_rate", D(10)), ("data", D(25)))


def test_another_order_would_divide_otherwise():
    """The order matters: without it being published the two amounts could not be recomputed by hand."""

    def pay(chosen: frozenset[str]) -> dict[str, Decimal]:
        swapped = {"pay_rate": "data", "data": "pay_rate"}
        chosen = frozenset(swapped[cause] for cause in chosen)
        return {"commission": D("0.05" if "pay_rate" in chosen else "0.04") * D(1500 if "data" in chosen else 1000)}

    found = attribute(pay, changed={"data", "pay_rate"})
    assert found.causes(["commission"]) == (("pay_rate", D(20)), ("data", D(15)))


def test_causes_that_cancel_out_over_some_keys_are_left_out_of_their_sum():
    def pay(chosen: frozenset[str]) -> dict[str, Decimal]:
        return {"old": D(0), "new": D(40)} if "plan" in chosen else {"old": D(40), "new": D(0)}

    found = attribute(pay, changed={"plan"})
    assert found.causes(["old"]) == (("plan", D(-40)),)
    assert found.causes(["old", "new"]) == ()


def test_what_the_engine_did_and_what_people_posted_add_up_over_several_steps():
    """A difference of the engine's beside one that stands already, and a second entry by hand: both stand in one sum each."""
    found = attribute(lambda chosen: {"commission": D(100)}, changed=())
    once = found.settled(before={"commission": D(90)}, after={"commission": D(97)})
    assert once.steps == (("engine", {"commission": D(7)}),)
    twice = once.settled(before={"commission": D(90)}, after={"commission": D(99), "bonus": D(5)})
    assert twice.steps == (("engine", {"commission": D(9), "bonus": D(5)}),)
    posted = twice.with_manual({"bonus": D(1)}, before={}).with_manual({"bonus": D(2)}, before={"bonus": D(4)})
    assert posted.steps == (("engine", {"commission": D(9), "bonus": D(5)}), ("manual", {"bonus": D(3)}))
    assert (posted.before, posted.after) == ({"commission": D(90), "bonus": D(4)}, {"commission": D(99), "bonus": D(12)})
    assert posted.causes(["bonus", "never heard of"]) == (("engine", D(5)), ("manual", D(3)))


def test_an_unknown_cause_is_refused():
    with pytest.raises(InputError, match="weather is no cause"):
        attribute(lambda chosen: {}, changed={"weather"})
