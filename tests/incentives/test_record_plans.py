"""What plans can say, through the real run, to the cent: contests, SPIFs beside the main plan, gates and caps across components,
weighted components, partners, the most specific rule, and contract figures. Each figure is worked by hand in the comment beside it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from incentives.models import LedgerEntry
from incentives.services import plan_create, seat_enrol, version_activate
from spm.people.models import Payee
from spm.sales.models import DealKind
from spm.tenancy.changes import change
from tests.incentives.world import PLAN, World, make_world, put_line, put_order, put_product

JAN = dt.date(2024, 1, 31)
HEAD = "engine: 1\nplan: {}\ncurrency: USD\ncalendar: month\ncredits:\n  - {{name: sale, to: owner_or_splits}}\nmeasures:\n  - {{name: sales}}\n"


def beside(world: World, text: str, *, start: dt.date = dt.date(2024, 1, 1), end: dt.date | None = None) -> None:
    """Puts all sellers of the world under one more plan."""
    version = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=start, effective_to=end))
    with change(reason="beside") as changeset:
        seat_enrol(plan=version.plan, seats=world.seats, start=start, changeset=changeset)


def earned(payee: Payee, period: str = "2024-01") -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in LedgerEntry.objects.filter(payee=payee, earning_period__code=period):
        found[row.component] = found.get(row.component, Decimal(0)) + Decimal(row.amount).scaleb(-row.scale)
    return found


def test_a_contest_pays_its_prizes_by_rank_and_ties_share_two_of_them(scope: Any) -> None:
    world = make_world(4)
    for number, amount in enumerate((900_00, 500_00, 500_00, 100_00)):
        put_order(str(number), world.payees[number], "2024-01-10", amount)
    prize = "if(rank.race = 1, 1000, if(rank.race = 2, if(tied.race = 2, (600 + 300) / 2, 600), if(rank.race = 3, 300 / tied.race, 0)))"
    text = HEAD.format("race") + f"peers:\n  - {{name: race, of: sales}}\ncomponents:\n  - name: prize\n    formula: {prize}\n    when_undefined: zero\n"
    beside(world, text)
    world.run(business_date=JAN)
    # 1,000 to the first; 600 and 300 shared by the two who tie for the second place; nothing for the fourth.
    assert [earned(payee).get("prize", Decimal(0)) for payee in world.payees] == [Decimal(1000), Decimal(450), Decimal(450), Decimal(0)]
    put_order("3", world.payees[3], "2024-01-10", 950_00)
    world.run(business_date=JAN)  # a late order turns the places round, for those it does not concern too
    assert [earned(payee).get("prize", Decimal(0)) for payee in world.payees] == [Decimal(600), Decimal(150), Decimal(150), Decimal(1000)]


def test_a_spiff_of_two_weeks_runs_beside_the_main_plan(scope: Any) -> None:
    world = make_world(1)
    put_order("1", world.payees[0], "2024-01-09", 1000_00)
    put_order("2", world.payees[0], "2024-01-10", 1000_00)
    put_order("3", world.payees[0], "2024-01-24", 1000_00)
    deals = '  - {name: deals, aggregate: count, where: kind = "new"}\n'
    spiff = HEAD.format("spiff") + deals + "components:\n  - {name: spiff, base: deals, pay_rate: {flat: 75}}\n"
    beside(world, spiff, start=dt.date(2024, 1, 10), end=dt.date(2024, 1, 24))
    world.run(business_date=JAN)
    assert earned(world.payees[0]) == {"commission": Decimal("150.00"), "spiff": Decimal("75.00")}


ACROSS = (
    HEAD.format("across")
    + """\
  - {name: renewed, where: kind = "renewal"}
quotas:
  - {name: sales}
attainments:
  - {name: reached, measure: sales, quota: sales, when_zero: 0}
values:
  - name: counted
    formula: min(renewed, sales * 40%)
components:
  - {name: base_pay, base: sales, pay_rate: {flat: 2%}}
  - {name: renewals, base: counted, pay_rate: {flat: 1%}, gate: pay.base_pay >= 100}
  - name: bonus
    formula: 3000 * (70% * min(reached, 150%) + 30% * if(sales > 0, 1, 0))
    cap: pay.base_pay * 10
