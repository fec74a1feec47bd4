"""The description of the API: valid, without warnings, made without a tenant, and complete."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from spm.access.models import Role
from spm.api.problems import CATALOGUE
from spm.api.scopes import Scope
from tests.api.routes import routes
from tests.api.support import make_caller


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_is_valid_and_made_without_a_warning(schema) -> None:
    """No database mark: a query during generation would fail this test."""
    GENERATOR_STATS.reset()
    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null", stdout=io.StringIO())
    validate_schema(schema)
    assert schema["openapi"].startswith("3.1")


def test_a_view_without_a_description_would_be_a_warning(monkeypatch) -> None:
    """Negative control of the test above."""
    from drf_spectacular.management.commands.spectacular import SchemaGenerationError

    from spm.api.resources.jobs import JobCancel

    monkeypatch.setattr(JobCancel, "post", lambda self, request, uid: None)
    with pytest.raises(SchemaGenerationError):
        call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null", stdout=io.StringIO())


def test_every_address_and_method_is_in_the_schema_and_nothing_else(schema) -> None:
    import re

    described = {(re.sub(r"\{(\w+)\}", "*", path), method.upper()) for path, methods in schema["paths"].items() for method in methods}
    there = {(re.sub(r"<(?:\w+:)?\w+>", "*", "/" + r.template), m) for r in routes() for m in r.methods if m != "HEAD"}
    assert described - there == {("/api/v1/me/", "GET")}
    assert there <= described


def test_every_operation_names_its_errors_and_how_to_sign_in(schema) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert {"400", "401", "403", "404", "429"} <= set(operation["responses"]), where
            assert operation["security"] == [{"token": []}, {"session": []}], where
            assert operation["description"], where
            headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            if method in {"post", "put", "patch"} and not path.endswith("/tokens/"):
                assert "Idempotency-Key" in headers, where


def test_operation_names_are_unique(schema) -> None:
    names = [o["operationId"] for methods in schema["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))


def test_every_scope_opens_something_or_is_kept_for_roles() -> None:
    used = {scope for r in routes() for scope in r.view.scopes.values() if scope}
    assert used <= set(Scope.values)


def test_every_method_of_every_operation_says_which_scope_it_needs() -> None:
    for route in routes():
        assert {m for m in route.methods if m != "HEAD"} <= set(route.view.scopes), route.name


@pytest.mark.django_db
def test_the_schema_is_served_and_needs_no_sign_in() -> None:
    assert Client().get("/api/v1/schema/").status_code == 200


@pytest.mark.django_db
def test_the_page_about_the_api_names_every_operation_scope_and_error(schema) -> None:
    page = Client().get("/api/v1/docs/").content.decode()
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    assert all(f'id="{code}"' in page for code in CATALOGUE)
    assert all(scope in page for scope in Scope.values)


def test_each_schema_scope_is_enforced(tenant, schema) -> None:
    """A token with no scope but one gets 403 on every operation that names another."""
    caller = make_caller(tenant, *Role.values, scopes=[Scope.AUDIT_READ])
    for route in routes():
        needed = route.view.scopes.get("GET", "none")
        if "GET" in route.methods and not route.parameters and needed not in {None, Scope.AUDIT_READ}:
            assert caller.get(route.path(tenant.slug)).status_code == 403, route.name
