"""Background jobs: what runs, how far it is, what went wrong; cancel and try again."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.jobs.models import Job, JobState
from spm.jobs.selectors import job_get, job_list, job_progress
from spm.jobs.services import JobNotAllowed, job_cancel, job_retry

problem_register(JobNotAllowed, code="conflict")


class StageOut(serializers.Serializer):
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["done", "current", "ahead"])
    done = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    percent = serializers.IntegerField(allow_null=True)


class JobOut(serializers.Serializer):
    uid = serializers.UUIDField()
    kind = serializers.CharField()
    label = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.choices)
    percent = serializers.IntegerField()
    stages = StageOut(many=True)
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    heartbeat_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class JobFilter(filters.FilterSet):
    kind = filters.CharFilter()
    state = filters.ChoiceFilter(choices=JobState.choices)


def _job(uid: uuid.UUID) -> Job:
    try:
        return job_get(uid)
    except Job.DoesNotExist as error:
        raise Http404 from error


@extend_schema_view(get=extend_schema(operation_id="jobs_list"))
class JobList(ListEndpoint):
    """Jobs, newest first."""

    scopes = {"GET": Scope.JOBS_READ}
    serializer_class = JobOut
    filterset_class = JobFilter
    model = Job
    order = ("-created_at", "uid")

    def get_queryset(self) -> QuerySet[Job]:
        return job_list()

    def prepare(self, rows: list[Job]) -> list[Any]:
        return [job_progress(job) for job in rows]


class JobDetail(Endpoint):
    """One job with its stages."""

    scopes = {"GET": Scope.JOBS_READ}

    @extend_schema(operation_id="jobs_get", responses=JobOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(JobOut(job_progress(_job(uid))).data)


class JobCancel(Endpoint):
    """Stops a job; what it has committed stays."""

    scopes = {"POST": Scope.JOBS_WRITE}

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(JobOut(job_progress(job_cancel(job=_job(uid), actor_id=request.user.pk))).data)


class JobRetry(Endpoint):
    """Takes up a job that failed, was given up or cancelled, where it stopped."""

    scopes = {"POST": Scope.JOBS_WRITE}

    @extend_schema(operation_id="jobs_retry", request=None, responses=JobOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(JobOut(job_progress(job_retry(job=_job(uid), actor_id=request.user.pk))).data)