"""
)


def test_a_gate_reads_another_component_one_measure_caps_another_and_weights_add_up(scope: Any) -> None:
    world = make_world(2, quota=10_000_00)
    ann, bob = world.payees
    put_order("1", ann, "2024-01-10", 4000_00)
    put_order("2", ann, "2024-01-11", 6000_00, kind=DealKind.RENEWAL)
    put_order("3", bob, "2024-01-11", 4999_99, kind=DealKind.RENEWAL)
    beside(world, ACROSS)
    world.run(business_date=JAN)
    # Sales 10,000: 2 % = 200. Renewals 6,000, capped by 40 % of sales = 4,000: 1 % = 40. 3,000 x (70 % x 100 % + 30 %) = 3,000; cap 2,000.
    assert earned(ann) == {"commission": Decimal("500.00"), "base_pay": Decimal("200.00"), "renewals": Decimal("40.00"), "bonus": Decimal("2000.00")}
    # 4,999.99: 2 % = 99.9998 -> 100.00, which opens the gate: 40 % = 1,999.996, 1 % = 20.00. Reached 0.499999: 3,000 x 0.6499993 = 1,949.9979;
    # the cap is 1,000.
    assert earned(bob) == {"commission": Decimal("250.00"), "base_pay": Decimal("100.00"), "renewals": Decimal("20.00"), "bonus": Decimal("1000.00")}
    put_order("3", bob, "2024-01-11", 4999_74, kind=DealKind.RENEWAL)
    world.run(business_date=JAN)
    assert earned(bob)["renewals"] == 0  # 99.9948 is 99.99: the gate is shut again
    assert earned(bob)["bonus"] == Decimal("999.90")


def test_a_partner_is_paid_as_people_are(scope: Any) -> None:
    world = make_world(2)
    Payee.objects.filter(pk=world.payees[1].pk).update(kind=Payee.Kind.PARTNER)
    put_order("1", world.payees[0], "2024-01-10", 1000_00, splits=[(world.payees[0], 666_667), (world.payees[1], 333_333)])
    world.run(business_date=JAN)
    # 1,000.00 is split 666.67 and 333.33: 5 % are 33.3335 and 16.6665.
    assert [earned(payee) for payee in world.payees] == [{"commission": Decimal("33.33")}, {"commission": Decimal("16.67")}]


SPECIFIC = """\
engine: 1
plan: specific
currency: USD
calendar: month
reads: order_lines
credits:
  - {name: anything, to: owner, choose: product}
  - {name: bikes, to: owner, choose: product, where: category = "Bikes"}
  - {name: one_bike, to: owner, choose: product, where: category = "Bikes" and product = "B-1"}
  - {name: helmets, to: owner, choose: product, priority: 1, where: product = "H-1"}
measures:
  - {name: rest, credits: [anything]}
  - {name: bike_sales, credits: [bikes]}
  - {name: star, credits: [one_bike]}
  - {name: pushed, credits: [helmets]}
components:
  - {name: anything_pay, base: rest, pay_rate: {flat: 1%}}
  - {name: bike_pay, base: bike_sales, pay_rate: {flat: 2%}}
  - {name: star_pay, base: star, pay_rate: {flat: 4%}}
  - {name: pushed_pay, base: pushed, pay_rate: {flat: 8%}}
"""


def test_of_several_rules_the_most_specific_one_credits_and_priority_goes_before(scope: Any) -> None:
    world = make_world(1)
    products = {code: put_product(code, category=category, code=code) for code, category in (("B-1", "Bikes"), ("B-2", "Bikes"), ("H-1", "Helmets"), ("X", ""))}
    order = put_order("1", world.payees[0], "2024-01-10", 1000_00)
    for number, (code, amount) in enumerate((("B-1", 400_00), ("B-2", 300_00), ("H-1", 200_00), ("X", 100_00)), start=1):
        put_line(order, f"1-{number}", amount, product=products[code])
    beside(world, SPECIFIC)
    world.run(business_date=JAN)
    assert earned(world.payees[0]) == {
        "commission": Decimal("50.00"), "star_pay": Decimal("16.00"), "bike_pay": Decimal("6.00"), "pushed_pay": Decimal("16.00"),
        "anything_pay": Decimal("1.00"),
    }  # fmt: skip


CONTRACTS = """\
engine: 1
plan: contracts
currency: USD
calendar: month
reads: order_lines
credits:
  - {name: all, to: owner}
measures:
  - {name: first_year, value: acv, where: kind = "new"}
  - {name: whole, value: tcv, where: kind = "new"}
  - {name: growth, value: arr_change, where: kind = "renewal"}
  - {name: usage, where: kind = "usage"}
components:
  - {name: first_year_pay, base: first_year, pay_rate: {flat: 10%}}
  - {name: whole_pay, base: whole, pay_rate: {flat: 1%}}
  - {name: renewal_pay, base: growth, pay_rate: {flat: 5%}}
  - {name: usage_pay, base: usage, pay_rate: {flat: 0.5%}}
"""


def test_first_year_whole_contract_renewal_and_usage_are_each_paid_on_their_own_figure(scope: Any) -> None:
    world = make_world(1)
    order = put_order("1", world.payees[0], "2024-01-10", 15_123_45)
    put_line(order, "1-1", 12_000_00, kind=DealKind.NEW, acv=12_000_00, tcv=36_000_00)
    put_line(order, "1-2", 3_000_00, kind=DealKind.RENEWAL, acv=3_000_00, tcv=3_000_00, arr_change=-500_00)
    put_line(order, "1-3", 123_45, kind=DealKind.USAGE)
    beside(world, CONTRACTS)
    world.run(business_date=JAN)
    assert earned(world.payees[0]) == {
        "commission": Decimal("756.17"),  # 5 % of 15,123.45 = 756.1725
        "first_year_pay": Decimal("1200.00"), "whole_pay": Decimal("360.00"), "renewal_pay": Decimal("-25.00"),
        "usage_pay": Decimal("0.62"),  # 0.5 % of 123.45 = 0.61725
    }  # fmt: skip


def test_two_plans_at_once_stand_apart_in_the_ledger(scope: Any) -> None:
    world = make_world(1)
    put_order("1", world.payees[0], "2024-01-10", 1000_00)
    beside(world, PLAN.replace("plan: direct", "plan: second").replace("attr.commission_pct", "1%"))
    world.run(business_date=JAN)
    rows = LedgerEntry.objects.filter(payee=world.payees[0]).values_list("plan_version__plan__code", "amount", "scale")
    assert {code: Decimal(amount).scaleb(-scale) for code, amount, scale in rows} == {"direct": Decimal("50.00"), "second": Decimal("10.00")}
