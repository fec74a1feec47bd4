"""Writes about people: each is one act of the people services, kept with its reason in one change set."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint
from spm.api.problems import problem_register
from spm.api.references import by_code, by_uids
from spm.api.resources import people_in as given
from spm.api.resources.people import PayeeOut, PositionOut
from spm.api.scopes import Scope
from spm.api.visibility import payees_visible
from spm.people import services
from spm.people.errors import PeopleError
from spm.people.models import LegalEntity, Payee, Position, Seat

problem_register(PeopleError, code="refused")


class SeatOut(serializers.Serializer):
    """The lasting identity of a payee in a position."""

    uid = serializers.UUIDField()
    payee = serializers.UUIDField(source="payee.uid")
    position = serializers.CharField(source="position.code")


class PeopleWrite(Endpoint):
    scopes = {"POST": Scope.PEOPLE_WRITE}

    def payee(self, uid: uuid.UUID) -> Payee:
        """The payee of the address; 404 for one that the caller may not see."""
        found = payees_visible(self.principal, Payee.objects.select_related("detail", "legal_entity")).filter(uid=uid).first()
        if found is None:
            raise Http404
        return found

    def act(self, serializer: Any) -> dict[str, Any]:
        """The request's values, with who acts."""
        return {**self.parsed(serializer), "actor_id": self.request.user.pk}


class PayeeCreate(PeopleWrite):
    @extend_schema(operation_id="payees_create", request=given.PayeeIn, responses={201: PayeeOut})
    def post(self, request: Request) -> Response:
        """A new payee, employed from `hired` on when that is given."""
        values = self.act(given.PayeeIn)
        entity = by_code(LegalEntity, values.pop("legal_entity"), field="legal_entity")
        return Response(PayeeOut(services.payee_create(legal_entity=entity, **values)).data, status=201)


class PersonUpdate(PeopleWrite):
    @extend_schema(operation_id="payees_update_person", request=given.PersonIn, responses=PayeeOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Changes names and addresses; what is left out stays."""
        payee = self.payee(uid)
        services.person_update(payee=payee, **self.act(given.PersonIn))
        return Response(PayeeOut(self.payee(uid)).data)


class Leave(PeopleWrite):
    @extend_schema(operation_id="payees_leave", request=given.LeaveIn, responses=PayeeOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """The person leaves: seats, pay terms and access end on that day."""
        payee = self.payee(uid)
        services.employee_leave(payee=payee, **self.act(given.LeaveIn))
        return Response(PayeeOut(payee).data)


class Absence(PeopleWrite):
    @extend_schema(operation_id="payees_absence", request=given.AbsenceIn, responses=PayeeOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Leave of absence in [start, end)."""
        payee = self.payee(uid)
        services.absence_set(payee=payee, **self.act(given.AbsenceIn))
        return Response(PayeeOut(payee).data)


class Move(PeopleWrite):
    @extend_schema(operation_id="payees_move", request=given.MoveIn, responses=SeatOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """From the day on the payee sits in another position."""
        payee, values = self.payee(uid), self.act(given.MoveIn)
        to = by_code(Position, values.pop("to"), field="to")
        leaving = by_code(Position, values.pop("leaving"), field="leaving") if values["leaving"] else values.pop("leaving")
        return Response(SeatOut(services.payee_move(payee=payee, to=to, leaving=leaving, **values)).data)


class Erase(PeopleWrite):
    scopes = {"POST": Scope.PEOPLE_ERASE}

    @extend_schema(operation_id="payees_erase", request=given.EraseIn, responses=PayeeOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Empties the person's data for good; ledger, statements and audit stay, under the payee's id."""
        services.person_erase(payee=self.payee(uid), **self.act(given.EraseIn))
        return Response(PayeeOut(self.payee(uid)).data)


class PositionCreate(PeopleWrite):
    @extend_schema(operation_id="positions_create", request=given.NewPositionIn, responses={201: PositionOut})
    def post(self, request: Request) -> Response:
        """A new position, with its reporting line when a manager is given."""
        values = self.act(given.NewPositionIn)
        code = values.pop("manager")
        manager = None if code is None else by_code(Position, code, field="manager")
        return Response(PositionOut(services.position_open(manager=manager, **values)).data, status=201)


class PositionUpdate(PeopleWrite):
    @extend_schema(operation_id="positions_update", request=given.TitleIn, responses=PositionOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        """Another title; the code stays."""
        found = Position.objects.filter(uid=uid).first()
        if found is None:
            raise Http404
        return Response(PositionOut(services.position_update(position=found, **self.act(given.TitleIn))).data)


class ReportingLineSet(PeopleWrite):
    @extend_schema(operation_id="reporting_lines_set", request=given.ReportingLineIn, responses=PositionOut)
    def post(self, request: Request) -> Response:
        """The position reports to the manager in [start, end). Refused when somebody would come to stand above himself."""
        values = self.act(given.ReportingLineIn)
        position = by_code(Position, values.pop("position"), field="position")
        code = values.pop("manager")
        services.reporting_line_set(position=position, manager=None if code is None else by_code(Position, code, field="manager"), **values)
        return Response(PositionOut(position).data)


class RelationSet(PeopleWrite):
    @extend_schema(operation_id="relations_set", request=given.RelationIn, responses=PositionOut)
    def post(self, request: Request) -> Response:
        """Sets a named relation between two positions outside the reporting line, in [start, end)."""
        values = self.act(given.RelationIn)
        position, related = (by_code(Position, values.pop(field), field=field) for field in ("position", "related"))
        services.relation_set(position=position, related=related, **values)
        return Response(PositionOut(position).data)


class AssignmentStart(PeopleWrite):
    @extend_schema(operation_id="assignments_start", request=given.AssignmentIn, responses={201: SeatOut})
    def post(self, request: Request) -> Response:
        """Puts a payee into a position for [start, end)."""
        values = self.act(given.AssignmentIn)
        payee = by_uids(Payee.objects.all(), [values.pop("payee")], field="payee")[0]
        position = by_code(Position, values.pop("position"), field="position")
        return Response(SeatOut(services.assignment_start(payee=payee, position=position, **values)).data, status=201)


class AssignmentEnd(PeopleWrite):
    @extend_schema(operation_id="assignments_end", request=given.AssignmentEndIn, responses=SeatOut)
    def post(self, request: Request) -> Response:
        """The payee no longer holds the position from the day on; pay terms of the seat end too."""
        values = self.act(given.AssignmentEndIn)
        payee = by_uids(Payee.objects.all(), [values.pop("payee")], field="payee")[0]
        position = by_code(Position, values.pop("position"), field="position")
        services.assignment_end(payee=payee, position=position, **values)
        return Response(SeatOut(Seat.objects.select_related("payee", "position").get(payee=payee, position=position)).data)


class PayTermsSet(PeopleWrite):
    scopes = {"POST": Scope.PAY_WRITE}

    @extend_schema(operation_id="pay_terms_set", request=given.PayTermsIn, responses=SeatOut)
    def post(self, request: Request) -> Response:
        """Target incentive and OTE a year of a seat over [start, end)."""
        values = self.act(given.PayTermsIn)
        seat = by_uids(Seat.objects.select_related("payee", "position"), [values.pop("seat")], field="seat")[0]
        scale = max(2, *(-int(values[name].normalize().as_tuple().exponent) for name in ("target_incentive", "ote")))
        amounts: dict[str, Any] = {name: int(Decimal(values.pop(name)).scaleb(scale)) for name in ("target_incentive", "ote")}
        services.pay_terms_set(seat=seat, amount_scale=scale, **amounts, **values)
        return Response(SeatOut(seat).data)
