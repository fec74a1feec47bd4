"""Generated calls from the schema against the real application and database: no crash, no undocumented answer."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from spm.access.models import Role
from spm.calendars.models import FiscalCalendar
from spm.tenancy.scope import tenant_scope
from spm.wsgi import application
from tests.api.plan_text import PLAN
from tests.api.routes import OBJECTS, routes
from tests.api.support import Caller, make_caller
from tests.api.test_imports import MAPPING
from tests.isolation.catalog import make_row

_serial = itertools.count(1)
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


@pytest.fixture
def caller(tenant) -> Iterator[Caller]:
    """The server closes its connection after each call; here that would end the test's own transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield make_caller(tenant, *Role.values)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def _real_object(case, caller: Caller) -> dict:
    """An object of the company behind the operation's address, if it names one: for writes a new one each time."""
    template = re.sub(r"\{(\w+)\}", "*", case.operation.path)
    for route in routes():
        if route.parameters and re.sub(r"<(?:\w+:)?\w+>", "*", "/" + route.template) == template:
            with tenant_scope(caller.tenant.pk):
                if case.method == "GET" and "made" in vars(caller):
                    return dict(vars(caller)["made"])
                vars(caller)["made"] = OBJECTS[route.name]()
                return dict(vars(caller)["made"])
    return {}


def _sensible(body: dict, caller: Caller, number: int) -> dict:
    """The schema cannot say that a text is a plan, an id that of a seat, and an end after its start: put real ones in."""
    with tenant_scope(caller.tenant.pk):
        real = {
            "text": lambda: PLAN.replace("plan: direct", f"plan: p{number}") if "calendar" in body else PLAN,
            "calendar": lambda: make_row(FiscalCalendar).code,
            "mapping": lambda: MAPPING,
            "files": lambda: [{"name": "a.csv", "content": "SWQ="}],
            "effective_to": lambda: None,
            "end": lambda: None,
            "start": lambda: "2024-01-01",
        }
        return {name: real[name]() if name in real else value for name, value in body.items()}


@schema.parametrize()
@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), database=None)
def test_generated_calls_get_documented_answers(case, caller) -> None:
    if "slug" in case.path_parameters:
        case.path_parameters["slug"] = caller.tenant.slug
    if case.meta.generation.mode is GenerationMode.POSITIVE:
        real = _real_object(case, caller)
        case.query = {**(case.query or {}), **{name: str(value) for name, value in real.pop("?", {}).items()}}
        case.path_parameters.update({name: str(value) for name, value in real.items()})
        (case.query or {}).pop("cursor", None)  # Comes from an answer; a made-up one is refused (test_pagination.py).
        if isinstance(case.body, dict):
            case.body = _sensible(case.body, caller, next(_serial))
        if "Idempotency-Key" in (case.headers or {}):
            case.headers["Idempotency-Key"] = str(uuid.uuid4())  # Examples share a company; one key twice is refused (test_idempotency.py).
    # A made-up file part has no name and its text is no table: test_imports.py sends real ones.
    without = [positive_data_acceptance] if case.media_type == "multipart/form-data" else []
    case.call_and_validate(headers={"Authorization": f"Bearer {caller.text}"}, excluded_checks=without)
