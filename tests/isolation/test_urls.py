"""Every page x every role x a foreign tenant, with a real object behind each address: 404, and not one row changed anywhere.

The controls: the same address answers its own tenant; with the membership check taken out, the probe finds what it must find.
"""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from spm.access.models import Membership, Role, RoleGrant, User
from spm.tenancy.scope import tenant_scope
from tests.api.routes import GLOBAL as API_GLOBAL
from tests.api.routes import routes as api_routes
from tests.isolation.routes import API, OBJECTS, Route, astray, objects, of_nothing, pages, walk
from tests.support.desks import Desk, desk_build

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
PAGES = pages()
BACKEND = "django.contrib.auth.backends.ModelBackend"


def caller(tenant, *roles: str, payee=None, superuser: bool = False) -> Client:
    """A browser signed in as a new member (of no tenant when it is None)."""
    user = User.objects.create_user(f"u{User.objects.count()}@example.com", None, is_superuser=superuser)
    if tenant is not None:
        with tenant_scope(tenant.pk):
            membership = Membership.objects.create(user=user, payee=payee)
            RoleGrant.objects.bulk_create([RoleGrant(membership=membership, role=role) for role in roles])
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def ours(tenant) -> Desk:
    with tenant_scope(tenant.pk):
        return desk_build(tenant)


@pytest.fixture
def theirs(other_tenant) -> Desk:
    with tenant_scope(other_tenant.pk):
        return desk_build(other_tenant)


def strangers(tenant, payee) -> dict[str, Client]:
    """One caller for each role in `tenant`, one with all roles, one without any tenant, and the operator."""
    found = {str(role): caller(tenant, role, payee=payee if role in {Role.REP, Role.MANAGER} else None) for role in Role}
    found["all roles"] = caller(tenant, *Role.values)
    found["no tenant"] = caller(None)
    found["operator"] = caller(None, superuser=True)
    return found


def fingerprint(*tenants) -> dict[str, tuple]:
    """Row count and a hash of the content of every table, as each tenant sees it and the global ones."""
    out = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
    sql = " UNION ALL ".join(f"SELECT '{t}', count(*), coalesce(sum(hashtextextended(x::text, 0)), 0) FROM \"{t}\" x" for t in tables)
    for tenant in tenants:
        with tenant_scope(tenant.pk), connection.cursor() as cursor:
            cursor.execute(sql)
            out.update({f"{tenant.slug}:{table}": (count, digest) for table, count, digest in cursor.fetchall()})
    return out


def body(answer: HttpResponse) -> str:
    return re.sub(r'"X-CSRFToken": "[^"]*"|csrfmiddlewaretoken[^>]*', "", answer.content.decode())


def probe(route: Route, theirs: Desk, values: dict, clients: dict[str, Client]) -> list[str]:
    """What a foreign tenant's address answered other than the 404 of what is not there."""
    found = []
    nowhere = body(next(iter(clients.values())).get("/t/no-such-company/"))
    for who, client in clients.items():
        for method in METHODS if who == "all roles" else ("GET", "POST"):
            answer = client.generic(method, route.path(theirs.tenant.slug, values))
            if answer.status_code != 404 or (method != "HEAD" and body(answer) != nowhere):
                found.append(f"{route.name}: {method} as {who} answered {answer.status_code}")
    return found


def test_every_route_is_a_tenants_page_an_operation_or_on_the_reviewed_list() -> None:
    routes = list(walk())
    assert astray(routes) == []
    assert astray([Route("stray", "export/all/", None)]) == ["export/all/"], "the check sees one that is not"
    operations = {r.name for r in routes if r.template.startswith(API)}
    assert operations == {r.name for r in api_routes()} | (operations & API_GLOBAL)


def test_the_objects_list_names_no_page_that_is_gone() -> None:
    assert set(OBJECTS) - {route.name for route in PAGES} == set()


