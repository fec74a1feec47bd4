"""AdventureWorks through the import and the run: files by mapping documents in, commissions equal to an independent computation out."""

from __future__ import annotations

import datetime as dt
import statistics
from pathlib import Path

from django.db.models import F

from incentives.models import LedgerEntry, RunExclusion, UncreditedOrder
from incentives.services import period_state_set, recompute
from spm.calendars.models import FiscalCalendar, Period
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.people.models import LegalEntity
from tests.adventureworks.direct import expected_of, plan_enrol
from tests.adventureworks.load import MAPPINGS, load
from tests.adventureworks.test_run import figures, posted, without_zeros

TODAY = dt.date(2014, 7, 1)
# All that a run reads; lines, customers and currency rates have their own test.
NEEDED = ("payees", "positions", "assignments", "reporting_lines", "pay_terms", "periods", "quotas", "orders")
HEADER = "SalesOrderID,OrderDate,Status,OnlineOrderFlag,SalesOrderNumber,CustomerID,SalesPersonID,SubTotal\n"


def test_imported_files_pay_to_the_cent_and_a_late_order_posts_one_delta(scope, shared_dir: Path) -> None:
    load(scope.pk, shared_dir, only=NEEDED[:-1])
    text = (MAPPINGS / "orders.yaml").read_text(encoding="utf-8").replace("  account: CustomerID\n", "")
    folder = shared_dir / "data" / "adventureworks"
    import_run(mapping_text=text, files=[Source("SalesOrderHeader.csv", path=folder / "SalesOrderHeader.csv")])
    calendar = FiscalCalendar.objects.get(code="quota-windows")
    for name in ("commission_pct", "accelerator"):
        plan_enrol(name, calendar)
    expected = expected_of(folder)
    run = recompute(business_date=TODAY)

    for plan in run.summary["plans"]:
        assert (plan["orders_credited"], plan["amount_credited"]) == (3806, "80487704.29")
    attainment = figures("aw-commission-pct", "attainment")
    assert attainment == {key: round(value, 12) for key, value in expected.attainment.items()}
    values = [float(value) for value in attainment.values()]
    assert len(values) == 163
    assert [round(f(values), 3) for f in (statistics.mean, statistics.median, min, max)] == [0.855, 0.848, 0.363, 2.041]
    assert posted("aw-commission-pct", "commission") == without_zeros(expected.flat)
    assert posted("aw-accelerator", "commission") == without_zeros(expected.accelerated)
    assert posted("aw-accelerator", "sales_override") == without_zeros(expected.sales_override)
    assert posted("aw-accelerator", "commission_override") == without_zeros(expected.commission_override)
    assert list(RunExclusion.objects.filter(run=run).values_list("name", "count").distinct()) == [("online orders", 27_659)]
    assert UncreditedOrder.objects.count() == 0

    entries = LedgerEntry.objects.count()
    assert recompute(business_date=TODAY).summary["posted"] == 0
    assert LedgerEntry.objects.count() == entries

    first = Period.objects.order_by("starts").first()
    assert first is not None
    period_state_set(period=first, pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    late = HEADER + "99001,2011-06-30,5,0,SO99001,,275,1000.0000\n"
    batch = import_run(mapping_text=text, files=[Source("late.csv", content=late.encode())])
    assert (batch.rows_new, batch.sums["accepted"]) == (1, "1000.0000")
    run = recompute(business_date=TODAY)
    (delta,) = LedgerEntry.objects.filter(run=run, plan_version__plan__code="aw-commission-pct").select_related("earning_period", "pay_period", "payee")
    assert (delta.payee.external_id, delta.amount, delta.scale, delta.cause) == ("275", 12_00, 2, "data")
    assert (delta.earning_period.code, delta.pay_period.code) == ("2011-05-31", "2011-08-31")
    assert LedgerEntry.objects.filter(run=run).exclude(earning_period=first).count() == 0
    assert LedgerEntry.objects.exclude(earning_period=F("pay_period")).exclude(run=run).count() == 0
