"""The sales record: lists with filters, and each record as known now or at a change number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.known import KNOWN_AT, known_at
from spm.api.resources import sales_filters as f
from spm.api.resources import sales_out as out
from spm.api.scopes import Scope
from spm.api.visibility import sales_visible
from spm.sales import models as m
from spm.sales.known import order_lines_known, order_splits, versions_known


@dataclass(frozen=True)
class Record:
    """One kind of record: where it is, how it looks, what is loaded with it, and which columns name
    its person (None: everybody's; "": that of its order) and its date."""

    name: str
    model: Any
    serializer: Any
    filterset: Any
    related: tuple[str, ...] = ()
    person: str | None = None
    day: str = ""

    def rows(self, view: Endpoint) -> QuerySet:
        found = versions_known(self.model, known_at=known_at(view.request)).select_related("record", "change_set", *self.related)
        return found if self.person is None else sales_visible(view.principal, found, person=self.person, day=self.day)


RECORDS = (
    Record("accounts", m.AccountVersion, out.AccountOut, f.AccountFilter, ("parent", "owner")),
    Record("products", m.ProductVersion, out.ProductOut, f.ProductFilter),
    Record("opportunities", m.OpportunityVersion, out.OpportunityOut, f.OpportunityFilter, ("account", "owner"), "owner", "close_date"),
    Record("orders", m.OrderVersion, out.OrderOut, f.OrderFilter, ("account", "payee", "source_payee"), "payee", "order_date"),
    Record("invoices", m.InvoiceVersion, out.InvoiceOut, f.InvoiceFilter, ("order",), ""),
    Record("payments", m.PaymentVersion, out.PaymentOut, f.PaymentFilter, ("order", "invoice"), ""),
    Record("returns", m.ReturnVersion, out.ReturnOut, f.ReturnFilter, ("order", "line"), ""),
    Record("activities", m.ActivityVersion, out.ActivityOut, f.ActivityFilter, ("payee", "account", "opportunity"), "payee", "happened_at"),
    Record("leads", m.LeadVersion, out.LeadOut, f.LeadFilter, ("owner", "campaign"), "owner", "created_on"),
    Record("campaigns", m.CampaignVersion, out.CampaignOut, f.RecordFilter),
    Record("cases", m.SupportCaseVersion, out.SupportCaseOut, f.SupportCaseFilter, ("account",)),
    Record("kpi-values", m.KpiValueVersion, out.KpiValueOut, f.KpiValueFilter, ("payee",), "payee", "measured_on"),
)


class RecordList(ListEndpoint):
    scopes = {"GET": Scope.SALES_READ}
    parameters = frozenset({"known_at"})
    order = ("record__source", "record__external_id")
    record: Record

    def get_queryset(self) -> QuerySet:
        return self.record.rows(self)


class RecordDetail(Endpoint):
    scopes = {"GET": Scope.SALES_READ}
    parameters = frozenset({"known_at"})
    record: Record

    def found(self) -> Any:
        row = self.record.rows(self).filter(record__source=self.kwargs["source"], record__external_id=self.kwargs["external_id"]).first()
        if row is None:
            raise Http404
        return row

    def get(self, request: Request, source: str, external_id: str) -> Response:
        return Response(self.get_serializer(self.found()).data)


class OrderDetail(RecordDetail):
    def get(self, request: Request, source: str, external_id: str) -> Response:
        row = self.found()
        row.lines = order_lines_known(row, known_at=known_at(request))
        row.splits = order_splits(row) if row.has_splits else []
        return Response(out.OrderDetailOut(row).data)


def _views(record: Record) -> tuple[Any, Any]:
    title = record.name.replace("-", " ")
    is_order = record.name == "orders"
    values = {"record": record, "serializer_class": record.serializer, "filterset_class": record.filterset, "model": record.model}
    many = type(f"{title.title().replace(' ', '')}List", (RecordList,), {**values, "__doc__": f"The company's {title}, by source and external id."})
    base, shown = (OrderDetail, out.OrderDetailOut) if is_order else (RecordDetail, record.serializer)
    one = type(f"{title.title().replace(' ', '')}Detail", (base,), {**values, "serializer_class": shown, "__doc__": f"One of the {title}."})
    name = record.name.replace("-", "_")
    many = extend_schema_view(get=extend_schema(operation_id=f"{name}_list", parameters=[KNOWN_AT]))(many)
    one = extend_schema_view(get=extend_schema(operation_id=f"{name}_get", parameters=[KNOWN_AT], responses=shown))(one)
    return many, one


def _paths() -> list[Any]:
    found = []
    for record in RECORDS:
        many, one = _views(record)
        found.append(path(f"t/<slug:slug>/{record.name}/", many.as_view(), name=f"api-{record.name}"))
        found.append(path(f"t/<slug:slug>/{record.name}/<str:source>/<path:external_id>/", one.as_view(), name=f"api-{record.name}-one"))
    return found


urlpatterns = _paths()
