"""Positions, reporting lines and teams through the API: what the pages do, by the same people, once per idempotency key."""

from __future__ import annotations

from spm.access.models import Role
from spm.people.models import Position, Team, TeamMembership
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.factories import make_payee


def test_a_position_is_made_under_its_manager_and_retitled(tenant) -> None:
    hr = make_caller(tenant, Role.HR)
    assert hr.post("positions/new/", {"code": "HEAD", "title": "Head"}).status_code == 201
    made = hr.post("positions/new/", {"code": "AE-1", "title": "Seller", "manager": "HEAD", "start": "2024-05-01"})
    assert made.status_code == 201
    line = hr.get("reporting-lines/", on="2024-05-01").json()["results"]
    assert [(row["position"], row["manager"], row["valid_from"]) for row in line] == [("AE-1", "HEAD", "2024-05-01")]
    assert hr.post(f"positions/{made.json()['uid']}/", {"title": "Key account"}).json()["title"] == "Key account"
    refused = hr.post("positions/new/", {"code": "AE-2", "title": "Seller", "manager": "HEAD"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "start")
    with tenant_scope(tenant.pk):
        assert not Position.objects.filter(code="AE-2").exists(), "refused as a whole"


def test_a_seat_is_ended_and_a_second_time_changes_nothing(tenant) -> None:
    hr = make_caller(tenant, Role.HR)
    with tenant_scope(tenant.pk):
        uid = str(make_payee().uid)
    hr.post("positions/new/", {"code": "AE-1", "title": "Seller"})
    assert hr.post("assignments/end/", {"payee": uid, "position": "AE-1", "day": "2024-06-01"}).status_code == 409, "never held"
    assert hr.post("assignments/start/", {"payee": uid, "position": "AE-1", "start": "2024-05-01"}).status_code == 201
    for _time in range(2):
        assert hr.post("assignments/end/", {"payee": uid, "position": "AE-1", "day": "2024-06-01"}).json()["position"] == "AE-1"
    rows = hr.get("assignments/").json()["results"]
    assert [(row["valid_from"], row["valid_to"]) for row in rows] == [("2024-05-01", "2024-06-01")]


def test_a_team_is_made_once_per_key_renamed_and_filled_by_date(tenant) -> None:
    hr, auditor = make_caller(tenant, Role.HR), make_caller(tenant, Role.AUDITOR)
    hr.post("positions/new/", {"code": "AE-1", "title": "Seller"})
    key = {"Idempotency-Key": "team-1"}
    first = hr.post("teams/", {"code": "east", "name": "East"}, **key)
    again = hr.post("teams/", {"code": "east", "name": "East"}, **key)
    assert (first.status_code, again.status_code, first.json(), again.headers["Idempotency-Replayed"]) == (201, 201, again.json(), "true")
    assert hr.post("teams/", {"code": "east", "name": "East"}).status_code == 409
    uid = first.json()["uid"]
    assert hr.post(f"teams/{uid}/", {"name": "Far east"}).json()["name"] == "Far east"
    asked = {"team": "east", "position": "AE-1", "start": "2024-05-01"}
    assert hr.post("team-members/set/", asked).status_code == 200
    assert hr.post("team-members/set/", {**asked, "start": "2024-08-01", "member": False}).status_code == 200
    rows = hr.get("team-members/", team="east", on="2024-07-31").json()["results"]
    assert [(row["position"], row["valid_to"]) for row in rows] == [("AE-1", "2024-08-01")]
    assert hr.get("team-members/", on="2024-08-01").json()["results"] == []
    assert hr.post("team-members/set/", {**asked, "team": "west"}).json()["code"] == "unknown_reference"
    assert auditor.get("teams/").json()["results"][0]["name"] == "Far east"
    assert auditor.post(f"teams/{uid}/", {"name": "Mine"}).status_code == 403
    with tenant_scope(tenant.pk):
        assert Team.objects.get().name == "Far east"
        assert TeamMembership.objects.filter(known_to__isnull=True).count() == 1
