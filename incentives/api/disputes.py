"""Disputes: file one, read those one may see, take part, decide, and fetch what was attached."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import AmountField
from incentives.disputes import OUTCOMES
from incentives.models import Dispute, DisputeEvent, DisputeFile, Hold
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.dispute_rules import disputes_visible, waiting_for
from incentives.selectors.disputes import DisputeRow, dispute_events, dispute_rows, disputes_filtered, record_shown
from incentives.services.dispute_outcomes import dispute_resolve
from incentives.services.disputes import DisputeRefused, Upload, dispute_comment, dispute_escalate, dispute_file, dispute_pass, dispute_withdraw
from spm.access.policy import permitted
from spm.api.endpoint import DetailEndpoint, Endpoint, ListEndpoint
from spm.api.fields import RecordRef, ToldField
from spm.api.problems import Problem, problem_register
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.calendars.models import Period
from spm.people.models import Payee

problem_register(DisputeRefused, code=lambda error: error.code)


class DisputeOut(serializers.Serializer):
    uid = serializers.UUIDField(source="dispute.uid")
    number = serializers.IntegerField(source="dispute.number")
    payee = serializers.UUIDField(source="dispute.payee.uid")
    payee_name = serializers.CharField()
    period = serializers.UUIDField(source="dispute.period.uid")
    period_code = serializers.CharField(source="dispute.period.code")
    subject = serializers.ChoiceField(source="dispute.subject", choices=Dispute.Subject.choices)
    category = serializers.ChoiceField(source="dispute.category", choices=Dispute.Category.choices)
    component = serializers.CharField(source="dispute.component")
    deal = serializers.CharField(help_text="The deal as the payee named it, or as his statement does.")
    line = serializers.CharField(source="dispute.line", help_text="Key of the statement's line, empty for other disputes.")
    text = serializers.CharField(source="dispute.text")
    claimed = AmountField("claimed")
    currency = serializers.CharField(source="dispute.currency")
    state = serializers.ChoiceField(source="dispute.state", choices=Dispute.State.choices)
    manager = serializers.UUIDField(source="dispute.manager.uid", allow_null=True, default=None, help_text="Who answers first; null: nobody above had access.")
    manager_name = serializers.CharField()
    due_on = serializers.DateField(source="dispute.due_on", allow_null=True)
    overdue = serializers.BooleanField()
    filed_at = serializers.DateTimeField(source="dispute.filed_at")


class DisputeFileOut(serializers.Serializer):
    uid = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    digest = serializers.CharField(help_text="SHA-256 of the content.")


class LinkedOut(serializers.Serializer):
    """What a decision left in the books."""

    means = serializers.ChoiceField(choices=DisputeEvent.Means.choices)
    amount = AmountField("amount")
    before = AmountField("before")
    currency = serializers.CharField()
    pay_period = serializers.UUIDField(source="paid_in.uid", allow_null=True, default=None)
    pay_period_code = serializers.CharField(source="paid_in.code", allow_null=True, default=None)
    entry = serializers.CharField(source="entry_uid")
    change_number = serializers.IntegerField(allow_null=True)


class DisputeEventOut(serializers.Serializer):
    kind = serializers.ChoiceField(source="event.kind", choices=DisputeEvent.Kind.choices)
    state = serializers.ChoiceField(source="event.state", choices=Dispute.State.choices)
    text = serializers.CharField(source="event.text")
    actor = serializers.CharField()
    at = serializers.DateTimeField(source="event.at")
    linked = LinkedOut(allow_null=True)
    files = DisputeFileOut(many=True)
    mail_error = ToldField(source="event.mail_error")


class DisputeRecordOut(serializers.Serializer):
    order = RecordRef()
    number = serializers.CharField()
    order_date = serializers.DateField(allow_null=True)
    owner = serializers.CharField()
    uncredited = serializers.CharField(help_text="Reason why no rule credits it; empty where one does.")


class DisputeDetailOut(DisputeOut):
    record = DisputeRecordOut(allow_null=True, help_text="For who reads all pay: the source record behind it.")
    events = DisputeEventOut(many=True)


class AttachmentIn(serializers.Serializer):
    name = serializers.CharField(max_length=255)
    content = serializers.CharField(help_text="The file's bytes in base64.")

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError(_("The content is not base64.")) from None


class DisputeIn(serializers.Serializer):
    """Own pay alone. `order`: of a line its key in the statement, such as crm:1234; of a missing deal whatever it is known by."""

    period = serializers.UUIDField()
    subject = serializers.ChoiceField(choices=Dispute.Subject.choices)
    category = serializers.ChoiceField(choices=Dispute.Category.choices)
    text = serializers.CharField(max_length=4000)
    order = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    component = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    amount = serializers.DecimalField(max_digits=20, decimal_places=6, required=False, allow_null=True, default=None, help_text="What is claimed.")
    files = AttachmentIn(many=True, required=False, default=list)


class DisputeCommentIn(serializers.Serializer):
    text = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    files = AttachmentIn(many=True, required=False, default=list)


class DisputeTextIn(serializers.Serializer):
    text = serializers.CharField(max_length=4000)


class DisputeWithdrawIn(serializers.Serializer):
    text = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class DisputeResolveIn(serializers.Serializer):
    """`means` with what it needs: adjustment: component, amount, optionally plan, seat and period; result: amount, optionally component;
    release: hold; correction: optionally change_number. A denied dispute has none."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)
    text = serializers.CharField(max_length=4000, help_text="The payee reads it.")
    means = serializers.ChoiceField(choices=DisputeEvent.Means.choices, required=False, allow_blank=True, default="")
    component = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    plan = serializers.CharField(max_length=80, required=False, default="", help_text="Code of the plan.")
    seat = serializers.UUIDField(required=False, allow_null=True, default=None)
    period = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Null: the period of the dispute.")
    amount = serializers.DecimalField(max_digits=20, decimal_places=6, required=False, allow_null=True, default=None)
    hold = serializers.UUIDField(required=False, allow_null=True, default=None)
    change_number = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=2**63 - 1)


