"""What leavers owe, as JSON or CSV."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import AmountField
from incentives.selectors.receivables import receivables
from spm.api.endpoint import Endpoint
from spm.api.problems import Problem
from spm.api.scopes import Scope
from spm.api.visibility import today_of
from spm.documents.csv_files import csv_response


class CsvRenderer(BaseRenderer):
    """Bytes as they are."""

    media_type, format, charset = "text/csv", "csv", "utf-8"
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


class ReceivableOut(serializers.Serializer):
    """A balance that a leaver owes, or that was billed at the end of a plan year."""

    payee = serializers.UUIDField(source="payee.uid")
    external_id = serializers.CharField(source="payee.external_id")
    legal_entity = serializers.CharField(source="payee.legal_entity.code")
    left_on = serializers.DateField(allow_null=True, help_text="The first day not employed; null for who has not left.")
    kind = serializers.ChoiceField(["owed_by_payee", "clawback_owed", "to_recover", "billed"])
    component = serializers.CharField(help_text="The draw's; empty for results carried.")
    label = serializers.CharField()
    currency = serializers.CharField()
    amount = AmountField("amount")


AS = OpenApiParameter("as", {"type": "string", "enum": ["json", "csv"], "default": "json"}, description="csv: a table for spreadsheets.")
ON = OpenApiParameter("on", {"type": "string", "format": "date"}, description="Who left by this day; balances after the periods begun by then. Default today.")


class ReceivableList(Endpoint):
    """What payees who left still owe and what was billed: balances that no later pay can settle."""

    scopes = {"GET": Scope.PAY_READ_ALL}
    parameters = frozenset({"on", "as"})

    @extend_schema(operation_id="receivables_list", parameters=[ON, AS], responses=ReceivableOut(many=True))
    def get(self, request: Request) -> Response:
        given, form = request.query_params.get("on"), request.query_params.get("as", "json")
        try:
            on = dt.date.fromisoformat(given) if given is not None else today_of(self.principal)
        except ValueError:
            raise Problem("invalid", field="on") from None
        if form not in ("json", "csv"):
            raise Problem("invalid", field="as")
        rows = receivables(on=on)
        if form == "json":
            return Response(ReceivableOut(rows, many=True).data)
        header = (_("Payee"), _("Legal entity"), _("Left on"), _("Kind"), _("Balance"), _("Currency"), _("Amount"))
        lines = ((r.payee.external_id, r.payee.legal_entity.code, str(r.left_on or ""), r.kind, r.label, r.currency, r.amount) for r in rows)
        table = csv_response(f"receivables-{on}.csv", header, lines)
        request.accepted_renderer = CsvRenderer()
        return Response(table.content, headers={"Content-Disposition": table["Content-Disposition"]})
