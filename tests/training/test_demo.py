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


def lines_sum_to_their_order(built) -> None:
    for tenant in built:
        with tenant_scope(tenant.pk):
            orders = dict(OrderVersion.objects.filter(channel=1).exclude(payee=None).values_list("record_id", "amount"))
            lines = dict(OrderLineVersion.objects.values("order").annotate(total=Sum("amount")).values_list("order", "total"))
            assert len(orders) > 500
            assert lines == orders
            assert not OrderLineVersion.objects.filter(product=None).exists()
            assert all(line.unit_price * line.quantity == line.amount * 10_000 for line in OrderLineVersion.objects.all()[:500])


def visitors_rep_sold_in_every_month(built) -> None:
    from spm.access.models import Membership

    for tenant in built:
        with tenant_scope(tenant.pk):
            payee = Membership.objects.get(user__email=f"rep@{tenant.slug}.example").payee_id
            sold = Counter(f"{day:%Y-%m}" for day in OrderVersion.objects.filter(payee_id=payee).values_list("order_date", flat=True))
            assert len(sold) == 23, "January of last year to November of this one"


def building_twice_adds_nothing(built) -> None:
    def counts() -> list[int]:
        found = []
        for tenant in built:
            with tenant_scope(tenant.pk):
                found += [Order.objects.count(), OrderLineVersion.objects.aggregate(n=Count("pk"))["n"]]
        return found

    before = counts()
    demo_build(today=TODAY)
    assert counts() == before


def russian_plans_are_in_russian(built) -> None:
    from incentives.models import PlanVersion
    from incentives.selectors.plans import component_labels
    from spm.calendars.models import FiscalCalendar

    with tenant_scope(Tenant.objects.get(slug="volga").pk):
        shown = [FiscalCalendar.objects.get().name]
        for version in PlanVersion.objects.select_related("plan"):
            shown += [version.plan.title, *component_labels(version).values()]
    assert len(shown) > 6
    assert [text for text in shown if not any("а" <= letter <= "я" for letter in text.lower())] == []


def test_the_companies_are_whole_and_built_once(built) -> None:
    """One build for all: it takes seconds."""
    lines_sum_to_their_order(built)
    visitors_rep_sold_in_every_month(built)
    russian_plans_are_in_russian(built)
    building_twice_adds_nothing(built)
    lines_pay_for_units_and_renewals(built)


def test_the_demo_shows_a_draw_a_held_deal_a_refund_of_a_closed_month_and_a_euro_payee(built) -> None:
    from incentives.models import Dispute, LedgerEntry
    from incentives.selectors import held_deals, statement_get
    from incentives.services import recompute
    from spm.access.models import Membership
    from spm.calendars.models import Period
    from spm.people.models import Payee
    from training.demo.cases import cases_write
    from training.demo.company import COMPANIES

    for company, tenant in zip(COMPANIES, built, strict=True):
        with tenant_scope(tenant.pk):
            recompute(business_date=TODAY)
            assert cases_write(company=company, today=TODAY)
            assert not cases_write(company=company, today=TODAY)
            recompute(business_date=TODAY)
            drawn = LedgerEntry.objects.filter(component="@ramp").order_by().values_list("verb").annotate(total=Sum("amount"))
            sums = dict(drawn)
            assert sums["drawn"] > 0 > sums["recovered"]
            seller = Membership.objects.get(user__email=f"rep@{tenant.slug}.example").payee
            now = Period.objects.get(starts__lte=TODAY, ends__gt=TODAY)
            view = statement_get(seller, now)
            before_last = Period.objects.filter(ends__lte=now.starts).order_by("-starts")[0]
            assert statement_get(seller, before_last).state == "paid"
            (late,) = [part for part in view.parts if part.is_late]
            assert late.amount < 0
            assert late.earning_period.ends <= now.starts
            assert [one.state for one in Dispute.objects.filter(payee=seller).order_by("number")] == ["partial", "manager"]
            assert len(view.adjustments) == 1, "what was decided is paid in the open month"
            assert held_deals(seller)[0].reason == company.hold_reason
            assert [part.verb for part in view.payments] == ["held"]
            assert {balance.kind for balance in view.balances} == {"on_hold"}
            euro = Payee.objects.exclude(pay_currency=company.currency).first()
            if euro is not None:
                (own,) = statement_get(euro, Period.objects.filter(ends__lte=TODAY).order_by("-starts")[0]).in_pay_currency
                assert own.rate_type == "payroll"
                assert own.amount
            before = LedgerEntry.objects.count()
            recompute(business_date=TODAY, is_full=True)
            assert LedgerEntry.objects.count() == before


def lines_pay_for_units_and_renewals(built) -> None:
    from incentives.models import LedgerEntry, PlanVersion, UncreditedOrder
    from incentives.selectors import line_traces
    from incentives.services import recompute
    from spm.access.models import Membership
    from spm.calendars.models import Period
    from training.demo.company import COMPANIES

    for company, tenant in zip(COMPANIES, built, strict=True):
        with tenant_scope(tenant.pk):
            recompute(business_date=TODAY)
            paid = dict(LedgerEntry.objects.filter(component__in=("spiff", "renewals")).order_by().values_list("component").annotate(total=Sum("amount")))
            assert paid["spiff"] > 0
            assert paid["renewals"] > 0
            assert not UncreditedOrder.objects.filter(reason="not_stated").exists()
            payee = Membership.objects.get(user__email=f"rep@{tenant.slug}.example").payee
            version = PlanVersion.objects.get(plan__code="product-spiff")
            posts = LedgerEntry.objects.filter(payee=payee, plan_version=version, component="spiff", amount__gt=0)
            period = Period.objects.get(pk=posts.order_by("-earning_period__starts").values_list("earning_period", flat=True)[0])
            (trace,) = line_traces(payee, period=period, component="spiff")
            assert trace.amount == sum(line.pay for line in trace.lines) == company.spiff[1] * sum(line.part.quantity for line in trace.lines)
            assert {line.part.product for line in trace.lines} == {company.products[company.spiff[0]][0]}
