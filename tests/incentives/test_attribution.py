"""Why a payee's pay is another than in an earlier run: amounts by cause, as computed by hand, nothing left over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incentives import attribution
from incentives.attribution import Change, change_between
from incentives.engine.results import CAUSES
from incentives.models import Cause, LedgerEntry, Run
from incentives.services import recompute, seat_enrol, version_activate, version_draft
from incentives.services.ledger import adjustment_post
from planning.models import Quota
from spm.currencies.models import FxRate
from spm.people.models import Assignment, Payee, PayTerms, ReportingLine
from spm.tenancy.changes import change, dated_retire, dated_revise
from tests.incentives.world import PLAN, World, add_line_plan, add_manager, make_world, put_line, put_order, put_product
from tests.support.desks import TODAY, desk_build, order_write
from tests.support.factories import make_payee, make_position, seat_payee

D = Decimal


def causes(change: Change, component: str | None = None) -> dict[str, Decimal]:
    """Amounts by cause, of one component or of all. Nothing may be left over, and the ends must be what the runs left."""
    cells = [cell for cell in change.cells if component in (None, cell.component)]
    assert all(change.attribution.residue(cell) == 0 for cell in change.cells)
    return dict(change.attribution.causes(cells))  # type: ignore[arg-type]


def revise(model: Any, *, reason: str, find: dict[str, Any], **values: Any) -> None:
    with change(reason=reason) as changeset:
        for row in model.objects.filter(known_to__isnull=True, **find):
            dated_revise(row, changeset=changeset, **values)


def between(world: World, payee: Payee, code: str, before: Run | None, run: Run, **values: Any) -> Change:
    return change_between(payee, period=world.period(code), before=before, run=run, **values)


def test_the_ledgers_causes_are_the_published_order():
    assert tuple(Cause.values) == CAUSES


def test_a_quota_and_a_late_order_at_once_are_told_apart_as_by_hand(scope):
    desk = desk_build(scope)
    january = desk.run.business_date.replace(day=1, month=1)
    revise(Quota, reason="lower quota", find={"position__seats__payee": desk.rep}, amount=50_000_00)
    order_write("LATE", desk.rep, dt.date(2026, 1, 25), 10_000_00)
    run = recompute(business_date=TODAY)
    period = LedgerEntry.objects.filter(payee=desk.rep, earning_period__starts=january)[0].earning_period
    found = change_between(desk.rep, period=period, before=desk.run, run=run)
    # Before: 60,000 x 6 % = 3,600. With the quota of 50,000: 50,000 x 6 % + 10,000 x 9 % = 3,900. With 10,000 more:
    # 50,000 x 6 % + 12,500 x 9 % + 7,500 x 12 % = 5,025.
    assert causes(found, "commission") == {"quota": D(300), "data": D(1125)}
    posted = LedgerEntry.objects.filter(run=run, payee=desk.rep, earning_period=period)
    assert sum(D(entry.amount).scaleb(-entry.scale) for entry in posted) == D(1425)


def test_a_run_against_itself_and_against_one_that_saw_nothing_new_is_all_zero(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    first = world.run()
    second = world.run()
    for before, run in ((first, first), (first, second)):
        assert causes(between(world, world.payees[0], "2024-03", before, run)) == {}


def test_what_others_did_is_no_cause_of_ones_own(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[1], "2024-03-05", 1000_00)
    first = world.run()
    revise(PayTerms, reason="more", find={"seat": world.seats[1]}, attributes={"commission_pct": "0.06"})
    put_order("3", world.payees[1], "2024-03-06", 500_00)
    second = world.run()
    assert causes(between(world, world.payees[0], "2024-03", first, second)) == {}
    assert causes(between(world, world.payees[1], "2024-03", first, second)) == {"pay_rate": D(10), "data": D(30)}


def test_the_first_run_and_a_period_that_has_begun_since_are_data(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    february = world.run(business_date=dt.date(2024, 2, 20))
    revise(PayTerms, reason="more", find={"seat": world.seats[0]}, attributes={"commission_pct": "0.06"})
    march = world.run(business_date=dt.date(2024, 3, 20))
    assert causes(between(world, world.payees[0], "2024-03", february, march)) == {"data": D(60)}
    assert causes(between(world, world.payees[0], "2024-03", None, march)) == {"data": D(60)}


def test_an_order_that_changes_hands_is_crediting_and_its_new_amount_is_data(scope):
    world = make_world()
    ann, bob = world.payees
    put_order("1", ann, "2024-03-05", 1000_00)
    put_order("2", ann, "2024-03-06", 400_00)
    first = world.run()
    put_order("1", bob, "2024-03-05", 1200_00)
    put_order("2", ann, "2024-03-06", 400_00, splits=[(ann, 750_000), (bob, 250_000)])
    put_order("3", bob, "2024-03-07", 20_00)
    second = world.run()
    # Ann loses 1,000 of the first order and 100 of the second. Bob wins them; 200 more and the third order are new.
    assert causes(between(world, ann, "2024-03", first, second)) == {"crediting": D(-55)}
    assert causes(between(world, bob, "2024-03", first, second)) == {"crediting": D(55), "data": D(11)}


def test_an_order_that_is_deleted_is_data(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00, splits=[(world.payees[0], 500_000), (world.payees[1], 500_000)])
    first = world.run()
    put_order("1", world.payees[0], "2024-03-05", 1000_00, gone=True)
    second = world.run()
    for payee in world.payees:
        assert causes(between(world, payee, "2024-03", first, second)) == {"data": D(-25)}


def test_a_new_plan_version_moves_pay_from_one_key_to_another(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    first = world.run()
    text = PLAN.replace("{flat: attr.commission_pct}", "{flat: 7%}")
    version_activate(version=version_draft(plan=world.plan, text=text, effective_from=dt.date(2024, 3, 1)))
    put_order("2", world.payees[0], "2024-03-08", 100_00)
    second = world.run()
    found = between(world, world.payees[0], "2024-03", first, second)
    assert causes(found) == {"plan": D(20), "data": D(7)}
    assert [dict(found.attribution.causes([cell])) for cell in found.cells] == [{"plan": D(-50)}, {"plan": D(70), "data": D(7)}]


def test_leaving_the_plan_is_people(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", world.payees[0], "2024-03-25", 500_00)
    first = world.run()
    revise(Assignment, reason="left", find={"payee": world.payees[0]}, valid_to=dt.date(2024, 3, 15))
    second = world.run()
    assert causes(between(world, world.payees[0], "2024-03", first, second)) == {"people": D(-25)}


def test_another_currency_rate_is_fx_rate(scope):
    world = make_world()
    with change(reason="rate") as changeset:
        FxRate.objects.create(rate_type="plan", base="EUR", quote="USD", fx_rate=D("1.10"), valid_from=dt.date(2024, 1, 1), known_from=changeset)
    put_order("1", world.payees[0], "2024-03-05", 1000_00, currency="EUR")
    first = world.run()
    revise(FxRate, reason="rate", find={"base": "EUR"}, fx_rate=D("1.20"))
    put_order("2", world.payees[0], "2024-03-05", 100_00, currency="EUR")
    second = world.run()
    assert causes(between(world, world.payees[0], "2024-03", first, second)) == {"fx_rate": D(5), "data": D(6)}


def test_a_managers_team_is_divided_too_hierarchy_and_orders_apart(scope):
    world = make_world()
    manager = add_manager(world)
    newcomer = make_payee()
    position = make_position()
    seat = seat_payee(newcomer, position).seat
    with change(reason="enrolled") as changeset:
        seat_enrol(plan=world.plan, seats=[seat], start=dt.date(2024, 1, 1), changeset=changeset)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    put_order("2", newcomer, "2024-03-06", 500_00)
    first = world.run()
    with change(reason="joins the team") as changeset:
        ReportingLine.objects.create(position=position, manager=world.manager, valid_from=dt.date(2024, 1, 1), known_from=changeset)
    put_order("3", newcomer, "2024-03-07", 300_00)
    second = world.run()
    found = between(world, manager.payee, "2024-03", first, second)
    assert found.others == "read"
    assert causes(found) == {"hierarchy": D(5), "data": D(3)}
    assert causes(between(world, world.payees[0], "2024-03", first, second)) == {}


COMMISSION_PLAN = """\
engine: 1
plan: chain
title: Sellers and their managers
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
attributes:
  - {name: commission_pct}
