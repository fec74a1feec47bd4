"""The sales record: what happened, as each source told it, in append-only versions."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.sales.base import MoneyColumns, SalesObject, SalesVersion
from spm.tenancy.constraints import AppendOnly
from spm.tenancy.models import DatedModel, TenantForeignKey, TenantRow


class DealKind(models.IntegerChoices):
    """What a sale is, by contract. Codes are stored; they never change meaning."""

    UNSTATED = 0, _("Not stated")
    NEW = 1, _("New")
    RENEWAL = 2, _("Renewal")
    EXPANSION = 3, _("Expansion")
    CONTRACTION = 4, _("Contraction")
    USAGE = 5, _("Usage")
    ONE_OFF = 6, _("One-off")


class Channel(models.IntegerChoices):
    """How a sale came in."""

    UNSTATED = 0, _("Not stated")
    DIRECT = 1, _("Direct")
    ONLINE = 2, _("Online")
    PARTNER = 3, _("Partner")


class OrderStatus(models.IntegerChoices):
    OPEN = 0, _("Open")
    BOOKED = 1, _("Booked")
    SHIPPED = 2, _("Shipped")
    CANCELLED = 3, _("Cancelled")


class CreditedBy(models.IntegerChoices):
    """How an order got its payee, or why it has none. Codes are stored; they never change meaning."""

    SOURCE = 0, _("The source")
    TERRITORY = 1, _("Territory")
    NO_ACCOUNT = 2, _("No account")
    NO_TERRITORY = 3, _("Account in no territory")
    NO_HOLDER = 4, _("Territory held by nobody")
    SHARED = 5, _("Territory held by several")


class Account(SalesObject):
    """A customer or prospect."""


class AccountVersion(SalesVersion):
    versions_of = "sales.Account"

    name = models.CharField(max_length=300)
    parent = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    owner = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    industry = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=80, blank=True)
    employees = models.IntegerField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)


class Product(SalesObject):
    """Something that is sold."""


class ProductVersion(SalesVersion):
    versions_of = "sales.Product"

    name = models.CharField(max_length=300)
    code = models.CharField(max_length=120, blank=True)
    category = models.CharField(max_length=120, blank=True)
    subcategory = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)


class CategoryParent(DatedModel):
    """A product category lies in another one in [valid_from, valid_to). Categories are the texts that products state."""

    no_overlap_keys = ("category",)

    category = models.CharField(max_length=120)
    parent = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")), name="sales_cp_ordered"),
            models.CheckConstraint(condition=~models.Q(category=models.F("parent")), name="sales_cp_other"),
        ]


class Opportunity(SalesObject):
    """A deal in the pipeline."""


class OpportunityVersion(SalesVersion, MoneyColumns):
    versions_of = "sales.Opportunity"

    name = models.CharField(max_length=300)
    account = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    owner = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    stage = models.CharField(max_length=80)
    forecast_category = models.CharField(max_length=40, blank=True)
    probability_ppm = models.IntegerField(default=0)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    created_on = models.DateField(null=True, blank=True)
    close_date = models.DateField()
    kind = models.SmallIntegerField(choices=DealKind.choices, default=DealKind.UNSTATED)
    lead_source = models.CharField(max_length=80, blank=True)


class Order(SalesObject):
    """A sale. The base of credit in most plans."""


class OrderVersion(SalesVersion, MoneyColumns):
    """Header of an order. `payee` is the seller who owns it (null: nobody), `order_date` the date of the event.

    A version that changes payee or order_date comes with a tombstone under the old pair (docs/decisions/0001).
    Where `credited_by` is not the source, `payee` is who holds the account's territory on the day and `source_payee` the owner
    that the source names (spm.sales.crediting).
    """

    versions_of = "sales.Order"

    number = models.CharField(max_length=80, blank=True)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+", db_index=False)
    order_date = models.DateField()
    account = TenantForeignKey(Account, null=True, blank=True, related_name="+", db_index=False)
    kind = models.SmallIntegerField(choices=DealKind.choices, default=DealKind.UNSTATED)
    channel = models.SmallIntegerField(choices=Channel.choices, default=Channel.UNSTATED)
    status = models.SmallIntegerField(choices=OrderStatus.choices, default=OrderStatus.BOOKED)
    has_splits = models.SmallIntegerField(default=0)
    region = models.CharField(max_length=80, blank=True)
    source_payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+", db_index=False)
    credited_by = models.SmallIntegerField(choices=CreditedBy.choices, default=CreditedBy.SOURCE)

    class Meta:
        indexes = [
            # Which orders change hands with an account's territory; costs nothing where nobody credits by territory.
            models.Index(fields=["tenant", "account"], condition=models.Q(credited_by__gt=0), name="sales_orderversion_credited"),
            # The order in which the engine reads, with every column it needs: index-only.
            models.Index(
                fields=["tenant", "payee", "order_date", "record", "change_set"],
                include=["amount", "amount_scale", "currency_code", "kind", "channel", "status", "account", "has_splits", "tombstone"],
                name="sales_orderversion_engine",
            ),
            # Hardly ever a row: a run asks whether any amount needs the finer scale.
            models.Index(fields=["tenant", "change_set"], condition=models.Q(amount_scale__gt=4), name="sales_orderversion_fine"),
        ]


class OrderSplit(TenantRow):
    """A payee's shares of one version of an order, in parts per million: quota credit and pay credit are two numbers."""

    referenced = False

    order = TenantForeignKey(Order, related_name="splits", db_index=False)
    change_set = TenantForeignKey("tenancy.ChangeSet", related_name="+", db_index=False)
    payee = TenantForeignKey("people.Payee", related_name="+", db_index=False)
    quota_share_ppm = models.IntegerField()
    pay_share_ppm = models.IntegerField()
    role = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "payee", "order", "change_set"], name="sales_ordersplit_payee")]
        constraints = [
            AppendOnly(name="%(app_label)s_%(class)s_grow"),
            models.UniqueConstraint(fields=["tenant", "order", "change_set", "payee"], name="sales_ordersplit_once"),
        ]


