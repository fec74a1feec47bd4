"""Credit to whoever holds the account's territory on the order's date: at the record, by the nightly run, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from incentives.models import LedgerEntry, PeriodState, UncreditedOrder
from incentives.services import period_move
from planning.models import Territory
from planning.services import account_assign, account_release, crediting_end, crediting_set, territory_assign, territory_create, territory_release
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.services import import_run
from spm.jobs.execution import job_run_here
from spm.jobs.models import Job, JobState
from spm.jobs.services import job_enqueue
from spm.people.models import LegalEntity, Payee
from spm.sales.crediting import orders_credit
from spm.sales.known import versions_known
from spm.sales.models import Account, AccountVersion, CreditedBy, CreditingPass, OrderVersion
from spm.tenancy.changes import change, known_number
from spm.tenancy.scope import tenant_scope
from tests.incentives.world import World, make_world

FIRST, MARCH = dt.date(2024, 1, 1), dt.date(2024, 3, 1)
ORDERS = """\
import: 1
source: crm
target: order
fields:
  external_id: Id
  order_date: Date
  payee: Owner
  account: Account
  amount: {column: Amount, scale: 2}
  currency: {constant: USD}
"""
SPLITS = """\
import: 1
source: crm
target: order_split
fields: {order: Order, payee: Payee, share: Share}
"""


def put_account(key: str) -> Account:
    account = Account.objects.create(source="crm", external_id=key)
    with change(reason="account") as changeset:
        AccountVersion.objects.create(record=account, change_set=changeset, name=key)
    return account


class Company:
    """Two sellers at 5 %, north and south with an account each, and an account in no territory."""

    def __init__(self) -> None:
        self.world: World = make_world(2)
        self.ann, self.bob = self.world.payees
        for payee, key in ((self.ann, "ann"), (self.bob, "bob")):
            Payee.objects.filter(pk=payee.pk).update(source="crm", external_id=key)
        self.north, self.south = (territory_create(code=code, name=code) for code in ("north", "south"))
        self.acme, self.bolt, self.none = (put_account(key) for key in ("acme", "bolt", "none"))
        self.hold(self.north, 0)
        self.hold(self.south, 1)
        account_assign(account=self.acme, territory=self.north, start=FIRST)
        account_assign(account=self.bolt, territory=self.south, start=FIRST)

    def position(self, seller: int) -> Any:
        return self.world.seats[seller].position

    def hold(self, territory: Territory, seller: int, start: dt.date = FIRST) -> None:
        territory_assign(position=self.position(seller), territory=territory, start=start)

    def take(self, *lines: str) -> Any:
        return take(ORDERS, "Id,Date,Owner,Account,Amount", lines)

    def run(self, **values: Any) -> Any:
        return self.world.run(**values)


def take(text: str, header: str, lines: Any) -> Any:
    return import_run(mapping_text=text, files=[Source("f.csv", content="\n".join([header, *lines, ""]).encode())])


@pytest.fixture
def company(scope: Any) -> Company:
    return Company()


def earned(payee: Payee, **of: Any) -> Decimal:
    rows = LedgerEntry.objects.filter(payee=payee, component="commission", **of)
    return sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0))


def owner(key: str) -> tuple[str | None, int, str | None]:
    """Payee, how credited, and whom the source names."""
    found = versions_known(OrderVersion).select_related("payee", "source_payee").get(record__external_id=key)
    return (found.payee and found.payee.external_id, found.credited_by, found.source_payee and found.source_payee.external_id)


def uncredited() -> dict[str, str]:
    rows = UncreditedOrder.objects.filter(run_to=None).select_related("order")
    return {row.order.external_id: row.reason for row in rows}


def approve(world: World, code: str) -> None:
    for to in (PeriodState.State.IN_REVIEW, PeriodState.State.APPROVED):
        period_move(period=world.period(code), pay_group="monthly", legal_entity=LegalEntity.objects.get(), to=to)


def test_an_order_without_an_owner_goes_to_who_holds_its_accounts_territory_that_day(company: Company) -> None:
    crediting_set(priority="owner", start=FIRST)
    company.hold(company.south, 0, MARCH)
    territory_release(position=company.position(1), territory=company.south, day=MARCH)
    company.take("1,2024-01-10,,acme,1000.10", "2,2024-02-29,,bolt,2000.20", "3,2024-03-01,,bolt,400.40", "4,2024-01-10,bob,acme,50.00")
    assert [owner(key) for key in "1234"] == [("ann", 1, None), ("bob", 1, None), ("ann", 1, None), ("bob", 0, None)]
    company.run()
    # 5 % of 1000.10 is 50.005 and of 400.40 is 20.02; of 2000.20 is 100.01 and of 50.00 is 2.50.
    assert (earned(company.ann), earned(company.bob)) == (Decimal("70.03"), Decimal("102.51"))
    assert uncredited() == {}


def test_the_holder_comes_before_the_owner_where_the_rule_says_so_and_splits_stand(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST, source="crm")
    company.take("1,2024-01-10,bob,acme,1000.00", "2,2024-01-11,bob,acme,300.00")
    assert owner("1") == ("ann", 1, "bob")
    take(SPLITS, "Order,Payee,Share", ["2,bob,100"])
    company.run()
    assert owner("2") == ("bob", 0, None)
    assert (earned(company.ann), earned(company.bob)) == (Decimal("50.00"), Decimal("15.00"))


def test_a_rule_of_another_source_moves_nothing(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST, source="erp")
    company.take("1,2024-01-10,bob,acme,1000.00")
    assert owner("1") == ("bob", 0, None)


def test_what_nobody_can_be_credited_with_is_listed_with_its_reason(company: Company) -> None:
    crediting_set(priority="owner", start=FIRST)
    company.hold(company.south, 0)
    territory_release(position=company.position(0), territory=company.north, day=MARCH)
    company.take("1,2024-01-10,,,1.00", "2,2024-01-10,,none,1.00", "3,2024-03-01,,acme,1.00", "4,2024-01-10,,bolt,1.00")
    company.run()
    assert uncredited() == {"1": "no_account", "2": "no_territory", "3": "no_holder", "4": "shared_territory"}
    account_assign(account=company.none, territory=company.north, start=FIRST)
    company.run()
    assert uncredited() == {"1": "no_account", "3": "no_holder", "4": "shared_territory"}


def test_a_backdated_change_of_the_holder_is_paid_in_the_open_period_under_its_own_cause(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST)
    company.take("1,2024-01-10,bob,acme,1000.00", "2,2024-02-10,bob,acme,600.00", "3,2024-02-10,bob,bolt,200.00")
    january = company.world.period("2024-01")
    company.run(business_date=dt.date(2024, 2, 20))
    approve(company.world, "2024-01")
    # From 5 January on the north is bob's: known in February.
    territory_release(position=company.position(0), territory=company.north, day=dt.date(2024, 1, 5))
    company.hold(company.north, 1, dt.date(2024, 1, 5))
    company.run(business_date=dt.date(2024, 2, 21))
    late = LedgerEntry.objects.filter(earning_period=january, pay_period=company.world.period("2024-02"), component="commission")
    assert {(row.payee_id, row.amount, row.cause) for row in late} == {(company.ann.pk, -50_00, "crediting"), (company.bob.pk, 50_00, "crediting")}
    assert (earned(company.ann), earned(company.bob)) == (Decimal(0), Decimal("90.00"))
    before = left(company)
    assert company.run(business_date=dt.date(2024, 2, 21), is_full=True).summary["posted"] == 0
    assert left(company) == before


def left(company: Company) -> list[Any]:
    return sorted(LedgerEntry.objects.values_list("payee_id", "earning_period", "pay_period", "amount", "cause"))


def test_who_sits_in_the_position_counts_as_well(company: Company) -> None:
    from spm.people.services.seats import assignment_end

    crediting_set(priority="owner", start=FIRST)
    company.take("1,2024-03-10,,acme,1000.00")
    assignment_end(payee=company.ann, position=company.position(0), day=MARCH)
    company.run()
    assert owner("1") == (None, CreditedBy.NO_HOLDER, None)
    assert uncredited() == {"1": "no_holder"}


def test_the_same_file_again_says_nothing_new_and_a_correction_keeps_the_holder(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST)
    company.take("1,2024-01-10,bob,acme,1000.00")
    number = known_number()
    again = company.take("1,2024-01-10,bob,acme,1000.00")
    assert (again.rows_unchanged, known_number()) == (1, number)
    company.take("1,2024-01-12,bob,acme,900.00")
    assert owner("1") == ("ann", 1, "bob")
    company.run()
    assert (earned(company.ann), earned(company.bob)) == (Decimal("45.00"), Decimal(0))


def test_ending_the_rule_gives_orders_back_to_whom_the_source_names(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST)
    company.take("1,2024-01-10,bob,acme,1000.00", "2,2024-04-10,bob,acme,300.00")
    company.run()
    crediting_end(day=MARCH)
    company.run()
    assert [owner(key) for key in "12"] == [("ann", 1, "bob"), ("bob", 0, None)]
    assert (earned(company.ann), earned(company.bob)) == (Decimal("50.00"), Decimal("15.00"))


def test_an_import_is_taken_back_also_after_its_orders_have_changed_hands(company: Company) -> None:
    crediting_set(priority="territory", start=FIRST)
    company.take("1,2024-01-10,bob,acme,1000.00")
    batch = company.take("1,2024-01-10,bob,acme,700.00", "2,2024-01-10,bob,acme,10.00")
    account_assign(account=company.acme, territory=company.south, start=FIRST)
    assert orders_credit() == 2
    assert owner("1") == ("bob", 1, "bob")
    batch_roll_back(batch=batch)
    company.run()
    assert (earned(company.ann), earned(company.bob)) == (Decimal(0), Decimal("50.00"))
    rows = OrderVersion.objects.filter(payee=company.ann, record__external_id="1").order_by("-change_set__number", "tombstone")
    assert rows[0].tombstone == 1, "nothing of the order is left under its former holder"


def test_a_pass_over_what_has_not_changed_writes_nothing(company: Company) -> None:
    crediting_set(priority="owner", start=FIRST)
    company.take("1,2024-01-10,,acme,1000.00")
    assert orders_credit() == 0
    number, passes = known_number(), CreditingPass.objects.count()
    assert (orders_credit(), known_number(), CreditingPass.objects.count()) == (0, number, passes)
    account_release(account=company.acme, day=FIRST)
    assert orders_credit() == 1
    assert owner("1") == (None, CreditedBy.NO_TERRITORY, None)


def test_the_nightly_job_credits_before_it_runs_and_the_job_asked_for_by_a_change_does_so_at_once(tenant: Any) -> None:
    with tenant_scope(tenant.pk):
        company = Company()
        crediting_set(priority="owner", start=FIRST)
        company.take("1,2024-01-10,,acme,1000.00")
        account_assign(account=company.acme, territory=company.south, start=FIRST)
        asked = Job.objects.filter(kind="crediting").latest("pk")
    assert job_run_here(tenant_id=tenant.pk, job_id=asked.pk).result == {"credited": 1}
    with tenant_scope(tenant.pk):
        assert owner("1") == ("bob", 1, None)
        account_assign(account=company.acme, territory=company.north, start=FIRST)
        nightly = job_enqueue(kind="nightly", params={"business_date": "2024-12-31"})
    done = job_run_here(tenant_id=tenant.pk, job_id=nightly.pk)
    assert (done.state, done.result["credited"]) == (JobState.SUCCEEDED, 1)
    with tenant_scope(tenant.pk):
        assert (earned(company.ann), earned(company.bob)) == (Decimal("50.00"), Decimal(0))


def test_negative_control_without_the_pass_a_moved_territory_is_not_seen(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    crediting_set(priority="owner", start=FIRST)
    company.take("1,2024-01-10,,acme,1000.00")
    company.run()
    account_assign(account=company.acme, territory=company.south, start=FIRST)
    monkeypatch.setattr("incentives.services.runs.orders_credit", lambda **_: 0)
    company.run()
    assert earned(company.bob) == Decimal(0)
