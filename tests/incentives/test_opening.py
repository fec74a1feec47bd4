"""Starting in mid-year: opening balances enter measures to date, what was paid, draws and holds, and are corrected by differences."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse

from incentives.models import LedgerEntry, OpeningEntry
from incentives.opening import openings_known
from incentives.selectors import line_traces, scorecard_get, statement_get
from spm.access.models import Role
from spm.imports.errors import ImportFault
from spm.imports.models import Batch, StagedRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.services import import_run
from spm.people.models import Payee
from spm.told import shown
from tests.incentives.world import make_world, put_order
from tests.support.factories import make_member, make_user

JULY, DECEMBER = dt.date(2024, 7, 31), dt.date(2024, 12, 31)
YEARLY = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
credits:
  - {name: sale, to: owner_or_splits}
quotas:
  - {name: sales, over: year}
measures:
  - {name: sales, over: year}
attainments:
  - {name: attainment, measure: sales, quota: sales}
tables:
  - name: steps
    steps:
      - {from: 0, to: 300000, value: 5%}
      - {from: 300000, value: 10%}
components:
  - name: commission
    base: sales
    pay_rate: {table: steps, mode: marginal}
    settle: year
"""
MAPPING = """\
import: 1
source: test
target: opening_balance
fields:
  payee: Payee
  plan: Plan
  day: Day
  kind: Kind
  name: Name
  period: Period
  amount: {column: Amount, scale: 2}
  currency: {constant: USD}
  release_on: Release
"""


def put_openings(world, *rows: tuple, text: str = MAPPING, **values) -> Batch:
    """Imports rows (payee, kind, name, amount, period, release) as of 1 July."""
    Payee.objects.update(source="test")
    lines = ["Payee,Plan,Day,Kind,Name,Amount,Period,Release"]
    for payee, kind, name, amount, *rest in rows:
        period, release, day = (*rest, "", "", "")[:3]
        lines.append(f"{payee.external_id},direct,{day or '2024-07-01'},{kind},{name},{amount},{period},{release}")
    return import_run(mapping_text=text, files=[Source("opening.csv", content="\n".join(lines).encode() + b"\n")], **values)


def earned(payee) -> dict[str, Decimal]:
    """Earning period -> sum of the ledger."""
    rows = LedgerEntry.objects.filter(payee=payee).order_by().values_list("earning_period__code", "scale").annotate(total=Sum("amount"))
    found: dict[str, Decimal] = {}
    for code, scale, total in rows:
        found[code] = found.get(code, Decimal(0)) + Decimal(total).scaleb(-scale)
    return {code: amount for code, amount in sorted(found.items()) if amount}


def refused(batch: Batch) -> list[tuple[str, str]]:
    return [(shown(row.cause), shown(row.mend)) for row in StagedRow.objects.filter(batch=batch, state=StagedRow.State.REJECTED).order_by("line")]


def test_july_pays_at_the_tier_that_half_a_year_in_the_old_system_had_reached(scope):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    # 280,000 credited by the old system, 14,000 paid (5 %). July brings 50,000: 20,000 at 5 % and 30,000 at 10 %.
    put_openings(world, (ann, "credit", "sales", "280000"), (ann, "paid", "commission", "14000"))
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    assert earned(ann) == {"2024-07": Decimal("4000.00")}


