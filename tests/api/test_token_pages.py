"""API tokens in the browser: offered as far as one's roles reach, shown once, told when last used, revoked at once."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from spm.access.models import Role
from spm.api.models import ApiToken
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller

NEW = {"name": "Warehouse", "days": "30", "scopes": ["people:read"]}


def browser(caller) -> Client:
    client = Client()
    client.force_login(caller.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def made(client: Client, **values) -> str:
    page = client.post("/t/acme/tokens/new/", {**NEW, **values})
    assert page.status_code == 200, page.content.decode()
    assert "no-store" in page["Cache-Control"]
    return re.search(r'id="token-text" readonly value="(spm_acme\.[^"]+)"', page.content.decode()).group(1)


def test_a_new_token_is_shown_once_works_and_tells_when_it_was_used(tenant) -> None:
    client = browser(make_caller(tenant, Role.HR))
    text = made(client)
    listed = client.get("/t/acme/tokens/").content.decode()
    assert text.rsplit(".", 1)[1] not in listed
    assert "Warehouse" in listed
    assert "Never" in listed
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert program.get("/api/v1/t/acme/payees/").status_code == 200
    assert program.get("/api/v1/t/acme/imports/").status_code == 403, "the token has one scope, whatever the member may do"
    with tenant_scope(tenant.pk):
        token = ApiToken.objects.get(name="Warehouse")
        assert token.last_used_at is not None
    assert client.post(f"/t/acme/tokens/{token.uid}/revoke/").status_code == 302
    assert program.get("/api/v1/t/acme/payees/").status_code == 401
    assert "Revoked" in client.get("/t/acme/tokens/").content.decode()


@pytest.mark.parametrize(("role", "offered"), [(Role.REP, False), (Role.COMP_ADMIN, True)])
def test_no_more_is_offered_or_taken_than_the_roles_allow(tenant, role, offered) -> None:
    client = browser(make_caller(tenant, role))
    assert ('value="runs:write"' in client.get("/t/acme/tokens/new/").content.decode()) is offered
    assert (client.post("/t/acme/tokens/new/", {**NEW, "scopes": ["runs:write"]}).status_code == 200) is offered


def test_what_is_missing_is_said_and_nothing_is_made(tenant) -> None:
    client = browser(make_caller(tenant, Role.REP))
    for bad in ({"scopes": []}, {"days": "4000"}, {"name": ""}, {"scopes": ["all:things"]}):
        assert client.post("/t/acme/tokens/new/", {**NEW, **bad}).status_code == 400
    with tenant_scope(tenant.pk):
        assert not ApiToken.objects.filter(name="Warehouse").exists()


def test_everybody_revokes_his_own_and_a_tenant_admin_anybodys(tenant) -> None:
    rep, other, admin, auditor = (make_caller(tenant, role) for role in (Role.REP, Role.REP, Role.TENANT_ADMIN, Role.AUDITOR))
    address = f"/t/acme/tokens/{rep.token.uid}/revoke/"
    assert other.user.email not in browser(rep).get("/t/acme/tokens/", {"all": "1"}).content.decode()
    assert rep.user.email in browser(auditor).get("/t/acme/tokens/", {"all": "1"}).content.decode()
    assert browser(other).post(address).status_code == 404
    assert browser(auditor).post(address).status_code == 404, "an auditor reads"
    assert rep.get("me/").status_code == 200
    assert browser(admin).post(address).status_code == 302
    assert rep.get("me/").status_code == 401