class DisputeFilter(filters.FilterSet):
    state = filters.ChoiceFilter(
        method="by_state",
        choices=[(s, s) for s in ("open", "resolved", *Dispute.State.values)],
        help_text="open: somebody has to answer; resolved: approved, partly or denied. Left out: all.",
    )
    category = filters.ChoiceFilter(choices=Dispute.Category.choices)
    payee = filters.UUIDFilter(field_name="payee__uid")
    period = filters.UUIDFilter(field_name="period__uid")
    waiting = filters.BooleanFilter(method="by_waiting", help_text="true: those alone that the caller has to answer.")
    overdue = filters.BooleanFilter(method="by_overdue", help_text="true: those alone whose answer is late.")
    search = filters.CharFilter(method="by_search", help_text="Number of the dispute, or part of the deal, of the text, or of the payee's name or number.")

    def by_state(self, rows: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        return disputes_filtered(rows, state=value)

    def by_waiting(self, rows: QuerySet[Dispute], name: str, value: bool) -> QuerySet[Dispute]:
        return rows.filter(waiting_for(self.request.membership)) if value else rows

    def by_overdue(self, rows: QuerySet[Dispute], name: str, value: bool) -> QuerySet[Dispute]:
        return disputes_filtered(rows, state="all", overdue=True) if value else rows

    def by_search(self, rows: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        return disputes_filtered(rows, state="all", search=value)


def _whole(endpoint: Endpoint, dispute: Dispute) -> dict[str, Any]:
    """A dispute with its timeline, and with the record behind it for who reads all pay."""
    fresh = disputes_visible(endpoint.principal.membership).get(pk=dispute.pk)
    [row] = dispute_rows([fresh])
    record = record_shown(fresh) if permitted(endpoint.principal.roles, "pay.read_all") else None
    body = {**DisputeOut(row).data, "events": DisputeEventOut(dispute_events(fresh), many=True).data}
    shown = None if record is None else DisputeRecordOut({"order": fresh.order, **vars(record)}).data
    return {**body, "record": shown}


def _uploads(values: dict[str, Any]) -> list[Upload]:
    return [Upload(file["name"], file["content"]) for file in values.pop("files", [])]


@extend_schema_view(get=extend_schema(operation_id="disputes_list"))
class DisputeList(ListEndpoint):
    """Disputes that the caller may see, newest first: his own, those of the people below him as of their day, or all."""

    scopes = {"GET": Scope.PAY_READ, "POST": Scope.DISPUTES_WRITE}
    serializer_class = DisputeOut
    filterset_class = DisputeFilter
    model = Dispute
    order = ("-number", "-uid")

    def get_queryset(self) -> QuerySet[Dispute]:
        return disputes_visible(self.principal.membership)

    def prepare(self, rows: list[Any]) -> list[DisputeRow]:
        return dispute_rows(rows)

    @extend_schema(operation_id="disputes_file", request=DisputeIn, responses={201: DisputeDetailOut})
    def post(self, request: Request) -> Response:
        """Disputes the caller's own statement: as a whole, a line, an amount, or a deal that is missing."""
        values = self.parsed(DisputeIn)
        payee = Payee.objects.filter(pk=self.principal.membership.payee_id).first()
        if payee is None:
            raise Problem("refused", _("You are not paid here, so there is nothing of yours to dispute."))
        values["period"] = by_uids(Period.objects.all(), [values["period"]], field="period")[0]
        files = _uploads(values)
        dispute = dispute_file(payee=payee, files=files, by=self.principal.membership, base_url=request.build_absolute_uri("/"), **values)
        return Response(_whole(self, dispute), status=201)


@extend_schema_view(get=extend_schema(operation_id="disputes_get"))
class DisputeDetail(DetailEndpoint):
    """One dispute with its timeline."""

    scopes = {"GET": Scope.PAY_READ}
    serializer_class = DisputeDetailOut

    def get_queryset(self) -> QuerySet[Dispute]:
        return disputes_visible(self.principal.membership)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(_whole(self, self.get_object()))


class _Act(Endpoint):
    def dispute(self, uid: uuid.UUID) -> Dispute:
        found = disputes_visible(self.principal.membership).filter(uid=uid).first()
        if found is None:
            raise Http404
        return found

    def act(self, uid: uuid.UUID, service: Any, given: type[serializers.Serializer]) -> Response:
        dispute, values = self.dispute(uid), self.parsed(given)
        if "files" in values:
            values["files"] = _uploads(values)
        service(dispute=dispute, by=self.principal.membership, base_url=self.request.build_absolute_uri("/"), **values)
        return Response(_whole(self, dispute))


class DisputeComment(_Act):
    scopes = {"POST": Scope.DISPUTES_WRITE}

    @extend_schema(operation_id="disputes_comment", request=DisputeCommentIn, responses=DisputeDetailOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Adds a word or files."""
        return self.act(uid, dispute_comment, DisputeCommentIn)


class DisputePass(_Act):
    scopes = {"POST": Scope.DISPUTES_PASS}

    @extend_schema(operation_id="disputes_pass", request=DisputeTextIn, responses=DisputeDetailOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """The manager says what he thinks of it and passes it on to the compensation team, which may also take it over."""
        return self.act(uid, dispute_pass, DisputeTextIn)


class DisputeWithdraw(_Act):
    scopes = {"POST": Scope.DISPUTES_WRITE}

    @extend_schema(operation_id="disputes_withdraw", request=DisputeWithdrawIn, responses=DisputeDetailOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """The payee takes it back."""
        return self.act(uid, dispute_withdraw, DisputeWithdrawIn)


class DisputeEscalate(_Act):
    scopes = {"POST": Scope.DISPUTES_WRITE}

    @extend_schema(operation_id="disputes_escalate", request=DisputeTextIn, responses=DisputeDetailOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """The payee asks for an answer that is overdue, or once for another decision by somebody else."""
        return self.act(uid, dispute_escalate, DisputeTextIn)


class DisputeResolve(_Act):
    scopes = {"POST": Scope.DISPUTES_RESOLVE}

    @extend_schema(operation_id="disputes_resolve", request=DisputeResolveIn, responses=DisputeDetailOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Approves it in whole or part, by one of the ways in which pay changes anyway, or denies it."""
        dispute, values = self.dispute(uid), self.parsed(DisputeResolveIn)
        period = by_uids(Period.objects.all(), [values["period"]], field="period")[0] if values["period"] else dispute.period
        hold = by_uids(Hold.objects.all(), [values["hold"]], field="hold")[0] if values["hold"] else None
        place = ""
        if values["means"] == DisputeEvent.Means.ADJUSTMENT:
            name = values["component"] or dispute.component
            places = [one for one in adjustment_places(dispute.payee, [period])[period.pk] if one.component == name]
            places = [one for one in places if values["plan"] in ("", one.version.plan.code) and values["seat"] in (None, one.seat.uid)]
            if len(places) > 1:
                raise Problem("invalid", _("More than one plan or seat pays this component; name plan and seat."), field="plan")
            place = places[0].key if places else ""
        dispute_resolve(
            dispute=dispute, outcome=values["outcome"], text=values["text"], means=values["means"], place=place, earning_period=period,
            component=values["component"], amount=values["amount"], hold=hold, change_number=values["change_number"],
            by=self.principal.membership, base_url=request.build_absolute_uri("/"),
        )  # fmt: skip
        return Response(_whole(self, dispute))


class AttachmentRenderer(BaseRenderer):
    """Bytes as they were sent, whatever they are: never something that a browser shows."""

    media_type, format, charset = "application/octet-stream", "bin", None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


class DisputeFileGet(_Act):
    """A file that came with a dispute, as a download."""

    scopes = {"GET": Scope.PAY_READ}
    renderer_classes = [AttachmentRenderer]

    @extend_schema(operation_id="disputes_download", responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, uid: uuid.UUID, file: uuid.UUID) -> Response:
        found = DisputeFile.objects.filter(uid=file, event__dispute=self.dispute(uid)).first()
        if found is None or not found.content:
            raise Http404
        headers = {"Content-Disposition": f'attachment; filename="{found.uid}"', "X-Content-Type-Options": "nosniff"}
        return Response(bytes(found.content), headers=headers)
