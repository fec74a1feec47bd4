"""AdventureWorks through the ordinary import: everything arrives, amounts tie exactly, a second import writes nothing."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from planning.models import Quota, Territory, TerritoryAssignment
from spm.calendars.models import Period
from spm.currencies.models import FxRate
from spm.imports.models import Batch, StagedRow
from spm.people.models import Assignment, Payee, PayTerms, Position, ReportingLine
from spm.sales.models import Account, Channel, Order, OrderLineVersion, OrderVersion, Product
from spm.tenancy.changes import known_number
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.adventureworks.load import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(tenant: Tenant, shared_dir: Path) -> dict[str, Batch]:
    began = time.monotonic()
    batches = load(tenant.pk, shared_dir)
    # The bound is a guard against a slow path, not a measurement.
    assert time.monotonic() - began < 120
    return batches


def test_everything_arrives_ties_and_is_written_once(tenant: Tenant, shared_dir: Path, loaded: dict[str, Batch]) -> None:
    for name, batch in loaded.items():
        assert batch.rows_rejected == 0, (name, list(StagedRow.objects.filter(batch=batch, state=2).values_list("line", "cause")[:3]))
        assert batch.rows_file == batch.rows_staged == batch.rows_accepted + batch.rows_left_out, name
        if batch.sums:
            assert Decimal(batch.sums["file"]) == Decimal(batch.sums["staged"]) == Decimal(batch.sums["accepted"]), name
    assert Decimal(loaded["orders"].sums["file"]).quantize(Decimal("0.01")) == Decimal("109846381.40")
    assert loaded["positions"].left_out == {"not in the sales organisation": 272}
    assert loaded["periods"].left_out == {"another quota of the same window": 151}
    with tenant_scope(tenant.pk):
        assert (Payee.objects.count(), Assignment.objects.count(), PayTerms.objects.count(), Quota.objects.count()) == (17, 17, 17, 163)
        assert (Position.objects.count(), ReportingLine.objects.count()) == (18, 17)
        assert (Territory.objects.count(), TerritoryAssignment.objects.count(), Period.objects.count()) == (10, 17, 12)
        assert (Order.objects.count(), OrderLineVersion.objects.count(), Product.objects.count(), Account.objects.count()) == (31_465, 121_317, 504, 19_820)
        assert FxRate.objects.filter(rate_type="adventureworks-average").count() == 13_532
        sold = OrderVersion.objects.filter(payee__isnull=False)
        assert sold.count() == 3_806
        assert sold.aggregate(total=Sum("amount"))["total"] == 804_877_041_832
        assert set(OrderVersion.objects.values_list("amount_scale", flat=True)) == {4}
        assert OrderVersion.objects.filter(channel=Channel.ONLINE).count() == 27_659
        # The end date of the history is a day included: the next assignment begins on the day after.
        moved = TerritoryAssignment.objects.filter(position__code="275").order_by("valid_from")
        assert [str(row.valid_to) for row in moved] == ["2012-11-30", "None"]
        assert PayTerms.objects.get(seat__payee__external_id="275").attributes == {"commission_pct": "0.012"}
        assert OrderLineVersion.objects.filter(payee__isnull=False).values("order").distinct().count() == 3_806
        before = known_number()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sales_orderversion")
            versions = cursor.fetchone()[0]
    again = load(tenant.pk, shared_dir)
    for name, batch in again.items():
        assert (batch.rows_new, batch.rows_changed, batch.change_set_id) == (0, 0, None), name
        assert batch.rows_unchanged == batch.rows_accepted, name
    with tenant_scope(tenant.pk):
        assert known_number() == before
        assert OrderVersion.objects.count() == versions == 31_465
