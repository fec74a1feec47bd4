"""Real orders through the engine, against a computation of its own in Decimal."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import median

import pytest

from incentives.engine.compile import plan_load
from incentives.engine.plan_check import plan_check
from incentives.engine.simulate import Simulation, simulation_run
from incentives.engine.trace import explain, leaves_total

from .adventureworks import managers, read, tables, windows

PLANS = Path(__file__).parents[2] / "adventureworks" / "plans"
CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@pytest.fixture(scope="module")
def folder(shared_dir: Path) -> Path:
    return shared_dir / "data" / "adventureworks"


@pytest.fixture(scope="module")
def data(folder: Path) -> dict[str, list[dict[str, str]]]:
    return tables(folder)


@pytest.fixture(scope="module")
def flat(data: dict[str, list[dict[str, str]]]) -> Simulation:
    return simulation_run(plan_load((PLANS / "commission_pct.yaml").read_text()), data)


@pytest.fixture(scope="module")
def accelerated(data: dict[str, list[dict[str, str]]]) -> Simulation:
    return simulation_run(plan_load((PLANS / "accelerator.yaml").read_text()), data)


@pytest.fixture(scope="module")
def sales(folder: Path) -> dict[tuple[str, str], Decimal]:
    """Independent: sales by person and window, rounded order by order."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in read(folder, "SalesOrderHeader"):
        if row["SalesPersonID"]:
            (window,) = [start for start, end in windows(folder) if start <= row["OrderDate"] < end]
            found[row["SalesPersonID"], window] += cents(Decimal(row["SubTotal"]))
    return found


def earned(simulation: Simulation, component: str) -> dict[tuple[str, str], Decimal]:
    keys = {period.id: period.key for period in simulation.prepared.periods}
    return {(simulation.data.payees[e.payee], keys[e.period]): e.amount for e in simulation.result.outcome.earnings if e.component == component and e.amount}


@pytest.mark.parametrize("name", ["commission_pct", "accelerator"])
def test_the_plans_pass_their_own_tests(name: str) -> None:
    report = plan_check((PLANS / f"{name}.yaml").read_text())
    assert report.ok, report
    assert report.tests


def test_orders_are_credited_to_the_cent_and_online_orders_stand_under_one_exclusion(flat: Simulation) -> None:
    result = flat.result
    assert result.credited_objects == 3806
    assert result.credited_amount["direct"] == Decimal("80487704.29")
    assert [(e.name, e.count) for e in result.exclusions] == [("online orders", 27659)]
    assert result.uncredited == ()


def test_attainment_of_all_quotas(flat: Simulation) -> None:
    values = [f.value for f in flat.result.outcome.figures if f.name == "attainment" and f.value is not None]
    assert len(values) == 163
    assert round(sum(values) / 163, 3) == Decimal("0.855")
    assert round(median(values), 3) == Decimal("0.848")
    assert round(min(values), 3) == Decimal("0.363")
    assert round(max(values), 3) == Decimal("2.041")


def test_commission_equals_an_independent_computation(flat: Simulation, folder: Path, sales: dict) -> None:
    rate = {row["BusinessEntityID"]: Decimal(row["CommissionPct"]) for row in read(folder, "SalesPerson")}
    expected = {key: cents(amount * rate[key[0]]) for key, amount in sales.items() if rate[key[0]]}
    assert earned(flat, "commission") == expected


def test_accelerator_and_overrides_equal_an_independent_computation(accelerated: Simulation, folder: Path, sales: dict) -> None:
    rate = {row["BusinessEntityID"]: Decimal(row["CommissionPct"]) for row in read(folder, "SalesPerson")}
    quota = {(row["BusinessEntityID"], row["QuotaDate"]): Decimal(row["SalesQuota"]) for row in read(folder, "SalesPersonQuotaHistory")}
    steps = [(Decimal("0"), Decimal("0.8"), Decimal("1")), (Decimal("0.8"), Decimal("1"), Decimal("1.25")),
             (Decimal("1"), Decimal("1.2"), Decimal("1.5")), (Decimal("1.2"), Decimal("999999"), Decimal("2"))]  # fmt: skip
    commission = {}
    for key, amount in sales.items():
        if key in quota:
            weighted = sum((max(Decimal(0), min(amount, high * quota[key]) - low * quota[key]) * times for low, high, times in steps), Decimal(0))
            commission[key] = cents(weighted * rate[key[0]])
    assert earned(accelerated, "commission") == {key: amount for key, amount in commission.items() if amount}

    above = dict(managers(folder))
    enrolled = {row["BusinessEntityID"] for row in read(folder, "SalesPerson")}
    team_sales: dict = defaultdict(Decimal)
    team_pay: dict = defaultdict(Decimal)
    for (person, window), amount in sales.items():
        if above.get(person) in enrolled:
            team_sales[above[person], window] += amount
            team_pay[above[person], window] += commission.get((person, window), Decimal(0))
    assert earned(accelerated, "sales_override") == {key: cents(amount * Decimal("0.0015")) for key, amount in team_sales.items()}
    assert earned(accelerated, "commission_override") == {
        key: cents(amount * Decimal("0.05")) for key, amount in team_pay.items() if cents(amount * Decimal("0.05"))
    }
    assert {manager for manager, _ in team_sales} == {"274", "285", "287"}


def test_every_explanation_sums_to_the_cent(accelerated: Simulation) -> None:
    count = 0
    for assignment in accelerated.prepared.people.assignments:
        for period in accelerated.prepared.periods:
            tree = explain(accelerated.prepared, accelerated.result.totals, assignment.id, period.id, accelerated.team_pay)
            assert leaves_total(tree) == Decimal(tree["amount"])
            count += bool(tree["children"])
    assert count == 17 * 12


def test_lines_of_a_commission_sum_to_its_slices(accelerated: Simulation) -> None:
    payee = accelerated.data.payee_id("276")
    (assignment,) = [a.id for a in accelerated.prepared.people.assignments if a.payee == payee]
    for period in accelerated.prepared.periods:
        lines = accelerated.lines(assignment, period.id, "commission")
        tree = explain(accelerated.prepared, accelerated.result.totals, assignment, period.id, accelerated.team_pay)
        parts = next(c for c in tree["children"] if c["name"] == "commission")["children"]
        assert sum(line.pay for line in lines if line.pay is not None) == sum(Decimal(p["amount"]) for p in parts if p["kind"] == "slice")
