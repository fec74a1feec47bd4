"""The state of pay periods: where each group stands, moving it, approving it, and holding one statement back."""

from __future__ import annotations

import uuid

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incentives.api.shown import ByCurrency, period_of
from incentives.models import Dispute, PeriodState, Statement
from incentives.selectors.closing import period_groups
from incentives.services.closing import PeriodRefused, period_move, statement_hold, statement_release
from spm.api.endpoint import Endpoint
from spm.api.problems import problem_register
from spm.api.references import by_code
from spm.api.scopes import Scope
from spm.people.models import LegalEntity

State = PeriodState.State
problem_register(PeriodRefused, code=lambda error: error.code)


class OpenDisputeOut(serializers.Serializer):
    uid = serializers.UUIDField()
    number = serializers.IntegerField()
    payee = serializers.UUIDField(source="payee.uid")
    state = serializers.ChoiceField(choices=Dispute.State.choices)


class PeriodGroupOut(serializers.Serializer):
    """One pay group and legal entity in a period."""

    pay_group = serializers.CharField()
    legal_entity = serializers.CharField(source="legal_entity.code")
    state = serializers.ChoiceField(choices=State.choices)
    changed_at = serializers.DateTimeField(source="row.changed_at", allow_null=True, default=None)
    submitted_by = serializers.CharField()
    approved_by = serializers.CharField()
    payees = serializers.IntegerField(help_text="Who belongs to the group now.")
    statements = serializers.DictField(child=serializers.IntegerField(), help_text="State of statements -> how many.")
    total = ByCurrency(help_text="What the ledger pays in the period.")
    disputes = OpenDisputeOut(many=True, help_text="Open disputes about statements of the group; an approval goes past them.")


class _GroupIn(serializers.Serializer):
    pay_group = serializers.CharField(max_length=40)
    legal_entity = serializers.CharField(max_length=80, help_text="Its code.")
    expected = serializers.ChoiceField(choices=State.choices, help_text="The state that you saw; another one is a conflict.")


class PeriodMoveIn(_GroupIn):
    to = serializers.ChoiceField(choices=[State.OPEN, State.IN_REVIEW, State.CLOSED, State.PAID])


class PeriodDecideIn(_GroupIn):
    to = serializers.ChoiceField(choices=[State.APPROVED, State.OPEN])


class StatementHoldIn(serializers.Serializer):
    reason = serializers.CharField(max_length=400, help_text="The payee reads it.")


class StatementStateOut(serializers.Serializer):
    uid = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Statement.State.choices)
    hold_reason = serializers.CharField()
    artefact_digest = serializers.CharField(help_text="SHA-256 of what was approved; empty before.")


class PeriodStates(Endpoint):
    scopes = {"GET": Scope.PAY_READ_ALL}

    @extend_schema(operation_id="period_states_list", responses=PeriodGroupOut(many=True))
    def get(self, request: Request, period: uuid.UUID) -> Response:
        """Where a pay period stands, for each pay group and legal entity."""
        return Response(PeriodGroupOut(period_groups(period_of(period)), many=True).data)


class _PeriodAct(Endpoint):
    def act(self, period: uuid.UUID, given: type[_GroupIn]) -> Response:
        when, values = period_of(period), self.parsed(given)
        entity = by_code(LegalEntity, values.pop("legal_entity"), field="legal_entity")
        row = period_move(period=when, legal_entity=entity, roles=self.principal.roles, actor_id=self.request.user.pk, **values)
        [group] = [g for g in period_groups(when) if (g.pay_group, g.legal_entity.pk) == (row.pay_group, entity.pk)]
        return Response(PeriodGroupOut(group).data)


class PeriodMove(_PeriodAct):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="period_states_move", request=PeriodMoveIn, responses=PeriodGroupOut)
    def post(self, request: Request, period: uuid.UUID) -> Response:
        """Puts a group into review or takes it back, closes it after approval, marks it as paid."""
        return self.act(period, PeriodMoveIn)


class PeriodDecide(_PeriodAct):
    scopes = {"POST": Scope.PAY_APPROVE}

    @extend_schema(operation_id="period_states_decide", request=PeriodDecideIn, responses=PeriodGroupOut)
    def post(self, request: Request, period: uuid.UUID) -> Response:
        """Approves a group in review, which freezes its statements, or opens it again."""
        return self.act(period, PeriodDecideIn)


def _statement(uid: uuid.UUID) -> Statement:
    found = Statement.objects.select_related("payee").filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


class StatementHold(Endpoint):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="statements_hold", request=StatementHoldIn, responses=StatementStateOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Takes one statement out of what its group is paid; the group goes on without it."""
        statement = statement_hold(statement=_statement(uid), actor_id=request.user.pk, **self.parsed(StatementHoldIn))
        return Response(StatementStateOut(statement).data)


class StatementRelease(Endpoint):
    scopes = {"POST": Scope.PAY_ADJUST}

    @extend_schema(operation_id="statements_release", request=None, responses=StatementStateOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Lets a held statement follow its group again."""
        return Response(StatementStateOut(statement_release(statement=_statement(uid), actor_id=request.user.pk)).data)
