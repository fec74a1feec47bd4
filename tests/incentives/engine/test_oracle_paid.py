"""When what is earned is paid, and what returns take back, equal to the plain oracle: instalments, holdbacks, cash, clawbacks."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.compile import plan_load
from incentives.engine.lines import Line
from incentives.engine.payment import Draw, Limits, Opened, PaymentTerms, Walk, due_shares, held_targets
from incentives.engine.payout import Amounts, Returned, amounts_read, clawback_by, deal_parts, named_parts, released_by_cash, share_by_days
from incentives.engine.plan import Clawback, Rounding
from incentives.engine.results import Figure
from incentives.engine.simulate import simulation_run
from incentives.engine.tables import Points, Steps
from incentives.engine.walk import payment_walk

from . import oracle
from .oracle import Deal, Schedule
from .test_oracle import cents, text, tried

PLAN = """\
engine: 1
plan: paid
currency: USD
calendar: month
credits: [{{name: direct, to: owner}}]
measures: [{{name: m}}]
tables:
  - {{name: window, points: [{{at: 0, value: 100%}}, {{at: {full}, value: 100%}}, {{at: {over}, value: {rest}}}], below: 100%, above: last}}
components: [{{name: pay, base: m, pay_rate: {{flat: 100%}}}}]
payment:
  on: {on}
  instalments: {instalments}
  holdback: {{share: {holdback}%, until: {until}}}
{clawback}"""


def plan_text(schedule: Schedule, *, table: tuple[int, int, Fraction] = (30, 90, Fraction(0)), clawback: int = 0) -> str:
    return PLAN.format(
        on="cash" if schedule.cash else "booking", instalments=schedule.instalments, holdback=text(schedule.holdback * 100), until=schedule.until,
        full=table[0], over=table[1], rest=text(table[2]), clawback=f"clawback: {{table: window, instalments: {clawback}}}\n" if clawback else "",
    )  # fmt: skip


def one_a_month(amounts: dict[int, Fraction]) -> list[Deal]:
    return [Deal(month, 7, amount) for month, amount in sorted(amounts.items())]


def rows(deals: list[Deal]) -> list[dict[str, Any]]:
    return [{"id": f"T{i:02}", "date": f"2025-{d.month:02}-{d.day:02}", "payee": "ann", "amount": text(d.amount)} for i, d in enumerate(deals)]


def paid_by_month(text_of_plan: str, tables: dict[str, Any]) -> list[Fraction]:
    simulation = simulation_run(plan_load(text_of_plan), tables)
    return [Fraction(simulation.paid("ann", "payable", f"2025-{month:02}")) for month in range(1, 13)]


schedules = st.builds(
    Schedule, instalments=st.integers(1, 5), holdback=st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(33, 100)]),
    until=st.sampled_from(["quarter", "year"]), cash=st.booleans(),
)  # fmt: skip


@tried(90)
@given(
    schedules, st.dictionaries(st.integers(1, 12), cents(-300_00, 900_00), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 12), cents(1, 700_00)), max_size=8),
)  # fmt: skip
def test_instalments_holdbacks_and_cash_equal_the_oracle(schedule: Schedule, amounts: dict[int, Fraction], money: list[tuple[int, int, Fraction]]) -> None:
    deals = one_a_month(amounts)
    received: dict[int, list[tuple[int, Fraction]]] = {}
    payments = []
    for number, month, amount in money:
        if number < len(deals):
            received.setdefault(number, []).append((month, amount))
            payments.append({"transaction": f"T{number:02}", "date": f"2025-{month:02}-28", "amount": text(amount)})
    found = paid_by_month(plan_text(schedule), {"transactions": rows(deals), "payments": payments})
    assert found == oracle.scheduled(schedule, deals, received)


@tried(90)
@given(
    cents(1_00, 900_00), st.integers(1, 10), st.integers(1, 4), st.tuples(st.integers(1, 40), st.integers(41, 120), cents(0, 60)),
    st.lists(st.tuples(st.integers(0, 200), cents(1, 120)), min_size=1, max_size=3, unique_by=lambda one: one[0]),
)  # fmt: skip
def test_clawbacks_equal_the_oracle(amount: Fraction, month: int, instalments: int, table: tuple[int, int, Fraction], given_back: list[Any]) -> None:
    (deal,) = one_a_month({month: amount})
    until = dt.date(2025, month + 1, 1)
    returns, given_rows = [], []
    for after, share in given_back:
        day = dt.date(2025, month, 8) + dt.timedelta(days=after)
        if day.year == 2025:
            money = oracle.rounded(amount * share, 2, "half_up")
            returns.append((day.toordinal(), day.month, money / amount))
            given_rows.append({"transaction": "T00", "date": day.isoformat(), "amount": text(money)})
    points = [(Fraction(0), Fraction(1)), (Fraction(table[0]), Fraction(1)), (Fraction(table[1]), table[2])]
    back = oracle.taken_back(amount, until.toordinal(), returns, points, instalments)
    expected = [(amount if at == month else 0) + back[at - 1] for at in range(1, 13)]
    assert paid_by_month(plan_text(Schedule(), table=table, clawback=instalments), {"transactions": rows([deal]), "returns": given_rows}) == expected


def test_control_a_month_later_or_a_cent_less_is_seen() -> None:
    deals, schedule = one_a_month({2: Fraction(100)}), Schedule(instalments=3, holdback=Fraction(1, 4), until="quarter")
    right = paid_by_month(plan_text(schedule), {"transactions": rows(deals)})
    assert right == oracle.scheduled(schedule, deals, {}) == [0, 25, Fraction("41.67"), Fraction("33.33"), *[0] * 8]
    for wrong in (Schedule(3, Fraction(1, 4), "year"), Schedule(2, Fraction(1, 4), "quarter"), Schedule(3, Fraction(1, 5), "quarter")):
        assert oracle.scheduled(wrong, deals, {}) != right


# ---------------------------------------------------------------- the parts by themselves


def line(number: int, pay_credit: int, pay: int | None) -> Line:
    return Line(number, 0, "direct", Decimal(pay_credit), Decimal(pay_credit), Decimal(pay_credit), None if pay is None else Decimal(pay))


def test_what_was_earned_is_divided_by_the_deals_own_pay_else_by_their_credit() -> None:
    own = [line(7, 100, 1), line(5, 100, 2), line(7, 100, 5)]
    assert [(item, part.amount) for item, part in named_parts(own, Decimal(80), 2)] == [(5, Decimal("20.00")), (7, Decimal("60.00"))]
    mixed = [line(7, 100, None), line(5, 100, 2), line(7, 200, 5)]
    assert [(item, part.amount) for item, part in named_parts(mixed, Decimal(80), 2)] == [(5, Decimal("20.00")), (7, Decimal("60.00"))]
    third = named_parts([line(1, 1, None), line(2, 1, None), line(3, 1, None)], Decimal(100), 2, lambda item: (Fraction(item),))
    assert [(item, part.amount, part.released) for item, part in third] == [
        (1, Decimal("33.34"), (1,)), (2, Decimal("33.33"), (2,)), (3, Decimal("33.33"), (3,)),
    ]  # fmt: skip
    assert [part.amount for part in deal_parts(own, Decimal(80), 2, lambda item: ())] == [Decimal("20.00"), Decimal("60.00")]
    assert named_parts([], Decimal(80), 2) == []
    assert named_parts([line(1, 5, None), line(2, -5, None)], Decimal(80), 2) == []


def test_money_counts_from_the_period_in_which_it_comes() -> None:
    ends = [10, 20, 30]
    assert released_by_cash(Fraction(200), [(9, Fraction(50)), (20, Fraction(50)), (5, Fraction(-10))], ends) == [
        Fraction(1, 5),
        Fraction(1, 5),
        Fraction(9, 20),
    ]
    assert released_by_cash(Fraction(10), [(1, Fraction(50))], ends) == [1, 1, 1]
    assert released_by_cash(Fraction(10), [(1, Fraction(-50))], ends) == [0, 0, 0]
    assert released_by_cash(Fraction(10), [], ends) == [0, 0, 0]
    for nothing in (Fraction(0), Fraction(-3)):
        assert released_by_cash(nothing, [], ends) == [1, 1, 1]


def test_a_share_by_days_stays_between_nothing_and_the_whole() -> None:
    steps = share_by_days(Steps("w", (Decimal(0), Decimal(30)), (Decimal("0.8"), Decimal("0.3"))))
    assert [steps(days) for days in (0, 29, 30)] == [Fraction(4, 5), Fraction(4, 5), Fraction(3, 10)]
    points = share_by_days(Points("w", (Decimal(0), Decimal(10)), (Decimal(2), Decimal(-1)), Decimal("1.5")))
    assert [points(days) for days in (-1, 0, 5, 10)] == [1, 1, Fraction(1, 2), 0]


def test_days_count_from_the_last_day_of_the_earning_period() -> None:
    """The day before the period's end and the last day itself are day 0, the first day after it is day 1."""
    clawback = Clawback("w", 1, Rounding(2, "half_up"))
    for day, share in ((98, 0), (99, 0), (100, 1), (103, 4)):
        found = clawback_by(clawback, lambda days: Fraction(days, 10), deals=[(Decimal(100), [Returned(0, day, Fraction(1))])], earned_until=100, positions=2)
        assert found == [Decimal(-10 * share)] * 2