def test_without_the_opening_balance_july_would_start_anew(scope):
    world = make_world(1, text=YEARLY)
    put_order("jul", world.payees[0], "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    assert earned(world.payees[0]) == {"2024-07": Decimal("2500.00")}


def test_where_the_old_system_paid_what_we_would_have_the_second_half_equals_a_full_year(scope):
    world = make_world(2, text=YEARLY)
    full, late = world.payees
    amounts = [50_000_00, 61_234_56, 40_000_01, 70_000_00, 12_345_67, 33_333_33, 80_000_00, 5_000_00, 0, 99_999_99, 1_00, 64_000_00]
    for month, amount in enumerate(amounts, start=1):
        put_order(f"full{month}", full, f"2024-{month:02}-10", amount)
        put_order(f"late{month}", late, f"2024-{month:02}-10", amount)
    world.run(business_date=DECEMBER)
    whole = earned(full)
    before = sum((amount for code, amount in whole.items() if code < "2024-07"), Decimal(0))
    put_openings(world, (late, "credit", "sales", Decimal(sum(amounts[:6])) / 100), (late, "paid", "commission", before))
    world.run(business_date=DECEMBER)
    assert earned(late) == {code: amount for code, amount in whole.items() if code >= "2024-07"}
    world.run(business_date=DECEMBER, is_full=True)
    assert earned(late) == {code: amount for code, amount in whole.items() if code >= "2024-07"}


def test_a_correction_posts_the_difference_and_earlier_runs_can_be_told_again(scope):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    first = put_openings(world, (ann, "credit", "sales", "280000"), (ann, "paid", "commission", "14000"))
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    again = put_openings(world, (ann, "credit", "sales", "290000"), (ann, "paid", "commission", "14000"))
    assert (again.rows_changed, again.rows_unchanged) == (1, 1)
    assert list(OpeningEntry.objects.filter(change_set=again.change_set).values_list("amount", "scale")) == [(10_000_00, 2)]
    world.run(business_date=JULY)
    # 340,000 to date: 15,000 + 4,000 less 14,000.
    assert earned(ann) == {"2024-07": Decimal("5000.00")}
    assert [one.amount for one in openings_known(number=first.change_set.number) if one.kind == "credit"] == [Decimal(280000)]


def test_the_same_file_twice_changes_nothing(scope):
    world = make_world(1, text=YEARLY)
    row = (world.payees[0], "credit", "sales", "280000")
    put_openings(world, row)
    again = put_openings(world, row)
    assert again.rows_unchanged == 1
    assert OpeningEntry.objects.count() == 1


def test_an_import_is_taken_back_until_pay_was_posted_on_top(scope):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    batch_roll_back(batch=put_openings(world, (ann, "credit", "sales", "280000")))
    assert openings_known(number=None) == []
    second = put_openings(world, (ann, "credit", "sales", "280000"))
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    with pytest.raises(ImportFault, match="posted on top"):
        batch_roll_back(batch=second)


def test_a_corrected_import_is_taken_back_last_in_first_out(scope):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    first = put_openings(world, (ann, "credit", "sales", "280000"))
    second = put_openings(world, (ann, "credit", "sales", "290000"))
    with pytest.raises(ImportFault, match="take that one back first"):
        batch_roll_back(batch=first)
    batch_roll_back(batch=second)
    assert [one.amount for one in openings_known(number=None)] == [Decimal(280000)]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (("credit", "turnover", "1"), "plan direct has no 'turnover' for credit"),
        (("draw", "ramp", "1"), "plan direct has no 'ramp' for draw"),
        (("paid", "commission", "1", "2024-08"), "there is no period 2024-08 before 2024-07-01"),
        (("held", "commission", "1"), "the row does not say when what is held is paid"),
        (("clawback", "commission", "-1"), "the balance -1.00 is below zero"),
        (("credit", "sales", "1", "", "", "2024-07-15"), "2024-07-15 is not the first day of a pay period after another one"),
        (("credit", "sales", "1", "", "", "2023-07-01"), "plan direct has no version in force on 2023-07-01"),
    ],
)
def test_a_row_that_does_not_fit_the_plan_is_refused_alone_with_its_mend(scope, row, cause):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    batch = put_openings(world, (ann, "credit", "sales", "280000", "2024-06"), (ann, *row))
    assert [told[0] for told in refused(batch)] == [cause]
    assert batch.rows_accepted == 1


