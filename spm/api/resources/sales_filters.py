"""Filters of the sales record. Date ranges are half-open: from <= day < before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from spm.sales.models import Channel, OrderStatus


class WholeFilter(filters.NumberFilter):
    """Whole numbers that fit a bigint."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2**63 - 1, **kwargs)
        extend_schema_field({"type": "integer", "minimum": 0, "maximum": 2**63 - 1})(self)


def _code(choices: Any) -> Any:
    return {member.name.lower(): member.value for member in choices}


class CodeFilter(filters.ChoiceFilter):
    """An integer code by its name in small letters."""

    def __init__(self, codes: Any, **kwargs: Any) -> None:
        self.codes = _code(codes)
        super().__init__(choices=[(name, name) for name in self.codes], **kwargs)
        extend_schema_field({"type": "string", "enum": list(self.codes)})(self)

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return super().filter(qs, self.codes.get(value, value))


class RecordFilter(filters.FilterSet):
    source = filters.CharFilter(field_name="record__source")
    changed_after = WholeFilter(field_name="change_set__number", lookup_expr="gt")


class AccountFilter(RecordFilter):
    owner = filters.UUIDFilter(field_name="owner__uid")
    country = filters.CharFilter()


class ProductFilter(RecordFilter):
    category = filters.CharFilter()
    is_active = filters.BooleanFilter()


class OpportunityFilter(RecordFilter):
    owner = filters.UUIDFilter(field_name="owner__uid")
    stage = filters.CharFilter()
    is_closed = filters.BooleanFilter()
    close_from = filters.DateFilter(field_name="close_date", lookup_expr="gte")
    close_before = filters.DateFilter(field_name="close_date", lookup_expr="lt")


class OrderFilter(RecordFilter):
    payee = filters.UUIDFilter(field_name="payee__uid")
    account = filters.CharFilter(field_name="account__external_id")
    date_from = filters.DateFilter(field_name="order_date", lookup_expr="gte")
    date_before = filters.DateFilter(field_name="order_date", lookup_expr="lt")
    channel = CodeFilter(Channel)
    status = CodeFilter(OrderStatus)


class InvoiceFilter(RecordFilter):
    order = filters.CharFilter(field_name="order__external_id")
    date_from = filters.DateFilter(field_name="invoice_date", lookup_expr="gte")
    date_before = filters.DateFilter(field_name="invoice_date", lookup_expr="lt")


class PaymentFilter(RecordFilter):
    invoice = filters.CharFilter(field_name="invoice__external_id")
    date_from = filters.DateFilter(field_name="paid_on", lookup_expr="gte")
    date_before = filters.DateFilter(field_name="paid_on", lookup_expr="lt")


class ReturnFilter(RecordFilter):
    order = filters.CharFilter(field_name="order__external_id")
    date_from = filters.DateFilter(field_name="returned_on", lookup_expr="gte")
    date_before = filters.DateFilter(field_name="returned_on", lookup_expr="lt")


class ActivityFilter(RecordFilter):
    payee = filters.UUIDFilter(field_name="payee__uid")
    kind = filters.CharFilter()


class LeadFilter(RecordFilter):
    owner = filters.UUIDFilter(field_name="owner__uid")
    status = filters.CharFilter()


class SupportCaseFilter(RecordFilter):
    account = filters.CharFilter(field_name="account__external_id")
    status = filters.CharFilter()


class KpiValueFilter(RecordFilter):
    kpi = filters.CharFilter()
    payee = filters.UUIDFilter(field_name="payee__uid")
    date_from = filters.DateFilter(field_name="measured_on", lookup_expr="gte")
    date_before = filters.DateFilter(field_name="measured_on", lookup_expr="lt")