measures:
  - {name: sales}
components:
  - {name: commission, base: sales, pay_rate: {flat: attr.commission_pct}}
  - {name: share, team_override: {base: commission, component: commission, as_of: period_end, levels: direct}, pay_rate: {flat: 10%}}
"""


def chain_world() -> tuple[World, Any]:
    """Sellers and their manager under one plan that pays the manager a share of what they earn."""
    world = make_world(text=COMMISSION_PLAN)
    assert world.manager is not None
    manager = seat_payee(make_payee("Manager"), world.manager).seat
    with change(reason="manager") as changeset:
        PayTerms.objects.create(seat=manager, currency="USD", valid_from=dt.date(2024, 1, 1), known_from=changeset, attributes={"commission_pct": "0"})
        seat_enrol(plan=world.plan, seats=[manager], start=dt.date(2024, 1, 1), changeset=changeset)
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    return world, manager


def test_a_share_of_the_teams_commission_follows_the_members_pay_rates_and_orders(scope):
    world, manager = chain_world()
    first = world.run()
    revise(PayTerms, reason="more", find={"seat": world.seats[0]}, attributes={"commission_pct": "0.08"})
    put_order("2", world.payees[1], "2024-03-06", 2000_00)
    second = world.run()
    found = between(world, manager.payee, "2024-03", first, second)
    # 10 % of 50 -> of 80 (pay rate), and of 100 more (the other member's order).
    assert causes(found) == {"pay_rate": D(3), "data": D(10)}


def test_a_team_too_large_to_read_changes_with_the_data_and_nothing_is_left_over(scope, monkeypatch):
    world, manager = chain_world()
    first = world.run()
    revise(PayTerms, reason="more", find={"seat": world.seats[0]}, attributes={"commission_pct": "0.08"})
    put_order("2", world.payees[1], "2024-03-06", 2000_00)
    second = world.run()
    monkeypatch.setattr(attribution, "TEAM", 1)
    found = between(world, manager.payee, "2024-03", first, second)
    assert found.others == "kept"
    assert causes(found) == {"data": D(13)}


def test_a_plan_on_order_lines_tells_product_lines_and_owners_apart(scope):
    world = make_world()
    add_line_plan(world)
    bike, hat = put_product("bike", category="Bikes"), put_product("hat", category="Hats")
    ann, bob = world.payees
    one = put_order("1", ann, "2024-03-05", 1000_00)
    put_line(one, "1-1", 600_00, product=bike, quantity=2_0000)
    put_line(one, "1-2", 400_00, product=hat, quantity=1_0000)
    first = world.run()
    put_order("1", bob, "2024-03-05", 1000_00)
    second = world.run()
    assert causes(between(world, bob, "2024-03", first, second), "by_line") == {"crediting": D(18)}
    put_line(one, "1-2", 400_00, product=bike, quantity=1_0000)
    third = world.run()
    assert causes(between(world, bob, "2024-03", second, third), "by_line") == {"data": D(12)}
    assert causes(between(world, bob, "2024-03", first, third), "by_line") == {"crediting": D(18), "data": D(12)}
    put_product("hat", category="Bikes")
    put_line(one, "1-2", 400_00, product=hat, quantity=1_0000)
    assert causes(between(world, bob, "2024-03", third, world.run()), "by_line") == {}


def test_what_is_posted_by_hand_between_the_runs_is_manual(scope):
    world = make_world()
    payee, seat, period = world.payees[0], world.seats[0], world.period("2024-03")
    put_order("1", payee, "2024-03-05", 1000_00)
    first = world.run()
    adjustment_post(
        payee=payee, seat=seat, plan_version_id=world.version.pk, component="commission", earning_period=period, pay_period=period, amount=-7_50, scale=2,
        currency="USD", note="Agreed",
    )  # fmt: skip
    put_order("2", payee, "2024-03-06", 200_00)
    second = world.run()
    assert causes(between(world, payee, "2024-03", first, second)) == {"data": D(10), "manual": D("-7.5")}
    assert causes(between(world, payee, "2024-03", first, second, manual=False)) == {"data": D(10)}
    (cell,) = between(world, payee, "2024-03", second, second).cells
    assert between(world, payee, "2024-03", second, second).attribution.before[cell] == D("52.5")


def test_a_run_by_another_engine_shows_what_the_engine_did(scope):
    """A result that today's engine does not find stands under the engine, and the causes keep their amounts."""
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    first = world.run()
    put_order("2", world.payees[0], "2024-03-06", 200_00)
    second = world.run()
    work = attribution.PayeeWork(world.payees[0], world.period("2024-03"), first, second)
    found = attribution.attribute(work.value, changed=work.changed)
    left = work.left(first)
    (cell,) = left
    settled = found.settled(before={cell: left[cell] - 1}, after=work.left(second))
    assert settled.steps == (("engine", {cell: D(1)}), ("data", {cell: D(10)}))
    assert settled.residue(cell) == 0


