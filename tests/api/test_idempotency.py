"""Idempotency keys: the work is done once, the answer is the same, a key belongs to one request of one member."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from spm.access.models import Role
from spm.api.endpoint import Endpoint
from spm.api.models import IdempotencyRecord
from spm.api.scopes import Scope
from spm.api.services import idempotency_purge
from spm.jobs import housekeeping
from spm.jobs.nightly import jobs_tick
from spm.people.models import Team
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller

reached, go_on = threading.Event(), threading.Event()


class TeamIn(serializers.Serializer):
    code = serializers.CharField()
    wait = serializers.BooleanField(default=False)


@extend_schema(exclude=True)
class MakeTeam(Endpoint):
    """A write of the tests' own, so that they hold whatever the product's operations are."""

    scopes = {"POST": Scope.PEOPLE_WRITE}

    def post(self, request) -> Response:
        values = self.parsed(TeamIn)
        team = Team.objects.create(code=values["code"], name="x")
        if values["wait"]:
            reached.set()
            assert go_on.wait(10)
        return Response({"uid": str(team.uid)}, status=400 if values["code"] == "bad" else 201)


@pytest.fixture
def teams(settings):
    settings.ROOT_URLCONF = "tests.api.urls_for_tests"


def _count(tenant) -> int:
    with tenant_scope(tenant.pk):
        return Team.objects.count()


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(tenant, teams) -> None:
    caller = make_caller(tenant, Role.HR)
    first, second = (caller.post("test-teams/", {"code": "t"}, **{"Idempotency-Key": "k1"}) for _i in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert _count(tenant) == 1
    assert caller.post("test-teams/", {"code": "other"}, **{"Idempotency-Key": "k2"}).status_code == 201
    assert _count(tenant) == 2


def test_without_a_key_the_write_is_done_twice(tenant, teams) -> None:
    caller = make_caller(tenant, Role.HR)
    for code in ("a", "b"):
        caller.post("test-teams/", {"code": code})
    assert _count(tenant) == 2


def test_a_key_used_for_another_request_is_refused(tenant, teams) -> None:
    caller = make_caller(tenant, Role.HR)
    caller.post("test-teams/", {"code": "a"}, **{"Idempotency-Key": "k"})
    answer = caller.post("test-teams/", {"code": "b"}, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert _count(tenant) == 1


def test_keys_of_two_members_and_two_tenants_do_not_meet(tenant, other_tenant, teams) -> None:
    callers = [make_caller(tenant, Role.HR), make_caller(tenant, Role.HR), make_caller(other_tenant, Role.HR)]
    for number, caller in enumerate(callers):
        answer = caller.post("test-teams/", {"code": f"t{number}"}, **{"Idempotency-Key": "same"})
        assert answer.status_code == 201
        assert "Idempotency-Replayed" not in answer


def test_a_failed_write_leaves_neither_rows_nor_an_answer(tenant, teams) -> None:
    caller = make_caller(tenant, Role.HR)
    assert caller.post("test-teams/", {"code": "bad"}, **{"Idempotency-Key": "k"}).status_code == 400
    with tenant_scope(tenant.pk):
        assert not Team.objects.exists()
        assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "\tx", "ключ".encode().decode("latin-1")])
def test_a_key_that_cannot_be_one_is_refused(tenant, teams, key) -> None:
    answer = make_caller(tenant, Role.HR).post("test-teams/", {"code": "a"}, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def test_a_field_that_the_operation_does_not_take_is_refused(tenant, teams) -> None:
    answer = make_caller(tenant, Role.HR).post("test-teams/", {"code": "a", "tenant": 7})
    assert answer.json()["errors"][0] | {"detail": "", "mend": ""} == {"field": "tenant", "code": "unknown", "detail": "", "mend": ""}
    assert _count(tenant) == 0


def test_answers_are_forgotten_after_a_day(tenant, teams) -> None:
    caller = make_caller(tenant, Role.HR)
    caller.post("test-teams/", {"code": "a"}, **{"Idempotency-Key": "k"})
    with tenant_scope(tenant.pk):
        assert idempotency_purge(now=timezone.now()) == 0
        assert idempotency_purge(now=timezone.now() + dt.timedelta(hours=25)) == 1


def test_the_night_forgets_old_answers_of_each_tenant_and_keeps_those_of_the_day(tenant, other_tenant, teams) -> None:
    for place in (tenant, other_tenant):
        caller = make_caller(place, Role.HR)
        caller.post("test-teams/", {"code": "a"}, **{"Idempotency-Key": "old"})
        with tenant_scope(place.pk):
            IdempotencyRecord.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
        caller.post("test-teams/", {"code": "b"}, **{"Idempotency-Key": "new"})
    kept = lambda place: list(IdempotencyRecord.objects.values_list("key", flat=True))  # noqa: E731
    jobs_tick(now=timezone.now().replace(hour=23))
    for place in (tenant, other_tenant):
        with tenant_scope(place.pk):
            assert kept(place) == ["new"]


def test_a_housekeeper_that_fails_stops_neither_the_others_nor_the_night(tenant, teams, monkeypatch) -> None:
    def fails(now: dt.datetime) -> int:
        Team.objects.create(code="half", name="Half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(housekeeping, "_keepers", {"fails": fails, **housekeeping._keepers})
    with tenant_scope(tenant.pk):
        others = {name for name in housekeeping._keepers if name != "fails"}
        assert "api answers" in others
        assert housekeeping.housekeeping_run(now=timezone.now()) == dict.fromkeys(others, 0)
        assert not Team.objects.filter(code="half").exists()


@pytest.mark.django_db(transaction=True)
def test_a_second_request_while_the_first_runs_is_told_to_wait(teams) -> None:
    from tests.support.factories import make_tenant

    tenant = make_tenant("acme")
    caller = make_caller(tenant, Role.HR)
    answers = []

    def first() -> None:
        try:
            answers.append(caller.post("test-teams/", {"code": "t", "wait": True}, **{"Idempotency-Key": "k"}))
        finally:
            connection.close()

    reached.clear()
    go_on.clear()
    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert reached.wait(10)
        during = caller.post("test-teams/", {"code": "t", "wait": True}, **{"Idempotency-Key": "k"})
    finally:
        go_on.set()
        thread.join(10)
    assert (during.status_code, during.json()["code"]) == (409, "in_progress")
    assert answers[0].status_code == 201
    after = caller.post("test-teams/", {"code": "t", "wait": True}, **{"Idempotency-Key": "k"})
    assert (after.status_code, after["Idempotency-Replayed"]) == (201, "true")
    assert _count(tenant) == 1
