"""People in real runs: proration, leave, ramps, limits of recovery and leavers, in the ledger, against figures computed by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from incentives.models import LedgerEntry
from incentives.selectors.receivables import receivables
from spm.access.models import Role
from spm.currencies.codes import currency_pack
from spm.people.models import LegalEntity
from spm.people.services.employment import absence_set, employee_leave
from spm.sales.models import Invoice, InvoiceVersion, Order
from spm.tenancy.changes import change
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.incentives.test_payments import APR, FEB, JAN, MAR, close, paid, payable
from tests.incentives.world import PLAN, make_world, put_order
from tests.support.factories import make_member, make_user

PRORATED = PLAN.replace("attributes:", "ramps: [{name: new, since: hire, shares: [25%, 50%, 75%]}]\nattributes:").replace(
    "  - name: commission\n",
    "  - {name: bonus, formula: 'default(attainment, 0) * 1000', proration: {quota: working_days, leave: out}}\n  - name: commission\n",
)


def test_leave_that_is_recorded_late_lowers_the_quota_and_posts_the_difference_to_that_payee_alone(scope):
    world = make_world(2, text=PRORATED)
    ann, bob = world.payees
    for payee in (ann, bob):
        put_order(f"jan {payee.pk}", payee, "2024-01-10", 46_000_00)
    world.run(business_date=JAN)
    assert paid(ann, world.period("2024-01"))["earned", "bonus"] == Decimal(460)
    absence_set(payee=ann, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18))  # Saturday to Wednesday: 3 of 23 working days
    count = LedgerEntry.objects.count()
    run = world.run(business_date=JAN)
    # Quota 100,000 x 20/23; 46,000 of it are 52.9 %.
    assert paid(ann, world.period("2024-01"))["adjusted", "bonus"] == Decimal(529) - 460
    assert set(LedgerEntry.objects.filter(run=run).values_list("payee_id", "cause")) == {(ann.pk, "people")}
    world.run(business_date=JAN, is_full=True)
    assert LedgerEntry.objects.count() == count + 1


def test_a_ramp_since_the_hire_lowers_the_quota_by_the_days_of_its_months(scope):
    world = make_world(1, text=PRORATED.replace("  - name: sales\nramps", "  - {name: sales, ramp: new}\nramps"))
    ann = world.payees[0]
    ann.employments.update(valid_from=dt.date(2023, 11, 16))
    put_order("jan", ann, "2024-01-10", 39_000_00)
    put_order("mar", ann, "2024-03-10", 39_000_00)
    world.run(business_date=MAR)
    # January: 15 days of the second month (50 %), 16 of the third (75 %): 100,000 x 19.5/31; March: all of it.
    assert paid(ann, world.period("2024-01"))["earned", "bonus"] == Decimal(620)
    assert paid(ann, world.period("2024-03"))["earned", "bonus"] == Decimal(390)


def put_invoice(external_id: str, order: Order, day: str, amount: int) -> None:
    invoice, _ = Invoice.objects.get_or_create(source="test", external_id=external_id)
    with change(reason=f"invoice {external_id}") as changeset:
        InvoiceVersion.objects.create(
            record=invoice, change_set=changeset, order=order, invoice_date=dt.date.fromisoformat(day), amount=amount, amount_scale=2,
            currency_code=currency_pack("USD"),
        )  # fmt: skip


def test_pay_on_invoice_follows_part_invoices_and_credit_notes_in_proportion(scope):
    world = make_world(1, text=PLAN + "payment: {on: invoice}\n")
    ann = world.payees[0]
    order = put_order("a", ann, "2024-01-10", 90_000_00)  # earns 4,500
    world.run(business_date=JAN)
    assert payable(ann, world.period("2024-01")) == 0
    put_invoice("i1", order, "2024-02-10", 30_000_00)
    put_invoice("i2", order, "2024-03-10", 45_000_00)
    world.run(business_date=MAR)
    assert [payable(ann, world.period(f"2024-0{m}")) for m in (1, 2, 3)] == [0, 1500, 2250]
    close(world, "2024-03")
    put_invoice("c1", order, "2024-04-02", -15_000_00)  # a credit note
    world.run(business_date=APR)
    assert paid(ann, world.period("2024-04")) == {("held", "commission"): Decimal(-750)}
    assert payable(ann, world.period("2024-03")) == 2250


def test_a_negative_result_is_taken_back_within_the_countrys_limit(scope):
    world = make_world(1, text=PLAN + "payment: {negative: carry, recovery_limits: [{country: DE, limit: 30%}]}\n")
    ann = world.payees[0]
    LegalEntity.objects.filter(pk=ann.legal_entity_id).update(country="DE")
    put_order("a", ann, "2024-01-10", 20_000_00)  # 1,000
    world.run(business_date=JAN)
    close(world, "2024-01")
    put_order("a", ann, "2024-01-10", 0, gone=True)
    for month in (2, 3, 4):
        put_order(f"m{month}", ann, f"2024-0{month}-10", 40_000_00)  # 2,000 a month
    world.run(business_date=APR)
    # February: the reversal of 1,000 lowers what is due at once, as it is of what was earned; nothing is left to carry.
    assert [payable(ann, world.period(f"2024-0{m}")) for m in (2, 3, 4)] == [1000, 2000, 2000]
    put_order("m2", ann, "2024-02-10", 0, gone=True)
    world.run(business_date=APR)
    # February now stands at -1,000: 30 % of 2,000 in March, the rest in April.
    assert [payable(ann, world.period(f"2024-0{m}")) for m in (2, 3, 4)] == [0, 1400, 1600]


LEAVERS = PLAN + "payment: {on: invoice}\nleavers: [{status: left, event: invoiced, when: after, due: 50%}]\n"


def test_a_leaver_is_paid_what_the_table_still_gives_and_the_rest_is_forfeited(scope):
    world = make_world(2, text=LEAVERS)
    ann, bob = world.payees
    for payee in (ann, bob):
        order = put_order(f"feb {payee.pk}", payee, "2024-02-10", 20_000_00)  # earns 1,000
        put_invoice(f"i1 {payee.pk}", order, "2024-02-20", 6_000_00)
        put_invoice(f"i2 {payee.pk}", order, "2024-04-05", 14_000_00)
    world.run(business_date=FEB)
    assert payable(ann, world.period("2024-02")) == 300
    close(world, "2024-02")
    employee_leave(payee=ann, day=dt.date(2024, 3, 10))
    world.run(business_date=APR)
    months = [world.period(f"2024-0{m}") for m in (2, 3, 4)]
    assert [payable(ann, month) for month in months] == [300, 0, 350]
    assert paid(ann, months[1]) == {("released", "commission"): Decimal(350), ("forfeited", "commission"): Decimal(-350)}
    assert [payable(bob, month) for month in months] == [300, 0, 700], "who stays is paid in full"
    count = LedgerEntry.objects.count()
    world.run(business_date=APR, is_full=True)
    assert LedgerEntry.objects.count() == count


def test_what_a_leaver_owes_is_a_receivable_and_nobody_elses_debt_is(scope):
    world = make_world(2, text=PLAN + "payment: {negative: carry}\n")
    ann, bob = world.payees
    for payee in (ann, bob):
        put_order(f"a {payee.pk}", payee, "2024-01-10", 20_000_00)  # 1,000
    world.run(business_date=JAN)
    close(world, "2024-01")
    for payee in (ann, bob):
        put_order(f"a {payee.pk}", payee, "2024-01-10", 0, gone=True)
    employee_leave(payee=ann, day=dt.date(2024, 2, 15))
    world.run(business_date=MAR)
    assert [(row.payee.pk, row.left_on, row.kind, row.currency, row.amount) for row in receivables(on=MAR)] == [
        (ann.pk, dt.date(2024, 2, 15), "owed_by_payee", "USD", Decimal(1000))
    ]
    assert receivables(on=dt.date(2024, 2, 14)) == [], "she had not left"


def test_receivables_are_listed_as_json_and_csv_to_those_who_see_all_pay(tenant):
    with tenant_scope(tenant.pk):
        world = make_world(1, text=PLAN + "payment: {negative: carry}\n")
        ann = world.payees[0]
        put_order("a", ann, "2024-01-10", 20_000_00)
        world.run(business_date=JAN)
        close(world, "2024-01")
        put_order("a", ann, "2024-01-10", 0, gone=True)
        employee_leave(payee=ann, day=dt.date(2024, 2, 15))
        world.run(business_date=MAR)
        external = ann.external_id
    boss = make_caller(tenant, Role.FINANCE)
    found = boss.get("receivables/", on="2024-03-28").json()
    assert [(row["external_id"], row["kind"], row["amount"]) for row in found] == [(external, "owed_by_payee", "1000.00")]
    table = boss.get("receivables/", on="2024-03-28", **{"as": "csv"})
    assert table.content.decode().splitlines()[1].startswith(f"{external},")
    assert boss.get("receivables/", on="soon").status_code == 400
    rep = make_caller(tenant, Role.REP, payee=ann)
    assert rep.get("receivables/").status_code == 403


KINDS = PRORATED.replace("leave: out", "leave_out: {quota: [unpaid]}")


def test_unpaid_leave_lowers_the_quota_and_paid_leave_does_not_until_it_is_said_to_be_unpaid(scope):
    world = make_world(2, text=KINDS)
    ann, bob = world.payees
    for payee, kind in ((ann, "unpaid"), (bob, "paid")):
        put_order(f"jan {payee.pk}", payee, "2024-01-10", 46_000_00)
        absence_set(payee=payee, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18), leave_kind=kind)  # 3 of 23 working days
    world.run(business_date=JAN)
    january = world.period("2024-01")
    # Quota 100,000 x 20/23 for her, 100,000 for him: 52.9 % and 46 %.
    assert [paid(payee, january)["earned", "bonus"] for payee in (ann, bob)] == [Decimal(529), Decimal(460)]
    absence_set(payee=bob, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18), leave_kind="unpaid")
    run = world.run(business_date=JAN)
    assert paid(bob, january)["adjusted", "bonus"] == Decimal(69)
    assert set(LedgerEntry.objects.filter(run=run).values_list("payee_id", "cause")) == {(bob.pk, "people")}


def test_the_page_of_a_component_says_what_share_of_its_quota_counts(scope, client, tenant):
    world = make_world(1, text=PRORATED)
    ann = world.payees[0]
    put_order("jan", ann, "2024-01-10", 46_000_00)
    absence_set(payee=ann, start=dt.date(2024, 1, 13), end=dt.date(2024, 1, 18))
    world.run(business_date=JAN)
    user = make_user()
    make_member(user, Role.COMP_ADMIN)
    client.force_login(user)
    page = client.get(f"/t/{tenant.slug}/people/{ann.uid}/statements/2024-01/bonus/").content.decode()
    assert "Prorated quota: sales" in page
    assert "20/23 of the window" in page
    assert "Prorated quota" not in client.get(f"/t/{tenant.slug}/people/{ann.uid}/statements/2024-01/commission/").content.decode()
