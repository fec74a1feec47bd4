"""The HR feed: a file of joiners, movers and leavers, checked first or applied as one act."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.people.feed_file import FeedUnreadable
from spm.people.services import hr_feed_apply, hr_feed_preview

problem_register(FeedUnreadable, code="refused")


class FeedIn(serializers.Serializer):
    content = serializers.CharField(max_length=5_000_000, trim_whitespace=False, help_text="The CSV file as text, heading included.")


class FeedApplyIn(FeedIn):
    partial = serializers.BooleanField(default=False, help_text="Apply the good rows although others are refused.")


class FeedErrorOut(serializers.Serializer):
    line = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    cause = serializers.CharField()
    mend = serializers.CharField()


class FeedChangeOut(serializers.Serializer):
    line = serializers.IntegerField()
    external_id = serializers.CharField()
    action = serializers.CharField()


class FeedOut(serializers.Serializer):
    """rows = changed + unchanged + refused."""

    rows = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    applied = serializers.BooleanField()
    changes = FeedChangeOut(many=True)
    errors_found = FeedErrorOut(many=True, source="errors")


class FeedPreview(Endpoint):
    """What the file would change, and which rows are refused. Nothing is written."""

    scopes = {"POST": Scope.PEOPLE_WRITE}

    @extend_schema(operation_id="hr_feed_preview", request=FeedIn, responses=FeedOut)
    def post(self, request: Request) -> Response:
        return Response(FeedOut(hr_feed_preview(content=self.parsed(FeedIn)["content"])).data)


class FeedApply(Endpoint):
    """Applies the file under one change number; with refused rows nothing is applied, unless `partial`."""

    scopes = {"POST": Scope.PEOPLE_WRITE}

    @extend_schema(operation_id="hr_feed_apply", request=FeedApplyIn, responses=FeedOut)
    def post(self, request: Request) -> Response:
        return Response(FeedOut(hr_feed_apply(actor_id=request.user.pk, **self.parsed(FeedApplyIn))).data)