def test_a_dry_run_writes_nothing(scope):
    world = make_world(1, text=YEARLY)
    batch = put_openings(world, (world.payees[0], "credit", "sales", "280000"), dry_run=True)
    assert batch.rows_new == 1
    assert not OpeningEntry.objects.exists()


DRAWN = (
    YEARLY + "draws:\n  - {name: ramp, label: Ramp draw, amount: 1000, recover: later, paid: top_up}\n"
    "payment: {negative: carry, holdback: {share: 10%, until: year}}\n"
)


def paid(payee, period) -> dict[tuple[str, str], Decimal]:
    """(verb, component) -> sum of the ledger in a pay period."""
    rows = LedgerEntry.objects.filter(payee=payee, pay_period=period).order_by().values_list("verb", "component", "scale").annotate(total=Sum("amount"))
    found: dict[tuple[str, str], Decimal] = {}
    for verb, component, scale, total in rows:
        found[verb, component] = found.get((verb, component), Decimal(0)) + Decimal(total).scaleb(-scale)
    return {key: amount for key, amount in found.items() if amount}


def test_a_draw_is_recovered_a_balance_carried_on_and_what_was_held_paid_on_its_day(scope):
    text = DRAWN.replace(", holdback: {share: 10%, until: year}", "")
    world = make_world(1, text=text)
    ann = world.payees[0]
    put_openings(
        world, (ann, "credit", "sales", "280000"), (ann, "paid", "commission", "14000"), (ann, "draw", "ramp", "700"),
        (ann, "held", "commission", "450", "", "2024-08-15"), (ann, "carried", "", "-200"), (ann, "clawback", "commission", "5000"),
    )  # fmt: skip
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=dt.date(2024, 8, 31))
    # July earns 4,000; 200 are owed from before, 700 of the draw are recovered. August earns nothing: 450 released, topped up to 1,000.
    assert paid(ann, world.period("2024-07")) == {
        ("earned", "commission"): Decimal(4000),
        ("carried", "@carried_in"): Decimal(-200),
        ("recovered", "@ramp"): Decimal(-700),
    }
    assert paid(ann, world.period("2024-08")) == {("released", "commission"): Decimal(450), ("drawn", "@ramp"): Decimal(550)}
    assert not LedgerEntry.objects.filter(payee=ann, pay_period__starts__lt=dt.date(2024, 7, 1)).exists()
    count = LedgerEntry.objects.count()
    world.run(business_date=dt.date(2024, 8, 31), is_full=True)
    assert LedgerEntry.objects.count() == count


def test_what_was_held_stays_held_until_its_day(scope):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    put_openings(world, (ann, "held", "commission", "450", "", "2024-09-30"))
    world.run(business_date=dt.date(2024, 8, 31))
    assert not LedgerEntry.objects.exists()
    world.run(business_date=dt.date(2024, 9, 30))
    assert paid(ann, world.period("2024-09")) == {("released", "commission"): Decimal(450)}


def test_statement_scorecard_and_trace_show_the_opening_balance_with_its_source(scope):
    world = make_world(1, text=DRAWN.replace("tables:\n", CLAWED.partition("clawback")[0]) + "clawback: {table: window}\n")
    ann, july = world.payees[0], world.period("2024-07")
    put_openings(
        world, (ann, "credit", "sales", "280000"), (ann, "paid", "commission", "14000"), (ann, "draw", "ramp", "700"),
    )  # fmt: skip
    put_order("jun", ann, "2024-06-10", 100_000_00)
    put_clawback(world, ("jun", "commission", "5000", ""))
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    view = statement_get(ann, july)
    lines = [(line.kind, line.name, line.amount, line.source) for line in view.opening]
    assert lines[:2] == [("credit", "sales", Decimal(280000), "test"), ("paid", "commission", Decimal(14000), "test")]
    assert {(one.kind, one.amount) for one in view.balances} == {("open_to_clawback", Decimal(5000)), ("on_hold", Decimal(400))}
    assert statement_get(ann, world.period("2024-06")).opening == ()
    card = scorecard_get(ann, business_date=JULY)
    assert card.opening == view.opening
    assert card.gauges[0].actual == Decimal(330000)
    trace = line_traces(ann, period=july, component="commission")[0]
    assert ("opening", Decimal(-14000)) in [(part["kind"], Decimal(part["amount"])) for part in trace.parts]
    assert trace.tree["children"][0]["opening"] == {"sales": "280000"}
    assert sum(Decimal(part["amount"]) for part in trace.parts) == trace.amount == Decimal(4000)