class CreditingPass(TenantRow):
    """Orders were given to the holders of their accounts' territories as known at `known_number`: under `change_set` where any
    changed hands. What is published later is looked at by the next pass."""

    referenced = False

    known_number = models.BigIntegerField()
    change_set = TenantForeignKey("tenancy.ChangeSet", null=True, blank=True, related_name="+")
    orders = models.IntegerField(default=0)
    done_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [AppendOnly(name="%(app_label)s_%(class)s_grow")]
        indexes = [models.Index(fields=["tenant", "-known_number"], name="sales_creditingpass_last")]


class OrderLine(SalesObject):
    """A line of an order."""


class OrderLineVersion(SalesVersion, MoneyColumns):
    """A line with its contract fields. `payee` and `order_date` are the header's, kept here for the engine's order of reading."""

    versions_of = "sales.OrderLine"

    order = TenantForeignKey(Order, related_name="+", db_index=False)
    line_number = models.IntegerField(default=0)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+", db_index=False)
    order_date = models.DateField()
    product = TenantForeignKey(Product, null=True, blank=True, related_name="+", db_index=False)
    # Scale 4: value = quantity / 10,000.
    quantity = models.BigIntegerField(default=10_000)
    unit_price = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(null=True, blank=True)
    kind = models.SmallIntegerField(choices=DealKind.choices, default=DealKind.UNSTATED)
    contract = models.CharField(max_length=120, blank=True)
    service_from = models.DateField(null=True, blank=True)
    service_to = models.DateField(null=True, blank=True)
    tcv = models.BigIntegerField(null=True, blank=True)
    acv = models.BigIntegerField(null=True, blank=True)
    arr_change = models.BigIntegerField(null=True, blank=True)
    predecessor = TenantForeignKey(OrderLine, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "payee", "order_date", "record", "change_set"],
                include=[
                    "amount",
                    "amount_scale",
                    "currency_code",
                    "kind",
                    "quantity",
                    "product",
                    "order",
                    "tombstone",
                    "unit_price",
                    "cost",
                    "tcv",
                    "acv",
                    "arr_change",
                    "service_from",
                    "service_to",
                    "contract",
                ],
                name="sales_lineversion_engine",
            ),
            models.Index(fields=["tenant", "order"], name="sales_lineversion_order"),
            # Lines that change another one follow its contract's years.
            models.Index(fields=["tenant", "predecessor"], condition=models.Q(predecessor__isnull=False), name="sales_lineversion_pred"),
            models.Index(fields=["tenant", "change_set"], condition=models.Q(amount_scale__gt=4), name="sales_lineversion_fine"),
        ]


class Invoice(SalesObject):
    """A bill for an order."""


class InvoiceVersion(SalesVersion, MoneyColumns):
    versions_of = "sales.Invoice"

    order = TenantForeignKey(Order, null=True, blank=True, related_name="+")
    number = models.CharField(max_length=80, blank=True)
    invoice_date = models.DateField()
    due_date = models.DateField(null=True, blank=True)


class Payment(SalesObject):
    """Money received for an invoice."""


class PaymentVersion(SalesVersion, MoneyColumns):
    versions_of = "sales.Payment"

    invoice = TenantForeignKey(Invoice, null=True, blank=True, related_name="+")
    order = TenantForeignKey(Order, null=True, blank=True, related_name="+")
    paid_on = models.DateField()


class Return(SalesObject):
    """Goods or money given back on an order."""


class ReturnVersion(SalesVersion, MoneyColumns):
    versions_of = "sales.Return"

    order = TenantForeignKey(Order, related_name="+")
    line = TenantForeignKey(OrderLine, null=True, blank=True, related_name="+")
    returned_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)


class Activity(SalesObject):
    """A call, message, meeting or note."""


class ActivityVersion(SalesVersion):
    versions_of = "sales.Activity"

    kind = models.CharField(max_length=20)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    account = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    opportunity = TenantForeignKey(Opportunity, null=True, blank=True, related_name="+")
    happened_at = models.DateTimeField()
    duration_seconds = models.IntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=80, blank=True)
    subject = models.CharField(max_length=300, blank=True)


class Campaign(SalesObject):
    """A marketing campaign."""


class CampaignVersion(SalesVersion):
    versions_of = "sales.Campaign"

    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=80, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)


class Lead(SalesObject):
    """Somebody who may become a customer."""


class LeadVersion(SalesVersion):
    versions_of = "sales.Lead"

    company = models.CharField(max_length=300, blank=True)
    owner = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
    campaign = TenantForeignKey(Campaign, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=80, blank=True)
    lead_source = models.CharField(max_length=80, blank=True)
    created_on = models.DateField()
    converted_on = models.DateField(null=True, blank=True)


class SupportCase(SalesObject):
    """A customer's case with support."""


class SupportCaseVersion(SalesVersion):
    versions_of = "sales.SupportCase"

    account = TenantForeignKey(Account, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=80, blank=True)
    priority = models.CharField(max_length=40, blank=True)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)


class KpiValue(SalesObject):
    """A measured value of a person that no transaction tells: calls, NPS, objectives reached."""


class KpiValueVersion(SalesVersion):
    versions_of = "sales.KpiValue"

    kpi = models.CharField(max_length=80)
    payee = TenantForeignKey("people.Payee", related_name="+")
    measured_on = models.DateField()
    value = models.BigIntegerField()
    value_scale = models.SmallIntegerField(default=2)
