"""Every operation of the API against another company: 404 with one body, nothing changed, and its own company is answered."""

from __future__ import annotations

import pytest
from django.db import connections

from spm.access.models import Role
from spm.api.resources import people
from spm.people.models import Payee
from spm.tenancy.scope import tenant_scope
from tests.api.routes import OBJECTS, Route, routes
from tests.api.support import Caller, make_caller
from tests.isolation.catalog import tenant_models

ROUTES = routes()


@pytest.fixture
def mine(tenant) -> Caller:
    return make_caller(tenant, *Role.values)


@pytest.fixture
def theirs(other_tenant) -> Caller:
    return make_caller(other_tenant, *Role.values)


def _objects(route: Route, tenant) -> dict:
    if not route.parameters:
        return {}
    assert route.name in OBJECTS, f"{route.name} names an object: tell tests/api/routes.py how to make one."
    with tenant_scope(tenant.pk):
        return OBJECTS[route.name]()


def _counts(*tenants) -> dict:
    """Rows of every tenant table, for each tenant, in one statement each."""
    tables = [m._meta.db_table for m in tenant_models()]
    found = {}
    for tenant in tenants:
        with tenant_scope(tenant.pk), connections["default"].cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables))
            found[tenant.slug] = dict(zip(tables, cursor.fetchone(), strict=True))
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_a_stranger_gets_the_404_of_what_is_not_there_and_changes_nothing(route, mine, theirs) -> None:
    values = _objects(route, theirs.tenant)
    mine.get("me/"), theirs.get("me/")
    nowhere = mine.get("/api/v1/t/acme/not-there/")
    before = _counts(mine.tenant, theirs.tenant)
    tries = {
        "their company": route.path(theirs.tenant.slug, **values),
        "no company": route.path("no-such-company", **values),
    }
    if values:
        tries["their object in mine"] = route.path(mine.tenant.slug, **values)
    for method in route.methods:
        for what, path in tries.items():
            answer = mine.get(path, **values.get("?", {})) if method == "GET" else mine.request(method, path, {})
            assert (answer.status_code, answer.content) == (404, nowhere.content), f"{method} {what}"
    assert _counts(mine.tenant, theirs.tenant) == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_the_same_address_answers_its_own_company(route, theirs) -> None:
    values = _objects(route, theirs.tenant)
    path = route.path(theirs.tenant.slug, **values)
    for method in route.methods:
        assert theirs.request(method, path, {}).status_code in {200, 201, 202, 204, 400, 403, 409, 415, 422}, method
        if method == "GET":
            answer = theirs.get(path, **values.get("?", {}))
            assert answer.status_code == 200, answer.content
            if route.parameters:
                break


def test_without_the_guards_their_object_would_be_shown(mine, theirs, monkeypatch) -> None:
    """The negative control: with neither the manager's filter nor a policy, the first test would see a row and fail."""
    values = _objects(next(r for r in ROUTES if r.name == "api-payee"), theirs.tenant)
    path = f"payees/{values['uid']}/"
    assert mine.get(path).status_code == 404
    monkeypatch.setattr(people.PayeeDetail, "get_queryset", lambda self: Payee._base_manager.select_related("legal_entity"))
    assert mine.get(path).status_code == 404, "the database's policy holds alone"
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', '', true)")
    monkeypatch.setattr("spm.api.endpoint.tenant_scope", lambda tenant_id: tenant_scope(theirs.tenant.pk))
    assert mine.get(path).status_code == 200


def test_every_route_is_covered() -> None:
    assert len(ROUTES) >= 40
    assert {r.name for r in ROUTES if r.parameters} == set(OBJECTS)
