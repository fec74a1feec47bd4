"""Accumulators over a change of plan version, plan, seat or currency within their window, through the nightly run."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incentives import chunking
from incentives.attribution import change_between
from incentives.carried import CarriedTotals
from incentives.engine.trace import leaves_total
from incentives.explain import PayeeBook
from incentives.models import LedgerEntry, OpeningEntry, OpeningKind, Plan, PlanAssignment, RunIssue, RunResult
from incentives.replay import run_replay
from incentives.selectors import statement_get
from incentives.selectors.scorecards import scorecard_get
from incentives.services import period_move, plan_create, seat_enrol, version_activate, version_draft
from incentives.summary import results_hash
from planning.models import Quota
from spm.calendars.models import Period
from spm.currencies.services import fx_rate_set
from spm.people.models import Assignment, Seat
from spm.people.services import payee_update
from spm.tenancy.changes import change, dated_end, dated_revise
from spm.tenancy.scope import tenant_scope
from spm.told import shown
from tests.incentives.world import PLAN, TEAM_PLAN, World, add_manager, make_world, put_order
from tests.support.factories import make_position, seat_payee

DAY = dt.date(2024, 1, 1)

# Up to 10,000 a year 1 %, above 10 %; settled over the year.
TIERS = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
measures:
  - {name: ytd, over: year, on_change: CHANGE}
tables:
  - name: tiers
    steps:
      - {from: 0, to: 10000, value: 1%}
      - {from: 10000, value: HIGH}
components:
  - name: commission
    base: ytd
    pay_rate: {table: tiers, mode: marginal}
    settle: year
"""


def tiers(change_is: str = "carry", high: str = "10%") -> str:
    return TIERS.replace("CHANGE", change_is).replace("HIGH", high)


def tiers_world(text: str) -> World:
    world = make_world(1, text=text)
    for number, day in enumerate(("2024-01-10", "2024-02-10", "2024-02-20", "2024-03-10"), 1):
        put_order(str(number), world.payees[0], day, 6_000_00)
    return world


def next_version(world: World, text: str, start: str, plan: Plan | None = None) -> int:
    return version_activate(version=version_draft(plan=plan or world.plan, text=text, effective_from=dt.date.fromisoformat(start))).pk


def paid(world: World, *, by: str = "period", component: str = "commission") -> dict[object, Decimal]:
    """Sums of what runs posted as earned, by period or by (plan version, period)."""
    codes = dict(Period.objects.values_list("pk", "code"))
    sums: dict[object, Decimal] = {}
    for entry in LedgerEntry.objects.filter(component=component, verb__in=("earned", "adjusted", "reversed")):
        code = codes[entry.earning_period_id]
        key = code if by == "period" else (entry.plan_version_id, code)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(entry.amount).scaleb(-entry.scale)
    return {key: amount for key, amount in sums.items() if amount}


def test_whole(scope):
    world = tiers_world(tiers())
    world.run()
    # 6,000 x 1 %; then 4,000 x 1 % + 8,000 x 10 %; then 6,000 x 10 %
    assert paid(world) == {"2024-01": Decimal("60.00"), "2024-02": Decimal("840.00"), "2024-03": Decimal("600.00")}


@pytest.mark.parametrize("day", ["2024-02-01", "2024-03-01", "2024-02-15"])
def test_a_version_that_only_goes_on_changes_no_total(scope, day):
    world = tiers_world(tiers())
    later = next_version(world, tiers(), day)
    world.run()
    assert paid(world) == {"2024-01": Decimal("60.00"), "2024-02": Decimal("840.00"), "2024-03": Decimal("600.00")}
    assert {version for version, _ in paid(world, by="version")} == {world.version.pk, later}
    assert not RunIssue.objects.exists()
    assert list(run_replay(world.run())) == []


def test_restart_counts_anew_from_the_change(scope):
    """What documents without the key mean: each version measures its own days."""
    world = tiers_world(tiers("restart"))
    next_version(world, tiers("restart"), "2024-03-01")
    world.run()
    assert paid(world)["2024-03"] == Decimal("60.00")  # 6,000 x 1 %, though the year stands at 24,000


