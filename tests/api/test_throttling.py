"""Rate limits: reads and writes apart, one member not at another's cost, wrong tokens by address."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from spm.access.models import Role
from spm.api import throttling
from tests.api.support import make_caller


@pytest.fixture
def limits(no_rate_limits, settings):
    cache.clear()
    settings.SPM_API_LIMITS = {"read": 3, "write": 2, "failed": 2}
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def one_minute(monkeypatch) -> None:
    """All calls of a test fall into one minute, however the clock stands."""
    monkeypatch.setattr(throttling.time, "time", lambda: 1_700_000_000.0)


def test_the_call_after_the_last_allowed_one_is_refused_with_the_time_to_wait(tenant, limits) -> None:
    caller, colleague = make_caller(tenant, Role.REP), make_caller(tenant, Role.REP)
    assert [caller.get("me/").status_code for _i in range(4)] == [200, 200, 200, 429]
    answer = caller.get("me/")
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 61
    assert colleague.get("me/").status_code == 200
    assert caller.post("tokens/", {}).status_code == 403, "writes are counted apart"


def test_a_member_in_two_companies_has_two_counts(tenant, other_tenant, limits) -> None:
    here = make_caller(tenant, Role.REP)
    there = make_caller(other_tenant, Role.REP, user=here.user)
    assert [here.get("me/").status_code for _i in range(4)][-1] == 429
    assert there.get("me/").status_code == 200


def test_an_address_that_guesses_tokens_is_slowed_and_right_tokens_pass(tenant, limits) -> None:
    caller = make_caller(tenant, Role.REP)
    wrong = Client(headers={"Authorization": "Bearer spm_acme.aaaaaaaa.b"})
    assert [wrong.get("/api/v1/me/").status_code for _i in range(3)] == [401, 401, 429]
    assert caller.get("me/").status_code == 200
    elsewhere = Client(headers={"Authorization": "Bearer spm_acme.aaaaaaaa.b"}, REMOTE_ADDR="10.9.8.7")
    assert elsewhere.get("/api/v1/me/").status_code == 401


def test_without_the_cache_calls_go_on_and_the_log_tells(tenant, settings, caplog) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    assert make_caller(tenant, Role.REP).get("me/").status_code == 200
    assert "could not be counted" in caplog.text
