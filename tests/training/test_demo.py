"""The demo companies: lines tie to their orders, the visitor's rep has something to see, and a second build changes nothing."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.db.models import Count, Sum

from spm.sales.models import Order, OrderLineVersion, OrderVersion
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from training.demo.build import demo_build

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 24)


@pytest.fixture
def built() -> list[Tenant]:
    demo_build(today=TODAY)
    return list(Tenant.objects.filter(is_demo=True).order_by("pk"))


def test_the_lines_of_each_order_sum_to_it_to_the_cent(built) -> None:
    for tenant in built:
        with tenant_scope(tenant.pk):
            orders = dict(OrderVersion.objects.filter(channel=1).exclude(payee=None).values_list("record_id", "amount"))
            lines = dict(OrderLineVersion.objects.values("order").annotate(total=Sum("amount")).values_list("order", "total"))
            assert len(orders) > 500
            assert lines == orders
            assert not OrderLineVersion.objects.filter(product=None).exists()
            assert all(line.unit_price * line.quantity == line.amount * 10_000 for line in OrderLineVersion.objects.all()[:500])


def test_the_rep_whom_visitors_sign_in_as_sold_in_every_month_that_has_begun(built) -> None:
    from spm.access.models import Membership

    for tenant in built:
        with tenant_scope(tenant.pk):
            payee = Membership.objects.get(user__email=f"rep@{tenant.slug}.example").payee_id
            sold = Counter(f"{day:%Y-%m}" for day in OrderVersion.objects.filter(payee_id=payee).values_list("order_date", flat=True))
            assert len(sold) == 23, "January of last year to November of this one"


def test_building_twice_adds_nothing(built) -> None:
    def counts() -> list[int]:
        found = []
        for tenant in built:
            with tenant_scope(tenant.pk):
                found += [Order.objects.count(), OrderLineVersion.objects.aggregate(n=Count("pk"))["n"]]
        return found

    before = counts()
    demo_build(today=TODAY)
    assert counts() == before


def test_the_russian_company_has_its_plan_in_russian(built) -> None:
    from incentives.models import PlanVersion
    from incentives.selectors.plans import component_labels
    from spm.calendars.models import FiscalCalendar

    with tenant_scope(Tenant.objects.get(slug="volga").pk):
        version = PlanVersion.objects.select_related("plan").get()
        shown = [version.plan.title, *component_labels(version).values(), FiscalCalendar.objects.get().name]
    assert [text for text in shown if not any("а" <= letter <= "я" for letter in text.lower())] == []