def test_new_rates_settle_the_whole_window_less_what_was_paid(scope):
    world = tiers_world(tiers())
    world.run()
    later = next_version(world, tiers(high="20%"), "2024-03-01")
    world.run()
    # January and February stay as paid: 900. Due by March at the new rates: 10,000 x 1 % + 14,000 x 20 % = 2,900.
    assert paid(world, by="version") == {
        (world.version.pk, "2024-01"): Decimal("60.00"), (world.version.pk, "2024-02"): Decimal("840.00"), (later, "2024-03"): Decimal("2000.00"),
    }  # fmt: skip


def test_a_late_order_of_an_origin_period_goes_through_the_window(scope):
    """Retro: the origin period by its own version and rates, then the window's later periods, by theirs."""
    world = tiers_world(tiers())
    next_version(world, tiers(high="20%"), "2024-03-01")
    world.run()
    put_order("late", world.payees[0], "2024-01-20", 2_000_00)
    run = world.run()
    assert not run.is_full
    # January 8,000 x 1 % = 80; February to date 20,000: 100 + 10,000 x 10 % = 1,100 less 80; March to date 26,000 at 20 %: 100 + 3,200 less 1,100.
    assert paid(world) == {"2024-01": Decimal("80.00"), "2024-02": Decimal("1020.00"), "2024-03": Decimal("2200.00")}
    left = results_hash()
    assert world.run(is_full=True).summary["posted"] == 0
    assert results_hash() == left


def test_the_seat_moves_to_another_plan_within_a_period(scope):
    """What is credited before the day is paid by the plan left, from the day by the new one; both stand in the same period."""
    world = make_world(1)  # 5 % flat
    other = version_activate(version=plan_create(text=flat("other", "7%"), calendar=world.calendar, effective_from=DAY))
    with change(reason="moves") as changeset:
        move(world, other.plan, dt.date(2024, 2, 15), changeset)
    for number, day in enumerate(("2024-02-14", "2024-02-15"), 1):
        put_order(str(number), world.payees[0], day, 1_000_00)
    run = world.run()
    assert paid(world, by="version") == {(world.version.pk, "2024-02"): Decimal("50.00"), (other.pk, "2024-02"): Decimal("70.00")}
    assert RunResult.objects.filter(run_from=run, period=world.period("2024-02")).count() == 2
    view = statement_get(world.payees[0], world.period("2024-02"))
    assert view.total == {"USD": Decimal("120.00")}
    assert {part.amount for part in view.parts} == {Decimal(50), Decimal(70)}
    assert {version.pk for version in view.versions} == {world.version.pk, other.pk}


def flat(plan: str, share: str) -> str:
    return PLAN.replace("plan: direct", f"plan: {plan}").replace("flat: attr.commission_pct", f"flat: {share}")


def move(world: World, plan: Plan, day: dt.date, changeset) -> None:
    for seat in world.seats:
        dated_end(PlanAssignment.objects.get(plan=world.plan, seat=seat, known_to=None), changeset=changeset, day=day)
        seat_enrol(plan=plan, seats=[seat], start=day, changeset=changeset)


# ---------------------------------------------------------------- another seat, another plan


def change_seat(world: World, start: str, *, enrol: bool = True) -> Seat:
    """The payee leaves the seat for one in another position, under the same plan."""
    day, old = dt.date.fromisoformat(start), world.seats[0]
    with change(reason="moves") as changeset:
        dated_end(Assignment.objects.get(seat=old, known_to=None), changeset=changeset, day=day)
    seat = seat_payee(world.payees[0], make_position(manager=world.manager), start=day).seat
    with change(reason="stays under the plan") as changeset:
        seat_enrol(plan=world.plan, seats=[seat], start=day, changeset=changeset)
    return seat


