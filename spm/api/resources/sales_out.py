"""How the records of the sales record look. Every one tells the number of the change that said so."""

from __future__ import annotations

from rest_framework import serializers

from spm.api.fields import CodeField, NullableScaledField, PackedCurrencyField, RecordRef, ScaledField
from spm.sales.models import Channel, CreditedBy, DealKind, OrderStatus


class RecordOut(serializers.Serializer):
    source = serializers.CharField(source="record.source")
    external_id = serializers.CharField(source="record.external_id")
    change_number = serializers.IntegerField(source="change_set.number")


class MoneyRecordOut(RecordOut):
    amount = ScaledField()
    currency = PackedCurrencyField()


class AccountOut(RecordOut):
    name = serializers.CharField()
    parent = RecordRef(allow_null=True)
    owner = serializers.UUIDField(source="owner.uid", allow_null=True, default=None)
    industry = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField()
    employees = serializers.IntegerField(allow_null=True)


class ProductOut(RecordOut):
    name = serializers.CharField()
    code = serializers.CharField()
    category = serializers.CharField()
    subcategory = serializers.CharField()
    is_active = serializers.BooleanField()


class OpportunityOut(MoneyRecordOut):
    name = serializers.CharField()
    account = RecordRef(allow_null=True)
    owner = serializers.UUIDField(source="owner.uid", allow_null=True, default=None)
    stage = serializers.CharField()
    forecast_category = serializers.CharField()
    probability_ppm = serializers.IntegerField()
    is_closed = serializers.BooleanField()
    is_won = serializers.BooleanField()
    created_on = serializers.DateField(allow_null=True)
    close_date = serializers.DateField()
    kind = CodeField(DealKind)
    lead_source = serializers.CharField()


class OrderOut(MoneyRecordOut):
    number = serializers.CharField()
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    order_date = serializers.DateField()
    account = RecordRef(allow_null=True)
    kind = CodeField(DealKind)
    channel = CodeField(Channel)
    status = CodeField(OrderStatus)
    region = serializers.CharField()
    source_payee = serializers.UUIDField(source="source_payee.uid", allow_null=True, default=None)
    credited_by = CodeField(CreditedBy)


class OrderLineOut(MoneyRecordOut):
    line_number = serializers.IntegerField()
    product = RecordRef(allow_null=True)
    quantity = ScaledField("quantity", scale=4)
    unit_price = ScaledField("unit_price")
    cost = NullableScaledField("cost")
    kind = CodeField(DealKind)
    contract = serializers.CharField()
    service_from = serializers.DateField(allow_null=True)
    service_to = serializers.DateField(allow_null=True)
    tcv = NullableScaledField("tcv")
    acv = NullableScaledField("acv")
    arr_change = NullableScaledField("arr_change")


class OrderSplitOut(serializers.Serializer):
    payee = serializers.UUIDField(source="payee.uid")
    quota_share_ppm = serializers.IntegerField()
    pay_share_ppm = serializers.IntegerField()
    role = serializers.CharField()


class OrderDetailOut(OrderOut):
    lines = OrderLineOut(many=True)
    splits = OrderSplitOut(many=True)


class InvoiceOut(MoneyRecordOut):
    order = RecordRef(allow_null=True)
    number = serializers.CharField()
    invoice_date = serializers.DateField()
    due_date = serializers.DateField(allow_null=True)


class PaymentOut(MoneyRecordOut):
    invoice = RecordRef(allow_null=True)
    order = RecordRef(allow_null=True)
    paid_on = serializers.DateField()


class ReturnOut(MoneyRecordOut):
    order = RecordRef()
    line = RecordRef(allow_null=True)
    returned_on = serializers.DateField()
    reason = serializers.CharField()


class ActivityOut(RecordOut):
    kind = serializers.CharField()
    payee = serializers.UUIDField(source="payee.uid", allow_null=True, default=None)
    account = RecordRef(allow_null=True)
    opportunity = RecordRef(allow_null=True)
    happened_at = serializers.DateTimeField()
    duration_seconds = serializers.IntegerField(allow_null=True)
    outcome = serializers.CharField()
    subject = serializers.CharField()


class CampaignOut(RecordOut):
    name = serializers.CharField()
    kind = serializers.CharField()
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class LeadOut(RecordOut):
    company = serializers.CharField()
    owner = serializers.UUIDField(source="owner.uid", allow_null=True, default=None)
    campaign = RecordRef(allow_null=True)
    status = serializers.CharField()
    lead_source = serializers.CharField()
    created_on = serializers.DateField()
    converted_on = serializers.DateField(allow_null=True)


class SupportCaseOut(RecordOut):
    account = RecordRef(allow_null=True)
    subject = serializers.CharField()
    status = serializers.CharField()
    priority = serializers.CharField()
    opened_on = serializers.DateField()
    closed_on = serializers.DateField(allow_null=True)


class KpiValueOut(RecordOut):
    kpi = serializers.CharField()
    payee = serializers.UUIDField(source="payee.uid")
    measured_on = serializers.DateField()
    value = ScaledField("value", scale="value_scale")
