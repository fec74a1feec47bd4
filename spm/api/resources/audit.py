"""The audit log: who did what to which object. Entries only grow."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from spm.access.models import User
from spm.api.endpoint import ListEndpoint
from spm.api.filters import InstantFilter
from spm.api.scopes import Scope
from spm.audit.models import AuditEntry
from spm.audit.selectors import audit_list


class AuditEntryOut(serializers.Serializer):
    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor_email", allow_null=True)
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_uid = serializers.CharField()
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    mac = serializers.CharField()
    key_id = serializers.CharField()


class AuditFilter(filters.FilterSet):
    action = filters.CharFilter(lookup_expr="startswith")
    object_type = filters.CharFilter()
    object_uid = filters.CharFilter()
    at_from = InstantFilter(field_name="at", lookup_expr="gte")
    at_before = InstantFilter(field_name="at", lookup_expr="lt")


@extend_schema_view(get=extend_schema(operation_id="audit_list"))
class AuditList(ListEndpoint):
    """Entries, newest first, each with the seal that ties it to the one before."""

    scopes = {"GET": Scope.AUDIT_READ}
    serializer_class = AuditEntryOut
    filterset_class = AuditFilter
    model = AuditEntry
    order = ("-sequence",)

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return audit_list()

    def prepare(self, rows: list[Any]) -> list[Any]:
        emails = dict(User.objects.filter(pk__in={row.actor_id for row in rows}).values_list("pk", "email"))
        for row in rows:
            row.actor_email = emails.get(row.actor_id)
        return rows