@pytest.mark.parametrize(("change_is", "march"), [("carry", "600.00"), ("restart", "60.00")])
def test_another_seat_goes_on_or_starts_anew(scope, change_is, march):
    world = tiers_world(tiers(change_is))
    seat = change_seat(world, "2024-03-01")
    world.run()
    assert paid(world)["2024-03"] == Decimal(march)
    assert set(LedgerEntry.objects.filter(earning_period=world.period("2024-03")).values_list("seat_id", flat=True)) == {seat.pk}


def test_another_seat_in_the_middle_of_a_month_goes_on(scope):
    world = tiers_world(tiers())
    seat = change_seat(world, "2024-02-15")
    world.run()
    assert paid(world) == {"2024-01": Decimal("60.00"), "2024-02": Decimal("840.00"), "2024-03": Decimal("600.00")}
    february = LedgerEntry.objects.filter(earning_period=world.period("2024-02"))
    # Until the 14th 4,000 x 1 % + 2,000 x 10 %, then 6,000 x 10 %.
    assert {entry.seat_id: entry.amount for entry in february} == {world.seats[0].pk: 240_00, seat.pk: 600_00}


def test_a_seat_kept_beside_a_new_one_goes_on_alone(scope):
    """A second seat is no change of the first: each has its own window."""
    world = tiers_world(tiers())
    second = seat_payee(world.payees[0], make_position(manager=world.manager), start=dt.date(2024, 3, 1)).seat
    with change(reason="a second seat") as changeset:
        seat_enrol(plan=world.plan, seats=[second], start=dt.date(2024, 3, 1), changeset=changeset)
    world.run()
    assert paid(world)["2024-03"] == Decimal("600.00")
    assert not LedgerEntry.objects.filter(seat=second).exists()


def test_another_plan_goes_on_where_it_has_the_component(scope):
    world = tiers_world(tiers())
    other = version_activate(version=plan_create(text=tiers(high="20%").replace("plan: direct", "plan: other"), calendar=world.calendar, effective_from=DAY))
    with change(reason="moves") as changeset:
        move(world, other.plan, dt.date(2024, 2, 15), changeset)
    world.run()
    # February until the 14th by the plan left: 240. Then 10,000 x 1 % + 8,000 x 20 % = 1,700 to date, less 60 and 240.
    assert paid(world, by="version") == {
        (world.version.pk, "2024-01"): Decimal("60.00"), (world.version.pk, "2024-02"): Decimal("240.00"),
        (other.pk, "2024-02"): Decimal("1400.00"), (other.pk, "2024-03"): Decimal("1200.00"),
    }  # fmt: skip


def test_another_plan_without_the_component_is_a_named_exception(scope):
    world = tiers_world(tiers())
    text = tiers().replace("plan: direct", "plan: other").replace("name: commission", "name: bonus")
    other = version_activate(version=plan_create(text=text, calendar=world.calendar, effective_from=DAY))
    with change(reason="moves") as changeset:
        move(world, other.plan, dt.date(2024, 2, 15), changeset)
    world.run()
    assert not paid(world, component="bonus")
    assert {shown(issue.problem) for issue in RunIssue.objects.filter(plan_version=other)} == {
        "what was paid for 2024 before the change: the plan until then has no such component"
    }


def test_a_plan_in_another_currency_does_not_mix_amounts(scope):
    world = tiers_world(tiers())
    fx_rate_set(rate_type="plan", base="USD", quote="EUR", fx_rate=Decimal("0.9"), start=DAY)
    later = next_version(world, tiers().replace("currency: USD", "currency: EUR"), "2024-03-01")
    world.run()
    assert (later, "2024-03") not in paid(world, by="version")
    assert {shown(issue.problem) for issue in RunIssue.objects.filter(plan_version=later)} == {"what was paid for 2024 before the change in USD"}


