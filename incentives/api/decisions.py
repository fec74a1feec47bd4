"""What the API of holds and that of results set by hand share: their input, their filter by state, and lifting one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.response import Response

from incentives.models.decisions import DealDecision
from incentives.selectors import order_find
from spm.api.endpoint import Endpoint
from spm.api.references import by_uids
from spm.api.scopes import Scope
from spm.people.models import Payee


class DecisionIn(serializers.Serializer):
    """The order by its number, or as SOURCE:ID."""

    order = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=400)


class DecisionLiftIn(serializers.Serializer):
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class DecisionFilter(filters.FilterSet):
    state = filters.ChoiceFilter(method="by_state", choices=[("open", "open"), ("lifted", "lifted")], help_text="Left out: both.")

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(lifted_in__isnull=value == "open")


def placed_from(values: dict[str, Any]) -> dict[str, Any]:
    """The input of a decision with its order and payee found. Raises DealUnknown; a payee that is unknown is a problem of its field."""
    payee = by_uids(Payee.objects.all(), [values["payee"]], field="payee")[0] if values["payee"] else None
    return {**values, "order": order_find(values["order"]), "payee": payee}


class DecisionLift(Endpoint):
    """Lifts one decision of `decisions`."""

    scopes = {"POST": Scope.PAY_ADJUST}
    decisions: ClassVar[type[DealDecision]]

    def lifted(self, uid: uuid.UUID, given: type[serializers.Serializer], lift: Callable[[Any, str], Any]) -> Response:
        """The answer after `lift` ended the decision; it gets the decision and the note."""
        decision = self.decisions.objects.filter(uid=uid).first()
        if decision is None:
            raise Http404
        return Response(lift(decision, self.parsed(given)["note"]))
