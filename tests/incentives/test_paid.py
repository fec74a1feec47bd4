"""Why what a statement pays is another than after an earlier run: held, drawn, recovered and carried amounts by cause, as by hand, nothing left over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from incentives import paidcause
from incentives.models import LedgerEntry, Run
from incentives.paid import left_by, paid_between
from incentives.selectors import paid_change
from incentives.services import hold_place, period_state_set, version_activate, version_draft
from incentives.services.ledger import adjustment_post
from spm.access.models import Role
from spm.currencies.models import FxRate
from spm.people.models import LegalEntity, Payee, PayTerms
from spm.sales.models import Order
from spm.tenancy.changes import change, dated_revise
from tests.api.support import make_caller
from tests.incentives.world import PLAN, World, make_world, put_order
from tests.support.factories import make_member, make_user

JAN, FEB, MAR = dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)
DRAW = PLAN + "draws:\n  - {name: ramp, label: Ramp draw, amount: 1500}\npayment: {negative: carry}\n"
D = Decimal


@pytest.fixture
def world(scope) -> World:
    """One seller with a draw of 1,500: 10,000 at 5 % in January, of which nothing is closed."""
    world = make_world(1, text=DRAW)
    put_order("jan", world.payees[0], "2024-01-10", 10_000_00)
    world.run(business_date=JAN)
    return world


def raise_rate(world: World, pct: str) -> None:
    with change(reason="rate") as changeset:
        dated_revise(PayTerms.objects.get(seat=world.seats[0], known_to__isnull=True), changeset=changeset, attributes={"commission_pct": pct})


def causes(world: World, code: str, before: Run | None, run: Run) -> dict[str, dict[str, Decimal]]:
    """Kind -> cause -> amount, on one statement. Nothing may be left over, and the ends must be what the ledger says."""
    payee, period = world.payees[0], world.period(code)
    found = paid_between(payee, period=period, before=before, run=run)
    cells = {*found.before, *found.after, *(cell for _, amounts in found.steps for cell in amounts)}
    assert all(found.residue(cell) == 0 for cell in cells)
    ledger = LedgerEntry.objects.filter(payee=payee, pay_period=period).order_by().values_list("scale").annotate(total=Sum("amount"))
    if run == Run.objects.first():
        assert sum(found.after.values()) == sum(D(total).scaleb(-scale) for scale, total in ledger)
    kinds: dict[str, dict[str, Decimal]] = {}
    for cause, amounts in found.steps:
        for cell, amount in amounts.items():
            of = kinds.setdefault(cell.kind, {})
            of[cause] = of.get(cause, D(0)) + amount
    return {kind: {cause: amount for cause, amount in of.items() if amount} for kind, of in kinds.items() if any(of.values())}


def first() -> Run:
    return Run.objects.order_by("number")[0]


def test_what_is_drawn_less_is_divided_as_what_is_earned_more(world) -> None:
    raise_rate(world, "0.08")
    put_order("late", world.payees[0], "2024-01-20", 4_000_00)
    run = world.run(business_date=JAN)
    # 10,000 x 3 % = 300 of the rate, 4,000 x 8 % = 320 of the order; the draw tops up to 1,500 either way.
    assert causes(world, "2024-01", first(), run) == {
        "earned": {"pay_rate": D(300), "data": D(320)},
        "drawn": {"pay_rate": D(-300), "data": D(-320)},
    }


def test_a_smaller_draw_is_the_plans_doing_and_a_months_beginning_the_datas(world) -> None:
    text = DRAW.replace("1500", "1200")
    version_activate(version=version_draft(plan=world.plan, text=text, effective_from=dt.date(2024, 1, 1)), lowering_reason="agreed")
    run = world.run(business_date=FEB)
    assert causes(world, "2024-01", first(), run)["drawn"] == {"plan": D(-300)}
    # The order of substitution asks for the plan first: a month that has not begun draws nothing under either.
    assert causes(world, "2024-02", first(), run) == {"drawn": {"data": D(1200)}}


def test_a_hold_goes_with_the_data(world) -> None:
    hold_place(order=Order.objects.get(external_id="jan"), reason="disputed", actor_id=1)
    run = world.run(business_date=JAN)
    assert causes(world, "2024-01", first(), run) == {"held": {"data": D(-500)}, "drawn": {"data": D(500)}}


def test_what_people_post_is_a_cause_of_its_own_with_what_follows_from_it(world) -> None:
    payee, period = world.payees[0], world.period("2024-01")
    adjustment_post(
        payee=payee, seat=world.seats[0], plan_version_id=world.version.pk, component="commission", earning_period=period, pay_period=period,
        amount=200_00, scale=2, currency="USD", note="a prize", actor_id=1,
    )  # fmt: skip
    put_order("late", payee, "2024-01-20", 4_000_00)
    run = world.run(business_date=JAN)
    assert drawn_causes(run) == {"data"}  # of two as large the first in the order
    assert causes(world, "2024-01", first(), run) == {
        "earned": {"data": D(200)},
        "manual": {"manual": D(200)},
        "drawn": {"data": D(-200), "manual": D(-200)},
    }


def test_late_amounts_are_divided_on_the_statement_that_pays_them_over_several_runs(world) -> None:
    world.run(business_date=FEB)
    start = Run.objects.first()
    period_state_set(period=world.period("2024-01"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    put_order("late", world.payees[0], "2024-01-20", 4_000_00)
    world.run(business_date=FEB)
    raise_rate(world, "0.06")
    run = world.run(business_date=FEB)
    # Late: 4,000 x 5 % = 200 of the order, then 14,000 x 1 % = 140 of the rate. February draws 1,500 less what is earned late in it.
    assert causes(world, "2024-02", start, run) == {
        "earned": {"data": D(200), "pay_rate": D(140)},
        "drawn": {"data": D(-200), "pay_rate": D(-140)},
    }
    assert causes(world, "2024-01", start, run) == {}


def test_from_nothing_all_of_it_is_data_and_a_run_against_itself_changes_nothing(world) -> None:
    run = first()
    assert causes(world, "2024-01", None, run) == {"earned": {"data": D(500)}, "drawn": {"data": D(1000)}}
    assert causes(world, "2024-01", run, run) == {}
    assert left_by(world.payees[0], None, pay=world.period("2024-01").pk) == {}


def drawn_causes(run: Run) -> set[Any]:
    return set(LedgerEntry.objects.filter(run=run, verb="drawn").values_list("cause", flat=True))


def test_the_largest_cause_names_the_payment_entry_not_the_first_that_was_touched(world) -> None:
    raise_rate(world, "0.0501")
    put_order("late", world.payees[0], "2024-01-20", 4_000_00)
    assert drawn_causes(world.run(business_date=JAN)) == {"data"}


def test_the_other_way_round_it_is_the_rate(world) -> None:
    raise_rate(world, "0.08")
    put_order("late", world.payees[0], "2024-01-20", 100_00)
    assert drawn_causes(world.run(business_date=JAN)) == {"pay_rate"}


def test_a_draw_that_shrinks_because_of_an_amount_by_hand_is_not_taken_for_one_by_hand_itself(world) -> None:
    adjustment_post(
        payee=world.payees[0], seat=world.seats[0], plan_version_id=world.version.pk, component="commission", earning_period=world.period("2024-01"),
        pay_period=world.period("2024-01"), amount=200_00, scale=2, currency="USD", note="a prize", actor_id=1,
    )  # fmt: skip
    assert drawn_causes(world.run(business_date=JAN)) == {"data"}
    assert world.run(business_date=JAN, is_full=True).summary["posted"] == 0, "else the next run would post against it"


def test_a_night_of_new_orders_alone_divides_nothing(world, monkeypatch) -> None:
    monkeypatch.setattr(paidcause, "_name", lambda *args: pytest.fail("divided"))
    put_order("late", world.payees[0], "2024-01-20", 4_000_00)
    assert drawn_causes(world.run(business_date=JAN)) == {"data"}
    raise_rate(world, "0.06")
    with pytest.raises(pytest.fail.Exception):
        world.run(business_date=JAN)


def test_in_another_currency_a_rate_that_was_corrected_is_a_cause_beside_what_changed(world) -> None:
    payee, period = world.payees[0], world.period("2024-01")
    Payee.objects.filter(pk=payee.pk).update(pay_currency="EUR")
    payee.refresh_from_db()
    with change(reason="rate") as changeset:
        rate = FxRate.objects.create(
            rate_type="payroll", base="USD", quote="EUR", fx_rate=D("0.9"), valid_from=dt.date(2024, 1, 1), known_from=changeset
        )  # fmt: skip
    start = world.run(business_date=JAN)
    with change(reason="corrected") as changeset:
        dated_revise(rate, changeset=changeset, fx_rate=D("0.95"))
    put_order("late", payee, "2024-01-20", 40_000_00)
    found = paid_change(payee, period=period, before=start, run=world.run(business_date=JAN))
    (total,), (paid,) = found.totals, found.converted
    # 1,500 x 0.90; then 1,500 x 0.95; then 2,500 x 0.95.
    assert (total.before, total.after, {c.cause: c.amount for c in total.causes}) == (D(1500), D(2500), {"data": D(1000)})
    assert (paid.before, paid.after, {c.cause: c.amount for c in paid.causes}) == (D(1350), D(2375), {"fx_rate": D(75), "data": D(950)})
    assert [(line.kind, line.label, line.amount) for line in found.lines] == [("earned", "commission", D(2000)), ("drawn", "Ramp draw: drawn", D(-1000))]


def test_the_api_and_the_page_say_the_same_lines(world, client, tenant) -> None:
    payee = world.payees[0]
    put_order("late", payee, "2024-01-20", 4_000_00)
    run = world.run(business_date=JAN)
    period = world.period("2024-01")
    found = make_caller(tenant, Role.COMP_ADMIN).get(f"payees/{payee.uid}/statements/{period.uid}/changes/?run_before=1&run={run.number}").json()["paid"]
    assert [(line["label"], line["amount"]) for line in found["lines"]] == [("commission", "200.00"), ("Ramp draw: drawn", "-200.00")]
    user = make_user()
    make_member(user, Role.COMP_ADMIN)
    client.force_login(user)
    page = client.get(f"/t/{tenant.slug}/people/{payee.uid}/statements/2024-01/runs/changes/?before=1&run={run.number}").content.decode()
    assert "Paid on the statement" in page
    assert "Ramp draw: drawn" in page