def test_tiers_may_go_on_while_each_version_pays_its_own_days(scope):
    """Base over the period, from the change on; the rate by what the year has reached."""
    text = tiers().replace("measures:\n", "measures:\n  - {name: sales}\n")
    text = text.replace("base: ytd", "base: sales").replace("mode: marginal}\n    settle: year", "mode: whole, by: ytd}\n    settle: period")
    world = tiers_world(text)
    later = next_version(world, text, "2024-02-15")
    world.run()
    # February until the 14th 6,000 at 10 % (12,000 to date), from the 15th 6,000 at 10 %, each by its own version.
    assert paid(world, by="version") == {
        (world.version.pk, "2024-01"): Decimal("60.00"), (world.version.pk, "2024-02"): Decimal("600.00"),
        (later, "2024-02"): Decimal("600.00"), (later, "2024-03"): Decimal("600.00"),
    }  # fmt: skip


# ---------------------------------------------------------------- quota and payment currency


QUOTA = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
quotas:
  - {name: sales, over: quarter}
measures:
  - {name: qtd, over: quarter}
attainments:
  - {name: attainment, measure: qtd, quota: sales}
components:
  - name: commission
    formula: if(attainment >= 50%, qtd * 10%, qtd * 5%)
    settle: quarter
    when_undefined: zero
"""


def test_a_quota_changed_in_mid_quarter_counts_for_the_whole_quarter(scope):
    """Rows within the window count whole: two half quarters make its quota, for the months before the change too; the difference is posted."""
    world = make_world(1, text=QUOTA, quota=4_000_00)  # 12,000 a quarter
    for number, day in enumerate(("2024-01-10", "2024-02-20"), 1):
        put_order(str(number), world.payees[0], day, 3_000_00)
    world.run()
    # January 25 %: 5 %. February 50 %: 10 % of 6,000, less 150.
    assert paid(world) == {"2024-01": Decimal("150.00"), "2024-02": Decimal("450.00")}
    march = Quota.objects.get(position_id=world.seats[0].position_id, valid_from=dt.date(2024, 3, 1), known_to=None)
    with change(reason="lower from the middle of March") as changeset:
        dated_revise(march, changeset=changeset, valid_to=dt.date(2024, 3, 15), amount=1_000_00)
        Quota.objects.create(
            position_id=march.position_id, measure="sales", amount=500_00, currency="USD", valid_from=dt.date(2024, 3, 15), valid_to=dt.date(2024, 4, 1),
            known_from=changeset,
        )  # fmt: skip
    run = world.run()
    assert not run.is_full
    # 9,500 a quarter: January 31.6 %, February 63 %. Nothing changes until January reaches half.
    assert run.summary["posted"] == 0
    with change(reason="lower still") as changeset:
        for row in Quota.objects.filter(position_id=march.position_id, known_to=None, valid_from__lt=dt.date(2024, 3, 1)):
            dated_revise(row, changeset=changeset, amount=2_000_00)
    run = world.run()
    # 5,500: January stands at 54.5 % and is worth 10 %; February earns what is left.
    assert paid(world) == {"2024-01": Decimal("300.00"), "2024-02": Decimal("300.00")}
    assert {entry.cause for entry in LedgerEntry.objects.filter(run=run)} == {"quota"}
    assert world.run(is_full=True).summary["posted"] == 0


def test_another_payment_currency_in_mid_year_leaves_what_was_approved(scope):
    """Windows run in the plan's currency, so nothing is earned anew; statements not yet approved are paid in the new one."""
    world = tiers_world(tiers())
    fx_rate_set(rate_type="payroll", base="USD", quote="EUR", fx_rate=Decimal("0.5"), start=DAY)
    world.run(business_date=dt.date(2024, 2, 29))
    payee, period = world.payees[0], world.period("2024-01")
    for state in ("in_review", "approved"):
        period_move(period=period, pay_group=payee.pay_group, legal_entity=payee.legal_entity, to=state)
    payee_update(payee=payee, pay_currency="EUR", reason="moves to Spain")
    assert world.run(business_date=dt.date(2024, 2, 29)).summary["posted"] == 0
    assert statement_get(payee, period).in_pay_currency == ()
    [paid_now] = statement_get(payee, world.period("2024-02")).in_pay_currency
    assert (paid_now.total, paid_now.amount, paid_now.currency) == (Decimal("840.00"), Decimal("420.00"), "EUR")