def test_draws_and_maxima_are_the_payees_largest_of_all_assignments() -> None:
    def figure(seat: int, name: str, value: str | None, period: int = 4) -> Figure:
        return Figure(1, seat, name, period, None if value is None else Decimal(value))

    figures = [
        figure(1, "payment.maximum", "100.005"), figure(2, "payment.maximum", "70"), figure(3, "payment.maximum", "90"), figure(4, "payment.maximum", None),
        figure(1, "draw.a", "5"), figure(2, "draw.a", "8.004"), figure(3, "draw.a", "2"), figure(1, "draw.b", None), figure(1, "sales", "999"),
        figure(1, "payment.maximum", "3", 5), figure(1, "sales", None, 6),
    ]  # fmt: skip
    found = amounts_read(figures, 2)
    assert dict(found) == {(1, 4): Amounts({"a": Decimal("8.00")}, Decimal("100.01")), (1, 5): Amounts({}, Decimal("3.00"))}
    upwards = amounts_read([figure(1, "payment.maximum", "70"), figure(2, "payment.maximum", "100")], 2)
    assert upwards[1, 4].maximum == 100


def test_closed_periods_keep_what_stands_and_open_ones_make_up_for_it() -> None:
    """Two closed months paid 30 and 20 of 90 that were due by then; what is missing is released in the first open month."""
    found = held_targets(
        earned={0: Decimal(120)}, posted={0: Decimal(-90), 1: Decimal(20)}, is_open=lambda q: q >= 2,
        due=[Decimal(30), Decimal(90), Decimal(90), Decimal(120)], freed=[Decimal(30), Decimal(90), Decimal(90), Decimal(120)],
    )  # fmt: skip
    assert found == {2: Decimal(40), 3: Decimal(30)}
    lower = held_targets(earned={1: Decimal(50)}, posted={}, is_open=lambda q: q != 1, due=[Decimal(0), Decimal(50), Decimal(10)], freed=[Decimal(50)] * 3)
    assert lower == {2: Decimal(0)}
    taken = held_targets(earned={1: Decimal(50)}, posted={}, is_open=lambda q: q != 1, due=[Decimal(0), Decimal(50), Decimal(10)], freed=[Decimal(20)] * 3)
    assert taken == {2: Decimal(-30)}
    assert held_targets(earned={}, posted={}, is_open=lambda q: True, due=[Decimal(1)], freed=[Decimal(1)]) == {}


