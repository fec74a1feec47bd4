"""Somebody who moves from one plan to another in the month, and a plan that changes its currency: draws and balances, by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from incentives.models import LedgerEntry, PlanAssignment, RunIssue
from incentives.services import plan_create, seat_enrol, version_activate, version_draft
from spm.currencies.models import FxRate
from spm.tenancy.changes import change
from spm.told import shown
from tests.incentives.test_offset import balances
from tests.incentives.test_payments import FEB, JAN, MAR, paid, payable
from tests.incentives.world import PLAN, World, make_world, put_order

NEW = PLAN.replace("plan: direct", "plan: fresh")
DRAW = "draws:\n  - {name: ramp, amount: %s, prorate: calendar_days}\n"


def move(world: World, text: str, day: dt.date) -> None:
    """From the day on the world's sellers are under another plan."""
    version = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=dt.date(2024, 1, 1)))
    with change(reason="a move") as changeset:
        for row in PlanAssignment.objects.filter(seat__in=world.seats, known_to__isnull=True):
            row.known_to = changeset
            row.save()
            PlanAssignment.objects.create(plan=row.plan, seat=row.seat, valid_from=row.valid_from, valid_to=day, known_from=changeset)
        seat_enrol(plan=version.plan, seats=world.seats, start=day, changeset=changeset)


def test_in_the_month_of_a_move_each_plan_pays_its_days_of_the_draw(scope):
    world = make_world(1, text=PLAN + DRAW % 2900 + "payment: {negative: carry}\n")
    ann = world.payees[0]
    move(world, NEW + DRAW % 1450 + "payment: {negative: carry}\n", dt.date(2024, 2, 11))
    world.run(business_date=MAR)
    rows = LedgerEntry.objects.filter(payee=ann, pay_period=world.period("2024-02"), verb="drawn").values_list("plan_version__plan__code", "amount", "scale")
    # February 2024 has 29 days: 10 of 2,900 and 19 of 1,450.
    assert {code: Decimal(amount).scaleb(-scale) for code, amount, scale in rows} == {"direct": Decimal(1000), "fresh": Decimal(950)}
    assert [payable(ann, world.period(f"2024-0{month}")) for month in (1, 2, 3)] == [2900, 1950, 1450]


def test_a_draw_without_proration_is_paid_in_full_by_both_plans(scope):
    world = make_world(1, text=PLAN + DRAW.replace(", prorate: calendar_days", "") % 2900)
    move(world, NEW + DRAW.replace(", prorate: calendar_days", "") % 1450, dt.date(2024, 2, 11))
    world.run(business_date=FEB)
    assert payable(world.payees[0], world.period("2024-02")) == 4350