# ---------------------------------------------------------------- explanations, causes, increments


def test_both_parts_of_a_month_stand_on_the_statement_and_are_explained(scope):
    world = tiers_world(tiers())
    later = next_version(world, tiers(), "2024-02-15")
    run = world.run()
    period, payee = world.period("2024-02"), world.payees[0]
    view = statement_get(payee, period)
    assert view.total == {"USD": Decimal("840.00")}
    book = PayeeBook(payee_id=payee.pk, run=run)
    for version, amount in ((world.version.pk, "240"), (later, "600")):
        key = {"version_id": version, "seat_id": world.seats[0].pk, "period_id": period.pk}
        tree = book.tree(**key)
        assert Decimal(tree["amount"]) == Decimal(amount)
        assert leaves_total(tree) == Decimal(amount)
        lines = book.lines(**key, component="commission")
        assert [Decimal(line.pay) for line in lines] == [Decimal(amount)]
    carried = [part for part in book.tree(**key)["children"][0]["children"] if part["kind"] == "carried"]
    assert [Decimal(part["amount"]) for part in carried] == [Decimal("-300")]


def test_a_late_order_before_the_change_is_the_cause_of_what_it_moves_after(scope):
    world = tiers_world(tiers())
    next_version(world, tiers(high="20%"), "2024-03-01")
    before = world.run()
    put_order("late", world.payees[0], "2024-01-20", 2_000_00)
    run = world.run()
    found = change_between(world.payees[0], period=world.period("2024-03"), before=before, run=run)
    assert dict(found.attribution.causes(list(found.cells))) == {"data": Decimal("200.00")}


def test_negative_control_without_the_days_before_the_totals_differ(scope, monkeypatch):
    world = tiers_world(tiers())
    next_version(world, tiers(), "2024-03-01")
    monkeypatch.setattr(chunking, "lead_totals", lambda *values, **named: None)
    world.run()
    assert paid(world).get("2024-03") == Decimal("-840.00")  # 6,000 x 1 % less the 900 that were paid


def test_negative_control_without_what_was_paid_the_window_is_paid_twice(scope, monkeypatch):
    world = tiers_world(tiers())
    next_version(world, tiers(), "2024-03-01")
    monkeypatch.setattr(CarriedTotals, "_prior", lambda *values: {})
    world.run()
    assert paid(world)["2024-03"] == Decimal("1500.00")


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 28), st.integers(-3_000, 9_000), st.booleans()), min_size=1, max_size=6)


@pytest.mark.django_db
@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_an_incremental_run_over_a_change_leaves_what_a_full_one_does(tenant, steps):
    """Two sellers, one of whom changes the seat, a manager on their year to date, and two versions of both plans."""
    with tenant_scope(tenant.pk):
        point = transaction.savepoint()
        world = make_world(2, text=tiers())
        team = TEAM_PLAN.replace("{name: sales}", "{name: sales, over: year, on_change: carry}").replace("{flat: 1%}", "{flat: 1%}\n    settle: year")
        add_manager(world, text=team)
        next_version(world, tiers(high="20%"), "2024-02-15")
        next_version(world, team, "2024-03-10", Plan.objects.get(code="team"))
        change_seat(world, "2024-04-01")
        world.run(chunk_size=1)
        for order, month, day, amount, runs in steps:
            put_order(str(order), world.payees[order % 2], f"2024-{month:02}-{day:02}", amount * 100)
            if runs:
                world.run(chunk_size=1)
        assert not world.run(chunk_size=1).is_full
        left, sums = results_hash(), paid(world)
        assert world.run(chunk_size=2, is_full=True).summary["posted"] == 0
        assert (results_hash(), paid(world)) == (left, sums)
        # One per cent of all that the team sold, whatever changed in between.
        sold = {order: amount for order, _, _, amount, _ in steps}
        assert sum(paid(world, component="team_pay").values()) == Decimal(sum(sold.values())) / 100
        transaction.savepoint_rollback(point)


