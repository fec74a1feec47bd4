"""Tokens: what they open, what ends them, and that only a hash is kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from spm.access.models import Membership, Role
from spm.api.models import ApiToken
from spm.api.scopes import Scope
from spm.api.services import TokenRefused, token_create, token_revoke
from spm.audit.models import AuditEntry
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.factories import make_member, make_user


def test_a_token_opens_its_tenant_and_tells_who_calls(tenant) -> None:
    caller = make_caller(tenant, Role.REP, scopes=[Scope.CALENDARS_READ])
    answer = caller.get("me/")
    assert answer.status_code == 200
    assert answer.json()["roles"] == ["rep"]
    assert answer.json()["scopes"] == ["calendars:read"]
    assert answer["Cache-Control"] == "no-store"


def test_me_of_a_token_names_its_tenant_alone(tenant, other_tenant) -> None:
    user = make_user()
    caller = make_caller(tenant, Role.REP, user=user)
    with tenant_scope(other_tenant.pk):
        make_member(user, Role.REP)
    assert [t["slug"] for t in caller.get("/api/v1/me/").json()["tenants"]] == [tenant.slug]
    browser = Client()
    browser.force_login(user)
    assert {t["slug"] for t in browser.get("/api/v1/me/").json()["tenants"]} == {tenant.slug, other_tenant.slug}


def _end_revoke(caller) -> None:
    token_revoke(token=caller.token, actor_id=None)


def _end_expire(caller) -> None:
    ApiToken.objects.filter(pk=caller.token.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))


def _end_leave(caller) -> None:
    Membership.objects.filter(pk=caller.membership.pk).update(ended_at=timezone.now())


def _end_user(caller) -> None:
    caller.user.is_active = False
    caller.user.save()


def _end_secret(caller) -> None:
    caller.text = caller.text[:-1] + ("a" if caller.text[-1] != "a" else "b")


@pytest.mark.parametrize("end", [_end_revoke, _end_expire, _end_leave, _end_user, _end_secret])
def test_a_token_that_ended_is_refused_and_worked_before(tenant, end) -> None:
    caller = make_caller(tenant, Role.REP)
    assert caller.get("me/").status_code == 200
    with tenant_scope(tenant.pk):
        end(caller)
    answer = caller.get("me/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "text", ["", "x", "spm_", "spm_acme", "spm_acme.a", "spm_acme..", "spm_acme.\x00.b", "spm_nowhere.abcdefgh.secret", "spm_acme.abcdefgh.secret"]
)
def test_nonsense_tokens_get_one_and_the_same_answer(tenant, text) -> None:
    known = make_caller(tenant, Role.REP)
    known.text = known.text[:-4] + "zzzz"
    expected = known.get("me/").content
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/t/acme/me/")
    assert (answer.status_code, answer.content) == (401, expected)


def test_only_a_hash_of_the_secret_is_stored_and_use_is_noted(tenant) -> None:
    caller = make_caller(tenant, Role.REP)
    caller.get("me/")
    with tenant_scope(tenant.pk):
        row = ApiToken.objects.values().get(pk=caller.token.pk)
    secret = caller.text.rsplit(".", 1)[1]
    assert not any(secret in str(value) for value in row.values())
    assert row["last_used_at"] is not None


def test_a_scope_that_the_token_lacks_is_refused_by_name(tenant) -> None:
    caller = make_caller(tenant, Role.COMP_ADMIN, scopes=[Scope.FX_READ])
    refused = caller.get("calendars/")
    assert refused.status_code == 403
    assert "calendars:read" in refused.json()["detail"]
    assert make_caller(tenant, Role.COMP_ADMIN, scopes=[Scope.CALENDARS_READ]).get("calendars/").status_code == 200


def test_a_role_that_may_not_is_refused_whatever_the_scopes(tenant) -> None:
    assert make_caller(tenant, Role.REP).get("audit/").status_code == 403
    assert make_caller(tenant, Role.AUDITOR).get("audit/").status_code == 200


def test_everybody_sees_and_revokes_his_own_tokens_an_administrator_all(tenant) -> None:
    rep, colleague, admin = (make_caller(tenant, role) for role in (Role.REP, Role.REP, Role.TENANT_ADMIN))
    assert [t["uid"] for t in rep.get("tokens/").json()["results"]] == [str(rep.token.uid)]
    assert len(admin.get("tokens/").json()["results"]) == 3
    assert rep.request("DELETE", f"tokens/{colleague.token.uid}/").status_code == 404
    browser = Client()
    browser.force_login(admin.user)
    assert browser.delete(f"/api/v1/t/{tenant.slug}/tokens/{colleague.token.uid}/").status_code == 200
    assert colleague.get("me/").status_code == 401


def test_a_token_is_made_in_a_session_only_shown_once_and_revoked(tenant) -> None:
    user = make_user()
    caller = make_caller(tenant, Role.TENANT_ADMIN, user=user)
    body = {"name": "loader", "scopes": ["sales:write"], "expires_at": (timezone.now() + dt.timedelta(days=9)).isoformat()}
    assert caller.post("tokens/", body).status_code == 403
    browser = Client()
    browser.force_login(user)
    url = f"/api/v1/t/{tenant.slug}/tokens/"
    made = browser.post(url, body, content_type="application/json")
    assert made.status_code == 201
    text = made.json()["text"]
    listed = browser.get(url).json()
    assert text not in str(listed)
    new = Client(headers={"Authorization": f"Bearer {text}"})
    assert new.get(f"/api/v1/t/{tenant.slug}/me/").json()["scopes"] == ["sales:write"]
    assert browser.delete(f"{url}{made.json()['token']['uid']}/").status_code == 200
    assert new.get(f"/api/v1/t/{tenant.slug}/me/").status_code == 401
    with tenant_scope(tenant.pk):
        told = AuditEntry.objects.filter(object_uid=made.json()["token"]["uid"]).order_by("sequence")
        assert [(entry.action, entry.actor_id) for entry in told] == [("token.create", user.pk), ("token.revoke", user.pk)]
        assert not any(text.rsplit(".", 1)[1] in str(entry.after) for entry in told)


def test_a_session_write_without_the_csrf_token_is_refused(tenant) -> None:
    user = make_user()
    make_caller(tenant, Role.TENANT_ADMIN, user=user)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    answer = browser.post(f"/api/v1/t/{tenant.slug}/tokens/", {}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("scopes", "days", "field"), [(["pay:print"], 1, "scopes"), ([], 1, "scopes"), (["pay:read"], -1, "expires_at"), (["pay:read"], 900, "expires_at")]
)
def test_a_token_that_would_be_wrong_is_not_made(scope, scopes, days, field) -> None:
    member = make_member(make_user(), Role.REP)
    with pytest.raises(TokenRefused) as refused:
        token_create(tenant=scope, membership=member, name="x", scopes=scopes, expires_at=timezone.now() + dt.timedelta(days=days), actor_id=None)
    assert refused.value.field == field
    assert not ApiToken.objects.exists()
