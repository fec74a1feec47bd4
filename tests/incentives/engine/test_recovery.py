"""Debts in a stated order, across a payee's plans, and over the end of a plan year: figures by hand, and laws."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.contracts import day_number
from incentives.engine.errors import PlanError
from incentives.engine.payment import BILLED, CARRY_OUT, CLAW_OUT, FORGIVEN, MAXIMUM, RECOVERY, WRITTEN_OFF, Draw, Limits, Opened, PaymentTerms
from incentives.engine.plan_check import plan_check
from incentives.engine.proration import DayCount, Holiday
from incentives.engine.walk import Passing, PlanWalk, Together, Walk, in_balance, walks_together

D = Decimal
money = st.integers(-500_000, 500_000).map(lambda cents: Decimal(cents).scaleb(-2))
gains = st.integers(0, 500_000).map(lambda cents: Decimal(cents).scaleb(-2))


def plan(code, terms, due, *, draws=None, maximum=None, clawed=(), opened=None, years_end=(), currency="USD"):
    walk = PlanWalk(
        due=dict(enumerate(due)), clawed=dict(enumerate(clawed)), limits=lambda q: Limits(terms, draws or {}, maximum), posted={}, is_open=lambda q: True,
        upto=len(due) - 1, opened=opened,
    )  # fmt: skip
    return Together(code, currency, walk, range(len(due)), frozenset(years_end))


def terms(*order, **more) -> PaymentTerms:
    return PaymentTerms(2, **{"negative": "carry", "recovery": order or RECOVERY, "draws": (Draw("ramp", "Ramp"),), **more})


def one(terms, due, **more) -> Walk:
    return walks_together([plan("a", terms, due, **more)])[0]


HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("order", "clawback", "carried", "ramp"),
    [
        # 1,000 before 400 of clawback; 500 may be taken back, 300 are carried, 600 were drawn.
        (("clawback", "carried", "draws", "maximum"), D(0), D(-200), D(600)),
        (("carried", "clawback", "draws", "maximum"), D(200), D(0), D(600)),
        (("draws", "carried", "clawback", "maximum"), D(400), D(-300), D(100)),
        (("clawback", "draws", "carried", "maximum"), D(0), D(-300), D(500)),
    ],
)
def test_debts_are_taken_back_in_the_stated_order_and_each_has_its_balance(order, clawback, carried, ramp) -> None:
    done = one(terms(*order, recovery_limit=HALF), [D(600)], clawed=[D(-400)], opened=Opened(0, D(-300), {"@ramp": D(600)}))
    assert done.payable[0] == D(500)
    assert (done.clawback[0], done.carried[0], done.drawn[0].get("@ramp", D(0))) == (clawback, carried, ramp)


def test_the_maximum_cuts_where_it_stands_in_the_order() -> None:
    def cut(*order):
        return one(terms(*order, has_maximum=True, excess="forfeit"), [D(1000)], maximum=D(600), opened=Opened(0, D(-300)))

    first, last = cut("maximum", "clawback", "carried", "draws"), cut("clawback", "carried", "draws", "maximum")
    assert (first.payable[0], first.targets[0]["forfeited", MAXIMUM]) == (D(300), D(-400))  # 600 of 1,000, less 300
    assert (last.payable[0], last.targets[0]["forfeited", MAXIMUM]) == (D(600), D(-100))  # 600 of 700


def test_clawback_that_is_left_is_taken_in_the_next_period_and_one_given_back_is_paid() -> None:
    done = one(terms(recovery_limit=HALF), [D(-1000), D(1000), D(1200)], clawed=[D(-1000), D(0), D(700)])
    # Nothing in the first; 500 of 1,000 in the second; in the third 700 are given back beside 500: the debt goes, 200 are paid.
    assert [done.clawback[q] for q in range(3)] == [D(1000), D(500), D(0)]
    assert [done.payable[q] for q in range(3)] == [D(0), D(500), D(700)]


def test_a_debt_is_set_off_against_other_plans_in_the_order_of_the_plan() -> None:
    def first(**more):
        return plan("a", PaymentTerms(2, negative="offset", **more), [D(-1000)])

    def others():
        return [plan("b", PaymentTerms(2), [D(600)]), plan("c", PaymentTerms(2), [D(700)])]

    assert [walk.payable[0] for walk in walks_together([first(), *others()])] == [D(0), D(0), D(300)]
    assert [walk.payable[0] for walk in walks_together([first(offset=("c", "b")), *others()])] == [D(0), D(300), D(0)]
    only = walks_together([first(offset=("b",)), *others()])
    assert [walk.payable[0] for walk in only] == [D(0), D(0), D(700)]
    assert only[0].carried[0] == D(-400)
    alone = walks_together([plan("a", PaymentTerms(2, negative="carry"), [D(-1000)]), *others()])
    assert [walk.payable[0] for walk in alone] == [D(0), D(600), D(700)], "carry takes nothing from others"


def test_what_is_set_off_leaves_the_other_plans_draw_and_limit_and_never_crosses_currencies() -> None:
    debtor = plan("a", PaymentTerms(2, negative="offset"), [D(-1000)])
    drawn = plan("b", PaymentTerms(2, draws=(Draw("d", "D"),)), [D(600)], draws={"d": D(450)})
    limited = plan("c", PaymentTerms(2, recovery_limit=Fraction(1, 4)), [D(700)])
    euro = plan("e", PaymentTerms(2), [D(900)], currency="EUR")
    assert [walk.payable[0] for walk in walks_together([debtor, drawn, limited, euro])] == [D(0), D(450), D(525), D(900)]


@pytest.mark.parametrize(
    ("policy", "step"), [("forgive", ("written_off", FORGIVEN)), ("write_off", ("written_off", WRITTEN_OFF)), ("bill", ("carried", BILLED))]
)
def test_at_the_end_of_the_plan_year_what_is_left_is_ended_by_name(policy, step) -> None:
    ended = terms(year_end=policy, recovery_limit=Fraction(0), draws=(Draw("ramp", "Ramp", year_end=policy),))
    done = one(ended, [D(-300), D(1000), D(1000)], clawed=[D(-200), D(0), D(0)], opened=Opened(0, D(0), {"@ramp": D(50)}), years_end=[1])
    # -100 before clawback, 200 of clawback, 50 drawn: nothing may be taken back within the year.
    assert done.targets[1][step] == D(350)
    assert (done.carried[1], done.clawback[1], done.drawn[1]) == (D(0), D(0), {})
    assert [done.payable[q] for q in range(3)] == [D(0), D(1000), D(1000)]
    kept = one(terms(recovery_limit=Fraction(0)), [D(-300), D(1000)], years_end=[1])
    assert kept.carried[1] == D(-300), "carry is the default"


@given(
    st.lists(st.tuples(money, money), min_size=1, max_size=6), gains, st.permutations(RECOVERY), st.sampled_from(["carry", "offset", "write_off"]),
    st.sampled_from(["carry", "forgive", "write_off", "bill"]), gains, st.sampled_from(["carry", "forfeit"]), st.sampled_from([Fraction(1, 3), Fraction(1)]),
)  # fmt: skip
def test_no_cent_is_lost_between_plans_debts_and_years(dues, level, order, negative, roll, maximum, excess, limit) -> None:
    """All plans together: paid = due + drawn and not recovered - owed to the payee + what he still owes + what was ended by name."""
    first = terms(*order, negative=negative, year_end=roll, has_maximum=True, excess=excess, recovery_limit=limit, draws=(Draw("ramp", "R", year_end=roll),))
    mine, theirs = [due for due, _ in dues], [due for _, due in dues]
    clawed = [min(due, D(0)) / 2 for due in mine]
    clawed = [amount.quantize(D("0.01")) for amount in clawed]
    plans = [
        plan("a", first, mine, draws={"ramp": level}, maximum=maximum, clawed=clawed, years_end=[1, 5]),
        plan("b", PaymentTerms(2, negative="carry"), theirs, years_end=[1, 5]),
    ]
    a, b = walks_together(plans)
    last = len(dues) - 1
    ended = sum((v for w in (a, b) for s in w.targets.values() for (verb, c), v in s.items() if verb in ("written_off", "forfeited") or c == BILLED), D(0))
    left = a.carried[last] + b.carried[last] - a.clawback[last] - sum(a.drawn[last].values(), D(0))
    assert sum((a.payable[q] + b.payable[q] for q in range(last + 1)), D(0)) == sum(mine + theirs, D(0)) - left + ended
    for q in range(last + 1):
        assert a.clawback[q] >= 0
        assert all(balance >= 0 for balance in a.drawn[q].values())
        assert min(a.payable[q], b.payable[q]) >= 0
        pairs = [v for w in (a, b) for (verb, c), v in w.targets.get(q, {}).items() if verb == "carried" and not in_balance(c) and c != BILLED]
        assert sum(pairs, D(0)) == 0


@given(gains, gains, gains, gains)
def test_the_order_of_recovery_divides_what_is_taken_and_never_changes_how_much(due, claw, carried, drawn) -> None:
    opened = Opened(0, -carried, {"@ramp": drawn})
    paid = {one(terms(*order, recovery_limit=HALF), [due - claw], clawed=[-claw], opened=opened).payable[0] for order in permutations(RECOVERY)}
    assert len(paid) == 1
    # The control: without an order the limit holds for draws alone, and clawback and balances carried are taken whole.
    plain = one(PaymentTerms(2, negative="carry", recovery_limit=HALF), [due - claw], clawed=[-claw], opened=Opened(0, -carried)).payable[0]
    assert plain == max(due - claw - carried, D(0))


HEAD = """engine: 1
plan: a
currency: USD
calendar: month
credits: [{name: sale, to: owner}]
measures: [{name: sales}]
components: [{name: pay, base: sales, pay_rate: {flat: 1%}}]
"""


@pytest.mark.parametrize(
    ("text", "line", "cause", "mend"),
    [
        ("payment: {negative: carry, recovery: [draws, carried]}", 8, "does not name each step", "carried, clawback, draws, maximum"),
        ("payment: {recovery: [draws, carried, clawback, maximum]}", 8, "leaves none", "negative: carry"),
        ("payment: {negative: carry, offset: [b]}", 8, "without a debt", "negative: offset"),
        ("payment:\n  negative: offset\n  offset: [b, a]", 10, "`a` is this plan itself", "name other plans"),
        ("payment:\n  negative: offset\n  offset: [b, b]", 10, "stands twice", "each once"),
        ("payment: {negative: write_off, year_end: bill}", 8, "leaves none", "negative: carry"),
        ("draws: [{name: g, amount: 10, recover: never, year_end: forgive}]", 8, "a guarantee leaves nothing", "take `year_end` out"),
        ("payment: {negative: offset, year_end: never}", 8, "never", "carry, forgive, write_off, bill"),
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused_with_their_place(text, line, cause, mend) -> None:
    with pytest.raises(PlanError) as caught:
        plan_load(HEAD + text + "\n")
    found = caught.value.problems[0]
    assert found.line == line
    assert cause in found.cause
    assert mend in found.mend


def test_what_a_plan_says_of_debts_is_compiled() -> None:
    made = plan_load(HEAD + "payment: {negative: offset, offset: [b], recovery: [draws, carried, clawback, maximum], year_end: bill}\n").terms
    assert (made.negative, made.offset, made.recovery, made.year_end) == ("offset", ("b",), ("draws", "carried", "clawback", "maximum"), "bill")
    assert made.walks
    assert plan_load(HEAD).terms.recovery == ()
    assert CARRY_OUT != CLAW_OUT


# ---------------------------------------------------------------- moves


def moved(policy, dues, *, after=None, converted=lambda amount: amount):
    """Plan a until position 0, plan b from position 1 on."""
    first = terms(recovery_limit=Fraction(0), draws=(Draw("ramp", "Ramp"),))
    plans = [
        plan("a", first, dues, clawed=[D(-200)], opened=Opened(0, D(0), {"@ramp": D(600)})),
        plan("b", after or PaymentTerms(2, negative="carry"), [D(0), D(2000), D(0)]),
    ]
    passing = Passing(0, 1, 0, policy, converted if policy == "pass" else None)
    return *walks_together(plans, None, [passing]), passing


def test_on_a_move_balances_pass_to_the_next_plan_each_as_what_it_is() -> None:
    a, b, _ = moved("pass", [D(-500), D(0), D(0)], after=terms())
    assert (a.carried[0], a.clawback[0], a.drawn[0]) == (D(0), D(0), {})
    assert (b.carried[0], b.clawback[0], b.drawn[0]) == (D(-300), D(200), {"@ramp": D(600)})
    assert [b.payable[q] for q in range(3)] == [D(0), D(900), D(0)]
    plain = moved("pass", [D(-500), D(0), D(0)])[1]
    assert (plain.carried[0], plain.clawback[0]) == (D(-500), D(0)), "a plan without an order of recovery carries clawback with the rest"


def test_on_a_move_balances_stay_or_are_ended_by_name_and_refusing_is_told() -> None:
    a, b, one = moved("refuse", [D(-500), D(0), D(0)])
    assert one.refused
    assert (a.carried[2], a.clawback[2], a.drawn[2]) == (D(-300), D(200), {"@ramp": D(600)})
    assert b.payable[1] == 2000
    a, b, one = moved("forgive", [D(-500), D(0), D(0)])
    assert a.targets[0]["written_off", FORGIVEN] == D(1100)
    assert (a.carried[2], a.clawback[2], a.drawn[2], b.payable[1]) == (D(0), D(0), {}, D(2000))


@given(st.lists(money, min_size=3, max_size=3), st.sampled_from([D(1), D("0.5"), D(2)]))
def test_what_passes_over_pays_nobody_and_loses_no_cent(dues, fx_rate) -> None:
    """In each plan and period the entries of a move sum to nothing; the old balance at the rate is the new one."""
    stay, pass_on = moved("refuse", dues), moved("pass", dues, after=terms(), converted=lambda amount: amount * fx_rate)
    assert [pass_on[0].payable[q] for q in range(1)] == [stay[0].payable[0]]
    assert pass_on[1].payable[0] == stay[1].payable[0]
    left = stay[0].carried[0], stay[0].clawback[0], stay[0].drawn[0].get("@ramp", D(0))
    assert (pass_on[1].carried[0], pass_on[1].clawback[0], pass_on[1].drawn[0].get("@ramp", D(0))) == tuple(amount * fx_rate for amount in left)
    assert (pass_on[0].carried[0], pass_on[0].clawback[0], pass_on[0].drawn[0]) == (D(0), D(0), {})


# ---------------------------------------------------------------- draws by days

COUNT = DayCount([Holiday(day_number("2025-01-01"))])
JANUARY = (day_number("2025-01-01"), day_number("2025-02-01"))


def test_each_day_of_a_prorated_draw_pays_its_largest_amount() -> None:
    low, high = JANUARY
    pieces = [(low, low + 10, D(3100)), (low + 5, low + 15, D(6200)), (low + 20, high + 99, D(310))]
    # Five days of 100, ten of 200, five of nothing, eleven of 10.
    assert COUNT.weighed("calendar_days", pieces, JANUARY, "") == 500 + 2000 + 110
    # The 1st is a holiday: 22 working days; the 2nd and 3rd are two of them.
    assert COUNT.weighed("working_days", [(low, low + 5, D(2200))], JANUARY, "") == 200


@given(st.integers(1, 30), gains, st.sampled_from(["calendar_days", "working_days"]))
def test_two_plans_of_one_amount_pay_it_once_in_the_month_of_a_move(day, amount, way) -> None:
    low, high = JANUARY
    before, after = ([(low, low + day, amount)], [(low + day, high, amount)])
    assert COUNT.weighed(way, before, JANUARY, "") + COUNT.weighed(way, after, JANUARY, "") == amount
    assert COUNT.weighed(way, [*before, *after], JANUARY, "") == amount


PRORATED = (
    HEAD
    + """draws: [{name: ramp, amount: 3100, prorate: calendar_days}]
tests:
  - name: a joiner draws by days
    transactions: [{id: 1, date: "2025-01-20", payee: ann, amount: 0}]
    assignments: [{payee: ann, from: "2025-01-22"}]
    expect:
      - {payee: ann, period: "2025-01", paid: drawn, amount: 1000}
      - {payee: ann, period: "2025-02", paid: drawn, amount: 3100}
"""
)


def test_a_prorated_draw_is_held_by_the_plans_own_tests() -> None:
    assert plan_check(PRORATED).ok
    assert not plan_check(PRORATED.replace("prorate: calendar_days", "prorate: none")).ok