def test_every_page_says_which_permission_it_needs() -> None:
    assert [route.name for route in PAGES if not hasattr(route.view, "spm_requires")] == []


def test_a_foreign_tenants_pages_are_404_for_every_role_and_change_nothing(ours, theirs) -> None:
    clients = strangers(ours.tenant, ours.manager)
    found = []
    for route in PAGES:
        with tenant_scope(theirs.tenant.pk):
            values = objects(route, theirs)
        before = fingerprint(ours.tenant, theirs.tenant)
        found += probe(route, theirs, values, clients)
        after = fingerprint(ours.tenant, theirs.tenant)
        found += [f"{route.name} changed {table}" for table in before if before[table] != after[table]]
    assert found == []


def test_a_foreign_object_in_ones_own_tenant_is_answered_like_one_that_is_not_there(ours, theirs) -> None:
    clients = {who: client for who, client in strangers(ours.tenant, ours.manager).items() if who not in {"no tenant", "operator"}}
    found, held = [], 0
    for route in (r for r in PAGES if r.parameters):
        with tenant_scope(theirs.tenant.pk):
            values = objects(route, theirs)
        nothing = of_nothing(values)
        before = fingerprint(ours.tenant, theirs.tenant)
        missing = 0
        for who, client in clients.items():
            for method in ("GET", "POST"):
                foreign = client.generic(method, route.path(ours.tenant.slug, values))
                absent = client.generic(method, route.path(ours.tenant.slug, nothing))
                missing += foreign.status_code == 404
                if foreign.status_code not in {403, 404, 405} or (foreign.status_code, body(foreign)) != (absent.status_code, body(absent)):
                    found.append(f"{route.name}: {method} as {who} answered {foreign.status_code}, for nothing {absent.status_code}")
        after = fingerprint(ours.tenant, theirs.tenant)
        found += [f"{route.name} changed {table}" for table in before if before[table] != after[table]]
        found += [] if missing else [f"{route.name}: no role got as far as looking for the object"]
        held += 1
    assert found == []
    assert held == len([r for r in PAGES if r.parameters])


def test_the_same_addresses_answer_their_own_tenant(theirs) -> None:
    client = caller(theirs.tenant, *Role.values, payee=theirs.rep)
    found = []
    for route in PAGES:
        with tenant_scope(theirs.tenant.pk):
            values = objects(route, theirs)
        path = route.path(theirs.tenant.slug, values)
        with transaction.atomic():
            answer = client.get(path)
            if answer.status_code == 405:
                answer = client.post(path)
            transaction.set_rollback(True)
        if answer.status_code not in {200, 302, 400, 422}:
            found.append(f"{route.name} answered {answer.status_code}")
    assert found == []


def test_without_the_membership_check_the_probe_finds_the_pages(ours, theirs, monkeypatch) -> None:
    """Negative control: a middleware that lets every signed-in person in must be noticed on every page."""

    def anybody(*, user, tenant):
        membership = Membership(user=user, tenant_id=tenant.pk)
        membership.role_names = frozenset(Role.values)
        return membership

    clients = {"a stranger": caller(ours.tenant, Role.REP)}
    monkeypatch.setattr("spm.tenancy.middleware.membership_for", anybody)
    for route in PAGES:
        with tenant_scope(theirs.tenant.pk):
            values = objects(route, theirs)
        with transaction.atomic():
            assert probe(route, theirs, values, clients) != [], route.name
            transaction.set_rollback(True)


def test_a_change_is_noticed_by_the_fingerprint(ours) -> None:
    """Negative control of "nothing changed": an update that leaves the row count alone is seen too."""
    before = fingerprint(ours.tenant)
    with tenant_scope(ours.tenant.pk):
        ours.rep.pay_group = "weekly"
        ours.rep.save()
    after = fingerprint(ours.tenant)
    assert [table for table in before if before[table] != after[table]] == [f"{ours.tenant.slug}:people_payee"]
