"""A parallel run against a file of the old system: every difference under one cause, control totals that tie."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from contextlib import nullcontext
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.parallel import CellKey, Side, cause_of, compare, controls
from incentives.models import ParallelFile, ParallelRow, ParallelRun
from incentives.selectors.parallel import parallel_rows, parallel_table
from incentives.services.kept import AnswerFailed
from incentives.services.parallel import ParallelRefused, parallel_again, parallel_compute, parallel_start
from spm.access.models import Role
from spm.imports.errors import ImportFault
from spm.imports.readers import Source
from tests.incentives.world import PLAN, make_world, put_order
from tests.support.factories import make_member, make_user

FEB = dt.date(2024, 2, 28)


def put_file(*rows: str, header: str = "payee,component,period,amount,credit", **values) -> ParallelRun:
    content = "\n".join([header, *rows]) + "\n"
    return compared(parallel_start(name="July", source=Source("old.csv", content=content.encode()), **values))


def compared(row: ParallelRun) -> ParallelRun:
    """The comparison once its job has done its work, here without a queue."""
    parallel_compute(tenant_id=row.tenant_id, uid=str(row.uid), commit=nullcontext)
    row.refresh_from_db()
    return row


def causes(run: ParallelRun) -> dict[str, str]:
    return {row.their_payee or row.payee.external_id: row.cause for row in ParallelRow.objects.filter(parallel=run).select_related("payee")}


@pytest.fixture
def world(scope):
    found = make_world(6)
    for n, payee in enumerate(found.payees):
        put_order(f"o{n}", payee, "2024-01-10", 10_000_00)  # earns 500.00
    found.run(business_date=FEB)
    return found


def test_every_cause_is_found_and_the_control_totals_tie(world):
    same, rounded, credited, rated, gone, plain = (payee.external_id for payee in world.payees)
    run = put_file(
        f"{same},commission,2024-01,500.00,10000", f"{rounded},commission,2024-01,500.01,10000", f"{credited},commission,2024-01,450.00,9000",
        f"{rated},commission,2024-01,600.00,10000", f"{plain},commission,2024-01,510.00,", "X9,commission,2024-01,77.00,", f"{same},bonus,2024-01,5.00,",
    )  # fmt: skip
    rows = [(row.their_payee or row.payee.external_id, row.their_component, row.cause) for row in ParallelRow.objects.filter(parallel=run)]
    assert sorted(rows) == sorted([
        (same, "\tcommission", "same"), (rounded, "\tcommission", "rounding"), (credited, "\tcommission", "credit"), (rated, "\tcommission", "pay_rate"),
        (gone, "", "missing_theirs"), (plain, "\tcommission", "unexplained"), ("X9", "\tcommission", "not_mapped"), (same, "\tbonus", "not_mapped"),
    ])  # fmt: skip
    usd, unknown = run.summary["currencies"]["USD"], run.summary["currencies"]["XXX"]
    assert (usd["file"], usd["matched"], usd["ours"]) == ("2560.01", "2560.01", "3000.00")
    assert (unknown["file"], unknown["unmatched"]) == ("82.00", "82.00")
    assert all(Decimal(one["residue"]) == 0 for one in (usd, unknown))
    assert Decimal(usd["difference"]) == sum(Decimal(amount) for amount in usd["by_cause"].values()) == Decimal("439.99")


def test_pay_that_only_the_file_has_is_missing_here(world):
    run = put_file(f"{world.payees[0].external_id},commission,2024-02,20.00,")
    assert causes(run) == {world.payees[0].external_id: "missing_ours"}
    assert run.summary["currencies"]["USD"]["unmatched"] == "20.00"


def test_names_of_the_file_are_mapped_and_plans_compared_where_it_has_no_components(world):
    payee = world.payees[0].external_id
    run = put_file(f"{payee},Base comm,2024-01,500.00,", words={"Base comm": "direct.commission"})
    assert causes(run)[payee] == "same"
    run = put_file(f"{payee},direct,2024-01,250.00", f"{payee},direct,2024-01-31,250.00", header="rep,scheme,month,pay")
    assert causes(run)[payee] == "same"


def test_a_comparison_stays_as_it_is_and_is_repeated_as_one_of_its_own(world):
    payee = world.payees[0]
    first = put_file(f"{payee.external_id},commission,2024-01,600.00,12000")
    put_order("more", payee, "2024-01-20", 2_000_00)
    world.run(business_date=FEB)
    again = compared(parallel_again(parallel=first))
    assert causes(first)[payee.external_id] == "credit"
    assert causes(again)[payee.external_id] == "same"
    assert again.again_of == first
    assert again.summary["currencies"]["USD"]["file"] == "600.000000"


def test_a_file_without_a_needed_column_is_refused_at_once(world):
    with pytest.raises(ImportFault, match="amount"):
        put_file("E1,commission,2024-01", header="payee,component,period")
    assert not ParallelRun.objects.exists()


@pytest.mark.parametrize(("row", "text"), [("E1,commission,2024-01,5o0", "not a number"), ("", "no rows")])
def test_a_file_whose_sum_is_not_known_fails_whole(world, row, text):
    with pytest.raises(AnswerFailed, match=text):
        put_file(row, header="payee,component,period,amount")
    assert not ParallelRow.objects.exists()


def test_without_a_run_there_is_nothing_to_compare_with(scope):
    make_world(1)
    with pytest.raises(ParallelRefused):
        put_file("E1,commission,2024-01,5,")


AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2)
SIDES = st.dictionaries(
    st.builds(CellKey, st.integers(1, 3), st.just("p"), st.sampled_from("ab"), st.integers(1, 2), st.sampled_from(["USD", "EUR"])),
    st.builds(Side, AMOUNTS, st.none() | AMOUNTS), max_size=8,
)  # fmt: skip


@given(ours=SIDES, theirs=SIDES)
def test_law_sums_tie_whatever_the_two_sides_are(ours, theirs):
    cells = compare(ours, theirs)
    file, here = defaultdict(Decimal), defaultdict(Decimal)
    for sums, sides in ((file, theirs), (here, ours)):
        for key, side in sides.items():
            sums[key.currency] += side.amount
    rows = [(c.key.currency, c.cause, c.ours.amount if c.ours else None, c.theirs.amount if c.theirs else None) for c in cells]
    found = controls(file, here, rows)
    assert all(one.residue == 0 for one in found.values())
    if rows:  # negative control: a cell that is lost leaves a residue, unless it is of nothing
        lost = controls(file, here, rows[1:])
        assert any(one.residue for one in lost.values()) == bool((rows[0][2] or 0) or (rows[0][3] or 0))


def test_a_cent_is_rounding_and_two_are_not():
    assert cause_of(Side(Decimal("1.01")), Side(Decimal("1.00"))) == "rounding"
    assert cause_of(Side(Decimal("1.02")), Side(Decimal("1.00"))) == "unexplained"


def test_real_orders_paid_by_a_spreadsheet_that_rounds_each_order_differ_by_rounding_alone(scope, shared_dir):
    """Three sellers of AdventureWorks, one quarter: the spreadsheet rounds 1.2 % of every order, the plan 1.2 % of the month."""
    with (shared_dir / "data/adventureworks/SalesOrderHeader.csv").open(encoding="utf-8", newline="") as file:
        orders = [row for row in csv.DictReader(file) if row["SalesPersonID"] in ("275", "276", "277") and "2011-07" <= row["OrderDate"][:7] <= "2012-01"]
    assert orders
    world = make_world(3, text=PLAN, pct="0.012")
    of = dict(zip(("275", "276", "277"), world.payees, strict=True))
    theirs: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in orders:
        day = dt.date(2024, int(row["OrderDate"][5:7]), 10)
        amount = Decimal(row["SubTotal"])
        payee = of[row["SalesPersonID"]]
        put_order(row["SalesOrderID"], payee, day.isoformat(), int(amount.scaleb(4)), scale=4)
        theirs[payee.external_id, f"2024-{day.month:02}"] += (amount * Decimal("0.012")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    world.run()
    lines = [f"{payee},commission,{period},{amount}" for (payee, period), amount in theirs.items()]
    run = put_file(*lines, header="payee,component,period,amount")
    found = {row.cause for row in ParallelRow.objects.filter(parallel=run)}
    worst = max(abs(row.difference) for row in ParallelRow.objects.filter(parallel=run))
    assert found <= {"same", "rounding", "unexplained"}
    assert worst < Decimal("0.10")  # hundreds of orders, half a cent each way
    usd = run.summary["currencies"]["USD"]
    assert Decimal(usd["file"]) == sum(theirs.values())
    assert Decimal(usd["residue"]) == 0


def test_the_page_shows_and_exports_what_was_compared_and_only_the_admin_compares(world, client, tenant):
    admin, finance, rep = make_user(), make_user(), make_user()
    make_member(admin, Role.COMP_ADMIN)
    make_member(finance, Role.FINANCE)
    make_member(rep, Role.REP)
    payee = world.payees[0].external_id
    home = f"/t/{tenant.slug}/runs/parallel/"

    def post(user):
        client.force_login(user)
        file = io.BytesIO(f"payee,component,period,amount\n{payee},commission,2024-01,450.00\n".encode())
        file.name = "old.csv"
        return client.post(f"{home}new/", {"name": "January", "basis": "earned", "decimal": ".", "words": "", "file": file})

    assert post(finance).status_code == 403
    made = post(admin)
    assert made.status_code == 302
    client.force_login(finance)
    live = client.get(made["Location"]).content.decode()
    assert "Comparison with the old system" in live
    assert f"/runs/parallel/{ParallelRun.objects.get().uid}/job/" in live
    assert ParallelFile.objects.count() == 1
    compared(ParallelRun.objects.get())
    assert not ParallelFile.objects.exists()
    page = client.get(made["Location"])
    assert page.status_code == 200
    assert "January" in page.content.decode()
    assert "50.00" in page.content.decode()
    run = ParallelRun.objects.get()
    text = client.get(f"{home}{run.uid}/cells.csv?cause=").content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert sum(Decimal(row[8]) for row in table[1:]) == Decimal(run.summary["currencies"]["USD"]["difference"])
    assert len(table) - 1 == len(parallel_table(parallel_rows(run))[1]) == 6
    assert client.get(f"{home}{run.uid}/cells.xlsx").content[:2] == b"PK"
    client.force_login(rep)
    assert client.get(home).status_code == 403