def test_the_pages_name_the_opening_balance(scope, client, tenant):
    world = make_world(1, text=YEARLY)
    ann = world.payees[0]
    put_openings(world, (ann, "credit", "sales", "280000"), (ann, "paid", "commission", "14000"))
    put_order("jul", ann, "2024-07-10", 50_000_00)
    world.run(business_date=JULY)
    admin = make_user()
    make_member(admin, Role.COMP_ADMIN)
    client.force_login(admin)
    home = f"/t/{tenant.slug}/people/{ann.uid}/statements/2024-07/"
    statement = client.get(home).content.decode()
    assert "Opening balance" in statement
    assert "280,000" in statement
    why = client.get(
        reverse("statement-component", kwargs={"slug": tenant.slug, "uid": ann.uid, "code": "2024-07", "component": "commission"})
    ).content.decode()
    assert "Opening balance: paid before this system" in why
    assert "credited before this system, counts to date" in why


def test_a_start_within_a_quarter_gives_the_amounts_by_period(scope):
    """Sales to date by quarter and by year, start on 1 August: July counts in both windows, June in the year alone."""
    text = YEARLY.replace("  - {name: sales, over: year}\nattain", "  - {name: sales, over: year}\n  - {name: quarterly, over: quarter}\nattain")
    text += "  - {name: bonus, formula: quarterly * 1%, settle: quarter}\n"
    world = make_world(1, text=text)
    ann = world.payees[0]
    put_openings(
        world, (ann, "credit", "sales", "250000", "2024-06", "", "2024-08-01"), (ann, "credit", "sales", "30000", "2024-07", "", "2024-08-01"),
        (ann, "credit", "quarterly", "90000", "2024-06", "", "2024-08-01"), (ann, "credit", "quarterly", "30000", "2024-07", "", "2024-08-01"),
        (ann, "paid", "commission", "14000", "2024-07", "", "2024-08-01"), (ann, "paid", "bonus", "900", "2024-06", "", "2024-08-01"),
        (ann, "paid", "bonus", "300", "2024-07", "", "2024-08-01"),
    )  # fmt: skip
    put_order("aug", ann, "2024-08-10", 50_000_00)
    world.run(business_date=dt.date(2024, 8, 31))
    # Commission as in July of the first test: 4,000. Bonus: 1 % of 80,000 in the quarter less the 300 paid in it.
    assert earned(ann) == {"2024-08": Decimal(4000) + Decimal(500)}


CLAWED = """\
tables:
  - name: window
    points: [{at: 0, value: 100%}, {at: 30, value: 100%}, {at: 90, value: 0}]
    below: 100%
    above: last
clawback: {table: window}
"""
INTO_CLAW = MAPPING + "  order: Order\n"


def put_clawback(world, *rows: tuple[str, str, str, str], day: str = "2024-07-01", **values) -> Batch:
    """Imports rows (order, component, amount, period) that the old system paid under clawback."""
    Payee.objects.update(source="test")
    lines = ["Payee,Plan,Day,Kind,Name,Amount,Period,Release,Order"]
    lines += [f"{world.payees[0].external_id},direct,{day},clawback,{name},{amount},{period},,{order}" for order, name, amount, period in rows]
    return import_run(mapping_text=INTO_CLAW, files=[Source("opening.csv", content="\n".join(lines).encode() + b"\n")], **values)