def test_prorate_gives_each_part_its_share_of_the_quota(scope):
    text = QUOTA.replace("over: quarter}\nattainments", "over: quarter, on_change: prorate}\nattainments").replace(
        "if(attainment >= 50%, qtd * 10%, qtd * 5%)", "attainment * 1000"
    )
    world = make_world(1, text=text, quota=2_900_00)  # each month
    for number, day in enumerate(("2024-01-10", "2024-02-20"), 1):
        put_order(str(number), world.payees[0], day, 1_000_00)
    later = next_version(world, text, "2024-02-15")
    world.run()
    # Until 14 February 2,900 + 2,900 x 14 / 29 = 4,300; from the 15th 2,900 x 15 / 29 + 2,900 = 4,400.
    assert paid(world, by="version") == {(world.version.pk, "2024-01"): Decimal("232.56"), (later, "2024-02"): Decimal("227.27")}


def test_an_opening_balance_is_carried_over_a_new_version(scope):
    """The old system credited 9,000 by March and paid 90 for them; ours began in April, its second version in May."""
    world = make_world(1, text=tiers())
    march = world.period("2024-03")
    for kind, name, amount in ((OpeningKind.CREDIT, "ytd", 9_000_00), (OpeningKind.PAID, "commission", 90_00)):
        with change(reason="opening balance") as changeset:
            OpeningEntry.objects.create(
                seat=world.seats[0], plan=world.plan, day=dt.date(2024, 4, 1), kind=kind, name=name, period=march, currency="USD", scale=2, amount=amount,
                change_set=changeset,
            )  # fmt: skip
    for number, day in enumerate(("2024-04-10", "2024-05-10"), 1):
        put_order(str(number), world.payees[0], day, 2_000_00)
    later = next_version(world, tiers(), "2024-05-01")
    world.run()
    # April: 1,000 x 1 % + 1,000 x 10 %; May: 2,000 x 10 %.
    assert paid(world, by="version") == {(world.version.pk, "2024-04"): Decimal("110.00"), (later, "2024-05"): Decimal("200.00")}


def test_the_scorecard_counts_the_orders_from_before_the_change(scope):
    text = QUOTA.replace("over: quarter}\nattainments", "over: quarter, on_change: carry}\nattainments")
    world = make_world(1, text=text, quota=4_000_00)
    for number, day in enumerate(("2024-01-10", "2024-02-20"), 1):
        put_order(str(number), world.payees[0], day, 3_000_00)
    later = next_version(world, text, "2024-02-15")
    world.run()
    [gauge] = scorecard_get(world.payees[0], business_date=dt.date(2024, 3, 1)).gauges
    assert (gauge.version_id, gauge.actual, gauge.orders) == (later, Decimal(6000), 2)
    assert [point.actual for point in gauge.series][-1] == Decimal(6000)


def test_a_late_order_of_a_closed_month_before_the_change_is_paid_in_the_open_one(scope):
    """One row for each origin period and version, in the period that is open."""
    world = tiers_world(tiers())
    next_version(world, tiers(high="20%"), "2024-03-01")
    world.run(business_date=dt.date(2024, 3, 31))
    payee = world.payees[0]
    for state in ("in_review", "approved"):
        period_move(period=world.period("2024-01"), pay_group=payee.pay_group, legal_entity=payee.legal_entity, to=state)
    put_order("late", payee, "2024-01-20", 2_000_00)
    run = world.run(business_date=dt.date(2024, 3, 31))
    codes = dict(Period.objects.values_list("pk", "code"))
    posted = [(codes[e.earning_period_id], codes[e.pay_period_id], e.amount) for e in LedgerEntry.objects.filter(run=run).order_by("earning_period__starts")]
    assert posted == [("2024-01", "2024-02", 20_00), ("2024-02", "2024-02", 180_00), ("2024-03", "2024-03", 200_00)]
