"""Generated calls from the schema against the real application and database: no crash, no undocumented answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode

from spm.access.models import Role
from spm.wsgi import application
from tests.api.support import make_caller

schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


@pytest.fixture
def token(tenant, settings) -> Iterator[str]:
    """The server closes its connection after each call; here that would end the test's own transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    settings.SPM_API_LIMITS = dict.fromkeys(settings.SPM_API_LIMITS, 10**9)
    yield make_caller(tenant, *Role.values).text
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), database=None)
def test_generated_calls_get_documented_answers(case, token) -> None:
    if "slug" in case.path_parameters:
        case.path_parameters["slug"] = "acme"
    if case.meta.generation.mode is GenerationMode.POSITIVE and case.query:
        case.query.pop("cursor", None)  # Comes from an answer; a made-up one is refused (test_pagination.py).
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"})
