"""People and members through the API: one act each, refused with the place and the cure, kept in the record and the audit."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.access.models import Role
from spm.audit.models import AuditEntry
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.factories import make_entity


@pytest.fixture
def hr(tenant):
    with tenant_scope(tenant.pk):
        make_entity()
    return make_caller(tenant, Role.HR)


def _hire(hr, number: str = "7", **more):
    return hr.post("payees/new/", {"external_id": number, "legal_entity": "main", "display_name": "Ann Lee", "hired": "2024-01-01", **more})


def test_a_person_joins_sits_gets_terms_and_leaves(tenant, hr) -> None:
    payee = _hire(hr, email="ann@example.com").json()
    assert (payee["name"], payee["pay_currency"]) == ("Ann Lee", "USD")
    for code in ("AE", "BOSS"):
        assert hr.post("positions/new/", {"code": code}).status_code == 201
    assert hr.post("reporting-lines/set/", {"position": "AE", "manager": "BOSS", "start": "2024-01-01"}).status_code == 200
    seat = hr.post("assignments/start/", {"payee": payee["uid"], "position": "AE", "start": "2024-01-01"}).json()
    terms = {"seat": seat["uid"], "start": "2024-01-01", "currency": "USD", "target_incentive": "40000.50", "ote": "100000"}
    assert hr.post("pay-terms/set/", {**terms, "attributes": {"commission_pct": "0.012"}}).status_code == 200
    shown = hr.get("pay-terms/", on="2024-06-01").json()["results"][0]
    assert (shown["target_incentive"], shown["ote"], shown["attributes"]) == ("40000.50", "100000.00", {"commission_pct": "0.012"})
    before = hr.get("assignments/", on="2024-12-01").json()["results"]
    assert hr.post(f"payees/{payee['uid']}/leave/", {"day": "2024-07-01", "reason": "notice"}).status_code == 200
    assert len(before) == 1
    assert hr.get("assignments/", on="2024-12-01").json()["results"] == []
    assert len(hr.get("assignments/", on="2024-06-30").json()["results"]) == 1
    with tenant_scope(tenant.pk):
        assert {e.actor_id for e in AuditEntry.objects.exclude(action="token.create")} == {hr.user.pk}


def test_a_refusal_names_the_field_and_the_cure_and_leaves_nothing(tenant, hr) -> None:
    _hire(hr)
    answer = _hire(hr)
    assert (answer.status_code, answer.json()["code"]) == (409, "refused")
    assert answer.json()["errors"][0]["field"] == "external_id"
    assert answer.json()["errors"][0]["mend"]
    unknown = _hire(hr, "8", legal_entity="none")
    assert (unknown.json()["code"], unknown.json()["errors"][0]["field"]) == ("unknown_reference", "legal_entity")
    assert len(hr.get("payees/").json()["results"]) == 1


def test_a_ring_of_managers_is_refused(tenant, hr) -> None:
    for code in ("A", "B"):
        hr.post("positions/new/", {"code": code})
    assert hr.post("reporting-lines/set/", {"position": "A", "manager": "B", "start": "2024-01-01"}).status_code == 200
    assert hr.post("reporting-lines/set/", {"position": "B", "manager": "A", "start": "2024-01-01"}).status_code == 409


def test_an_erased_person_has_no_name_and_keeps_the_id(tenant, hr) -> None:
    payee = _hire(hr).json()
    admin = make_caller(tenant, Role.COMP_ADMIN)
    assert admin.post(f"payees/{payee['uid']}/erase/", {"reason": "request 12"}).status_code == 403
    gone = hr.post(f"payees/{payee['uid']}/erase/", {"reason": "request 12"}).json()
    assert "Ann" not in str(gone)
    assert (gone["uid"], gone["erased_at"] is None) == (payee["uid"], False)


def test_a_rep_changes_nobody(tenant, hr) -> None:
    payee = _hire(hr).json()
    rep = make_caller(tenant, Role.REP)
    for path in ("payees/new/", f"payees/{payee['uid']}/leave/", "pay-terms/set/", f"payees/{payee['uid']}/erase/"):
        assert rep.post(path, {}).status_code == 403, path


def test_roles_are_changed_by_another_person_and_duties_stay_apart(tenant) -> None:
    admin, member = make_caller(tenant, Role.TENANT_ADMIN), make_caller(tenant, Role.REP)
    own = admin.post(f"members/{admin.membership.uid}/roles/", {"roles": ["tenant_admin", "finance"], "reason": "x"})
    assert (own.status_code, own.json()["code"]) == (409, "refused")
    both = admin.post(f"members/{member.membership.uid}/roles/", {"roles": ["comp_admin", "finance"], "reason": "x"})
    assert both.status_code == 409
    assert admin.post(f"members/{member.membership.uid}/roles/", {"roles": ["manager"]}).json()["roles"] == ["manager"]
    assert member.get("me/").json()["roles"] == ["manager"]


def test_ending_a_membership_ends_its_tokens_at_once(tenant) -> None:
    admin, member = make_caller(tenant, Role.TENANT_ADMIN), make_caller(tenant, Role.REP)
    assert member.get("me/").status_code == 200
    assert admin.post(f"members/{member.membership.uid}/end/", {"reason": "left"}).json()["is_open"] is False
    assert member.get("me/").status_code == 401


def test_an_invitation_is_made_listed_and_withdrawn(tenant) -> None:
    admin = make_caller(tenant, Role.TENANT_ADMIN)
    made = admin.post("invitations/", {"email": "new@example.com", "roles": ["rep"]}).json()
    assert [row["uid"] for row in admin.get("invitations/").json()["results"]] == [made["uid"]]
    assert dt.datetime.fromisoformat(made["expires_at"]) > dt.datetime.now(dt.UTC)
    assert admin.post(f"invitations/{made['uid']}/revoke/").status_code == 200
    assert admin.get("invitations/").json()["results"] == []
    assert admin.post(f"invitations/{made['uid']}/resend/").status_code == 409


def test_a_feed_is_shown_first_and_applied_whole_or_not_at_all(hr) -> None:
    content = "event,external_id,date,name,legal_entity\njoin,1,2024-01-01,Ann,main\nleave,99,2024-02-01,,\n"
    shown = hr.post("hr-feed/preview/", {"content": content}).json()
    assert (shown["rows"], shown["changed"], shown["refused"], shown["applied"]) == (2, 1, 1, False)
    assert (shown["errors_found"][0]["line"], bool(shown["errors_found"][0]["mend"])) == (3, True)
    assert hr.post("hr-feed/apply/", {"content": content}).json()["applied"] is False
    assert hr.get("payees/").json()["results"] == []
    assert hr.post("hr-feed/apply/", {"content": content, "partial": True}).json()["applied"] is True
    assert [row["external_id"] for row in hr.get("payees/").json()["results"]] == ["1"]