def walk(terms: PaymentTerms, due: dict[int, int], *, upto: int, opened: Opened | None = None, maximum: int | None = None, **draws: int) -> Walk:
    limits = Limits(terms, {name: Decimal(amount) for name, amount in draws.items()}, None if maximum is None else Decimal(maximum))
    amounts = {position: Decimal(amount) for position, amount in due.items()}
    return payment_walk(due=amounts, limits=lambda q: limits, posted={}, is_open=lambda q: True, upto=upto, opened=opened)


def test_entries_of_a_period_stand_under_their_names() -> None:
    carry = walk(PaymentTerms(2, negative="carry"), {0: -30, 1: 100}, upto=1)
    assert carry.targets == {0: {("carried", "@carried_out"): 30}, 1: {("carried", "@carried_in"): -30}}
    assert (carry.payable, carry.carried) == ({0: 0, 1: 70}, {0: -30, 1: 0})
    gone = walk(PaymentTerms(2, negative="write_off"), {0: -30, 2: 7}, upto=2)
    assert gone.targets == {0: {("written_off", "@negative"): 30}}
    assert gone.payable == {0: 0, 1: 0, 2: 7}
    kept = walk(PaymentTerms(2, has_maximum=True, negative="keep"), {0: -30, 1: 100, 2: 80}, upto=2, maximum=80)
    assert kept.targets == {1: {("carried", "@carried_out"): -20}, 2: {("carried", "@carried_in"): 20, ("carried", "@carried_out"): -20}}
    assert kept.payable == {0: -30, 1: 80, 2: 80}
    lost = walk(PaymentTerms(2, has_maximum=True, excess="forfeit"), {0: 100}, upto=0, maximum=80)
    assert lost.targets == {0: {("forfeited", "@maximum"): -20}}
    assert walk(PaymentTerms(2, has_maximum=True), {0: 80}, upto=0, maximum=80).targets == {}


