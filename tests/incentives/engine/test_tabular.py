"""Plain tables read into what a run needs: versions, dates, shares, who sits where, and errors that say table, row, column and how to mend."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from incentives.engine.cells import sorted_names
from incentives.engine.compile import plan_load
from incentives.engine.contracts import NOBODY, OPEN_END, EmploymentSpan, Enrolment, FxRate, KpiValue, Period, Quota, Relation, ReportingLine, day_number
from incentives.engine.errors import InputError
from incentives.engine.tabular import Tabular, tabular_inputs

PLAN = """\
engine: 1
plan: tables
currency: USD
calendar: month
{more}credits: [{{name: direct, to: owner_or_splits}}]
measures: [{{name: m{where}}}]
components: [{{name: pay, base: m, pay_rate: {{flat: 10%}}}}]
"""
SALE = {"id": "T1", "date": "2025-01-05", "payee": "ann", "amount": "100"}
DAWN = -719162


def read(as_of: int | None = None, *, more: str = "", where: str = "", **tables: list[dict[str, Any]]) -> Tabular:
    return tabular_inputs(plan_load(PLAN.format(more=more, where=where)), {"transactions": [SALE], **tables}, as_of)


def refused(message: str, **given: Any) -> None:
    with pytest.raises(InputError) as found:
        read(**given)
    assert str(found.value) == message


# ---------------------------------------------------------------- names, versions, numbers


def test_names_are_numbered_in_natural_order_whatever_the_order_of_rows() -> None:
    rows = [SALE | {"id": name, "payee": who} for name, who in (("T10", "p10"), ("T2", "p2"), ("T1", "p1"), ("a", "Q"), ("T02x", "p2"))]
    for given in (rows, rows[::-1]):
        data = read(transactions=given)
        assert data.objects == ("T1", "T2", "T02x", "T10", "a")
        assert data.payees == ("Q", "p1", "p2", "p10")
    assert data.payee_id("p10") == 3
    with pytest.raises(InputError, match=r"payee p3 is unknown; payees: Q, p1, p2, p10$"):
        data.payee_id("p3")


def test_names_that_differ_only_in_zeros_have_one_order_too() -> None:
    """Without it ids, and with them ties of rounding, would depend on the process."""
    names = [f"T{'0' * zeros}7" for zeros in range(9)]
    assert sorted_names(names) == sorted_names(names[::-1]) == tuple(sorted(names))
    assert sorted_names(["²", "1", "x"]) == ("1", "x", "²")


def test_the_newest_version_up_to_a_change_counts_and_a_tombstone_takes_it_out() -> None:
    rows = [
        SALE | {"change": 5, "amount": "500"}, SALE | {"change": 2, "amount": "200"}, SALE | {"change": 7, "deleted": "yes"},
        SALE | {"id": "T2", "amount": "1"}, SALE | {"id": "T3", "deleted": "no", "amount": "3"},
    ]  # fmt: skip
    for given in (rows, rows[::-1]):
        for as_of, expected in (
            (None, {"T2": 1, "T3": 3}),
            (7, {"T2": 1, "T3": 3}),
            (6, {"T1": 500, "T2": 1, "T3": 3}),
            (4, {"T1": 200, "T2": 1, "T3": 3}),
            (0, {"T2": 1, "T3": 3}),
        ):
            data = read(as_of, transactions=given)
            assert {data.objects[i]: amount for i, amount in zip(data.facts.object_id.tolist(), data.facts.amount.tolist(), strict=True)} == expected
    refused("transactions, row 3, id: T1 is given twice; ids are unique, or versions carry different change numbers", transactions=[SALE, SALE])
    for word in ("TRUE", "1", "Yes"):
        assert not len(read(transactions=[SALE | {"deleted": word}], calendar=[{"period": "a", "from": "2025-01-01", "to": "2025-02-01"}]).facts)


@pytest.mark.parametrize(
    ("amounts", "units", "scale"),
    [
        (["100", "2.50", "-1"], [1000, 25, -10], 1), (["1e2", "3.000"], [100, 3], 0), (["0.000001"], [1], 6), (["", "7"], [0, 7], 0), (["12%"], [12], 2),
        (["9223372036854775807"], [2**63 - 1], 0),
    ],
)  # fmt: skip
def test_amounts_are_whole_numbers_at_the_finest_scale_that_is_given(amounts: list[str], units: list[int], scale: int) -> None:
    facts = read(transactions=[SALE | {"id": f"T{i}", "amount": amount} for i, amount in enumerate(amounts)]).facts
    assert (facts.amount.tolist(), facts.amount_scale) == (units, scale)


@pytest.mark.parametrize(
    ("sale", "message"),
    [
        ({"amount": "0.0000001"}, "transactions: a number has 7 decimals; up to 6 are possible"),
        ({"amount": "9223372036854775808"}, "transactions, amount: a number is too large"),
        ({"amount": "-9223372036854775808"}, "transactions, amount: a number is too large"),
        ({"amount": "1,5"}, "transactions, row 2, amount: '1,5' is no number; write it as 1234.50"),
        ({"amount": "NaN"}, "transactions, row 2, amount: 'NaN' is no number; write it as 1234.50"),
        ({"date": "5.1.2025"}, "transactions, row 2, date: '5.1.2025' is no date; write it as 2025-01-31"),
        ({"date": ""}, "transactions, row 2, date: is empty; give a value"),
        ({"id": "  "}, "transactions, row 2, id: is empty; give a value"),
        ({"currency": "EUR"}, "transactions, row 2, currency: EUR on a plan in USD; state `conversions: transaction`, or convert amounts first"),
        ({"assignment": "a9"}, "transactions, row 2, assignment: a9 is unknown; add it to assignments"),
        (
            {"colour": "red"},
            "transactions, row 2, colour: is an unknown column; known: account, amount, assignment, change, channel, currency, date, deleted, id, kind, payee, "
            "product, quantity, territory; a plan declares further columns of transactions under `columns`",
        ),
    ],
)
def test_a_wrong_cell_is_named_by_table_row_and_column(sale: dict[str, str], message: str) -> None:
    refused(message, transactions=[SALE | sale])


def test_a_table_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"^sales: is no table; tables: transactions, assignments, attributes, kpis, "):
        read(sales=[])
    refused("splits, row 2, weight: is an unknown column; known: pay_share, payee, quota_share, role, share, transaction; "
            "a plan declares further columns of transactions under `columns`", splits=[{"weight": "1"}])  # fmt: skip
    with pytest.raises(InputError, match=r"^transactions, row 2, cost: is an unknown column"):  # a figure of lines, on a plan that reads orders
        read(transactions=[SALE | {"cost": "1"}])


def test_blanks_around_a_text_are_no_part_of_it_and_an_empty_payee_is_nobody() -> None:
    data = read(transactions=[SALE | {"payee": " ann "}, SALE | {"id": "T2", "payee": "", "amount": "2"}])
    assert data.payees == ("ann",)
    assert data.facts.payee.tolist() == [0, NOBODY]


def test_codes_and_further_numbers_are_those_that_the_plan_reads() -> None:
    more = "columns: [{name: grade, type: code}, {name: weight, type: number}]\n"
    rows = [
        SALE | {"grade": "b", "weight": "1.25", "product": "x"},
        SALE | {"id": "T2", "weight": "-3"},
        SALE | {"id": "T3", "grade": "a10"},
        SALE | {"id": "T4", "grade": "a9"},
    ]
    data = read(more=more, where=', where: grade = "b", value: weight * pay_credit', transactions=rows)
    assert data.inputs.vocabulary["grade"] == {"a9": 1, "a10": 2, "b": 3}  # 0 is the empty one's
    assert data.facts.codes["grade"].tolist() == [3, -1, 2, 1]
    assert (data.facts.numbers["weight"].values.tolist(), data.facts.numbers["weight"].scale) == ([125, -300, 0, 0], 2)
    assert (data.facts.numbers["weight"].stated, data.facts.numbers["weight"].is_money) == (None, False)
    assert set(data.facts.codes) == {"grade", "currency"}


def test_lines_know_their_order_what_is_stated_and_what_is_money() -> None:
    rows = [
        SALE | {"id": "L1", "order": "O2", "cost": "5", "service_days": "30"}, SALE | {"id": "L2", "order": "O1", "cost": ""},
        SALE | {"id": "L3", "order": "O2", "cost": "0"}, SALE | {"id": "O1", "order": ""},
    ]  # fmt: skip
    facts = read(more="reads: order_lines\n", where=", value: cost + service_days", transactions=rows).facts
    assert facts.parent is not None
    lines = facts.parent.tolist()
    assert lines[0] == lines[2] != lines[1]
    assert len({lines[0], lines[1], lines[3]}) == 3  # a line that names no order is one by itself, even if its id is an order's name
    assert facts.numbers["cost"].stated is not None
    assert facts.numbers["service_days"].stated is not None
    assert facts.numbers["cost"].stated.tolist() == [True, False, True, False]
    assert facts.numbers["service_days"].stated.tolist() == [True, False, False, False]
    assert (facts.numbers["cost"].is_money, facts.numbers["service_days"].is_money) == (True, False)
    assert read().facts.parent is None


# ---------------------------------------------------------------- people


def test_a_payee_without_a_seat_has_one_of_his_own_name_for_ever_and_a_seat_has_what_its_row_says() -> None:
    seats = [
        {"assignment": "a2", "payee": "bob", "position": "west", "from": "2025-02-01", "to": "2025-03-01", "fte": "62.5", "legal_entity": "DE1",
         "primary": "no",
         "currency": "EUR", "country": "DE"},
        {"payee": "cat"},
    ]  # fmt: skip
    data = read(assignments=seats)
    assert data.assignments == ("a2", "ann", "cat")
    bob, ann, cat = data.inputs.people.assignments
    assert (bob.id, bob.payee, bob.start, bob.end, bob.fte) == (0, 1, day_number("2025-02-01"), day_number("2025-03-01"), 625_000)
    assert (bob.legal_entity, bob.primary, bob.currency, bob.country) == ("DE1", False, "EUR", "DE")
    for number, (seat, payee) in enumerate(((ann, 0), (cat, 2)), 1):
        assert (seat.id, seat.payee, seat.start, seat.end, seat.fte) == (number, payee, DAWN, OPEN_END, 1_000_000)
        assert (seat.legal_entity, seat.primary, seat.currency, seat.country) == ("", True, "", "")
    assert [seat.position for seat in (ann, cat, bob)] == [0, 1, 2]  # ann, cat, west
    for word, yes in (("1", True), ("TRUE", True), ("yes", True), ("0", False), ("none", False)):
        assert read(assignments=[{"payee": "ann", "primary": word}]).inputs.people.assignments[0].primary is yes
    refused("assignments, row 3, assignment: ann is given twice; name each assignment", assignments=[{"payee": "ann"}, {"payee": "ann"}])


TWO_SEATS = [
    {"assignment": "a1", "payee": "ann", "position": "p1", "from": "2025-01-01", "to": "2025-02-01"},
    {"assignment": "a2", "payee": "ann", "position": "p2", "from": "2025-02-01"},
    {"assignment": "b", "payee": "bob", "from": "2025-01-15", "to": "2025-02-15"},
]


def spans(low: str | None, high: str | None) -> tuple[int, int]:
    return DAWN if low is None else day_number(low), OPEN_END if high is None else day_number(high)


def test_what_names_a_payee_holds_in_all_his_seats_and_what_names_a_seat_in_that_alone() -> None:
    data = read(
        assignments=TWO_SEATS,
        attributes=[{"payee": "ann", "name": "x", "value": "5%"}, {"assignment": "b", "name": "x", "value": "2", "from": "2025-03-01", "to": "2025-04-01"}],
        enrolments=[{"payee": "ann", "to": "2025-06-01"}, {"assignment": "b", "from": "2025-01-20"}],
        kpis=[{"payee": "bob", "kpi": "calls", "date": "2025-01-02", "value": "3.5"}],
        employments=[{"payee": "ann"}, {"payee": "bob", "status": "leave", "from": "2025-01-01", "to": "2025-01-09"},
                     {"payee": "bob", "status": "notice", "from": "2025-01-09"}],
    )  # fmt: skip
    people = data.inputs.people
    found = [(a.assignment, a.name, Fraction(a.value), a.start, a.end) for a in people.attributes]
    assert found == [
        (0, "x", Fraction(1, 20), *spans(None, None)),
        (1, "x", Fraction(1, 20), *spans(None, None)),
        (2, "x", 2, *spans("2025-03-01", "2025-04-01")),
    ]
    assert people.enrolments == (
        Enrolment(0, *spans(None, "2025-06-01")), Enrolment(1, *spans(None, "2025-06-01")), Enrolment(2, *spans("2025-01-20", None))
    )  # fmt: skip
    (score,) = people.kpi_values
    assert score == KpiValue(1, "calls", day_number("2025-01-02"), score.value)
    assert Fraction(score.value) == Fraction(7, 2)
    assert people.employments == (
        EmploymentSpan(0, "active", *spans(None, None)),
        EmploymentSpan(1, "leave", *spans("2025-01-01", "2025-01-09")),
        EmploymentSpan(1, "notice", *spans("2025-01-09", None)),
    )
    assert read().inputs.people.enrolments is None  # no table at all: everybody is enrolled
    assert read(enrolments=[]).inputs.people.enrolments == ()  # an empty one: nobody
    refused("attributes, row 2, assignment: z is unknown; add it to assignments", attributes=[{"assignment": "z", "name": "x", "value": "1"}])
    refused("employments, row 2, status: ill is unknown; write active, leave or notice", employments=[{"payee": "ann", "status": "ill"}])


def test_lines_and_relations_hold_between_seats_for_as_long_as_both_are_held() -> None:
    data = read(
        assignments=[*TWO_SEATS, {"payee": "cat", "assignment": "c", "from": "2025-03-01"}],
        hierarchy=[{"payee": "ann", "manager": "bob", "from": "2025-01-10"}, {"payee": "bob", "manager": "cat"}],
        relations=[{"payee": "bob", "relation": "mentor", "related": "ann", "to": "2025-02-10"}, {"payee": "cat", "relation": "mentor", "related": "bob"}],
    )
    people = data.inputs.people
    assert people.reporting == (ReportingLine(0, 2, *spans("2025-01-15", "2025-02-01")), ReportingLine(1, 2, *spans("2025-02-01", "2025-02-15")))
    assert people.relations == (Relation("mentor", 2, 0, *spans("2025-01-15", "2025-02-01")), Relation("mentor", 2, 1, *spans("2025-02-01", "2025-02-10")))


def test_lines_and_relations_have_days_of_their_own() -> None:
    seats = [{"payee": "ann", "to": "2025-05-01"}, {"payee": "bob"}]
    people = read(
        assignments=seats,
        hierarchy=[{"payee": "ann", "manager": "bob", "from": "2025-03-01", "to": "2025-04-01"}, {"payee": "ann", "manager": "bob", "from": "2025-05-01"}],
        relations=[{"payee": "ann", "relation": "mentor", "related": "bob", "from": "2025-03-01", "to": "2025-07-01"}],
    ).inputs.people
    assert people.reporting == (ReportingLine(0, 1, *spans("2025-03-01", "2025-04-01")),)
    assert people.relations == (Relation("mentor", 0, 1, *spans("2025-03-01", "2025-05-01")),)
    ever = read(hierarchy=[{"payee": "ann", "manager": "bob"}], relations=[{"payee": "ann", "relation": "mentor", "related": "bob"}]).inputs.people
    assert ever.reporting == (ReportingLine(0, 1, *spans(None, None)),)
    assert ever.relations == (Relation("mentor", 0, 1, *spans(None, None)),)


def test_who_stands_only_in_a_table_of_people_is_known() -> None:
    for table, row in {
        "splits": {"transaction": "T1", "share": "100"}, "attributes": {"name": "x", "value": "1"}, "kpis": {"kpi": "k", "date": "2025-01-01", "value": "1"},
        "employments": {}, "quotas": {"quota": "q", "from": "2025-01-01", "to": "2025-02-01", "amount": "1"}, "enrolments": {},
        "hierarchy": {"manager": "ann"}, "relations": {"relation": "r", "related": "ann"},
    }.items():  # fmt: skip
        assert read(**{table: [row | {"payee": "zoe"}]}).payees == ("ann", "zoe"), table
    assert read(hierarchy=[{"payee": "ann", "manager": "zoe"}]).payees == ("ann", "zoe")
    assert read(relations=[{"payee": "ann", "relation": "r", "related": "zoe"}]).payees == ("ann", "zoe")


def test_a_quota_is_a_positions_or_that_of_all_positions_of_a_payee() -> None:
    year = {"quota": "q", "from": "2025-01-01", "to": "2026-01-01"}
    data = read(assignments=TWO_SEATS, quotas=[year | {"payee": "ann", "amount": "1200"}, year | {"position": "b", "amount": "7", "currency": "EUR"}])
    low, high = spans("2025-01-01", "2026-01-01")
    assert [(q.position, q.measure, Fraction(q.amount), q.start, q.end, q.currency) for q in data.inputs.quotas] == [
        (1, "q", 1200, low, high, ""), (2, "q", 1200, low, high, ""), (0, "q", 7, low, high, "EUR"),
    ]  # fmt: skip
    assert isinstance(data.inputs.quotas[0], Quota)
    refused(
        "quotas, row 2, position: north is nobody's position; add it to assignments, or name the payee", quotas=[year | {"position": "north", "amount": "1"}]
    )


# ---------------------------------------------------------------- splits, rates, calendars, the seat of a sale


def test_shares_are_millionths_and_may_differ_for_pay_and_quota() -> None:
    rows = [
        {"transaction": "T1", "payee": "bob", "share": "33.3333%", "role": "b"},
        {"transaction": "T1", "payee": "ann", "pay_share": "66.6667", "quota_share": "100"},
        {"transaction": "T1", "payee": "ann", "share": "0", "pay_share": "5", "role": "a"},
    ]  # fmt: skip
    data = read(splits=rows)
    assert data.splits.object_id.tolist() == [0, 0, 0]
    assert data.splits.payee.tolist() == [1, 0, 0]
    assert data.splits.pay_share.tolist() == [333_333, 666_667, 50_000]
    assert data.splits.quota_share.tolist() == [333_333, 1_000_000, 0]
    assert data.inputs.vocabulary["role"] == {"": 0, "a": 1, "b": 2}
    assert data.splits.role.tolist() == [2, 0, 1]
    refused("splits, row 2, transaction: T9 is unknown; name a transaction's id", splits=[{"transaction": "T9", "payee": "ann", "share": "1"}])
    refused(
        "splits, row 2, share: '0.00001' is finer than 0.0001 %; round it to four decimals", splits=[{"transaction": "T1", "payee": "ann", "share": "0.00001"}]
    )
    refused("splits, row 2, share: 'half' is no percentage; write it as 50 or 33.3333", splits=[{"transaction": "T1", "payee": "ann", "share": "half"}])


def test_a_rate_may_be_a_fraction_and_must_be_above_zero() -> None:
    row = {"rate_type": "plan", "base": "EUR", "quote": "USD"}
    data = read(fx_rates=[row | {"fx_rate": "4/3"}, row | {"fx_rate": "1.25", "from": "2025-01-01", "to": "2025-02-01"}])
    assert data.inputs.fx_rates == (
        FxRate("plan", "EUR", "USD", Fraction(4, 3), *spans(None, None)), FxRate("plan", "EUR", "USD", Fraction(5, 4), *spans("2025-01-01", "2025-02-01"))
    )  # fmt: skip
    for wrong, cause in (("0", "'0' is not above zero; give a positive rate"), ("-1", "'-1' is not above zero; give a positive rate")):
        refused(f"fx_rates, row 2, fx_rate: {cause}", fx_rates=[row | {"fx_rate": wrong}])
    for wrong in ("1/0", "much"):
        refused(f"fx_rates, row 2, fx_rate: '{wrong}' is no rate; write it as 1.2715 or 4/3", fx_rates=[row | {"fx_rate": wrong}])


def test_a_sale_may_name_the_seat_in_which_it_was_made() -> None:
    data = read(assignments=TWO_SEATS, transactions=[SALE | {"assignment": "a2"}, SALE | {"id": "T2"}])
    assert data.facts.assignment is not None
    assert data.facts.assignment.tolist() == [1, -1]
    assert read(assignments=TWO_SEATS).facts.assignment is None


def test_periods_are_those_of_the_calendars_table_in_order_of_their_days() -> None:
    rows = [
        {"period": "B", "from": "2025-01-16", "to": "2025-02-01", "quarter": "Q1", "year": "2025"}, {"period": "A", "from": "2025-01-01", "to": "2025-01-16"},
    ]  # fmt: skip
    assert read(calendar=rows).inputs.calendar.periods == (
        Period(0, "A", *spans("2025-01-01", "2025-01-16"), "", ""), Period(1, "B", *spans("2025-01-16", "2025-02-01"), "Q1", "2025")
    )  # fmt: skip
    assert read(calendar=rows).inputs.calendar.kind == "month"
    own = [SALE, SALE | {"id": "T2", "date": "2026-02-01"}, SALE | {"id": "T3", "date": "2025-12-31"}]
    periods = read(transactions=own).inputs.calendar.periods
    assert (periods[0].key, periods[-1].key, len(periods)) == ("2025-01", "2026-12", 24)
    refused("calendar: there is neither a calendar nor a transaction; give one", transactions=[])
    with pytest.raises(InputError, match=r"^calendar: the plan pays by custom windows; give them as a table"):
        tabular_inputs(plan_load(PLAN.format(more="", where="").replace("month", "custom")), {"transactions": [SALE]})
