"""Errors: one shape, a stable code, the field, how to mend it, in the caller's language."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from spm.access.models import Role
from spm.api.resources.calendars import CalendarList
from tests.api.support import make_caller


def test_an_unknown_parameter_is_refused_by_name(tenant) -> None:
    answer = make_caller(tenant, Role.REP).get("periods/", yaer="2024")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["errors"][0]["field"]) == ("unknown_parameter", "yaer")
    assert body["mend"]


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1", "", "1" * 50])
def test_a_wrong_limit_is_told(tenant, limit) -> None:
    assert make_caller(tenant, Role.REP).get("periods/", limit=limit).json()["errors"][0]["field"] == "limit"


def test_a_wrong_filter_value_names_the_filter(tenant) -> None:
    body = make_caller(tenant, Role.REP).get("periods/", starts_from="soon").json()
    assert body["errors"][0]["field"] == "starts_from"


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/t/acme/nothing/", "/api/v1/t/acme/calendars/not-a-uid/", "/api/v1/t/acme/me"])
def test_addresses_that_are_not_there_answer_in_the_same_shape(tenant, path) -> None:
    answer = make_caller(tenant, Role.REP).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_nobody_gets_the_same_401_everywhere(tenant) -> None:
    paths = ["/api/v1/t/acme/me/", "/api/v1/t/no-such/me/", "/api/v1/nothing/"]
    answers = {(a.status_code, a.content) for a in (Client().get(path) for path in paths)}
    assert len(answers) == 1
    assert answers.pop()[0] == 401


def test_a_method_that_is_not_there_is_405_with_the_methods_that_are(tenant) -> None:
    answer = make_caller(tenant, Role.REP).request("DELETE", "calendars/")
    assert answer.status_code == 405
    assert "GET" in answer["Allow"]


def test_an_unforeseen_error_is_logged_rolled_back_and_says_nothing_of_itself(tenant, monkeypatch, caplog) -> None:
    def broken(self):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(CalendarList, "get_queryset", broken)
    caller = make_caller(tenant, Role.REP)
    client = Client(headers={"Authorization": f"Bearer {caller.text}"}, raise_request_exception=False)
    with caplog.at_level(logging.ERROR, logger="spm.api"):
        answer = client.get("/api/v1/t/acme/calendars/")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert b"secret" not in answer.content
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("instant", ["0238-01-18T14:38:04+19:38", "0001-01-01T00:00:00+05:00"])
def test_an_instant_that_the_database_would_refuse_is_no_crash(tenant, instant) -> None:
    assert make_caller(tenant, Role.AUDITOR).get("audit/", at_from=instant).status_code in {200, 400}