def test_draws_are_recovered_in_the_plans_order_and_from_one_room() -> None:
    """Two draws of 40 and 30 topped up from nothing; then 100 and 60 are due, above the larger draw."""
    terms = PaymentTerms(2, draws=(Draw("b", "B"), Draw("a", "A")))
    found = walk(terms, {0: 0, 1: 60, 2: 55}, upto=2, b=40, a=50)
    assert found.targets[0] == {("drawn", "@b"): 40, ("drawn", "@a"): 10}
    assert found.targets[1] == {("recovered", "@b"): -10}
    assert found.targets[2] == {("recovered", "@b"): -5}
    assert found.drawn == {0: {"@b": 40, "@a": 10}, 1: {"@b": 30, "@a": 10}, 2: {"@b": 25, "@a": 10}}
    late = walk(terms, {0: 0, 1: 95}, upto=1, b=40, a=50)
    assert late.targets[1] == {("recovered", "@b"): -40, ("recovered", "@a"): -5}
    assert late.payable == {0: 50, 1: 50}
    left = Opened(0, draws={"@z": Decimal(9), "@y": Decimal(2), "@a": Decimal(4)})
    gone = walk(terms, {0: 100}, upto=0, opened=left)
    assert gone.targets[0] == {("recovered", "@a"): -4, ("recovered", "@y"): -2, ("recovered", "@z"): -9}
    order = walk(terms, {0: 5}, upto=0, opened=left)
    assert order.targets[0] == {("recovered", "@a"): -4, ("recovered", "@y"): -1}


def test_advances_are_paid_before_and_recovered_from_what_is_due() -> None:
    terms = PaymentTerms(2, has_maximum=True, draws=(Draw("a", "A", upfront=True), Draw("b", "B", upfront=True)))
    found = walk(terms, {0: 30, 1: 130}, upto=1, a=50, b=20)
    assert found.targets[0] == {("advanced", "@a"): 50, ("advanced", "@b"): 20, ("recovered", "@a"): -30}
    assert found.drawn[0] == {"@a": 20, "@b": 20}
    assert found.targets[1] == {("advanced", "@a"): 50, ("advanced", "@b"): 20, ("recovered", "@a"): -70, ("recovered", "@b"): -40}
    assert found.payable == {0: 70, 1: 90}
    most = walk(terms, {0: 30}, upto=0, maximum=60, a=50, b=20)
    assert most.targets[0][("carried", "@carried_out")] == -10
    only = walk(PaymentTerms(2, draws=(Draw("a", "A", upfront=True), Draw("b", "B"))), {0: 10}, upto=0)
    assert only.targets == {}


def test_what_the_earlier_system_left_enters_at_its_period() -> None:
    opened = Opened(1, carried=Decimal(-25), draws={"@d": Decimal(15)})
    terms = PaymentTerms(2, negative="carry", draws=(Draw("d", "D"),))
    found = walk(terms, {0: -10, 1: 100, 2: 0}, upto=2, opened=opened, d=20)
    assert found.targets[0] == {("carried", "@carried_out"): 10, ("drawn", "@d"): 20}
    assert found.targets[1] == {("carried", "@carried_in"): -35, ("recovered", "@d"): -35}
    assert found.payable == {0: 20, 1: 30, 2: 20}
    guaranteed = walk(PaymentTerms(2, draws=(Draw("d", "D", recover=False), Draw("e", "E"))), {0: 0, 1: 200}, upto=1, d=20, e=30)
    assert guaranteed.drawn == {0: {"@e": 10}, 1: {}}
    assert guaranteed.targets[1] == {("recovered", "@e"): -10}


def test_shares_due_begin_with_the_earning_period() -> None:
    windows = ["Q1", "Q1", "Q1", "Q2"]
    assert due_shares(PaymentTerms(2, instalments=2), earned_at=2, windows=windows) == [0, 0, Fraction(1, 2), 1]
    assert due_shares(PaymentTerms(2, holdback=Fraction(1, 4)), earned_at=1, windows=windows) == [0, Fraction(3, 4), 1, 1]


def test_a_result_below_zero_that_is_kept_counts_against_the_maximum() -> None:
    terms = PaymentTerms(2, has_maximum=True, draws=(Draw("a", "A", upfront=True),))
    found = walk(terms, {0: -30}, upto=0, maximum=40, a=50)
    assert found.targets == {0: {("advanced", "@a"): 50}}
    assert found.payable == {0: 20}