def test_a_run_of_another_period_alone_stands_for_the_one_before_it(scope):
    world = make_world()
    put_order("1", world.payees[0], "2024-03-05", 1000_00)
    first = world.run()
    put_order("2", world.payees[0], "2024-03-06", 200_00)
    alone = world.run(period=world.period("2024-02"))
    assert causes(between(world, world.payees[0], "2024-03", first, alone)) == {}
    assert causes(between(world, world.payees[0], "2024-03", alone, world.run())) == {"data": D(10)}


def test_a_seller_is_explained_with_a_bounded_number_of_queries(scope):
    world = make_world(sellers=6)
    for number in range(30):
        put_order(f"o{number}", world.payees[number % 6], "2024-03-05", 1000_00 + number)
    first = world.run()
    revise(PayTerms, reason="more", find={"seat": world.seats[0]}, attributes={"commission_pct": "0.06"})
    put_order("new", world.payees[0], "2024-03-06", 500_00)
    second = world.run()
    with CaptureQueriesContext(connection) as few:
        between(world, world.payees[0], "2024-03", first, second)
    assert len(few) < 80
    tables = [query["sql"] for query in few if "sales_orderversion" in query["sql"]]
    assert not any(f"payee_id BETWEEN {world.payees[1].pk}" in sql for sql in tables)