@pytest.mark.parametrize(
    ("policy", "march", "left"),
    [("pass", "848.28", ""), ("stay", "3000", "to_recover"), ("forgive", "3000", ""), ("write_off", "3000", ""), ("bill", "3000", "billed")],
)
def test_on_a_move_the_balance_of_a_draw_passes_over_or_is_settled_by_policy(scope, policy, march, left):
    world = make_world(1, text=PLAN + DRAW % 1600 + f"payment: {{negative: carry, on_move: {policy}}}\n")
    ann = world.payees[0]
    move(world, NEW + "payment: {negative: carry}\n", dt.date(2024, 2, 11))
    put_order("mar", ann, "2024-03-10", 60_000_00)  # 3,000 under the new plan
    world.run(business_date=MAR)
    # January draws 1,600; ten of February's 29 days 551.72.
    drawn = Decimal(1600) + Decimal("551.72")
    assert [payable(ann, world.period(f"2024-0{month}")) for month in (1, 2, 3)] == [1600, Decimal("551.72"), Decimal(march)]
    assert balances(ann, world.period("2024-03")) == ({left: drawn} if left else {})
    count = LedgerEntry.objects.count()
    world.run(business_date=MAR, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_a_debt_passes_over_and_both_statements_name_the_other_plan(scope):
    world = make_world(1, text=PLAN + "payment: {negative: carry, on_move: pass}\n")
    ann = world.payees[0]
    put_order("feb", ann, "2024-02-05", -20_000_00)  # -1,000
    put_order("mar", ann, "2024-03-10", 60_000_00)
    move(world, NEW + "payment: {negative: carry}\n", dt.date(2024, 2, 11))
    world.run(business_date=MAR)
    assert paid(ann, world.period("2024-02")) == {
        ("earned", "commission"): Decimal(-1000), ("carried", "@moved:fresh"): Decimal(1000), ("carried", "@moved:direct"): Decimal(-1000),
        ("carried", "@carried_out"): Decimal(1000),
    }  # fmt: skip
    assert balances(ann, world.period("2024-02")) == {"owed_by_payee": Decimal(1000)}
    assert payable(ann, world.period("2024-03")) == Decimal(2000)
    assert balances(ann, world.period("2024-03")) == {}


def fx(kind: str, value: str, day: dt.date) -> None:
    with change(reason="rates") as changeset:
        FxRate.objects.create(rate_type=kind, base="USD", quote="EUR", fx_rate=Decimal(value), valid_from=day, known_from=changeset)


EURO = PLAN.replace("currency: USD", "currency: EUR") + DRAW % 0 + "payment: {negative: carry}\n"
CARRIED = "conversions:\n  carried: {rate_type: payroll, as_of: %s}\n  transaction: {rate_type: daily}\n"


def euro_from_february(world: World, text: str) -> None:
    version_activate(version=version_draft(plan=world.plan, text=text, effective_from=dt.date(2024, 2, 11)))


@pytest.mark.parametrize(("as_of", "fx_rate"), [("event", Decimal("0.90")), ("period_start", Decimal("0.80"))])
def test_balances_go_on_in_the_plans_new_currency_at_the_stated_rate_and_day(scope, as_of, fx_rate):
    world = make_world(1, text=PLAN + DRAW % 1600 + "payment: {negative: carry}\n")
    ann = world.payees[0]
    fx("payroll", "0.80", dt.date(2024, 1, 1))
    FxRate.objects.update(valid_to=dt.date(2024, 2, 10))
    fx("payroll", "0.90", dt.date(2024, 2, 10))
    fx("daily", "0.5", dt.date(2024, 1, 1))
    put_order("mar", ann, "2024-03-10", 200_000_00)  # 100,000 euro: 5,000
    euro_from_february(world, EURO + CARRIED % as_of)
    world.run(business_date=MAR)
    drawn = Decimal(1600) + Decimal("551.72")
    back = (drawn * fx_rate).quantize(Decimal("0.01"))
    february = LedgerEntry.objects.filter(payee=ann, pay_period=world.period("2024-02"))
    sums = {currency: sum(Decimal(e.amount).scaleb(-e.scale) for e in february if e.currency == currency) for currency in ("USD", "EUR")}
    assert sums == {"USD": Decimal("551.72"), "EUR": 0}, "what passes over is paid to nobody"
    assert balances(ann, world.period("2024-02")) == {"to_recover": back}
    march = LedgerEntry.objects.filter(payee=ann, pay_period=world.period("2024-03"))
    assert {e.currency for e in march} == {"EUR"}
    assert sum(Decimal(e.amount).scaleb(-e.scale) for e in march) == Decimal(5000) - back
    assert not RunIssue.objects.filter(run_to__isnull=True).exists()


def test_without_a_stated_rate_a_balance_stays_in_its_currency_and_is_a_named_exception(scope):
    world = make_world(1, text=PLAN + DRAW % 1600 + "payment: {negative: carry}\n")
    euro_from_february(world, EURO + "conversions: {transaction: {rate_type: daily}}\n")
    world.run(business_date=MAR)
    issue = RunIssue.objects.get(run_to__isnull=True)
    assert shown(issue.problem) == "balances in USD cannot pass to EUR; state `conversions: carried` in direct"
    assert balances(world.payees[0], world.period("2024-03")) == {"to_recover": Decimal("2151.72")}
    world.run(business_date=JAN)
    euro_from_february(world, EURO + CARRIED % "event")
    world.run(business_date=MAR)
    assert shown(RunIssue.objects.get(run_to__isnull=True).problem) == "balances cannot pass: there is no payroll rate from USD to EUR on 2024-02-11"
    fx("payroll", "0.5", dt.date(2024, 1, 1))
    world.run(business_date=MAR)
    assert not RunIssue.objects.filter(run_to__isnull=True).exists()
    assert balances(world.payees[0], world.period("2024-03")) == {"to_recover": Decimal("1075.86")}


QUARTER = (
    PLAN.replace("  - name: sales\nattainments", "  - {name: sales, over: quarter, on_change: carry}\nattainments")
    .replace(
        "  - name: commission\n    base: sales\n    pay_rate: {flat: attr.commission_pct}",
        "  - {name: commission, base: sales, pay_rate: {flat: 10%}, settle: quarter}",
    )
    .replace("  - name: sales\nattributes", "  - {name: sales, over: quarter}\nattributes")
)


def test_what_was_paid_of_a_quarter_in_the_old_currency_counts_at_the_stated_rate(scope):
    world = make_world(1, text=QUARTER)
    ann = world.payees[0]
    for kind, value in (("payroll", "0.80"), ("daily", "0.90")):
        fx(kind, value, dt.date(2024, 1, 1))
    put_order("jan", ann, "2024-01-10", 10_000_00)
    put_order("feb", ann, "2024-02-20", 10_000_00)
    euro = QUARTER.replace("currency: USD", "currency: EUR")
    euro_from_february(world, euro + "conversions: {transaction: {rate_type: daily}}\n")
    world.run(business_date=FEB)
    assert "before the change in USD" in shown(RunIssue.objects.get(run_to__isnull=True).problem)
    euro_from_february(world, euro + "conversions: {transaction: {rate_type: daily}, carried: {rate_type: payroll}}\n")
    world.run(business_date=FEB)
    assert not RunIssue.objects.filter(run_to__isnull=True).exists()
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in LedgerEntry.objects.filter(payee=ann).select_related("pay_period"):
        key = (entry.pay_period.code, entry.currency)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(entry.amount).scaleb(-entry.scale)
    # The quarter stands at 20,000 dollars, 18,000 euro by the daily rate: 1,800 less 1,000 dollars at 0.80.
    assert sums == {("2024-01", "USD"): Decimal(1000), ("2024-02", "EUR"): Decimal(1000)}