@pytest.mark.parametrize("seed", range(4))
def test_over_mixed_changes_the_causes_sum_to_what_the_ledger_posted(scope, seed):
    world = make_world(sellers=3)
    manager = add_manager(world)
    for number in range(12):
        put_order(f"o{number}", world.payees[(number + seed) % 3], f"2024-03-{number + 1:02}", 999_99 + 37 * number * (seed + 1))
    first = world.run()
    put_order("o1", world.payees[seed % 3], "2024-03-09", 123_45)
    put_order("o2", world.payees[(seed + 1) % 3], "2024-02-09", 77_77 * (seed + 1), splits=[(world.payees[0], 333_333), (world.payees[2], 666_667)])
    put_order("o3", world.payees[0], "2024-03-04", 5_55, gone=True)
    revise(PayTerms, reason="more", find={"seat": world.seats[seed % 3]}, attributes={"commission_pct": "0.0733"})
    with change(reason="reorganised") as changeset:
        line = ReportingLine.objects.filter(known_to__isnull=True, position_id=world.seats[seed % 3].position_id).first()
        assert line is not None
        dated_retire(line, changeset=changeset)
    second = world.run()
    for payee in (*world.payees, manager.payee):
        for code in ("2024-02", "2024-03"):
            found = between(world, payee, code, first, second)
            posted = LedgerEntry.objects.filter(run=second, payee=payee, earning_period=world.period(code))
            assert sum(causes(found).values()) == sum((D(entry.amount).scaleb(-entry.scale) for entry in posted), D(0))
            assert "engine" not in causes(found)


CONTEST_PLAN = """\
engine: 1
plan: contest
title: Contest of the month
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
measures:
  - {name: sales}
peers:
  - {name: contest, of: sales, among: sales > 0}
components:
  - {name: prize, formula: "if(default(rank.contest, 0) = 1, 2000 / default(tied.contest, 1), 0)", when_undefined: zero}
"""


def test_a_place_among_peers_is_lost_by_what_others_were_credited_and_sold(scope):
    world = make_world(sellers=3, text=CONTEST_PLAN)
    ann, bob = world.payees[:2]
    put_order("1", ann, "2024-03-05", 950_00)
    put_order("2", ann, "2024-03-06", 50_00)
    put_order("3", bob, "2024-03-07", 900_00)
    first = world.run()
    put_order("2", bob, "2024-03-06", 50_00)
    put_order("4", bob, "2024-03-08", 500_00)
    second = world.run()
    # With the order of 50 both have 950 and share the prize; with 500 more it is all Bob's.
    assert causes(between(world, ann, "2024-03", first, second)) == {"crediting": D(-1000), "data": D(-1000)}
    assert causes(between(world, bob, "2024-03", first, second)) == {"crediting": D(1000), "data": D(1000)}
    assert causes(between(world, world.payees[2], "2024-03", first, second)) == {}


def test_too_many_peers_to_read_are_taken_as_the_runs_kept_them(scope, monkeypatch):
    world = make_world(sellers=3, text=CONTEST_PLAN)
    ann, bob = world.payees[:2]
    put_order("1", ann, "2024-03-05", 950_00)
    put_order("2", bob, "2024-03-06", 900_00)
    first = world.run()
    put_order("3", bob, "2024-03-07", 500_00)
    second = world.run()
    monkeypatch.setattr(attribution, "TEAM", 0)
    found = between(world, ann, "2024-03", first, second)
    assert found.others == "kept"
    assert causes(found) == {"data": D(-2000)}
